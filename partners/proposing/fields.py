"""Which columns of a fact can be corrected by a proposal, and reading the proposed value as the column would."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from rapidfuzz import process
from rapidfuzz.utils import default_process

from partners.history.selectors import watched_models
from partners.models import Evidenced, Vocabulary

# Evidence is the curators' business, addresses of pages are fixed, and flags decide what is shown.
LIKE = 50  # likeness, 0-100, from which a term may have been meant
NOT_CORRECTED = frozenset(
    {
        *("id", "slug", "source", "source_reference", "retrieved_on", "evidence_level", "valid_until"),
        *("created_at", "updated_at", "active", "illustrative", "grouping_note", "located_by"),
    }
)
FACTS = {m._meta.model_name: m for m in watched_models().values() if issubclass(m, Evidenced)}


def correctable(fact: Evidenced) -> list[models.Field]:
    """Columns with a value of their own or a term of a vocabulary; what refers to another row is put in words."""
    return [
        f
        for f in fact._meta.concrete_fields
        if f.name not in NOT_CORRECTED and f.editable and (not f.is_relation or is_term(f))
    ]


def is_term(field: models.Field) -> bool:
    return field.is_relation and issubclass(field.related_model, Vocabulary)


def in_words(fact: Evidenced, name: str) -> str:
    """A column's value for people; empty when it is unknown."""
    value = getattr(fact, f"get_{name}_display", lambda: getattr(fact, name))()
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def _term(model: type[Vocabulary], text: str) -> Vocabulary:
    """The offered term of that label or code, however it is spelt."""
    offered = model._default_manager.filter(active=True)
    found = offered.filter(label__iexact=text).first() or offered.filter(code__iexact=text).first()
    if found:
        return found
    labels = list(offered.values_list("label", flat=True))
    scored = process.extract(text, labels, limit=3, processor=default_process)
    like = [label for label, score, _ in scored if score > LIKE]
    hint = f" Did you mean {', or '.join(f'“{label}”' for label in like)}?" if like else ""
    raise ValidationError(f"“{text}” is not a term of the catalogue.{hint}")


def parse(field: models.Field, text: str) -> Any:
    """The value a text means. Raises ValidationError in words that name what is expected."""
    text = text.strip()
    if not text:
        if field.null:
            return None
        if field.blank and field.empty_strings_allowed:
            return ""
        raise ValidationError(
            f"{str(field.verbose_name).capitalize()} cannot be empty; give its right value."
        )
    if is_term(field):
        return _term(field.related_model, text)
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
