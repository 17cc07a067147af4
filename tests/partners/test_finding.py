"""The text search: what is found, what was meant, and documents that stay right whoever writes the catalogue."""

import re

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from partners import finding
from partners.enums import AliasKind, IdentifierScheme
from partners.models import (
    Alias,
    Capability,
    Facility,
    Identifier,
    Organisation,
    SearchDocument,
    SearchWord,
)
from partners.selectors import facet_terms
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


# -- mistyped words ------------------------------------------------------------------------------------------


@pytest.fixture
def market(catalogue):
    """Well-known names beside the two partners."""
    for name in ("Catalent", "Lonza", "Boehringer Ingelheim", "Long Island Labs"):
        partner = make.OrganisationFactory(name=name, illustrative=False)
        make.FacilityFactory(organisation=partner, name=f"{name} plant", city="Bloomington")


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("catalant", ["Catalent"]),
        ("katalent", ["Catalent"]),
        ("lonsa", ["Lonza"]),
        ("lozna", ["Lonza"]),
        ("boerhinger", ["Boehringer Ingelheim"]),
        ("boerhinger ingelhiem", ["Boehringer Ingelheim"]),
        ("catalant bloomington", ["Catalent"]),
        ("catalant blomington", ["Catalent"]),
        ("bloomingtn", ["Boehringer Ingelheim", "Catalent", "Long Island Labs", "Lonza"]),
        ("quilon", ["Aldermoor Générale"]),  # a former name
        ("generlae", ["Aldermoor Générale"]),
        ("nortgate", ["Aldermoor Générale"]),  # a site
        ("zurihc", ["Aldermoor Générale"]),  # a city
        ("lentivrus", ["Aldermoor Générale"]),  # a modality
        ("asceptic filling", ["Aldermoor Générale"]),  # a synonym of a service
        ("LV zurihc", ["Aldermoor Générale"]),
        ("catalant basel", []),  # spelt right, no partner has both
        ("3009998886", []),  # another number is another site
        ("lon", ["Long Island Labs", "Lonza"]),  # a beginning, not a mistake
        ("qqqqqq", []),
        ("catalant qqqqqq", []),
    ],
)
def test_a_mistyped_word_finds_what_was_meant(market, typed, found):
    labels = facet_terms().searched_labels()
    likeness = finding.find(typed, labels).likeness
    assert sorted(Organisation.objects.filter(pk__in=likeness).values_list("name", flat=True)) == found


def test_how_a_mistyped_text_was_read_is_said_and_an_exact_one_is_left_alone(market):
    assert finding.find("catalant bloomington").read_as == ("catalent bloomington",)
    assert finding.find("Catalent").read_as == ()
    assert finding.find("qqqqqq").read_as == ()


def test_names_about_as_alike_are_all_taken(market):
    make.OrganisationFactory(name="Lonka")
    found = finding.find("lonsa")
    assert found.read_as == ("lonka", "lonza")
    assert len(found.likeness) == 2


def test_words_are_learnt_whoever_writes_them_and_forgotten_when_documents_are_rebuilt(market):
    partner = Organisation.objects.get(name="Lonza")
    Organisation.objects.filter(pk=partner.pk).update(name="Zephyrium")
    assert finding.find("zephirium").read_as == ("zephyrium",)
    assert finding.find("lonsa").likeness == {
        partner.pk: pytest.approx(0.2, abs=0.2)
    }  # its site is still Lonza plant
    Facility.objects.filter(organisation=partner).update(name="Plant")
    assert finding.find("lonsa") == finding.Found({}, ())
    assert SearchWord.objects.filter(word="lonza").exists()
    call_command("rebuild_search")
    assert not SearchWord.objects.filter(word="lonza").exists()
    assert SearchWord.objects.filter(word="zephyrium").count() == 1


def test_spelling_is_answered_from_indexes(market):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO partners_searchword (word) SELECT md5(n::text)::varchar(40) FROM generate_series(1, 20000) n"
        )
        cursor.execute(
            "INSERT INTO partners_searchdocument (organisation_id, names, vector) "
            "SELECT 10000000 + n, repeat(md5(n::text), 30), to_tsvector('simple', md5(n::text)) "
            "FROM generate_series(1, 20000) n"
        )
        cursor.execute("ANALYZE partners_searchword, partners_searchdocument")

    def scans():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT relname, seq_scan FROM pg_stat_xact_user_tables WHERE relname = ANY (%s)",
                [["partners_searchword", "partners_searchdocument"]],
            )
            return dict(cursor.fetchall())

    before = scans()
    for typed in ("catalant", "boerhinger ingelhiem", "nothing of the kind", "lonza"):
        finding.find(typed)
    assert scans() == before


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


WORDS = ("Alder", "Élan", "moor", "Moorland", "Bio", "Biologics", "Île", "werke", "Werk", "Zug", "Zürich", "vector",
         "vectors", "A1", "Nord-West", "O'Neill")  # fmt: skip
phrase = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
beginning = st.builds(lambda word, length: word[:length], st.sampled_from(WORDS), st.integers(1, 9))
#: per partner: its name, other names, and the name and city of a site that may be closed
partners = st.tuples(phrase, st.lists(phrase, max_size=2, unique=True), phrase, phrase, st.booleans())


def holds_by_hand(partner, text):
    """Whether the words of a partner's names and open site begin with each word asked for, without accents."""
    name, others, site, city, is_open = partner
    words = finding.folded(" ".join([name, *others, *([site, city] if is_open else [])])).split()

    def one(asked):
        if re.fullmatch(r"[a-z]{4,}s", asked):
            asked = asked[:-1]  # a plural finds the singular
        return any(word.startswith(asked) for word in words)

    def token(asked):
        """A word typed in one piece: its parts, or all of it together."""
        parts = finding.folded(asked).split()
        return not parts or all(map(one, parts)) or one("".join(parts))

    asked = [token for token in text.split() if finding.folded(token)]
    return bool(asked) and all(map(token, asked))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    written=st.lists(partners, min_size=1, max_size=4),
    text=st.lists(beginning, min_size=1, max_size=3).map(" ".join),
)
def test_a_search_finds_what_reading_every_name_finds(db, written, text):
    with transaction.atomic():
        expected = []
        for number, partner in enumerate(written):
            name, others, site, city, is_open = partner
            row = make.OrganisationFactory(name=name, slug=f"written-{number}")
            for other in others:
                make.AliasFactory(organisation=row, name=other)
            make.FacilityFactory(organisation=row, name=site, city=city, region="", active=is_open)
            expected += [row.pk] if holds_by_hand(partner, text) else []
        assert sorted(finding.matches(text)) == expected
        found = finding.find(text)
        assert sorted(found.likeness) == expected or (not expected and found.read_as)
        transaction.set_rollback(True)


class AnyText(TestCase):
    """Nothing that can be typed makes the database refuse the query."""

    @settings(max_examples=150, deadline=None)
    @given(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=200))
    def test_any_text_is_answered(self, text):
        make.SearchSynonymFactory(group="t", phrase="a b")
        make.SearchSynonymFactory(group="t", phrase="c")
        assert names(text) == []
        assert finding.find(text, ["Vial filling"]).likeness == {}
        assert finding.similar_names(text.strip()) == []
