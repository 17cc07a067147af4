"""Reads the tables that browsing needs, of all partners or of some, each as one NumPy record array, through COPY in
binary."""

import datetime
import struct
from collections.abc import Collection
from io import BytesIO
from typing import Any

import numpy as np
from django.db import connection

#: kind of column → as COPY writes it, as it is kept, its type in SQL; k is a key
KINDS = {"k": (">i8", "i8", "bigint"), "i": (">i4", "i8", "int"), "f": (">f8", "f8", "float8")}
UNKNOWN = {"k": "-1", "i": "-1", "f": "'NaN'"}
HEADER, TRAILER = 19, 2  # bytes of PostgreSQL's COPY format; without extensions, as here

DAY = "({} - DATE '1970-01-01')"

# name → (columns with the kind of each: k key, i whole number, f number; FROM and what follows). NULL is -1, or NaN.
# {of:column} stands for a condition on the partner's id in that column, {at:column} for one on the site's, {valid:t.}
# for one that leaves facts of the table t out whose validity has ended.
TABLES: dict[str, tuple[dict[str, tuple[str, str]], str]] = {
    "partners": (
        {
            "id": ("k", "o.id"),
            "illustrative": ("i", "o.illustrative::int"),
            "retrieved": ("i", DAY.format("o.retrieved_on")),
            "terms_retrieved": (
                "i",
                "(SELECT max(retrieved_on) FROM partners_commercialterms c WHERE c.organisation_id = o.id"
                " AND {valid:c.})"
                " - DATE '1970-01-01'",
            ),
            "minimum": ("f", "t.minimum_project"),
            "currency": (
                "i",
                "ascii(t.currency) * 65536 + ascii(substr(t.currency, 2, 1)) * 256 + ascii(substr(t.currency, 3, 1))",
            ),
        },
        "partners_organisation o LEFT JOIN ("
        "  SELECT DISTINCT ON (organisation_id) organisation_id, minimum_project, currency"
        "  FROM partners_commercialterms WHERE minimum_project IS NOT NULL AND {of:organisation_id} AND {valid:}"
        "  ORDER BY organisation_id, retrieved_on DESC, id DESC"
        ") t ON t.organisation_id = o.id WHERE o.active AND {of:o.id} ORDER BY lower(o.name), o.id",
    ),
    "types": (
        {"owner": ("k", "organisation_id"), "value": ("i", "type_id")},
        "partners_organisationtypefact WHERE {of:organisation_id} AND {valid:}",
    ),
    "structures": (
        {"owner": ("k", "organisation_id"), "value": ("i", "structure_id")},
        "partners_contractstructurefact WHERE {of:organisation_id} AND {valid:}",
    ),
    "industries": (
        {"owner": ("k", "organisation_id"), "value": ("i", "industry_id")},
        "partners_industryfact WHERE {of:organisation_id} AND {valid:}",
    ),
    "sponsor_sizes": (
        {
            "owner": ("k", "v.organisation_id"),
            "value": (
                "i",
                "array_position(ARRAY['virtual', 'small', 'mid', 'large'], lower(v.text::text)) - 1",
            ),
        },
        "partners_metricvalue v JOIN partners_metric m ON m.id = v.metric_id"
        " WHERE m.code = 'client_size_focus' AND {of:v.organisation_id} AND {valid:v.}",
    ),
    "sites": (
        {
            "id": ("k", "id"),
            "owner": ("k", "organisation_id"),
            "country": ("i", "ascii(country) * 256 + ascii(substr(country, 2, 1))"),
            "active": ("i", "active::int"),
            "latitude": ("f", "latitude"),
            "longitude": ("f", "longitude"),
            "city": ("i", "hashtext(lower(city))"),
            "retrieved": ("i", DAY.format("retrieved_on")),
        },
        "partners_facility WHERE {of:organisation_id} ORDER BY id",
    ),
    "actions": (
        {"owner": ("k", "facility_id")},
        "partners_regulatoryaction WHERE closed_on IS NULL AND {at:facility_id} AND {valid:}",
    ),
    "inspections": (
        {"owner": ("k", "facility_id"), "ended": ("i", DAY.format("max(ended_on)"))},
        "partners_inspection WHERE {at:facility_id} AND {valid:} GROUP BY facility_id",
    ),
    "certificates": (
        {
            "owner": ("k", "facility_id"),
            "type": ("i", "type_id"),
            "issued": ("i", DAY.format("issued_on")),
            "expires": ("i", DAY.format("expires_on")),
            "retrieved": ("i", DAY.format("retrieved_on")),
        },
        "partners_certificate WHERE {at:facility_id} AND {valid:}",
    ),
    "slots": (
        {
            "owner": ("k", "facility_id"),
            "service": ("i", "service_id"),
            "modality": ("i", "modality_id"),
            "starts": ("i", DAY.format("starts_on")),
            "ends": ("i", DAY.format("ends_on")),
        },
        "partners_capacityslot WHERE status = 'open' AND {at:facility_id} AND {valid:}",
    ),
    "processes": (
        {
            "owner": ("k", "facility_id"),
            "modality": ("i", "modality_id"),
            "service": ("i", "service_id"),
            "dosage_form": ("i", "dosage_form_id"),
            "gmp": ("i", "CASE WHEN gmp THEN 0 WHEN NOT gmp THEN 1 ELSE 2 END"),
            "evidence": (
                "i",
                "array_position(ARRAY['self_declared', 'document_checked', 'public_register', 'audited'],"
                " evidence_level::text) - 1",
            ),
            "biosafety": ("i", "biosafety_level"),
            "scale_unit": ("i", "scale_unit_id"),
            "scale_low": ("f", "coalesce(scale_min, scale_max)"),
            "scale_high": ("f", "coalesce(scale_max, scale_min)"),
            "oel": ("f", "oel_ug_m3"),
            "retrieved": ("i", DAY.format("retrieved_on")),
        },
        "partners_capability WHERE {at:facility_id} AND {valid:}",
    ),
}


