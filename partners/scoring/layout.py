"""Which columns a catalogue's facts become, and how one partner is put together from them again."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol, TypeAlias

import numpy as np

from . import types as t

Numbers: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[Any]]

# How a field is stored: a code of a vocabulary or a list of codes, a text for readers, a number, a whole number,
# yes or no, a day.
CODE, LABEL, NUMBER, WHOLE, FLAG, DATE = "code", "label", "number", "whole", "flag", "date"
NO_NUMBER = math.nan
WHOLE_NONE = -32768  # stands for an unknown whole number
KINDS = {
    "str": CODE, "str | None": CODE, "tuple[str, ...]": CODE, "frozenset[str]": CODE, "float": NUMBER,
    "float | None": NUMBER, "int": WHOLE, "int | None": WHOLE, "bool": FLAG, "bool | None": FLAG, "dt.date": DATE,
    "dt.date | None": DATE,
}  # fmt: skip
FOR_READERS = {"list_name", "effect"}  # texts that no rule compares
LISTS = {"tuple[str, ...]": tuple, "frozenset[str]": frozenset}

REF = (
    ("kind", CODE), ("pk", WHOLE), ("label", LABEL), ("source", LABEL), ("as_of", DATE), ("evidence", CODE),
    ("site", LABEL), ("happened_on", DATE),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Structure:
    """A contract structure as a row."""

    ref: t.FactRef
    code: str


@dataclass(frozen=True, slots=True)
class Complete:
    """The statement that a site's list of capabilities is complete, as a row."""

    ref: t.FactRef


@dataclass(frozen=True, slots=True)
class Table:
    """One kind of fact: `rows` of a site or a partner."""

    name: str
    cls: type
    of_site: bool
    rows: Callable[[Any], Sequence[Any]]

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        return FIELDS[self.cls]

    def ref(self, row: Any) -> t.FactRef:
        found: t.FactRef = row.ref
        return found


def _fields(cls: type) -> tuple[tuple[str, str], ...]:
    return tuple(
        (f.name, LABEL if f.name in FOR_READERS else KINDS[str(f.type)])
        for f in fields(cls)
        if f.name != "ref"
    )


def _listed(cls: type) -> dict[str, type]:
    return {f.name: LISTS[str(f.type)] for f in fields(cls) if str(f.type) in LISTS}


def _of(name: str) -> Callable[[Any], Sequence[Any]]:
    return lambda owner: getattr(owner, name)


SITE_LISTS: dict[str, type] = {
    "capabilities": t.CapabilityFact,
    "certificates": t.CertificateFact,
    "inspections": t.InspectionFact,
    "actions": t.ActionFact,
    "slots": t.SlotFact,
    "track_record": t.TrackRecordFact,
    "metrics": t.MetricFact,
    "audits": t.AuditFact,
}
PARTNER_LISTS: dict[str, type] = {
    "track_record": t.TrackRecordFact,
    "metrics": t.MetricFact,
    "terms": t.TermsFact,
    "prices": t.PriceFact,
    "restrictions": t.RestrictionFact,
}
TABLES = (
    *(Table(f"site.{name}", cls, True, _of(name)) for name, cls in SITE_LISTS.items()),
    Table("site.complete", Complete, True, lambda s: [Complete(s.complete_list)] if s.complete_list else []),
    *(Table(f"partner.{name}", cls, False, _of(name)) for name, cls in PARTNER_LISTS.items()),
    Table(
        "partner.structures",
        Structure,
        False,
        lambda p: [Structure(r, c) for c, r in p.contract_structures.items()],
    ),
)
CLASSES = {table.cls for table in TABLES}
FIELDS = {cls: _fields(cls) for cls in CLASSES}
LISTED = {cls: _listed(cls) for cls in CLASSES}


def _columns() -> dict[str, str]:
    found = dict.fromkeys(("partner.id", "partner.slug", "partner.name", "partner.illustrative"), WHOLE)
    found |= dict.fromkeys(("partner.types", "partner.industries", "partner.restricted_lists"), WHOLE)
    found |= dict.fromkeys(("partner.sites", "site.id", "site.name", "site.city", "site.country"), WHOLE)
    found["site.order"] = WHOLE
    for table in TABLES:
        found[f"{table.name}.rows"] = WHOLE
        found |= {f"{table.name}.ref.{field}": kind for field, kind in REF}
        found |= {f"{table.name}.{field}": kind for field, kind in table.fields}
    return found


