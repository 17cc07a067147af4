"""The FilterSet: what an address means, what is left out of it, and how it is written again."""

import datetime
from decimal import Decimal

import pytest
from django.http import QueryDict

from partners.browse import browse
from partners.facets.criteria import Scale
from partners.models import Organisation
from tests.factories import partners as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def terms():
    branch = make.ServiceFactory(code="t-substance", label="Drug substance")
    make.ServiceFactory(code="t-vector", label="Viral vector", parent=branch)
    make.ModalityFactory(code="t-aav", label="AAV", group="Gene")
    make.ModalityFactory(code="t-lenti", label="Lentivirus", group="Gene")
    make.ModalityFactory(code="t-old", label="Retired", group="Gene", active=False)


def filterset(query="", **who):
    return browse(QueryDict(query), **who).filter


def names(query):
    return list(
        Organisation.objects.filter(pk__in=browse(QueryDict(query)).ids).values_list("name", flat=True)
    )


def test_address_becomes_criteria(terms):
    make.ScaleUnitFactory(code="t-litre", symbol="L")
    criteria = filterset(
        "q=+bio++tech+&modality=t-aav&modality=t-lenti&service=t-substance&country=CH&record=real&scale_unit=t-litre"
        "&scale_min=200&scale_max=2,000&oel=0.5&slot_by=2027-03-01&valid_on=2027-01-31&network=1"
    ).criteria
    assert criteria.text == "bio tech"
    assert criteria.codes == {
        "modality": {"t-aav", "t-lenti"},
        "service": {"t-substance", "t-vector"},
        "country": {"CH"},
        "record": {"real"},
    }
    assert criteria.scale == Scale("t-litre", Decimal(200), Decimal(2000))
    assert (criteria.oel, criteria.network) == (Decimal("0.5"), True)
    assert (criteria.slot_by, criteria.certificate_on) == (
        datetime.date(2027, 3, 1),
        datetime.date(2027, 1, 31),
    )


def test_region_stands_for_its_countries(terms):
    countries = filterset("country=eu-eea").criteria.codes["country"]
    assert {"DE", "NO", "IE"} < countries
    assert not {"CH", "GB", "US"} & countries


def test_plain_dictionary_is_understood_like_a_query_string(terms):
    found = browse({"modality": ["t-aav"], "q": "x", "sort": "sites"}).filter
    assert (found.criteria.codes, found.text, found.order) == ({"modality": {"t-aav"}}, "x", "sites")


def test_no_address_at_all_means_everything():
    make.OrganisationFactory(name="Only")
    assert names("") == ["Only"]


NO_NUMBER = "Lowest OEL handled: “{}” is not a number of zero or more and was left out; write for instance 2000 or 0.5."


@pytest.mark.parametrize(
    ("query", "remark"),
    [
        ("oel=abc", NO_NUMBER.format("abc")),
        ("oel=-1", NO_NUMBER.format("-1")),
        ("oel=NaN", NO_NUMBER.format("NaN")),
        ("oel=1,5", NO_NUMBER.format("1,5")),
        ("oel=1e99", NO_NUMBER.format("1e99")),
        ("slot_by=31.3.2027", "Capacity free by: “31.3.2027” is not a day and was left out; write it as YYYY-MM-DD."),
        ("slot_by=2027-02-30", "Capacity free by: “2027-02-30” is not a day and was left out; write it as YYYY-MM-DD."),
        ("network=maybe", "A network of sites: “maybe” is not a setting and was left out; write 1 to switch it on."),
        ("scale_min=200", "Scale: choose the unit of 200; without one it was left out."),
        (
            "scale_min=500&scale_max=200&scale_unit=t-litre",
            "Scale: from 500 to 200 is no range and was left out; the first number must not be above the second.",
        ),
        (
            "min_project=1000000",
            "Minimum project: terms and prices are hidden for your role; it was left out.",
        ),
        ("flag=preferred", "Our flag: “preferred” is not known here and was left out."),
        ("bsl=5", "Biosafety level: “5” is not known here and was left out."),
    ],
)  # fmt: skip
def test_value_that_cannot_be_read_is_left_out_with_a_remark(terms, query, remark):
    make.ScaleUnitFactory(code="t-litre", symbol="L")
    found = filterset(f"{query}&modality=t-aav")
    assert found.remarks == [remark]
    assert found.query() == "modality=t-aav"


@pytest.mark.parametrize(
    ("typed", "number"),
    [("2000", 2000), ("2,000,000", 2_000_000), ("1 500.5", "1500.5"), (".5", "0.5"), ("1e6", 10**6)],
)
def test_numbers_are_read_as_people_write_them(typed, number):
    assert browse({"oel": typed}).filter.criteria.oel == Decimal(number)


