"""The text search: what is found, what was meant, and documents that stay right whoever writes the catalogue."""

import pytest
from django.core.management import call_command
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from partners import finding
from partners.enums import AliasKind, IdentifierScheme
from partners.models import Alias, Capability, Facility, Identifier, Organisation, SearchDocument
from partners.vocabularies import load_vocabularies
from tests.factories import partners as make

pytestmark = pytest.mark.django_db


def names(text):
    return sorted(Organisation.objects.filter(finding.holds(text)).values_list("name", flat=True))


def documents():
    return list(SearchDocument.objects.order_by("pk").values_list("pk", "names", "vector"))


@pytest.fixture
def catalogue():
    """Two partners that differ in everything that is searched."""
    load_vocabularies()
    vector = make.OrganisationFactory(name="Aldermoor Générale")
    make.AliasFactory(organisation=vector, name="Quillon Works", kind=AliasKind.FORMER)
    site = make.FacilityFactory(organisation=vector, name="Northgate", city="Zürich", region="Zug")
    make.IdentifierFactory(facility=site, scheme=IdentifierScheme.FEI, value="3009998887")
    make.CapabilityFactory(
        facility=site,
        service=make.ServiceFactory(code="ff-vial"),
        modality=make.ModalityFactory(code="lentivirus"),
    )
    make.CertificateFactory(
        facility=site, type=make.CertificateTypeFactory(code="t-iso", label="ISO 13485"), number="MD-4711"
    )
    tablets = make.OrganisationFactory(name="Zenith Tablets")
    make.CapabilityFactory(
        facility=make.FacilityFactory(organisation=tablets, name="Plant", city="Basel"),
        service=make.ServiceFactory(code="oral-solid"),
    )
    return vector, tablets


@pytest.mark.parametrize(
    "text",
    [
        "generale", "QUILLON", "northgate", "zurich", "zug", "3009998887", "003009998887", "md-4711",
        "iso 13485", "lentivirus", "LV", "lv zürich", "fill finish", "fill-finish", "Fill & finish",
        "aseptic filling", "aseptic filling zurich", "vial",
    ],
)  # fmt: skip
def test_every_kind_of_word_finds_its_partner_alone(catalogue, text):
    assert names(text) == ["Aldermoor Générale"]


@pytest.mark.parametrize("text", ["OSD", "oral solid dose", "oral solid", "tablet", "basel osd"])
def test_synonyms_of_a_dosage_form_are_one_thing(catalogue, text):
    assert names(text) == ["Zenith Tablets"]


@pytest.mark.parametrize("text", ["LV basel", "osd zurich", "nobody", "&|!():*<->", "''", "\\", "-- ;", "💊"])
def test_words_that_no_partner_holds_together_find_nothing(catalogue, text):
    assert names(text) == []


def test_name_weighs_more_than_what_a_site_can_do(catalogue):
    make.OrganisationFactory(name="Lentivirus House")
    found = Organisation.objects.filter(finding.holds("lentivirus"))
    ordered = finding.with_match(found, "lentivirus").order_by("-match")
    assert [p.name for p in ordered] == ["Lentivirus House", "Aldermoor Générale"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("catalant", "Catalent"),
        ("lonsa", "Lonza"),
        ("quilon", "Aldermoor Générale"),
        ("generlae", "Aldermoor Générale"),
    ],
)
def test_mistyped_names_are_recognised_former_names_too(catalogue, typed, meant):
    for name in ("Catalent", "Lonza"):
        make.OrganisationFactory(name=name)
    assert finding.similar_names(typed)[0].name == meant


def test_partner_no_longer_offered_is_never_suggested(catalogue):
    make.OrganisationFactory(name="Catalent", active=False)
    assert finding.similar_names("catalant") == []


# -- documents stay right --------------------------------------------------------------------------------------


def test_document_follows_every_way_of_writing(catalogue):
    vector, tablets = catalogue
    site = vector.facilities.get()
    Alias.objects.bulk_create(
        [Alias(organisation=tablets, name="Bulk Alias", source=tablets.source, retrieved_on="2025-01-01")]
    )
    assert names("bulk") == ["Zenith Tablets"]
    Organisation.objects.filter(pk=vector.pk).update(name="Renamed")
    assert (names("aldermoor"), names("renamed")) == ([], ["Renamed"])
    with connection.cursor() as cursor:
        cursor.execute("UPDATE partners_facility SET city = 'Genève' WHERE id = %s", [site.pk])
    assert (names("zürich"), names("geneve")) == ([], ["Renamed"])
    Capability.objects.filter(facility=site).delete()
    assert names("lentivirus") == []
    Identifier.objects.filter(facility=site).update(value="1234567")
    assert (names("3009998887"), names("1234567")) == ([], ["Renamed"])
    Facility.objects.filter(pk=site.pk).update(organisation=tablets)
    assert (names("northgate"), names("1234567"), names("iso 13485")) == (*[["Zenith Tablets"]] * 3,)
    Facility.objects.filter(pk=site.pk).update(active=False)
    assert (names("northgate"), names("1234567")) == ([], [])


def test_renamed_term_is_found_by_its_new_label(catalogue):
    service = Capability.objects.get(facility__organisation=catalogue[1]).service
    service.label = "Pills and potions"
    service.save()
    assert names("potions") == ["Zenith Tablets"]


def test_document_goes_with_its_partner(catalogue):
    vector, tablets = catalogue
    vector.delete()
    assert [pk for pk, *_ in documents()] == [tablets.pk]


def test_rebuilding_writes_what_the_triggers_wrote(catalogue, capsys):
    before = documents()
    SearchDocument.objects.update(names="spoilt", vector=None or "")
    SearchDocument.objects.create(organisation_id=10**9)
    call_command("rebuild_search")
    assert documents() == before
    assert capsys.readouterr().out == "2 partners can be searched for.\n"


def test_bulk_writing_costs_one_refresh_per_statement(catalogue, django_assert_num_queries):
    facts = {"source": catalogue[0].source, "retrieved_on": "2025-01-01"}
    with django_assert_num_queries(1):
        Organisation.objects.bulk_create(
            [Organisation(name=f"Bulk {n}", slug=f"bulk-{n}", **facts) for n in range(50)]
        )
    assert len(names("bulk")) == 50


class AnyText(TestCase):
    """Nothing that can be typed makes the database refuse the query."""

    @settings(max_examples=150, deadline=None)
    @given(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=200))
    def test_any_text_is_answered(self, text):
        make.SearchSynonymFactory(group="t", phrase="a b")
        make.SearchSynonymFactory(group="t", phrase="c")
        assert names(text) == []
        assert finding.similar_names(text.strip()) == []
