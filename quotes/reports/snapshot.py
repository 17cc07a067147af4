"""Freezes a project and its ranking: everything a report shows, as one plain dictionary with a hash.

After `build_snapshot` nothing reads the database: page, PDF and later exports read the snapshot, so an old
report says the same after the catalogue has changed. Sizes are bounded: every reason, score and fact of the first
`TRACED` partners of the shortlist and of the best `RANKED_ROWS`, the failed must-haves with their facts of the
nearest `KNOCKED_OUT_ROWS`, and counts for the rest. Of those with every reason the PDF prints the first `DETAILED` of
the shortlist (without one the best `TOP_WITHOUT_SHORTLIST`); any of them can have a dossier of its own.

The requester is part of the snapshot, the time of the request is not: the same person asking twice on the same
day about the same facts gets the same hash.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cmo_selector.accounts.models import SponsorBrand, User
from cmo_selector.audit.models import AuditEvent
from cmo_selector.audit.services import about
from partners.models import CapacitySlot, Facility, Organisation, RestrictedPartyEntry
from partners.scoring.types import Group, PartnerResult, Ranking, Rule
from partners.scoring.weights import criteria_labels, default_weights
from quotes.enums import Market
from quotes.models import Project, ProjectWeights, ShortlistEntry, ShortlistRisk
from quotes.needs import need_label
from quotes.prices import networks_without_prices, runway_without_prices
from quotes.ranking import inputs_of, networks_in, runway_in

from .canonical import plain
from .costs import frozen_awards, frozen_costs, withdrawn_bids
from .firmness import frozen_firmness
from .frozen_make import frozen_make_or_buy
from .frozen_networks import frozen_networks, frozen_runway
from .frozen_package import frozen_package
from .frozen_results import (
    PRICE_NEED,
    PRICE_RULES,
    FactList,
    detail_of,
    fallen_row,
    override_rows,
    ranked_row,
    rule_rows,
)
from .frozen_sites import frozen_sites

SCHEMA_ID = "cmo-selector.report-snapshot"
SCHEMA_VERSION = 1
RANKED_ROWS = 25
THIN_ROWS = 15
KNOCKED_OUT_ROWS = 60
SITE_ROWS = 120
TOP_WITHOUT_SHORTLIST = 5
DETAILED = 8  # printed in full; a longer shortlist keeps its order and comments
TRACED = 25  # of the shortlist
PARTNER_RULES = (Rule.MINIMUM_PROJECT, Rule.CONTRACT_STRUCTURE, Rule.NDA, Rule.CONFLICT)


def build_snapshot(
    *,
    project: Project,
    ranking: Ranking,
    requester: User,
    include_prices: bool,
    calculation: int | None = None,
) -> dict[str, Any]:
    """The frozen inputs of one report, ready for `snapshot_hash` and for a JSON column.

    `include_prices` follows the requester's role: without it amounts, price facts and the reasons of the cost
    criterion are left out. `calculation` is the id of the make-or-buy calculation that is frozen in full; None means
    the newest.
    """
    by_id = {result.partner_id: result for result in ranking.results}
    entries = list(project.shortlist.select_related("organisation").prefetch_related("risks"))
    ranked = ranking.group(Group.RANKED)
    thin = ranking.group(Group.INSUFFICIENT)
    fallen = ranking.group(Group.KNOCKED_OUT)
    listed = [by_id[e.organisation_id] for e in entries if e.organisation_id in by_id]
    printed = listed[:DETAILED] or list(ranked[:TOP_WITHOUT_SHORTLIST])
    traced = _unique([*printed, *listed[:TRACED], *ranked[:RANKED_ROWS]])
    facts = FactList(include_prices)
    details = {str(r.partner_id): detail_of(r, facts) for r in printed}
    behind_print = list(facts.facts.values())
    details |= {str(r.partner_id): detail_of(r, facts) for r in traced[len(printed) :]}
    status_set = _status_set(project)
    networks, runway = _ahead(project, ranking, include_prices)
    return plain(
        {
            "schema": {"id": SCHEMA_ID, "version": SCHEMA_VERSION},
            "title": f"Decision report: {project.name}"[:200],
            "as_of": ranking.as_of,
            "engine": {
                "version": ranking.engine_version,
                "caution": ranking.caution,
                "min_coverage": ranking.min_coverage,
            },
            "sponsor": _sponsor(project),
            "brand": _brand(project),
            "requested_by": {"id": requester.pk, "name": str(requester)},
            "prices_included": include_prices,
            "project": _project(project, include_prices),
            "needs": _needs(project, include_prices),
            "weights": _weights(project, ranking),
            "funnel": {
                "catalogue": Organisation.objects.active().count(),
                "assessed": sum(ranking.count(group) for group in Group),
                "passed_musts": ranking.count(Group.RANKED) + ranking.count(Group.INSUFFICIENT),
                "ranked": ranking.count(Group.RANKED),
                "insufficient": ranking.count(Group.INSUFFICIENT),
                "knocked_out": ranking.count(Group.KNOCKED_OUT),
                "shortlisted": len(entries),
            },
            "lead": _lead(ranked, thin),
            "ranked": [ranked_row(r, include_prices) for r in ranked[:RANKED_ROWS]],
            "insufficient": [ranked_row(r, include_prices) for r in thin[:THIN_ROWS]],
            "knocked_out": [fallen_row(r, FactList(include_prices)) for r in fallen[:KNOCKED_OUT_ROWS]],
            "overrides": override_rows(ranking, include_prices),
            "rules": rule_rows(ranking, include_prices),
            "details": details,
            "detail_order": [str(r.partner_id) for r in printed],
            "shortlist": [
                _entry(e, by_id.get(e.organisation_id), status_set.get(str(e.pk))) for e in entries
            ],
            "sites": _sites(traced),
            "restrictions": _restrictions(traced),
            "facts": facts.facts,
            "data": _data_range(behind_print),
            "slots": _slots(traced),
            "site_records": frozen_sites({r.slug: r.partner_id for r in traced}, ranking.as_of),
            "costs": frozen_costs(project) if include_prices else None,
            "awards": frozen_awards(project) if include_prices else [],
            "withdrawn": withdrawn_bids(project) if include_prices else [],
            "make_or_buy": frozen_make_or_buy(project, calculation) if include_prices else None,
            "rfq_package": frozen_package(project),
            "illustrative": any(r.illustrative for r in ranking.results),
            "firmness": frozen_firmness(
                project, ranking, criteria_labels(project.profile), include_prices=include_prices
            ),
            "networks": networks,
            "runway": runway,
        }
    )


def _ahead(project: Project, ranking: Ranking, include_prices: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """Networks that cover the whole scope and the runway to the next stage, on the ranking's day."""
    facts = FactList(include_prices)  # of their own: the list of facts is that of the partners shown in full
    given = inputs_of(project, weights=ranking.weights, as_of=ranking.as_of)
    proposal, runway = networks_in(project, given), runway_in(project, given)
    if not include_prices:
        proposal, runway = networks_without_prices(proposal), runway_without_prices(runway)
    return frozen_networks(proposal, facts.rows), frozen_runway(runway, facts.rows)


