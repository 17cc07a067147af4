"""The filters as the page shows them: groups of facets, each value with what choosing it would give."""

from dataclasses import dataclass, replace
from decimal import Decimal

from cmo_selector.templatetags.fmt import format_money, format_number
from partners.facets import money
from partners.facets.columns import day_number
from partners.facets.counting import Counts
from partners.facets.criteria import months_before
from partners.filters import PartnerFilter, plain
from partners.selectors import Term

SITE, PARTNER, OURS = "One site", "The partner", "Our own notes"

#: group → facets; `scale`, `oel`, `slot_by` and `min_project` are typed, the others chosen
GROUPS = {
    SITE: (
        *("modality", "service", "dosage_form", "scale", "gmp", "oel", "bsl", "country", "certificate"),
        *("inspection", "slot_by", "evidence"),
    ),
    PARTNER: ("type", "structure", "industry", "sponsor_size", "min_project", "checked", "record"),
    OURS: ("flag", "tag", "nda", "msa"),
}
TYPED = frozenset({"scale", "oel", "slot_by", "min_project"})
OPEN_AT_FIRST = frozenset({"modality", "service", "country"})
QUICK = 4  # usual numbers that a typed facet offers
QUICK_OEL = ("10", "1", "0.1", "0.01")  # µg/m³
QUICK_MONTHS = (3, 6, 12, 18)
QUICK_AMOUNTS = ("250000", "1000000", "5000000", "20000000")
LONG = 12  # values; a longer list gets a box to look things up in it


@dataclass(frozen=True, slots=True)
class Entry:
    """A value with its count and the values below it; `heading` is set where a new group begins."""

    facet: str
    term: Term
    checked: bool
    count: int
    heading: str = ""
    children: tuple["Entry", ...] = ()

    @property
    def open(self) -> bool:
        """Whether something below is checked and must be in view."""
        return any(child.checked or child.open for child in self.children)


@dataclass(frozen=True, slots=True)
class Input:
    """A value to type: `value` is what is searched for, or what was typed and could not be read."""

    name: str
    label: str
    value: str
    type: str = "text"
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Quick:
    """A usual number of a typed facet with what it would give, and the address that asks for it."""

    label: str
    count: int
    url: str


@dataclass(frozen=True, slots=True)
class Facet:
    """`entries` to choose from and `inputs` to type into; `note` says how many partners state the number at all, and
    `quick` what usual numbers would give."""

    name: str
    label: str
    help: str
    chosen: int
    entries: tuple[Entry, ...] = ()
    inputs: tuple[Input, ...] = ()
    select: str = ""  # parameter of the unit or the currency
    select_label: str = ""
    options: tuple[tuple[str, str, bool], ...] = ()  # of it: code, label, chosen
    note: str = ""
    quick: tuple[Quick, ...] = ()

    @property
    def chooses(self) -> bool:
        """Whether it is a list of values, be it empty."""
        return self.name not in TYPED

    @property
    def long(self) -> bool:
        return sum(1 + len(entry.children) for entry in self.entries) > LONG

    @property
    def open(self) -> bool:
        return bool(self.chosen) or self.name in OPEN_AT_FIRST


@dataclass(frozen=True, slots=True)
class Group:
    label: str
    facets: tuple[Facet, ...]


def build_panel(found: PartnerFilter, counts: Counts, own: dict[str, dict[str, int]]) -> list[Group]:
    """Groups of facets; `own` has the counts of those facets of the sponsor in which something is kept."""
    builder = _Builder(found, counts, own)
    groups = [
        Group(label, tuple(facet for name in names if (facet := builder.facet(name))))
        for label, names in GROUPS.items()
    ]
    return [group for group in groups if group.facets]


