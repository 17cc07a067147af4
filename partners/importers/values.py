"""Cleaning of single values of the FDA files. Every function raises RowRejected, and nothing else."""

import datetime
import re

from .errors import RowRejected

DUNS_DIGITS = 9
FEI_MAX_DIGITS = 12  # 6 to 11 occur in published files; the column holds 12
LIST_SEPARATOR = ";"

_digits = re.compile(r"[0-9]+", re.ASCII)
_us_date = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})", re.ASCII)


def shown(text: str) -> str:
    """A value quoted for a message, shortened when it is long."""
    return repr(text if len(text) <= 40 else text[:39] + "…")


def clean_duns(text: str, *, column: str = "DUNS_NUMBER") -> str:
    """Nine digits. A D-U-N-S number keeps its leading zeros."""
    value = text.strip()
    if not value:
        raise RowRejected(f"{column} is empty")
    if not _digits.fullmatch(value) or len(value) != DUNS_DIGITS:
        raise RowRejected(f"{column} must have 9 digits, not {shown(value)}")
    if not value.strip("0"):
        raise RowRejected(f"{column} is all zeros")
    return value


def clean_fei(text: str) -> str:
    """The FEI without leading zeros; empty when the file has none (blank, or all zeros)."""
    value = text.strip()
    if not value:
        return ""
    if not _digits.fullmatch(value):
        raise RowRejected(f"FEI_NUMBER must be digits, not {shown(value)}")
    value = value.lstrip("0")
    if len(value) > FEI_MAX_DIGITS:
        raise RowRejected(f"FEI_NUMBER has more than {FEI_MAX_DIGITS} digits: {shown(value)}")
    return value


def clean_date(text: str, *, column: str) -> datetime.date | None:
    """A day written MM/DD/YYYY; None when blank."""
    value = text.strip()
    if not value:
        return None
    match = _us_date.fullmatch(value)
    if match:
        month, day, year = map(int, match.groups())
        try:
            return datetime.date(year, month, day)
        except ValueError:
            pass
    raise RowRejected(f"{column} must be a date MM/DD/YYYY, not {shown(value)}")


def clean_flag(text: str, *, column: str) -> bool:
    """Y or N."""
    value = text.strip().upper()
    if value not in ("Y", "N"):
        raise RowRejected(f"{column} must be Y or N, not {shown(text.strip())}")
    return value == "Y"


def clean_text(text: str, *, column: str, length: int, required: bool = False) -> str:
    """Text without surrounding blanks, at most `length` characters."""
    value = text.strip()
    if required and not value:
        raise RowRejected(f"{column} is empty")
    if len(value) > length:
        raise RowRejected(f"{column} is longer than {length} characters")
    return value


def clean_list(text: str, *, column: str, length: int) -> list[str]:
    """The distinct items of a `; `-separated list, in the order of the file."""
    items = dict.fromkeys(item.strip() for item in text.split(LIST_SEPARATOR))
    items.pop("", None)
    if any(len(item) > length for item in items):
        raise RowRejected(f"{column} has an item longer than {length} characters")
    return list(items)
