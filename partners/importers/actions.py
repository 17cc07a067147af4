"""FDA's warning letters and other compliance actions: two exports of its Data Dashboard and its web list.

The Dashboard's exports have one layout with the site's FEI; a case may cover several sites, so its number is
part of the key only. The web list ("Warning Letters" on fda.gov) has no FEI: its rows are known by their
address, which mostly ends with the case's number, and are attached to a site only through that case in the
Dashboard's lists. A name is no identification. No list says whether an action was closed out.
"""

import re
from collections.abc import Mapping
from functools import partial

from partners.enums import ActionKind, ActionListing, RegisterKind
from partners.models import RegisterAction

from .countries import country_code
from .errors import RowRejected
from .linking import link_actions
from .spec import ParsedRow, Register, RegisterSpec
from .values import NOTHING, clean_date, clean_fei, clean_name, shown

EXPORT_COLUMNS = (
    "FEI NUMBER", "LEGAL NAME", "STATE", "COUNTRY/AREA", "PRODUCT TYPE", "ACTION TAKEN DATE", "ACTION TYPE",
    "CASE/INJUNCTION ID",
)  # fmt: skip
EXPORT_FIELDS = (
    "key", "fei", "firm_name", "state", "country", "country_name", "product_type", "action_type", "kind",
    "issued_on", "case_id", "url", "issuing_office", "subject",
)  # fmt: skip
POSTED_COLUMNS = ("URL", "POSTED_DATE", "LETTER_DATE", "COMPANY", "ISSUING_OFFICE", "SUBJECT")
POSTED_FIELDS = (
    "key", "fei", "firm_name", "state", "country", "country_name", "product_type", "action_type", "kind",
    "issued_on", "case_id", "posted_on", "url", "issuing_office", "subject",
)  # fmt: skip

KINDS = {
    "warning letter": ActionKind.WARNING_LETTER,
    "untitled letter": ActionKind.UNTITLED_LETTER,
    "injunction": ActionKind.INJUNCTION,
    "consent decree": ActionKind.CONSENT_DECREE,
    "seizure": ActionKind.SEIZURE,
}
FDA = "https://www.fda.gov"
LETTER = "Warning Letter"

_text = {
    name: partial(clean_name, length=RegisterAction._meta.get_field(name).max_length)
    for name in (
        "firm_name", "state", "country_name", "product_type", "action_type", "case_id", "issuing_office",
        "subject",
    )
}  # fmt: skip
_path = re.compile(r"/[!-~]+")
_case_and_date = re.compile(r"-([0-9]{4,7})-[0-9]{8}(?:-[0-9]{1,2})?$", re.ASCII)
_centre = re.compile(r" ?(?:\| ?|\()(CDER|CBER|CDRH|CVM|CFSAN|CTP|OPDP)\)?$")


def parse_export(row: Mapping[str, str]) -> ParsedRow:
    """Values of RegisterAction in the order of EXPORT_FIELDS. Raises RowRejected."""
    warnings: list[str] = []
    fei = clean_fei(row["FEI NUMBER"], column="FEI Number")
    if not fei:
        warnings.append("FEI Number is empty")
    firm_name = _text["firm_name"](row["LEGAL NAME"], column="Legal Name", required=True)
    country_name = _text["country_name"](row["COUNTRY/AREA"], column="Country/Area")
    country = country_code(country_name)
    if country_name and not country:
        warnings.append(f"country not recognised: {country_name}")
    action_type = _text["action_type"](row["ACTION TYPE"], column="Action Type", required=True)
    kind = KINDS.get(action_type.casefold(), "")
    if not kind:
        warnings.append(f"kind of action not known here: {action_type}")
    product_type = _text["product_type"](row["PRODUCT TYPE"], column="Product Type")
    case_id = _text["case_id"](row["CASE/INJUNCTION ID"], column="Case/Injunction ID", required=True)
    values = (
        _export_key(case_id, fei, firm_name, product_type, action_type),
        fei,
        firm_name,
        _text["state"](row["STATE"], column="State"),
        country,
        country_name,
        product_type,
        action_type,
        kind,
        clean_date(row["ACTION TAKEN DATE"], column="Action Taken Date", required=True),
        case_id,
        "",
        "",
        "",
    )
    return ParsedRow(values, tuple(warnings))


def export_key(row: Mapping[str, str]) -> str:
    """The key of a row that may be bad elsewhere. Raises RowRejected when it cannot be read."""
    case_id = _text["case_id"](row.get("CASE/INJUNCTION ID", ""), column="Case/Injunction ID", required=True)
    return _export_key(
        case_id,
        clean_fei(row.get("FEI NUMBER", ""), column="FEI Number"),
        _text["firm_name"](row.get("LEGAL NAME", ""), column="Legal Name"),
        _text["product_type"](row.get("PRODUCT TYPE", ""), column="Product Type"),
        _text["action_type"](row.get("ACTION TYPE", ""), column="Action Type"),
    )


