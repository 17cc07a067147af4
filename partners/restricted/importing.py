"""Reading a restricted-party list from CSV: a dry run by default, then one transaction.

The columns, with commas, semicolons or tabs between them: `name` and `effective_from` (YYYY-MM-DD) are needed;
`country` (two letters), `effective_until` and `reference` may be there. A line is known by its name within the list.
A party that a complete file does not hold any more ends on the day of the file; nothing is deleted. Entries on
partners that accepted matches made follow their party.
"""

import csv
import datetime
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone
from django_countries import countries

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from partners.enums import ChangeHow, EvidenceLevel
from partners.history import recording
from partners.importers.delimited import delimiter_of
from partners.models import ListedParty, RestrictedPartyEntry, RestrictedPartyList, Source

from .services import follow_parties

NEEDED = ("name", "effective_from")
LARGEST_FILE = 5_000_000  # bytes; the longest public lists have some ten thousand lines
EXAMPLES = 50
DATED = r"\d{4}-\d\d-\d\d"


class ListFileError(ValueError):
    """A file that is refused as a whole; the message says why and what is expected."""


@dataclass
class ListReport:
    """created + updated + unchanged + rejected = rows; `ended` were on the list and are not in the file.

    `entries` on partners followed their party.
    """

    applied: bool
    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    ended: int = 0
    entries: int = 0
    rejected: list[tuple[int, str]] = field(default_factory=list)  # line, reason
    changes: list[str] = field(default_factory=list)  # a sample, in words


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    name: str
    country: str
    effective_from: datetime.date
    effective_until: datetime.date | None
    reference: str


def import_list(
    *,
    party_list: RestrictedPartyList,
    content: bytes,
    source_title: str,
    file_date: datetime.date,
    apply: bool = False,
    complete: bool = True,
    actor: User | None = None,
) -> ListReport:
    """Compare the file with the list; with `apply` make the list equal to it. Raises ListFileError."""
    if file_date > timezone.localdate():
        raise ListFileError(f"The date of the file, {file_date}, is in the future.")
    report = ListReport(applied=apply)
    lines = _lines(content, report)
    with (
        transaction.atomic(),
        recording(how=ChangeHow.IMPORT, why=f"{party_list}: {source_title}", actor=actor),
    ):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"restricted:{party_list.code}"])
        source = _source(party_list, content, source_title, file_date)
        _compare(party_list, lines, report, source, file_date, complete)
        for entry in follow_parties(party_list=party_list):
            report.entries += 1
            _note(report, f"The entry of {entry.organisation} follows: {_dates(entry)}")
        if apply:
            numbers = ("rows", "created", "updated", "unchanged", "ended", "entries")
            data = {n: getattr(report, n) for n in numbers}
            record(actor=actor, verb="restricted_list.imported", obj=party_list, data=data)
        else:
            transaction.set_rollback(True)
    return report


def _lines(content: bytes, report: ListReport) -> list[Line]:
    if len(content) > LARGEST_FILE:
        raise ListFileError(
            f"The file is larger than {LARGEST_FILE // 1_000_000} MB; that is no list of names."
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ListFileError("The file is not in UTF-8. Save it as “CSV UTF-8” and try again.") from error
    if "\0" in text:
        raise ListFileError("The file holds NUL characters, so it is no CSV text. Save it as “CSV UTF-8”.")
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter_of(text.split("\n", 1)[0]))
    try:
        return _read(reader, report)
    except csv.Error as error:
        raise ListFileError(
            f"The file cannot be read as CSV at line {reader.line_num + 1} ({error}); look for a quotation mark "
            "that is not closed."
        ) from error


def _read(reader: "csv.DictReader[str]", report: ListReport) -> list[Line]:
    columns = [(c or "").strip().lower() for c in reader.fieldnames or []]
    missing = [c for c in NEEDED if c not in columns]
    if missing:
        raise ListFileError(
            f"The first line must name the columns {', '.join(NEEDED)}, with commas, semicolons or tabs between them; "
            f"missing: {', '.join(missing)}."
        )
    reader.fieldnames = columns
    found: dict[str, Line] = {}
    for row in reader:
        report.rows += 1
        try:
            line = _line(reader.line_num, row)
            if line.name in found:
                raise ValueError(f"{line.name} stands on line {found[line.name].number} already")
        except ValueError as error:
            report.rejected.append((reader.line_num, str(error)))
            continue
        found[line.name] = line
    if not found:
        raise ListFileError("The file holds no party that can be read; nothing was compared.")
    return list(found.values())


