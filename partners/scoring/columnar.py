"""A catalogue's facts as arrays: compact, on disk, mapped into memory and shared by the processes of a host.

A partner is stored in two halves. Its *shape* is everything that can move a number (values, dates, evidence, the
order of names and row ids), as bytes, equal shapes stored once and packed in blocks; its *names* are columns: ids,
labels, sources, sites. `facts(i)` puts both together again, equal to what went in. Numbers are worked out once per
shape, so partners that differ by their names only cost nothing more.
"""

from __future__ import annotations

import datetime as dt
import json
import marshal
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from . import types as t

Ids: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.int64]]
Numbers: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[Any]]

FORMAT = 1
BLOCK = 128  # shapes packed together
NO_SOURCE = '["", ""]'
MARSHAL = 2  # the version without references: equal values give equal bytes
FACTS = (
    t.CapabilityFact,
    t.CertificateFact,
    t.InspectionFact,
    t.ActionFact,
    t.SlotFact,
    t.TrackRecordFact,
    t.MetricFact,
    t.TermsFact,
    t.PriceFact,
    t.RestrictionFact,
)
SITE_LISTS = ("capabilities", "certificates", "inspections", "actions", "slots", "track_record", "metrics")
PARTNER_LISTS = ("track_record", "metrics", "terms", "prices", "restrictions")
ARRAYS = (
    "partner_id", "partner_text", "name_order", "shape", "first_site", "site_id", "site_text", "first_fact", "fact_pk",
    "fact_text", "block_start", "blocks", "text_start", "texts",
)  # fmt: skip


def _value_fields(cls: type) -> tuple[str, ...]:
    return tuple(f.name for f in fields(cls) if f.name != "ref")


VALUES = {cls: _value_fields(cls) for cls in FACTS}
KIND = {cls.__name__: cls for cls in FACTS}


def _packed(value: Any) -> Any:
    """A field's value as marshal stores it the same way every time."""
    if isinstance(value, dt.date):
        return ("d", value.toordinal())
    if isinstance(value, frozenset):
        return ("s", tuple(sorted(value)))
    return value


def _unpacked(value: Any) -> Any:
    if type(value) is tuple and len(value) == 2:
        if value[0] == "d" and isinstance(value[1], int):
            return dt.date.fromordinal(value[1])
        if value[0] == "s" and isinstance(value[1], tuple):
            return frozenset(value[1])
    return value


