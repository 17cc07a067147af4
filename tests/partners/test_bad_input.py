"""Addresses that nobody meant: every surface of a search says what it left out and keeps the rest, or finds nothing."""

import csv
import re
from html import unescape
from io import BytesIO, StringIO
from urllib.parse import parse_qsl, quote_plus, urlencode

import pytest
from openpyxl import load_workbook

from partners.models import Organisation
from partners.spreadsheets import BYTE_ORDER_MARK
from tests.factories import accounts
from tests.factories import partners as make

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true", "HX-Target": "results"}
KEPT = "modality=t-aav"

#: what is asked besides KEPT, what is said about it, and the parameter that the API names
LEFT_OUT = [
    ("type=nope", "Organisation type: “nope” is not known here and was left out.", "type"),
    (
        "country=<b>&country=%00",
        "Region and country: “<b>”, “” are not known here and were left out.",
        "country",
    ),
    ("service=" + "&service=".join(f"s{n}" for n in range(50)), "“s0”, “s1”, “s2” and 47 more", "service"),
    ("scale_unit=t-litre&scale_min=lots", "Scale from: “lots” is not a number of zero or more", "scale_min"),
    ("scale_min=5", "Scale: choose the unit of 5", ""),
    ("scale_unit=t-litre&scale_min=9&scale_max=2", "Scale: from 9 to 2 is no range", ""),
    ("oel=-1", "Lowest OEL handled: “-1” is not a number of zero or more", "oel"),
    ("oel=1e999", "Lowest OEL handled: “1e999” is not a number", "oel"),
    ("oel=NaN", "Lowest OEL handled: “NaN” is not a number", "oel"),
    ("oel=%D9%A3", "Lowest OEL handled: “٣” is not a number", "oel"),
    ("slot_by=2026-02-30", "Capacity free by: “2026-02-30” is not a day", "slot_by"),
    (
        "valid_on=tomorrow",
        "Certificate valid on: “tomorrow” is not a day and was left out; write it as",
        "valid_on",
    ),
    ("min_project=1;DROP%20TABLE", "Minimum project at most: “1;DROP TABLE” is not a number", "min_project"),
    ("currency=XXX", "Currency: “XXX” is not known here", "currency"),
    ("network=maybe", "A network of sites: “maybe” is not a setting", "network"),
    ("sort=%27--", "Order: “'--” is not known here", "sort"),
    ("view=%3Cscript%3E", "View: “<script>” is not known here", "view"),
    ("tag=somebody+else", "Our tags: “somebody else” is not known here", "tag"),
    ("q=" + "x" * 5000, "The search text has 5,000 characters; at most 200 are searched for.", "q"),
]
#: texts that no partner holds
NOTHING = [
    "'; DROP TABLE partners_organisation; --",
    '" OR 1=1',
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "qqqq\x00qqqq",
    "\x01\x02\x1b[31mqqqq",
    "qqqq\u2028\ud83d\udc8a\u202e".encode("utf-16", "surrogatepass").decode("utf-16"),
    "%_\\",
    "& | ! ( ) : * <->",
    "{{ 7*7 }} ${7*7}",
]


@pytest.fixture
def member(client):
    membership = accounts.MembershipFactory()
    client.force_login(membership.user)
    return membership


@pytest.fixture
def market():
    """One partner that KEPT finds and one that it does not."""
    make.ScaleUnitFactory(code="t-litre", symbol="L")
    for name, modality in (("Aldermoor", "t-aav"), ("Birch", "t-mab")):
        make.CapabilityFactory(
            facility=make.FacilityFactory(organisation=make.OrganisationFactory(name=name)),
            modality=make.ModalityFactory(code=modality),
        )


def said(response):
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())))


def rows_of(client, address, query):
    """Names of partners in a download."""
    response = client.get(f"{address}?{query}")
    assert response.status_code == 200
    body = b"".join(response.streaming_content)
    if address.endswith("csv"):
        table = csv.DictReader(StringIO(body.decode().removeprefix(BYTE_ORDER_MARK), newline=""))
        return [row["Partner"] for row in table]
    return [row[0] for row in list(load_workbook(BytesIO(body))["Processes"].values)[1:]]


