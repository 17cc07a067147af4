"""Partners side by side, worked out from rows that `selectors.partner_records` has read: no queries here.

A table is topics of rows, a row has one cell per partner, and a cell has lines, each with the fact it rests on.
A cell without lines is unknown. Cells are compared by the keys of their lines, which leave out what always
differs (the site's name) and wording, so that "differs" means something.
"""

import datetime
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.utils import timezone

from cmo_selector.templatetags.fmt import (
    format_country,
    format_money,
    format_number,
    format_percent,
)
from partners import wording
from partners.enums import AliasKind, SlotStatus
from partners.matrix import Stated
from partners.models import Capability, Certificate, Evidenced, Facility, Organisation, Service
from partners.quality_record import certificate_state, is_open


@dataclass(frozen=True, slots=True)
class Line:
    """One statement in a cell. `fact` is the row it rests on; None for what is counted from several rows."""

    text: str
    key: Hashable
    fact: Evidenced | None = None
    where: str = ""  # the site it holds for; empty for the partner as a whole


MOST_LINES = 5  # of a cell that are shown at once; the rest is folded


@dataclass(frozen=True, slots=True)
class Cell:
    lines: tuple[Line, ...] = ()

    @property
    def first(self) -> tuple[Line, ...]:
        """The lines that are shown; a single further one is not worth folding."""
        return self.lines if len(self.lines) <= MOST_LINES + 1 else self.lines[:MOST_LINES]

    @property
    def folded(self) -> tuple[Line, ...]:
        return self.lines[len(self.first) :]

    @property
    def known(self) -> bool:
        return bool(self.lines)

    @property
    def key(self) -> frozenset[Hashable]:
        return frozenset(line.key for line in self.lines)


@dataclass(frozen=True, slots=True)
class Row:
    label: str
    cells: tuple[Cell, ...]

    @property
    def differs(self) -> bool:
        """Whether two partners are known to differ."""
        return len({cell.key for cell in self.cells if cell.known}) > 1

    @property
    def partly_unknown(self) -> bool:
        """Whether something is known of some of the partners only."""
        return len({cell.known for cell in self.cells}) > 1

    @property
    def notable(self) -> bool:
        return self.differs or self.partly_unknown


@dataclass(frozen=True, slots=True)
class Topic:
    code: str
    title: str
    rows: tuple[Row, ...]
    hidden: bool = False  # the role may not see it; nothing of it was read
    left_out: int = 0  # rows that do not differ and were asked to be left out


@dataclass(frozen=True, slots=True)
class Comparison:
    partners: tuple[Organisation, ...]
    topics: tuple[Topic, ...]
    prices: bool
    only_differences: bool = False


Lines = Iterable[Line]
Reader = Callable[[Organisation], Lines]


def build_comparison(
    partners: Sequence[Organisation], *, prices: bool, only_differences: bool = False
) -> Comparison:
    """The whole table. Terms and prices are hidden, as a topic that says so, unless `prices`."""
    today = timezone.localdate()
    topics = [
        _topic("organisation", "Organisation", partners, _organisation()),
        _topic("sites", "Sites", partners, _sites()),
        Topic("processes", "Modalities and services", tuple(_process_rows(partners))),
        Topic("scale", "Scale and containment", tuple(_scale_rows(partners))),
        Topic("quality", "Quality record", tuple(_quality_rows(partners, today))),
        _topic("capacity", "Capacity", partners, _capacity(today)),
        _topic("terms", "Terms and prices", partners, _terms(partners))
        if prices
        else Topic("terms", "Terms and prices", (), hidden=True),
        Topic("track-record", "Track record", tuple(_track_rows(partners))),
        Topic("metrics", "Measures", tuple(_metric_rows(partners))),
    ]
    if only_differences:
        topics = [_notable(topic) for topic in topics]
    return Comparison(tuple(partners), tuple(topics), prices, only_differences)


def _notable(topic: Topic) -> Topic:
    rows = tuple(row for row in topic.rows if row.notable)
    return Topic(topic.code, topic.title, rows, topic.hidden, left_out=len(topic.rows) - len(rows))


def _topic(code: str, title: str, partners: Iterable[Organisation], readers: dict[str, Reader]) -> Topic:
    partners = tuple(partners)
    return Topic(code, title, tuple(_row(label, partners, read) for label, read in readers.items()))


def _row(label: str, partners: Iterable[Organisation], read: Reader) -> Row:
    return Row(label, tuple(Cell(tuple(read(partner))) for partner in partners))


