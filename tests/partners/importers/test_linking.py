import pytest

from partners.enums import IdentifierScheme
from partners.importers.linking import link_establishments
from partners.models import RegisterEstablishment
from tests.factories.partners import (
    FacilityFactory,
    IdentifierFactory,
    OrganisationFactory,
    RegisterEstablishmentFactory,
)

pytestmark = pytest.mark.django_db


def identified(**identifiers: str):
    """A site with these identifiers."""
    site = FacilityFactory(organisation__illustrative=False)
    for scheme, value in identifiers.items():
        IdentifierFactory(facility=site, scheme=IdentifierScheme(scheme), value=value)
    return site


def links() -> dict[str, int | None]:
    return dict(RegisterEstablishment.objects.values_list("duns", "facility_id"))


def test_duns_links_a_row_even_where_the_fei_names_another_site():
    by_duns, _by_fei = identified(duns="100000001"), identified(fei="3000000001")
    RegisterEstablishmentFactory(duns="100000001", fei="3000000001")
    assert link_establishments() == 1
    assert links() == {"100000001": by_duns.pk}


def test_fei_links_a_row_when_it_names_exactly_one_site():
    site = identified(fei="1833173")
    RegisterEstablishmentFactory(duns="100000001", fei="1833173")
    assert link_establishments() == 1
    assert links() == {"100000001": site.pk}


def test_fei_written_with_leading_zeros_in_the_catalogue_still_links():
    site = identified(fei="0001833173")
    RegisterEstablishmentFactory(duns="100000001", fei="1833173")
    assert link_establishments() == 1
    assert links() == {"100000001": site.pk}


def test_fei_of_two_sites_links_nothing():
    identified(fei="2432212")
    identified(fei="2432212")
    RegisterEstablishmentFactory(duns="100000001", fei="2432212")
    assert link_establishments() == 0
    assert links() == {"100000001": None}


def test_fei_does_not_link_a_row_to_a_site_that_has_another_duns():
    site = identified(fei="2432212", duns="100000001")
    RegisterEstablishmentFactory(duns="100000001", fei="2432212")
    RegisterEstablishmentFactory(duns="100000002", fei="2432212")
    assert link_establishments() == 1
    assert links() == {"100000001": site.pk, "100000002": None}


def test_rows_without_fei_do_not_match_anything():
    identified(fei="0")
    RegisterEstablishmentFactory(duns="100000001", fei="")
    assert link_establishments() == 0


def test_identifier_of_a_partner_is_not_one_of_a_site():
    IdentifierFactory(
        facility=None, organisation=OrganisationFactory(), scheme=IdentifierScheme.DUNS, value="100000001"
    )
    RegisterEstablishmentFactory(duns="100000001", fei="")
    assert link_establishments() == 0


def test_link_made_by_a_curator_is_kept():
    identified(duns="100000001")
    chosen = FacilityFactory()
    RegisterEstablishmentFactory(duns="100000001", facility=chosen)
    assert link_establishments() == 0
    assert links() == {"100000001": chosen.pk}