def _line(number: int, row: dict[str | None, Any]) -> Line:
    """One line. Raises ValueError in words."""
    if None in row or None in row.values():
        raise ValueError("The line has more or fewer columns than the first one")
    values = {str(k): (v or "").strip() for k, v in row.items()}
    name, country = " ".join(values["name"].split()), values.get("country", "").upper()
    if not name:
        raise ValueError("The name is missing")
    if len(name) > 200:
        raise ValueError("The name is longer than 200 letters")
    if country and country not in dict(countries):
        raise ValueError(f"{country} is no country; use two letters, e.g. CN")
    begins = _day(values["effective_from"], "effective_from")
    if begins is None:
        raise ValueError("effective_from is missing")
    ends = _day(values.get("effective_until", ""), "effective_until")
    if ends and ends < begins:
        raise ValueError("effective_until comes before effective_from")
    return Line(number, name, country, begins, ends, values.get("reference", "")[:160])


def _day(text: str, column: str) -> datetime.date | None:
    if not text:
        return None
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{column} must be YYYY-MM-DD, not “{text}”") from error


def _source(party_list: RestrictedPartyList, content: bytes, title: str, file_date: datetime.date) -> Source:
    """The file as a source of its own. One older than the newest that was applied is refused."""
    code = party_list.code
    if len(code) > 48:  # the day and the file must still fit into the source's code
        code = f"{code[:40]}-{hashlib.sha256(code.encode()).hexdigest()[:7]}"
    files = Source.objects.filter(code__regex=f"^list-{code}-{DATED}(-[0-9a-f]{{10}})?$")
    newest = files.aggregate(newest=Max("dated_on"))["newest"]
    if newest and file_date < newest:
        raise ListFileError(
            f"The file is of {file_date}, older than the file of {newest} that was read before it. If that day is "
            "wrong, correct the date of its source on the desk."
        )
    digest = hashlib.sha256(content).hexdigest()
    own = hashlib.sha256(f"{title}\n{digest}".encode()).hexdigest()[:10]
    source, _ = Source.objects.get_or_create(
        code=f"list-{code}-{file_date:%Y-%m-%d}-{own}",
        defaults={
            "title": title,
            "publisher": party_list.publisher,
            "url": party_list.url,
            "dated_on": file_date,
            "sha256": digest,
            "illustrative": party_list.illustrative,
        },
    )
    return source


def _dates(row: ListedParty | RestrictedPartyEntry) -> str:
    return f"from {row.effective_from} until {row.effective_until or 'further notice'}"


def _compare(
    party_list: RestrictedPartyList,
    lines: list[Line],
    report: ListReport,
    source: Source,
    file_date: datetime.date,
    complete: bool,
) -> None:
    known = {party.name: party for party in party_list.parties.all()}
    for line in lines:
        party = known.get(line.name)
        wanted = {
            "country": line.country,
            "effective_from": line.effective_from,
            "effective_until": line.effective_until,
        }
        if party is None:
            report.created += 1
            _note(report, f"New: {line.name}, from {line.effective_from}")
            party = ListedParty(list=party_list, name=line.name)
        else:
            differing = {n: (getattr(party, n), v) for n, v in wanted.items() if getattr(party, n) != v}
            if not differing:
                report.unchanged += 1
                continue
            report.updated += 1
            for name, (old, new) in differing.items():
                _note(report, f"{line.name}, {name}: {old or 'none'} → {new or 'none'}")
        _write(party, wanted, source, line.reference, file_date)
    if complete:
        names = {line.name for line in lines}
        for party in known.values():
            if party.name not in names and (
                party.effective_until is None or party.effective_until > file_date
            ):
                report.ended += 1
                _note(report, f"Not in the file any more: {party.name}")
                ends = max(file_date, party.effective_from)
                _write(party, {"effective_until": ends}, source, party.source_reference, file_date)


def _write(
    party: ListedParty, wanted: dict, source: Source, reference: str, file_date: datetime.date
) -> None:
    for name, value in wanted.items():
        setattr(party, name, value)
    party.source, party.source_reference, party.retrieved_on = source, reference, file_date
    party.evidence_level = EvidenceLevel.PUBLIC_REGISTER
    party.save()


def _note(report: ListReport, text: str) -> None:
    if len(report.changes) < EXAMPLES:
        report.changes.append(text)


def rejected_lines(report: ListReport) -> Iterator[str]:
    for number, reason in report.rejected:
        yield f"line {number}: {reason}"
