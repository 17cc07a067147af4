"""What a search finds. The rule behind most of it: one site must fulfil everything that is asked of a site."""

import datetime

import pytest
from django.utils import timezone

from partners import finding, selectors
from partners.browse import browse
from partners.enums import AliasKind, IdentifierScheme
from partners.models import Organisation
from tests.factories import partners as make

pytestmark = pytest.mark.django_db


def names(**params):
    """Names of the partners that a search finds, sorted."""
    found = Organisation.objects.filter(pk__in=browse(params).ids)
    return sorted(found.values_list("name", flat=True))


def days(number):
    return timezone.localdate() + datetime.timedelta(days=number)


@pytest.fixture
def terms():
    """Two modalities, and a branch of the service tree with two leaves."""
    branch = make.ServiceFactory(code="t-substance")
    return {
        "aav": make.ModalityFactory(code="t-aav"),
        "mab": make.ModalityFactory(code="t-mab"),
        "substance": branch,
        "vector": make.ServiceFactory(code="t-vector", parent=branch),
        "mammalian": make.ServiceFactory(code="t-mammalian", parent=branch),
        "vial": make.DosageFormFactory(code="t-vial"),
    }


def partner(name, *sites):
    """A partner with sites given as (country, capabilities, certificates)."""
    organisation = make.OrganisationFactory(name=name)
    for country, capabilities, certificates in sites:
        site = make.FacilityFactory(organisation=organisation, country=country)
        for capability in capabilities:
            make.CapabilityFactory(facility=site, **capability)
        for certificate in certificates:
            make.CertificateFactory(facility=site, **certificate)
    return organisation


# -- site-level truth ----------------------------------------------------------------------------------


def test_modality_and_service_of_two_processes_do_not_add_up(terms):
    vector_for_aav = {"modality": terms["aav"], "service": terms["vector"]}
    mammalian_for_mab = {"modality": terms["mab"], "service": terms["mammalian"]}
    partner("Both", ("CH", [vector_for_aav, mammalian_for_mab], []))
    assert names(modality="t-aav", service="t-vector") == ["Both"]
    assert names(modality="t-aav", service="t-mammalian") == []


def test_two_sites_never_make_up_for_each_other(terms):
    aav = {"modality": terms["aav"], "service": terms["vector"]}
    gmp = {"type": make.CertificateTypeFactory(code="t-gmp"), "expires_on": days(30)}
    partner("Split country", ("US", [aav], []), ("CH", [], []))
    partner("Split certificate", ("CH", [aav], []), ("CH", [], [gmp]))
    partner("One site", ("CH", [aav], [gmp]))
    assert names(modality="t-aav", country="CH") == ["One site", "Split certificate"]
    assert names(modality="t-aav", certificate="t-gmp") == ["One site"]
    assert names(country="CH") == ["One site", "Split certificate", "Split country"]


def test_dosage_form_belongs_to_the_same_process(terms):
    partner(
        "Apart",
        ("CH", [{"modality": terms["aav"]}, {"modality": terms["mab"], "dosage_form": terms["vial"]}], []),
    )
    assert names(dosage_form="t-vial", modality="t-mab") == ["Apart"]
    assert names(dosage_form="t-vial", modality="t-aav") == []


def test_unstated_modality_is_not_taken_for_the_one_asked_for(terms):
    partner("Register only", ("CH", [{"service": terms["vector"]}], []))
    assert names(service="t-vector") == ["Register only"]
    assert names(service="t-vector", modality="t-aav") == []


def test_sites_that_are_closed_count_for_nothing(terms):
    closed = partner("Closed", ("CH", [{"modality": terms["aav"]}], []))
    closed.facilities.update(active=False)
    assert names(modality="t-aav") == []
    assert names(country="CH") == []


def test_partners_no_longer_offered_are_not_found():
    make.OrganisationFactory(name="Gone", active=False)
    make.OrganisationFactory(name="Here")
    assert names() == ["Here"]


@pytest.mark.parametrize(
    ("issued", "expires", "valid"),
    [
        (-400, 0, True),
        (None, 10, True),
        (-400, -1, False),
        (-400, None, False),
        (1, 400, False),
    ],
    ids=["expires today", "no issue date", "expired yesterday", "expiry unknown", "issued tomorrow"],
)
def test_certificate_counts_only_when_known_to_be_valid_today(issued, expires, valid):
    dates = {
        "issued_on": None if issued is None else days(issued),
        "expires_on": None if expires is None else days(expires),
    }
    partner("Holder", ("CH", [], [{"type": make.CertificateTypeFactory(code="t-gmp"), **dates}]))
    assert names(certificate="t-gmp") == (["Holder"] if valid else [])


# -- facets of the partner -------------------------------------------------------------------------------


def test_values_of_one_facet_are_alternatives_and_facets_must_all_hold():
    both, left, right = (make.OrganisationFactory(name=name) for name in ("Both", "Left", "Right"))
    cmo, cro = make.OrganisationTypeFactory(code="t-cmo"), make.OrganisationTypeFactory(code="t-cro")
    make.OrganisationTypeFactFactory(organisation=both, type=cmo)
    make.OrganisationTypeFactFactory(organisation=left, type=cmo)
    make.OrganisationTypeFactFactory(organisation=right, type=cro)
    make.IndustryFactFactory(organisation=both, industry=make.IndustryFactory(code="t-pharma"))
    make.ContractStructureFactFactory(
        organisation=both, structure=make.ContractStructureFactory(code="t-toll")
    )
    assert names(type=["t-cmo", "t-cro"]) == ["Both", "Left", "Right"]
    assert names(type="t-cmo", industry="t-pharma") == ["Both"]
    assert names(type="t-cro", industry="t-pharma") == []
    assert names(structure="t-toll") == ["Both"]