def _one(text: object, fact: Evidenced | None = None, key: Hashable = None) -> tuple[Line, ...]:
    """A single statement; nothing when it is not known."""
    return (Line(str(text), str(text) if key is None else key, fact),) if text not in (None, "") else ()


def _by_site(partner: Organisation, rows: str) -> Iterator[tuple[Facility, Evidenced]]:
    """Every row of a kind that the partner's sites have, with its site."""
    for site in partner.facilities.all():
        for fact in getattr(site, rows).all():
            yield site, fact


# -- organisation and sites --------------------------------------------------------------------------


def _organisation() -> dict[str, Reader]:
    def labels(rows: str, term: str) -> Reader:
        return lambda p: [
            Line(getattr(f, term).label, getattr(f, term).code, f) for f in getattr(p, rows).all()
        ]

    return {
        "Kind of record": lambda p: _one("Illustrative company" if p.illustrative else "Real company", p),
        "Organisation type": labels("type_facts", "type"),
        "Contract structures": labels("structure_facts", "structure"),
        "Industries": labels("industry_facts", "industry"),
        "Owner": _owners,
        "Former names": _former_names,
        "Founded": lambda p: _one(p.founded_year, p),
        "Employees": lambda p: _one(None if p.employees is None else f"{p.employees:,}", p),
        "Restricted-party lists": lambda p: list(_listings(p)) or [Line("none known", "none known")],
    }


def _listings(partner: Organisation) -> Lines:
    today = timezone.localdate()
    for entry in partner.restrictions.all():
        standing = entry.standing(today)
        until = f" to {entry.effective_until}" if entry.effective_until else ""
        text = f"{entry.list.name}, from {entry.effective_from}{until}"
        if standing == "ended":
            text = f"was on {text}"
        yield Line(text, (entry.list.code, standing), entry)


def _owners(partner: Organisation) -> Lines:
    today = timezone.localdate()
    for owner in partner.owners.all():
        if owner.holds_on(today):
            since = f" since {owner.owned_from}" if owner.owned_from else ""
            yield Line(f"{owner.owner}{since}", owner.owner, owner)


def _former_names(partner: Organisation) -> Lines:
    for alias in partner.aliases.all():
        if alias.kind == AliasKind.FORMER:
            until = f" until {alias.used_until}" if alias.used_until else ""
            yield Line(f"{alias.name}{until}", alias.name, alias)


def _sites() -> dict[str, Reader]:
    def countries(partner: Organisation) -> Lines:
        names = {format_country(site.country) for site in partner.facilities.all()}
        return [Line(name, name) for name in sorted(names)]

    def sites(partner: Organisation) -> Lines:
        for site in partner.facilities.all():
            place = ", ".join(part for part in (site.city, format_country(site.country)) if part)
            yield Line(f"{site.name} ({place})", place, site)

    return {
        "Number of sites": lambda p: _one(len(p.facilities.all()) or None),
        "Countries": countries,
        "Sites": sites,
    }


# -- what the sites can do ---------------------------------------------------------------------------


def _processes(partners: Iterable[Organisation]) -> list[tuple[str, tuple[int, int | None], Service]]:
    """(label, key, service) of every service × modality that a partner runs, in the order of the service tree."""
    found: dict[tuple[int, int | None], tuple] = {}
    for partner in partners:
        for _, fact in _by_site(partner, "capabilities"):
            if _process_key(fact) in found:
                continue
            service, modality = fact.service, fact.modality
            branch = service.parent or service
            order = (branch.order, branch.label, service.order, service.label)
            order += (modality.order, modality.label) if modality else (-1, "")
            label = f"{service.label}: {modality.label}" if modality else service.label
            found[_process_key(fact)] = (order, label, service)
    ordered = sorted(found.items(), key=lambda item: item[1][:2])
    return [(label, key, service) for key, (_, label, service) in ordered]


def _process_key(fact: Capability) -> tuple[int, int | None]:
    return fact.service_id, fact.modality_id


def _runs(partners: Iterable[Organisation]) -> list[dict]:
    """Per partner: process → (site, fact) of those who run it. One pass, as records may hold hundreds."""
    every = []
    for partner in partners:
        runs: dict[tuple[int, int | None], list[tuple[Facility, Capability]]] = {}
        for site, fact in _by_site(partner, "capabilities"):
            runs.setdefault(_process_key(fact), []).append((site, fact))
        every.append(runs)
    return every


