"""Rules about sponsor and partner: a non-disclosure agreement, conflicts of interest.

They read what the sponsor has recorded for itself; until somebody has asked, the answer is unknown.
"""

from __future__ import annotations

from .types import Brief, ConflictFact, NdaFact, Need, Outcome, PartnerFacts
from .verdict import Verdict
from .words import day

PASS, FAIL, UNKNOWN, CONDITIONAL = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN, Outcome.CONDITIONAL


def nda(need: Need, brief: Brief, partner: PartnerFacts) -> Verdict:
    """An NDA is in force. Sent, negotiated, lapsed or ended is a condition; declined fails."""
    ask = f"Will {partner.name} sign a non-disclosure agreement with us?"
    if partner.nda is None or partner.nda.status == "none":
        facts = (partner.nda.ref,) if partner.nda else ()
        return Verdict(UNKNOWN, f"no NDA with {partner.name} is recorded", facts, ask)
    fact, facts = partner.nda, (partner.nda.ref,)
    on = f" on {day(fact.on)}" if fact.on else ""
    if fact.status == "signed" and fact.until is not None and fact.until < brief.as_of:
        words = f"the NDA signed{on} ended on {day(fact.until)}"
        return Verdict(CONDITIONAL, words, facts, f"Will {partner.name} renew the non-disclosure agreement?")
    if fact.status == "signed":
        return Verdict(PASS, f"NDA signed{on}{_until(fact)}", facts)
    if fact.status == "declined":
        return Verdict(FAIL, f"{partner.name} declined the NDA{on}", facts)
    if fact.status == "ended":
        return Verdict(CONDITIONAL, f"the NDA ended{on}: a new one is needed", facts, ask)
    stands = f"was sent{on}" if fact.status == "sent" else "is in negotiation"
    return Verdict(CONDITIONAL, f"the NDA {stands} and is not signed yet", facts, ask)


def _until(fact: NdaFact) -> str:
    return f", in force until {day(fact.until)}" if fact.until else ""


def conflict(need: Need, brief: Brief, partner: PartnerFacts) -> Verdict:
    """No competing product and no other conflict of interest for this project, as somebody recorded after asking."""
    fact = partner.conflict
    if fact is None:
        return Verdict(
            UNKNOWN,
            f"nobody has recorded whether {partner.name} has a competing product or another conflict of interest",
            (),
            f"Does {partner.name} make or develop a product that competes with ours, or is there another conflict "
            "of interest?",
        )
    said, facts = _said(fact), (fact.ref,)
    if fact.answer == "none":
        return Verdict(PASS, f"no competing product and no other conflict of interest{said}", facts)
    if fact.answer == "safeguards":
        return Verdict(CONDITIONAL, f"a conflict of interest with safeguards{said}", facts)
    return Verdict(FAIL, f"a competing product or another conflict of interest{said}", facts)


def _said(fact: ConflictFact) -> str:
    note = f": {fact.note.rstrip('.')}" if fact.note else ""
    return f"{note} (asked on {day(fact.on)}, recorded by {fact.by})"


__all__ = ["conflict", "nda"]
