"""The shared columns of the catalogue: as the rows are, one query while nothing changes, built once per version."""

import pytest
from django.db import transaction

from partners import catalogue
from partners.catalogue import catalogue_version, current_catalogue, current_facts
from partners.scoring_inputs import load_partner_facts
from tests.factories import partners as make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_directory(settings, tmp_path, monkeypatch):
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr(catalogue, "_kept", None)
    monkeypatch.setattr(catalogue, "_facts", None)
    return tmp_path


@pytest.fixture
def partner():
    organisation = make.OrganisationFactory(name="Acme")
    site = make.FacilityFactory(organisation=organisation, name="Alpha")
    make.CapabilityFactory(facility=site, scale_max=200, scale_unit=make.ScaleUnitFactory())
    make.CertificateFactory(facility=site)
    make.InspectionFactory(facility=site)
    make.CommercialTermsFactory(organisation=organisation)
    return organisation


def forget(monkeypatch):
    """As another process of the host, which has nothing in memory yet."""
    monkeypatch.setattr(catalogue, "_kept", None)
    monkeypatch.setattr(catalogue, "_facts", None)


def test_the_facts_are_those_of_the_rows(partner):
    make.OrganisationFactory(name="Bare")
    make.OrganisationFactory(name="Retired", active=False)
    assert current_facts() == load_partner_facts()
    assert [p.name for p in current_facts()] == ["Acme", "Bare"]


def test_while_nothing_changes_it_costs_one_query(partner, django_assert_num_queries):
    current_facts()
    with django_assert_num_queries(1):
        current_facts()
    with django_assert_num_queries(1):
        current_catalogue()


def test_another_process_of_the_host_maps_the_same_files(
    partner, monkeypatch, django_assert_num_queries, tmp_path
):
    first = current_facts()
    forget(monkeypatch)
    with django_assert_num_queries(1):
        assert current_facts() == first
    assert len([p for p in (tmp_path / "catalogue").iterdir() if p.is_dir()]) == 1


def test_every_change_is_seen_and_a_change_taken_back_brings_the_old_version_back(partner):
    before = catalogue_version()
    with transaction.atomic():
        make.TrackRecordFactory(organisation=partner)
        assert catalogue_version() != before
        assert len(current_facts()[0].track_record) == 1
        transaction.set_rollback(True)
    assert catalogue_version() == before
    assert current_facts()[0].track_record == ()


@pytest.mark.parametrize(
    "change",
    [
        lambda p: make.IndicativePriceFactory(organisation=p),
        lambda p: make.TrackRecordFactory(organisation=p),
        lambda p: make.RestrictedPartyEntryFactory(organisation=p),
        lambda p: make.MetricValueFactory(organisation=p),
        lambda p: make.AuditFactory(facility=p.facilities.first()),
        lambda p: type(p).objects.filter(pk=p.pk).update(name="Renamed"),
        lambda p: p.facilities.first().capabilities.all().delete(),
    ],
)
def test_a_change_in_any_table_of_facts_makes_a_new_version(partner, change):
    before, facts = catalogue_version(), current_facts()
    change(partner)
    assert catalogue_version() != before
    assert current_facts() == load_partner_facts() != facts


def test_old_versions_are_cleared_away(partner, tmp_path):
    for n in range(4):
        make.OrganisationFactory(name=f"More {n}")
        current_facts()
    assert len([p for p in (tmp_path / "catalogue").iterdir() if p.is_dir()]) == catalogue.KEPT_VERSIONS


def test_without_a_directory_to_write_to_the_facts_are_read_all_the_same(partner, settings, tmp_path):
    (tmp_path / "file").write_text("in the way")
    settings.VAR_DIR = tmp_path / "file"
    assert current_facts() == load_partner_facts()
