"""What registers prove of catalogue sites: facts added, kept up to date, ended, and never invented."""

import datetime

import pytest
from django.urls import reverse

from cmo_selector.audit.models import AuditEvent
from partners.enums import ActionListing, IdentifierScheme, InspectionOutcome, RegisterKind
from partners.importers.evidence import FactChanges, refresh_evidence
from partners.importers.linking import link_actions, link_form_483s, link_listings
from partners.models import (
    Capability,
    Certificate,
    Inspection,
    RegisterAction,
    RegisterForm483,
    RegisterListing,
    RegulatoryAction,
    TrackRecord,
)
from partners.vocabularies import load_vocabularies
from tests.factories.accounts import CuratorFactory
from tests.factories.partners import (
    AliasFactory,
    FacilityFactory,
    IdentifierFactory,
    OrganisationFactory,
    RegisterActionFactory,
    RegisterEstablishmentFactory,
    RegisterForm483Factory,
    RegisterImportFactory,
    RegisterInspectionFactory,
    RegisterListingFactory,
    SourceFactory,
)

pytestmark = pytest.mark.django_db

JUNE, JULY = datetime.date(2025, 6, 30), datetime.date(2025, 7, 31)


@pytest.fixture(autouse=True)
def vocabularies(db):
    load_vocabularies()


@pytest.fixture
def site():
    facility = FacilityFactory(organisation__illustrative=False, organisation__name="Quillon Pharma")
    IdentifierFactory(facility=facility, scheme=IdentifierScheme.FEI, value="0003000001")
    return facility


def of(kind: RegisterKind, date=JUNE):
    """A file of a register, as the source of a row, and the day it stands for."""
    source = SourceFactory(code=f"{kind.value}-{date}")
    if not source.imports.exists():
        RegisterImportFactory(kind=kind, source=source, file_date=date)
    return {"source": source, "first_seen_on": date, "last_seen_on": date}


def letter(**values):
    return RegisterActionFactory(**of(RegisterKind.WARNING_LETTERS) | values)


def form_483(**values):
    return RegisterForm483Factory(**of(RegisterKind.FORM_483S) | values)


def test_letter_becomes_an_action_whose_close_out_is_unknown(site):
    row = letter(fei="3000001", case_id="612345", firm_name="Quillon Works, Inc.")
    assert link_actions() == 1
    assert refresh_evidence() == FactChanges(added=1)
    action = RegulatoryAction.objects.get()
    assert (action.facility, action.regulator.code, action.kind) == (site, "fda", "warning_letter")
    assert (action.issued_on, action.closed_on, action.close_out_unknown) == (row.issued_on, None, True)
    assert (action.reference, action.source_reference, action.url) == ("612345", "Case 612345", "")
    assert (action.source, action.retrieved_on, action.evidence_level, action.valid_until) == (
        row.source, JUNE, "public_register", None,
    )  # fmt: skip
    assert action.summary == (
        "Name in the register: Quillon Works, Inc. Product type: Drugs. "
        "The register does not say whether it was closed out."
    )
    assert refresh_evidence() == FactChanges()


def test_one_letter_in_three_lists_is_one_action(site):
    letter(fei="3000001", case_id="612345")
    RegisterActionFactory(
        **of(RegisterKind.COMPLIANCE_ACTIONS),
        listing=ActionListing.COMPLIANCE_ACTIONS,
        fei="3000001",
        case_id="612345",
    )
    letter(
        listing=ActionListing.POSTED_LETTERS, fei="", case_id="612345", firm_name="Former Owner LLC",
        subject="CGMP", url="https://www.fda.gov/letter-612345-05012024", product_type="",
    )  # fmt: skip
    assert link_actions() == 3
    assert refresh_evidence() == FactChanges(added=1)
    action = RegulatoryAction.objects.get()
    assert action.url == "https://www.fda.gov/letter-612345-05012024"
    assert "Addressed to: Former Owner LLC. Product type: Drugs. Subject: CGMP." in action.summary


