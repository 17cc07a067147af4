"""What a register is: its columns, what one row becomes, what identifies it, and what an import reports."""

import dataclasses
import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models

from partners.enums import RegisterKind

from .reading import UTF8


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """Values in the order of the spec's `fields`, and what was odd but not bad enough to reject the row."""

    values: tuple[Any, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class RegisterSpec:
    """One list of a register: the layout of its file and the table it is kept in.

    `rematch` names other groups of fields that identify a row whose key is not in both the file and the table,
    tried in order; a group counts only when it is unique on both sides. `constants` are values of the table that
    every row of this list has and no other; only rows with them are compared and closed.
    """

    kind: RegisterKind
    model: type[models.Model]
    columns: tuple[str, ...]  # that must be in the header; others are ignored
    fields: tuple[str, ...]  # of the model, filled from the file and compared
    key: str  # one of `fields`
    key_label: str
    name_field: str  # one of `fields`, names a row for people
    parse: Callable[[Mapping[str, str]], ParsedRow]
    key_of: Callable[[Mapping[str, str]], str | None]  # of a rejected row, where it can be read
    rows_called: str  # "establishments": what the rows are, for people
    source_title: str
    source_publisher: str
    source_url: str
    source_licence: str
    link: Callable[[], int]  # attach rows to the catalogue; returns how many
    list_name: str = ""  # tells the lists of one register apart
    optional: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    padded: Mapping[str, int] = field(default_factory=dict)
    rematch: tuple[tuple[str, ...], ...] = ()
    constants: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Register:
    """One kind of register that can be imported, with its lists and the encodings its files come in."""

    kind: RegisterKind
    lists: tuple[RegisterSpec, ...]
    encodings: tuple[str, ...] = UTF8


@dataclass
class ImportReport:
    """What a run did, or in a dry run would do. created + updated + unchanged + rejected = rows."""

    kind: str
    file: str
    applied: bool
    layout: str = ""
    read_as: str = ""  # the format and delimiter that the file was found to have
    sha256: str = ""
    file_date: datetime.date | None = None
    file_date_stated: bool = True  # False: nobody gave a date, and it is the day of reading
    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    closed: int = 0  # were in the register, are not in this file
    reopened: int = 0  # had left the register, are back; counted in `updated` too
    linked: int = 0  # rows newly attached to the catalogue
    facts: dict[str, int] = field(default_factory=dict)  # of the catalogue: added, changed, ended, removed
    already_applied: bool = False  # the same file was the last one applied, and nothing has changed since
    run_id: int | None = None
    warnings: dict[str, int] = field(default_factory=dict)
    warning_examples: list[dict[str, Any]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)  # a sample
    rejected_rows: list[dict[str, Any]] = field(default_factory=list)
    rejected_rows_left_out: int = 0

    @property
    def may_match(self) -> bool:
        """Establishments that the catalogue has not seen like this before: matches are worth looking for."""
        return self.applied and self.kind == RegisterKind.DRLS and bool(self.created or self.updated)

    def as_json(self) -> dict[str, Any]:
        """Plain values, ready for `json.dumps`."""
        data = dataclasses.asdict(self)
        data["file_date"] = self.file_date.isoformat() if self.file_date else None
        return data
