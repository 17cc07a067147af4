"""Words for the desk's templates."""

from django import template
from django.db.models import Model
from django.urls import reverse

register = template.Library()


@register.filter
def verbose_name_plural(model: type[Model]) -> str:
    return str(model._meta.verbose_name_plural)


@register.filter
def correction_url(fact: Model) -> str:
    """Where a correction of a fact can be proposed."""
    return reverse("proposals:correct", args=[fact._meta.model_name, fact.pk])
