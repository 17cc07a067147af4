"""Rejected rows of an import as a CSV file: put them right, and import them again."""

import csv
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from django.http import StreamingHttpResponse

from partners.models import RegisterImport
from partners.spreadsheets import BYTE_ORDER_MARK, plain_text


class _Line:
    """A file for `csv.writer` that hands each line back."""

    def write(self, text: str) -> str:
        return text


def rejected_csv(rows: Iterable[dict[str, Any]], name: str) -> StreamingHttpResponse:
    """Line, reason, then the columns of the file as they stood; row by row."""
    return StreamingHttpResponse(
        _lines(iter(rows)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _lines(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    writer = csv.writer(_Line())
    first = next(rows, None)
    columns = list(first["raw"]) if first else []
    yield BYTE_ORDER_MARK + writer.writerow(["line", "reason", *columns])
    for row in chain([first] if first else [], rows):
        values = [row["reason"], *(row["raw"].get(column, "") for column in columns)]
        yield writer.writerow([row["line"], *(plain_text(_text(value)) for value in values)])


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return "" if value is None else str(value)


def rejected_of_run(run: RegisterImport) -> Iterator[dict[str, Any]]:
    """All rejected rows of an applied import, as they are kept in the database."""
    return run.rejected_rows.order_by("line").values("line", "reason", "raw").iterator()
