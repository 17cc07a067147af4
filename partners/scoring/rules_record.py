"""Rules judged on what is on record about one site: certificates, inspections, track record, metrics, country.

Each function takes (need, brief, partner, site) and returns a `Verdict` with one plain sentence. Nothing on
record is unknown, never no.
"""

from __future__ import annotations

import datetime as dt

from . import matching
from .anchors import ANCHORS, FLAGS
from .matching import Match
from .places import country_name
from .profile_words import anchor_of, flag_of
from .types import (
    Brief,
    CertificateFact,
    InspectionFact,
    MetricFact,
    Need,
    Outcome,
    PartnerFacts,
    SiteFacts,
    TrackRecordFact,
)
from .verdict import Remarks, Verdict, best
from .words import agency, amount, counted, day, listing, number, plain, years_before

PASS, FAIL, UNKNOWN, CONDITIONAL = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN, Outcome.CONDITIONAL
INSPECTION_YEARS = 5.0  # how recent an inspection must be when the need does not say; product default


def certificate(need: Need, brief: Brief, partner: PartnerFacts, site: SiteFacts) -> Verdict:
    """The right certificate, in scope, valid on the day it is needed."""
    kind = need.certificate_type or ""
    held = [c for c in site.certificates if c.certificate_type == kind]
    if not held:
        return Verdict(
            UNKNOWN,
            f"no {plain(kind)} on record for {site.name}",
            (),
            f"Does {site.name} hold a valid {plain(kind)}?",
        )
    held.sort(key=lambda c: (c.expires_on or dt.date.min, c.ref.pk), reverse=True)
    return best(_judge_certificate(need, brief, c, site) for c in held)


def _judge_certificate(need: Need, brief: Brief, cert: CertificateFact, site: SiteFacts) -> Verdict:
    said = Remarks((cert.ref,))
    covered = _in_scope(need, cert)
    if covered is Match.PERHAPS:
        said.add(
            UNKNOWN,
            f"scope of {cert.ref.label} not known in detail",
            f"Does {cert.ref.label} cover {need.label}?",
        )
    elif covered is Match.NO:
        asked = listing(plain(code) for code in (need.service, need.dosage_form) if code)
        said.add(FAIL, f"{cert.ref.label} of {site.name} does not cover {asked}", mismatch=True)
    judge_validity(need, brief, cert, site, said)
    until = f" until {day(cert.expires_on)}" if cert.expires_on else ""
    return said.verdict(f"{cert.ref.label} of {site.name}, valid{until}")


def judge_validity(need: Need, brief: Brief, cert: CertificateFact, site: SiteFacts, said: Remarks) -> None:
    """Whether a certificate is valid on the day it is needed."""
    on = need.by or brief.need_date or brief.as_of
    if cert.expires_on is None:
        said.add(
            UNKNOWN, f"expiry of {cert.ref.label} not recorded", f"Until when is {cert.ref.label} valid?"
        )
    elif cert.expires_on < brief.as_of and cert.renewal_unknown:
        said.add(
            UNKNOWN,
            f"{cert.ref.label} of {site.name} was valid until {day(cert.expires_on)}; whether it was renewed "
            "is not known",
            f"Was {cert.ref.label} of {site.name} renewed after {day(cert.expires_on)}?",
        )
    elif cert.expires_on < brief.as_of:
        said.add(FAIL, f"{cert.ref.label} of {site.name} expired on {day(cert.expires_on)}")
    elif cert.expires_on < on:
        # A renewal is likely, but nobody has promised it: neither a yes nor a no.
        said.add(
            UNKNOWN,
            f"{cert.ref.label} of {site.name} expires on {day(cert.expires_on)}, needed on {day(on)}",
            f"Will {cert.ref.label} of {site.name} be renewed before {day(on)}?",
        )


