"""Parts of the profile: capability matrix, capacity calendar, quality timeline, similar partners."""

import datetime

import pytest
from django.utils import timezone

from partners import selectors
from partners.capacity_calendar import build_calendar
from partners.enums import EvidenceLevel, SlotStatus
from partners.facets import loading
from partners.matrix import build_matrix
from partners.models import Facility
from partners.profile import RECORDS_OPEN, build_profile
from partners.profile_charts import SHAPES, quality_timeline
from partners.quality_record import quality_record
from partners.record_sources import sources_of
from partners.similar import WEIGHTS, similar_partners
from tests.factories import accounts
from tests.factories import partners as make

pytestmark = pytest.mark.django_db
TODAY = datetime.date(2026, 3, 15)


def record(organisation):
    return selectors.partner_profile(organisation.slug, prices=False)


def sites_of(organisation):
    return list(record(organisation).facilities.all())


def service(label, parent=None):
    return make.ServiceFactory(code=label.lower().replace(" ", "-"), label=label, parent=parent)


def modality(label):
    return make.ModalityFactory(code=label.lower(), label=label)


# -- matrix ------------------------------------------------------------------------------------------------


def grid(organisation):
    """label of the service → what its cells say, column by column."""
    matrix = build_matrix(sites_of(organisation))
    said = {}
    for _, rows in matrix.branches:
        for row in rows:
            said[row.service.label] = [
                (cell.largest or "offered", cell.fill, len(cell.sites))
                if cell.processes
                else ("no" if cell.not_offered else "unknown")
                for cell in row.cells
            ]
    return [m.label if m else None for m in matrix.modalities], said


def test_cell_names_the_largest_scale_of_one_site_and_never_adds_sites_up():
    organisation = make.OrganisationFactory()
    vector, litre = service("Vector", service("Substance")), make.ScaleUnitFactory(code="t-l", symbol="L")
    for name, low, high, level in (
        ("Small", 1, 50, EvidenceLevel.AUDITED),
        ("Large", 100, 2000, EvidenceLevel.SELF_DECLARED),
        ("Silent", None, None, EvidenceLevel.DOCUMENT_CHECKED),
    ):
        make.CapabilityFactory(
            facility=make.FacilityFactory(organisation=organisation, name=name),
            service=vector, modality=modality("AAV"), scale_min=low, scale_max=high,
            scale_unit=litre if high else None, evidence_level=level,
        )  # fmt: skip
    assert grid(organisation) == (["AAV"], {"Vector": [("100–2,000 L", 4, 3)]})


def test_nothing_stated_is_unknown_until_every_list_is_complete():
    organisation = make.OrganisationFactory()
    branch = service("Substance")
    first, second = (make.FacilityFactory(organisation=organisation, name=name) for name in ("A", "B"))
    make.CapabilityFactory(facility=first, service=service("Vector", branch), modality=modality("AAV"))
    make.CapabilityFactory(facility=second, service=service("Plasmid", branch), modality=modality("DNA"))
    make.CapabilityFactory(facility=second, service=service("Labels"))
    Facility.objects.filter(pk=first.pk).update(capabilities_complete_on=TODAY)
    offered = ("offered", 2, 1)
    assert grid(organisation) == (
        ["AAV", "DNA", None],
        {
            "Vector": [offered, "unknown", "unknown"],
            "Plasmid": ["unknown", offered, "unknown"],
            "Labels": ["unknown", "unknown", offered],
        },
    )
    Facility.objects.filter(pk=second.pk).update(capabilities_complete_on=TODAY)
    assert grid(organisation)[1] == {
        "Vector": [offered, "no", "unknown"],
        "Plasmid": ["no", offered, "unknown"],
        # for which modality the labels are is not known, so none can be denied
        "Labels": ["unknown", "unknown", offered],
    }


def test_what_a_branch_or_a_branchs_service_may_stand_for_is_not_denied():
    organisation = make.OrganisationFactory()
    site = make.FacilityFactory(organisation=organisation, capabilities_complete_on=TODAY)
    substance, fill = service("Substance"), service("Fill")
    modality("AAV")
    for what, kind in (
        (substance, modality("DNA")), (service("Vector", substance), modality("AAV")),
        (fill, None), (service("Vials", fill), modality("AAV")),
    ):  # fmt: skip
        make.CapabilityFactory(facility=site, service=what, modality=kind)
    columns, said = grid(organisation)
    offered = ("offered", 2, 1)
    assert columns == ["AAV", "DNA", None]
    assert said == {
        "Substance": ["unknown", offered, "unknown"],  # the vectors are a substance
        "Vector": [offered, "unknown", "unknown"],  # substances of DNA may be vectors
        "Fill": ["unknown", "unknown", offered],
        "Vials": [offered, "unknown", "unknown"],
    }


