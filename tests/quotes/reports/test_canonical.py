"""Canonical JSON: the same content always gives the same bytes, also after PostgreSQL had it."""

import datetime as dt
import json
import math
from decimal import Decimal

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from partners.scoring.types import Group
from quotes.reports.canonical import canonical, plain, snapshot_hash

TEXT = st.text(max_size=12)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
    | st.dates()
    | st.decimals(allow_nan=False, allow_infinity=False)
)
TREES = st.dictionaries(
    TEXT,
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
        max_leaves=12,
    ),
    max_size=5,
)


def reversed_keys(value):
    if isinstance(value, dict):
        return {key: reversed_keys(value[key]) for key in reversed(list(value))}
    return [reversed_keys(item) for item in value] if isinstance(value, list) else value


@given(TREES)
def test_order_of_keys_does_not_matter(tree):
    assert snapshot_hash(reversed_keys(plain(tree))) == snapshot_hash(tree)


@given(TREES)
def test_reading_the_bytes_back_gives_the_same_bytes(tree):
    once = canonical(tree)
    assert canonical(json.loads(once)) == once


@pytest.mark.django_db
@settings(max_examples=60, deadline=None)
@given(trees=st.lists(TREES, min_size=1, max_size=5))
def test_a_trip_through_postgresql_changes_nothing(trees):
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::jsonb::text", [canonical({"trees": trees}).decode()])
        (text,) = cursor.fetchone()
    assert canonical(json.loads(text)) == canonical({"trees": trees})


def test_rules_for_each_kind_of_value():
    value = {
        "b": 71.0,
        "a": 0.1 + 0.2,
        "date": dt.date(2025, 11, 24),
        "scale": Decimal("1.50E+3"),
        "share": Decimal("0.0500"),
        "zero": -0.0,
        "group": Group.RANKED,
        "name": "Ø \x00 end",
        "list": (1, None, True),
    }
    assert canonical(value).decode() == (
        '{"a":0.3,"b":71,"date":"2025-11-24","group":"ranked","list":[1,null,true],"name":"Ø  end",'
        '"scale":"1500","share":"0.05","zero":0}'
    )


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, Decimal("NaN")])
def test_numbers_that_are_not_finite_are_refused(number):
    with pytest.raises(ValueError, match="cannot hold the number"):
        canonical({"score": number})


@pytest.mark.parametrize("value", [object(), {1: "a"}, {"a": {2, 3}}])
def test_types_without_a_rule_are_refused(value):
    with pytest.raises(TypeError):
        canonical({"x": value})
