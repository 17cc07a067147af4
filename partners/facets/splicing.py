"""Columns with some partners replaced, without reading or sorting the others again.

Everything is sorted by partner, so that the new columns are stretches of the old ones with the changed partners'
stretches in between: copying them costs a few hundredths of a second for a million rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from partners.facets.columns import CertificateRows, Columns, Ints, Pairs


@dataclass(frozen=True, slots=True)
class Stretch:
    """Places `start` to `end` (exclusive) of the old columns, or of the `fresh` ones, which go to `at` and after."""

    fresh: bool
    start: int
    end: int
    at: int


def splice(old: Columns, fresh: Columns, changed: Ints, follows: Mapping[int, int | None]) -> Columns:
    """`old` with everything of the partners `changed` (ids) replaced by what `fresh` holds of them.

    `fresh` holds those of them that are still active, in the order of their names, with the same terms. `follows`
    says for each of these which unchanged partner stands before it, None for the first place. Raises KeyError when
    the old columns do not know that one.
    """
    partners = _partner_stretches(old, fresh, changed, follows)
    sites = _below(partners, old.site_partner, fresh.site_partner)
    rows = _below(sites, old.row_site, fresh.row_site)

    def of_partners(name: str) -> Any:
        return _joined(partners, getattr(old, name), getattr(fresh, name))

    def of_sites(name: str) -> Any:
        return _joined(sites, getattr(old, name), getattr(fresh, name))

    def of_rows(name: str) -> Any:
        return _joined(rows, getattr(old, name), getattr(fresh, name))

    def pairs(name: str) -> Pairs:
        before, after = getattr(old, name), getattr(fresh, name)
        facts = _below(partners, before.owner, after.owner)
        return Pairs(
            _moved(partners, facts, before.owner, after.owner), _joined(facts, before.value, after.value)
        )

    held = _below(sites, old.certificates.site, fresh.certificates.site)
    certificates = CertificateRows(
        _moved(sites, held, old.certificates.site, fresh.certificates.site),
        *(
            _joined(held, getattr(old.certificates, name), getattr(fresh.certificates, name))
            for name in ("type", "issued", "expires")
        ),
    )
    return Columns(
        terms=old.terms,
        **{name: of_partners(name) for name in PARTNER_COLUMNS},
        **{name: pairs(name) for name in PAIRS},
        **{name: of_sites(name) for name in SITE_COLUMNS},
        site_partner=_moved(partners, sites, old.site_partner, fresh.site_partner),
        certificates=certificates,
        **{name: of_rows(name) for name in ROW_COLUMNS},
        row_site=_moved(sites, rows, old.row_site, fresh.row_site),
    )


PARTNER_COLUMNS = ("partner_id", "illustrative", "checked", "site_count", "minimum", "currency")
PAIRS = ("types", "structures", "industries", "sponsor_sizes")
SITE_COLUMNS = ("site_id", "country", "open_action", "inspected", "latitude", "longitude", "city")
ROW_COLUMNS = (
    *("modality", "service", "dosage_form", "gmp", "evidence", "biosafety", "scale_unit"),
    *("scale_low", "scale_high", "oel", "earliest"),
)


def _partner_stretches(
    old: Columns, fresh: Columns, changed: Ints, follows: Mapping[int, int | None]
) -> list[Stretch]:
    size = old.partner_id.size
    kept = np.delete(np.arange(size), old.partner_places(changed))
    before = [follows[pk] for pk in fresh.partner_id.tolist()]
    known = old.partner_places([pk for pk in before if pk is not None])
    if known.size != sum(pk is not None for pk in before):
        raise KeyError("a partner that stands before a changed one is not known")
    places = iter(known.tolist())
    after = np.array([-1 if pk is None else next(places) for pk in before], dtype=np.int64)
    at = np.searchsorted(kept, after, side="right")  # `after` never falls: fresh partners are sorted by name
    stretches: list[Stretch] = []
    for number, source in enumerate(np.split(kept, at)):
        for start, end in _runs(source):
            _add(stretches, False, start, end)
        if number < at.size:
            _add(stretches, True, number, number + 1)
    return stretches


def _runs(places: Ints) -> list[tuple[int, int]]:
    """Rising places as (first, last + 1) of those that follow each other without a gap."""
    if not places.size:
        return []
    breaks = np.flatnonzero(np.diff(places) != 1)
    starts = places[np.concatenate([[0], breaks + 1])]
    ends = places[np.concatenate([breaks, [places.size - 1]])] + 1
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def _add(stretches: list[Stretch], fresh: bool, start: int, end: int) -> None:
    at = stretches[-1].at + stretches[-1].end - stretches[-1].start if stretches else 0
    stretches.append(Stretch(fresh, start, end, at))


def _below(stretches: list[Stretch], old_owner: Ints, fresh_owner: Ints) -> list[Stretch]:
    """The stretches of what belongs to the owners, which are sorted."""
    found: list[Stretch] = []
    for stretch in stretches:
        owner = fresh_owner if stretch.fresh else old_owner
        start, end = np.searchsorted(owner, [stretch.start, stretch.end]).tolist()
        _add(found, stretch.fresh, start, end)
    return found


def _joined(stretches: list[Stretch], old: Any, fresh: Any) -> Any:
    pieces = [(fresh if s.fresh else old)[s.start : s.end] for s in stretches]
    return np.concatenate(pieces) if pieces else old[:0]


def _moved(owners: list[Stretch], owned: list[Stretch], old: Ints, fresh: Ints) -> Ints:
    """Places of owners, as they are after the owners' stretches have been put together."""
    pieces = [
        (fresh if own.fresh else old)[own.start : own.end] + (of.at - of.start)
        for of, own in zip(owners, owned, strict=True)
    ]
    return np.concatenate(pieces) if pieces else old[:0]
