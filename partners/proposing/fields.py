"""Which columns of a fact can be corrected by a proposal, and reading the proposed value as the column would."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from partners.history.selectors import watched_models
from partners.models import Evidenced

# Evidence is the curators' business, addresses of pages are fixed, and flags decide what is shown.
NOT_CORRECTED = frozenset(
    {
        *("id", "slug", "source", "source_reference", "retrieved_on", "evidence_level", "valid_until"),
        *("created_at", "updated_at", "active", "illustrative", "grouping_note", "located_by"),
    }
)
FACTS = {m._meta.model_name: m for m in watched_models().values() if issubclass(m, Evidenced)}


def correctable(fact: Evidenced) -> list[models.Field]:
    """Columns with a value of their own; what refers to another row is put in words instead."""
    return [
        f
        for f in fact._meta.concrete_fields
        if not f.is_relation and f.name not in NOT_CORRECTED and f.editable
    ]


def in_words(fact: Evidenced, name: str) -> str:
    """A column's value for people; empty when it is unknown."""
    value = getattr(fact, f"get_{name}_display", lambda: getattr(fact, name))()
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def parse(field: models.Field, text: str) -> Any:
    """The value a text means. Raises ValidationError in words that name what is expected."""
    text = text.strip()
    if not text:
        return None if field.null else ""
    if field.flatchoices:
        for value, label in field.flatchoices:
            if text.casefold() in (str(value).casefold(), str(label).casefold()):
                return value
        raise ValidationError(f"Choose one of: {', '.join(str(label) for _, label in field.flatchoices)}.")
    if isinstance(field, models.BooleanField):
        answers = {"yes": True, "no": False}
        if text.casefold() not in answers:
            raise ValidationError("Answer yes or no; leave it empty for unknown.")
        return answers[text.casefold()]
    if isinstance(field, models.DateField):
        expected = "Give the day as YYYY-MM-DD."
    elif isinstance(field, (models.IntegerField, models.DecimalField)):
        text, expected = text.replace(",", "").replace(" ", ""), "Give a number."
    else:
        expected = ""
    try:
        return field.clean(text, None)
    except ValidationError as error:
        raise ValidationError(expected or error.messages) from error
