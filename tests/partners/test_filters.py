"""The FilterSet: what an address means, what is left out of it, and how it is written again."""

import pytest
from django.http import QueryDict

from partners.filters import PartnerFilter
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


def filterset(query=""):
    return PartnerFilter(QueryDict(query), Organisation.objects.all())


def test_address_becomes_criteria(terms):
    criteria = filterset(
        "q=+bio++tech+&modality=t-aav&modality=t-lenti&service=t-substance&country=CH&record=real"
    ).criteria
    assert criteria.text == "bio tech"
    assert criteria.modalities == {"t-aav", "t-lenti"}
    assert criteria.services == {"t-substance", "t-vector"}
    assert (criteria.countries, criteria.records, criteria.types) == ({"CH"}, {"real"}, frozenset())


def test_plain_dictionary_is_understood_like_a_query_string(terms):
    found = PartnerFilter({"modality": ["t-aav"], "q": "x", "sort": "sites"}, Organisation.objects.all())
    assert (found.criteria.modalities, found.text, found.order) == ({"t-aav"}, "x", "sites")


def test_no_address_at_all_means_everything():
    make.OrganisationFactory(name="Only")
    assert [p.name for p in PartnerFilter(None, Organisation.objects.all()).qs] == ["Only"]


@pytest.mark.parametrize(
    ("query", "remark"),
    [
        ("modality=nope", "Modality: “nope” is not known here and was left out."),
        ("modality=a&modality=b", "Modality: “a”, “b” are not known here and were left out."),
        (
            "country=XX&country=a&country=b&country=c&country=d",
            "Country: “XX”, “a”, “b” and 2 more are not known here and were left out.",
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
    assert list(found.qs) == []


def test_known_values_survive_beside_an_unknown_one(terms):
    found = filterset("modality=t-aav&modality=nope")
    assert (found.criteria.modalities, len(found.remarks)) == ({"t-aav"}, 1)


@pytest.mark.parametrize("text", ["%00", "%01%1f%7f", "%E2%80%A8", "%C2%85"])
def test_control_characters_in_the_search_count_as_spaces(text):
    make.OrganisationFactory(name="Aldermoor Biologics")
    assert [p.name for p in filterset(f"q=alder{text}biolog").qs] == ["Aldermoor Biologics"]
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
        ("Country", "Switzerland", "/partners/?q=bio&modality=t-aav&sort=sites"),
    ]


def facet(found, name):
    return next(facet for facet in found.facets if facet.name == name)


def test_service_facet_is_a_tree_opened_where_something_is_chosen(terms):
    (entry,) = [
        e for e in facet(filterset("service=t-vector"), "service").entries if e.term.code == "t-substance"
    ]
    assert (entry.checked, entry.open) == (False, True)
    assert [(c.term.label, c.checked) for c in entry.children] == [("Viral vector", True)]


def offered(found):
    return [e.term.code for e in facet(found, "modality").entries if e.term.code.startswith("t-")]


def test_retired_term_is_offered_only_while_it_is_chosen(terms):
    assert offered(filterset()) == ["t-aav", "t-lenti"]
    assert offered(filterset("modality=t-old")) == ["t-aav", "t-lenti", "t-old"]


def test_group_heading_stands_once_before_its_terms(terms):
    entries = [e for e in facet(filterset(), "modality").entries if e.term.code.startswith("t-")]
    assert [e.heading for e in entries] == ["Gene", ""]


def test_terms_may_be_read_once_and_shared(terms, django_assert_num_queries):
    shared = filterset().terms
    with django_assert_num_queries(0):
        found = PartnerFilter(QueryDict("modality=t-aav"), Organisation.objects.all(), terms=shared)
        assert found.criteria.modalities == {"t-aav"}
