"""The registers beside the establishment register, as pages: what is searched, filtered and sorted in each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Model
from django.db.models.expressions import Combinable

from cmo_selector.templatetags.fmt import format_country
from partners.enums import ActionKind, ActionListing, InspectionOutcome, RegisterKind
from partners.models import RegisterAction, RegisterForm483, RegisterInspection, RegisterListing
from partners.models.register_records import ACTION_TEXT, INSPECTION_TEXT, LISTING_TEXT

Words = Callable[[Any], str]


def _as_it_is(value: Any) -> str:
    return str(value)


def _sentence(value: str) -> str:
    """A register's capitals as people read them: "BULK INGREDIENT" → "Bulk ingredient"."""
    return value.capitalize() if value.isupper() else value


@dataclass(frozen=True, slots=True)
class Facet:
    """A column whose values can be chosen. Empty values are offered as “not stated”."""

    name: str
    label: str
    field: str  # of the model; `x__year` offers the years of a date
    words: Words = _as_it_is
    newest_first: bool = False
    help: str = ""


@dataclass(frozen=True, slots=True)
class Book:
    """One register. A word may stand anywhere in `text`, or begin one of the `numbers`; every one has an index."""

    code: str
    title: str
    noun: str
    nouns: str
    lead: str
    placeholder: str
    model: type[Model]
    kinds: tuple[RegisterKind, ...]
    text: Combinable
    numbers: tuple[str, ...]
    stated: tuple[tuple[str, str], ...]  # (label, column): what the page of a row shows
    facets: tuple[Facet, ...]
    sorts: dict[str, tuple[str, tuple]]
    owner: str = "facility"  # what of the catalogue a row is linked to
    name: str = "firm_name"  # the column that names a row, by which a mistyped search finds it

    @property
    def url_name(self) -> str:
        return f"register:{self.code.replace('-', '_')}"

    @property
    def table(self) -> str:
        return f"partners/register/rows/{self.code.replace('-', '_')}.html"

    @property
    def related(self) -> tuple[str, ...]:
        return ("source", f"{self.owner}__organisation" if self.owner == "facility" else self.owner)


def _newest(field: str) -> tuple:
    """Latest first, undated rows last. A date that is always stated is sorted plainly, as its index is."""
    return F(field).desc(nulls_last=True), "pk"


FORM_483S = Book(
    code="form-483s",
    title="Form 483s",
    noun="Form 483",
    nouns="Form 483s",
    lead="Observations that FDA investigators left at the end of an inspection, as far as the FDA published them. "
    "A Form 483 is no final finding, and most are never published: none here does not mean none was issued.",
    placeholder="Firm or FEI number",
    model=RegisterForm483,
    kinds=(RegisterKind.FORM_483S,),
    text=F("firm_name"),
    numbers=("fei", "document"),
    stated=(
        ("Firm", "firm_name"), ("Record type", "record_type"), ("Record date", "recorded_on"),
        ("Posted", "posted_on"), ("FEI", "fei"), ("Number of the document", "document"),
    ),
    facets=(
        Facet("year", "Year of the record", "recorded_on__year", newest_first=True,
              help="Hundreds of records of July 2015 carry the day of posting."),
        Facet("type", "Record type", "record_type", _sentence),
    ),
    sorts={
        "newest": ("Record date, newest first", _newest("recorded_on")),
        "posted": ("Posted, newest first", _newest("posted_on")),
        "name": ("Firm name", ("firm_name", "pk")),
    },
)  # fmt: skip

