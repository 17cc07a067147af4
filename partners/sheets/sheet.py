"""A list of the catalogue as a table: its columns, what identifies a row, and the version a row was exported in."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import models
from django.utils.text import capfirst
from django_countries.fields import CountryField
from import_export.fields import Field

from partners.models import Facility, Organisation, RestrictedPartyList, Source, Vocabulary

from . import cells
from .cells import SheetCell, cell_text

VERSION = "version"
NEW = "new"
HASH_BYTES = 3  # of one cell: 4 characters; one change in 16 million goes unnoticed
_HASH_TEXT = 4
_version = re.compile(r"v([0-9]{1,18}):([A-Za-z0-9_-]*)", re.ASCII)
HEADINGS = {"organisation": "partner", "facility": "site"}
#: columns of our own tables that are nobody's to edit in a spreadsheet
LEFT_OUT = frozenset({"id", "created_at", "updated_at"})
#: the evidence of a fact stands last
EVIDENCE = ("source", "source_reference", "retrieved_on", "evidence_level", "valid_until")


class Column(Field):
    """One column: a field of the model, its heading, and the widget between cell and value."""

    def __init__(self, field: models.Field, *, key: bool) -> None:
        heading = HEADINGS.get(field.name, str(field.verbose_name).lower())
        super().__init__(attribute=field.name, column_name=heading, widget=widget_for(field))
        self.field, self.key = field, key
        self.many = isinstance(field, models.ManyToManyField)
        self.widget: SheetCell

    @property
    def name(self) -> str:
        return str(self.attribute)

    @property
    def heading(self) -> str:
        return str(self.column_name)

    @cached_property
    def clearable(self) -> bool:
        """Whether an empty cell may say that the value is not known."""
        return bool(self.many or self.field.null or self.emptied_text)

    @cached_property
    def emptied_text(self) -> bool:
        """Whether the field says “unknown” with an empty text."""
        return isinstance(self.field, models.CharField | models.TextField) and self.field.blank

    @cached_property
    def needed(self) -> bool:
        """Whether a new row must say it."""
        return not self.clearable and not self.field.has_default()

    @property
    def empty(self) -> Any:
        return [] if self.many else "" if self.emptied_text and not self.field.null else None

    def text(self, instance: models.Model) -> str:
        """The cell of a row, as it is compared."""
        return cell_text(self.export(instance))

    def text_of(self, value: Any) -> str:
        """The cell that a value would have, as it is compared."""
        return cell_text(None if value is None else self.widget.render(value))

    def hash_of(self, text: str) -> str:
        digest = hashlib.blake2b(f"{self.name}\0{text}".encode(), digest_size=HASH_BYTES).digest()
        return base64.urlsafe_b64encode(digest).decode()

    @property
    def names(self) -> set[str]:
        """Everything a heading of this column may be called, folded."""
        return {fold(self.heading), fold(self.name), fold(str(self.field.verbose_name))}


def _has_rows_of_its_own(field: models.Field) -> bool:
    """A link whose rows are facts with evidence: a list of its own."""
    return isinstance(field, models.ManyToManyField) and not field.remote_field.through._meta.auto_created


def fold(heading: str) -> str:
    return " ".join(heading.replace("_", " ").split()).casefold()


def widget_for(field: models.Field) -> SheetCell:
    """The widget of a model field, by its kind."""
    target = field.related_model
    match field:
        case models.ManyToManyField():
            return cells.CodesCell(target, label="label")
        case models.ForeignKey() if target is Facility:
            return cells.SiteCell(target)
        case models.ForeignKey() if target is Organisation:
            return cells.SlugCell(target, by="slug", called="partner (short name)")
        case models.ForeignKey() if target is Source:
            return cells.SlugCell(target, by="code", called="source (code)")
        case models.ForeignKey() if target is RestrictedPartyList:
            return cells.CodeCell(target, label="name")
        case models.ForeignKey():
            return cells.CodeCell(target, label="label")
        case CountryField():
            return cells.CountryCell()
        case models.Field(choices=choices) if choices:
            return cells.ChoiceCell(field.flatchoices)
        case models.BooleanField():
            return cells.BooleanCell()
        case models.IntegerField():
            return cells.NumberCell(whole=True)
        case models.DecimalField():
            return cells.NumberCell(whole=False)
        case models.DateField():
            return cells.DateCell()
        case models.CharField() | models.TextField():
            return cells.TextCell(length=field.max_length)
    raise TypeError(f"{field} has no kind of cell")


@dataclass(frozen=True, slots=True)
class Version:
    """Which row of the catalogue a row was exported from, and a hash of each of its cells then."""

    pk: int
    hashes: tuple[str, ...]


class Sheet:
    """The list of one model. `key` names the fields that identify a row for people; `find_by` is the one of them
    by which rows are looked up (few rows share a value of it). `frozen` keys are chosen once.

    Widgets keep what they have read: a Sheet is made for one export or import and then thrown away.
    """

    def __init__(self, model: type[models.Model], *, key: tuple[str, ...], find_by: str = "") -> None:
        self.model, self.key_names, self.find_by = model, key, find_by or key[0]
        self.frozen = issubclass(model, Vocabulary)
        fields = [
            f
            for f in (*model._meta.concrete_fields, *model._meta.many_to_many)
            if f.name not in LEFT_OUT and f.editable and not _has_rows_of_its_own(f)
        ]
        first = [model._meta.get_field(name) for name in key]
        rest = sorted((f for f in fields if f not in first), key=lambda f: f.name in EVIDENCE)
        self.columns = [Column(f, key=True) for f in first] + [Column(f, key=False) for f in rest]
        self.keys = self.columns[: len(key)]

    @property
    def name(self) -> str:
        return str(self.model._meta.model_name)

    @property
    def title(self) -> str:
        return capfirst(str(self.model._meta.verbose_name_plural))

    @property
    def parent(self) -> Column | None:
        """The column that names another row of the same list, by its code."""
        return next((c for c in self.columns if c.field.related_model is self.model), None)

    def queryset(self) -> models.QuerySet:
        """All rows, with everything that their cells are made of."""
        return self.with_related(self.model._base_manager.all())

    def with_related(self, rows: models.QuerySet) -> models.QuerySet:
        relations = [c.name for c in self.columns if isinstance(c.field, models.ForeignKey)]
        if "facility" in relations:
            relations.append("facility__organisation")
        many = [c.name for c in self.columns if c.many]
        return rows.select_related(*relations).prefetch_related(*many)

    def key_of(self, instance: models.Model) -> tuple[str, ...]:
        return tuple(column.text(instance) for column in self.keys)

    # -- versions ------------------------------------------------------------------------------------

    def version(self, instance: models.Model) -> str:
        """The row's key and a hash of each cell, so that a later change of either side is seen."""
        return f"v{instance.pk}:" + "".join(c.hash_of(c.text(instance)) for c in self.columns)

    def read_version(self, text: str) -> Version | None:
        """None when the text is no version of this sheet."""
        found = _version.fullmatch(text.strip())
        if not found or len(found[2]) != _HASH_TEXT * len(self.columns):
            return None
        hashes = found[2]
        return Version(
            int(found[1]),
            tuple(hashes[n : n + _HASH_TEXT] for n in range(0, len(hashes), _HASH_TEXT)),
        )

    def prepare(self, rows: Iterable[dict[str, str]]) -> None:
        """Let each widget read what a batch of rows needs, in one query each."""
        held = list(rows)
        for column in self.columns:
            column.widget.prepare([row[column.name] for row in held if row.get(column.name)])
