"""What each rule of a need reads and what it requires.

A need has one column per thing that some rule may read. `RULES` says which of them count for which rule; all
others are emptied before saving, so that a need never carries a leftover nobody sees. `need_label`, the one
wording of a need, lives in need_sentences.py.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from partners.enums import MetricKind
from quotes.enums import NeedRule
from quotes.need_sentences import INSPECTION_YEARS, need_label

__all__ = [
    "ALWAYS_ON",
    "NEED_FIELDS",
    "NEED_RELATED",
    "NO_NEEDS",
    "RULES",
    "RULE_FIELDS",
    "RuleSpec",
    "need_label",
    "only_read_fields",
    "problems",
]

#: every column of a need that belongs to some rule
RULE_FIELDS: tuple[str, ...] = (
    "service",
    "modality",
    "dosage_form",
    "production_system",
    "gmp",
    "quantity",
    "unit",
    "at_most",
    "certificate_type",
    "regulator",
    "track_record_kind",
    "metric",
    "contract_structure",
    "countries",
    "hazard",
    "schedule",
    "market",
    "by",
    "same_site",
)
#: what a user sets of a need
NEED_FIELDS: tuple[str, ...] = ("rule", "level", "note", *RULE_FIELDS)
#: its columns that hold a row of another table
NEED_RELATED: tuple[str, ...] = (
    "service",
    "modality",
    "dosage_form",
    "production_system",
    "unit",
    "certificate_type",
    "regulator",
    "metric",
    "contract_structure",
)
EMPTY: dict[str, Any] = {
    "gmp": False,
    "at_most": False,
    "track_record_kind": "",
    "countries": [],
    "hazard": "",
    "schedule": "",
    "market": "",
    "same_site": True,
}


@dataclass(frozen=True)
class RuleSpec:
    """One rule: the columns it reads, those it needs, and what the form says about them."""

    asks: str
    fields: tuple[str, ...]
    required: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()  # at least one of these must be given
    whole: tuple[int, int] | None = None  # the quantity is a whole number in this range
    above_zero: bool = False
    labels: dict[str, str] = field(default_factory=dict)
    help: dict[str, str] = field(default_factory=dict)
    initial: dict[str, Any] = field(default_factory=dict)


RULES: dict[str, RuleSpec] = {
    NeedRule.CAPABILITY: RuleSpec(
        asks="A service or process the partner must offer, down to modality, dosage form, system and scale.",
        fields=(
            "service",
            "modality",
            "dosage_form",
            "production_system",
            "quantity",
            "unit",
            "gmp",
            "same_site",
        ),
        any_of=("service", "modality", "dosage_form", "production_system"),
        above_zero=True,
        labels={"quantity": "Scale", "unit": "Unit of the scale", "gmp": "Under GMP for human use"},
        help={
            "service": "A whole branch is met by anything below it. Checked for the project's stage.",
            "quantity": "The scale the site must be able to run.",
        },
    ),
    NeedRule.BIOSAFETY: RuleSpec(
        asks="The biosafety level a site works at, 1 to 4.",
        fields=("quantity", "service", "modality", "same_site"),
        required=("quantity",),
        whole=(1, 4),
        labels={
            "quantity": "Biosafety level, at least",
            "service": "For this service",
            "modality": "For this modality",
        },
        initial={"quantity": 2},
    ),
    NeedRule.CONTAINMENT: RuleSpec(
        asks="The exposure limit a site can handle. Bands differ between partners, so the number is compared.",
        fields=("quantity", "service", "modality", "same_site"),
        required=("quantity",),
        above_zero=True,
        labels={
            "quantity": "Occupational exposure limit (µg/m³)",
            "service": "For this service",
            "modality": "For this modality",
        },
        help={"quantity": "8-hour time-weighted average. The site must handle this limit or a lower one."},
    ),
    NeedRule.CERTIFICATE: RuleSpec(
        asks="A certificate that covers the work and is still valid on the day it is needed.",
        fields=("certificate_type", "service", "dosage_form", "by", "same_site"),
        required=("certificate_type",),
        labels={
            "service": "Scope covers this service",
            "dosage_form": "Scope covers this dosage form",
            "by": "Valid on",
        },
        help={"by": "Empty: the project's need date."},
    ),
    NeedRule.INSPECTION: RuleSpec(
        asks="A recent inspection by an authority that did not end with official action (OAI).",
        fields=("regulator", "quantity", "same_site"),
        required=("quantity",),
        whole=(1, 20),
        labels={"regulator": "Inspected by", "quantity": "Within the last (years)"},
        help={"regulator": "Empty: any authority."},
        initial={"quantity": INSPECTION_YEARS},
    ),
    NeedRule.CAPACITY: RuleSpec(
        asks="A free slot, or an amount of free capacity, by a date.",
        fields=("service", "modality", "quantity", "unit", "by", "same_site"),
        above_zero=True,
        labels={"quantity": "Free capacity, at least", "by": "Starting no later than"},
        help={"quantity": "Empty: any open slot will do.", "by": "Empty: the project's need date."},
    ),
    NeedRule.TRACK_RECORD: RuleSpec(
        asks="Something done before, and how often.",
        fields=(
            "track_record_kind",
            "quantity",
            "service",
            "modality",
            "dosage_form",
            "regulator",
            "same_site",
        ),
        required=("track_record_kind", "quantity"),
        whole=(1, 100_000),
        labels={
            "track_record_kind": "What was done",
            "quantity": "At least",
            "regulator": "With this authority",
        },
        help={"same_site": "Off: the record of the partner as a whole counts."},
        initial={"quantity": 1},
    ),
    NeedRule.METRIC: RuleSpec(
        asks="A value the partner states or that was measured, such as on-time delivery.",
        fields=("metric", "quantity", "at_most", "same_site"),
        required=("metric",),
        labels={"quantity": "Value", "at_most": "At most this value, instead of at least"},
        help={"quantity": "Leave empty for a measure that is answered with yes or no."},
        initial={"same_site": False},
    ),
    NeedRule.MINIMUM_PROJECT: RuleSpec(
        asks="The smallest project a partner takes on must not exceed your amount.",
        fields=("quantity",),
        required=("quantity",),
        above_zero=True,
        labels={"quantity": "Minimum project value, at most"},
        help={"quantity": "In the currency of the project."},
    ),
    NeedRule.CONTRACT_STRUCTURE: RuleSpec(
        asks="How the work is contracted: end to end, a component, private label, labour only …",
        fields=("contract_structure",),
        required=("contract_structure",),
    ),
    NeedRule.COUNTRY: RuleSpec(
        asks="Where the site may be.",
        fields=("countries", "same_site"),
        required=("countries",),
        labels={"countries": "In one of these countries"},
    ),
    NeedRule.DEDICATED: RuleSpec(
        asks="A facility kept apart for material that contaminates others at traces.",
        fields=("hazard", "service", "modality", "same_site"),
        required=("hazard",),
        labels={
            "hazard": "Dedicated for",
            "service": "For this service",
            "modality": "For this modality",
        },
        help={
            "hazard": "Read from what each process of a site is recorded as dedicated for. A shared line fails; "
            "silence is unknown.",
            "service": "Empty: the project's main process.",
        },
    ),
    NeedRule.SCHEDULE: RuleSpec(
        asks="A registration with the United States DEA that names the schedule of a controlled substance.",
        fields=("schedule", "by", "same_site"),
        required=("schedule",),
        labels={"schedule": "Schedule", "by": "Valid on"},
        help={
            "schedule": "A registration whose scope names no schedules is unknown, one for other schedules fails.",
            "by": "Empty: the project's need date.",
        },
        initial={"schedule": "II"},
    ),
    NeedRule.MARKET: RuleSpec(
        asks="Proof that a market's authority accepts the site: its certificate, or an inspection that it passed.",
        fields=("market", "by", "same_site"),
        required=("market",),
        labels={"market": "Market", "by": "Valid on"},
        help={
            "market": "A mere registration is a condition. An inspection that ended with official action fails.",
            "by": "Empty: the project's need date.",
        },
    ),
    NeedRule.NDA: RuleSpec(
        asks="A non-disclosure agreement: read from your own notes on the partner. Declined fails; not asked is "
        "unknown.",
        fields=(),
    ),
    NeedRule.CONFLICT: RuleSpec(
        asks="No competing product and no other conflict of interest, as each partner answered for this project. "
        "Unknown until somebody has asked.",
        fields=(),
    ),
}

#: the two rules that run for every project: what they are called and what they do
ALWAYS_ON: tuple[tuple[str, str], ...] = (
    (
        "No open regulatory action",
        "A warning letter, import alert, consent decree, injunction, seizure, statement of non-compliance or "
        "licence suspension that is open at the lead site knocks a partner out, however good or cheap it is. "
        "Open at another site of the partner, it is a condition to discuss.",
    ),
    (
        "Not on a restricted-party list",
        "A listing in force at any time until the need date knocks a partner out of a federally funded programme. "
        "Otherwise it is shown as a warning.",
    ),
)

NO_NEEDS = "A project needs at least one need before it can be ranked."


def _missing(value: object) -> bool:
    return value is None or value == "" or value == []


def problems(rule: str, values: Mapping[str, Any], *, today: dt.date | None = None) -> dict[str, str]:
    """What is wrong with a need's values, field → sentence; empty when the engine can check it."""
    spec = RULES.get(rule)
    if spec is None:
        return {"rule": "Choose what kind of need this is."}
    found: dict[str, str] = {}
    for name in spec.required:
        if _missing(values.get(name)):
            found[name] = "This is needed to check partners against it."
    if spec.any_of and all(_missing(values.get(name)) for name in spec.any_of):
        found[spec.any_of[0]] = "Give a service, modality, dosage form or production system."
    quantity = values.get("quantity")
    if "quantity" in spec.fields and quantity is not None:
        found.update(_quantity_problems(spec, Decimal(quantity)))
    if "unit" in spec.fields and _missing(quantity) != _missing(values.get("unit")):
        if _missing(quantity):
            found["quantity"] = "Give the amount that goes with the unit, or leave both empty."
        else:
            found["unit"] = "Give the unit of the amount."
    if rule == NeedRule.METRIC and not _missing(values.get("metric")):
        found.update(_metric_problems(values["metric"], quantity))
    by = values.get("by")
    if today is not None and "by" in spec.fields and by is not None and by < today:
        found["by"] = "This day has passed."
    return found


def _quantity_problems(spec: RuleSpec, quantity: Decimal) -> dict[str, str]:
    if not quantity.is_finite():
        return {"quantity": "Enter a number."}
    if spec.whole is not None:
        low, high = spec.whole
        if quantity != quantity.to_integral_value() or not low <= quantity <= high:
            return {"quantity": f"Enter a whole number from {low:,} to {high:,}."}
    if spec.above_zero and quantity <= 0:
        return {"quantity": "Enter a number above zero."}
    return {}


def _metric_problems(metric: Any, quantity: Decimal | None) -> dict[str, str]:
    if metric.kind == MetricKind.NUMBER and quantity is None:
        return {"quantity": f"“{metric}” is a number: give the value to reach."}
    if metric.kind == MetricKind.FLAG and quantity is not None:
        return {"quantity": f"“{metric}” is answered with yes or no: leave the value empty."}
    if metric.kind == MetricKind.TEXT:
        return {"metric": f"“{metric}” is a text and cannot be checked."}
    return {}


def only_read_fields(rule: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with every column that the rule does not read emptied."""
    read = RULES[rule].fields
    return {
        name: values[name] if name in read and name in values else EMPTY.get(name) for name in RULE_FIELDS
    }