@pytest.mark.parametrize(("query", "remark", "parameter"), LEFT_OUT)
def test_what_cannot_be_used_is_named_and_the_other_filters_are_kept(
    client, member, market, query, remark, parameter
):
    address = f"{KEPT}&{query}"
    for headers in ({}, HTMX):
        response = client.get(f"/partners/?{address}", headers=headers)
        assert response.status_code == 200
        assert [card.partner.name for card in response.context["cards"]] == ["Aldermoor"]
        assert any(remark in line for line in response.context["remarks"]), response.context["remarks"]
        assert "Part of this search was left out" in said(response)
        assert KEPT in response.context["filter"].url()
        assert not re.search(r"“[^”]*<(b|script)>", response.content.decode())
    for download in ("/partners/export.csv", "/partners/export.xlsx"):
        assert rows_of(client, download, address) == ["Aldermoor"]
    answer = client.get(f"/api/v1/partners?{address}")
    assert answer.status_code == 422
    details = answer.json()["error"]["details"]
    assert any(remark in detail["message"] for detail in details), details
    assert parameter in {detail["parameter"] for detail in details}


@pytest.mark.parametrize("text", NOTHING)
@pytest.mark.parametrize("view", ["cards", "table", "map"])
def test_a_text_that_is_sql_markup_or_control_characters_finds_nothing_and_harms_nothing(
    client, member, market, text, view
):
    query = f"{KEPT}&q={quote_plus(text)}&view={view}"
    response = client.get(f"/partners/?{query}")
    assert response.status_code == 200
    assert (response.context["count"], response.context["remarks"]) == (0, [])
    page = said(response)
    assert "No partner fits this search" in page
    assert re.search(r"Drop\s+Search", page)  # the facet to drop
    assert "<script>alert" not in response.content.decode()
    assert "<img src=x" not in response.content.decode()
    assert dict(parse_qsl(response.context["filter"].query()))["modality"] == "t-aav"
    assert Organisation.objects.count() == 2


@pytest.mark.parametrize("text", NOTHING)
def test_downloads_programs_and_suggestions_find_nothing_for_such_a_text(client, member, market, text):
    query = f"{KEPT}&q={quote_plus(text)}"
    for download in ("/partners/export.csv", "/partners/export.xlsx"):
        assert rows_of(client, download, query) == []
    answer = client.get(f"/api/v1/partners?{query}")
    assert (answer.status_code, answer.json()["count"]) == (200, 0)
    suggested = client.get("/partners/suggest/", {"q": text})
    assert suggested.status_code == 200
    assert "<script>alert" not in suggested.content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "q=%FF%FE",
        "q=%C3%28",
        "modality=%FF",
        "%00=%00",
        "q=a&" * 400 + "q=b",
        "q[]=1&q[x]=2",
        "&&&===",
        "page=%00",
    ],
)
@pytest.mark.parametrize(
    "address",
    [
        "/partners/", "/partners/suggest/", "/partners/export.csv", "/partners/export.xlsx", "/api/v1/partners",
        "/register/", "/register/form-483s/", "/register/letters/", "/register/inspections/", "/register/substances/",
        "/partners/compare/",
    ],
)  # fmt: skip
def test_bytes_that_are_no_text_are_never_a_server_error(client, member, market, address, query):
    response = client.get(f"{address}?{query}")
    assert response.status_code in (200, 302, 422)
    if response.streaming:
        assert b"".join(response.streaming_content)


@pytest.mark.parametrize("page", ["9999", "0", "-3", "zz", "1" * 400, "1.5"])
def test_a_page_that_is_not_there_is_the_nearest_one_with_the_filters_kept(client, member, market, page):
    response = client.get(f"/partners/?{KEPT}&{urlencode({'page': page})}")
    assert [card.partner.name for card in response.context["cards"]] == ["Aldermoor"]
    assert len(response.context["remarks"]) == 1
    answer = client.get(f"/api/v1/partners?{KEPT}&{urlencode({'page': page})}")
    assert answer.status_code == 422
    assert answer.json()["error"]["details"][0]["parameter"] == "page"
