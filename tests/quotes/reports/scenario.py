"""A gene-therapy project with a catalogue around it: invented partners, enough of them for every part of a report."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.http import QueryDict

from cmo_selector.accounts.models import Membership, Sponsor, User
from partners.enums import TrackRecordKind
from partners.models import Organisation
from partners.scoring.types import CRITERIA
from partners.scoring.weights import default_weights
from quotes.enums import ToolKind
from quotes.forms.tool_forms import MakeOrBuyForm
from quotes.models import Need, Project, ProjectWeights, Quote, ShortlistEntry
from quotes.ranking import rank_project
from quotes.reports.snapshot import build_snapshot
from quotes.services import evaluation
from quotes.services.awards import award_quote
from quotes.services.responses import save_draft, submit_quote
from quotes.services.rfq_send import Contact, send_rfq
from quotes.services.tools import keep_calculation
from quotes.tool_results import TOOLS, outcome_of
from quotes.views.tools import EXAMPLES
from tests.factories import partners as make
from tests.factories.accounts import MembershipFactory
from tests.factories.rfq import make_rfq, priced

TODAY = dt.date(2025, 11, 24)
SLOT = dt.date(2026, 4, 1)


@dataclass(frozen=True)
class Site:
    city: str
    country: str
    latitude: float | None
    longitude: float | None


BASEL = Site("Basel", "CH", 47.5596, 7.5886)
LUND = Site("Lund", "SE", 55.7047, 13.191)
BOSTON = Site("Boston", "US", 42.3601, -71.0589)
CAMBRIDGE = Site("Cambridge", "US", 42.3736, -71.1097)
RALEIGH = Site("Raleigh", "US", 35.7796, -78.6382)
LEIDEN = Site("Leiden", "NL", 52.1601, 4.497)
OXFORD = Site("Oxford", "GB", 51.752, -1.2577)
OSAKA = Site("Osaka", "JP", 34.6937, 135.5023)
NANTES = Site("Nantes", "FR", 47.2184, -1.5536)
NOWHERE = Site("", "DE", None, None)


def partner(
    name: str,
    site: Site,
    *,
    scale: int | None = 500,
    programmes: int | None = 6,
    inds: int | None = 3,
    minimum: int | None = 2_000_000,
    slot: dt.date | None = SLOT,
    inspected: str | None = "nai",
    certified: bool = True,
    biosafety: int | None = 2,
    metrics: dict[str, Any] | None = None,
    price: tuple[int, int] | None = (900_000, 1_300_000),
    illustrative: bool = True,
) -> Organisation:
    """An AAV manufacturer; None means that nobody knows."""
    slug = "-".join(name.lower().split())[:90]
    slug = "".join(c for c in slug if (c.isalnum() and c.isascii()) or c == "-").strip("-") or "partner"
    slug = f"{slug}-{Organisation.objects.count()}"
    organisation = make.OrganisationFactory(name=name, slug=slug, illustrative=illustrative)
    facility = make.FacilityFactory(
        organisation=organisation,
        name=f"{site.city or 'Main'} site",
        slug=f"{slug}-main"[:110],
        city=site.city,
        country=site.country,
        latitude=None if site.latitude is None else Decimal(str(site.latitude)),
        longitude=None if site.longitude is None else Decimal(str(site.longitude)),
        located_by="" if site.latitude is None else "city",
    )
    aav = make.ModalityFactory(code="aav")
    litre = make.ScaleUnitFactory(code="l", symbol="L")
    service = vector_service()
    if scale is not None:
        make.CapabilityFactory(
            facility=facility,
            service=service,
            modality=aav,
            stage_from=2,
            stage_to=5,
            scale_min=50,
            scale_max=scale,
            scale_unit=litre,
            gmp=True,
            biosafety_level=biosafety,
            programmes=programmes,
        )
    if slot:
        make.CapacitySlotFactory(facility=facility, service=service, modality=aav, starts_on=slot)
    if inspected:
        make.InspectionFactory(facility=facility, outcome=inspected)
    if certified:
        make.CertificateFactory(
            facility=facility,
            type=make.CertificateTypeFactory(code="eu-gmp"),
            expires_on=dt.date(2027, 6, 30),
        )
    if inds is not None:
        make.TrackRecordFactory(
            organisation=organisation,
            facility=facility,
            kind=TrackRecordKind.IND_SUPPORTED,
            count=inds,
            modality=aav,
        )
    if minimum is not None:
        make.CommercialTermsFactory(
            organisation=organisation,
            minimum_project=Decimal(minimum),
            payment_days=30,
            cancellation_share=Decimal("0.5"),
            source=make.SourceFactory(code="terms-sheet", title="Terms sheet of the partner"),
            evidence_level="self_declared",
        )
    if price:
        make.IndicativePriceFactory(
            organisation=organisation,
            low=Decimal(price[0]),
            high=Decimal(price[1]),
            modality=aav,
            service=service,
        )
    for code, number in (metrics or {}).items():
        make.MetricValueFactory(
            organisation=organisation,
            metric=make.MetricFactory(code=code),
            number=Decimal(str(number)),
            source=make.SourceFactory(code="questionnaire-2025", title="Answers to the 2025 questionnaire"),
            evidence_level="self_declared",
        )
    return organisation


def vector_service():
    branch = make.ServiceFactory(code="drug-substance", label="Drug substance")
    return make.ServiceFactory(code="ds-viral-vector", label="Viral vector", parent=branch)


STRONG = {
    "otif_pct": 94,
    "batch_success_pct": 96,
    "sponsor_rating": 4.4,
    "lead_time_weeks": 14,
    "utilisation_pct": 71,
    "change_order_share_pct": 12,
    "reference_clients": 4,
    "time_zone_overlap_hours": 4,
    "references_again_pct": 90,
    "insurance_cover_musd": 10,
    "response_days": 2,
}
FAIR = {
    "otif_pct": 86,
    "batch_success_pct": 91,
    "lead_time_weeks": 22,
    "sponsor_rating": 3.9,
    "reference_clients": 2,
    "references_again_pct": 80,
    "response_days": 4,
}
PLAIN = {
    "otif_pct": 80,
    "batch_success_pct": 88,
    "lead_time_weeks": 30,
    "change_order_share_pct": 25,
    "references_again_pct": 70,
    "employee_turnover_pct": 12,
    "response_days": 6,
}


def catalogue() -> dict[str, Organisation]:
    """Eight partners that can be ranked, two about which little is known, four that fail a must-have."""
    return {
        "halden": partner("Halden Vector Works", LUND, metrics=STRONG, programmes=9, price=(850_000, 1_050_000)),
        "northmoor": partner("Northmoor Gene Manufacturing", OXFORD, metrics=STRONG, scale=200, inspected="vai"),
        "calder": partner("Calder Bay Biologics", BOSTON, metrics=FAIR, programmes=12),
        "veritas": partner("Quayside Viral Sciences", CAMBRIDGE, metrics=FAIR, scale=1000, price=None),
        "ridge": partner("Ridgeline CDMO", RALEIGH, metrics=PLAIN, inds=1),
        "tilburg": partner("Rijnhaven Vectors", LEIDEN, metrics=PLAIN, inspected=None, programmes=4),
        "loire": partner("Atelier Loire Biotherapies", NANTES, metrics=FAIR, biosafety=None, programmes=3),
        "kansai": partner("Kansai Capsid", OSAKA, metrics=PLAIN, slot=dt.date(2026, 6, 15), inspected="vai"),
        "thin-1": partner("Brennholt Services", NOWHERE, scale=None, inds=None, minimum=None, slot=None, price=None,
                          inspected=None, certified=False),
        "thin-2": partner("Ostmark Laboratories", BASEL, inds=None, minimum=None, slot=None, price=None,
                          programmes=None, inspected=None, certified=False),
        "global": partner("Meridian Global Pharma Services", RALEIGH, metrics=STRONG, minimum=15_000_000),
        "late": partner("Kestrel Therapeutics Manufacturing", LEIDEN, metrics=FAIR, slot=dt.date(2027, 9, 1)),
        "small": partner("Glenmuir Viral Core", OXFORD, metrics=FAIR, scale=50),
        "no-ind": partner("Sablon Vector Lab", NANTES, metrics=PLAIN, inds=0, minimum=8_000_000),
    }  # fmt: skip


def project_for(sponsor: Sponsor, user: User, **changes: Any) -> Project:
    """IND-enabling AAV programme with default weights and no needs yet."""
    values = {
        "name": "AAV-101 first GMP campaign",
        "product": "AAV-101",
        "indication": "Retinitis pigmentosa",
        "description": "First-in-human supply of an AAV8 vector from HEK293 suspension culture.",
        "modality": make.ModalityFactory(code="aav", label="Viral vector: AAV"),
        "dosage_form": make.DosageFormFactory(code="injection-solution", label="Injection, solution"),
        "stage": 2,
        "markets": ["US", "EU"],
        "scale_now": Decimal(200),
        "scale_next": Decimal(1000),
        "scale_unit": make.ScaleUnitFactory(code="l", symbol="L"),
        "volumes": "One toxicology batch and two GMP batches of 500 vials",
        "need_date": dt.date(2026, 7, 31),
        "price_basis": "gmp_batch",
        "price_target": Decimal(800_000),
        "price_limit": Decimal(1_800_000),
        "currency": "USD",
        "created_by": user,
        **changes,
    }
    project = Project.objects.create(sponsor=sponsor, **values)
    weights = default_weights(project.stage, project.profile)
    ProjectWeights.objects.create(
        project=project, **{code.lower(): Decimal(str(w)) for code, w in weights.items()}
    )
    return project


def add_needs(project: Project) -> list[Need]:
    litre = make.ScaleUnitFactory(code="l", symbol="L")
    aav = make.ModalityFactory(code="aav")
    rows = [
        {
            "rule": "capability",
            "service": vector_service(),
            "modality": aav,
            "gmp": True,
            "quantity": 200,
            "unit": litre,
        },
        {"rule": "biosafety", "quantity": 2},
        {"rule": "capacity", "modality": aav, "by": dt.date(2026, 7, 31)},
        {"rule": "track_record", "track_record_kind": "ind_supported", "quantity": 1, "same_site": False},
        {"rule": "minimum_project", "quantity": 6_000_000, "same_site": False},
        {
            "rule": "certificate",
            "certificate_type": make.CertificateTypeFactory(code="eu-gmp"),
            "level": "should",
        },
        {"rule": "country", "countries": ["SE", "GB", "NL", "US"], "level": "could"},
    ]
    return [Need.objects.create(project=project, order=order, **row) for order, row in enumerate(rows)]


def shortlist(project: Project, user: User, organisations: list[Organisation]) -> list[ShortlistEntry]:
    comments = ["Best technical fit so far; ask for the slot in writing.", "", "Back-up if the slot slips."]
    return [
        ShortlistEntry.objects.create(
            project=project,
            organisation=organisation,
            position=n,
            comment=comments[(n - 1) % 3],
            added_by=user,
        )
        for n, organisation in enumerate(organisations, 1)
    ]


@dataclass(frozen=True)
class Scene:
    project: Project
    user: User
    sponsor: Sponsor
    partners: dict[str, Organisation]


def scene(*, role: str = "manager", with_shortlist: bool = True) -> Scene:
    """The whole scenario: a member with `role`, a project with needs, fourteen partners, three on the shortlist."""
    member = MembershipFactory(
        role=role, sponsor__name="Lantern Gene Therapeutics", user__name="Sourcing manager"
    )
    partners = catalogue()
    project = project_for(member.sponsor, member.user)
    add_needs(project)
    if with_shortlist:
        shortlist(project, member.user, [partners[key] for key in ("halden", "calder", "northmoor")])
    return Scene(project, member.user, member.sponsor, partners)


QUOTED = {
    "halden": {"q-slot_from": "2026-05-04", "q-valid_until": "2027-01-31"},
    "calder": {
        "q-headline": "6 500 000",
        "l-commercial_supply-price": "12000",
        "l-commercial_supply-assumption": "Two campaigns a year, material on site six weeks before.",
        "q-exclusions": "Stability studies and shipping.",
        "l-annual_review-state": "not_quoted",
    },
    "northmoor": {"q-currency": "EUR", "q-escalation": "3", "l-annual_review-state": "excluded"},
}


def keep_make_or_buy(project: Project, user: User) -> None:
    """Two calculations; in the newer one an own plant runs at half the variable cost."""
    older = EXAMPLES[ToolKind.MAKE]
    newer = older.replace("variable_per_batch=700000", "variable_per_batch=350000")
    for name, query in (("First look", older), ("Board of May", newer)):
        outcome = outcome_of(TOOLS[ToolKind.MAKE], MakeOrBuyForm(QueryDict(query)))
        keep_calculation(
            actor=user, project=project, tool=ToolKind.MAKE, name=name, query=query, headline=outcome.headline
        )


def score_together(project: Project, people: list[User]) -> None:
    """Each person scores the shortlist, then the group agrees on one criterion of the first partner."""
    evaluation.start_evaluation(actor=people[0], project=project)
    partners = [entry.organisation for entry in project.shortlist.select_related("organisation")]
    for n, person in enumerate(people):
        for place, partner in enumerate(partners):
            points = dict.fromkeys(CRITERIA, (80 - 30 * n - 5 * place, ""))
            evaluation.save_scores(actor=person, project=project, organisation=partner, scores=points)
    evaluation.close_scoring(actor=people[0], project=project)
    evaluation.agree_score(
        actor=people[0],
        project=project,
        organisation=partners[0],
        criterion="C6",
        points=72,
        reason="Two references were called.",
    )


def quoted_scene(*, award: bool = True) -> Scene:
    """The scenario with an RFQ that three shortlisted partners answered: complete, with a gap, and in euros.

    Two people scored the shortlist, and two make-or-buy calculations are kept.
    """
    scene_ = scene()
    keep_make_or_buy(scene_.project, scene_.user)
    evaluator = MembershipFactory(role="evaluator", sponsor=scene_.sponsor)
    score_together(scene_.project, [scene_.user, evaluator.user])
    member = Membership.objects.get(user=scene_.user)
    rfq = make_rfq(member, project=scene_.project)
    contacts = [
        Contact(scene_.partners[key], "", f"bids@{scene_.partners[key].slug}.example") for key in QUOTED
    ]
    for invitation in send_rfq(actor=scene_.user, rfq=rfq, contacts=contacts, edition=rfq.edition):
        key = next(k for k in QUOTED if scene_.partners[k] == invitation.organisation)
        values = {**priced(), **QUOTED[key]}
        quote = save_draft(
            rfq=rfq, organisation=invitation.organisation, values=values, edition=0, invitation=invitation
        )
        _, sheet = submit_quote(quote=quote, edition=quote.edition, by=invitation.organisation.name)
        assert sheet.errors == {}, sheet.errors
    if award:
        chosen = Quote.objects.get(rfq=rfq, organisation=scene_.partners["halden"])
        award_quote(actor=scene_.user, quote=chosen, reason="Best record of AAV batches, and a slot in May.")
    return scene_


class _Undo(Exception):
    """Rolls back the rows a frozen snapshot was taken from."""


def frozen(make) -> dict:
    """The snapshot of the project that `make()` creates; nothing stays in the database."""
    try:
        with transaction.atomic():
            scene = make()
            ranking = rank_project(scene.project, as_of=TODAY)
            snapshot = build_snapshot(
                project=scene.project, ranking=ranking, requester=scene.user, include_prices=True
            )
            raise _Undo
    except _Undo:
        return snapshot
