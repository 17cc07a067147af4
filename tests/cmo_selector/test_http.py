"""htmx asks for a fragment only in some of its requests."""

import pytest
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails

from cmo_selector.http import is_fragment, whole_number


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, False),
        ({"HX-Request": "true"}, True),
        ({"HX-Request": "true", "HX-Boosted": "true"}, False),
        ({"HX-Request": "true", "HX-History-Restore-Request": "true"}, False),
    ],
)
def test_fragment_is_an_htmx_request_that_is_neither_boosted_nor_from_history(headers, expected):
    request = RequestFactory().get("/", headers=headers)
    request.htmx = HtmxDetails(request)
    assert is_fragment(request) is expected


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *[("0", 0), ("007", 7), ("9" * 18, 10**18 - 1)],
        *[(text, None) for text in ("9" * 19, "²", "٣", "-1", "", None, "1.0", "1 ")],
    ],
)
def test_a_number_of_a_request_is_plain_digits_that_a_column_can_hold(text, number):
    assert whole_number(text) == number
