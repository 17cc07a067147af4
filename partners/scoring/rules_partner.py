"""Rules judged on the partner as a whole: terms, contract structures, open actions, trade lists."""

from __future__ import annotations

import datetime as dt

from .types import ActionFact, Brief, FactRef, Need, Outcome, PartnerFacts, RestrictionFact, SiteFacts
from .verdict import BEST_FIRST, Verdict
from .words import agency, day, listing, money, plain

PASS, FAIL, UNKNOWN, CONDITIONAL = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN, Outcome.CONDITIONAL

STOPPING_ACTIONS = frozenset(
    {
        "warning_letter",
        "import_alert",
        "consent_decree",
        "injunction",
        "seizure",
        "non_compliance",
        "licence_suspension",
    }
)

OUTCOME_UNKNOWN = "unknown"

# The authority knows that the site exists; nobody looked at it, so nothing follows about actions against it.
MERE_REGISTRATIONS = frozenset({"fda-registration", "fda-device-registration"})


def minimum_project(need: Need, brief: Brief, partner: PartnerFacts) -> Verdict:
    """The partner's minimum project value is at most `need.quantity`, compared within one currency only."""
    currency = need.currency or brief.currency
    stated = [t for t in partner.terms if t.minimum_project is not None]
    ask = f"What is the minimum project value of {partner.name}?"
    if not stated:
        return Verdict(UNKNOWN, "minimum project value not recorded", (), ask)
    if need.quantity is None:
        return Verdict(UNKNOWN, "the need names no amount to compare with", tuple(t.ref for t in stated))
    same = [t for t in stated if t.currency and t.currency == currency]
    if not same:
        terms = max(stated, key=lambda t: (t.ref.as_of or dt.date.min, t.ref.pk))
        return Verdict(
            UNKNOWN,
            f"minimum project is {money(terms.minimum_project or 0, terms.currency)}; "
            f"the limit is in {currency or 'no currency'}, so they are not compared",
            (terms.ref,),
            f"What is the minimum project value in {currency}?" if currency else ask,
        )
    terms = max(same, key=lambda t: (t.ref.as_of or dt.date.min, t.ref.pk))
    minimum = terms.minimum_project or 0.0
    words = f"minimum project is {money(minimum, currency)}, at most {money(need.quantity, currency)} wanted"
    return Verdict(PASS if minimum <= need.quantity else FAIL, words, (terms.ref,))


def contract_structure(need: Need, brief: Brief, partner: PartnerFacts) -> Verdict:
    """The partner works under the contract structure asked for."""
    wanted = need.contract_structure or ""
    offered = partner.contract_structures
    if not offered:
        return Verdict(
            UNKNOWN,
            "contract structures not recorded",
            (),
            f"Does {partner.name} contract as {plain(wanted)}?",
        )
    if wanted in offered:
        return Verdict(PASS, f"contracts as {offered[wanted].label}", (offered[wanted],))
    facts = tuple(offered[code] for code in sorted(offered))
    names = listing(fact.label for fact in facts)
    return Verdict(FAIL, f"contracts as {names} only, not as {plain(wanted)}", facts, mismatch=True)


def _stops(site: SiteFacts, as_of: dt.date) -> list[ActionFact]:
    """The site's regulatory actions of a stopping kind that are not closed on a day, the newest first."""
    found = [
        a
        for a in site.actions
        if a.kind in STOPPING_ACTIONS
        and a.issued_on <= as_of
        and (a.closed_on is None or a.closed_on > as_of)
    ]
    return sorted(found, key=lambda a: (a.issued_on, a.ref.pk), reverse=True)


def open_stops(site: SiteFacts, as_of: dt.date) -> list[ActionFact]:
    """Stopping actions that are known to be open on a day, the newest first."""
    return [a for a in _stops(site, as_of) if not a.close_out_unknown]


def unclear_stops(site: SiteFacts, as_of: dt.date) -> list[ActionFact]:
    """Stopping actions of which the source does not say whether they were closed out, the newest first."""
    return [a for a in _stops(site, as_of) if a.close_out_unknown]


def unclear(action: ActionFact) -> str:
    """ "warning letter of 1 May 2013, close-out unknown": neither open nor closed is claimed."""
    return f"{plain(action.kind)} of {day(action.issued_on)}, close-out unknown"


def _named(action: ActionFact, site: SiteFacts) -> str:
    source = f" ({action.ref.source})" if action.ref.source else ""
    by, on = agency(action.agency), day(action.issued_on)
    if action.close_out_unknown:
        return f"{plain(action.kind)} by {by} of {on} at {site.name}, close-out unknown{source}"
    return f"open {plain(action.kind)} by {by} of {on} at {site.name}{source}"