@pytest.mark.parametrize(
    "posted",
    [
        {"case_id": ""},
        {"case_id": "699999"},
        {"case_id": "612345", "issued_on": datetime.date(2024, 5, 2)},
    ],
    ids=["no case", "another case", "another date"],
)
def test_posted_letter_is_never_attached_by_its_name(site, posted):
    letter(fei="3000001", case_id="612345")
    row = letter(listing=ActionListing.POSTED_LETTERS, fei="", firm_name="Quillon Pharma", **posted)
    link_actions()
    row.refresh_from_db()
    assert row.facility is None


def test_posted_letter_of_a_case_with_several_sites_is_attached_to_none(site):
    letter(fei="3000001", case_id="612345")
    letter(fei="3999999", case_id="612345")
    row = letter(listing=ActionListing.POSTED_LETTERS, fei="", case_id="612345")
    assert link_actions() == 1
    row.refresh_from_db()
    assert row.facility is None


def test_fei_of_two_sites_or_of_an_invented_one_attaches_nothing(site):
    IdentifierFactory(
        facility=FacilityFactory(organisation=site.organisation), scheme=IdentifierScheme.FEI, value="3000001"
    )
    IdentifierFactory(facility=FacilityFactory(), scheme=IdentifierScheme.FEI, value="3000002")
    form_483(fei="3000001")
    form_483(fei="3000002")
    form_483(fei="")
    assert link_form_483s() == 0
    assert refresh_evidence() == FactChanges()


def test_form_483_is_an_inspection_of_unknown_classification(site):
    row = form_483(fei="3000001", document="178599", firm_name="Former Owner LLC")
    link_form_483s()
    assert refresh_evidence() == FactChanges(added=1)
    fact = Inspection.objects.get()
    assert (fact.facility, fact.ended_on, fact.outcome, fact.observations) == (
        site, row.recorded_on, InspectionOutcome.UNKNOWN, None,
    )  # fmt: skip
    assert (fact.url, fact.source_reference) == (row.url, "Form 483 178599, 2024-03-01")
    assert fact.note == (
        "Form 483 published; how the inspection was classified is not in this register. "
        "Name in the register: Former Owner LLC."
    )


def test_longest_names_fit_the_facts_notes(site):
    form_483(facility=site, firm_name="N" * 200, recorded_on=datetime.date(2015, 7, 10))
    refresh_evidence()
    assert len(Inspection.objects.get().note) == 300


def test_record_date_of_the_posting_days_is_not_taken_for_an_inspection(site):
    form_483(fei="3000001", recorded_on=datetime.date(2015, 7, 10))
    link_form_483s()
    refresh_evidence()
    fact = Inspection.objects.get()
    assert fact.ended_on is None
    assert "Its record date, 2015-07-10, looks like a day of posting." in fact.note


def test_form_483_of_a_classified_inspection_is_that_inspection(site):
    day = datetime.date(2025, 3, 14)
    for area, outcome in (("Drug Quality", InspectionOutcome.VAI), ("Bioresearch", InspectionOutcome.OAI)):
        RegisterInspectionFactory(
            **of(RegisterKind.INSPECTIONS), facility=site, inspection_id="1300001", ended_on=day,
            outcome=outcome, project_area=area,
        )  # fmt: skip
    row = form_483(facility=site, recorded_on=day)
    form_483(facility=site, recorded_on=datetime.date(2021, 1, 8))
    assert refresh_evidence() == FactChanges(added=2)
    classified = Inspection.objects.get(ended_on=day)
    assert (classified.outcome, classified.url, classified.source_reference) == (
        InspectionOutcome.OAI, row.url, "Inspection 1300001",
    )  # fmt: skip
    assert classified.product_area == "Bioresearch, Drug Quality"
    RegisterForm483.objects.filter(pk=row.pk).update(url=f"https://www.fda.gov/{'x' * 250}")
    refresh_evidence()
    assert Inspection.objects.get(ended_on=day).url == ""