def test_no_process_no_matrix():
    assert build_matrix([]) is None
    assert build_matrix(sites_of(make.FacilityFactory().organisation)) is None


# -- calendar ----------------------------------------------------------------------------------------------


def slot(site, start, end, status=SlotStatus.OPEN, **more):
    day = datetime.date.fromisoformat
    return make.CapacitySlotFactory(
        facility=site, starts_on=day(start), ends_on=day(end) if end else None, status=status, **more
    )


def lanes(calendar):
    return [[(s.months, s.slot and s.slot.status, s.cut) for s in lane.stretches] for lane in calendar.lanes]


def test_slots_fill_the_months_they_touch_and_the_rest_is_unknown():
    site = make.FacilityFactory()
    slot(site, "2026-05-20", "2026-07-01")
    slot(site, "2026-08-01", "2026-08-31", SlotStatus.TENTATIVE)
    calendar = build_calendar(sites_of(site.organisation), TODAY)
    assert (calendar.months[0], len(calendar.months)) == (datetime.date(2026, 3, 1), 12)
    assert calendar.years == [(2026, 10), (2027, 2)]
    assert lanes(calendar) == [
        [(2, None, False), (3, "open", False), (1, "tentative", False), (6, None, False)]
    ]


def test_slots_that_share_a_month_get_lanes_of_their_own():
    site = make.FacilityFactory()
    slot(site, "2026-03-01", "2026-04-10")
    slot(site, "2026-04-20", "2026-05-31", SlotStatus.RESERVED)
    assert lanes(build_calendar(sites_of(site.organisation), TODAY)) == [
        [(2, "open", False), (10, None, False)],
        [(1, None, False), (2, "reserved", False), (9, None, False)],
    ]


def test_past_slots_are_left_out_and_later_ones_counted():
    site = make.FacilityFactory()
    slot(site, "2026-01-01", "2026-03-14")
    assert build_calendar(sites_of(site.organisation), TODAY) is None
    slot(site, "2025-12-01", "2026-03-15")  # began earlier, ends today
    slot(site, "2026-06-01", None)
    slot(site, "2029-06-01", "2029-07-01")
    calendar = build_calendar(sites_of(site.organisation), TODAY)
    assert (len(calendar.months), calendar.later) == (24, 1)
    assert lanes(calendar) == [[(1, "open", False), (2, None, False), (21, "open", False)]]


def test_slot_that_goes_on_after_the_last_month_says_so():
    site = make.FacilityFactory()
    slot(site, "2026-03-01", "2028-03-31")
    assert lanes(build_calendar(sites_of(site.organisation), TODAY)) == [[(24, "open", True)]]


# -- quality timeline --------------------------------------------------------------------------------------


def test_timeline_has_a_mark_for_every_dated_entry_and_bars_to_the_end():
    site = make.FacilityFactory(name="Works")
    gmp = make.CertificateTypeFactory(code="t-gmp", label="EU GMP")
    day = datetime.date
    make.CertificateFactory(facility=site, type=gmp, issued_on=day(2025, 1, 1), expires_on=day(2028, 1, 1))
    make.CertificateFactory(facility=site, type=gmp, issued_on=None, expires_on=day(2027, 1, 1))
    make.InspectionFactory(facility=site, ended_on=day(2024, 2, 1))
    make.RegulatoryActionFactory(facility=site, kind="warning_letter", issued_on=day(2025, 6, 1))
    make.RegulatoryActionFactory(
        facility=site, kind="recall", issued_on=day(2023, 6, 1), closed_on=day(2023, 9, 1)
    )
    spec = quality_timeline(quality_record(sites_of(site.organisation), TODAY), TODAY)
    drawn = [
        (d["lane"], d["kind"], d["on"], d["until"], d["bar"], d["short"]) for d in spec["data"]["values"]
    ]
    assert drawn == [
        ("Other actions", "Other action", "2023-06-01", "2023-09-01", True, "closed"),
        ("Inspections", "Inspection", "2024-02-01", "2024-02-01", False, "NAI"),
        ("EU GMP", "Certificate", "2025-01-01", "2028-01-01", True, "Valid"),
        ("Warning letters", "Warning letter", "2025-06-01", "2026-03-15", True, "open"),
    ]
    assert len({SHAPES[kind] for _, kind, *_ in drawn}) == 4  # no kind is told by its colour alone
    assert {d["site"] for d in spec["data"]["values"]} == {"Works"}


