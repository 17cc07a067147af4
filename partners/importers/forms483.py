"""FDA's list of published Form 483s, as its Data Dashboard exports it.

The export changed between 2024 and 2025: "Date Posted" became "Publish Date", empty cells became dashes, and
the record ids were dealt out anew. What stays is the PDF: its number at fda.gov/media. One PDF may serve several
records, and a few older PDFs have a path instead of a number, so the key is document, FEI and record date
together, with the parts of it as second ways to know a record again.
"""

import re
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from partners.enums import RegisterKind
from partners.models import RegisterForm483

from .errors import RowRejected
from .linking import link_form_483s
from .spec import ParsedRow, Register, RegisterSpec
from .values import NOTHING, clean_date, clean_fei, clean_name, shown

COLUMNS = ("RECORD DATE", "FEI NUMBER", "LEGAL NAME", "PUBLISH DATE", "DOWNLOAD")
FIELDS = (
    "key", "document", "fei", "firm_name", "record_type", "recorded_on", "posted_on", "url",
)  # fmt: skip

_media = re.compile(r"/media/([0-9]+)(?:/|$)", re.ASCII)
_LENGTHS = {
    name: RegisterForm483._meta.get_field(name).max_length
    for name in ("document", "firm_name", "record_type", "url")
}


def parse_row(row: Mapping[str, str]) -> ParsedRow:
    """Values of RegisterForm483 in the order of FIELDS. Raises RowRejected."""
    warnings: list[str] = []
    document, url = _document(row["DOWNLOAD"])
    fei = _fei(row["FEI NUMBER"], warnings)
    recorded_on = clean_date(row["RECORD DATE"], column="Record Date")
    if recorded_on is None:
        warnings.append("Record Date is empty")
    values = (
        _key(document, fei, recorded_on),
        document,
        fei,
        clean_name(row["LEGAL NAME"], column="Legal Name", length=_LENGTHS["firm_name"], required=True),
        clean_name(row.get("RECORD TYPE", ""), column="Record Type", length=_LENGTHS["record_type"]),
        recorded_on,
        clean_date(row["PUBLISH DATE"], column="Publish Date"),
        url,
    )
    return ParsedRow(values, tuple(warnings))


def key_of(row: Mapping[str, str]) -> str:
    """The key of a row that may be bad elsewhere. Raises RowRejected when it cannot be read."""
    document, _ = _document(row.get("DOWNLOAD", ""))
    return _key(
        document,
        _fei(row.get("FEI NUMBER", ""), []),
        clean_date(row.get("RECORD DATE", ""), column="Record Date"),
    )


def _key(document: str, fei: str, recorded_on: object) -> str:
    return f"{document}|{fei}|{recorded_on or ''}"


def _document(text: str) -> tuple[str, str]:
    """Number at fda.gov/media (or the path) and the address of the PDF."""
    value = text.strip()
    if value in NOTHING:
        raise RowRejected("Download is empty")
    try:
        parts = urlsplit(value)
        at_fda = parts.scheme in ("http", "https") and parts.hostname in ("www.fda.gov", "fda.gov")
    except ValueError:  # such as brackets that hold no IPv6 address
        at_fda = False
    if not at_fda:
        raise RowRejected(f"Download must be an address at fda.gov, not {shown(value)}")
    if match := _media.search(parts.path):
        return match[1], f"https://www.fda.gov/media/{match[1]}/download"
    document, url = unquote(parts.path), f"https://www.fda.gov{parts.path}"
    if len(document) > _LENGTHS["document"] or len(url) > _LENGTHS["url"]:
        raise RowRejected("Download is too long")
    return document, url


def _fei(text: str, warnings: list[str]) -> str:
    """Some rows have the firm's name in the FEI's place: the PDF still identifies them."""
    try:
        fei = clean_fei(text, column="FEI Number")
    except RowRejected:
        warnings.append("FEI Number is not a number")
        return ""
    if not fei:
        warnings.append("FEI Number is empty")
    elif len(fei) not in (7, 10):
        warnings.append("FEI Number has neither 7 nor 10 digits")
    return fei


PUBLISHED = RegisterSpec(
    kind=RegisterKind.FORM_483S,
    model=RegisterForm483,
    columns=COLUMNS,
    optional=("RECORD TYPE",),
    aliases={"DATE POSTED": "PUBLISH DATE"},
    fields=FIELDS,
    key="key",
    key_label="The record (PDF, FEI and record date)",
    name_field="firm_name",
    parse=parse_row,
    key_of=key_of,
    rows_called="Form 483s",
    rematch=(("document", "fei"), ("document",), ("fei", "recorded_on")),
    source_title="FDA Data Dashboard, published Form 483s",
    source_publisher="U.S. Food and Drug Administration",
    source_url="https://datadashboard.fda.gov/oii/cd/published483s.htm",
    source_licence="US government work, public domain",
    link=link_form_483s,
)
FORM_483S = Register(RegisterKind.FORM_483S, (PUBLISHED,))
