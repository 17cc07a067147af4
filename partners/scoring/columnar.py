"""A catalogue's facts as columns: compact, on disk, mapped into memory and shared by the processes of a host.

Partners are stored in blocks of some hundreds. A block holds one column per field of every kind of fact (values,
dates, evidence, names), each in the smallest whole numbers that hold it and all packed together; codes and texts are
kept once. Screening reads the columns of many blocks at a time (`columns`); `facts(i)` puts one partner together
again, equal to what went in.
"""

from __future__ import annotations

import json
import marshal
import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from . import types as t
from .layout import (
    AGEING,
    CODE,
    COLUMNS,
    DATE,
    FLAG,
    LABEL,
    NO_NUMBER,
    NUMBER,
    REF,
    SCORED,
    TABLES,
    WHOLE_NONE,
    Numbers,
    Table,
    restored,
)

FORMAT = 4
BLOCK = 256  # partners packed together
TEXTS = 256  # texts packed together
ARRAYS = ("partner_id", "name_order", "sites", "block_start", "blocks", "codes", "text_start", "texts")


class _Texts:
    """Every text once; 0 stands for none."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}

    def __call__(self, text: str) -> int:
        return self.places.setdefault(text, len(self.places) + 1)


class Builder:
    """Takes partners one after the other and becomes arrays."""

    def __init__(self) -> None:
        self.code, self.label = _Texts(), _Texts()
        self.ids: list[int] = []
        self.names: list[tuple[str, int]] = []
        self.sites = 0
        self.block: dict[str, list[Any]] = {name: [] for name in COLUMNS}
        self.packed: list[bytes] = []

    def add(self, partner: t.PartnerFacts) -> None:
        b, code, label = self.block, self.code, self.label
        self.ids.append(partner.id)
        self.names.append((partner.name.casefold(), partner.id))
        b["partner.id"].append(partner.id)
        b["partner.slug"].append(label(partner.slug))
        b["partner.name"].append(label(partner.name))
        b["partner.illustrative"].append(int(partner.illustrative))
        for field in ("types", "industries"):
            b[f"partner.{field}"].append(code(_json(sorted(getattr(partner, field)))))
        b["partner.restricted_lists"].append(code(_json(list(partner.restricted_lists))))
        b["partner.sites"].append(len(partner.sites))
        by_name = sorted(partner.sites, key=lambda s: (s.name.casefold(), s.id))
        order = {s.id: i for i, s in enumerate(by_name)}
        for site in partner.sites:
            b["site.id"].append(site.id)
            b["site.name"].append(label(site.name))
            b["site.city"].append(label(site.city))
            b["site.country"].append(code(site.country))
            b["site.order"].append(order[site.id])
        self.sites += len(partner.sites)
        for table in TABLES:
            for owner in partner.sites if table.of_site else (partner,):
                self._rows(table, table.rows(owner))
        if len(b["partner.id"]) == BLOCK:
            self._pack()

    def _rows(self, table: Table, rows: Sequence[Any]) -> None:
        b, name = self.block, table.name
        b[f"{name}.rows"].append(len(rows))
        for row in rows:
            ref = table.ref(row)
            for field, kind in REF:
                b[f"{name}.ref.{field}"].append(self._stored(kind, _ref_value(ref, field)))
            for field, kind in table.fields:
                b[f"{name}.{field}"].append(self._stored(kind, getattr(row, field)))

    def _stored(self, kind: str, value: Any) -> Any:
        if kind == NUMBER:
            return NO_NUMBER if value is None else value
        if value is None:
            return {CODE: 0, LABEL: 0, DATE: 0, FLAG: -1}.get(kind, WHOLE_NONE)
        if kind == DATE:
            return value.toordinal()
        if kind == CODE:
            return self.code(value if isinstance(value, str) else _json(_plain(value)))
        return self.label(value) if kind == LABEL else int(value)

    def _pack(self) -> None:
        columns = [_packed(name, values) for name, values in self.block.items()]
        self.packed.append(zlib.compress(marshal.dumps(columns, 2), 6))
        for values in self.block.values():
            values.clear()

    def arrays(self) -> dict[str, Numbers]:
        """The finished columns."""
        if self.block["partner.id"]:
            self._pack()
        order = np.empty(len(self.names), dtype=np.int64)
        order[sorted(range(len(self.names)), key=self.names.__getitem__)] = np.arange(len(self.names))
        texts = [zlib.compress(marshal.dumps(part, 2), 6) for part in _chunks(list(self.label.places), TEXTS)]
        return {
            "partner_id": _small(np.asarray(self.ids, dtype=np.int64)),
            "name_order": _small(order),
            "sites": np.array([self.sites]),
            "block_start": _starts(self.packed),
            "blocks": np.frombuffer(b"".join(self.packed), dtype=np.uint8),
            "codes": np.frombuffer(zlib.compress(marshal.dumps(list(self.code.places), 2)), dtype=np.uint8),
            "text_start": _starts(texts),
            "texts": np.frombuffer(b"".join(texts), dtype=np.uint8),
        }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _plain(value: Any) -> list[str]:
    return sorted(value) if isinstance(value, frozenset) else list(value)


def _ref_value(ref: t.FactRef, field: str) -> Any:
    return _json([ref.source, ref.url]) if field == "source" else getattr(ref, field)


def _chunks(items: list[str], size: int) -> Iterator[list[str]]:
    for begin in range(0, len(items), size):
        yield items[begin : begin + size]


def _starts(parts: Sequence[bytes]) -> Numbers:
    return np.cumsum([0, *map(len, parts)], dtype=np.int64)


def _small(array: Numbers) -> Numbers:
    if not array.size:
        return array.astype(np.uint8)
    low, high = int(array.min()), int(array.max())
    for kind in (np.uint8, np.uint16, np.uint32) if low >= 0 else (np.int8, np.int16, np.int32):
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return array.astype(kind)
    return array


def _packed(name: str, values: list[Any]) -> tuple[str, bytes]:
    """A column's type and its bytes, first bytes first: alike ones lie together and pack better."""
    if COLUMNS[name] == NUMBER:
        array: Numbers = np.asarray(values, dtype=np.float64)
    else:
        array = np.asarray(values, dtype=np.int64)
        if name.endswith(".pk"):
            array = np.diff(array, prepend=0)
        array = _small(array)
    width = array.dtype.itemsize
    return array.dtype.str, array.view(np.uint8).reshape(-1, width).T.tobytes()


