"""The profile page: everything known with its evidence, everything unknown with the question to ask."""

import datetime
import re
from decimal import Decimal

import pytest
from django.template.response import TemplateResponse
from django.utils import timezone

from cmo_selector.accounts.roles import Role
from partners import profile, selectors
from partners.enums import AliasKind, EvidenceLevel, InspectionOutcome, SlotStatus
from partners.facets import loading
from partners.gaps import find_gaps
from partners.models import Certificate
from partners.quality_record import certificate_is_valid, certificate_state
from tests.factories import accounts
from tests.factories import partners as make

pytestmark = pytest.mark.django_db
QUERIES = (
    33  # session, user, memberships; partner, 12 kinds of fact; sites and 11; 4 for the rest of the page
)


@pytest.fixture
def sign_in(client):
    def as_role(role):
        client.force_login(accounts.MembershipFactory(role=role.value).user)
        return client

    return as_role


@pytest.fixture
def manager(sign_in):
    return sign_in(Role.MANAGER)


def days(number):
    return timezone.localdate() + datetime.timedelta(days=number)


def add_site(organisation, number=0):
    """A site with one row of everything a site can have."""
    litre = make.ScaleUnitFactory(code="t-litre", symbol="L")
    site = make.FacilityFactory(
        organisation=organisation,
        name=f"North campus {number}",
        city="Basel",
        latitude=Decimal("47.55"),
        longitude=Decimal("7.59"),
        located_by="city",
    )
    make.IdentifierFactory(facility=site)
    branch = make.ServiceFactory(code="t-substance", label="Drug substance")
    make.CapabilityFactory(
        facility=site,
        service=make.ServiceFactory(code="t-vector", label="Viral vector", parent=branch),
        modality=make.ModalityFactory(code="t-aav", label="AAV"),
        dosage_form=make.DosageFormFactory(code="t-injection", label="Injection"),
        production_system=make.ProductionSystemFactory(code="t-hek", label="HEK293"),
        stage_from=2,
        stage_to=3,
        scale_min=50,
        scale_max=2000,
        scale_unit=litre,
        gmp=True,
        oel_ug_m3=Decimal("0.05"),
        band_name="Band 5",
        biosafety_level=2,
    )
    make.EquipmentFactory(facility=site, name="Bioreactor", quantity=2, size=200, size_unit=litre)
    certificate = make.CertificateFactory(facility=site, expires_on=days(400), number="GMP-1")
    certificate.scope_services.add(branch)
    make.InspectionFactory(facility=site, outcome=InspectionOutcome.VAI, observations=4)
    make.AuditFactory(facility=site)
    make.RegulatoryActionFactory(facility=site, summary="Data integrity")
    make.CapacitySlotFactory(facility=site, quantity=3, unit=litre)
    make.RegisterEstablishmentFactory(facility=site, expires_on=days(100))
    return site


def full_partner(sites=1):
    """A partner with one row of everything a partner can have."""
    organisation = make.OrganisationFactory(name="Aldermoor Biologics")
    make.OwnershipFactory(organisation=organisation, owned_from=datetime.date(2019, 5, 2))
    make.OwnershipFactory(
        organisation=organisation,
        owner="Quillon Fund",
        owned_until=datetime.date(2019, 5, 1),
        note="Sold all",
    )
    make.OrganisationTypeFactFactory(organisation=organisation)
    make.ContractStructureFactFactory(organisation=organisation)
    make.IndustryFactFactory(organisation=organisation)
    make.AliasFactory(
        organisation=organisation,
        name="Quillon",
        kind=AliasKind.FORMER,
        used_from=datetime.date(2001, 1, 1),
        used_until=datetime.date(2019, 5, 1),
    )
    make.IdentifierFactory(facility=None, organisation=organisation, scheme="lei", value="LEI0001")
    make.CommercialTermsFactory(organisation=organisation, payment_days=45)
    make.IndicativePriceFactory(
        organisation=organisation, modality=make.ModalityFactory(code="t-aav", label="AAV")
    )
    make.TrackRecordFactory(organisation=organisation, last_year=2023)
    make.MetricValueFactory(organisation=organisation, metric=make.MetricFactory(label="On time"))
    make.DocumentFactory(organisation=organisation, title="Audit report")
    make.RestrictedPartyEntryFactory(organisation=organisation)
    for number in range(sites):
        add_site(organisation, number)
    return organisation


