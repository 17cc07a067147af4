"""Screening: every need against a partner, its lead site chosen on the way.

A need that must be met at one site is judged on the lead site; when only another site of the partner meets
it, the answer is "conditional" (one hand-over). Other needs take the best site.
"""

from __future__ import annotations

from collections.abc import Callable

from . import rules_partner, rules_record, rules_site
from .types import Brief, Level, Need, Outcome, PartnerFacts, Rule, RuleResult, SiteFacts
from .verdict import BEST_FIRST, Verdict
from .words import sentence

SiteRule = Callable[[Need, Brief, PartnerFacts, SiteFacts], Verdict]
PartnerRule = Callable[[Need, Brief, PartnerFacts], Verdict]

SITE_RULES: dict[Rule, SiteRule] = {
    Rule.CAPABILITY: rules_site.capability,
    Rule.BIOSAFETY: rules_site.biosafety,
    Rule.CONTAINMENT: rules_site.containment,
    Rule.CERTIFICATE: rules_record.certificate,
    Rule.INSPECTION: rules_record.inspection,
    Rule.CAPACITY: rules_site.capacity,
    Rule.TRACK_RECORD: rules_record.track_record_here,
    Rule.METRIC: rules_record.metric,
    Rule.COUNTRY: rules_record.country,
}
PARTNER_RULES: dict[Rule, PartnerRule] = {
    Rule.MINIMUM_PROJECT: rules_partner.minimum_project,
    Rule.CONTRACT_STRUCTURE: rules_partner.contract_structure,
    Rule.RESTRICTED_PARTY: rules_partner.restricted_party,
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
    return lead, tuple(_resolve(need, brief, partner, lead, table) for need in needs)


def _lead_site(
    partner: PartnerFacts, brief: Brief, needs: tuple[Need, ...], table: dict[tuple[str, int], Verdict]
) -> SiteFacts | None:
    """Fewest must fails, then unknown musts, then conditions, then most wishes met, then name."""
    same_site = [need for need in needs if need.same_site and need.rule in SITE_RULES]

    def order(site: SiteFacts) -> tuple[int, int, int, int, str, int]:
        musts = [table[need.id, site.id].outcome for need in same_site if need.level is Level.MUST]
        musts.append(rules_partner.no_open_action_at(brief, site).outcome)
        wishes = [table[need.id, site.id].outcome for need in same_site if need.level is not Level.MUST]
        return (
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
) -> RuleResult:
    if need.rule in PARTNER_RULES:
        return _result(need, PARTNER_RULES[need.rule](need, brief, partner))
    if need.rule is Rule.NO_OPEN_ACTION:
        return _result(need, rules_partner.no_open_action(need, brief, partner, lead), lead)
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
    if here.outcome in (Outcome.FAIL, Outcome.UNKNOWN):
        # Not known at the lead site is at worst a no there, so another site's yes settles it the same way.
        for verdict, site in others:
            if verdict.outcome is Outcome.PASS:
                return _result(need, _handed_over(need, here, verdict, lead, site), site)
    return _result(need, here, lead)


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
