"""Screening: every need against a partner, its lead site chosen on the way.

A need that must be met at one site is judged on the lead site. Work that only another site of the partner does is
"conditional" (one hand-over); what a site is or holds is judged where its part of the work is done. Other needs take
the best site.
"""

from __future__ import annotations

from collections.abc import Callable

from . import matching, rules_limits, rules_partner, rules_record, rules_relation, rules_site, rules_special
from .scope import WORK, conditions_of, main_must, parts_of
from .types import Brief, Level, Need, Outcome, PartnerFacts, Rule, RuleResult, SiteFacts
from .verdict import BEST_FIRST, Verdict
from .words import sentence

SiteRule = Callable[[Need, Brief, PartnerFacts, SiteFacts], Verdict]
PartnerRule = Callable[[Need, Brief, PartnerFacts], Verdict]

SITE_RULES: dict[Rule, SiteRule] = {
    Rule.CAPABILITY: rules_site.capability,
    Rule.BIOSAFETY: rules_limits.biosafety,
    Rule.CONTAINMENT: rules_limits.containment,
    Rule.CERTIFICATE: rules_record.certificate,
    Rule.INSPECTION: rules_record.inspection,
    Rule.CAPACITY: rules_site.capacity,
    Rule.TRACK_RECORD: rules_record.track_record_here,
    Rule.METRIC: rules_record.metric,
    Rule.COUNTRY: rules_record.country,
    Rule.DEDICATED: rules_special.dedicated,
    Rule.SCHEDULE: rules_special.schedule,
    Rule.MARKET: rules_special.market,
}
PARTNER_RULES: dict[Rule, PartnerRule] = {
    Rule.MINIMUM_PROJECT: rules_partner.minimum_project,
    Rule.CONTRACT_STRUCTURE: rules_partner.contract_structure,
    Rule.RESTRICTED_PARTY: rules_partner.restricted_party,
    Rule.NDA: rules_relation.nda,
    Rule.CONFLICT: rules_relation.conflict,
}
ALWAYS: tuple[Need, ...] = (
    Need("no-open-action", Rule.NO_OPEN_ACTION, Level.MUST, "No open regulatory action at the site"),
    Need(
        "restricted-party",
        Rule.RESTRICTED_PARTY,
        Level.MUST,
        "Not on a restricted-party list",
        same_site=False,
    ),
)


def default_rules(brief: Brief) -> tuple[Need, ...]:
    """The brief's needs and the two musts that hold for every project, listed or not."""
    ids = [need.id for need in brief.needs]
    if len(ids) != len(set(ids)):
        raise ValueError("Two needs of the brief have the same id.")
    musts = {need.rule for need in brief.needs if need.level is Level.MUST}
    return (*brief.needs, *(need for need in ALWAYS if need.rule not in musts))


def check_partner(partner: PartnerFacts, brief: Brief) -> tuple[SiteFacts | None, tuple[RuleResult, ...]]:
    """The partner's lead site for this brief (None without sites) and one result per need, in their order."""
    needs = default_rules(brief)
    table = {
        (need.id, site.id): SITE_RULES[need.rule](need, brief, partner, site)
        for need in needs
        if need.rule in SITE_RULES
        for site in partner.sites
    }
    lead = _lead_site(partner, brief, needs, table)
    done = _done_at(partner, brief, needs, table, lead) if lead else {}
    return lead, tuple(_resolve(need, brief, partner, lead, table, done) for need in needs)


def documented(site: SiteFacts) -> bool:
    """Whether anything at all is recorded about a site."""
    return site.complete_list is not None or any(
        (
            site.capabilities, site.certificates, site.inspections, site.actions, site.slots, site.track_record,
            site.metrics,
        )
    )  # fmt: skip


def _done_at(
    partner: PartnerFacts,
    brief: Brief,
    needs: tuple[Need, ...],
    table: dict[tuple[str, int], Verdict],
    lead: SiteFacts,
) -> dict[str, SiteFacts]:
    """By need: the other site that work is handed over to, where the lead site is not confirmed to do it.

    That site must do it for certain, have no open action and fail no must that goes with this work.
    """
    done = {}
    for need in needs:
        if need.rule not in WORK or not need.same_site:
            continue
        if table[need.id, lead.id].outcome not in (Outcome.FAIL, Outcome.UNKNOWN):
            continue
        conditions = conditions_of(need, brief)
        for site in partner.sites:
            if (
                site.id != lead.id
                and table[need.id, site.id].outcome is Outcome.PASS
                and not rules_partner.open_stops(site, brief.as_of)
                and all(_holds(n, site, table) for n in conditions)
            ):
                done[need.id] = site
                break
    return done