def _process_rows(partners: Sequence[Organisation]) -> Iterator[Row]:
    every = [(_complete(partner), runs) for partner, runs in zip(partners, _runs(partners), strict=True)]
    for label, key, service in _processes(partners):
        cells = []
        for complete, runs in every:
            lines = [
                Line(wording.process(fact) or "offered", "runs it", fact, site.name)
                for site, fact in runs.get(key, ())
            ]
            if not lines and complete and complete.denies(service, key[1]):
                lines = [Line("not offered (lists of processes are complete)", "not offered")]
            cells.append(Cell(tuple(lines)))
        yield Row(label, tuple(cells))


def _complete(partner: Organisation) -> Stated | None:
    """What is stated, where every site's list was stated to be complete; otherwise nobody knows of any "no"."""
    sites = partner.facilities.all()
    if not sites or not all(site.capabilities_complete_on for site in sites):
        return None
    return Stated(fact for _, fact in _by_site(partner, "capabilities"))


def _scale_rows(partners: Sequence[Organisation]) -> Iterator[Row]:
    def oel(fact: Capability) -> str:
        return "" if fact.oel_ug_m3 is None else f"{fact.oel_ug_m3.normalize():f} µg/m³"

    def level(fact: Capability) -> str:
        return "" if fact.biosafety_level is None else f"BSL-{fact.biosafety_level}"

    measures = (("scale", wording.scale), ("lowest OEL, 8 h TWA", oel), ("biosafety level", level))
    every = _runs(partners)
    for label, key, _ in _processes(partners):
        for measure, text_of in measures:
            cells = []
            for runs in every:
                stated = ((text_of(fact), fact, site) for site, fact in runs.get(key, ()))
                cells.append(Cell(tuple(Line(text, text, f, site.name) for text, f, site in stated if text)))
            if any(cell.known for cell in cells):
                yield Row(f"{label}, {measure}", tuple(cells))


# -- quality and capacity ----------------------------------------------------------------------------


def _quality_rows(partners: Sequence[Organisation], today: datetime.date) -> Iterator[Row]:
    def last_inspection(partner: Organisation) -> Lines:
        dated = [(site, fact) for site, fact in _by_site(partner, "inspections") if fact.ended_on]
        if not dated:
            return
        site, fact = max(dated, key=lambda pair: (pair[1].ended_on, pair[1].pk))
        text = f"{fact.ended_on.isoformat()}, {fact.regulator.label}: {fact.get_outcome_display()}"
        yield Line(text, (fact.regulator.code, fact.outcome), fact, site.name)

    def open_actions(partner: Organisation) -> Lines:
        actions = [(site, fact) for site, fact in _by_site(partner, "actions") if fact.closed_on is None]
        for site, fact in actions:
            text = f"{fact.get_kind_display()} of {fact.issued_on.isoformat()}, {fact.regulator.label}"
            unclear = "" if is_open(fact) else ", close-out unknown"
            yield Line(text + unclear, (fact.kind, unclear), fact, site.name)
        if not actions:
            yield Line("none known", "none known")

    yield _row("Last inspection", partners, last_inspection)

    def last_audit(partner: Organisation) -> Lines:
        dated = [(site, fact) for site, fact in _by_site(partner, "audits") if fact.audited_on]
        if not dated:
            return
        site, fact = max(dated, key=lambda pair: (pair[1].audited_on, pair[1].pk))
        left = "" if fact.open_actions is None else f", {fact.open_actions} open actions"
        text = (
            f"{fact.audited_on.isoformat()}, {fact.get_auditor_display()}: {fact.get_outcome_display()}{left}"
        )
        yield Line(text, (fact.auditor, fact.outcome), fact, site.name)

    yield _row("Last audit by a sponsor or third party", partners, last_audit)
    yield _row("Regulatory actions not closed", partners, open_actions)
    types = {f.type.code: f.type for p in partners for _, f in _by_site(p, "certificates")}
    for kind in sorted(types.values(), key=lambda t: (t.order, t.label)):

        def held(partner: Organisation, code: str = kind.code) -> Lines:
            for site, fact in _by_site(partner, "certificates"):
                if fact.type.code == code:
                    yield Line(_certificate(fact, today), _standing(fact, today), fact, site.name)

        yield _row(kind.label, partners, held)


def _standing(fact: Certificate, today: datetime.date) -> str:
    """Valid, Expired, Expiry unknown …, without the days that are left."""
    return certificate_state(fact, today).label.partition(",")[0]