LETTERS = Book(
    code="letters",
    title="Letters and actions",
    noun="letter or action",
    nouns="letters and actions",
    lead="FDA warning letters, injunctions and seizures. One letter may stand in several of FDA’s lists. "
    "No list says whether a matter was closed out.",
    placeholder="Firm, subject, FEI or case number",
    model=RegisterAction,
    kinds=(RegisterKind.WARNING_LETTERS, RegisterKind.COMPLIANCE_ACTIONS),
    text=ACTION_TEXT,
    numbers=("fei", "case_id"),
    stated=(
        ("Firm", "firm_name"), ("What", "action_type"), ("Issued", "issued_on"), ("Posted", "posted_on"),
        ("Subject", "subject"), ("Issuing office", "issuing_office"), ("Product type", "product_type"),
        ("State", "state"), ("Country", "country"), ("FEI", "fei"), ("Case", "case_id"), ("List", "listing"),
    ),
    facets=(
        Facet("kind", "Kind", "kind", lambda value: ActionKind(value).label),
        Facet("product", "Product type", "product_type", _sentence),
        Facet("year", "Year of issue", "issued_on__year", newest_first=True),
        Facet("country", "Country", "country", format_country),
        Facet("listing", "List", "listing", lambda value: ActionListing(value).label),
    ),
    sorts={
        "newest": ("Issued, newest first", ("-issued_on", "pk")),
        "name": ("Firm name", ("firm_name", "pk")),
    },
)  # fmt: skip

INSPECTIONS = Book(
    code="inspections",
    title="Inspections",
    noun="inspection",
    nouns="inspections",
    lead="FDA inspections with their classification: no action (NAI), voluntary action (VAI) or official action (OAI) "
    "indicated. One inspection may have a row for each project area.",
    placeholder="Firm, city or FEI number",
    model=RegisterInspection,
    kinds=(RegisterKind.INSPECTIONS,),
    text=INSPECTION_TEXT,
    numbers=("fei", "inspection_id"),
    stated=(
        ("Firm", "firm_name"), ("City", "city"), ("Ended", "ended_on"), ("State", "state"),
        ("Postal code", "postal_code"), ("Country", "country"), ("Classification", "outcome"),
        ("Project area", "project_area"), ("Product type", "product_type"), ("Fiscal year", "fiscal_year"),
        ("Citations posted", "citations_posted"), ("FEI", "fei"), ("Number of the inspection", "inspection_id"),
        ("Details", "details"),
    ),
    facets=(
        Facet("outcome", "Classification", "outcome", lambda value: InspectionOutcome(value).label),
        Facet("area", "Project area", "project_area"),
        Facet("product", "Product type", "product_type", _sentence),
        Facet("year", "Fiscal year", "fiscal_year", newest_first=True),
        Facet("country", "Country", "country", format_country),
    ),
    sorts={
        "newest": ("Ended, newest first", ("-ended_on", "pk")),
        "name": ("Firm name", ("firm_name", "pk")),
    },
)  # fmt: skip

SUBSTANCES = Book(
    code="substances",
    title="Listed substances",
    noun="listing",
    nouns="listings",
    lead="Drugs that labelers list with the FDA in bulk or half made (NDC directory of unfinished drugs): who offers "
    "which substance. Being listed is no approval.",
    placeholder="Substance, product, labeler or NDC",
    model=RegisterListing,
    kinds=(RegisterKind.NDC,),
    text=LISTING_TEXT,
    name="name",
    numbers=("product_ndc",),
    stated=(
        ("Labeler", "labeler"), ("Product", "name"), ("Product type", "product_type"), ("NDC", "product_ndc"),
        ("Dosage form", "dosage_form"), ("Marketing category", "category"), ("DEA schedule", "schedule"),
        ("Marketing start", "started_on"), ("Marketing end", "ended_on"), ("Certified through", "certified_through"),
    ),
    owner="organisation",
    facets=(
        Facet("product", "Product type", "product_type", _sentence),
        Facet("form", "Dosage form", "dosage_form", _sentence),
        Facet("category", "Marketing category", "category", _sentence),
        Facet("schedule", "DEA schedule", "schedule"),
    ),
    sorts={
        "name": ("Product", ("name", "labeler", "pk")),
        "labeler": ("Labeler", ("labeler", "name", "pk")),
        "newest": ("Marketing start, newest first", _newest("started_on")),
    },
)  # fmt: skip

BOOKS = (FORM_483S, LETTERS, INSPECTIONS, SUBSTANCES)