#: every column of a block, in order, with how it is stored
COLUMNS: dict[str, str] = _columns()
_UNSCORED = (".ref.kind", ".ref.label", ".ref.source", ".ref.evidence", ".ref.site", ".ref.happened_on")
#: the columns that screening reads
SCORED = frozenset(
    name
    for name, kind in COLUMNS.items()
    if not name.endswith(_UNSCORED)
    and kind != LABEL
    and name not in ("partner.id", "partner.slug", "partner.name", "site.id", "site.name", "site.city")
)
#: the columns that say how far each fact can be trusted, beside the day it was read
AGEING = frozenset(
    name for name in COLUMNS if name.endswith((".ref.kind", ".ref.evidence", ".ref.happened_on"))
)


class Texts(Protocol):
    @property
    def codes(self) -> list[str]: ...

    def text(self, number: int) -> str: ...


class Block(Protocol):
    def __getitem__(self, name: str) -> list[Any]: ...


def restored(texts: Texts, block: Block, i: int) -> t.PartnerFacts:
    """The i-th partner of a block."""
    sites = range(block["partner.sites.first"][i], block["partner.sites.first"][i + 1])
    mine: dict[str, Any] = {
        table.name.removeprefix("partner."): _rows(texts, block, table, i)
        for table in TABLES
        if not table.of_site
    }
    structures = mine.pop("structures")

    def codes(field: str) -> list[str]:
        found: list[str] = json.loads(texts.codes[block[f"partner.{field}"][i] - 1])
        return found

    return t.PartnerFacts(
        id=block["partner.id"][i],
        slug=texts.text(block["partner.slug"][i]),
        name=texts.text(block["partner.name"][i]),
        illustrative=bool(block["partner.illustrative"][i]),
        sites=tuple(_site(texts, block, s) for s in sites),
        types=frozenset(codes("types")),
        contract_structures={row.code: row.ref for row in structures},
        industries=frozenset(codes("industries")),
        restricted_lists=tuple(codes("restricted_lists")),
        **mine,
    )


def _site(texts: Texts, block: Block, s: int) -> t.SiteFacts:
    facts = {
        table.name.removeprefix("site."): _rows(texts, block, table, s) for table in TABLES if table.of_site
    }
    complete = facts.pop("complete")
    return t.SiteFacts(
        id=block["site.id"][s],
        name=texts.text(block["site.name"][s]),
        city=texts.text(block["site.city"][s]),
        country=texts.codes[block["site.country"][s] - 1],
        complete_list=complete[0].ref if complete else None,
        **facts,
    )


def _rows(texts: Texts, block: Block, table: Table, owner: int) -> tuple[Any, ...]:
    first = block[f"{table.name}.first"]
    return tuple(_row(texts, block, table, k) for k in range(first[owner], first[owner + 1]))


def _row(texts: Texts, block: Block, table: Table, k: int) -> Any:
    listed = LISTED[table.cls]
    values = {}
    for field, kind in table.fields:
        value = _value(texts, kind, block[f"{table.name}.{field}"][k])
        values[field] = listed[field](json.loads(value)) if field in listed else value
    return table.cls(ref=_ref(texts, block, table, k), **values)


def _ref(texts: Texts, block: Block, table: Table, k: int) -> t.FactRef:
    found = {field: _value(texts, kind, block[f"{table.name}.ref.{field}"][k]) for field, kind in REF}
    found["source"], found["url"] = json.loads(found["source"])
    return t.FactRef(**found)


def _value(texts: Texts, kind: str, stored: Any) -> Any:
    if kind == NUMBER:
        return None if math.isnan(stored) else stored
    if kind == CODE:
        return texts.codes[stored - 1] if stored else None
    if kind == LABEL:
        return texts.text(stored)
    if kind == DATE:
        return dt.date.fromordinal(stored) if stored else None
    if kind == FLAG:
        return None if stored < 0 else bool(stored)
    return None if stored == WHOLE_NONE else stored