def _in_scope(need: Need, cert: CertificateFact) -> Match:
    asked: list[Match] = []
    path = {need.service, *need.service_path} - {None}
    for wanted, scope in (
        (path, cert.scope_services),
        ({need.dosage_form} - {None}, cert.scope_dosage_forms),
    ):
        if wanted:
            asked.append(Match.PERHAPS if not scope else Match.YES if wanted & scope else Match.NO)
    if Match.NO in asked:
        return Match.NO
    return max(
        asked, default=Match.YES
    )  # one stated half of the scope is enough when the other is not stated


def inspection(need: Need, brief: Brief, partner: PartnerFacts, site: SiteFacts) -> Verdict:
    """The latest inspection is recent enough (`need.quantity` years, 5 by default) and was not OAI."""
    years = need.quantity if need.quantity is not None else INSPECTION_YEARS
    by = f"{agency(need.agency)} " if need.agency else ""
    seen = [i for i in site.inspections if need.agency in (None, i.agency)]
    who = agency(need.agency) if need.agency else "a regulator"
    ask = f"When did {who} last inspect {site.name}, and how did it end?"
    dated = [(i.ended_on, i) for i in seen if i.ended_on is not None and i.ended_on <= brief.as_of]
    if not dated:
        undated = " with a date" if seen else ""
        return Verdict(
            UNKNOWN, f"no {by}inspection{undated} on record for {site.name}", tuple(i.ref for i in seen), ask
        )
    on, latest = max(dated, key=lambda pair: (pair[0], _gravity(pair[1]), pair[1].ref.pk))
    words = f"latest {by}inspection of {site.name} on {day(on)}"
    facts = (latest.ref,)
    if latest.outcome == "oai":
        return Verdict(FAIL, f"{words} ended with official action indicated (OAI)", facts)
    if on < years_before(brief.as_of, years):
        return Verdict(FAIL, f"{words} is more than {counted(years, 'year')} old", facts)
    if latest.outcome == "pending":
        return Verdict(CONDITIONAL, f"{words} is not classified yet", facts, ask)
    if latest.outcome not in ("nai", "vai"):
        return Verdict(UNKNOWN, f"outcome of the {words} not recorded", facts, ask)
    return Verdict(PASS, f"{words}: {latest.outcome.upper()}", facts)


def latest_inspection(site: SiteFacts, as_of: dt.date, agency: str) -> InspectionFact | None:
    """The site's latest dated inspection by an agency; of two on one day the graver one."""
    dated = [i for i in site.inspections if i.agency == agency and i.ended_on and i.ended_on <= as_of]
    return max(dated, key=lambda i: (i.ended_on or dt.date.min, _gravity(i), i.ref.pk), default=None)


def _gravity(fact: InspectionFact) -> int:
    return {"nai": 0, "vai": 1, "pending": 2, "oai": 3}.get(fact.outcome, 2)


def _counted(need: Need, facts: tuple[TrackRecordFact, ...]) -> tuple[float, float, list[TrackRecordFact]]:
    hits = [(m, f) for f in facts if (m := matching.track_record(need, f)) is not Match.NO]
    low, high = matching.count_range((m, f.count) for m, f in hits)
    return low, high, [f for _, f in hits]


def track_record_here(need: Need, brief: Brief, partner: PartnerFacts, site: SiteFacts) -> Verdict:
    """Done at this very site. What the company claims as a whole can raise a doubt, not prove the site."""
    here_low, here_high, here = _counted(need, site.track_record)
    _, wide_high, wide = _counted(need, partner.track_record)
    return _judge_count(need, here_low, here_high + wide_high, [*here, *wide], f"at {site.name}")


def track_record_anywhere(need: Need, brief: Brief, partner: PartnerFacts) -> Verdict:
    """Done anywhere in the company: the larger of its own total and its sites' sum, which may overlap."""
    of_sites = [_counted(need, site.track_record) for site in partner.sites]
    wide_low, wide_high, wide = _counted(need, partner.track_record)
    low = max(sum(low for low, _, _ in of_sites), wide_low)
    high = sum(high for _, high, _ in of_sites) + wide_high
    return _judge_count(
        need, low, high, [*(f for _, _, facts in of_sites for f in facts), *wide], "in the company"
    )