def _sponsor(project: Project) -> dict[str, Any]:
    sponsor = project.sponsor
    return {
        "id": sponsor.pk,
        "name": sponsor.name,
        "size": sponsor.get_size_display(),
        "illustrative": sponsor.illustrative,
    }


def _brand(project: Project) -> dict[str, str] | None:
    """Accent colour and logo (a data URL) as the sponsor had them; None without."""
    brand = SponsorBrand.objects.filter(sponsor=project.sponsor_id).first()
    return {"accent": brand.accent, "logo": brand.logo_uri} if brand else None


def _project(project: Project, include_prices: bool) -> dict[str, Any]:
    prices = include_prices and project.price_basis
    return {
        "id": project.pk,
        "name": project.name,
        "profile": project.profile,
        "profile_label": project.get_profile_display(),
        "product": project.product,
        "indication": project.indication,
        "description": project.description,
        "modality": project.modality.label if project.modality else "",
        "dosage_form": project.dosage_form.label if project.dosage_form else "",
        "stage": project.stage,
        "stage_label": project.get_stage_display(),
        "markets": list(project.markets),
        "market_labels": [Market(m).label for m in project.markets],
        "scale_now": project.scale_now,
        "scale_next": project.scale_next,
        "scale_unit": (project.scale_unit.symbol or project.scale_unit.label) if project.scale_unit else "",
        "volumes": project.volumes,
        "need_date": project.need_date,
        "decide_by": project.decide_by,
        "federal_funding": project.federal_funding,
        "price_basis": project.get_price_basis_display() if prices else "",
        "price_target": project.price_target if prices else None,
        "price_limit": project.price_limit if prices else None,
        "currency": project.currency,
    }


