"""How values become cells and cells become values: the widgets of django-import-export that our sheets use.

`render` gives what a cell holds (text, number, date or None), `clean` takes a cell's text and gives the value, or
raises ValueError with a message that says what to write instead.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any

from django.db import models
from django_countries import countries
from import_export.widgets import Widget

from partners.importers.values import shown
from partners.spreadsheets import LONGEST_CELL, UNSHOWABLE

Cell = str | int | Decimal | dt.date | None
SEPARATOR = ";"
YES, NO = "yes", "no"
_YES = {"yes", "y", "true", "1", "x"}
_NO = {"no", "n", "false", "0"}
_number = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", re.ASCII)
_iso = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})([T ]00:00(:00)?)?", re.ASCII)
_compact = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})", re.ASCII)
_dotted = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})", re.ASCII)
_slashed = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})", re.ASCII)
_named = re.compile(r"([0-9]{1,2})[ -]([A-Za-z]{3,9})\.?[ -]([0-9]{4})", re.ASCII)
MONTHS = {dt.date(2000, month, 1).strftime("%B").lower(): month for month in range(1, 13)}


def normal(text: str) -> str:
    """A text as two cells are compared: line ends alike, nothing around it, no characters a cell cannot hold."""
    return UNSHOWABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def cell_text(value: Cell) -> str:
    """A cell as text, the same for every way of writing it: what is compared and hashed."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    if isinstance(value, dt.date):
        return value.isoformat()
    return normal(str(value))


class SheetCell(Widget):
    """A cell that may be empty. `kind` names what it holds, for the guide of an exported workbook."""

    kind = "text"

    def options(self) -> list[tuple[str, str]] | None:
        """(what the cell may hold, what that means), when it is one of a list; else None."""
        return None

    def prepare(self, texts: Iterable[str]) -> None:
        """Read from the database what `clean` will need for these texts."""


class TextCell(SheetCell):
    def __init__(self, *, length: int | None) -> None:
        super().__init__()
        self.length = length
        self.kind = f"text, at most {length:,} characters" if length else "text"

    def clean(self, value: str, row: Any = None, **kwargs: Any) -> str:
        return normal(value)

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Cell:
        return str(value) if value else None


class ChoiceCell(SheetCell):
    """One of a closed list: shown by its label, read by label or value."""

    def __init__(self, choices: Iterable[tuple[Any, Any]]) -> None:
        super().__init__()
        self.labels = {value: str(label) for value, label in choices if value not in ("", None)}
        self.values = {str(value).casefold(): value for value in self.labels}
        self.values |= {label.casefold(): value for value, label in self.labels.items()}
        self.kind = "one of a list"

    def options(self) -> list[tuple[str, str]]:
        return [(label, "") for label in self.labels.values()]

    def clean(self, value: str, row: Any = None, **kwargs: Any) -> Any:
        try:
            return self.values[normal(value).casefold()]
        except KeyError:
            raise ValueError(not_one_of(value, self.labels.values())) from None

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Cell:
        return None if value in (None, "") else self.labels.get(value, str(value))


class CountryCell(SheetCell):
    kind = "country, ISO 3166 two-letter code"

    def options(self) -> list[tuple[str, str]]:
        return [(code, str(name)) for code, name in countries]

    def clean(self, value: str, row: Any = None, **kwargs: Any) -> str:
        text = normal(value)
        code = text.upper() if len(text) == 2 else countries.by_name(text, insensitive=True)
        if not code or not countries.name(code):
            raise ValueError(f"{shown(text)} is no country; write its two-letter code, such as CH")
        return code

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Cell:
        return str(getattr(value, "code", value) or "") or None


class BooleanCell(SheetCell):
    kind = "yes or no"

    def options(self) -> list[tuple[str, str]]:
        return [(YES, ""), (NO, "")]

    def clean(self, value: str, row: Any = None, **kwargs: Any) -> bool:
        text = normal(value).casefold()
        if text not in _YES and text not in _NO:
            raise ValueError(f"{shown(value)} is neither yes nor no")
        return text in _YES

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Cell:
        return None if value is None else YES if value else NO