def test_newer_file_updates_and_ends_facts(site):
    kept, gone = form_483(facility=site), form_483(facility=site)
    refresh_evidence()
    newer = of(RegisterKind.FORM_483S, JULY)["source"]
    RegisterForm483.objects.filter(pk=kept.pk).update(firm_name="New Name", source=newer, last_seen_on=JULY)
    RegisterForm483.objects.filter(pk=gone.pk).update(left_on=JULY)
    assert refresh_evidence() == FactChanges(changed=1, ended=1)
    facts = {fact.url: fact for fact in Inspection.objects.all()}
    assert (facts[kept.url].source, facts[kept.url].retrieved_on, facts[kept.url].valid_until) == (
        newer, JULY, None,
    )  # fmt: skip
    assert facts[kept.url].note.endswith("Name in the register: New Name.")
    assert (facts[gone.url].retrieved_on, facts[gone.url].valid_until) == (JUNE, JULY)
    RegisterForm483.objects.filter(pk=gone.pk).update(left_on=None, last_seen_on=JULY)
    assert refresh_evidence() == FactChanges(changed=1)
    assert set(Inspection.objects.values_list("valid_until", flat=True)) == {None}


def test_row_that_is_unlinked_or_moved_takes_its_fact_along(site):
    row, other = letter(facility=site), FacilityFactory(organisation__illustrative=False)
    refresh_evidence()
    RegisterAction.objects.filter(pk=row.pk).update(facility=other)
    assert refresh_evidence() == FactChanges(added=1, removed=1)
    assert RegulatoryAction.objects.get().facility == other
    RegisterAction.objects.filter(pk=row.pk).update(facility=None)
    assert refresh_evidence() == FactChanges(removed=1)
    assert not RegulatoryAction.objects.exists()


def test_row_that_a_curator_unlinks_loses_its_fact_and_is_not_linked_again(site, client):
    row, kept = letter(fei="3000001", case_id="612345"), letter(fei="3000001", case_id="612346")
    link_actions()
    refresh_evidence()
    client.force_login(CuratorFactory())
    data = {"action": "unlink", "_selected_action": [row.pk]}
    response = client.post(reverse("admin:partners_registeraction_changelist"), data, follow=True)
    assert "1 of 1 rows unlinked; their facts are gone." in response.content.decode()
    assert RegulatoryAction.objects.get().reference == kept.case_id
    assert link_actions() == 0
    assert refresh_evidence() == FactChanges()
    event = AuditEvent.objects.get(verb="register_row.unlinked")
    assert (event.object_id, event.data) == (str(row.pk), {"facility_id": [site.pk, None]})


def test_refresh_of_one_site_leaves_the_others_alone(site):
    other = FacilityFactory(organisation__illustrative=False)
    letter(facility=site)
    letter(facility=other)
    assert refresh_evidence(register=RegisterKind.WARNING_LETTERS, owners=[other.pk]) == FactChanges(added=1)
    assert RegulatoryAction.objects.get().facility == other
    RegisterAction.objects.update(facility=None)
    assert refresh_evidence(register=RegisterKind.WARNING_LETTERS, owners=[site.pk]) == FactChanges()
    assert refresh_evidence(register=RegisterKind.WARNING_LETTERS, owners=[other.pk]) == FactChanges(
        removed=1
    )


def test_what_a_curator_found_out_is_kept(site):
    row = letter(facility=site)
    refresh_evidence()
    action = RegulatoryAction.objects.get()
    action.closed_on, action.close_out_unknown = datetime.date(2025, 1, 15), False
    action.save()
    own = RegulatoryAction.objects.create(
        facility=site, regulator=action.regulator, kind="import_alert", issued_on=row.issued_on,
        source=SourceFactory(code="curator"), retrieved_on=JUNE, evidence_level="document_checked",
    )  # fmt: skip
    RegisterAction.objects.filter(pk=row.pk).update(firm_name="New Name")
    assert refresh_evidence() == FactChanges(changed=1)
    action.refresh_from_db()
    assert (action.closed_on, action.close_out_unknown) == (datetime.date(2025, 1, 15), False)
    assert "New Name" in action.summary
    assert RegulatoryAction.objects.filter(pk=own.pk).exists()


