"""Gaps: codes of the scope that a quote does not price, and what stands in for them.

The median of the other quotes that quoted the code, period by period, in base currency; else the benchmark;
else nothing, and the code is unpriced.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal

from .lines import Cash, added_up, share_cash
from .precision import ZERO
from .types import PerYear, Programme, Quote, ShareOf, Source, State


@dataclass(frozen=True, slots=True)
class Plug:
    """What stands in for a gap, and where it comes from. An unpriced gap has an empty cash series of zeros."""

    source: Source
    cash: PerYear


def gaps_of(quote: Quote, scope: Iterable[str]) -> tuple[str, ...]:
    """The codes of the scope the quote says nothing about or says it does not quote."""
    return tuple(code for code in scope if quote.states.get(code, State.NOT_QUOTED) is State.NOT_QUOTED)


def plugs(programme: Programme, quoted: Sequence[tuple[Quote, Cash]]) -> dict[str, Plug]:
    """The plug for each code that is a gap in some quote.

    A quote with a gap has no amount for it, so "the other quotes that quoted it" are all that quoted it: one
    plug serves every quote. An amount that is itself a share of a gap was not fully quoted and does not count.
    """
    gaps = {quote.name: gaps_of(quote, programme.scope) for quote, _ in quoted}
    samples: dict[str, list[PerYear]] = {}
    for quote, cash in quoted:
        unsure = resting_on(quote, frozenset(gaps[quote.name]))
        for code, amounts in cash.items():
            if code not in unsure:
                samples.setdefault(code, []).append(amounts)
    wanted = sorted({code for codes in gaps.values() for code in codes})
    return {code: plug_for(code, samples.get(code, []), programme) for code in wanted}


def plug_for(code: str, samples: Sequence[PerYear], programme: Programme) -> Plug:
    if samples:
        return Plug(Source.MEDIAN, tuple(median(column) for column in zip(*samples, strict=True)))
    if code in programme.benchmarks:
        return Plug(Source.BENCHMARK, programme.benchmarks[code])
    return Plug(Source.UNPRICED, (ZERO,) * programme.periods)


def median(values: Iterable[Decimal]) -> Decimal:
    """The middle value, or the mean of the two in the middle."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def resting_on(quote: Quote, gaps: AbstractSet[str]) -> set[str]:
    """The quoted codes that are, directly or through others, a share of a gap."""
    resting: set[str] = set()
    for code, lines in quote.lines.items():
        bases = {line.quantity.code for line in lines if isinstance(line.quantity, ShareOf)}
        if bases & gaps or bases & resting:
            resting.add(code)
    return resting


def shares_of_plugs(quote: Quote, plugged: Mapping[str, PerYear]) -> Cash:
    """What a quote's shares of its own gaps come to: 10 % of a plugged line is plugged too, not free."""
    extra: Cash = {}
    for code, lines in quote.lines.items():
        parts = []
        for line in lines:
            if isinstance(line.quantity, ShareOf):
                base = plugged.get(line.quantity.code) or extra.get(line.quantity.code)
                parts += [share_cash(line, base)] if base else []
        if parts:
            extra[code] = added_up(parts)
    return extra