class NumberCell(SheetCell):
    """A decimal or, with `whole`, an integer. A point stands before decimals and nothing between thousands."""

    def __init__(self, *, whole: bool) -> None:
        super().__init__()
        self.whole = whole
        self.kind = "whole number" if whole else "number"

    def clean(self, value: str, row: Any = None, **kwargs: Any) -> int | Decimal:
        text = normal(value)
        if not _number.fullmatch(text):
            example = "1200" if self.whole else "1200.5"
            raise ValueError(
                f"{shown(text)} is no number; write {example}, with a point before decimals and nothing between "
                "thousands"
            )
        try:
            number = Decimal(text)
        except InvalidOperation:
            raise ValueError(f"{shown(text)} is no number that can be kept") from None
        if not self.whole:
            return number
        if number != number.to_integral_value():
            raise ValueError(f"{shown(text)} is not a whole number")
        return int(number)

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Cell:
        return value


class DateCell(SheetCell):
    """A day. Dates with slashes are read only where they can mean one day."""

    kind = "date, YYYY-MM-DD"

    def clean(self, value: str, row: Any = None, **kwargs: Any) -> dt.date:
        text = normal(value)
        year, month, day = self._parts(text)
        try:
            return dt.date(year, month, day)
        except ValueError:
            raise ValueError(f"{shown(text)} is no day of the calendar; write it as YYYY-MM-DD") from None

    def _parts(self, text: str) -> tuple[int, int, int]:
        if found := _iso.fullmatch(text) or _compact.fullmatch(text):
            return int(found[1]), int(found[2]), int(found[3])
        if found := _dotted.fullmatch(text):
            return int(found[3]), int(found[2]), int(found[1])
        if found := _named.fullmatch(text):
            name = found[2].lower()
            month = next((n for full, n in MONTHS.items() if full.startswith(name)), 0)
            return int(found[3]), month, int(found[1])
        if found := _slashed.fullmatch(text):
            first, second, year = int(found[1]), int(found[2]), int(found[3])
            if first > 12:
                return year, second, first
            if second > 12 or first == second:
                return year, first, second
            raise ValueError(
                f"{shown(text)} can be {dt.date(year, first, second):%Y-%m-%d} or "
                f"{dt.date(year, second, first):%Y-%m-%d}; write it as YYYY-MM-DD"
                if first and second and year
                else f"{shown(text)} is no day of the calendar; write it as YYYY-MM-DD"
            )
        raise ValueError(f"{shown(text)} is no date; write it as YYYY-MM-DD")

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Cell:
        return value.date() if isinstance(value, dt.datetime) else value


class CodeCell(SheetCell):
    """A row of another table by its code: few rows, all read at once. Labels are read too where they are unique.

    `coming` are codes of rows that the same file makes: of them an unsaved row is given.
    """

    def __init__(self, model: type[models.Model], *, label: str) -> None:
        super().__init__()
        self.model, self.label = model, label
        self.kind = f"code of a {model._meta.verbose_name}"
        self.coming: frozenset[str] = frozenset()
        self._rows: dict[str, Any] | None = None
        self._labels: dict[str, list[Any]] = {}

    def forget(self) -> None:
        """Read the table again when it is needed."""
        self._rows = None

    @property
    def rows(self) -> dict[str, Any]:
        if self._rows is None:
            self._rows, self._labels = {}, {}
            for row in self.model._default_manager.all():
                self._rows[row.code] = row
                self._labels.setdefault(normal(getattr(row, self.label)).casefold(), []).append(row)
        return self._rows

    def options(self) -> list[tuple[str, str]]:
        """Terms that are still offered."""
        rows = self.model._default_manager.all()
        return [(r.code, str(getattr(r, self.label))) for r in rows if getattr(r, "active", True)]

    def clean(self, value: str, row: Any = None, **kwargs: Any) -> Any:
        text = normal(value)
        rows = self.rows
        if found := rows.get(text):
            return found
        if text in self.coming:
            return self.model(code=text)
        named = self._labels.get(text.casefold(), [])
        if len(named) == 1:
            return named[0]
        thing = self.model._meta.verbose_name
        near = get_close_matches(text, rows, n=1, cutoff=0.7)
        hint = f"; is it “{near[0]}”?" if near else "; use a code of its list, or make it there first"
        raise ValueError(f"there is no {thing} {shown(text)}{hint}")

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Cell:
        return value.code if value else None


