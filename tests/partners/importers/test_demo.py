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
    Ownership,
    RegisterAction,
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
        records=15279,
        records_linked=641,
        facts_from_records=416,
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
    source = RegisterImport.objects.get(kind="drls").source
    assert source.dated_on == SNAPSHOT
    for model in (Organisation, Facility, Alias, Identifier, Certificate, Capability):
        facts = set(model.objects.values_list("source", "retrieved_on", "evidence_level"))
        assert facts == {(source.pk, SNAPSHOT, EvidenceLevel.PUBLIC_REGISTER)}, model
    for model in (Identifier, Certificate, Capability, Alias):
        assert not model.objects.exclude(source_reference__regex=r"^\d{9}$").exists(), model


def test_nothing_is_stated_that_the_register_does_not_state(loaded):
    for model in (
        OrganisationTypeFact,
        Ownership,
        ContractStructureFact,
        IndustryFact,
        CapacitySlot,
        CommercialTerms,
        Document,
        Equipment,
        IndicativePrice,
        MetricValue,
    ):
        assert model.objects.count() == 0, model
    assert set(
        Organisation.objects.values_list(
            "illustrative", "summary", "website", "founded_year", "employees", "grouping_note"
        )
    ) == {(False, "", "", None, None, GROUPING_NOTE)}
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


def test_quality_records_state_what_the_registers_state_and_no_more(loaded):
    actions = RegulatoryAction.objects.order_by("issued_on")
    assert list(
        actions.values_list(
            "facility__organisation__name", "kind", "issued_on", "closed_on", "close_out_unknown"
        )
    ) == [
        ("CordenPharma", "warning_letter", datetime.date(2009, 5, 6), None, True),
        ("Fareva", "warning_letter", datetime.date(2010, 3, 26), None, True),
        ("Siegfried", "warning_letter", datetime.date(2012, 12, 21), None, True),
        ("Jubilant HollisterStier", "warning_letter", datetime.date(2013, 11, 27), None, True),
        ("Bora", "warning_letter", datetime.date(2022, 8, 10), None, True),
    ]
    newest = actions.last()
    assert newest.summary == (
        "Name in the register: Bora Pharmaceuticals Injectables Inc. Addressed to: Cangene BioPharma, LLC dba "
        "Emergent BioSolutions. Product type: Drugs. Subject: CGMP/Finished Pharmaceuticals/Adulterated. "
        "The register does not say whether it was closed out."
    )
    assert newest.url.endswith("/cangene-biopharma-llc-dba-emergent-biosolutions-630316-08102022")
    assert (newest.source.dated_on, newest.retrieved_on, newest.evidence_level) == (
        datetime.date(2025, 7, 18),
        datetime.date(2025, 7, 18),
        EvidenceLevel.PUBLIC_REGISTER,
    )
    inspections = Inspection.objects.all()
    assert (inspections.count(), inspections.filter(ended_on=None).count()) == (17, 5)
    assert set(inspections.values_list("outcome", "observations")) == {("unknown", None)}
    assert not inspections.exclude(url__startswith="https://www.fda.gov/media/").exists()
    records = TrackRecord.objects.all()
    assert set(records.values_list("kind", "facility", "modality", "last_year")) == {
        ("listing", None, None, None)
    }
    assert dict(Counter(records.values_list("organisation__name", flat=True)).most_common(3)) == {
        "Catalent": 153,
        "Patheon": 83,
        "Siegfried": 49,
    }


def test_posted_letters_of_the_same_name_but_without_a_case_are_attached_to_nobody(loaded):
    posted = RegisterAction.objects.filter(listing="letters-as-posted")
    assert posted.count() == 2859
    assert [row.case_id for row in posted.filter(facility__isnull=False)] == ["630316"]


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
    assert RegisterImport.objects.count() == 6
    assert AuditEvent.objects.filter(verb="catalogue.register_demo_loaded").count() == 1
