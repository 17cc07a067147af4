"""What the response page shows: the fields of a quote with what was typed and what is wrong, line by line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cmo_selector.http import whole_number
from quotes.quote_sheet import LINE_FIELDS, MODEL_FIELDS, PERCENT, Sheet
from quotes.rfq_enums import LineState, PricingModel
from quotes.rfq_templates import catalogue

UNITS = dict.fromkeys(PERCENT, "%")
HINTS = {
    "tiers": "From: price, such as 0: 12.50; 300: 11",
    "committed": "One number per year, such as 300; 400; 400, or one for all",
    "cap": "The most that is charged",
    "cancellation": "Share of the price due for what is cancelled",
    "discount": "Volume, campaign or prepayment; taken off the price",
    "lump_discount": "Taken off this line's first amounts until used up",
    "markup": "Handling on pass-through, or the m of cost-plus",
}
QUOTE_LABELS = {
    "reference": "Your reference",
    "currency": "Currency",
    "headline": "Your own total",
    "escalation": "Price escalation per year, %",
    "valid_until": "Valid until",
    "slot_from": "First slot offered",
    "slots": "Slots and lead times",
    "assumptions": "Assumptions",
    "exclusions": "Exclusions",
}
LONG = {"assumptions", "exclusions", "slots", "assumption"}
MAIN = ("state", "model", "price", "assumption")


@dataclass
class Input:
    """One input of the page."""

    name: str
    label: str
    value: str = ""
    error: str = ""
    kind: str = "text"  # text, long, date, select
    choices: list[tuple[str, str]] = field(default_factory=list)
    unit: str = ""
    hint: str = ""
    models: str = ""  # the pricing models that use it, for the script that hides the others


@dataclass
class LineInputs:
    """One line of the scope with its inputs."""

    line: Mapping[str, Any]
    note: str
    main: list[Input]
    more: list[Input]
    open: bool
    has_error: bool


def quote_inputs(draft: Mapping[str, str], sheet: Sheet | None, currencies: list[str]) -> list[Input]:
    rows = []
    for name, label in QUOTE_LABELS.items():
        error = sheet.errors.get(("quote", name, ""), "") if sheet else ""
        kind = "long" if name in LONG else "date" if name in ("valid_until", "slot_from") else "text"
        choices: list[tuple[str, str]] = []
        if name == "currency":
            kind, choices = "select", [("", "choose"), *((code, code) for code in currencies)]
        value = draft.get(f"q-{name}", "")
        if kind == "date" and value and len(value) != 10:
            kind = "text"  # typed in another layout, or wrong: shown as typed
        if kind == "select" and value and value not in dict(choices):
            choices = [*choices, (value, value)]
        hint = "Write “none” if there are none." if name in ("assumptions", "exclusions") else ""
        rows.append(Input(f"q-{name}", label, value, error, kind, choices, hint=hint))
    return rows


def line_inputs(
    asked: Mapping[str, Any], packages: list[Mapping[str, Any]], draft: Mapping[str, str], sheet: Sheet | None
) -> list[dict[str, Any]]:
    """The packages with their lines."""
    labels = [(line["code"], line["label"]) for line in asked["lines"]]
    return [
        {
            "name": package["name"],
            "lines": [_line(line, labels, draft, sheet) for line in package["lines"]],
        }
        for package in packages
    ]


def _line(
    line: Mapping[str, Any], labels: list[tuple[str, str]], draft: Mapping[str, str], sheet: Sheet | None
) -> LineInputs:
    code = line["code"]
    inputs = {}
    for name, label in LINE_FIELDS.items():
        error = sheet.errors.get(("lines", code, name), "") if sheet else ""
        value = draft.get(f"l-{code}-{name}", "")
        choices: list[tuple[str, str]] = []
        if name == "state":
            choices = [("", "choose, or type a price"), *LineState.choices]
        elif name == "model":
            choices = [
                ("", "price per unit"),
                *[c for c in PricingModel.choices if c[0] != PricingModel.UNIT],
            ]
            value = "" if value == PricingModel.UNIT else value
        elif name == "share_code":
            choices = [("", "choose"), *[pair for pair in labels if pair[0] != code]]
        if choices and value and value not in dict(choices):
            choices = [*choices, (value, value)]
        kind = "select" if choices else "long" if name in LONG else "text"
        models = " ".join(
            model for model, (needed, optional) in MODEL_FIELDS.items() if name in (*needed, *optional)
        )
        inputs[name] = Input(
            f"l-{code}-{name}",
            label,
            value,
            error,
            kind,
            choices,
            UNITS.get(name, ""),
            HINTS.get(name, ""),
            models,
        )
    more = [inputs[name] for name in LINE_FIELDS if name not in MAIN]
    entry = catalogue().get(code)
    return LineInputs(
        line=line,
        note=entry.note if entry else "",
        main=[inputs[name] for name in MAIN],
        more=more,
        open=any(item.value or item.error for item in more),
        has_error=any(item.error for item in inputs.values()),
    )


def field_words(name: str) -> str:
    """A field of the form in words, without the request it belongs to."""
    kind, _, rest = name.partition("-")
    if kind == "q":
        return QUOTE_LABELS[rest]
    if kind == "a":
        return f"Answer {rest}"
    code, _, part = rest.rpartition("-")
    return f"Line {code}, {LINE_FIELDS[part].lower()}"


def error_list(sheet: Sheet | None, labels: Mapping[str, str]) -> list[dict[str, str]]:
    """All errors with the input they belong to, for the summary above the form."""
    if sheet is None:
        return []
    rows = []
    for (part, name, sub), text in sheet.errors.items():
        if part == "quote":
            rows.append({"target": f"q-{name}", "label": QUOTE_LABELS.get(name, name), "text": text})
        else:
            label = f"{labels.get(name, name)}, {LINE_FIELDS.get(sub, sub).lower()}"
            rows.append({"target": f"l-{name}-{sub}", "label": label, "text": text})
    return rows


def edition_of(posted: Mapping[str, str]) -> int:
    """The edition a form was opened with; -1 for anything else, which is always stale."""
    edition = whole_number(posted.get("edition"))
    return -1 if edition is None else edition
