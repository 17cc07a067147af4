"""The partner-type advisor: which kind of organisation to look for, by stage and work, with the rule that says so.

The line between CMO, CDMO and CRO is not strict: matching is on services, and the advice names what to search by.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from partners.enums import Stage


@dataclass(frozen=True)
class Advice:
    """A type of organisation (code of the vocabulary), its name, and the rule that led to it."""

    code: str
    name: str
    rule: str


def advise(stage: int, work: Iterable[str]) -> list[Advice]:
    """One piece of advice per kind of work, in a fixed order; several may name several partners or one CRDMO."""
    wanted = set(work)
    late = stage >= Stage.REGISTRATION
    found = []
    if "discovery" in wanted:
        found.append(Advice("cro-discovery", "CRO, discovery", "Discovery work is research, without GMP."))
    if "preclinical" in wanted:
        found.append(Advice("cro-preclinical", "CRO, preclinical", "Toxicology for an IND or CTA needs GLP."))
    if "clinical" in wanted:
        found.append(
            Advice(
                "cro-clinical", "CRO, clinical", "Studies in people need GCP, monitoring and data management."
            )
        )
    if {"development", "manufacture"} <= wanted:
        found.append(
            Advice(
                "cdmo",
                "CDMO",
                "Development and manufacture together: one partner that does both avoids a transfer.",
            )
        )
    elif "development" in wanted:
        found.append(
            Advice(
                "cdmo",
                "CDMO",
                "Development leads to manufacture: ask for both, even when only the first is bought now.",
            )
        )
    elif "manufacture" in wanted and late:
        found.append(
            Advice(
                "cmo",
                "CMO",
                "From registration on the process is fixed: manufacture alone is what is bought.",
            )
        )
    elif "manufacture" in wanted:
        found.append(
            Advice(
                "cdmo",
                "CDMO",
                "Before registration the process still changes: manufacture alone is rarely enough.",
            )
        )
    if "testing" in wanted:
        found.append(
            Advice("ctl", "Contract testing laboratory", "Testing alone needs no manufacturing site.")
        )
    if {"discovery", "development"} <= wanted:
        found.append(
            Advice(
                "crdmo",
                "CRDMO (integrated)",
                "Research and development in one contract: an integrated partner is an option, not a must.",
            )
        )
    return found