def _unpacked(name: str, dtype: str, data: bytes) -> Numbers:
    kind = np.dtype(dtype)
    array = np.frombuffer(data, dtype=np.uint8).reshape(kind.itemsize, -1).T
    column: Numbers = np.ascontiguousarray(array).view(kind).reshape(-1)
    if COLUMNS[name] == NUMBER:
        return column
    column = column.astype(np.int64)
    return np.cumsum(column) if name.endswith(".pk") else column


class _Block:
    """A block's columns as plain lists, each unpacked when it is first asked for; `….first` are rows' starts."""

    def __init__(self, packed: dict[str, tuple[str, bytes]]) -> None:
        self.packed = packed
        self.lists: dict[str, list[Any]] = {}

    def __getitem__(self, name: str) -> list[Any]:
        if name not in self.lists:
            self.lists[name] = self._list(name)
        return self.lists[name]

    def _list(self, name: str) -> list[Any]:
        if name.endswith(".first"):
            counted = name.removesuffix(".first")
            counts = self["partner.sites" if counted == "partner.sites" else f"{counted}.rows"]
            return [0, *accumulate(counts)]
        found: list[Any] = _unpacked(name, *self.packed[name]).tolist()
        return found


class Catalogue:
    """A built snapshot. Safe to share between processes: nothing is written after `save`."""

    def __init__(self, arrays: dict[str, Numbers]) -> None:
        self.arrays = arrays
        self._block = lru_cache(maxsize=16)(self._read_block)
        self._texts = lru_cache(maxsize=256)(self._read_texts)
        self._codes: list[str] | None = None

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
        return int(self.arrays["sites"][0])

    @property
    def nbytes(self) -> int:
        """Bytes of all columns."""
        return sum(int(a.nbytes) for a in self.arrays.values())

    @property
    def codes(self) -> list[str]:
        """Every code of a vocabulary (and list of codes, as JSON); the column's number less one is its place."""
        if self._codes is None:
            self._codes = marshal.loads(zlib.decompress(self.arrays["codes"].tobytes()))  # noqa: S302  written by `save`
        return self._codes

    def text(self, number: int) -> str:
        return self._texts((number - 1) // TEXTS)[(number - 1) % TEXTS] if number else ""

    def facts(self, i: int) -> t.PartnerFacts:
        """The i-th partner as it was put in."""
        return restored(self, self._block(i // BLOCK), i % BLOCK)

    def __iter__(self) -> Iterator[t.PartnerFacts]:
        return (self.facts(i) for i in range(len(self)))

    def places(self, partner_ids: Iterable[int]) -> list[int]:
        """Where some partners stand; those that are not in the catalogue are left out."""
        found: list[int] = np.flatnonzero(np.isin(self.arrays["partner_id"], list(partner_ids))).tolist()
        return found

    @property
    def blocks(self) -> int:
        return len(self.arrays["block_start"]) - 1

    def columns(self, first: int, last: int, *, aged: bool = False) -> dict[str, Numbers]:
        """The columns that screening reads, of the blocks `first` … `last` - 1 one after the other.

        `aged` adds what says how far each fact can be trusted.
        """
        parts: dict[str, list[Numbers]] = {name: [] for name in (SCORED | AGEING if aged else SCORED)}
        for number in range(first, last):
            for name, (dtype, data) in zip(COLUMNS, self._columns_of(number), strict=True):
                if name in parts:
                    parts[name].append(_unpacked(name, dtype, data))
        return {name: np.concatenate(part) for name, part in parts.items()}

    def _columns_of(self, number: int) -> list[tuple[str, bytes]]:
        start = self.arrays["block_start"]
        data = self.arrays["blocks"][int(start[number]) : int(start[number + 1])].tobytes()
        found: list[tuple[str, bytes]] = marshal.loads(zlib.decompress(data))  # noqa: S302
        return found

    def _read_block(self, number: int) -> _Block:
        return _Block(dict(zip(COLUMNS, self._columns_of(number), strict=True)))

    def _read_texts(self, number: int) -> list[str]:
        start = self.arrays["text_start"]
        data = self.arrays["texts"][int(start[number]) : int(start[number + 1])].tobytes()
        found: list[str] = marshal.loads(zlib.decompress(data))  # noqa: S302
        return found