@pytest.mark.parametrize(
    ("query", "remark"),
    [
        ("modality=nope", "Modality: “nope” is not known here and was left out."),
        ("modality=a&modality=b", "Modality: “a”, “b” are not known here and were left out."),
        (
            "country=XX&country=a&country=b&country=c&country=d",
            "Region and country: “XX”, “a”, “b” and 2 more are not known here and were left out.",
        ),
        ("service=%00%01", "Service: “” is not known here and was left out."),
        ("sort=-name%3Bdrop", "Order: “-name;drop” is not known here and was left out."),
        ("type=" + "x" * 500, f"Organisation type: “{'x' * 40}…” is not known here and was left out."),
        (
            "q=" + "y" * 5000,
            "The search text has 5,000 characters; at most 200 are searched for. "
            "It was left out: please shorten it.",
        ),
    ],
)
def test_value_that_means_nothing_is_left_out_with_a_remark_and_the_rest_is_kept(terms, query, remark):
    found = filterset(f"{query}&structure=&record=real")
    assert found.remarks == [remark]
    assert found.query() == "record=real"
    assert names(f"{query}&structure=&record=real") == []


def test_known_values_survive_beside_an_unknown_one(terms):
    found = filterset("modality=t-aav&modality=nope")
    assert (found.criteria.codes, len(found.remarks)) == ({"modality": {"t-aav"}}, 1)


@pytest.mark.parametrize("text", ["%00", "%01%1f%7f", "%E2%80%A8", "%C2%85"])
def test_control_characters_in_the_search_count_as_spaces(text):
    make.OrganisationFactory(name="Aldermoor Biologics")
    assert names(f"q=alder{text}biolog") == ["Aldermoor Biologics"]
    assert filterset(f"q={text}").text == ""


def test_query_is_canonical_whatever_the_order_and_repetition(terms):
    found = filterset("sort=name&page=3&modality=t-lenti&q=&modality=t-aav&modality=t-aav&country=CH&x=1")
    assert found.query() == "modality=t-aav&modality=t-lenti&country=CH"
    assert found.query(page=2) == "modality=t-aav&modality=t-lenti&country=CH&page=2"
    assert filterset("sort=sites").url() == "/partners/?sort=sites"
    assert filterset().url() == "/partners/"


def test_each_chip_leads_to_the_search_without_it(terms):
    found = filterset("q=bio&modality=t-aav&country=CH&sort=sites")
    assert [(chip.name, chip.label, chip.url) for chip in found.chips] == [
        ("Search", "bio", "/partners/?modality=t-aav&country=CH&sort=sites"),
        ("Modality", "AAV", "/partners/?q=bio&country=CH&sort=sites"),
        ("Region and country", "Switzerland", "/partners/?q=bio&modality=t-aav&sort=sites"),
    ]


def test_typed_filters_are_chips_in_words_and_go_as_a_whole(terms):
    make.ScaleUnitFactory(code="t-litre", symbol="L")
    query = (
        "modality=t-aav&scale_unit=t-litre&scale_min=200&scale_max=2000.0&oel=0.50&min_project=2e6&currency=EUR"
        "&slot_by=2027-03-01&network=1"
    )
    found = filterset(query, prices=True)
    rest = "oel=0.5&slot_by=2027-03-01&min_project=2000000&currency=EUR&network=1"
    assert found.query() == f"modality=t-aav&scale_unit=t-litre&scale_min=200&scale_max=2000&{rest}"
    assert [(chip.name, chip.label) for chip in found.chips] == [
        ("Modality", "AAV"),
        ("Scale", "200–2,000 L"),
        ("Lowest OEL handled", "≤ 0.5 µg/m³"),
        ("Capacity free by", "2027-03-01"),
        ("Minimum project at most", "EUR 2,000,000"),
        ("A network of sites", "each filter by some site"),
    ]
    scale, minimum = found.chips[1], found.chips[4]
    assert scale.url == f"/partners/?modality=t-aav&{rest}"
    assert "min_project" not in minimum.url
    assert "currency" not in minimum.url


def facet(query, name, **who):
    panel = browse(QueryDict(query), **who).panel
    return next(facet for group in panel for facet in group.facets if facet.name == name)


def test_service_facet_is_a_tree_opened_where_something_is_chosen(terms):
    (entry,) = [e for e in facet("service=t-vector", "service").entries if e.term.code == "t-substance"]
    assert (entry.checked, entry.open) == (False, True)
    assert [(c.term.label, c.checked, c.count) for c in entry.children] == [("Viral vector", True, 0)]


def offered(query):
    return [e.term.code for e in facet(query, "modality").entries if e.term.code.startswith("t-")]


def test_value_that_would_give_nothing_is_offered_only_while_it_is_chosen(terms):
    make.CapabilityFactory(modality=make.ModalityFactory(code="t-aav"))
    assert offered("") == ["t-aav"]
    assert offered("modality=t-old") == ["t-aav", "t-old"]
    assert offered("country=US") == []


def test_group_heading_stands_once_before_its_terms(terms):
    for code in ("t-aav", "t-lenti"):
        make.CapabilityFactory(modality=make.ModalityFactory(code=code))
    entries = [e for e in facet("", "modality").entries if e.term.code.startswith("t-")]
    assert [e.heading for e in entries] == ["Gene", ""]


def test_catalogue_that_has_not_changed_is_asked_for_with_one_query(terms, django_assert_num_queries):
    browse({})
    with django_assert_num_queries(1):
        result = browse({"modality": "t-aav"})
        assert (result.count, len(result.panel)) == (0, 2)


def test_what_was_typed_and_could_not_be_read_stays_in_its_box(terms):
    (box,) = facet("oel=a+lot", "oel").inputs
    assert box.value == "a lot"