def _needs(project: Project, include_prices: bool) -> list[dict[str, Any]]:
    rows = project.needs.select_related(
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
    return [
        {
            "id": str(need.pk),
            "level": need.level,
            "rule": need.get_rule_display(),
            "label": need_label(need) if include_prices or need.rule not in PRICE_RULES else PRICE_NEED,
            "same_site": need.same_site,
            "of_partner": need.rule in PARTNER_RULES,
            "note": need.note if include_prices or need.rule not in PRICE_RULES else "",
        }
        for need in rows
    ]


def _weights(project: Project, ranking: Ranking) -> dict[str, Any]:
    weights = getattr(project, "weights", None)
    return {
        "values": ranking.weights,
        "defaults": default_weights(project.stage, project.profile),
        "labels": criteria_labels(project.profile),
        "edited": bool(weights and not weights.from_defaults),
        "set": _last_set(project),
        "approved": _approved(weights),
    }


def _approved(weights: ProjectWeights | None) -> dict[str, Any] | None:
    """Who approved these very weights and when; None while nobody has."""
    if weights is None or weights.approved_by is None:
        return None
    return {"by": str(weights.approved_by), "on": weights.approved_at.date()}


def _last_set(project: Project) -> dict[str, Any] | None:
    """Who gave the project its weights and when, from the audit log; None while they are the stage's defaults."""
    changed = AuditEvent.objects.filter(about=about(project), verb="weights.changed").order_by("-at", "-pk")
    event = changed.first()
    if event is None or event.data.get("from_defaults"):
        return None
    return {"by": event.actor_name, "on": event.at.date()}


def _lead(ranked: tuple[PartnerResult, ...], thin: tuple[PartnerResult, ...]) -> dict[str, int]:
    """How many others could stand first: among the ranked, and among those with too little data to rank."""
    if not ranked:
        return {"ranked_within_reach": 0, "thin_within_reach": 0}
    low = ranked[0].low
    return {
        "ranked_within_reach": sum(r.high >= low for r in ranked[1:]),
        "thin_within_reach": sum(r.high >= low for r in thin),
    }


def _status_set(project: Project) -> dict[str, dict[str, Any]]:
    """Shortlist entry → who gave it its status and when, from the audit log. One query."""
    events = AuditEvent.objects.filter(about=about(project), verb="shortlist.changed", data__has_key="status")
    return {
        event.object_id: {"by": event.actor_name, "on": event.at.date()}
        for event in events.order_by("at", "pk")
    }


def _entry(
    entry: ShortlistEntry, result: PartnerResult | None, status_set: dict[str, Any] | None
) -> dict[str, Any]:
    """`group` is empty for a partner that has left the catalogue since it was shortlisted.

    `status_set` is None while nobody has changed the status the entry began with.
    """
    return {
        "position": entry.position,
        "partner_id": entry.organisation_id,
        "name": entry.organisation.name,
        "illustrative": entry.organisation.illustrative,
        "status": entry.status,
        "status_label": entry.get_status_display(),
        "status_set": status_set,
        "reason": entry.reason,
        "comment": entry.comment,
        "group": result.group if result else "",
        "rank": result.rank if result else None,
        "risks": [_risk(risk) for risk in entry.risks.all() if not risk.closed],
    }


def _risk(risk: ShortlistRisk) -> dict[str, Any]:
    return {
        "text": risk.text,
        "likelihood": risk.get_likelihood_display(),
        "impact": risk.get_impact_display(),
        "rating": risk.rating,
        "rating_word": risk.rating_word,
        "response": risk.response,
        "owner": risk.owner,
    }


def _sites(results: list[PartnerResult]) -> list[dict[str, Any]]:
    """Every site of the partners with every reason; lead sites first, at most `SITE_ROWS`."""
    by_partner = {r.partner_id: r for r in results}
    rows = Facility.objects.filter(organisation__in=by_partner, active=True).order_by(
        "organisation", "name", "pk"
    )
    sites = [
        {
            "site_id": site.pk,
            "partner_id": site.organisation_id,
            "name": site.name,
            "city": site.city,
            "country": site.country.code,
            "latitude": None if site.latitude is None else float(site.latitude),
            "longitude": None if site.longitude is None else float(site.longitude),
            "located_by": site.located_by,
            "lead": by_partner[site.organisation_id].lead_site_id == site.pk,
        }
        for site in rows
    ]
    order = {r.partner_id: i for i, r in enumerate(results)}
    in_order = sorted(sites, key=lambda s: (not s["lead"], order[s["partner_id"]], s["name"], s["site_id"]))
    return in_order[:SITE_ROWS]


def _slots(results: list[PartnerResult]) -> dict[str, dict[str, Any]]:
    """Partner id → the earliest free slot that its score counts. Partners without a known slot are left out."""
    counted = {
        ref.pk: result.partner_id
        for result in results
        for criterion in result.criteria
        for sub in criterion.subs
        for ref in sub.facts
        if sub.code.endswith(".slot") and ref.kind == "capacityslot"
    }
    found: dict[str, dict[str, Any]] = {}
    slots = CapacitySlot.objects.filter(pk__in=counted).select_related("facility").order_by("starts_on", "pk")
    for slot in slots:
        row = {"starts_on": slot.starts_on, "status": slot.status, "site": slot.facility.name}
        found.setdefault(str(counted[slot.pk]), row)
    return found


def _restrictions(results: list[PartnerResult]) -> list[dict[str, Any]]:
    names = {r.partner_id: r for r in results}
    entries = RestrictedPartyEntry.objects.filter(organisation__in=names).select_related("list", "source")
    return [
        {
            "partner_id": entry.organisation_id,
            "partner": names[entry.organisation_id].name,
            "illustrative": names[entry.organisation_id].illustrative or entry.list.illustrative,
            "list": entry.list.name,
            "publisher": entry.list.publisher,
            "name_on_list": entry.name_on_list,
            "effective_from": entry.effective_from,
            "effective_until": entry.effective_until,
            "effect": entry.list.effect,
            "source": entry.source.title,
            "as_of": entry.retrieved_on,
        }
        for entry in entries.order_by("organisation__name", "effective_from", "pk")
    ]


def _data_range(facts: list[dict[str, Any]]) -> dict[str, Any]:
    """Oldest and newest day on which the facts behind the partners printed in full were retrieved."""
    days = sorted(fact["as_of"] for fact in facts if fact["as_of"])
    return {"from": days[0] if days else None, "to": days[-1] if days else None, "facts": len(facts)}


def _unique(results: Iterable[PartnerResult]) -> list[PartnerResult]:
    return list({r.partner_id: r for r in results}.values())