def test_registered_operations_become_services_through_the_crosswalk(site):
    row = RegisterEstablishmentFactory(
        **of(RegisterKind.DRLS), facility=site, operations=["PACK", "REPACK", "SALVAGE", "ANALYSIS"],
        expires_on=datetime.date(2025, 12, 31),
    )  # fmt: skip
    assert refresh_evidence() == FactChanges(added=3)
    assert sorted(Capability.objects.values_list("service__code", "note", "source_reference")) == [
        ("analytical-qc", "Registered as: ANALYSIS", row.duns),
        ("packaging-supply", "Registered as: PACK; REPACK", row.duns),
    ]
    certificate = Certificate.objects.get()
    assert (certificate.type.code, certificate.expires_on) == ("fda-registration", row.expires_on)
    row.operations, row.left_on = ["ANALYSIS"], JULY
    row.save()
    assert refresh_evidence() == FactChanges(ended=2, removed=1)
    assert set(Capability.objects.values_list("service__code", "valid_until")) == {("analytical-qc", JULY)}


@pytest.mark.parametrize(
    ("labeler", "linked"),
    [
        ("Quillon Pharma", True),
        ("QUILLON  PHARMA.", True),
        ("Quillón Works AG", True),
        ("Quillon Pharma Inc.", False),
        ("Quillon", False),
        ("Twice GmbH", False),
        ("Invented AG", False),
    ],
)
def test_labeler_is_linked_only_by_exactly_one_partners_whole_name(site, labeler, linked):
    AliasFactory(organisation=site.organisation, name="Quillon Works AG")
    for name in ("Owner of one", "Owner of two"):
        AliasFactory(organisation=OrganisationFactory(name=name, illustrative=False), name="Twice GmbH")
    OrganisationFactory(name="Invented AG", illustrative=True)
    row = RegisterListingFactory(labeler=labeler)
    assert link_listings() == int(linked)
    row.refresh_from_db()
    assert row.organisation == (site.organisation if linked else None)


def test_listings_become_one_fact_for_each_substance_and_form(site):
    common = of(RegisterKind.NDC) | {"organisation": site.organisation, "labeler": "Quillon Pharma"}
    for year in (2015, 2012):
        RegisterListingFactory(
            **common, dosage_form="TABLET, FILM COATED", product_type="DRUG FOR FURTHER PROCESSING",
            started_on=datetime.date(year, 1, 1),
        )  # fmt: skip
    RegisterListingFactory(**common, started_on=None)
    assert refresh_evidence() == FactChanges(added=2)
    facts = TrackRecord.objects.order_by("description")
    assert [
        (f.count, f.dosage_form and f.dosage_form.code, f.first_year, f.description) for f in facts
    ] == [
        (1, None, None, "TESTOSTERONE, powder (bulk ingredient); labeler Quillon Pharma"),
        (2, "tablet-coated", 2012,
         "TESTOSTERONE, tablet, film coated (drug for further processing); labeler Quillon Pharma"),
    ]  # fmt: skip
    assert set(facts.values_list("organisation", "facility", "kind", "regulator__code")) == {
        (site.organisation_id, None, "listing", "fda")
    }
    RegisterListing.objects.filter(dosage_form="POWDER").update(left_on=JULY)
    assert refresh_evidence() == FactChanges(ended=1)


def test_refresh_costs_the_same_queries_for_one_and_three_rows(site, django_assert_num_queries):
    def cost(fresh: int) -> int:
        for _ in range(fresh):
            letter(facility=site)
            form_483(facility=site)
        with django_assert_num_queries(QUERIES):
            refresh_evidence()

    cost(1)
    cost(3)


QUERIES = 20
