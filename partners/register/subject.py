"""One row of a register as its own page and the page that suggests a link show it. No queries here."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from cmo_selector.templatetags.fmt import format_country
from partners.models import RegisterEstablishment
from partners.register.books import BOOKS, Book

FIRST = 3  # stated values that the page of a suggestion repeats
ALONG_FEI = (
    "If a curator agrees, other rows with the same FEI or case that belong to no site yet are linked with it."
)
ALONG_LABELER = (
    "If a curator agrees, the labeler’s other listings that belong to no partner yet are linked with it."
)


@dataclass(frozen=True, slots=True)
class Subject:
    """A row: what it states, the addresses of its pages, and what of the catalogue it may belong to."""

    row: Any
    owner: str  # "facility" or "organisation"
    title: str
    name: str  # of the firm
    stated: tuple[tuple[str, str], ...]
    url: str
    suggest_url: str
    list_url: str
    search: str  # with what the catalogue is searched at first
    along: str = ""  # what else is linked when a curator agrees
    alike: tuple[tuple[str, str], ...] = ()  # (label, address)

    @property
    def what(self) -> str:
        return "site" if self.owner == "facility" else "partner"

    @property
    def target_title(self) -> str:
        return f"Catalogue {self.what}"

    @property
    def linked(self) -> bool:
        return getattr(self.row, f"{self.owner}_id") is not None

    @property
    def shown(self) -> tuple[tuple[str, str], ...]:
        """The first of what it states, and its numbers."""
        numbers = {"FEI", "D-U-N-S", "NDC", "Case"}
        rest = tuple(pair for pair in self.stated[FIRST:] if pair[0] in numbers)
        return (*self.stated[:FIRST], *rest)


def of_establishment(row: RegisterEstablishment) -> Subject:
    return Subject(
        row=row,
        owner="facility",
        title=row.firm_name,
        name=row.firm_name,
        stated=(("Address as stated", row.address), ("FEI", row.fei), ("D-U-N-S", row.duns)),
        url=reverse("register:establishment", args=[row.duns]),
        suggest_url=reverse("register:suggest", args=[row.duns]),
        list_url=reverse("register:list"),
        search=row.city,
        along=ALONG_FEI if row.fei else "",
    )


def of_record(book: Book, row: Any, search: str) -> Subject:
    listing = book.owner == "organisation"
    name = row.labeler if listing else row.firm_name
    return Subject(
        row=row,
        owner=book.owner,
        title=str(row),
        name=name,
        stated=tuple(_stated(book, row)),
        url=record_url(book, row),
        suggest_url=record_url(book, row, "suggest"),
        list_url=reverse(book.url_name),
        search=search,
        along=ALONG_LABELER if listing else ALONG_FEI if row.fei or getattr(row, "case_id", "") else "",
        alike=tuple(_alike(row, name)),
    )


def record_url(book: Book, row: Any, page: str = "record") -> str:
    """The address of a row, or of the page that suggests a link for it."""
    return reverse(f"{book.url_name}_{page}", args=[row.pk])


def _stated(book: Book, row: Any) -> Iterator[tuple[str, str]]:
    for label, field in book.stated:
        yield label, _in_words(row, field)
    if book.owner == "organisation":
        parts = zip(row.substances, row.strengths, row.units, strict=False)
        amounts = "; ".join(f"{name} {strength} {unit}".strip() for name, strength, unit in parts)
        yield "Substances with strength", amounts or "; ".join(row.substances)


def _in_words(row: Any, field: str) -> str:
    value = getattr(row, field)
    if value is None or value == "":
        return ""
    if field == "country":
        return format_country(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime.date):
        return value.isoformat()
    display = getattr(row, f"get_{field}_display", None)
    return str(display() if display else value)


def _alike(row: Any, name: str) -> Iterator[tuple[str, str]]:
    if fei := getattr(row, "fei", ""):
        asked = urlencode({"q": fei})
        yield f"Establishments with FEI {fei}", f"{reverse('register:list')}?{asked}"
        for book in BOOKS:
            if book.owner == "facility":
                yield f"{book.title} with FEI {fei}", f"{reverse(book.url_name)}?{asked}"
    else:
        book = next(book for book in BOOKS if isinstance(row, book.model))
        yield f"{book.title} of {name}", f"{reverse(book.url_name)}?{urlencode({'q': name[:200]})}"