def _judge_count(need: Need, low: float, high: float, facts: list[TrackRecordFact], where: str) -> Verdict:
    needed = need.quantity if need.quantity is not None else 1.0
    what = plain(need.track_record_kind or "track record")
    refs = tuple(f.ref for f in facts)
    ask = f"How many of these have been done {where}: {need.label}?"
    if not facts:
        return Verdict(UNKNOWN, f"no {what} on record {where}", (), ask)
    if low >= needed:
        return Verdict(PASS, f"{what}: {number(low)} on record {where}, {number(needed)} needed", refs)
    if high >= needed:
        return Verdict(UNKNOWN, f"{what}: {number(low)} certain {where}, {number(needed)} needed", refs, ask)
    return Verdict(FAIL, f"{what}: {number(high)} on record {where}, {number(needed)} needed", refs)


def newest_metric(code: str, partner: PartnerFacts, site: SiteFacts | None) -> MetricFact | None:
    """The site's own newest value of a metric, else the newest for the partner as a whole."""
    for facts in (site.metrics if site else (), partner.metrics):
        found = [m for m in facts if m.metric == code]
        if found:
            return max(found, key=lambda m: (m.ref.as_of or dt.date.min, m.ref.pk))
    return None


def _named(code: str, profile: str, fact: MetricFact | None) -> tuple[str, str | None]:
    """A metric's name and unit in words; of a metric without anchors only its fact knows the name."""
    if code in ANCHORS:
        anchor = anchor_of(code, profile)
        return anchor.meaning, anchor.unit
    if code in FLAGS:
        return flag_of(code, profile).meaning, None
    return (fact.ref.label.split(":")[0] if fact else ""), None


def metric(need: Need, brief: Brief, partner: PartnerFacts, site: SiteFacts | None) -> Verdict:
    """A stated or measured value reaches the number asked (or stays below it), or a flag is yes."""
    code = need.metric or ""
    fact = newest_metric(code, partner, site)
    name, unit = _named(code, brief.profile, fact)
    ask = f"What is the value of: {need.label}?"
    if fact is None:
        where = f"for {site.name}" if site else "for the partner"
        return Verdict(UNKNOWN, f"{name}: not recorded" if name else f"not recorded {where}", (), ask)
    facts = (fact.ref,)
    if need.quantity is not None:
        if fact.number is None:
            return Verdict(UNKNOWN, f"{name}: recorded without a number", facts, ask)
        met = fact.number <= need.quantity if need.at_most else fact.number >= need.quantity
        bound = f"at {'most' if need.at_most else 'least'} {amount(need.quantity, unit)}"
        return Verdict(PASS if met else FAIL, f"{name}: {amount(fact.number, unit)}, {bound} asked", facts)
    if fact.flag is None:
        return Verdict(UNKNOWN, f"{name}: recorded without a yes or no", facts, ask)
    return Verdict(PASS if fact.flag else FAIL, f"{name}: {'yes' if fact.flag else 'no'}", facts)


def country(need: Need, brief: Brief, partner: PartnerFacts, site: SiteFacts) -> Verdict:
    """The site lies in one of the countries asked for."""
    wanted = ", ".join(sorted(map(country_name, need.countries)))
    if not site.country:
        return Verdict(
            UNKNOWN, f"country of {site.name} not recorded", (), f"In which country is {site.name}?"
        )
    if site.country in need.countries:
        return Verdict(PASS, f"{site.name} is in {country_name(site.country)}", ())
    return Verdict(
        FAIL, f"{site.name} is in {country_name(site.country)}; asked for: {wanted}", (), mismatch=True
    )