class _Texts:
    """Every text once; 0 is the empty one."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {"": 0}

    def __call__(self, text: str) -> int:
        return self.places.setdefault(text, len(self.places))


class Builder:
    """Takes partners one after the other and becomes arrays."""

    def __init__(self) -> None:
        self.text = _Texts()
        self.shapes: dict[bytes, int] = {}
        self.columns: dict[str, list[int]] = {name: [] for name in ARRAYS}
        self.names: list[tuple[str, int]] = []

    def add(self, partner: t.PartnerFacts) -> None:
        """Store one partner. Site names and row ids enter the shape by their order only."""
        c = self.columns
        c["partner_id"].append(partner.id)
        c["partner_text"] += [self.text(partner.slug), self.text(partner.name)]
        self.names.append((partner.name.casefold(), partner.id))
        c["first_site"].append(len(c["site_id"]))
        c["first_fact"].append(len(c["fact_pk"]))
        refs: list[t.FactRef] = []
        by_name = sorted(partner.sites, key=lambda s: (s.name.casefold(), s.id))
        order = {s.id: i for i, s in enumerate(by_name)}
        sites = []
        for site in partner.sites:
            c["site_id"].append(site.id)
            c["site_text"] += [self.text(site.name), self.text(site.city)]
            complete = self._ref(site.complete_list, refs) if site.complete_list else None
            lists = tuple(self._rows(getattr(site, name), refs) for name in SITE_LISTS)
            sites.append((order[site.id], site.country, complete, lists))
        structures = tuple((code, self._ref(ref, refs)) for code, ref in partner.contract_structures.items())
        own = tuple(self._rows(getattr(partner, name), refs) for name in PARTNER_LISTS)
        shape = marshal.dumps(
            (
                partner.illustrative,
                tuple(sites),
                tuple(sorted(partner.types)),
                structures,
                tuple(sorted(partner.industries)),
                own,
                partner.restricted_lists,
                _ranks([r.pk for r in refs]),
            ),
            MARSHAL,
        )
        c["shape"].append(self.shapes.setdefault(shape, len(self.shapes)))
        for ref in refs:
            c["fact_pk"].append(ref.pk)
            source = json.dumps([ref.source, ref.url], ensure_ascii=False)
            c["fact_text"] += [self.text(ref.label), self.text(source), self.text(ref.site)]

    def _ref(self, ref: t.FactRef, refs: list[t.FactRef]) -> tuple[Any, ...]:
        refs.append(ref)
        return (ref.kind, _packed(ref.as_of), ref.evidence, _packed(ref.happened_on))

    def _rows(self, rows: Sequence[Any], refs: list[t.FactRef]) -> tuple[Any, ...]:
        return tuple(
            (
                type(row).__name__,
                self._ref(row.ref, refs),
                tuple(_packed(getattr(row, n)) for n in VALUES[type(row)]),
            )
            for row in rows
        )

    def arrays(self) -> dict[str, Numbers]:
        """The finished columns, in the smallest whole numbers that hold them."""
        c = self.columns
        c["first_site"].append(len(c["site_id"]))
        c["first_fact"].append(len(c["fact_pk"]))
        c["name_order"] = [0] * len(self.names)
        for place, i in enumerate(sorted(range(len(self.names)), key=self.names.__getitem__)):
            c["name_order"][i] = place
        packed = [
            zlib.compress(marshal.dumps(shapes, MARSHAL), 6) for shapes in _chunks(list(self.shapes), BLOCK)
        ]
        texts = [text.encode() for text in self.text.places]
        result = {
            name: _small(values) for name, values in c.items() if values or name not in ("blocks", "texts")
        }
        result["block_start"] = _small(np.cumsum([0, *map(len, packed)]).tolist())
        result["blocks"] = np.frombuffer(b"".join(packed), dtype=np.uint8)
        result["text_start"] = _small(np.cumsum([0, *map(len, texts)]).tolist())
        result["texts"] = np.frombuffer(b"".join(texts), dtype=np.uint8)
        return result


def _ranks(pks: Sequence[int]) -> tuple[int, ...]:
    """Each row id by its place among the partner's: ties are broken by ids, so their order belongs to the shape."""
    place = {pk: i for i, pk in enumerate(sorted(set(pks)))}
    return tuple(place[pk] for pk in pks)


def _chunks(items: list[bytes], size: int) -> Iterator[list[bytes]]:
    for begin in range(0, len(items), size):
        yield items[begin : begin + size]


def _small(values: Sequence[int]) -> Numbers:
    array = np.asarray(values, dtype=np.int64)
    if array.size and array.min() >= 0 and array.max() < 2**32:
        return array.astype(np.uint32)
    return array


