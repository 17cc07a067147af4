"""The demo on a catalogue that is not as empty, or not as ready, as it expects."""

import datetime

import pytest

from partners.importers.core import run_import
from partners.importers.demo import DemoError, load_register_demo
from partners.importers.drls import DRLS
from partners.models import Facility, Organisation, RegisterEstablishment
from partners.vocabularies import load_vocabularies
from tests.factories.partners import FacilityFactory, IdentifierFactory, OrganisationFactory
from tests.partners.importers.conftest import drls_row

pytestmark = pytest.mark.django_db


@pytest.fixture
def small_register(drls_file):
    """A register newer than the snapshot, so that the demo works on it: one row of Lonza, one of Vetter."""
    load_vocabularies()
    run_import(
        register=DRLS,
        path=drls_file(
            [
                drls_row(LONZA, firm_name="Lonza AG", address="Lonzastrasse, Visp,  3930, Switzerland (CHE)"),
                drls_row(VETTER, firm_name="Vetter Pharma", operations="STERILIZE; SALVAGE"),
            ]
        ),
        apply=True,
        file_date=datetime.date(2025, 10, 31),
    )


LONZA, VETTER = "230794810", "316126754"


def test_without_vocabularies_it_says_what_to_do():
    with pytest.raises(DemoError, match=r"run `manage.py load_vocabularies` first"):
        load_register_demo()
    assert RegisterEstablishment.objects.count() == 0


def test_newer_register_is_not_set_back_to_the_snapshot(small_register):
    result = load_register_demo()
    assert (result.establishments, result.organisations, result.facilities) == (0, 2, 2)
    site = Facility.objects.get(organisation__name="Lonza")
    assert (site.city, site.retrieved_on, site.source.dated_on) == (
        "Visp",
        datetime.date(2025, 10, 31),
        datetime.date(2025, 10, 31),
    )
    assert RegisterEstablishment.objects.count() == 2


def test_words_without_a_service_make_no_capability(small_register):
    load_register_demo()
    site = Facility.objects.get(organisation__name="Vetter")
    assert list(site.capabilities.values_list("service__code", "note")) == [
        ("sterilisation", "Registered as: STERILIZE")
    ]
    assert site.certificates.get().scope == "Registered operations: STERILIZE; SALVAGE"


def test_illustrative_partner_of_the_same_name_is_left_alone(small_register):
    invented = OrganisationFactory(name="Lonza", slug="lonza", illustrative=True)
    load_register_demo()
    assert invented.facilities.count() == 0
    assert Organisation.objects.get(slug="lonza-fda").facilities.count() == 1


def test_site_a_curator_already_has_is_not_doubled(small_register):
    own = FacilityFactory(name="Our name for it", organisation__illustrative=False)
    IdentifierFactory(facility=own, scheme="duns", value=LONZA)
    result = load_register_demo()
    assert (result.organisations, result.facilities, result.linked) == (1, 1, 2)
    assert RegisterEstablishment.objects.get(duns=LONZA).facility == own
    assert not Organisation.objects.filter(name="Lonza").exists()