@dataclass(frozen=True, slots=True)
class _Builder:
    found: PartnerFilter
    counts: Counts
    own: dict[str, dict[str, int]]

    def facet(self, name: str) -> Facet | None:
        """One facet; None when the reader has no use for it."""
        if name in GROUPS[OURS] and name not in self.own:
            return None
        if name == "min_project" and not self.found.prices:
            return None
        special = {
            "scale": self.scale,
            "oel": self.oel,
            "slot_by": self.slot,
            "min_project": self.minimum,
            "certificate": self.certificate,
            "inspection": self.inspection,
        }
        return special[name]() if name in special else self.chosen_from(name)

    def chosen_from(self, name: str) -> Facet:
        return Facet(
            name=name,
            label=self.found.filters[name].label,
            help=self.found.filters[name].extra.get("help_text", ""),
            chosen=len(self.found.cleaned[name]),
            entries=self.entries(name),
        )

    def entries(self, name: str) -> tuple[Entry, ...]:
        """The values of a facet that would give something or are chosen, as a tree."""
        counts = self.own[name] if name in self.own else self.counts.of(name)
        chosen = set(self.found.cleaned[name])
        children: dict[str, list[Term]] = {}
        for term in self.found.values[name].values():
            children.setdefault(term.parent, []).append(term)

        def build(parent: str) -> tuple[Entry, ...]:
            entries, group = [], ""
            for term in children.get(parent, ()):
                below = build(term.code) if term.code != parent else ()
                count, checked = counts.get(term.code, 0), term.code in chosen
                if not (count or checked or below):
                    continue
                heading, group = ("" if term.group == group else term.group), term.group
                entries.append(Entry(name, term, checked, count, heading, below))
            return tuple(entries)

        return build("")

    def typed(self, name: str, label: str = "", type: str = "text", unit: str = "") -> Input:
        value = self.found.cleaned[name]
        if value is None:
            text = str(self.found.data.get(name) or "") if self.found.form.fields[name].remarks else ""
        else:
            text = value.isoformat() if type == "date" else plain(value)
        return Input(name, label or self.found.filters[name].label, text[:200], type, unit)

    def stated(self, name: str, words: str) -> str:
        known, all_of = self.counts.known(name)
        return f"{words} {known:,} of {all_of:,}."

    def quick(
        self,
        name: str,
        values: dict[str, tuple[str, float]],
        of: str = "",
        also: tuple[tuple[str, str], ...] = (),
    ) -> tuple[Quick, ...]:
        """Offers of a typed facet: `values` are by what the address would say, with label and number."""
        counts = self.counts.reaching(name, [number for _, number in values.values()], of)
        parameter = {"scale": "scale_min"}.get(name, name)
        without = self.found.of_facet(name)
        return tuple(
            Quick(label, count, self.found.url(without=without, extra=[(parameter, text), *also]))
            for (text, (label, _)), count in zip(values.items(), counts, strict=True)
            if count
        )

    def scales(self, unit: str) -> tuple[Quick, ...]:
        """From powers of ten in the chosen unit, the largest that somebody reaches first."""
        largest = self.counts.largest_scale(unit) if unit else 0
        if largest < 1:
            return ()
        label = self.found.values["scale_unit"][unit].label
        top = len(str(int(largest))) - 1
        powers = [10**power for power in range(max(0, top - QUICK + 1), top + 1)]
        offers = {str(power): (f"from {format_number(power)} {label}", float(power)) for power in powers}
        return self.quick("scale", offers, unit, (("scale_unit", unit),))

    def scale(self) -> Facet:
        counts, unit = self.counts.of("scale_unit"), self.found.unit
        terms = self.found.values["scale_unit"].values()
        options = tuple(
            (term.code, f"{term.label} ({counts[term.code]:,})", term.code == unit)
            for term in terms
            if counts[term.code] or term.code == unit
        )
        return Facet(
            name="scale",
            label="Scale",
            help="In the unit of the process: what a process can do overlaps this range.",
            chosen=int(self.found.criteria.scale is not None),
            inputs=(self.typed("scale_min", "From"), self.typed("scale_max", "To")),
            select="scale_unit",
            select_label="Unit of scale",
            options=(("", "Unit", not unit), *options),
            note=self.stated("scale", "A scale is known of"),
            quick=self.scales(unit),
        )

    def oel(self) -> Facet:
        return Facet(
            name="oel",
            label="Lowest OEL handled",
            help=self.found.filters["oel"].extra["help_text"],
            chosen=int(self.found.criteria.oel is not None),
            inputs=(self.typed("oel", "At most", unit="µg/m³"),),
            note=self.stated("oel", "Known of"),
            quick=self.quick("oel", {text: (f"≤ {text} µg/m³", float(text)) for text in QUICK_OEL}),
        )

    def slot(self) -> Facet:
        return Facet(
            name="slot_by",
            label="Capacity free by",
            help=self.found.filters["slot_by"].extra["help_text"],
            chosen=int(self.found.criteria.slot_by is not None),
            inputs=(self.typed("slot_by", "On or before", type="date"),),
            note=self.stated("slot_by", "Open slots are known of"),
            quick=self.quick(
                "slot_by",
                {
                    day.isoformat(): (f"within {months} months", float(day_number(day)))
                    for months in QUICK_MONTHS
                    for day in [months_before(self.found.criteria.today, -months)]
                },
            ),
        )

    def minimum(self) -> Facet:
        chosen = self.found.currency_code
        asked = self.found.criteria.min_project is not None
        note = self.stated("min_project", "Stated by")
        if asked:
            note += f" Other currencies are converted at the ECB's reference rates of {money.rates_day()}."
            if other := self.counts.not_comparable(chosen):
                note += f" {other:,} in a currency without a rate are left out."
        return Facet(
            name="min_project",
            label="Minimum project at most",
            help="Stated minimums only: unknown does not count. Other currencies are converted.",
            chosen=int(asked),
            inputs=(self.typed("min_project", "Amount"),),
            select="currency",
            select_label="Currency",
            options=tuple((code, code, code == chosen) for code in self.found.currencies),
            note=note,
            quick=self.quick(
                "min_project",
                {text: (f"≤ {format_money(Decimal(text), chosen)}", float(text)) for text in QUICK_AMOUNTS},
                chosen,
                (("currency", chosen),),
            ),
        )

    def certificate(self) -> Facet:
        return replace(
            self.chosen_from("certificate"),
            inputs=(self.typed("valid_on", "Valid on (empty: today)", type="date"),),
            note=f"Valid on {self.found.criteria.certificate_on}.",
        )

    def inspection(self) -> Facet:
        names = ("actions", "inspected")
        return Facet(
            name="inspection",
            label="Inspection record",
            help="As far as recorded; none on record does not prove that there is none.",
            chosen=sum(len(self.found.cleaned[name]) for name in names),
            entries=tuple(
                Entry(entry.facet, entry.term, entry.checked, entry.count, heading=heading)
                for name, heading in zip(names, ("", "Last inspected"), strict=True)
                for at, entry in enumerate(self.entries(name))
                for heading in [heading if at == 0 else ""]
            ),
        )
