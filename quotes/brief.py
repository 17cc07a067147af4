"""The bridge from a project's rows to the engine's brief."""

import datetime as dt

from django.utils import timezone

from partners.scoring.networks import HandOver
from partners.scoring.runway import TransferTerms
from partners.scoring.types import Brief, Level, Need, Rule
from partners.scoring_inputs import service_paths
from quotes import models
from quotes.need_sentences import amount
from quotes.needs import NO_NEEDS, need_label


class NothingToRank(ValueError):
    """The project cannot be ranked yet; the message says what is missing."""


def brief_for(project: models.Project, *, as_of: dt.date | None = None) -> Brief:
    """Needs, scales, prices and dates of a project as the engine reads them.

    `as_of` defaults to today. Raises NothingToRank for a project without needs.
    """
    rows = list(
        project.needs.select_related(
            "service",
            "modality",
            "dosage_form",
            "production_system",
            "unit",
            "certificate_type",
            "regulator",
            "metric",
            "contract_structure",
        )
    )
    if not rows:
        raise NothingToRank(NO_NEEDS)
    paths = service_paths()
    services = [row.service_id for row in rows if row.rule == Rule.CAPABILITY]
    return Brief(
        as_of=as_of or timezone.localdate(),
        stage=project.stage,
        needs=tuple(_need(row, project, paths, _title(row, services)) for row in rows),
        modality=_code(project.modality),
        need_date=project.need_date,
        markets=tuple(project.markets),
        federal_funding=project.federal_funding,
        sponsor_size=project.sponsor.size,
        scale_now=_number(project.scale_now),
        scale_next=_number(project.scale_next),
        scale_unit=_code(project.scale_unit),
        price_basis=project.price_basis or None,
        price_target=_number(project.price_target),
        price_limit=_number(project.price_limit),
        currency=project.currency or None,
        profile=project.profile,
        discount=project.discount_facts,
    )


def hand_over_of(project: models.Project) -> HandOver:
    """What the project takes one hand-over between partners to cost."""
    return HandOver(
        months=float(project.handover_months),
        cost=_number(project.handover_cost),
        currency=project.currency or None,
    )


def transfer_terms_of(project: models.Project) -> TransferTerms:
    """What the project takes a later technology transfer to cost; empty columns are the engine's defaults."""
    return TransferTerms(
        months_low=_number(project.transfer_months_low),
        months_high=_number(project.transfer_months_high),
        cost=_number(project.transfer_cost),
        currency=project.currency or None,
    )


def _title(row: models.Need, services: list[int | None]) -> str:
    """The service's name, with its scale where several needs ask for the service; empty: the sentence must do."""
    if row.rule != Rule.CAPABILITY or row.service is None:
        return ""
    if services.count(row.service_id) == 1:
        return row.service.label
    return f"{row.service.label}, {amount(row)}" if row.quantity is not None else ""


def _need(row: models.Need, project: models.Project, paths: dict[int, tuple[str, ...]], title: str) -> Need:
    return Need(
        id=str(row.pk),
        rule=Rule(row.rule),
        level=Level(row.level),
        label=need_label(row),
        title=title,
        same_site=row.same_site,
        service=_code(row.service),
        service_path=paths[row.service_id] if row.service_id else (),
        modality=_code(row.modality),
        dosage_form=_code(row.dosage_form),
        production_system=_code(row.production_system),
        stage=project.stage if row.rule == Rule.CAPABILITY else None,
        gmp=row.gmp,
        quantity=_number(row.quantity),
        unit=_code(row.unit),
        at_most=row.at_most,
        certificate_type=_code(row.certificate_type),
        agency=_code(row.regulator),
        track_record_kind=row.track_record_kind or None,
        metric=_code(row.metric),
        contract_structure=_code(row.contract_structure),
        countries=frozenset(row.countries),
        currency=project.currency or None,
        hazard=row.hazard or None,
        schedule=row.schedule or None,
        market=row.market or None,
        by=row.by,
    )


def _number(value) -> float | None:
    return None if value is None else float(value)


def _code(term) -> str | None:
    return term.code if term else None