def test_timeline_of_undated_entries_is_none():
    site = make.FacilityFactory()
    make.CertificateFactory(facility=site, issued_on=None, expires_on=TODAY)
    assert quality_timeline(quality_record(sites_of(site.organisation), TODAY), TODAY) is None


# -- similar -----------------------------------------------------------------------------------------------


def runs(name, *processes, country="CH", illustrative=True, active=True, kind=None):
    """A partner with one site that runs "Service/Modality" or "Service"."""
    organisation = make.OrganisationFactory(name=name, illustrative=illustrative, active=active)
    site = make.FacilityFactory(organisation=organisation, country=country)
    for process in processes:
        label, _, of = process.partition("/")
        make.CapabilityFactory(facility=site, service=service(label), modality=modality(of) if of else None)
    if kind:
        make.OrganisationTypeFactFactory(
            organisation=organisation, type=make.OrganisationTypeFactory(code=kind, label=kind)
        )
    return organisation


def alike(organisation):
    return [(s.partner.name, round(s.alike, 4)) for s in similar_partners(record(organisation))]


def test_weights_add_up():
    assert sum(weight for weight, _ in WEIGHTS.values()) == pytest.approx(1)


def test_alikeness_is_the_weighted_mean_of_the_shares_and_is_explained():
    own = runs("Own", "Vector/AAV", "Filling/AAV", "Banking/AAV", kind="cdmo", country="CH")
    runs("Twin", "Vector/AAV", "Filling/AAV", "Banking/AAV", kind="cdmo", country="CH")
    runs("Half", "Vector/AAV", "Filling/mRNA", "Labels", kind="cmo", country="CH")
    # processes 1 of 4, services 2 of 4, types 0 of 2, countries 1 of 1
    assert alike(own) == [("Twin", 1.0), ("Half", round(0.5 * 0.25 + 0.25 * 0.5 + 0 + 0.1, 4))]
    half = similar_partners(record(own))[1]
    assert [(s.feature, s.labels, s.of) for s in half.shared] == [
        ("processes", ("Vector · AAV",), 4),
        ("services", ("Vector", "Filling"), 4),
        ("types", (), 2),
        ("countries", ("Switzerland",), 1),
    ]
    assert (half.not_on_record, half.also) == (("Banking",), ("Labels",))


def test_what_is_unknown_of_this_partner_is_left_out_and_of_the_other_counts_as_nothing():
    bare = runs("Bare", "Vector")
    runs("Known", "Vector", kind="cdmo")
    assert alike(bare) == [("Known", 1.0)]
    known = make.OrganisationFactory._meta.model.objects.get(name="Known")
    assert alike(known) == [("Bare", round((0.25 + 0.1) / 0.5, 4))]


def test_real_and_fictional_companies_are_kept_apart_and_retired_ones_left_out():
    own = runs("Own", "Vector/AAV")
    runs("Real", "Vector/AAV", illustrative=False)
    runs("Gone", "Vector/AAV", active=False)
    assert alike(own) == []
    assert similar_partners(record(make.OrganisationFactory())) == []


@pytest.mark.parametrize("others", [1, 3])
def test_similar_partners_cost_five_queries(django_assert_num_queries, others):
    own = record(runs("Own", "Vector/AAV", "Filling"))
    for number in range(others):
        runs(f"Other {number}", "Vector/AAV", "Filling", kind="cdmo")
    loading.current()
    with django_assert_num_queries(5):
        assert len(similar_partners(own)) == others


def test_page_shows_matrix_calendar_timeline_and_similar_partners(client):
    from tests.factories import accounts

    own = runs("Own", "Vector/AAV", kind="cdmo")
    runs("Twin", "Vector/AAV", kind="cdmo")
    site = own.facilities.get()
    make.CapacitySlotFactory(
        facility=site, starts_on=timezone.localdate(), quantity=3, unit=make.ScaleUnitFactory(symbol="L")
    )
    make.InspectionFactory(facility=site)
    client.force_login(accounts.MembershipFactory().user)
    html = client.get(own.get_absolute_url()).content.decode()
    assert f'<a href="#capability-{site.capabilities.get().pk}">' in html
    assert 'data-vega-spec="quality-chart-spec"' in html
    assert f'<a href="#capacityslot-{site.slots.get().pk}">' in html
    assert "100%</strong> alike" in html


# -- sources -----------------------------------------------------------------------------------------------