def test_real_and_illustrative_partners_are_told_apart():
    make.OrganisationFactory(name="Invented", illustrative=True)
    make.OrganisationFactory(name="Registered", illustrative=False)
    assert names(record="real") == ["Registered"]
    assert names(record="illustrative") == ["Invented"]
    assert names(record=["real", "illustrative"]) == ["Invented", "Registered"]


def test_partner_with_two_matching_rows_is_found_once(terms):
    partner("Once", ("CH", [{"modality": terms["aav"]}] * 3, []), ("CH", [{"modality": terms["aav"]}], []))
    assert names(modality="t-aav", country="CH") == ["Once"]


# -- text ------------------------------------------------------------------------------------------------


@pytest.fixture
def generale():
    organisation = make.OrganisationFactory(name="Générale Biologique")
    make.AliasFactory(organisation=organisation, name="Quillon Works", kind=AliasKind.FORMER)
    site = make.FacilityFactory(organisation=organisation, name="North campus", city="Zürich")
    make.IdentifierFactory(facility=site, scheme=IdentifierScheme.FEI, value="3009998887")
    make.IdentifierFactory(
        facility=None, organisation=organisation, scheme=IdentifierScheme.DUNS, value="012345678"
    )
    make.OrganisationFactory(name="Somebody Else")
    return organisation


@pytest.mark.parametrize(
    "text",
    [
        "generale", "GÉNÉRALE", "biolog", "quillon", "campus", "zurich", "generale zurich", "zurich quillon",
        "3009998887", "0003009998887", "30099", "01-234-5678",
    ],
)  # fmt: skip
def test_text_is_found_in_names_sites_cities_and_identifiers(generale, text):
    assert names(q=text) == ["Générale Biologique"]


@pytest.mark.parametrize(
    "text", ["nothing", "generale basel", "%", "_", "\\", "' OR 1=1 --", "300", "<script>alert(1)</script>"]
)
def test_text_that_occurs_nowhere_finds_nothing(generale, text):
    assert names(q=text) == []


def test_words_beyond_the_most_are_left_out(generale):
    words = ["generale"] * finding.MOST_WORDS
    assert names(q=" ".join([*words, "nowhere"])) == ["Générale Biologique"]


def test_mistyped_name_suggests_the_partner_that_may_be_meant():
    make.OrganisationFactory(name="Aldermoor Biologics")
    make.OrganisationFactory(name="Zenith Tablets")
    assert [p.name for p in finding.similar_names("aldermor")] == ["Aldermoor Biologics"]
    assert finding.similar_names("xqzw") == []
    assert finding.similar_names("") == []


# -- terms, figures, order -----------------------------------------------------------------------------------


def test_branch_of_the_service_tree_includes_what_is_below_it(terms):
    make.ServiceFactory(code="t-leaf", parent=terms["vector"])
    found = selectors.facet_terms().with_descendants("service", ["t-substance"])
    assert found == {"t-substance", "t-vector", "t-mammalian", "t-leaf"}
    assert selectors.facet_terms().with_descendants("service", ["t-mammalian"]) == {"t-mammalian"}


def test_only_countries_with_an_active_site_are_offered():
    partner("Swiss", ("CH", [], []))
    partner("Former", ("DE", [], [])).facilities.update(active=False)
    facets = {facet.name: facet for group in browse({}).panel for facet in group.facets}
    offered = {
        entry.term.code: [child.term.code for child in entry.children] for entry in facets["country"].entries
    }
    assert offered == {"europe-other": ["CH"]}


def test_last_checked_is_the_newest_date_of_the_main_facts():
    organisation = make.OrganisationFactory(retrieved_on=datetime.date(2024, 1, 1))
    site = make.FacilityFactory(organisation=organisation, retrieved_on=datetime.date(2024, 2, 1))
    make.FacilityFactory(organisation=organisation, active=False, retrieved_on=datetime.date(2024, 2, 2))
    make.CapabilityFactory(facility=site, retrieved_on=datetime.date(2024, 5, 1))
    make.CertificateFactory(facility=site, retrieved_on=datetime.date(2024, 3, 1))
    row = selectors.with_figures(Organisation.objects.all()).get()
    assert (row.site_count, row.checked_on) == (1, datetime.date(2024, 5, 1))


def test_partner_without_sites_has_none_and_its_own_date():
    make.OrganisationFactory(retrieved_on=datetime.date(2024, 1, 1))
    row = selectors.with_figures(Organisation.objects.all()).get()
    assert (row.site_count, row.checked_on) == (None, datetime.date(2024, 1, 1))


def test_each_order_sorts_whole_lists():
    for name, sites, day in (("b", 2, 3), ("A", 1, 1), ("c", 0, 2)):
        organisation = make.OrganisationFactory(name=name, retrieved_on=datetime.date(2020, 1, day))
        make.FacilityFactory.create_batch(
            sites, organisation=organisation, retrieved_on=datetime.date(2019, 1, 1)
        )
    order = {
        sort: "".join(p.name for p in selectors.cards(browse({"sort": sort}).ids, datetime.date(2025, 1, 1)))
        for sort in selectors.SORTS
    }
    assert order == {"name": "Abc", "sites": "bAc", "checked": "bcA", "unchecked": "Acb"}


def test_sites_that_fulfil_the_search_are_named(terms):
    organisation = partner("Two", ("CH", [{"modality": terms["aav"]}], []), ("US", [], []))
    swiss = organisation.facilities.get(country="CH")
    result = browse({"modality": "t-aav"})
    assert result.sites == [swiss.pk]
    assert [site.id for site in result.sites_of([organisation.pk])[organisation.pk]] == [swiss.pk]
    assert browse({}).sites_of([organisation.pk]) == {organisation.pk: []}
