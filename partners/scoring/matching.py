"""Does a recorded fact concern a need? Yes, perhaps (something is not recorded), or no."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from .types import CapabilityFact, Need, SiteFacts, SlotFact, TrackRecordFact


class Match(IntEnum):
    NO = 0
    PERHAPS = 1
    YES = 2


def equal(wanted: str | None, recorded: str | None) -> Match:
    """PERHAPS when something is wanted but nothing recorded."""
    if wanted is None or wanted == recorded:
        return Match.YES
    return Match.PERHAPS if recorded is None else Match.NO


def service(need: Need, path: tuple[str, ...]) -> Match:
    """YES at or below the needed service, PERHAPS on a broader branch or when no service is recorded."""
    if need.service is None or need.service in path:
        return Match.YES
    if not path or path[-1] in need.service_path:
        return Match.PERHAPS
    return Match.NO


def capability(need: Need, cap: CapabilityFact) -> Match:
    """PERHAPS only for a broader branch: a property that is not recorded is judged by the rule itself."""
    properties = (
        equal(need.modality, cap.modality),
        equal(need.dosage_form, cap.dosage_form),
        equal(need.production_system, cap.production_system),
    )
    if Match.NO in properties:
        return Match.NO
    return service(need, cap.service_path or (cap.service,))


def track_record(need: Need, fact: TrackRecordFact) -> Match:
    if fact.kind != need.track_record_kind:
        return Match.NO
    return min(
        equal(need.modality, fact.modality),
        equal(need.agency, fact.agency),
        equal(need.dosage_form, fact.dosage_form),
        service(need, fact.service_path),
    )


def slot(need: Need, fact: SlotFact) -> bool:
    """A slot that names neither modality nor service is open to any."""
    return min(equal(need.modality, fact.modality), service(need, fact.service_path)) is not Match.NO


def capabilities(need: Need, site: SiteFacts) -> tuple[list[CapabilityFact], list[CapabilityFact]]:
    """The site's records at the needed service, and those on a broader branch only."""
    exact, broader = [], []
    for cap in site.capabilities:
        match = capability(need, cap)
        if match is Match.YES:
            exact.append(cap)
        elif match is Match.PERHAPS:
            broader.append(cap)
    return exact, broader


def count_range(facts: Iterable[tuple[Match, int | None]]) -> tuple[float, float]:
    """Least and most that matching counts can add up to.

    A record without a number stands for at least one; a record that may or may not concern the need adds to
    the upper end only.
    """
    low = high = 0.0
    for match, count in facts:
        if match is Match.YES:
            low += 1 if count is None else count
        if match is not Match.NO:
            high += float("inf") if count is None else count
    return low, high
