"""Every source that a partner's record rests on, with how much of it and of which days. No queries here."""

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from partners.enums import EvidenceLevel
from partners.models import Evidenced, Organisation, Source

PARTNER_FACTS = (
    *("type_facts", "structure_facts", "industry_facts", "owners", "aliases", "identifiers"),
    *("restrictions", "track_record", "metric_values", "documents"),
)
PRICE_FACTS = ("terms", "prices")
SITE_FACTS = (
    *("identifiers", "capabilities", "equipment", "certificates", "inspections", "audits", "actions", "slots"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class UsedSource:
    source: Source
    facts: int
    levels: tuple[EvidenceLevel, ...]  # strongest first
    first: datetime.date
    last: datetime.date


def sources_of(partner: Organisation, *, prices: bool) -> tuple[UsedSource, ...]:
    """The sources of a record that `selectors.partner_profile` read, those with most facts first."""
    by_source: dict[int, list[Evidenced]] = {}
    for fact in _facts(partner, prices):
        by_source.setdefault(fact.source_id, []).append(fact)
    used = [_used(facts) for facts in by_source.values()]
    return tuple(sorted(used, key=lambda u: (-u.facts, u.source.title)))


def _facts(partner: Organisation, prices: bool) -> Iterator[Evidenced]:
    yield partner
    for name in (*PARTNER_FACTS, *(PRICE_FACTS if prices else ())):
        yield from getattr(partner, name).all()
    for site in partner.facilities.all():
        yield site
        for name in SITE_FACTS:
            yield from getattr(site, name).all()


def _used(facts: Iterable[Evidenced]) -> UsedSource:
    facts = list(facts)
    levels = {EvidenceLevel(fact.evidence_level) for fact in facts}
    days = [fact.retrieved_on for fact in facts]
    return UsedSource(
        facts[0].source,
        len(facts),
        tuple(level for level in reversed(EvidenceLevel) if level in levels),
        min(days),
        max(days),
    )
