"""What keeps the desk fast at 100,000 partners, and that it finds the same as the slow way."""

import datetime as dt
import itertools

import pytest
from django.contrib import admin
from django.db.models import Q
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from cmo_selector import estimate
from partners import conflicts, models
from partners.admin import searching
from partners.curation import remembered
from partners.matching import duplicates, likeness
from partners.matching.likeness import Address
from tests.factories import accounts
from tests.factories import partners as f

# -- lists ---------------------------------------------------------------------------------------------


@pytest.fixture
def curator(client, db):
    user = accounts.CuratorFactory()
    client.force_login(user)
    return user


@pytest.fixture
def catalogue(db):
    """Two partners with a site each, and what they can do."""
    fill = f.ServiceFactory(code="fill", label="Vial filling")
    aav = f.ModalityFactory(code="aav", label="Viral vector AAV")
    nord = f.OrganisationFactory(name="Nordalé Biologics", slug="nordale")
    f.AliasFactory(organisation=nord, name="Quillon-Werke")
    sud = f.OrganisationFactory(name="Sudaria", slug="sudaria")
    bern = f.FacilityFactory(organisation=nord, name="Works", city="Bern")
    lyon = f.FacilityFactory(organisation=sud, name="Plant 1 at Nordale street", city="Lyon")
    f.IdentifierFactory(facility=lyon, scheme="fei", value="0003004567")
    return {
        "nord fill": f.CapabilityFactory(facility=bern, service=fill, modality=None),
        "nord aav": f.CapabilityFactory(facility=bern, modality=aav),
        "sud aav": f.CapabilityFactory(facility=lyon, modality=aav),
    }


SEARCHES = {
    "nordale": {"nord fill", "nord aav", "sud aav"},
    "NORDALÉ bio": {"nord fill", "nord aav"},
    "quillon": {"nord fill", "nord aav"},
    "bern aav": {"nord aav"},
    '"vial filling"': {"nord fill"},
    "filling vial": {"nord fill"},
    "3004567": {"sud aav"},
    "100%": set(),
    "no_such": set(),
}


@pytest.mark.parametrize("few", [5_000, 1], ids=["keys", "queries"])
@pytest.mark.parametrize("term", SEARCHES)
def test_every_word_is_found_in_partner_site_or_term_however_many_are_named_so(
    client, curator, catalogue, monkeypatch, term, few
):
    monkeypatch.setattr(searching, "FEW", few)
    rows = client.get(reverse("admin:partners_capability_changelist"), {"q": term}).context["cl"].result_list
    assert {name for name, row in catalogue.items() if row in set(rows)} == SEARCHES[term]


def test_page_of_a_long_list_is_picked_by_keys_and_shows_the_same(
    client, curator, monkeypatch, django_assert_num_queries
):
    for number in range(7):
        f.MetricValueFactory(number=number, metric=f.MetricFactory(code="otif"))
    url = reverse("admin:partners_metricvalue_changelist")
    plain = list(client.get(url, {"o": "3"}).context["cl"].result_list)
    monkeypatch.setattr(estimate, "KEYS_FROM", 3)
    with django_assert_num_queries(10):
        shown = client.get(url, {"o": "3"}).context["cl"].result_list
        assert list(shown) == plain
    paginator = estimate.EstimatedPaginator(models.MetricValue.objects.order_by("-number"), 3)
    pages = [[row.number for row in paginator.page(n)] for n in (1, 2, 3)]
    assert pages == [[6, 5, 4], [3, 2, 1], [0]]


@pytest.mark.parametrize("count", [1, 3])
def test_a_sites_page_costs_the_same_queries_for_one_and_three_rows_of_each_kind(
    client, curator, django_assert_num_queries, count
):
    site = f.FacilityFactory()
    for number in range(count):
        f.CapabilityFactory(
            facility=site,
            service=f.ServiceFactory(code=f"s{number}"),
            modality=f.ModalityFactory(code=f"m{number}"),
            dosage_form=f.DosageFormFactory(code=f"d{number}"),
            source=f.SourceFactory(code=f"source-{number}"),
        )
        f.InspectionFactory(facility=site, regulator=f.RegulatorFactory(code=f"r{number}"))
        f.CertificateFactory(facility=site, type=f.CertificateTypeFactory(code=f"t{number}"))
    url = reverse("admin:partners_facility_change", args=[site.pk])
    page = client.get(url).content.decode()
    for number in range(count):
        assert f'value="{models.Service.objects.get(code=f"s{number}").pk}" selected' in page
    with django_assert_num_queries(24):
        client.get(url)