class CodesCell(CodeCell):
    """Several rows of another table, their codes separated by semicolons."""

    def __init__(self, model: type[models.Model], *, label: str) -> None:
        super().__init__(model, label=label)
        self.kind = f"codes of {model._meta.verbose_name_plural}, separated by “{SEPARATOR} ”"

    def clean(self, value: str, row: Any = None, **kwargs: Any) -> list[Any]:
        parts = [part for text in value.split(SEPARATOR) if (part := normal(text))]
        found = {row.pk: row for row in (CodeCell.clean(self, part) for part in parts)}
        return sorted(found.values(), key=lambda row: row.code)

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Cell:
        rows = value if isinstance(value, list) else value.all()
        return f"{SEPARATOR} ".join(sorted(row.code for row in rows)) or None


class NamedRowCell(SheetCell):
    """A row of a big table by a text of its own; only the rows that are asked for are read."""

    MOST_KEPT = 20_000

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str, Any] = {}

    def prepare(self, texts: Iterable[str]) -> None:
        wanted = {text for raw in texts if (text := normal(raw)) and text not in self._known}
        if len(self._known) + len(wanted) > self.MOST_KEPT:
            self._known = {}
        if wanted:
            self._known |= dict.fromkeys(wanted) | self._find(wanted)

    def clean(self, value: str, row: Any = None, **kwargs: Any) -> Any:
        text = normal(value)
        if text not in self._known:
            self.prepare([text])
        if found := self._known[text]:
            return found
        raise ValueError(self._missing(text))

    def _find(self, texts: set[str]) -> dict[str, Any]:
        raise NotImplementedError

    def _missing(self, text: str) -> str:
        raise NotImplementedError


class SlugCell(NamedRowCell):
    """A partner by its short name, or another big table's row by its code (`by`)."""

    def __init__(self, model: type[models.Model], *, by: str, called: str) -> None:
        super().__init__()
        self.model, self.by, self.called = model, by, called
        self.kind = called

    def _find(self, texts: set[str]) -> dict[str, Any]:
        rows = self.model._default_manager.filter(**{f"{self.by}__in": texts})
        return {getattr(row, self.by): row for row in rows}

    def _missing(self, text: str) -> str:
        return f"there is no {self.called} {shown(text)}; copy it from an export, or make it first"

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Cell:
        return getattr(value, self.by) if value else None


class SiteCell(NamedRowCell):
    """A site as partner/site, both by their short names."""

    kind = "site, as short name of the partner / short name of the site"

    def __init__(self, model: type[models.Model]) -> None:
        super().__init__()
        self.model = model

    def _find(self, texts: set[str]) -> dict[str, Any]:
        pairs = {text: tuple(text.split("/", 1)) for text in texts if "/" in text}
        rows = self.model._default_manager.select_related("organisation").filter(
            organisation__slug__in={pair[0] for pair in pairs.values()},
            slug__in={pair[1] for pair in pairs.values()},
        )
        found = {(row.organisation.slug, row.slug): row for row in rows}
        return {text: found[pair] for text, pair in pairs.items() if pair in found}

    def _missing(self, text: str) -> str:
        if "/" not in text:
            return f"{shown(text)} names no site; write partner/site, such as helvia/basel"
        return f"there is no site {shown(text)}; copy it from an export, or make it first"

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Cell:
        return f"{value.organisation.slug}/{value.slug}" if value else None


def not_one_of(text: str, labels: Iterable[str]) -> str:
    """That a text is none of a list, with the nearest one or the list itself."""
    known = list(labels)
    folded = {label.casefold(): label for label in known}
    near = get_close_matches(normal(text).casefold(), folded, n=1, cutoff=0.6)
    if near:
        return f"{shown(text)} is not one of the list; is it “{folded[near[0]]}”?"
    return f"{shown(text)} is not one of: {', '.join(known[:12])}{' …' if len(known) > 12 else ''}"


def longest() -> int:
    """Characters up to which a cell certainly holds a whole text (an apostrophe may stand before it)."""
    return LONGEST_CELL - 2
