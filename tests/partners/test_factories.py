"""The factories make rows that satisfy every constraint, and make them in numbers."""

import pytest
from django.apps import apps
from factory.django import DjangoModelFactory

from partners.models import Change
from tests.factories import accounts, partners

FACTORIES = [
    value
    for module in (accounts, partners)
    for value in vars(module).values()
    if isinstance(value, type) and issubclass(value, DjangoModelFactory) and not value._meta.abstract
]


@pytest.mark.parametrize("factory", FACTORIES, ids=lambda f: f.__name__)
@pytest.mark.django_db
def test_factory_makes_two_valid_rows(factory):
    other = {"code": "second"} if factory._meta.django_get_or_create else {}
    rows = [factory(), factory(**other)]
    assert len({row.pk for row in rows}) == 2
    for row in rows:
        # what triggers write is never filled in by a form, and leaves empty what does not apply
        empty = [f.name for f in row._meta.fields if f.null] if isinstance(row, Change) else []
        row.full_clean(exclude=["password", *empty])


def test_every_catalogue_model_has_a_factory():
    made = {factory._meta.model for factory in FACTORIES}
    models = {m for m in apps.get_app_config("partners").get_models() if not m._meta.auto_created}
    assert models - made == set()
