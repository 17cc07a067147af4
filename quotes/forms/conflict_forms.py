"""The form of a partner's answer about conflicts of interest."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone

from quotes.enums import ConflictAnswer
from quotes.models import ConflictCheck


class ConflictForm(forms.ModelForm):
    """An empty answer takes the record back."""

    class Meta:
        model = ConflictCheck
        fields = ("answer", "asked_on", "note")
        widgets = {
            "answer": forms.RadioSelect,
            "note": forms.Textarea(attrs={"rows": 3}),
            "asked_on": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        }
        labels = {"answer": "The partner’s answer", "asked_on": "Asked on", "note": "What it said"}
        help_texts = {
            "note": "Needed for a conflict: which product, and which safeguards. Reports show it.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["answer"].choices = [("", "Not asked yet: unknown"), *ConflictAnswer.choices]
        self.fields["answer"].required = self.fields["asked_on"].required = False

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        answer, day = data.get("answer"), data.get("asked_on")
        if answer and day is None and "asked_on" not in self.errors:
            self.add_error("asked_on", "Give the day on which the partner was asked.")
        if day is not None and day > timezone.localdate():
            self.add_error("asked_on", "This day is still to come.")
        if (
            answer in (ConflictAnswer.SAFEGUARDS, ConflictAnswer.CONFLICT)
            and not data.get("note", "").strip()
        ):
            self.add_error("note", "Say what the conflict is.")
        return data

    def _post_clean(self) -> None:
        """The row is written by the service, which locks the project first."""
