"""A catalogue as plain values, and what a search of it must find, by looping over everything. Slow and obvious."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field
from decimal import Decimal

from django.utils import timezone

from partners import exchange
from partners.facets.criteria import months_before
from partners.facets.regions import region_of

MODALITIES = ("t-aav", "t-mab", "t-rna")
SERVICES = {"t-substance": "", "t-vector": "t-substance", "t-mammalian": "t-substance", "t-fill": ""}
FORMS = ("t-vial", "t-tablet")
UNITS = ("t-litre", "t-kilo")
CERTIFICATES = ("t-gmp", "t-iso")
COUNTRIES = ("CH", "DE", "FR", "US")
TYPES = ("t-cmo", "t-cro")
STRUCTURES = ("t-toll", "t-turnkey")
INDUSTRIES = ("t-pharma", "t-device")
SIZES = ("virtual", "small", "mid", "large")
LEVELS = ("self_declared", "document_checked", "public_register", "audited")
CURRENCIES = ("USD", "EUR", "XTS")  # the last one has no rate
FLAGS = ("preferred", "blocked")
TAGS = ("audited by us", "second source")

ROW = ("modality", "service", "dosage_form", "scale", "gmp", "oel", "bsl", "slot_by", "evidence")
SITE = ("country", "certificate", "actions", "inspected")


@dataclass
class Row:
    modality: str | None
    service: str | None
    form: str | None = None
    unit: str | None = None
    low: int | None = None
    high: int | None = None
    gmp: bool | None = None
    oel: Decimal | None = None
    bsl: int | None = None
    evidence: str | None = None
    bare: bool = False  # stands for a site of which no process is known


@dataclass
class Slot:
    starts: dt.date
    ends: dt.date | None
    status: str
    modality: str | None
    service: str | None


@dataclass
class Site:
    name: str
    country: str
    active: bool
    rows: list[Row]
    certificates: list[tuple[str, dt.date | None, dt.date | None]]
    slots: list[Slot]
    open_action: bool
    closed_action: bool
    inspected: dt.date | None


@dataclass
class Partner:
    name: str
    illustrative: bool
    retrieved: dt.date
    types: list[str]
    structures: list[str]
    industries: list[str]
    size: str | None
    minimum: tuple[Decimal, str] | None
    flag: str
    tags: list[str]
    nda: tuple[str, dt.date | None]
    sites: list[Site] = field(default_factory=list)


def draw(seed: int, partners: int = 30) -> list[Partner]:
    """A catalogue at random; the same seed draws the same one."""
    r, today = random.Random(seed), timezone.localdate()  # noqa: S311

    def day(first: int, last: int) -> dt.date:
        return today + dt.timedelta(days=r.randint(first, last))

    def maybe(values, share=0.7):
        return r.choice(values) if r.random() < share else None

    def some(values):
        return [value for value in values if r.random() < 0.5]

    def row() -> Row:
        low, high = sorted(r.sample((1, 50, 200, 500, 2000), 2))
        unit = maybe(UNITS)
        ends = r.choice(((low, high), (None, high), (low, None), (None, None))) if unit else (None, None)
        return Row(
            maybe(MODALITIES), r.choice(list(SERVICES)), maybe(FORMS), unit, *ends, r.choice((True, False, None)),
            maybe((Decimal("0.05"), Decimal(1), Decimal(10)), 0.5), maybe((1, 2, 3), 0.5), r.choice(LEVELS),
        )  # fmt: skip

    def site(name: str) -> Site:
        return Site(
            name=name,
            country=r.choice(COUNTRIES),
            active=r.random() < 0.85,
            rows=[row() for _ in range(r.randint(0, 3))],
            certificates=[
                (kind, maybe((day(-900, -1), day(1, 90))), maybe((day(0, 500), day(-300, -1), today)))
                for kind in some(CERTIFICATES)
            ],
            slots=[
                Slot(
                    day(-90, 300), None, r.choice(("open", "open", "reserved")),
                    maybe(MODALITIES, 0.4), maybe(list(SERVICES), 0.4),
                )
                for _ in range(r.randint(0, 2))
            ],
            open_action=r.random() < 0.2,
            closed_action=r.random() < 0.2,
            inspected=maybe((day(-300, 0), day(-1400, -800), day(-5000, -4000))),
        )  # fmt: skip

    found = []
    for number in range(partners):
        partner = Partner(
            name=f"Partner {number:02}",
            illustrative=r.random() < 0.5,
            retrieved=r.choice((day(-30, 0), day(-300, -200), day(-600, -400), day(-2000, -900))),
            types=some(TYPES),
            structures=some(STRUCTURES),
            industries=some(INDUSTRIES),
            size=maybe(SIZES),
            minimum=maybe([(Decimal(n), code) for n in (100_000, 1_000_000, 5_000_000) for code in CURRENCIES]),
            flag=r.choice(("", *FLAGS)),
            tags=some(TAGS),
            nda=(r.choice(("", "sent", "signed", "signed")), maybe((day(-50, -1), day(0, 50)))),
        )  # fmt: skip
        partner.sites = [site(f"{partner.name} site {n}") for n in range(r.randint(0, 3))]
        for place in partner.sites:
            for slot in place.slots:
                slot.ends = maybe(
                    (slot.starts + dt.timedelta(days=10), slot.starts + dt.timedelta(days=200)), 0.5
                )
        found.append(partner)
    return found


# -- what is found -------------------------------------------------------------------------------------


def found(catalogue: list[Partner], params: dict) -> list[str]:
    """Names of the partners that fulfil the search."""
    return [partner.name for partner in catalogue if _partner(partner, params) and _sites(partner, params)]


def sites_found(catalogue: list[Partner], params: dict) -> list[str]:
    """Names of the sites that fulfil the search on their own, of partners that are found."""
    asked = [name for name in (*ROW, *SITE) if name in params]
    return [
        site.name
        for partner in catalogue
        if partner.name in found(catalogue, params)
        for site in partner.sites
        if site.active and _one_site(site, asked, params)
    ]


def _partner(partner: Partner, params: dict) -> bool:
    checks = {
        "q": lambda text: _holds(partner, text),
        "type": lambda codes: set(codes) & set(partner.types),
        "structure": lambda codes: set(codes) & set(partner.structures),
        "industry": lambda codes: set(codes) & set(partner.industries),
        "sponsor_size": lambda codes: partner.size in codes,
        "record": lambda codes: ("illustrative" if partner.illustrative else "real") in codes,
        "checked": lambda codes: any(_checked(partner, code) for code in codes),
        "min_project": lambda asked: _cheap_enough(partner, *asked),
        "flag": lambda codes: (partner.flag or "unflagged") in codes,
        "tag": lambda codes: set(codes) & set(partner.tags),
        "nda": lambda codes: _nda(partner) in codes,
    }
    return all(check(params[name]) for name, check in checks.items() if name in params)


def _holds(partner: Partner, text: str) -> bool:
    """Whether the partner's name and its active sites' names hold every word: short numbers as they are, others as
    beginnings."""
    names = [partner.name, *(site.name for site in partner.sites if site.active)]
    words = " ".join(names).lower().split()
    return all(
        any(word == asked if asked.isdigit() else word.startswith(asked) for word in words)
        for asked in text.lower().split()
    )


def _checked(partner: Partner, code: str) -> bool:
    today = timezone.localdate()
    if code == "older":
        return partner.retrieved < months_before(today, 24)
    return partner.retrieved >= months_before(today, int(code))


def _cheap_enough(partner: Partner, most: Decimal, currency: str) -> bool:
    if partner.minimum is None:
        return False
    amount, own = partner.minimum
    if own != currency:
        try:
            rates = exchange.rates_on(exchange.latest_day(), [own, currency])
        except exchange.NoRate:
            return False
        amount = amount / rates[own].per_euro * rates[currency].per_euro
    return amount <= most


def _nda(partner: Partner) -> str:
    status, ends = partner.nda
    if status == "signed" and ends and ends < timezone.localdate():
        return "expired"
    return status or "unrecorded"


def _sites(partner: Partner, params: dict) -> bool:
    asked = [name for name in (*ROW, *SITE) if name in params]
    sites = [site for site in partner.sites if site.active]
    if params.get("network"):
        return all(any(_one_site(site, [name], params) for site in sites) for name in asked)
    return not asked or any(_one_site(site, asked, params) for site in sites)


def _one_site(site: Site, asked: list[str], params: dict) -> bool:
    if not all(_site(site, name, params[name]) for name in asked if name in SITE):
        return False
    return any(
        all(_row(site, row, name, params[name]) for name in asked if name in ROW) for row in _rows(site)
    )


def _rows(site: Site) -> list[Row]:
    """The processes of a site, and one of which nothing is known where there is none, or a slot fits none."""
    stray = any(not any(_fits(slot, row) for row in site.rows) for slot in _open(site))
    return [*site.rows, Row(None, None, bare=True)] if stray or not site.rows else site.rows


def _site(site: Site, name: str, asked) -> bool:
    today = timezone.localdate()
    if name == "country":
        return bool({site.country, region_of()[site.country]} & set(asked))
    if name == "certificate":
        codes, on = asked
        return any(
            kind in codes and (issued is None or issued <= on) and expires is not None and expires >= on
            for kind, issued, expires in site.certificates
        )
    if name == "actions":
        return not site.open_action
    return site.inspected is not None and any(
        site.inspected >= months_before(today, 12 * int(code)) for code in asked
    )


def _row(site: Site, row: Row, name: str, asked) -> bool:
    if name == "modality":
        return row.modality in asked
    if name == "service":
        return row.service in asked or bool(row.service and SERVICES[row.service] in asked)
    if name == "dosage_form":
        return row.form in asked
    if name == "evidence":
        return row.evidence in asked
    if name == "gmp":
        return not row.bare and {True: "yes", False: "no", None: "unknown"}[row.gmp] in asked
    if name == "bsl":
        return row.bsl is not None and any(row.bsl >= int(code) for code in asked)
    if name == "oel":
        return row.oel is not None and row.oel <= asked
    if name == "scale":
        return _in_scale(row, *asked)
    return any(
        slot.starts <= asked
        for slot in _open(site)
        if (not any(_fits(slot, other) for other in site.rows) if row.bare else _fits(slot, row))
    )


def _in_scale(row: Row, unit: str, least: Decimal | None, most: Decimal | None) -> bool:
    ends = [end for end in (row.low, row.high) if end is not None]
    if row.unit != unit or not ends:
        return False
    return (least is None or max(ends) >= least) and (most is None or min(ends) <= most)


def _open(site: Site) -> list[Slot]:
    today = timezone.localdate()
    return [
        slot for slot in site.slots if slot.status == "open" and (slot.ends is None or slot.ends >= today)
    ]


def _fits(slot: Slot, row: Row) -> bool:
    if slot.modality and row.modality and slot.modality != row.modality:
        return False
    if not slot.service or not row.service:
        return True
    return (
        slot.service == row.service
        or slot.service == SERVICES[row.service]
        or row.service == SERVICES[slot.service]
    )