def _holds(need: Need, site: SiteFacts, table: dict[tuple[str, int], Verdict]) -> bool:
    """A part must be done at the site for certain; anything else must only not fail there."""
    if need.rule not in SITE_RULES:
        return True
    outcome = table[need.id, site.id].outcome
    bad = (Outcome.FAIL, Outcome.UNKNOWN) if need.rule is Rule.CAPABILITY else (Outcome.FAIL,)
    return outcome not in bad


def _lead_site(
    partner: PartnerFacts, brief: Brief, needs: tuple[Need, ...], table: dict[tuple[str, int], Verdict]
) -> SiteFacts | None:
    """Where the main part is on record, before a site of which nothing is known; then the fewest must fails, unknown
    musts and conditions, the most wishes met, the name: silence about a second site does not undo what is known."""
    main = main_must(brief)
    same_site = [need for need in needs if need.same_site and need.rule in SITE_RULES]

    def order(site: SiteFacts) -> tuple[bool, bool, int, int, int, int, str, int]:
        musts = [table[need.id, site.id].outcome for need in same_site if need.level is Level.MUST]
        musts.append(rules_partner.no_open_action_at(brief, site).outcome)
        wishes = [table[need.id, site.id].outcome for need in same_site if need.level is not Level.MUST]
        return (
            main is not None and not any(matching.capabilities(main, site)),
            not documented(site),
            musts.count(Outcome.FAIL),
            musts.count(Outcome.UNKNOWN),
            musts.count(Outcome.CONDITIONAL),
            -wishes.count(Outcome.PASS),
            site.name.casefold(),
            site.id,
        )

    return min(partner.sites, key=order, default=None)


def _resolve(
    need: Need,
    brief: Brief,
    partner: PartnerFacts,
    lead: SiteFacts | None,
    table: dict[tuple[str, int], Verdict],
    done: dict[str, SiteFacts],
) -> RuleResult:
    if need.rule in PARTNER_RULES:
        return _result(need, PARTNER_RULES[need.rule](need, brief, partner))
    if need.rule is Rule.NO_OPEN_ACTION:
        return _result(
            need, rules_partner.no_open_action(need, brief, partner, lead, _relied_on(brief, done)), lead
        )
    if need.rule is Rule.TRACK_RECORD and not need.same_site:
        return _result(need, rules_record.track_record_anywhere(need, brief, partner))
    if lead is None:
        if need.rule is Rule.METRIC:
            return _result(need, rules_record.metric(need, brief, partner, None))
        ask = f"Which site of {partner.name} would do this: {need.label}?"
        return _result(need, Verdict(Outcome.UNKNOWN, "no site on record", (), ask))
    here = table[need.id, lead.id]
    others = [(table[need.id, site.id], site) for site in partner.sites if site.id != lead.id]
    if not need.same_site:
        verdict, site = min([(here, lead), *others], key=lambda pair: BEST_FIRST[pair[0].outcome])
        return _result(need, verdict, site)
    if need.rule in WORK:
        # Not known at the lead site is at worst a no there, so another site's yes settles it the same way.
        if need.id in done:
            site = done[need.id]
            return _result(need, _handed_over(need, here, table[need.id, site.id], lead, site), site)
        return _result(need, here, lead)
    places = [done.get(part.id, lead) for part in parts_of(need, brief)] or [lead]
    site = max(places, key=lambda s: BEST_FIRST[table[need.id, s.id].outcome])
    return _result(need, table[need.id, site.id], site)


def _relied_on(brief: Brief, done: dict[str, SiteFacts]) -> tuple[SiteFacts, ...]:
    """The other sites whose word a must rests on."""
    musts = {n.id for n in brief.needs if n.level is Level.MUST}
    return tuple({site.id: site for key, site in done.items() if key in musts}.values())


def _handed_over(need: Need, here: Verdict, there: Verdict, lead: SiteFacts, site: SiteFacts) -> Verdict:
    lacking = "not at the lead site" if here.outcome is Outcome.FAIL else "not confirmed at the lead site"
    return Verdict(
        Outcome.CONDITIONAL,
        f"met at {site.name} ({there.reason}), {lacking} {lead.name} ({here.reason}): one hand-over",
        (*there.facts, *here.facts),
        here.ask or f"How would work be handed over between {lead.name} and {site.name}?",
    )


def _result(need: Need, verdict: Verdict, site: SiteFacts | None = None) -> RuleResult:
    return RuleResult(
        need_id=need.id,
        label=need.label,
        rule=need.rule,
        level=need.level,
        outcome=verdict.outcome,
        reason=sentence(verdict.reason),
        facts=verdict.facts,
        site=site.name if site else "",
        ask=verdict.ask,
        mismatch=verdict.mismatch,
    )