def test_sources_are_counted_with_their_levels_and_days():
    organisation = make.OrganisationFactory(evidence_level=EvidenceLevel.SELF_DECLARED)
    deck = make.SourceFactory(code="deck")
    site = make.FacilityFactory(
        organisation=organisation, source=deck, retrieved_on=datetime.date(2024, 1, 1)
    )
    make.CapabilityFactory(
        facility=site, service=service("Vector"), source=deck, evidence_level=EvidenceLevel.AUDITED,
        retrieved_on=datetime.date(2025, 1, 1),
    )  # fmt: skip
    make.IndicativePriceFactory(organisation=organisation, source=make.SourceFactory(code="offer"))
    with_prices = selectors.partner_profile(organisation.slug, prices=True)
    day = datetime.date
    expected = [
        ("Deck", 2, ("audited", "document_checked"), day(2024, 1, 1), day(2025, 1, 1)),
        ("Offer", 1, ("document_checked",), make.RETRIEVED_ON, make.RETRIEVED_ON),
        ("Test source", 1, ("self_declared",), make.RETRIEVED_ON, make.RETRIEVED_ON),
    ]
    found = [
        (u.source.title, u.facts, u.levels, u.first, u.last) for u in sources_of(with_prices, prices=True)
    ]
    assert found == expected
    assert [u.source.title for u in sources_of(record(organisation), prices=False)] == ["Deck", "Test source"]


@pytest.mark.parametrize("many", [RECORDS_OPEN, RECORDS_OPEN + 1, 150])
def test_many_records_of_one_kind_are_one_line_that_opens(client, many):
    organisation = make.OrganisationFactory()
    tablet = make.DosageFormFactory(code="t-tablet", label="Tablet")
    for number in range(many):
        make.TrackRecordFactory(
            organisation=organisation,
            kind="listing",
            count=2,
            dosage_form=tablet,
            description=f"Drug {number:03}",
        )
    make.TrackRecordFactory(organisation=organisation, kind="ppq", count=None)
    profile = build_profile(record(organisation), [], prices=False)
    folds = many > RECORDS_OPEN
    assert len(profile.records) == (1 if folds else many + 1)
    found = [(f.kind, len(f.rows), f.total, f.mostly) for f in profile.folded_records]
    assert found == ([("Product listings", many, 2 * many, f"Tablet {many}")] if folds else [])
    client.force_login(accounts.MembershipFactory().user)
    html = client.get(organisation.get_absolute_url()).content.decode()
    assert html.count('id="trackrecord-') == many + 1
    assert ('<details class="folded-records">' in html) is folds


def test_a_total_with_an_unknown_number_is_not_given_and_forms_only_if_most_are_known():
    organisation = make.OrganisationFactory()
    tablet = make.DosageFormFactory(code="t-tablet", label="Tablet")
    for number in range(20):
        make.TrackRecordFactory(
            organisation=organisation,
            kind="listing",
            count=None if number == 3 else 1,
            dosage_form=tablet if number < 10 else None,
        )
    (folded,) = build_profile(record(organisation), [], prices=False).folded_records
    assert (len(folded.rows), folded.total, folded.mostly) == (20, None, "")


def test_unknown_outcomes_and_close_outs_are_neither_good_nor_bad():
    site = make.FacilityFactory()
    make.InspectionFactory(
        facility=site, outcome="unknown", ended_on=datetime.date(2024, 2, 1), note="Published.",
        source_reference="Form 483 1234, 2024-02-01",
    )  # fmt: skip
    make.RegulatoryActionFactory(
        facility=site, kind="warning_letter", issued_on=datetime.date(2024, 6, 1), close_out_unknown=True
    )
    entries = quality_record(sites_of(site.organisation), TODAY)
    assert [(e.mark, e.title, e.state.label, e.state.tone) for e in entries] == [
        ("Warning letter", "Warning letter", "Close-out unknown", "warn"),
        ("Form 483", "Form 483 by Fda", "Classification unknown", "neutral"),
    ]
    assert "Published." in entries[1].details
    assert [d["bar"] for d in quality_timeline(entries, TODAY)["data"]["values"]] == [False, False]
    profile = build_profile(record(site.organisation), [], prices=False)
    assert (profile.open_actions, profile.unclear_actions) == (0, 1)
    assert profile.unclear_actions_note == "1 action without a stated close-out"


@pytest.mark.parametrize(
    ("inspections", "note"), [(0, "No inspection on record"), (2, "2 on record without a date")]
)
def test_an_inspection_without_a_date_is_not_called_none(inspections, note):
    site = make.FacilityFactory()
    for _ in range(inspections):
        make.InspectionFactory(facility=site, ended_on=None)
    profile = build_profile(record(site.organisation), [], prices=False)
    assert (profile.last_inspection, profile.last_inspection_note) == (None, note)
