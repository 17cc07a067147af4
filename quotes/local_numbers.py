"""Numbers as people type them in their own country: understood when there is one reading, asked about otherwise.

"1.250,50", "1,250.50", "1 250,50" and "1'250.50" all have one reading. "1,250" may be 1250 or 1.25: asked about.
"""

from __future__ import annotations

import re
from decimal import Decimal

SPACES = dict.fromkeys(map(ord, "\u00a0\u202f\u2009\u2007\t"), " ")
APOSTROPHES = dict.fromkeys(map(ord, "’‘´`"), "'")
MOST_DIGITS = 30
LARGEST = Decimal(10) ** 15


class UnclearNumber(ValueError):
    """The text is no number, or could be two; the message says what to write."""


def read_number(text: str, *, least: Decimal | int | None = 0) -> Decimal:
    """The number, exactly. Raises UnclearNumber. `least` None allows any sign."""
    plain = text.strip().translate(SPACES).translate(APOSTROPHES).replace("\u2212", "-")
    sign, body = ("-", plain[1:].strip()) if plain.startswith("-") else ("", plain.removeprefix("+").strip())
    if not re.fullmatch(r"[0-9][0-9 .,']*", body) or sum(c.isdigit() for c in body) > MOST_DIGITS:
        raise UnclearNumber(f"“{text.strip()[:40]}” is not a number. Write digits only, such as 1250.50.")
    number = Decimal(sign + _digits(body, text.strip()))
    if abs(number) >= LARGEST:
        raise UnclearNumber("That number is too large to be meant.")
    if least is not None and number < least:
        raise UnclearNumber(
            "A negative number cannot be used here." if least == 0 else f"Give a number of at least {least}."
        )
    return number


def _digits(body: str, shown: str) -> str:
    if grouping := next((mark for mark in (" ", "'") if mark in body), ""):
        whole, mark, rest = _split_last(body, ".,")
        if grouping in rest or not _grouped(whole, grouping):
            raise UnclearNumber(
                f"The digits of “{shown}” are not in groups of three. Write it without spaces."
            )
        return whole.replace(grouping, "") + (f".{rest}" if mark else "")
    marks = [c for c in body if c in ".,"]
    if not marks:
        return body
    if len(set(marks)) == 2:
        whole, mark, rest = _split_last(body, ".,")
        other = "," if mark == "." else "."
        if mark in whole or not _grouped(whole, other) or not rest:
            raise UnclearNumber(
                f"“{shown}” cannot be read. Write it with one decimal point, such as 1250.50."
            )
        return f"{whole.replace(other, '')}.{rest}"
    mark = marks[0]
    if len(marks) > 1:
        if not _grouped(body, mark):
            raise UnclearNumber(f"“{shown}” cannot be read. Write it without separators, such as 1250000.")
        return body.replace(mark, "")
    whole, rest = body.split(mark)
    if not rest:
        raise UnclearNumber(f"“{shown}” ends in a separator. Write the decimals, or leave it out.")
    if len(rest) == 3 and 1 <= len(whole) <= 3 and not whole.startswith("0"):
        raise UnclearNumber(
            f"“{shown}” could be {whole}{rest} or {whole}.{rest}. Write {whole}{rest}, or {whole}.{rest}0 for the "
            "smaller one."
        )
    return f"{whole}.{rest}"


def _split_last(body: str, marks: str) -> tuple[str, str, str]:
    """Before and after the last of the marks; nothing after when there is none."""
    at = max(body.rfind(mark) for mark in marks)
    return (body, "", "") if at < 0 else (body[:at], body[at], body[at + 1 :])


def _grouped(whole: str, mark: str) -> bool:
    """Groups of three behind the first one; Indian grouping (12,34,567) too."""
    if mark not in whole:
        return whole.isdigit()
    mark = re.escape(mark)
    return bool(
        re.fullmatch(rf"[0-9]{{1,3}}({mark}[0-9]{{3}})+", whole)
        or re.fullmatch(rf"[0-9]{{1,2}}({mark}[0-9]{{2}})+{mark}[0-9]{{3}}", whole)
    )


def read_share(text: str, *, most: int = 100) -> Decimal:
    """A percentage as typed, "12,5" or "12.5 %", as a fraction. Raises UnclearNumber beyond `most` per cent."""
    number = read_number(text.strip().removesuffix("%"))
    if number > most:
        raise UnclearNumber(f"{text.strip()} is more than {most} %.")
    return number / 100


def write_number(number: Decimal | int | float) -> str:
    """A number as text that `read_number` reads back: 1.125 becomes 1.1250, which has one reading."""
    value = Decimal(repr(number)) if isinstance(number, float) else Decimal(number)
    text = f"{value.normalize():f}"
    whole, _, rest = text.lstrip("-").partition(".")
    return f"{text}0" if len(rest) == 3 and len(whole) <= 3 and whole != "0" else text