def no_open_action_at(brief: Brief, site: SiteFacts) -> Verdict:
    """No warning letter, alert or decree is open at the site; a pass needs some regulator's record.

    An action whose close-out the source leaves open decides nothing either way: the result is unknown until
    somebody has asked. An inspection without an outcome (a published Form 483) is no look-up of actions.
    """
    stops = open_stops(site, brief.as_of)
    if stops:
        return Verdict(FAIL, "; ".join(_named(a, site) for a in stops), tuple(a.ref for a in stops))
    doubts = unclear_stops(site, brief.as_of)
    if doubts:
        return Verdict(
            UNKNOWN,
            "; ".join(_named(a, site) for a in doubts),
            tuple(a.ref for a in doubts),
            f"Was the {plain(doubts[0].kind)} of {day(doubts[0].issued_on)} at {site.name} closed out? "
            "Ask for the close-out letter.",
        )
    looked_up: list[FactRef] = [i.ref for i in site.inspections if i.outcome != OUTCOME_UNKNOWN]
    looked_up += [a.ref for a in site.actions]
    looked_up += [c.ref for c in site.certificates if c.certificate_type not in MERE_REGISTRATIONS]
    if not looked_up:
        return Verdict(
            UNKNOWN,
            f"no regulator's record looked up for {site.name}",
            (),
            f"Is any warning letter, import alert or similar open at {site.name}?",
        )
    newest = sorted(looked_up, key=lambda r: (r.as_of or dt.date.min, r.kind, r.pk), reverse=True)[:3]
    return Verdict(PASS, f"no open action on record at {site.name}", tuple(newest))


def no_open_action(
    need: Need,
    brief: Brief,
    partner: PartnerFacts,
    lead: SiteFacts | None,
    relied_on: tuple[SiteFacts, ...] = (),
) -> Verdict:
    """Fails on an open stop at the lead site or at a site that a must is handed over to (`relied_on`).

    One at any other site is a condition to discuss.
    """
    if lead is None:
        return Verdict(UNKNOWN, "no site on record", (), f"Which site of {partner.name} would do the work?")
    verdict = no_open_action_at(brief, lead)
    for site in relied_on:
        there = no_open_action_at(brief, site)
        if BEST_FIRST[there.outcome] > BEST_FIRST[verdict.outcome]:
            verdict = there
    counted = {lead.id, *(site.id for site in relied_on)}
    elsewhere = [(a, s) for s in partner.sites if s.id not in counted for a in _stops(s, brief.as_of)]
    if verdict.outcome is FAIL or not elsewhere:
        return verdict
    others = "; ".join(_named(a, s) for a, s in elsewhere)
    facts = tuple(a.ref for a, _ in elsewhere)
    if verdict.outcome is UNKNOWN:
        return Verdict(UNKNOWN, f"{verdict.reason}; elsewhere: {others}", verdict.facts + facts, verdict.ask)
    return Verdict(
        CONDITIONAL,
        f"not at the lead site, but {others}",
        facts,
        f"Does the action at another site touch the work at {lead.name}?",
    )


def restricted_party(need: Need, brief: Brief, partner: PartnerFacts) -> Verdict:
    """On a restricted-party list in effect at any time until the need date: a stop with federal funding.

    Contract, transfer and payments come before the need date, so a listing that ends before it counts as well.
    Without federal funding it is a warning.
    """
    current = [
        r for r in partner.restrictions if r.effective_until is None or r.effective_until >= brief.as_of
    ]
    if not current:
        return _not_listed(brief, partner)
    current.sort(key=lambda r: (r.effective_from, r.ref.pk))
    on = brief.need_date or brief.as_of
    in_force = [r for r in current if r.effective_from <= on]
    named = "; ".join(_listing(r) for r in in_force or current)
    facts = tuple(r.ref for r in in_force or current)
    if in_force and brief.federal_funding:
        return Verdict(FAIL, named, facts)
    if in_force:
        return Verdict(CONDITIONAL, f"{named} (a warning: the project is not federally funded)", facts)
    return Verdict(CONDITIONAL, f"{named}, after the need date of {day(on)}", facts)


def _not_listed(brief: Brief, partner: PartnerFacts) -> Verdict:
    """Not being listed counts only where a list is kept that would name the partner."""
    facts = tuple(r.ref for r in partner.restrictions)
    if partner.restricted_lists:
        return Verdict(PASS, f"not on {listing(partner.restricted_lists)}", facts)
    if not brief.federal_funding:
        return Verdict(PASS, "no list kept here to check; matters only with federal funding", facts)
    return Verdict(
        UNKNOWN,
        "no restricted-party list that would name this partner is kept here",
        facts,
        f"Is {partner.name} on a restricted-party list that binds federally funded sponsors?",
    )


def _listing(restriction: RestrictionFact) -> str:
    effect = f": {restriction.effect.rstrip('.')}" if restriction.effect else ""
    until = f" until {day(restriction.effective_until)}" if restriction.effective_until else ""
    return f"on {restriction.list_name}, in effect from {day(restriction.effective_from)}{until}{effect}"
