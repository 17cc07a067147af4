"""Cleaning of single values of the FDA files. Every function raises RowRejected, and nothing else."""

import datetime
import re
from functools import lru_cache

from .errors import RowRejected

DUNS_DIGITS = 9
FEI_MAX_DIGITS = 12  # 6 to 11 occur in published files; the column holds 12
LIST_SEPARATOR = ";"

_digits = re.compile(r"[0-9]+", re.ASCII)
_date_patterns = {
    "YYYY-MM-DD": re.compile(
        r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})([T ]00:00(:00)?)?", re.ASCII
    ),
    "MM/DD/YYYY": re.compile(r"(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})/(?P<year>[0-9]{4})", re.ASCII),
    "YYYYMMDD": re.compile(r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})", re.ASCII),
}
DATE_FORMATS = "YYYY-MM-DD, MM/DD/YYYY or YYYYMMDD"
NOTHING = frozenset({"", "-", "--"})  # how the files write that there is nothing


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


def clean_fei(text: str, *, column: str = "FEI_NUMBER") -> str:
    """The FEI without leading zeros; empty when the file has none (blank, a dash, or all zeros)."""
    value = text.strip()
    if value in NOTHING:
        return ""
    if value.endswith(".0"):  # a number that went through a floating-point column
        value = value[:-2]
    if not _digits.fullmatch(value):
        raise RowRejected(f"{column} must be digits, not {shown(value)}")
    value = value.lstrip("0")
    if len(value) > FEI_MAX_DIGITS:
        raise RowRejected(f"{column} has more than {FEI_MAX_DIGITS} digits: {shown(value)}")
    return value


@lru_cache(maxsize=4096)  # a register's days repeat from row to row
def _day(text: str) -> datetime.date | None:
    for pattern in _date_patterns.values():
        if match := pattern.fullmatch(text):
            year, month, day = (int(match[part]) for part in ("year", "month", "day"))
            try:
                return datetime.date(year, month, day)
            except ValueError:
                return None
    return None


def clean_date(text: str, *, column: str, required: bool = False) -> datetime.date | None:
    """A day written YYYY-MM-DD, MM/DD/YYYY or YYYYMMDD; None when blank or a dash."""
    value = text.strip()
    if value in NOTHING:
        if required:
            raise RowRejected(f"{column} is empty")
        return None
    date = _day(value)
    if date is not None:
        return date
    raise RowRejected(f"{column} must be a date {DATE_FORMATS}, not {shown(value)}")


def clean_flag(text: str, *, column: str) -> bool:
    """Y or N."""
    value = text.strip().upper()
    if value not in ("Y", "N"):
        raise RowRejected(f"{column} must be Y or N, not {shown(text.strip())}")
    return value == "Y"


def clean_name(text: str, *, column: str, length: int, required: bool = False) -> str:
    """Text on one line with single blanks; nothing when it is a dash."""
    value = " ".join(text.split())
    return clean_text("" if value in NOTHING else value, column=column, length=length, required=required)


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