def _export_key(case_id: str, fei: str, firm_name: str, product_type: str, action_type: str) -> str:
    """The site is its FEI, or, without one, its name in one case."""
    site = fei or firm_name.casefold()
    return f"{case_id}|{site}|{product_type}|{action_type}"


def parse_posted(row: Mapping[str, str]) -> ParsedRow:
    """Values of RegisterAction in the order of POSTED_FIELDS. Raises RowRejected."""
    path = _posted_key(row)
    issued_on = clean_date(row["LETTER_DATE"], column="letter_date", required=True)
    posted_on = clean_date(row["POSTED_DATE"], column="posted_date")
    warnings = ()
    if posted_on and issued_on and posted_on < issued_on:
        warnings = ("posted_date is before letter_date",)
    values = (
        path,
        "",
        _text["firm_name"](_unquoted(row["COMPANY"]), column="company", required=True),
        "",
        "",
        "",
        "",
        LETTER,
        ActionKind.WARNING_LETTER,
        issued_on,
        _case_in(path),
        posted_on,
        FDA + path,
        _text["issuing_office"](_office(row["ISSUING_OFFICE"]), column="issuing_office"),
        _text["subject"](_unquoted(row["SUBJECT"]), column="subject"),
    )
    return ParsedRow(values, warnings)


def _posted_key(row: Mapping[str, str]) -> str:
    """The letter's path on fda.gov, the same for a relative and a whole address."""
    value = row.get("URL", "").strip()
    path = value.removeprefix("https://www.fda.gov").removeprefix("http://www.fda.gov")
    if value in NOTHING:
        raise RowRejected("url is empty")
    if not _path.fullmatch(path) or len(path) > 360:
        raise RowRejected(f"url must be an address at fda.gov, not {shown(value)}")
    return path


def _case_in(path: str) -> str:
    """The case a letter's address ends with, before the letter's date: `…-687984-01212025`."""
    match = _case_and_date.search(path)
    return match[1] if match else ""


def _unquoted(text: str) -> str:
    """Without quotation marks that the export left around or at one end of a text."""
    return text.strip().strip('"').strip()


def _office(text: str) -> str:
    """ "Center … | CDER" and "Center … (CDER)" are one office."""
    return _centre.sub(r" (\1)", " ".join(_unquoted(text).split()))


_FROM_FDA = {
    "model": RegisterAction,
    "name_field": "firm_name",
    "key": "key",
    "source_publisher": "U.S. Food and Drug Administration",
    "source_licence": "US government work, public domain",
    "link": link_actions,
}
_EXPORT = {
    **_FROM_FDA,
    "columns": EXPORT_COLUMNS,
    "fields": EXPORT_FIELDS,
    "key_label": "The action (case, FEI, product type and action type)",
    "parse": parse_export,
    "key_of": export_key,
    "rematch": (
        ("case_id", "product_type", "action_type"),
        ("fei", "issued_on", "product_type", "action_type"),
    ),
    "source_url": "https://datadashboard.fda.gov/oii/cd/complianceactions.htm",
}

LETTERS_WITH_FEI = RegisterSpec(
    kind=RegisterKind.WARNING_LETTERS,
    list_name=ActionListing.DASHBOARD_LETTERS.value,
    constants={"listing": ActionListing.DASHBOARD_LETTERS.value},
    rows_called="warning letters",
    source_title="FDA Data Dashboard, warning letters",
    **_EXPORT,
)
LETTERS_AS_POSTED = RegisterSpec(
    kind=RegisterKind.WARNING_LETTERS,
    list_name=ActionListing.POSTED_LETTERS.value,
    constants={"listing": ActionListing.POSTED_LETTERS.value},
    columns=POSTED_COLUMNS,
    fields=POSTED_FIELDS,
    key_label="The letter (url)",
    parse=parse_posted,
    key_of=_posted_key,
    rows_called="warning letters",
    source_title="FDA, warning letters as posted",
    source_url="https://www.fda.gov/inspections-compliance-enforcement-and-criminal-investigations/"
    "compliance-actions-and-activities/warning-letters",
    **_FROM_FDA,
)
ACTIONS = RegisterSpec(
    kind=RegisterKind.COMPLIANCE_ACTIONS,
    list_name=ActionListing.COMPLIANCE_ACTIONS.value,
    constants={"listing": ActionListing.COMPLIANCE_ACTIONS.value},
    rows_called="compliance actions",
    source_title="FDA Data Dashboard, compliance actions",
    **_EXPORT,
)
WARNING_LETTERS = Register(RegisterKind.WARNING_LETTERS, (LETTERS_WITH_FEI, LETTERS_AS_POSTED))
COMPLIANCE_ACTIONS = Register(RegisterKind.COMPLIANCE_ACTIONS, (ACTIONS,))
