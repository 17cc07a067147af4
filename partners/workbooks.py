"""XLSX files of any length, sent while they are written.

openpyxl keeps a whole sheet in a file until the last row is known and the reader waits for it; here every row goes
through the compression at once, so that a download begins in the first second and memory does not grow. Rows beyond
what a sheet holds go on in the next one. Written after ECMA-376 (Office Open XML), part 1, 18.3: only what the
tables of results need, texts in place, four formats.
"""

import datetime
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from io import RawIOBase
from itertools import chain, islice
from xml.sax.saxutils import escape, quoteattr

from openpyxl.utils import get_column_letter

from partners.spreadsheets import LONGEST_CELL, Value, cell_value

MOST_ROWS = 500_000  # of one sheet; Excel takes 1,048,576, and a part of the file must stay under 2 GB
ROWS_PER_CHUNK = 500
USUAL_WIDTH = 18
EPOCH = datetime.date(1899, 12, 30)  # day 0 of a spreadsheet, which takes 1900 for a leap year
PLAIN, BOLD, DATE, WRAPPED = range(4)  # places among `cellXfs`

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
STYLES = (
    f'{DECLARATION}<styleSheet xmlns="{MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/>'
    '</numFmts><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/>'
    '<name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="4">'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1" applyAlignment="1">'
    '<alignment wrapText="1" vertical="top"/></xf>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0" applyAlignment="1">'
    '<alignment wrapText="1" vertical="top"/></xf></cellXfs><cellStyles count="1">'
    '<cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with a heading row that stays in view. Columns beyond `widths` have a usual one."""

    title: str
    header: Sequence[str]
    rows: Iterable[Sequence[Value]]
    widths: Sequence[int] = ()


class _Pipe(RawIOBase):
    """A file that can only be written, and gives back what was written since the last time."""

    def __init__(self) -> None:
        self.written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.written += data
        return len(data)

    def taken(self) -> bytes:
        data = bytes(self.written)
        self.written.clear()
        return data


def workbook(sheets: Iterable[Sheet]) -> Iterator[bytes]:
    """The file in pieces. Texts are neutralised as in every other table (`spreadsheets.cell_value`)."""
    pipe, titles = _Pipe(), []
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        for sheet in sheets:
            for title, rows in _parts(sheet):
                titles.append(title)
                with archive.open(f"xl/worksheets/sheet{len(titles)}.xml", "w") as part:
                    for text in _sheet_xml(sheet, rows):
                        part.write(text.encode("utf-8", "replace"))
                        if piece := pipe.taken():
                            yield piece
        for name, text in _frame(titles).items():
            archive.writestr(name, text)
    yield pipe.taken()


def _parts(sheet: Sheet) -> Iterator[tuple[str, Iterator[Sequence[Value]]]]:
    """The sheet, and as many further ones as its rows need."""
    rows, number = iter(sheet.rows), 1
    first = next(rows, None)
    while first is not None or number == 1:
        start = [] if first is None else [first]
        yield (
            sheet.title if number == 1 else f"{sheet.title} {number}",
            chain(start, islice(rows, MOST_ROWS - 1)),
        )
        first, number = next(rows, None), number + 1


def _sheet_xml(sheet: Sheet, rows: Iterable[Sequence[Value]]) -> Iterator[str]:
    letters = [get_column_letter(number) for number in range(1, len(sheet.header) + 1)]
    widths = [*sheet.widths[: len(letters)], *[USUAL_WIDTH] * (len(letters) - len(sheet.widths))]
    columns = "".join(
        f'<col min="{at}" max="{at}" width="{width}" customWidth="1"/>' for at, width in enumerate(widths, 1)
    )
    header = "".join(
        _text(f"{letter}1", text, BOLD) for letter, text in zip(letters, sheet.header, strict=True)
    )
    yield (
        f'{DECLARATION}<worksheet xmlns="{MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane xSplit="1" ySplit="1" topLeftCell="B2" activePane="bottomRight" state="frozen"/></sheetView>'
        f'</sheetViews><cols>{columns}</cols><sheetData><row r="1">{header}</row>'
    )
    waiting: list[str] = []
    for number, row in enumerate(rows, 2):
        cells = "".join(
            [_cell(f"{letter}{number}", value) for letter, value in zip(letters, row, strict=True)]
        )
        waiting.append(f'<row r="{number}">{cells}</row>')
        if len(waiting) >= ROWS_PER_CHUNK:
            yield "".join(waiting)
            waiting = []
    yield "".join(waiting) + "</sheetData></worksheet>"


def _cell(place: str, value: Value) -> str:
    content = cell_value(value)
    if isinstance(content, str):
        return _text(place, content, WRAPPED if "\n" in content else PLAIN)
    if isinstance(content, datetime.date):
        return f'<c r="{place}" s="{DATE}"><v>{(content - EPOCH).days}</v></c>'
    number = f"{content.normalize():f}" if isinstance(content, Decimal) else repr(content)
    return f'<c r="{place}"><v>{number}</v></c>'


def _text(place: str, text: str, style: int) -> str:
    words = escape(text[:LONGEST_CELL])
    return f'<c r="{place}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{words}</t></is></c>'


def _frame(titles: Sequence[str]) -> dict[str, str]:
    """What makes a workbook of the sheets."""
    numbered = list(enumerate(titles, 1))
    sheets = "".join(f'<sheet name={quoteattr(t)} sheetId="{n}" r:id="rId{n}"/>' for n, t in numbered)
    related = "".join(
        f'<Relationship Id="rId{n}" Type="{RELATIONS}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n, _ in numbered
    )
    parts = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{TYPE}.worksheet+xml"/>'
        for n, _ in numbered
    )
    return {
        "xl/styles.xml": STYLES,
        "xl/workbook.xml": f'{DECLARATION}<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>{sheets}</sheets>'
        "</workbook>",
        "xl/_rels/workbook.xml.rels": f'{DECLARATION}<Relationships xmlns="{PACKAGE}/relationships">{related}'
        f'<Relationship Id="rId{len(titles) + 1}" Type="{RELATIONS}/styles" Target="styles.xml"/></Relationships>',
        "_rels/.rels": f'{DECLARATION}<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "[Content_Types].xml": f'{DECLARATION}<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
        f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
        f'ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{TYPE}.styles+xml"/>{parts}</Types>',
    }
