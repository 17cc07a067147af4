"""Numbers, dates and codes as people read them, for the sentences the engine writes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December")  # fmt: skip

# Words inside vocabulary codes that are not written in small letters.
ACRONYMS = (
    "eu uk fda iso gmp mia imp cep gcp glp gdp dea qmsr mdsap pics ppq ind aav pfs soc adc hpapi oel bsl lnp "
    "vg tu dna jp qp ivd otc nda bla maa cta eo bfs"
)
SPELLING = {
    **{word: word.upper() for word in ACRONYMS.split()},
    "mab": "mAb",
    "mrna": "mRNA",
    "pct": "%",
    "otif": "on-time-in-full",
    "ipsc": "iPSC",
}
UNITS = {"l": "L", "ml": "mL", "m2": "m²", "clamp-t": "t clamp", "fte": "FTE", "gbq": "GBq"}


def number(value: float) -> str:
    """Thousands separated, at most two decimals (four below 1), no trailing zeros: 12,000 · 0.05 · 3.5."""
    text = f"{value:,.{4 if abs(value) < 1 else 2}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def unit_symbol(code: str) -> str:
    """A scale unit's code as it is printed: "l" → "L", "tablets-year" → "tablets/year"."""
    base, dash, per = code.partition("-")
    if dash and per in ("batch", "year", "hour", "minute"):
        return f"{SPELLING.get(base, base)}/{per}"
    return UNITS.get(code, code)


def amount(value: float, unit: str | None) -> str:
    """A number with its unit, when it has one."""
    return f"{number(value)} {unit_symbol(unit)}" if unit else number(value)


def money(value: float, currency: str | None) -> str:
    return f"{currency or '(currency unknown)'} {number(value)}"


def ended(outcome: str) -> str:
    """How an inspection ended: "NAI", "not classified yet", "classification unknown"."""
    return {"pending": "not classified yet", "unknown": "classification unknown"}.get(
        outcome, outcome.upper()
    )


def day(date: dt.date) -> str:
    return f"{date.day} {MONTHS[date.month - 1]} {date.year}"


def plain(code: str) -> str:
    """A vocabulary code as words: "warning_letter" → "warning letter", "eu-gmp" → "EU GMP".

    The service tree's prefixes (ds- drug substance, dp- drug product, ff- fill-finish) are left out.
    """
    words = code.replace("_", "-").split("-")
    if len(words) > 1 and words[0] in ("ds", "dp", "ff"):
        words = words[1:]
    return " ".join(SPELLING.get(word, word) for word in words)


def agency(code: str) -> str:
    """A regulator's code as its name: "fda" → "FDA", "health-canada" → "Health Canada"."""
    return code.upper() if len(code) <= 5 else plain(code).title()


def listing(items: Iterable[str]) -> str:
    """ "a, b and c" """
    words = list(items)
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def few(names: Iterable[str], most: int = 3) -> str:
    """The first names and how many more there are: "Alpha, Beta, Gamma and 57 others"."""
    words = list(names)
    if len(words) <= most + 1:  # "and 1 other" is no shorter than the name
        return listing(words)
    return listing([*words[:most], counted(len(words) - most, "other")])


def counted(count: float, singular: str, plural: str = "") -> str:
    return f"{number(count)} {singular if count == 1 else plural or singular + 's'}"


def sentence(text: str) -> str:
    """First letter large, unless the first word has its own spelling (mAb), and a full stop at the end."""
    text = text.strip()
    if not text:
        return ""
    first = text.split(maxsplit=1)[0]
    if first.islower():
        text = text[0].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) else f"{text}."


def years_before(date: dt.date, years: float) -> dt.date:
    """The day `years` earlier; 29 February becomes the 28th, part years count as 365.25 days."""
    whole = int(years)
    try:
        moved = date.replace(year=date.year - whole)
    except ValueError:
        moved = date.replace(year=date.year - whole, day=28)
    return moved - dt.timedelta(days=round((years - whole) * 365.25))


def months_between(start: dt.date, end: dt.date) -> float:
    """Months from start to end (30.44 days each), negative when end comes first."""
    return (end - start).days / 30.4375