class _Only:
    """A condition that keeps rows of some partners; the column it is about stands behind the colon of a format."""

    def __init__(self, template: str, partners: Collection[int] | None):
        ids = ",".join(str(int(pk)) for pk in partners or ())
        self.template = "TRUE" if partners is None else template.replace("IDS", f"'{{{ids}}}'::bigint[]")

    def __format__(self, column: str) -> str:
        return self.template.replace("COLUMN", column)


OF_PARTNERS = "COLUMN = ANY (IDS)"
AT_SITES = "COLUMN IN (SELECT id FROM partners_facility WHERE organisation_id = ANY (IDS))"


class _Valid:
    """A condition that leaves out facts whose validity ended before a day; the format names their table."""

    def __init__(self, today: datetime.date):
        self.today = today

    def __format__(self, table: str) -> str:
        return f"({table}valid_until IS NULL OR {table}valid_until >= DATE '{self.today:%Y-%m-%d}')"


def sql_of(table: str, today: datetime.date, partners: Collection[int] | None = None) -> str:
    """The query of one of TABLES as of a day, for the rows of these partners only where they are given."""
    columns, source = TABLES[table]
    selected = ", ".join(
        f"coalesce(({sql})::{KINDS[kind][2]}, {UNKNOWN[kind]})" for kind, sql in columns.values()
    )
    valid = _Valid(today)
    limited = source.format(of=_Only(OF_PARTNERS, partners), at=_Only(AT_SITES, partners), valid=valid)
    return f"SELECT {selected.format(valid=valid)} FROM {limited}"  # noqa: S608  TABLES, and whole numbers


def read(table: str, today: datetime.date, partners: Collection[int] | None = None) -> Any:
    """One of TABLES as a record array with native numbers; of these partners only, when they are given. Facts whose
    validity ended before `today` are left out."""
    columns, _ = TABLES[table]
    buffer = BytesIO()
    with connection.cursor() as cursor:
        cursor.copy_expert(  # type: ignore[attr-defined]
            f"COPY ({sql_of(table, today, partners)}) TO STDOUT WITH (FORMAT binary)",
            buffer,
        )
    stored = np.dtype(
        [
            ("", ">i2"),
            *(part for name, (kind, _) in columns.items() for part in (("", ">i4"), (name, KINDS[kind][0]))),
        ]
    )
    data = buffer.getbuffer()
    (extension,) = struct.unpack_from(">i", data, HEADER - 4)
    if extension or (len(data) - HEADER - TRAILER) % stored.itemsize:
        raise ValueError(f"COPY of {table} has another layout than expected")
    rows = np.frombuffer(data[HEADER:-TRAILER], dtype=stored)
    native = np.empty(rows.shape, dtype=[(name, KINDS[kind][1]) for name, (kind, _) in columns.items()])
    for name in columns:
        native[name] = rows[name]
    return native