def text(response: TemplateResponse):
    """The visible text in one line."""
    html = re.sub(r"<(script|style|head)\b.*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


# -- the page --------------------------------------------------------------------------------------------


def test_page_has_one_heading_a_title_and_the_way_back(manager):
    organisation = full_partner()
    html = manager.get(organisation.get_absolute_url()).content.decode()
    assert re.findall(r"<h1[^>]*>(.*?)</h1>", html) == ["Aldermoor Biologics"]
    assert "<title>Aldermoor Biologics · CMO Selector</title>" in html
    assert '<a href="/partners/">Partners</a>' in html


def test_page_shows_every_kind_of_fact(manager):
    page = text(manager.get(full_partner().get_absolute_url()))
    for words in (
        "A fictional company", "Cdmo", "Family owned since 2019-05-02", "Quillon Fund until 2019-05-01; Sold all",
        "Formerly Quillon 2001-01-01 to 2019-05-01", "LEI LEI0001",
        "North campus 0", "Switzerland", "by city centre", "Drug substance", "Viral vector", "AAV", "HEK293",
        "IND-enabling to Phase I", "50–2,000 L", "0.05 µg/m³", "own band Band 5", "2 × Bioreactor, 200 L",
        "Inspection by Fda", "Voluntary action indicated (VAI)", "4 observations", "Warning letter",
        "Data integrity", "Number GMP-1", "Covers Drug substance", "MANUFACTURE", "USD 1,000,000", "45 days",
        "USD 400,000 to USD 650,000", "per GMP batch", "Marketing approvals supplied from here",
        "On time 95 %", "Audit report", "On a restricted-party list",
    ):  # fmt: skip
        assert words in page, words


def test_every_fact_shows_its_source_date_and_level(manager):
    organisation = make.OrganisationFactory(evidence_level=EvidenceLevel.AUDITED)
    make.OrganisationTypeFactFactory(
        organisation=organisation,
        source=make.SourceFactory(code="capability-deck", url="https://example.org/deck"),
        retrieved_on=datetime.date(2024, 3, 4),
        source_reference="page 7",
    )
    response = manager.get(organisation.get_absolute_url())
    page = text(response)
    assert "Audited Source Test source Retrieved 2025-09-01" in page
    assert "Document checked Source Capability deck Retrieved 2024-03-04 Note page 7" in page
    assert 'href="https://example.org/deck"' in response.content.decode()


def test_bare_partner_is_unknown_all_over_and_never_zero(manager):
    organisation = make.OrganisationFactory(name="Bare")
    page = text(manager.get(organisation.get_absolute_url()))
    for area in (
        "Ownership unknown", "Founded unknown", "Employees unknown", "Sites are unknown",
        "Commercial terms are unknown",
        "Track record is unknown", "Free capacity is unknown", "Documents are unknown",
        "Certificates valid today none known", "None on record does not mean none exist",
    ):  # fmt: skip
        assert area in page, area


def test_register_partner_carries_only_what_the_register_states(manager):
    organisation = make.OrganisationFactory(
        illustrative=False,
        evidence_level=EvidenceLevel.PUBLIC_REGISTER,
        grouping_note="Sites grouped by the registrant's D-U-N-S number.",
    )
    site = make.FacilityFactory(organisation=organisation)
    make.CapabilityFactory(facility=site, service=make.ServiceFactory(label="Chemical API"))
    page = text(manager.get(organisation.get_absolute_url()))
    assert "Public register" in page
    assert "This record carries only what the register states." in page
    assert "Sites grouped by the registrant&#x27;s D-U-N-S number." in page
    assert (
        "unknown for every process here: Modality, Dosage form, Production system, Stages, Scale, "
        "GMP for human use, Lowest OEL, 8 h TWA, Biosafety level, Programmes run." in page
    )
    assert "A fictional company" not in page


@pytest.mark.parametrize("count", [1, 3])
def test_queries_do_not_grow_with_the_sites(manager, django_assert_num_queries, count):
    organisation = full_partner(sites=count)
    loading.current()  # what similar partners are found in
    with django_assert_num_queries(QUERIES):
        response = manager.get(organisation.get_absolute_url())
    assert len(response.context["profile"].sites) == count


def test_unknown_partner_is_a_friendly_404(manager):
    response = manager.get("/partners/aldermoor-biologics/")
    assert response.status_code == 404
    assert "There is no partner at this address." in text(response)
    assert 'value="aldermoor biologics"' in response.content.decode()


def test_partner_no_longer_offered_can_still_be_read(manager):
    organisation = make.OrganisationFactory(active=False)
    assert "No longer offered" in text(manager.get(organisation.get_absolute_url()))


def test_website_is_linked_only_when_given(manager):
    without, given = make.OrganisationFactory(), make.OrganisationFactory(website="https://example.org/")
    assert "Website" not in text(manager.get(without.get_absolute_url()))
    assert 'href="https://example.org/"' in manager.get(given.get_absolute_url()).content.decode()


def test_closed_site_is_not_shown(manager):
    site = make.FacilityFactory(name="Old works", active=False)
    assert "Old works" not in text(manager.get(site.organisation.get_absolute_url()))


def test_names_are_escaped(manager):
    organisation = make.OrganisationFactory(name="<i>Tricky</i> & Co", slug="tricky")
    make.FacilityFactory(organisation=organisation, name="</script><b>x", latitude=1, longitude=1)
    html = manager.get("/partners/tricky/").content.decode()
    assert "<i>Tricky" not in html
    assert "</script><b>x" not in html


# -- prices ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "seen"),
    [(Role.OWNER, True), (Role.MANAGER, True), (Role.VIEWER, True), (Role.EVALUATOR, False)],
)
def test_terms_and_prices_follow_the_role(sign_in, role, seen):
    page = text(sign_in(role).get(full_partner().get_absolute_url()))
    for words in ("USD 1,000,000", "USD 400,000", "45 days"):
        assert (words in page) is seen
    assert ("Terms and prices are hidden for your role." in page) is not seen


