"""FDA's inspection classifications, as its Data Dashboard exports them: how an inspection of a site ended.

An inspection that looked at several project areas or product types has a row for each, under one inspection id.
"""

from collections.abc import Mapping
from functools import partial

from partners.enums import InspectionOutcome, RegisterKind
from partners.models import RegisterInspection

from .countries import country_code
from .errors import RowRejected
from .linking import link_inspections
from .spec import ParsedRow, Register, RegisterSpec
from .values import NOTHING, clean_date, clean_fei, clean_name, shown

COLUMNS = (
    "FEI NUMBER", "LEGAL NAME", "CITY", "STATE", "ZIP", "COUNTRY/AREA", "FISCAL YEAR", "INSPECTION ID",
    "POSTED CITATIONS", "INSPECTION END DATE", "CLASSIFICATION", "PROJECT AREA", "PRODUCT TYPE",
)  # fmt: skip
FIELDS = (
    "key", "inspection_id", "fei", "firm_name", "city", "state", "postal_code", "country", "country_name",
    "fiscal_year", "citations_posted", "ended_on", "outcome", "project_area", "product_type", "details",
)  # fmt: skip
OUTCOMES = {
    "no action indicated (nai)": InspectionOutcome.NAI,
    "voluntary action indicated (vai)": InspectionOutcome.VAI,
    "official action indicated (oai)": InspectionOutcome.OAI,
    "nai": InspectionOutcome.NAI,
    "vai": InspectionOutcome.VAI,
    "oai": InspectionOutcome.OAI,
}
FIRST_YEAR = 1970

_text = {
    name: partial(clean_name, length=RegisterInspection._meta.get_field(name).max_length)
    for name in (
        "inspection_id", "firm_name", "city", "state", "postal_code", "country_name", "project_area",
        "product_type", "details",
    )
}  # fmt: skip


def parse_row(row: Mapping[str, str]) -> ParsedRow:
    """Values of RegisterInspection in the order of FIELDS. Raises RowRejected."""
    warnings: list[str] = []
    fei = clean_fei(row["FEI NUMBER"], column="FEI Number")
    if not fei:
        warnings.append("FEI Number is empty")
    country_name = _text["country_name"](row["COUNTRY/AREA"], column="Country/Area")
    country = country_code(country_name)
    if country_name and not country:
        warnings.append(f"country not recognised: {country_name}")
    outcome = OUTCOMES.get(" ".join(row["CLASSIFICATION"].split()).casefold())
    if outcome is None:
        raise RowRejected(
            f"Classification must be NAI, VAI or OAI, not {shown(row['CLASSIFICATION'].strip())}"
        )
    values = (
        key_of(row),
        _text["inspection_id"](row["INSPECTION ID"], column="Inspection ID", required=True),
        fei,
        _text["firm_name"](row["LEGAL NAME"], column="Legal Name", required=True),
        _text["city"](row["CITY"], column="City"),
        _text["state"](row["STATE"], column="State"),
        _text["postal_code"](row["ZIP"], column="Zip"),
        country,
        country_name,
        _year(row["FISCAL YEAR"]),
        _yes_or_no(row["POSTED CITATIONS"]),
        clean_date(row["INSPECTION END DATE"], column="Inspection End Date", required=True),
        outcome,
        _text["project_area"](row["PROJECT AREA"], column="Project Area"),
        _text["product_type"](row["PRODUCT TYPE"], column="Product Type"),
        _text["details"](row.get("ADDITIONAL DETAILS", ""), column="Additional Details"),
    )
    return ParsedRow(values, tuple(warnings))


def key_of(row: Mapping[str, str]) -> str:
    parts = [_text["inspection_id"](row.get("INSPECTION ID", ""), column="Inspection ID", required=True)]
    parts += [
        _text[field](row.get(column, ""), column=column.capitalize())
        for field, column in (("project_area", "PROJECT AREA"), ("product_type", "PRODUCT TYPE"))
    ]
    return "|".join(parts)


def _year(text: str) -> int | None:
    value = text.strip()
    if value in NOTHING:
        return None
    if not (value.isdecimal() and len(value) == 4 and int(value) >= FIRST_YEAR):
        raise RowRejected(f"Fiscal Year must be a year, not {shown(value)}")
    return int(value)


def _yes_or_no(text: str) -> bool | None:
    value = text.strip().casefold()
    if value in NOTHING:
        return None
    if value not in ("yes", "no"):
        raise RowRejected(f"Posted Citations must be Yes or No, not {shown(text.strip())}")
    return value == "yes"


CLASSIFIED = RegisterSpec(
    kind=RegisterKind.INSPECTIONS,
    model=RegisterInspection,
    columns=COLUMNS,
    optional=("ADDITIONAL DETAILS",),
    fields=FIELDS,
    key="key",
    key_label="The inspection (id, project area and product type)",
    name_field="firm_name",
    parse=parse_row,
    key_of=key_of,
    rows_called="inspections",
    source_title="FDA Data Dashboard, inspection classifications",
    source_publisher="U.S. Food and Drug Administration",
    source_url="https://datadashboard.fda.gov/oii/cd/inspections.htm",
    source_licence="US government work, public domain",
    link=link_inspections,
)
INSPECTIONS = Register(RegisterKind.INSPECTIONS, (CLASSIFIED,))
