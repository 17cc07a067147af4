"""The demo's real partners: complete, idempotent, and saying nothing the register does not state."""

import datetime
from collections import Counter

import pytest
from django.db.models import Q

from cmo_selector.audit.models import AuditEvent
from partners.enums import EvidenceLevel
from partners.importers.demo import GROUPING_NOTE, DemoResult, load_register_demo
from partners.models import (
    Alias,
    Capability,
    CapacitySlot,
    Certificate,
    CommercialTerms,
    ContractStructureFact,
    Document,
    Equipment,
    Facility,
    Identifier,
    IndicativePrice,
    IndustryFact,
    Inspection,
    MetricValue,
    Organisation,
    OrganisationTypeFact,
    RegisterEstablishment,
    RegisterImport,
    RegulatoryAction,
    TrackRecord,
)
from partners.vocabularies import load_vocabularies

SNAPSHOT = datetime.date(2025, 8, 29)


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker):
    """The demo, loaded once for the tests of this module and rolled back after them."""
    from django.db import transaction

    with django_db_blocker.unblock():
        atomic = transaction.atomic()
        atomic.__enter__()
        try:
            load_vocabularies()
            yield load_register_demo()
        finally:
            transaction.set_rollback(True)
            atomic.__exit__(None, None, None)


@pytest.fixture
def loaded(demo, db) -> DemoResult:
    return demo


def test_sixty_groups_become_partners_with_all_their_sites(loaded):
    assert loaded == DemoResult(
        establishments=8069,
        organisations=60,
        facilities=295,
        located=273,
        capabilities=682,
        certificates=295,
        identifiers=590,
        aliases=222,
        linked=295,
    )
    assert Organisation.objects.count() == 60
    sites = dict(Counter(Facility.objects.values_list("organisation__name", flat=True)))
    assert {name: sites[name] for name in ("Eurofins", "Lonza", "Simtra", "Patheon", "Vetter")} == {
        "Eurofins": 48,
        "Lonza": 16,
        "Simtra": 1,
        "Patheon": 11,
        "Vetter": 3,
    }
    assert not {"Evonik", "Laurus", "Sterigenics"} & set(sites)


def test_site_carries_what_its_register_row_states(loaded):
    site = Facility.objects.get(identifiers__scheme="duns", identifiers__value="118852840")
    row = RegisterEstablishment.objects.get(duns="118852840")
    assert row.facility == site
    assert (site.organisation.name, site.name) == ("Charles River", "Charles River Laboratories, Inc.")
    assert (site.street, site.city, site.region, site.postal_code, site.country.code) == (
        "299 Ballardvale Street",
        "Wilmington",
        "Massachusetts",
        row.postal_code,
        "US",
    )
    assert (site.slug, site.located_by) == ("wilmington-charles-river-laboratories-inc", "city")
    assert site.source_reference == "118852840; position: city centre from GeoNames"
    assert set(site.identifiers.values_list("scheme", "value")) == {
        ("duns", "118852840"),
        ("fei", "1000086712"),
    }
    certificate = site.certificates.get()
    assert (certificate.type.code, certificate.regulator.code, certificate.expires_on) == (
        "fda-registration",
        "fda",
        datetime.date(2025, 12, 31),
    )
    assert (certificate.number, certificate.scope) == ("", "Registered operations: ANALYSIS")
    capability = site.capabilities.get()
    assert (capability.service.code, capability.note) == ("analytical-qc", "Registered as: ANALYSIS")


def test_facts_name_the_register_file_as_their_source(loaded):
    source = RegisterImport.objects.get().source
    assert source.dated_on == SNAPSHOT
    for model in (Organisation, Facility, Alias, Identifier, Certificate, Capability):
        facts = set(model.objects.values_list("source", "retrieved_on", "evidence_level"))
        assert facts == {(source.pk, SNAPSHOT, EvidenceLevel.PUBLIC_REGISTER)}, model
    for model in (Identifier, Certificate, Capability, Alias):
        assert not model.objects.exclude(source_reference__regex=r"^\d{9}$").exists(), model


def test_nothing_is_stated_that_the_register_does_not_state(loaded):
    for model in (
        OrganisationTypeFact,
        ContractStructureFact,
        IndustryFact,
        CapacitySlot,
        CommercialTerms,
        Document,
        Equipment,
        IndicativePrice,
        Inspection,
        MetricValue,
        RegulatoryAction,
        TrackRecord,
    ):
        assert model.objects.count() == 0, model
    assert set(
        Organisation.objects.values_list(
            "illustrative", "summary", "website", "ownership", "founded_year", "employees", "grouping_note"
        )
    ) == {(False, "", "", "", None, None, GROUPING_NOTE)}
    assert set(Facility.objects.values_list("opened_year", "capabilities_complete_on")) == {(None, None)}
    silent = (
        "modality",
        "dosage_form",
        "production_system",
        "stage_from",
        "stage_to",
        "scale_min",
        "scale_max",
        "scale_unit",
        "gmp",
        "oel_ug_m3",
        "biosafety_level",
        "programmes",
    )
    assert set(Capability.objects.values_list(*silent)) == {(None,) * len(silent)}
    assert set(Capability.objects.values_list("band_name", "dedicated_for")) == {("", "")}
    assert set(Certificate.objects.values_list("number", "body", "issued_on", "url")) == {("", "", None, "")}


def test_position_is_marked_as_a_city_centre_or_missing(loaded):
    located, unlocated = Facility.objects.filter(located_by="city"), Facility.objects.filter(located_by="")
    assert (located.count(), unlocated.count()) == (273, 22)
    assert not located.filter(Q(latitude=None) | Q(longitude=None)).exists()
    assert not unlocated.exclude(latitude=None, longitude=None).exists()


def test_every_partner_has_its_firm_names_as_legal_names(loaded):
    agc = Organisation.objects.get(slug="agc-biologics")
    assert list(agc.aliases.values_list("name", "kind")) == [
        ("AGC Biologics Inc.", "legal"),
        ("AGC Biologics, Inc.", "legal"),
    ]


def test_second_load_creates_nothing_and_changes_nothing(loaded):
    site = Facility.objects.first()
    Facility.objects.filter(pk=site.pk).update(name="Renamed by a curator")
    assert load_register_demo() == DemoResult()
    assert Facility.objects.get(pk=site.pk).name == "Renamed by a curator"
    assert RegisterImport.objects.count() == 1
    assert AuditEvent.objects.filter(verb="catalogue.register_demo_loaded").count() == 1