class Catalogue:
    """A built snapshot. Safe to share between processes: nothing is written after `save`."""

    def __init__(self, arrays: dict[str, Numbers]) -> None:
        self.arrays = arrays
        self._block = lru_cache(maxsize=64)(self._read_block)

    def __reduce__(self) -> tuple[Any, ...]:
        return Catalogue, (self.arrays,)

    @classmethod
    def build(cls, partners: Iterable[t.PartnerFacts]) -> Catalogue:
        """From facts, one after the other: they may come from a generator."""
        builder = Builder()
        for partner in partners:
            builder.add(partner)
        return cls(builder.arrays())

    def save(self, directory: Path) -> None:
        """Write one .npy file per column."""
        directory.mkdir(parents=True, exist_ok=True)
        for name in ARRAYS:
            np.save(directory / f"{name}.npy", self.arrays[name])

    @classmethod
    def load(cls, directory: Path) -> Catalogue:
        """Map the columns into memory: the pages are shared by every process of the host."""
        return cls({name: np.load(directory / f"{name}.npy", mmap_mode="r") for name in ARRAYS})

    def __len__(self) -> int:
        return len(self.arrays["partner_id"])

    @property
    def sites(self) -> int:
        return len(self.arrays["site_id"])

    @property
    def shapes(self) -> int:
        """How many partners differ by more than their names."""
        return int(self.arrays["shape"].max()) + 1 if len(self) else 0

    @property
    def nbytes(self) -> int:
        """Bytes of all columns."""
        return sum(int(a.nbytes) for a in self.arrays.values())

    def name(self, i: int) -> str:
        return self._text(int(self.arrays["partner_text"][2 * i + 1]))

    def facts(self, i: int) -> t.PartnerFacts:
        """The i-th partner as it was put in."""
        a = self.arrays
        first, last = int(a["first_fact"][i]), int(a["first_fact"][i + 1])
        text, pks, words = self._text, a["fact_pk"], a["fact_text"]
        refs = [
            (int(pks[k]), text(int(words[3 * k])), text(int(words[3 * k + 1])), text(int(words[3 * k + 2])))
            for k in range(first, last)
        ]
        places, ids = a["site_text"], a["site_id"]
        sites = range(int(a["first_site"][i]), int(a["first_site"][i + 1]))
        return _partner(
            self._shape(int(a["shape"][i])),
            int(a["partner_id"][i]),
            self._text(int(a["partner_text"][2 * i])),
            self.name(i),
            [(int(ids[s]), text(int(places[2 * s])), text(int(places[2 * s + 1]))) for s in sites],
            refs,
        )

    def __iter__(self) -> Iterator[t.PartnerFacts]:
        return (self.facts(i) for i in range(len(self)))

    def shape_facts(self, shape: int) -> t.PartnerFacts:
        """A partner of that shape under made-up names that keep the order of the real ones."""
        stored = self._shape(shape)
        ranks = stored[7]
        sites = [(order + 1, f"{order:06d}", "") for order, *_ in stored[1]]
        return _partner(
            stored, shape, str(shape), str(shape), sites, [(pk + 1, "", NO_SOURCE, "") for pk in ranks]
        )

    def _shape(self, shape: int) -> Any:
        return marshal.loads(self._block(shape // BLOCK)[shape % BLOCK])  # noqa: S302  written by `save`

    def _read_block(self, number: int) -> list[bytes]:
        start = self.arrays["block_start"]
        data = self.arrays["blocks"][int(start[number]) : int(start[number + 1])].tobytes()
        found: list[bytes] = marshal.loads(zlib.decompress(data))  # noqa: S302
        return found

    def _text(self, place: int) -> str:
        start = self.arrays["text_start"]
        return self.arrays["texts"][int(start[place]) : int(start[place + 1])].tobytes().decode()


def _partner(
    stored: Any,
    pk: int,
    slug: str,
    name: str,
    sites: Sequence[tuple[int, str, str]],
    refs: Sequence[tuple[int, str, str, str]],
) -> t.PartnerFacts:
    illustrative, site_rows, types, structures, industries, own, lists, _ = stored
    queue = iter(refs)

    def ref(row: Any) -> t.FactRef:
        kind, as_of, evidence, happened = row
        number, label, source, site = next(queue)
        title, url = json.loads(source)
        return t.FactRef(
            kind, number, label, title, _unpacked(as_of), evidence, site, url, _unpacked(happened)
        )

    def rows(stored_rows: Any) -> tuple[Any, ...]:
        return tuple(
            KIND[kind](ref(head), **dict(zip(VALUES[KIND[kind]], map(_unpacked, values), strict=True)))
            for kind, head, values in stored_rows
        )

    made = []
    for (site_id, site_name, city), (_, country, complete, row_lists) in zip(sites, site_rows, strict=True):
        listed = ref(complete) if complete is not None else None
        facts = {key: rows(value) for key, value in zip(SITE_LISTS, row_lists, strict=True)}
        made.append(t.SiteFacts(site_id, site_name, city, country, listed, **facts))
    contract = {code: ref(row) for code, row in structures}
    mine = {key: rows(value) for key, value in zip(PARTNER_LISTS, own, strict=True)}
    return t.PartnerFacts(
        id=pk,
        slug=slug,
        name=name,
        illustrative=illustrative,
        sites=tuple(made),
        types=frozenset(types),
        contract_structures=contract,
        industries=frozenset(industries),
        restricted_lists=lists,
        **mine,
    )
