"""Forms of a request for quotation: its texts, demand, questions and terms. Numbers in local formats."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.text import slugify

from quotes.forms.number_fields import LocalNumberField, PerYearField
from quotes.local_numbers import UnclearNumber, read_number, write_number
from quotes.models import Rfq
from quotes.models.rfq import MOST_PERIODS
from quotes.rfq_enums import free_name
from quotes.rfq_templates import SECTIONS, question_library, templates
from quotes.services.rfq import SENT_TERMS

KINDS = (("low", "Low"), ("base", "Base"), ("high", "High"))
MOST_DRIVERS = 12


def lines_of(text: str) -> list[str]:
    """Non-blank lines, trimmed, each once."""
    return list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


class RfqForm(forms.Form):
    """Base: remembers the RFQ and the edition it was opened with. `values` are columns of the RFQ."""

    edition = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, *args: Any, rfq: Rfq, **kwargs: Any) -> None:
        self.rfq = rfq
        kwargs.setdefault("initial", {})
        kwargs["initial"] = {**self.starting(rfq), "edition": rfq.edition, **kwargs["initial"]}
        super().__init__(*args, **kwargs)

    def starting(self, rfq: Rfq) -> dict[str, Any]:
        return {}

    @property
    def values(self) -> dict[str, Any]:
        raise NotImplementedError

    def knowingly(self, edition: int) -> None:
        """From now on the form saves over this edition."""
        self.data = self.data.copy()
        self.data["edition"] = str(edition)


class BriefForm(RfqForm):
    title = forms.CharField(max_length=160)
    code_name = forms.CharField(
        max_length=80,
        label="Code name",
        help_text="All a partner sees of project, product and indication until the NDA is in place.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        template = templates().get(self.rfq.template)
        asks = template.asks if template else {}
        for key, title, hint in SECTIONS:
            self.fields[f"s-{key}"] = forms.CharField(
                required=False,
                label=title,
                help_text=asks.get(key, hint),
                max_length=20_000,
                widget=forms.Textarea(attrs={"rows": 4}),
                initial=self.rfq.sections.get(key, ""),
            )

    def starting(self, rfq: Rfq) -> dict[str, Any]:
        return {"title": rfq.title, "code_name": rfq.code_name}

    @property
    def section_fields(self) -> list[forms.BoundField]:
        return [self[f"s-{key}"] for key, _, _ in SECTIONS]

    @property
    def values(self) -> dict[str, Any]:
        data = self.cleaned_data
        sections = {key: data[f"s-{key}"].strip() for key, _, _ in SECTIONS if data[f"s-{key}"].strip()}
        return {"title": data["title"], "code_name": data["code_name"], "sections": sections}


class DemandForm(RfqForm):
    """Years, demand per driver, milestones and what the costing needs."""

    first_year = forms.IntegerField(min_value=2000, max_value=2100, label="First year")
    periods = forms.IntegerField(min_value=1, max_value=MOST_PERIODS, label="Years")
    milestones = forms.CharField(
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="One per line: IND filing, PPQ, launch, first delivery, each with its month.",
    )
    discount_rate = LocalNumberField(column=Rfq.discount_rate, percent=True, label="Discount rate")
    mid_year = forms.BooleanField(required=False, label="Amounts fall in the middle of their year")
    month_value = LocalNumberField(
        column=Rfq.month_value,
        required=False,
        label="Value of a month",
        help_text="What a month's delay costs the project. Shown apart.",
    )
    batch_driver = forms.ChoiceField(required=False, label="Batches are counted by")
    p_success = LocalNumberField(
        column=Rfq.p_success, required=False, percent=True, label="Batch success rate"
    )
    grams_per_batch = LocalNumberField(column=Rfq.grams_per_batch, required=False, label="Yield per batch")
    dose_mg = LocalNumberField(column=Rfq.dose_mg, required=False, label="Dose")
    fill_loss = LocalNumberField(column=Rfq.fill_loss, required=False, percent=True, label="Fill loss")
    needed_grams = LocalNumberField(
        column=Rfq.needed_grams,
        required=False,
        label="Material needed",
        help_text="Released grams in all years, for the number of batches.",
    )
    overage = LocalNumberField(
        column=Rfq.overage, required=False, percent=True, label="Overage", help_text="Made beyond the need."
    )
    reach = PerYearField(
        required=False,
        percent=True,
        label="Chance that each year is reached",
        help_text="One per year, such as 100; 52; 52; 15. Empty: certain. Of those that enter, 52.0 % succeeded in "
        "Phase I, 28.9 % in II, 57.8 % in III and 90.6 % at filing (industry, 2011 to 2020).",
    )
    unit_driver = forms.ChoiceField(required=False, label="Units are counted by")
    unit_size = LocalNumberField(
        column=Rfq.unit_size,
        required=False,
        label="Driver quantity of one unit",
        help_text="0.001 when millions are counted and 1,000 priced.",
    )
    unit_label = forms.CharField(
        required=False, max_length=40, label="Unit", help_text="Such as: 1,000 tablets"
    )
    new_label = forms.CharField(required=False, max_length=80, label="Another driver")
    new_unit = forms.CharField(required=False, max_length=40, label="Its unit")

    NAMES = (
        "first_year", "periods", "milestones", "discount_rate", "mid_year", "month_value", "batch_driver",
        "p_success", "grams_per_batch", "dose_mg", "fill_loss",
        "needed_grams", "overage", "reach", "unit_driver", "unit_size", "unit_label",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "not counted"), *((d["name"], d["label"]) for d in self.rfq.drivers)]
        self.fields["batch_driver"].choices = self.fields["unit_driver"].choices = choices
        for driver in self.rfq.drivers:
            for kind, word in KINDS:
                row = driver.get(kind) or []
                for t, year in enumerate(self.rfq.years):
                    self.fields[f"d-{driver['name']}-{kind}-{t}"] = LocalNumberField(
                        required=False,
                        label=f"{driver['label']}, {word.lower()}, {year}",
                        initial=write_number(Decimal(row[t])) if t < len(row) else "0",
                    )
            self.fields[f"x-{driver['name']}"] = forms.BooleanField(
                required=False, label=f"Remove {driver['label']}"
            )

    def starting(self, rfq: Rfq) -> dict[str, Any]:
        values = {name: getattr(rfq, name) for name in self.NAMES}
        return {**values, "reach": "; ".join(write_number(Decimal(p) * 100) for p in rfq.reach)}

    def clean_overage(self) -> Decimal:
        return self.cleaned_data["overage"] or Decimal(0)

    def clean_reach(self) -> list[str]:
        """One fraction per year, never rising; none when left empty."""
        given = self.cleaned_data["reach"]
        if any(later > sooner for sooner, later in pairwise(given)):
            raise forms.ValidationError("A later year cannot be likelier than the one before it.")
        return [str(p) for p in given]

    @property
    def grid(self) -> list[dict[str, Any]]:
        """Rows of the demand table: a driver, its box to remove it, and its three rows of cells."""
        return [
            {
                "driver": driver,
                "remove": self[f"x-{driver['name']}"],
                "rows": [
                    {
                        "kind": word,
                        "cells": [self[f"d-{driver['name']}-{kind}-{t}"] for t in range(self.rfq.periods)],
                    }
                    for kind, word in KINDS
                ],
            }
            for driver in self.rfq.drivers
        ]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        in_use = set(self.rfq.lines.exclude(driver="").values_list("driver", flat=True))
        for driver in self.rfq.drivers:
            if data.get(f"x-{driver['name']}") and driver["name"] in in_use:
                self.add_error(
                    f"x-{driver['name']}", "Lines of the scope are counted by it. Change them first."
                )
        if data.get("reach") and data.get("periods") and len(data["reach"]) != data["periods"]:
            self.add_error("reach", f"Give {data['periods']} numbers, one for each year.")
        if data.get("new_label") and len(self.rfq.drivers) >= MOST_DRIVERS:
            self.add_error("new_label", f"An RFQ has at most {MOST_DRIVERS} drivers.")
        return data

    @property
    def values(self) -> dict[str, Any]:
        data = self.cleaned_data
        found = {name: data[name] for name in self.NAMES}
        drivers = []
        for driver in self.rfq.drivers:
            if data.get(f"x-{driver['name']}"):
                continue
            rows = {
                kind: [str(data[f"d-{driver['name']}-{kind}-{t}"] or 0) for t in range(self.rfq.periods)]
                for kind, _ in KINDS
            }
            drivers.append({**driver, **rows})
        if label := data["new_label"].strip():
            zeros = ["0"] * self.rfq.periods
            name = free_name(slugify(label).replace("-", "_")[:30] or "driver", {d["name"] for d in drivers})
            drivers.append(
                {
                    "name": name,
                    "label": label,
                    "unit": data["new_unit"].strip(),
                    **{k: zeros for k, _ in KINDS},
                }
            )
        names = {d["name"] for d in drivers}
        for column in ("batch_driver", "unit_driver"):
            if found[column] not in names:
                found[column] = ""
        return {**found, "drivers": drivers}


class QuestionsForm(RfqForm):
    questions = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="One question per line.",
        max_length=20_000,
    )
    worth = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Questions worth asking",
        help_text="Their answers could change the ranking most. They name nobody: every bidder reads them.",
    )
    library = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label="Add from the library"
    )
    documents = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        label="Documents a bidder sends",
        help_text="One document per line. Bidders say which of their files is which.",
        max_length=8000,
    )
    enclosures = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        label="Documents you give",
        help_text="One document per line; the files themselves are put on the RFQ's page.",
        max_length=8000,
    )
    criteria = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        label="Evaluation criteria",
        help_text="One per line, the weight in per cent first: 30 Technical fit. Partners see them.",
        max_length=4000,
    )

    def __init__(self, *args: Any, suggested: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked = {question["text"] for question in self.rfq.questions}
        worth = [text for text in dict.fromkeys(suggested) if text not in asked]
        offered = [text for text in question_library() if text not in asked and text not in worth]
        self.fields["worth"].choices = [(text, text) for text in worth]
        self.fields["library"].choices = [(text, text) for text in offered]

    def starting(self, rfq: Rfq) -> dict[str, Any]:
        return {
            "questions": "\n".join(question["text"] for question in rfq.questions),
            "documents": "\n".join(rfq.documents),
            "enclosures": "\n".join(rfq.enclosures),
            "criteria": "\n".join(f"{c['weight']} {c['text']}" for c in rfq.criteria),
        }

    def clean_criteria(self) -> list[dict[str, Any]]:
        rows = []
        for line in lines_of(self.cleaned_data["criteria"]):
            found = re.fullmatch(r"([0-9.,]+)\s*%?\s+(.+)", line)
            if not found:
                raise forms.ValidationError(f"“{line[:60]}” has no weight. Write 30 Technical fit.")
            try:
                rows.append({"text": found[2], "weight": write_number(read_number(found[1]))})
            except UnclearNumber as error:
                raise forms.ValidationError(str(error)) from None
        if rows and sum(Decimal(row["weight"]) for row in rows) != 100:
            total = write_number(sum(Decimal(row["weight"]) for row in rows))
            raise forms.ValidationError(f"The weights sum to {total} and not to 100.")
        return rows

    @property
    def values(self) -> dict[str, Any]:
        data = self.cleaned_data
        texts = list(dict.fromkeys([*lines_of(data["questions"]), *data["worth"], *data["library"]]))
        known = {question["text"]: question["id"] for question in self.rfq.questions}
        taken = set(known.values())
        rows = []
        for text in texts:
            identifier = known.get(text) or free_name("q1", taken)
            taken.add(identifier)
            rows.append({"id": identifier, "text": text})
        return {
            "questions": rows,
            "documents": lines_of(data["documents"]),
            "enclosures": lines_of(data["enclosures"]),
            "criteria": data["criteria"],
        }


class TermsForm(RfqForm):
    deadline = forms.DateTimeField(
        label="Deadline (UTC)",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    sealed = forms.BooleanField(
        required=False, label="Sealed", help_text="Nobody sees a price before the deadline, you included."
    )
    nda_required = forms.BooleanField(
        required=False,
        label="NDA before content",
        help_text="Partners accept or upload it first; one with a signed NDA in your notes goes straight in.",
    )
    nda_text = forms.CharField(
        required=False, label="NDA text", max_length=20_000, widget=forms.Textarea(attrs={"rows": 8})
    )

    NAMES = ("deadline", "sealed", "nda_required", "nda_text")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.rfq.sent_at is not None:
            for name, why in SENT_TERMS.items():
                self.fields[name].disabled, self.fields[name].help_text = True, why

    def starting(self, rfq: Rfq) -> dict[str, Any]:
        return {name: getattr(rfq, name) for name in self.NAMES}

    def clean(self) -> dict[str, Any]:
        """A form opened before the sending still brings both: a change of them is not dropped silently."""
        data = super().clean()
        if self.rfq.sent_at is not None and "deadline" in self.data:
            shown = timezone.localtime(self.rfq.deadline).strftime("%Y-%m-%dT%H:%M")
            if self.data["deadline"].replace(" ", "T")[:16] != shown:
                self.add_error("deadline", SENT_TERMS["deadline"])
            if bool(self.data.get("sealed")) != self.rfq.sealed:
                self.add_error("sealed", SENT_TERMS["sealed"])
        return data

    def clean_deadline(self):
        deadline = self.cleaned_data["deadline"]
        if deadline and deadline != self.rfq.deadline and deadline <= timezone.now():
            raise forms.ValidationError("The deadline is in the past. Give a day and time to come.")
        return deadline

    @property
    def values(self) -> dict[str, Any]:
        fixed = SENT_TERMS if self.rfq.sent_at is not None else ()
        return {name: self.cleaned_data[name] for name in self.NAMES if name not in fixed}