def _certificate(fact: Certificate, today: datetime.date) -> str:
    state = certificate_state(fact, today).label
    return f"{state}, until {fact.expires_on.isoformat()}" if fact.expires_on else state


def _capacity(today: datetime.date) -> dict[str, Reader]:
    def current(partner: Organisation) -> list:
        slots = [
            (site, fact)
            for site, fact in _by_site(partner, "slots")
            if fact.ends_on is None or fact.ends_on >= today
        ]
        return sorted(slots, key=lambda pair: (pair[1].starts_on, pair[1].pk))

    def earliest(partner: Organisation) -> Lines:
        for site, fact in current(partner):
            if fact.status == SlotStatus.OPEN:
                return [Line(max(fact.starts_on, today).isoformat(), fact.starts_on, fact, site.name)]
        return []

    def slots(partner: Organisation) -> Lines:
        for site, fact in current(partner):
            end = f" to {fact.ends_on.isoformat()}" if fact.ends_on else ", end unknown"
            scope = wording.scope(fact)
            amount = "" if fact.quantity is None else f", {format_number(fact.quantity, fact.unit.symbol)}"
            text = f"{fact.get_status_display()} {fact.starts_on.isoformat()}{end}{amount}"
            yield Line(f"{text} ({scope})" if scope else text, text, fact, site.name)

    return {"Earliest open slot": earliest, "Slots from today": slots}


# -- terms, track record, measures -------------------------------------------------------------------


def _terms(partners: Iterable[Organisation]) -> dict[str, Reader]:
    def stated(text_of: Callable) -> Reader:
        return lambda p: [Line(text_of(t), text_of(t), t) for t in p.terms.all() if text_of(t)]

    def minimum(terms: Evidenced) -> str:
        return "" if terms.minimum_project is None else format_money(terms.minimum_project, terms.currency)

    def payment(terms: Evidenced) -> str:
        days = "" if terms.payment_days is None else f"{terms.payment_days} days"
        return ". ".join(filter(None, (days, terms.payment_note)))

    def cancellation(terms: Evidenced) -> str:
        notice, share = terms.cancellation_notice_months, terms.cancellation_share
        parts = (
            "" if notice is None else f"{notice.normalize():f} months’ notice",
            "" if share is None else f"{format_percent(share)} of the batch price at shortest notice",
            terms.cancellation_note,
        )
        return ". ".join(filter(None, parts))

    readers = {
        "Minimum project": stated(minimum),
        "Payment": stated(payment),
        "Cancellation": stated(cancellation),
    }
    bases = {price.basis: price.get_basis_display() for p in partners for price in p.prices.all()}
    for basis, label in sorted(bases.items(), key=lambda item: item[1]):
        readers[f"Indicative price {label}"] = _prices_of(basis)
    return readers


def _prices_of(basis: str) -> Reader:
    def read(partner: Organisation) -> Lines:
        for price in partner.prices.all():
            if price.basis == basis:
                low, high = (format_money(amount, price.currency) for amount in (price.low, price.high))
                scope = wording.scope(price)
                text = low if low == high else f"{low} to {high}"
                yield Line(f"{text} ({scope})" if scope else text, text, price)

    return read


def _track_rows(partners: Sequence[Organisation]) -> Iterator[Row]:
    kinds = {fact.kind: fact.get_kind_display() for p in partners for fact in p.track_record.all()}
    for kind, label in sorted(kinds.items(), key=lambda item: item[1]):

        def read(partner: Organisation, kind: str = kind) -> Lines:
            for fact in partner.track_record.all():
                if fact.kind == kind:
                    scope = wording.scope(fact)
                    number = "number unknown" if fact.count is None else f"{fact.count:,}"
                    years = "–".join(str(y) for y in (fact.first_year, fact.last_year) if y)
                    text = ", ".join(filter(None, (fact.description, number, scope, years)))
                    key = (fact.description, number, scope)
                    yield Line(text, key, fact, fact.facility.name if fact.facility else "")

        yield _row(label, partners, read)


def _metric_rows(partners: Sequence[Organisation]) -> Iterator[Row]:
    metrics = {value.metric_id: value.metric for p in partners for value in p.metric_values.all()}
    for metric in sorted(metrics.values(), key=lambda m: (m.order, m.label)):

        def read(partner: Organisation, metric_id: int = metric.pk) -> Lines:
            for value in partner.metric_values.all():
                if value.metric_id == metric_id:
                    site = value.facility.name if value.facility else ""
                    yield Line(value.display, value.display, value, site)

        yield _row(metric.label, partners, read)