def test_curator_sees_prices_without_a_sponsor(client):
    client.force_login(accounts.CuratorFactory())
    assert "USD 400,000" in text(client.get(full_partner().get_absolute_url()))


def test_person_without_a_sponsor_sees_no_prices(client):
    client.force_login(accounts.UserFactory())
    assert "USD" not in text(client.get(full_partner().get_absolute_url()))


def test_hidden_terms_are_not_called_unknown(sign_in):
    page = text(sign_in(Role.EVALUATOR).get(make.OrganisationFactory().get_absolute_url()))
    assert "Minimum project" not in page
    assert "Indicative prices" not in page


# -- quality record --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("issued", "expires", "label", "valid"),
    [
        (-400, -30, "Renewal unknown", False),  # the source was read 30 days ago
        (-400, -31, "Expired", False),
        (-400, 400, "Valid", True),
        (None, 91, "Valid", True),
        (-400, 90, "Valid, expires in 90 days", True),
        (-400, 1, "Valid, expires tomorrow", True),
        (-400, 0, "Valid, expires today", True),
        (-400, -1, "Renewal unknown", False),
        (-400, None, "Expiry unknown", False),
        (5, 400, "Not yet valid", False),
    ],
)
def test_certificate_state_on_the_day(issued, expires, label, valid):
    today = timezone.localdate()
    certificate = Certificate(
        retrieved_on=days(-30),
        issued_on=None if issued is None else days(issued),
        expires_on=None if expires is None else days(expires),
    )
    assert certificate_state(certificate, today).label == label
    assert certificate_is_valid(certificate, today) is valid


def build(organisation):
    return profile.build_profile(selectors.partner_profile(organisation.slug, prices=True), [], prices=True)


