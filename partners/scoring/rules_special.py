"""Rules for what special products ask of a site: dedicated facilities, DEA schedules, the market's own authority.

Each function takes (need, brief, partner, site) and returns a `Verdict` with one plain sentence. Nothing on record is
unknown, never no.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from .anchors import MARKET_PROOF, MarketProof
from .hazards import HAZARDS, dedication
from .matching import Match
from .places import WITH_ARTICLE, market_name
from .processes import judged_by_process
from .rules_record import judge_validity, latest_inspection
from .schedules import SCHEDULES
from .types import Brief, CapabilityFact, CertificateFact, Need, Outcome, PartnerFacts, SiteFacts
from .verdict import Remarks, Verdict, best
from .words import agency, day, ended, listing

PASS, FAIL, UNKNOWN, CONDITIONAL = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN, Outcome.CONDITIONAL
DEA = "dea"  # type of the certificate that names schedules


def dedicated(need: Need, brief: Brief, partner: PartnerFacts, site: SiteFacts) -> Verdict:
    """A process of the work asked for is kept apart for the hazard: a shared line fails, silence is unknown."""
    hazard = need.hazard or ""
    label = HAZARDS[hazard].label if hazard in HAZARDS else "the hazard"
    ask = f"Is there a facility dedicated to {label} at {site.name}?"

    def order(cap: CapabilityFact) -> tuple[Match, bool, int]:
        return dedication(cap.dedicated_for, hazard), bool(cap.dedicated_for), -cap.ref.pk

    def judge(caps: Sequence[CapabilityFact]) -> Verdict:
        cap = max(caps, key=order)
        said, stated, _ = order(cap)
        recorded = f"{cap.ref.label} at {site.name} is recorded as dedicated for “{cap.dedicated_for}”"
        if said is Match.YES:
            return Verdict(PASS, recorded, (cap.ref,))
        if said is Match.NO:
            return Verdict(FAIL, f"{recorded}, not for {label}", (cap.ref,))
        words = f"not recorded whether a facility at {site.name} is dedicated to {label}"
        if stated:
            words = f"{recorded}; whether that means {label} is not known"
        return Verdict(UNKNOWN, words, (cap.ref,), ask)

    return judged_by_process(need, brief, site, judge, ask)


def schedule(need: Need, brief: Brief, partner: PartnerFacts, site: SiteFacts) -> Verdict:
    """A DEA registration that names the schedule and is valid on the day needed."""
    wanted = need.schedule or ""
    ask = f"Is {site.name} registered with the DEA for schedule {wanted}, and until when?"
    held = [c for c in site.certificates if c.certificate_type == DEA]
    if not held:
        return Verdict(UNKNOWN, f"no DEA registration on record for {site.name}", (), ask)
    return best(_judge_schedule(need, brief, c, site, ask) for c in newest_first(held))


def newest_first(held: Iterable[CertificateFact]) -> list[CertificateFact]:
    """Certificates, the one that is valid longest first."""
    return sorted(held, key=lambda c: (c.expires_on or dt.date.min, c.ref.pk), reverse=True)


def _judge_schedule(need: Need, brief: Brief, cert: CertificateFact, site: SiteFacts, ask: str) -> Verdict:
    said = Remarks((cert.ref,))
    label, wanted = f"{cert.ref.label} of {site.name}", need.schedule or ""
    named = listing(s for s in SCHEDULES if s in cert.schedules)
    if not cert.schedules:
        said.add(UNKNOWN, f"the schedules of {label} are not recorded", ask)
    elif wanted not in cert.schedules:
        said.add(FAIL, f"{label} covers schedule {named}, schedule {wanted} needed")
    judge_validity(need, brief, cert, site, said)
    until = f", valid until {day(cert.expires_on)}" if cert.expires_on else ""
    return said.verdict(f"{label} covers schedule {named}{until}")


def proof_of(need: Need, brief: Brief) -> MarketProof | None:
    """What proves that the need's market accepts a site, for this kind of partner."""
    return MARKET_PROOF.get(brief.profile, MARKET_PROOF["drug"]).get(need.market or "")


def market(need: Need, brief: Brief, partner: PartnerFacts, site: SiteFacts) -> Verdict:
    """The best proof that the market's authority accepts the site: a certificate or a passed inspection.

    A mere registration is a condition; it counts for nothing where the authority's latest inspection ended with
    official action indicated.
    """
    place = market_name(need.market or "")
    the = "the " if need.market in WITH_ARTICLE else ""
    ask = f"What shows that the authority of {the}{place} accepts {site.name}?"
    proof = proof_of(need, brief)
    found = list(_proofs(need, brief, site, proof, ask)) if proof else []
    if not found:
        words = f"nothing on record shows that the authority of {the}{place} accepts {site.name}"
        return Verdict(UNKNOWN, words, (), ask)
    verdict = best(found)
    return replace(verdict, ask=verdict.ask or ("" if verdict.outcome in (PASS, FAIL) else ask))


def _proofs(need: Need, brief: Brief, site: SiteFacts, proof: MarketProof, ask: str) -> Iterator[Verdict]:
    """Certificates, then inspections, then registrations."""
    certificates = [c for c in site.certificates if c.certificate_type in proof.certificates]
    yield from (_valid(need, brief, c, site) for c in newest_first(certificates))
    refused = False
    for code in sorted(proof.agencies):
        latest = latest_inspection(site, brief.as_of, code)
        if latest is None or latest.ended_on is None:
            continue
        words = f"inspected by {agency(code)} on {day(latest.ended_on)} ({ended(latest.outcome)})"
        refused |= latest.outcome == "oai"
        outcome = {"nai": PASS, "vai": PASS, "oai": FAIL}.get(latest.outcome, UNKNOWN)
        yield Verdict(outcome, f"{site.name} was {words}", (latest.ref,), ask if outcome is UNKNOWN else "")
    if refused:
        return
    for cert in newest_first(c for c in site.certificates if c.certificate_type in proof.registrations):
        verdict = _valid(need, brief, cert, site)
        if verdict.outcome is PASS:
            words = f"{verdict.reason}: a registration, no inspection passed"
            verdict = Verdict(CONDITIONAL, words, verdict.facts, ask)
        yield verdict


def _valid(need: Need, brief: Brief, cert: CertificateFact, site: SiteFacts) -> Verdict:
    said = Remarks((cert.ref,))
    judge_validity(need, brief, cert, site, said)
    until = f", valid until {day(cert.expires_on)}" if cert.expires_on else ""
    return said.verdict(f"{cert.ref.label} of {site.name}{until}")
