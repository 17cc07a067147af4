"""A quote as it is typed, field by field, and what it means: one reader for browser, spreadsheet and manual entry.

Raw is text: {"quote": {field: text}, "lines": {code: {field: text}}, "answers": {id: text}}. `read_sheet` returns the
values and, beside the fields they belong to, what is wrong. It touches no database.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from quotes.local_numbers import UnclearNumber, read_number, read_share, write_number
from quotes.rfq_enums import LineState, PricingModel

Raw = dict[str, Any]

QUOTE_FIELDS = (
    "reference", "currency", "headline", "escalation", "valid_until", "slot_from", "slots", "assumptions", "exclusions",
)  # fmt: skip
#: field → label, in the order of the form and of the bid sheet
LINE_FIELDS: dict[str, str] = {
    "state": "State",
    "model": "Pricing model",
    "price": "Price or rate",
    "fixed": "Fixed part",
    "tiers": "Tiers",
    "committed": "Committed quantity per year",
    "committed_share": "Payable share of the commitment, %",
    "ftes": "People (FTE)",
    "months": "Months",
    "hours": "Hours",
    "cap": "Cap",
    "materials": "Materials",
    "labour": "Labour",
    "overhead": "Overhead",
    "probability": "Probability, %",
    "share_code": "Share of line",
    "share": "Share, %",
    "markup": "Mark-up, %",
    "discount": "Discount, %",
    "lump_discount": "Lump-sum discount",
    "escalation": "Escalation per year, %",
    "cancellation": "Cancellation fee, % of price",
    "currency": "Currency, if another",
    "assumption": "Assumption",
}
#: what each pricing model needs (first) and may have besides
MODEL_FIELDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    PricingModel.UNIT: (("price",), ()),
    PricingModel.FIXED: (("price",), ()),
    PricingModel.FTE: (("ftes", "price"), ("months",)),
    PricingModel.TIME: (("hours", "price"), ("cap",)),
    PricingModel.TIERS: (("tiers",), ()),
    PricingModel.COST_PLUS: (("markup",), ("materials", "labour", "overhead")),
    PricingModel.MILESTONE: (("price", "probability"), ()),
    PricingModel.TAKE_OR_PAY: (("committed", "committed_share"), ("price", "tiers")),
    PricingModel.HYBRID: (("fixed", "price"), ()),
    PricingModel.SHARE: (("share_code", "share"), ()),
}
COMMON = ("markup", "discount", "lump_discount", "escalation", "cancellation", "currency")
PERCENT = ("committed_share", "share", "markup", "discount", "escalation", "probability", "cancellation")
MOST_PERCENT = {"markup": 1000, "share": 1000}
#: lines for the conditions of what is priced at other lines
CONDITIONS = ("discounts",)
LONGEST = 8000
NOT_NEGATIVE = (
    "A price is not negative. Give the full price here and what is taken off it under “Discount, %” or "
    "“Lump-sum discount”."
)
PRICED_CONDITION = (
    "A price here would be added. Give the discount at the line it is taken off, in per cent or as a lump sum, and "
    "its conditions as this line's assumption."
)


@dataclass
class SheetLine:
    """One line that could be read. `values`: numbers as plain text, fractions for percentages."""

    code: str
    state: str
    model: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    assumption: str = ""


@dataclass
class Sheet:
    """What a raw sheet means. `errors`: (part, name, field) → message; part is "quote", "lines" or "answers"."""

    quote: dict[str, Any] = field(default_factory=dict)
    lines: list[SheetLine] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    untouched: list[str] = field(default_factory=list)
    errors: dict[tuple[str, str, str], str] = field(default_factory=dict)


def read_sheet(
    raw: Mapping[str, Any],
    *,
    codes: Sequence[str],
    questions: Sequence[str],
    periods: int,
    currencies: Collection[str],
    today: dt.date,
) -> Sheet:
    """Everything that was typed, read. Fields of codes and questions that were not asked for are errors too."""
    sheet = Sheet()
    _read_quote(sheet, raw.get("quote", {}), currencies, today)
    lines = raw.get("lines", {})
    for code in codes:
        _read_line(sheet, code, lines.get(code, {}), codes, periods, currencies)
    for code in lines:
        if code not in codes and any(str(v).strip() for v in lines[code].values()):
            sheet.errors["lines", code, "state"] = f"“{code}” is not a line of this request."
    _refuse_circles(sheet)
    answers = raw.get("answers", {})
    sheet.answers = {key: answers[key].strip()[:LONGEST] for key in questions if answers.get(key, "").strip()}
    return sheet


# -- the quote as a whole -------------------------------------------------------------------------


def _read_quote(sheet: Sheet, raw: Mapping[str, str], currencies: Collection[str], today: dt.date) -> None:
    def read(name: str, reader: Callable[[str], Any]) -> None:
        text = str(raw.get(name, "")).strip()
        if not text:
            return
        try:
            sheet.quote[name] = reader(text)
        except (UnclearNumber, ValueError) as error:
            sheet.errors["quote", name, ""] = str(error)

    read("reference", lambda text: text[:80])
    read("currency", lambda text: read_currency(text, currencies))
    read("headline", _headline)
    read("escalation", _overall_growth)
    read("valid_until", lambda text: _future(read_date(text), today, "The quote's validity is over already."))
    read("slot_from", read_date)
    read("slots", lambda text: text[:600])
    read("assumptions", lambda text: text[:LONGEST])
    read("exclusions", lambda text: text[:LONGEST])
    if not sheet.quote.get("currency") and ("quote", "currency", "") not in sheet.errors:
        sheet.errors["quote", "currency", ""] = "Say in which currency you quote."
    if not sheet.quote.get("assumptions"):
        sheet.errors["quote", "assumptions", ""] = "List your assumptions, or write “none”."


def read_currency(text: str, currencies: Collection[str]) -> str:
    code = text.upper()
    if code not in currencies:
        raise ValueError(
            f"“{text[:20]}” is not a currency with a rate on the project's day. Use a code such as EUR."
        )
    return code


def read_date(text: str) -> dt.date:
    """ISO, or day first with a written or unambiguous month: 2027-03-31, 31 March 2027, 31.03.2027."""
    for layout in ("%Y-%m-%d", "%d %B %Y", "%d %b %Y", "%d.%m.%Y", "%Y-%m-%d %H:%M:%S"):
        try:
            return dt.datetime.strptime(text.strip(), layout).date()  # noqa: DTZ007  a day, not a moment
        except ValueError:
            continue
    raise ValueError(f"“{text[:30]}” is not a date. Write it as 2027-03-31.")


def _future(day: dt.date, today: dt.date, message: str) -> dt.date:
    if day < today:
        raise ValueError(message)
    return day


def _amount(text: str) -> Decimal:
    number = read_number(text, least=None)
    if number < 0:
        raise UnclearNumber(NOT_NEGATIVE)
    return number


def _headline(text: str) -> Decimal:
    number = _amount(text)
    if number != round(number, 4):
        raise UnclearNumber("Give the total with four decimals at most.")
    return number


def _overall_growth(text: str) -> Decimal:
    number = _growth(text)
    if number != round(number, 6):
        raise UnclearNumber("Give the escalation with four decimals at most, such as 2.1250 %.")
    return number


def _growth(text: str) -> Decimal:
    number = read_number(text.removesuffix("%"), least=None)
    if not -50 <= number <= 100:
        raise UnclearNumber("Escalation is between -50 % and 100 % a year.")
    return number / 100


# -- lines ----------------------------------------------------------------------------------------


def _read_line(
    sheet: Sheet,
    code: str,
    raw: Mapping[str, str],
    codes: Sequence[str],
    periods: int,
    currencies: Collection[str],
) -> None:
    texts = {name: str(raw.get(name, "")).strip() for name in LINE_FIELDS}
    priced = {
        name for name in texts if texts[name] and name not in ("state", "model", "assumption", "currency")
    }
    state = texts["state"] or (LineState.QUOTED if priced else "")
    if not state:
        if code not in CONDITIONS:
            sheet.untouched.append(code)
        sheet.lines.append(SheetLine(code, LineState.NOT_QUOTED, assumption=texts["assumption"][:1000]))
        return

    def wrong(name: str, message: str) -> None:
        sheet.errors.setdefault(("lines", code, name), message)

    if state not in LineState.values:
        wrong("state", f"“{state[:20]}” is not a state. Use {', '.join(LineState.values)}.")
        return
    line = SheetLine(code, state, assumption=texts["assumption"][:1000])
    if state != LineState.QUOTED:
        if priced:
            wrong(
                "state",
                f"This line is {LineState(state).label.lower()} but has a price. Keep one of the two.",
            )
        sheet.lines.append(line)
        return
    model = texts["model"] or PricingModel.UNIT
    if model not in PricingModel.values:
        wrong("model", f"“{model[:20]}” is not a pricing model. Use {', '.join(PricingModel.values)}.")
        return
    line.model = model
    needed, optional = MODEL_FIELDS[model]
    for name in LINE_FIELDS:
        if name in ("state", "model", "assumption") or not texts[name]:
            continue
        if name not in (*needed, *optional, *COMMON):
            wrong(name, f"{LINE_FIELDS[name]} is not used with “{PricingModel(model).label}”. Clear it.")
            continue
        try:
            line.values[name] = read_field(
                name, texts[name], codes=codes, periods=periods, currencies=currencies
            )
        except (UnclearNumber, ValueError) as error:
            wrong(name, str(error))
    for name in needed:
        if not texts[name]:
            wrong(name, f"{LINE_FIELDS[name]} is needed for “{PricingModel(model).label}”.")
    _check_combination(line, texts, wrong)
    sheet.lines.append(line)


def _check_combination(line: SheetLine, texts: Mapping[str, str], wrong: Callable[[str, str], None]) -> None:
    if line.model == PricingModel.COST_PLUS and not any(
        texts[n] for n in ("materials", "labour", "overhead")
    ):
        wrong("materials", "Give materials, labour or overhead.")
    if line.model == PricingModel.TAKE_OR_PAY and bool(texts["price"]) == bool(texts["tiers"]):
        wrong("price", "Give either a price or tiers for the committed quantity.")
    if line.model == PricingModel.SHARE and line.values.get("share_code") == line.code:
        wrong("share_code", "A line cannot be a share of itself.")
    if line.model == PricingModel.SHARE and texts["cancellation"]:
        wrong("cancellation", "A share of another line has no cancellation fee of its own.")
    if line.model == PricingModel.SHARE and texts["discount"]:
        wrong("discount", "A share of another line has no discount of its own: give a smaller share.")
    if line.model == PricingModel.SHARE and texts["lump_discount"]:
        wrong("lump_discount", "A share of another line has no discount of its own: give a smaller share.")
    if line.model == PricingModel.HYBRID and texts["lump_discount"]:
        wrong("lump_discount", "Take a lump sum off the fixed part and give that.")
    if line.code in CONDITIONS:
        wrong("price", PRICED_CONDITION)
    if line.model == PricingModel.SHARE and texts["escalation"]:
        wrong("escalation", "A share of another line follows that line's escalation.")


def read_field(
    name: str, text: str, *, codes: Collection[str], periods: int, currencies: Collection[str]
) -> Any:
    """One field of a line as it is stored. Raises UnclearNumber or ValueError."""
    if name == "currency":
        return read_currency(text, currencies)
    if name == "share_code":
        if text not in codes:
            raise ValueError(f"“{text[:40]}” is not a line of this request.")
        return text
    if name == "tiers":
        return [[str(start), str(price)] for start, price in read_tiers(text)]
    if name == "committed":
        return [str(number) for number in read_per_period(text, periods)]
    if name == "escalation":
        return str(_growth(text))
    if name in PERCENT:
        return str(read_share(text, most=MOST_PERCENT.get(name, 100)))
    return str(_amount(text))


def read_per_period(text: str, periods: int) -> list[Decimal]:
    """ "300; 400; 400", one number per year, or a single one for all years."""
    numbers = [_amount(part) for part in re.split(r"[;\n]", text) if part.strip()]
    if len(numbers) == 1:
        numbers *= periods
    if len(numbers) != periods:
        raise ValueError(
            f"Give {periods} numbers, one for each year, separated by semicolons (or one for all years)."
        )
    return numbers


def read_tiers(text: str) -> list[tuple[Decimal, Decimal]]:
    """ "0: 12.50; 300: 11" or with ranges "0-299: 12.50; 300+: 11". Refuses overlaps, gaps and any disorder."""
    tiers: list[tuple[Decimal, Decimal]] = []
    end: Decimal | None = None
    for part in (p for p in re.split(r"[;\n]", text) if p.strip()):
        found = re.fullmatch(r"\s*([^:=]+?)\s*[:=]\s*(.+?)\s*", part)
        if not found:
            raise ValueError(
                "Write tiers as “from: price”, separated by semicolons, such as 0: 12.50; 300: 11."
            )
        first, _, last = found[1].removesuffix("+").replace("\u2013", "-").partition("-")
        start, price = _amount(first), _amount(found[2])
        if tiers and start <= tiers[-1][0]:
            raise ValueError(f"The tiers overlap: {start} does not come after {tiers[-1][0]}.")
        if end is not None and start <= end:
            raise ValueError(f"The tiers overlap: one ends at {end}, the next starts at {start}.")
        if end is not None and start > end + 1:
            raise ValueError(f"Nothing is said about quantities between {end} and {start}.")
        end = _amount(last) if last.strip() else None
        if end is not None and end < start:
            raise ValueError(f"The tier from {start} to {end} ends before it starts.")
        tiers.append((start, price))
    if not tiers:
        raise ValueError("Give at least one tier, such as 0: 12.50.")
    return tiers


def _refuse_circles(sheet: Sheet) -> None:
    """Shares of each other: a circle has no amount."""
    follows = {x.code: x.values["share_code"] for x in sheet.lines if x.values.get("share_code")}
    for code in follows:
        seen, at = {code}, follows[code]
        while at in follows and at not in seen:
            seen.add(at)
            at = follows[at]
        if at == code and follows[code] != code:
            sheet.errors.setdefault(
                ("lines", code, "share_code"),
                "These lines are shares of each other in a circle. Price one of them.",
            )


# -- back to text ---------------------------------------------------------------------------------


def field_text(name: str, value: Any) -> str:
    """A stored value of a line as it would be typed: percentages in per cent, one reading each."""
    if name == "tiers":
        return "; ".join(f"{write_number(Decimal(s))}: {write_number(Decimal(p))}" for s, p in value)
    if name == "committed":
        return "; ".join(write_number(Decimal(number)) for number in value)
    if name in ("currency", "share_code"):
        return str(value)
    number = Decimal(value)
    return write_number(number * 100 if name in PERCENT else number)
