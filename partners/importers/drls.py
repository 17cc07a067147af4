"""FDA's Drug Establishments Current Registration Site (the file `drls_reg`): one row per registered site."""

from collections.abc import Mapping

from partners.enums import RegisterKind
from partners.models import RegisterEstablishment

from .addresses import Address, parse_address
from .errors import RowRejected
from .linking import link_establishments
from .spec import ParsedRow, Register, RegisterSpec
from .values import DUNS_DIGITS, clean_date, clean_duns, clean_fei, clean_flag, clean_list, clean_text

# Contact persons, their e-mail addresses and the US agent are in the file too; they are not read.
COLUMNS = (
    "FEI_NUMBER",
    "DUNS_NUMBER",
    "FIRM_NAME",
    "ADDRESS",
    "EXPIRATION_DATE",
    "OPERATIONS",
    "REGISTRANT_NAME",
    "REGISTRANT_DUNS",
    "EXCLUSION_FLAG",
)

FIELDS = (
    "duns",
    "fei",
    "firm_name",
    "address",
    "street",
    "city",
    "region",
    "postal_code",
    "country",
    "operations",
    "expires_on",
    "registrant_name",
    "registrant_duns",
    "excluded",
)

_ADDRESS_PARTS = ("street", "city", "region", "postal_code")
_LENGTHS = {
    name: RegisterEstablishment._meta.get_field(name).max_length
    for name in ("firm_name", "address", "registrant_name", *_ADDRESS_PARTS)
}
_OPERATION_LENGTH = RegisterEstablishment._meta.get_field("operations").base_field.max_length


def parse_row(row: Mapping[str, str]) -> ParsedRow:
    """Values of RegisterEstablishment in the order of FIELDS. Raises RowRejected."""
    warnings: list[str] = []
    duns = clean_duns(row["DUNS_NUMBER"])
    fei = clean_fei(row["FEI_NUMBER"])
    firm_name = clean_text(row["FIRM_NAME"], column="FIRM_NAME", length=_LENGTHS["firm_name"], required=True)
    line = clean_text(row["ADDRESS"], column="ADDRESS", length=_LENGTHS["address"], required=True)
    address = _fitting(parse_address(line), warnings)
    expires_on = clean_date(row["EXPIRATION_DATE"], column="EXPIRATION_DATE")
    if expires_on is None:
        warnings.append("EXPIRATION_DATE is empty")
    operations = clean_list(row["OPERATIONS"], column="OPERATIONS", length=_OPERATION_LENGTH)
    if not operations:
        warnings.append("OPERATIONS is empty")
    registrant_name = clean_text(
        row["REGISTRANT_NAME"], column="REGISTRANT_NAME", length=_LENGTHS["registrant_name"]
    )
    registrant_duns = _registrant_duns(row["REGISTRANT_DUNS"], warnings)
    excluded = clean_flag(row["EXCLUSION_FLAG"], column="EXCLUSION_FLAG")
    return ParsedRow(
        (
            duns,
            fei,
            firm_name,
            line,
            *(getattr(address, name) for name in _ADDRESS_PARTS),
            address.country,
            operations,
            expires_on,
            registrant_name,
            registrant_duns,
            excluded,
        ),
        tuple(warnings),
    )


def _fitting(address: Address, warnings: list[str]) -> Address:
    """The address, without its parts when one is too long for its column: then it was not understood."""
    if not address.country:
        warnings.append(f"country not recognised: {address.country_text or 'none given'}"[:120])
    if any(len(getattr(address, name)) > _LENGTHS[name] for name in _ADDRESS_PARTS):
        warnings.append("ADDRESS could not be taken apart")
        return Address(country=address.country, country_text=address.country_text)
    return address


def _registrant_duns(text: str, warnings: list[str]) -> str:
    """The registrant is beside the point of a row: a bad number is left out, not a reason to lose the row."""
    if not text.strip():
        return ""
    try:
        return clean_duns(text, column="REGISTRANT_DUNS")
    except RowRejected:
        warnings.append("REGISTRANT_DUNS is not a D-U-N-S number")
        return ""


ESTABLISHMENTS = RegisterSpec(
    kind=RegisterKind.DRLS,
    model=RegisterEstablishment,
    columns=COLUMNS,
    fields=FIELDS,
    key="duns",
    key_label="D-U-N-S",
    name_field="firm_name",
    parse=parse_row,
    key_of=lambda row: clean_duns(row.get("DUNS_NUMBER", "")),
    rows_called="establishments",
    padded={"DUNS_NUMBER": DUNS_DIGITS, "REGISTRANT_DUNS": DUNS_DIGITS},
    source_title="FDA Drug Establishments Current Registration Site (drls_reg)",
    source_publisher="U.S. Food and Drug Administration",
    source_url="https://www.fda.gov/drugs/drug-approvals-and-databases/"
    "drug-establishments-current-registration-site",
    source_licence="US government work, public domain",
    link=link_establishments,
)

DRLS = Register(RegisterKind.DRLS, (ESTABLISHMENTS,))
