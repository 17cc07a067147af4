"""htmx asks for a fragment only in some of its requests."""

import pytest
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails

from cmo_selector.http import is_fragment


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