def test_quality_record_runs_from_new_to_old_and_ends_with_the_undated():
    site = make.FacilityFactory()
    make.CertificateFactory(facility=site, type=make.CertificateTypeFactory(label="Undated"))
    make.InspectionFactory(facility=site, ended_on=datetime.date(2023, 1, 1))
    make.RegulatoryActionFactory(
        facility=site, issued_on=datetime.date(2024, 1, 1), closed_on=datetime.date(2024, 6, 1)
    )
    make.RegulatoryActionFactory(facility=site, issued_on=datetime.date(2022, 1, 1))
    make.AuditFactory(facility=site, scope="Filling", open_actions=None)
    found = build(site.organisation)
    assert [(e.on and e.on.year, e.kind, e.state.label) for e in found.entries] == [
        (2025, "Audit", "Minor findings"),
        (2024, "Regulatory action", "Closed"),
        (2023, "Inspection", "No action indicated (NAI)"),
        (2022, "Regulatory action", "Open"),
        (None, "Certificate", "Expiry unknown"),
    ]
    audit = found.entries[0]
    assert (audit.title, audit.details) == (
        "Audit by a sponsor or customer", ("GMP", "Scope: Filling", "Actions still open: unknown")
    )  # fmt: skip
    assert (found.open_actions, found.valid_certificates) == (1, 0)
    assert found.last_inspection.ended_on == datetime.date(2023, 1, 1)


def test_map_holds_the_sites_with_coordinates_only():
    organisation = make.OrganisationFactory()
    make.FacilityFactory(organisation=organisation, name="Nowhere")
    assert build(organisation).map_spec is None
    make.FacilityFactory(
        organisation=organisation, name="Here", latitude=Decimal("1.5"), longitude=Decimal("-2")
    )
    points = build(organisation).map_spec["layer"][1]["data"]["values"]
    assert points == [{"site": "Here", "place": "Switzerland", "longitude": -2.0, "latitude": 1.5}]


def test_past_slot_is_not_shown_as_open(manager):
    site = make.FacilityFactory()
    make.CapacitySlotFactory(facility=site, starts_on=days(-90), ends_on=days(-1), status=SlotStatus.OPEN)
    page = text(manager.get(site.organisation.get_absolute_url()))
    assert "Past" in page
    assert "Open " not in page[page.index("Capacity From") :]


# -- gaps --------------------------------------------------------------------------------------------------------


def gaps(organisation, metrics=(), prices=True):
    found = selectors.partner_profile(organisation.slug, prices=prices)
    return {gap.area: gap.sites for gap in find_gaps(found, metrics, prices=prices)}


def test_empty_record_asks_about_every_area():
    organisation = make.OrganisationFactory()
    assert list(gaps(organisation)) == [
        "Organisation type", "Contract structures", "Industries", "Ownership", "Sites", "Track record", "Documents",
        "Minimum project", "Payment terms", "Cancellation terms", "Indicative prices",
    ]  # fmt: skip


def test_full_record_asks_only_what_is_left():
    organisation = full_partner()
    assert gaps(organisation) == {"Cancellation terms": (), "Completeness": ("North campus 0",)}


def test_gap_of_some_sites_names_them():
    organisation = full_partner()
    make.FacilityFactory(organisation=organisation, name="Empty works")
    found = gaps(organisation)
    assert (
        found["Equipment"]
        == found["Inspections"]
        == found["Audits"]
        == found["Free capacity"]
        == ("Empty works",)
    )


def test_measures_without_a_value_become_questions():
    organisation = full_partner()
    asked = make.MetricFactory(code="t-asked", label="Batch success", question="How many batches failed?")
    make.MetricFactory(code="t-mute", label="No question", question="")
    make.MetricFactory(code="t-retired", label="Retired", active=False)
    metrics = [m for m in selectors.metrics_to_ask() if m.code.startswith(("t-", "test-"))]
    assert asked in metrics
    assert "Batch success" in gaps(organisation, metrics)
    assert not {"No question", "Retired", "On time"} & set(gaps(organisation, metrics))
