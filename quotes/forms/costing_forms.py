"""Forms of the comparison: scenarios, probabilities, own assumptions and exchange rates."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone

from partners.exchange import FIRST_DAY
from quotes.forms.number_fields import LocalNumberField
from quotes.forms.rfq_scope_form import per_year
from quotes.local_numbers import write_number
from quotes.models import CostScenario, ProjectRates, Rfq, ScopeLine


class SeenForm(forms.Form):
    """A form that carries what it was opened with, so that nobody saves over somebody else unknowingly."""

    SEEN = "seen"

    def meanwhile(self, seen: str, current: forms.Form) -> None:
        """Show beside each field what `current` has there now; from here on the form saves over it."""
        self.data = self.data.copy()
        self.data[self.SEEN] = seen
        for name in self.fields:
            theirs = current[name].value() if name in current.fields else None
            mine = self[name].value()
            if name != self.SEEN and str(theirs or "") != str(mine or ""):
                self.add_error(name, f"Saved meanwhile: {theirs or 'nothing'}.")


class ScenarioForm(SeenForm):
    """Name and delay; a scenario of one's own has its quantities and cancellations too."""

    SEEN = "edition"
    edition = forms.IntegerField(widget=forms.HiddenInput)
    name = forms.CharField(max_length=60)
    delay_months = LocalNumberField(column=CostScenario.delay_months, label="Delay", required=False)

    def __init__(self, *args: Any, scenario: CostScenario, rfq: Rfq, **kwargs: Any) -> None:
        self.scenario, self.rfq = scenario, rfq
        initial = {
            "edition": scenario.edition,
            "name": scenario.name,
            "delay_months": write_number(Decimal(scenario.delay_months)),
        }
        super().__init__(*args, initial=initial, **kwargs)
        self.own = not scenario.follows
        if not self.own:
            return
        for driver in rfq.drivers:
            for kind, rows in (("n", scenario.drivers), ("c", scenario.cancelled)):
                row = rows.get(driver["name"]) or []
                for t, year in enumerate(rfq.years):
                    word = "needed" if kind == "n" else "cancelled"
                    self.fields[f"{kind}-{driver['name']}-{t}"] = LocalNumberField(
                        required=False,
                        label=f"{driver['label']}, {word}, {year}",
                        initial=write_number(Decimal(row[t])) if t < len(row) else "0",
                    )

    @property
    def grid(self) -> list[dict[str, Any]]:
        if not self.own:
            return []
        return [
            {
                "driver": driver,
                "rows": [
                    {
                        "kind": word,
                        "cells": [self[f"{kind}-{driver['name']}-{t}"] for t in range(self.rfq.periods)],
                    }
                    for kind, word in (("n", "Needed"), ("c", "Cancelled"))
                ],
            }
            for driver in self.rfq.drivers
        ]

    @property
    def values(self) -> dict[str, Any]:
        data = self.cleaned_data
        found: dict[str, Any] = {"name": data["name"], "delay_months": data["delay_months"] or Decimal(0)}
        if self.own:
            for kind, column in (("n", "drivers"), ("c", "cancelled")):
                rows = {
                    d["name"]: [str(data[f"{kind}-{d['name']}-{t}"] or 0) for t in range(self.rfq.periods)]
                    for d in self.rfq.drivers
                }
                found[column] = {
                    name: row for name, row in rows.items() if kind == "n" or any(Decimal(n) for n in row)
                }
        return found


class ProbabilityForm(SeenForm):
    """One probability per scenario, all or none."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=40, required=False)

    def __init__(self, *args: Any, scenarios: list[CostScenario], seen: str, **kwargs: Any) -> None:
        self.scenarios = scenarios
        super().__init__(*args, initial={"seen": seen}, **kwargs)
        for scenario in scenarios:
            self.fields[f"p-{scenario.pk}"] = LocalNumberField(
                required=False,
                percent=True,
                column=CostScenario.probability,
                label=f"Probability of {scenario.name}",
                initial=scenario.probability,
            )

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [{"scenario": s, "field": self[f"p-{s.pk}"]} for s in self.scenarios]

    @property
    def values(self) -> dict[int, Decimal | None]:
        return {s.pk: self.cleaned_data[f"p-{s.pk}"] for s in self.scenarios}


class AssumptionsForm(SeenForm):
    """What the sponsor assumes: own cost of excluded lines, benchmarks for gaps, the day of the rates."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=40, required=False)
    day = forms.DateField(
        label="Day of the exchange rates", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(
        self,
        *args: Any,
        rfq: Rfq,
        lines: list[ScopeLine],
        rates: ProjectRates,
        used: list[str],
        seen: str,
        **kwargs: Any,
    ) -> None:
        self.rfq, self.lines, self.rates, self.used = rfq, lines, rates, used
        super().__init__(*args, initial={"day": rates.day, "seen": seen}, **kwargs)
        for code in used:
            self.fields[f"fx-{code}"] = LocalNumberField(
                required=False,
                label=f"{rates.base} for one {code}",
                initial=write_number(Decimal(rates.rates[code])) if code in rates.typed else "",
            )
        for line in lines:
            for kind, label in (("sponsor_cost", "own cost"), ("benchmark", "benchmark")):
                value = getattr(line, kind)
                self.fields[f"{kind}-{line.code}"] = forms.CharField(
                    required=False,
                    max_length=400,
                    label=f"{line.label}: {label} per year",
                    initial="; ".join(write_number(Decimal(n)) for n in value) if value else "",
                )

    @property
    def rate_rows(self) -> list[dict[str, Any]]:
        return [
            {"code": code, "ecb": Decimal(self.rates.rates.get(code) or 0), "field": self[f"fx-{code}"]}
            for code in self.used
        ]

    @property
    def line_rows(self) -> list[dict[str, Any]]:
        return [
            {"line": x, "own": self[f"sponsor_cost-{x.code}"], "benchmark": self[f"benchmark-{x.code}"]}
            for x in self.lines
        ]

    def clean_day(self) -> dt.date:
        day = self.cleaned_data["day"]
        if day > timezone.localdate():
            raise forms.ValidationError("The day of the rates cannot lie in the future.")
        if day < FIRST_DAY:
            raise forms.ValidationError(
                f"The ECB's rates begin on {FIRST_DAY}. Choose that day or a later one."
            )
        return day

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        self.amounts: dict[str, dict[str, list[str] | None]] = {}
        for line in self.lines:
            row: dict[str, list[str] | None] = {}
            for kind in ("benchmark", "sponsor_cost"):
                text, row[kind] = data.get(f"{kind}-{line.code}") or "", None
                if text.strip():
                    try:
                        row[kind] = [str(n) for n in per_year(text, self.rfq.periods)]
                    except ValueError as error:
                        self.add_error(f"{kind}-{line.code}", str(error))
            self.amounts[line.code] = row
        for code in self.used:
            if data.get(f"fx-{code}") == 0:
                self.add_error(f"fx-{code}", "An exchange rate is above zero.")
        self.typed = {code: data[f"fx-{code}"] for code in self.used if data.get(f"fx-{code}")}
        return data
