"""FDA's NDC directory of unfinished drugs (`unfinished_product.txt`): what labelers list in bulk or half made.

The original is tab-separated with Windows line ends in Windows-1252. `PRODUCTID` holds a document's version, so
it changes with every revision of a listing; the product's NDC stays, but a few products are listed twice.
"""

from collections.abc import Mapping
from functools import partial

from partners.enums import RegisterKind
from partners.models import RegisterListing

from .errors import RowRejected
from .linking import link_listings
from .spec import ParsedRow, Register, RegisterSpec
from .values import LIST_SEPARATOR, clean_date, clean_name

COLUMNS = (
    "PRODUCTID", "PRODUCTNDC", "PRODUCTTYPENAME", "NONPROPRIETARYNAME", "DOSAGEFORMNAME", "STARTMARKETINGDATE",
    "ENDMARKETINGDATE", "MARKETINGCATEGORYNAME", "LABELERNAME", "SUBSTANCENAME", "ACTIVE_NUMERATOR_STRENGTH",
    "ACTIVE_INGRED_UNIT", "DEASCHEDULE", "LISTING_RECORD_CERTIFIED_THROUGH",
)  # fmt: skip
FIELDS = (
    "key", "product_ndc", "product_type", "name", "dosage_form", "started_on", "ended_on", "category",
    "labeler", "substances", "strengths", "units", "schedule", "certified_through",
)  # fmt: skip

_text = {
    name: partial(clean_name, length=RegisterListing._meta.get_field(name).max_length)
    for name in (
        "key", "product_ndc", "product_type", "name", "dosage_form", "category", "labeler", "schedule",
    )
}  # fmt: skip
_ITEM_LENGTH = {
    name: RegisterListing._meta.get_field(name).base_field.max_length
    for name in ("substances", "strengths", "units")
}


def parse_row(row: Mapping[str, str]) -> ParsedRow:
    """Values of RegisterListing in the order of FIELDS. Raises RowRejected."""
    substances = _items(row["SUBSTANCENAME"], "SUBSTANCENAME", "substances")
    strengths = _items(row["ACTIVE_NUMERATOR_STRENGTH"], "ACTIVE_NUMERATOR_STRENGTH", "strengths")
    units = _items(row["ACTIVE_INGRED_UNIT"], "ACTIVE_INGRED_UNIT", "units")
    warnings: list[str] = []
    if not substances:
        warnings.append("SUBSTANCENAME is empty")
    elif not len(substances) == len(strengths) == len(units):
        raise RowRejected(
            f"SUBSTANCENAME has {len(substances)} items, ACTIVE_NUMERATOR_STRENGTH {len(strengths)} "
            f"and ACTIVE_INGRED_UNIT {len(units)}; they must run parallel"
        )
    started_on = clean_date(row["STARTMARKETINGDATE"], column="STARTMARKETINGDATE")
    ended_on = clean_date(row["ENDMARKETINGDATE"], column="ENDMARKETINGDATE")
    if started_on and ended_on and ended_on < started_on:
        warnings.append("ENDMARKETINGDATE is before STARTMARKETINGDATE")
    values = (
        key_of(row),
        _text["product_ndc"](row["PRODUCTNDC"], column="PRODUCTNDC", required=True),
        _text["product_type"](row["PRODUCTTYPENAME"], column="PRODUCTTYPENAME", required=True),
        _text["name"](row["NONPROPRIETARYNAME"], column="NONPROPRIETARYNAME", required=True),
        _text["dosage_form"](row["DOSAGEFORMNAME"], column="DOSAGEFORMNAME"),
        started_on,
        ended_on,
        _text["category"](row["MARKETINGCATEGORYNAME"], column="MARKETINGCATEGORYNAME"),
        _text["labeler"](row["LABELERNAME"], column="LABELERNAME", required=True),
        substances,
        strengths,
        units,
        _text["schedule"](row["DEASCHEDULE"], column="DEASCHEDULE"),
        clean_date(row["LISTING_RECORD_CERTIFIED_THROUGH"], column="LISTING_RECORD_CERTIFIED_THROUGH"),
    )
    return ParsedRow(values, tuple(warnings))


def key_of(row: Mapping[str, str]) -> str:
    return _text["key"](row.get("PRODUCTID", ""), column="PRODUCTID", required=True)


def _items(text: str, column: str, field: str) -> list[str]:
    """A `; ` list as it stands: repetitions count, because the columns run parallel."""
    if not text.strip():
        return []
    items = [item.strip() for item in text.split(LIST_SEPARATOR)]
    if any(len(item) > _ITEM_LENGTH[field] for item in items):
        raise RowRejected(f"{column} has an item longer than {_ITEM_LENGTH[field]} characters")
    return items


UNFINISHED = RegisterSpec(
    kind=RegisterKind.NDC,
    model=RegisterListing,
    columns=COLUMNS,
    fields=FIELDS,
    key="key",
    key_label="PRODUCTID",
    name_field="name",
    parse=parse_row,
    key_of=key_of,
    rows_called="listings",
    rematch=(("product_ndc",),),
    source_title="FDA NDC directory, unfinished drugs",
    source_publisher="U.S. Food and Drug Administration",
    source_url="https://www.fda.gov/drugs/drug-approvals-and-databases/national-drug-code-directory",
    source_licence="US government work, public domain",
    link=link_listings,
)
NDC = Register(RegisterKind.NDC, (UNFINISHED,), encodings=("utf-8", "cp1252"))