@pytest.mark.parametrize("count", [1, 3])
def test_sites_are_offered_with_their_partners_in_one_query(
    client, curator, django_assert_max_num_queries, count
):
    for number in range(count):
        f.FacilityFactory(name=f"Works {number}")
    asked = {"app_label": "partners", "model_name": "capability", "field_name": "facility", "term": "works"}
    client.get(reverse("admin:autocomplete"), asked)
    with django_assert_max_num_queries(9):
        found = client.get(reverse("admin:autocomplete"), asked).json()["results"]
    assert len(found) == count


def test_facts_are_listed_last_entered_first():
    ordered = {
        model._meta.model_name: model_admin.ordering
        for model, model_admin in admin.site._registry.items()
        if issubclass(model, models.Evidenced)
    }
    named = {"organisation", "facility"}
    assert {name for name, order in ordered.items() if order != ("-pk",)} == named


# -- what is found once for the whole catalogue ----------------------------------------------------------


def test_a_large_catalogue_is_counted_by_a_worker_and_pages_say_so_until_it_is(client, curator, monkeypatch):
    monkeypatch.setattr(remembered, "SMALL", 0)
    asked = []
    monkeypatch.setattr("partners.tasks.find_for_the_desk.apply_async", lambda told: asked.extend(told))
    site = f.FacilityFactory()
    for gmp in (True, False):
        f.CapabilityFactory(facility=site, gmp=gmp)
    for _ in range(2):
        page = client.get(reverse("admin:index")).content.decode()
        assert page.count("being counted") == 2
        assert "Being counted in the background" in page
    assert sorted(asked) == ["conflicts", "coverage", "duplicates"]
    for name in ("conflicts", "duplicates"):
        found = client.get(reverse(f"admin:partners_{name}")).content.decode()
        assert "looked for in the background" in found
    from partners.tasks import find_for_the_desk

    for name in asked[:]:
        find_for_the_desk.run(name)
    page = client.get(reverse("admin:index"))
    assert {t.title: str(t.number) for t in page.context["tiles"]}["Contradictions"] == "1"
    assert "Test service" in client.get(reverse("admin:partners_conflicts")).content.decode()
    assert "Looked for 20" in client.get(reverse("admin:partners_duplicates")).content.decode()


def test_what_was_merged_or_told_apart_since_it_was_found_is_not_shown_any_more(client, curator):
    one, other, third = (f.OrganisationFactory(name=name) for name in ("Alder Bio", "Alder Bio Ltd", "Bern"))
    url = reverse("admin:partners_duplicates")
    assert "Alder Bio Ltd" in client.get(url).content.decode()
    models.Organisation.objects.filter(pk=other.pk).update(active=False)
    assert "Alder Bio Ltd" not in client.get(url).content.decode()
    assert third.active
    assert one.active


def test_an_overview_of_conflicts_agrees_with_the_conflicts_themselves(db):
    site = f.FacilityFactory()
    for gmp in (True, False, None):
        f.CapabilityFactory(facility=site, gmp=gmp)
    number = f.CertificateFactory(number="A 1", expires_on=dt.date(2027, 1, 1))
    f.CertificateFactory(
        facility=number.facility, type=number.type, number="A 1", expires_on=dt.date(2028, 1, 1)
    )
    f.CertificateFactory(
        facility=number.facility, type=number.type, number="A 2", expires_on=dt.date(2028, 1, 1)
    )
    found = conflicts.overview()
    assert (found.number, found.more) == (2, False)
    assert [c.rows for c in conflicts.still_conflicting(found)] == [c.rows for c in conflicts.conflicts()]


ADDRESSES = st.builds(
    Address,
    country=st.just("US"),
    postal_code=st.sampled_from(["", "47403", "47403-5150", "60007"]),
    city=st.sampled_from(["", "Bloomington", "Elk Grove"]),
    street=st.sampled_from(
        ["12 Main Street", "12 Main St", "Main Street", "120 Main Street", "12-14 Main St", "25 Lively Blvd"]
    ),
)


@given(st.lists(ADDRESSES, max_size=12))
def test_comparing_only_what_can_be_alike_finds_what_comparing_all_finds(addresses):
    members = list(enumerate(addresses))

    def alike(pairs):
        return {
            (a, b)
            for (a, one), (b, other) in pairs
            if (likeness.addresses(one, other) or 0) >= duplicates.SAME_PLACE
        }

    compared = list(duplicates._comparable(members))
    assert len(compared) == len(set(compared))
    assert alike(compared) == alike(itertools.combinations(members, 2))


def test_search_by_a_percent_sign_or_a_backslash_means_the_sign(db):
    wanted = f.CertificateFactory(number=r"100%\A_1")
    f.CertificateFactory(number="1000 A 1")
    for word in ("100%", r"\A_", "a_1"):
        rows = models.Certificate.objects.filter(Q(number__ilike=word))
        assert list(rows) == [wanted], word
