"""The illustrative partners: invented, flagged, complete in variety and honest in their holes."""

import csv
import datetime as dt
import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from partners import models as m
from partners.demo import FOLDER, DemoDataError, load_illustrative_partners
from partners.demo_items import months_from
from partners.demo_places import UnknownPlace, find_city
from partners.vocabularies import load_vocabularies

TODAY = dt.date(2027, 3, 15)
REGISTER = Path(FOLDER).parent / "register" / "fda_drls_reg.csv"


@pytest.fixture
def vocabularies(db):
    load_vocabularies()


@pytest.fixture
def partners(vocabularies):
    """All illustrative partners, loaded on a fixed day."""
    load_illustrative_partners(today=TODAY)


def row_counts():
    """Rows of every table that illustrative partners fill."""
    return {
        model.__name__: model.objects.count()
        for model in (
            m.Organisation, m.Facility, m.Capability, m.CapacitySlot, m.Certificate, m.Inspection, m.Audit,
            m.RegulatoryAction, m.Equipment, m.TrackRecord, m.MetricValue, m.Document, m.Alias,
            m.CommercialTerms, m.IndicativePrice, m.RestrictedPartyEntry, m.RestrictedPartyList,
            m.OrganisationTypeFact, m.ContractStructureFact, m.IndustryFact, m.Source,
            m.Certificate.scope_services.through, m.Certificate.scope_dosage_forms.through,
        )
    }  # fmt: skip


def write(folder, partner):
    """A folder with one file of one partner."""
    folder.mkdir(exist_ok=True)
    (folder / "test.json").write_text(json.dumps({"about": "test", "partners": [partner]}), encoding="utf-8")
    return folder


def vendor(**changes):
    site = {"name": "Plant", "city": "Galway", "country": "IE", **changes.pop("site", {})}
    return {"name": "Testmere Works", "summary": "Test.", "types": ["cdmo"], "sites": [site], **changes}


# -- what ships ----------------------------------------------------------------------------------


def test_there_are_at_least_44_and_all_say_that_they_are_invented(partners):
    everything = m.Organisation.objects.select_related("source")
    assert everything.count() >= 44
    assert all(o.illustrative and o.source.illustrative and o.summary for o in everything)
    for model in (m.Capability, m.Certificate, m.Inspection, m.Audit, m.RegulatoryAction, m.CapacitySlot,
                  m.MetricValue, m.TrackRecord, m.IndicativePrice, m.CommercialTerms,
                  m.RestrictedPartyEntry):  # fmt: skip
        assert not model.objects.filter(source__illustrative=False).exists()
    assert not m.Identifier.objects.exists()  # an invented partner has no number in any real register


def test_every_type_structure_industry_and_most_services_are_covered(partners):
    def unused(vocabulary, relation):
        return list(vocabulary.objects.filter(**{relation: None}).values_list("code", flat=True))

    assert unused(m.OrganisationType, "facts") == []
    assert unused(m.ContractStructure, "facts") == []
    assert unused(m.Industry, "facts") == []
    assert unused(m.Modality, "capabilities") == []
    branches = m.Service.objects.filter(parent=None)
    uncovered = [
        b.code
        for b in branches
        if not m.Capability.objects.filter(service__in=[b, *b.children.all()]).exists()
    ]
    assert uncovered == []


def test_partners_sit_in_many_countries_with_one_to_four_sites_on_the_map(partners):
    sites = m.Facility.objects.all()
    assert len({site.country.code for site in sites}) >= 25
    assert all(site.located_by == "city" and site.latitude is not None for site in sites)
    per_partner = Counter(sites.values_list("organisation", flat=True))
    assert set(per_partner) == set(m.Organisation.objects.values_list("pk", flat=True))
    assert max(per_partner.values()) <= 4


def test_a_third_of_the_partners_have_real_holes(partners):
    holes = Counter()
    for organisation in m.Organisation.objects.all():
        sites = organisation.facilities.all()
        holes[organisation.name] = sum(
            (
                not organisation.terms.filter(minimum_project__isnull=False).exists(),
                not organisation.prices.exists(),
                organisation.metric_values.count() < 5,
                not m.CapacitySlot.objects.filter(facility__in=sites).exists(),
                not sites.filter(capabilities_complete_on__isnull=False).exists(),
            )
        )
    total = len(holes)
    assert sum(count >= 3 for count in holes.values()) >= total / 3
    assert sum(count == 0 for count in holes.values()) >= 10
    levels = set(m.Capability.objects.values_list("evidence_level", flat=True))
    assert levels == {"self_declared", "document_checked"}
    assert m.Certificate.objects.filter(scope="", scope_services=None).exists()


def test_dates_count_from_the_day_of_loading(partners):
    northmere = m.Organisation.objects.get(slug="northmere-vector-works")
    site = northmere.facilities.get()

    assert northmere.retrieved_on == dt.date(2027, 1, 15)
    assert site.capabilities_complete_on == dt.date(2027, 1, 15)
    slot = site.slots.first()
    assert (slot.starts_on, slot.ends_on) == (dt.date(2027, 7, 30), dt.date(2028, 1, 28))
    assert all(c.expires_on > TODAY for c in m.Certificate.objects.exclude(expires_on=None))
    past = {
        "retrieved": m.Inspection.objects.values_list("retrieved_on", "ended_on"),
        "audited": m.Audit.objects.values_list("retrieved_on", "audited_on"),
        "issued": m.Certificate.objects.exclude(issued_on=None).values_list("retrieved_on", "issued_on"),
        "actions": m.RegulatoryAction.objects.values_list("retrieved_on", "issued_on"),
    }
    assert [name for name, pairs in past.items() if any(seen < happened for seen, happened in pairs)] == []


def test_the_open_warning_letter_sits_at_the_cheapest_tablets(partners):
    letter = m.RegulatoryAction.objects.get(kind="warning_letter")
    assert (letter.facility.organisation.name, letter.closed_on) == ("Sahyora Formulations", None)
    cheapest = m.IndicativePrice.objects.filter(basis="thousand_tablets").order_by("low").first()
    assert cheapest.organisation == letter.facility.organisation


def test_one_partner_is_on_the_illustrative_restricted_party_list(partners):
    entry = m.RestrictedPartyEntry.objects.get()
    assert entry.list.illustrative
    assert entry.organisation.name == "Ostrovane RNA Foundry"
    assert entry.effective_from == dt.date(2026, 8, 15)


def test_no_invented_name_is_that_of_a_registered_firm(partners):
    def plain(name):
        return "".join(c for c in name.casefold() if c.isalnum())

    with REGISTER.open(encoding="utf-8", newline="") as file:
        firms = {plain(row[key]) for row in csv.DictReader(file) for key in ("FIRM_NAME", "REGISTRANT_NAME")}
    names = set(m.Organisation.objects.values_list("name", flat=True))
    names |= set(m.Alias.objects.values_list("name", flat=True))
    words = {plain(name.split()[0]) for name in m.Organisation.objects.values_list("name", flat=True)}

    assert {name for name in names if plain(name) in firms} == set()
    assert {word for word in words if any(firm.startswith(word) for firm in firms)} == set()


# -- loading -------------------------------------------------------------------------------------


def test_loading_twice_changes_nothing(partners):
    before = row_counts()

    result = load_illustrative_partners(today=TODAY + dt.timedelta(days=90))

    assert (result.created, result.refreshed) == (0, 0)
    assert result.unchanged == before["Organisation"]
    assert row_counts() == before
    assert m.Organisation.objects.get(slug="northmere-vector-works").retrieved_on == dt.date(2027, 1, 15)


def test_refresh_moves_the_dates_and_keeps_the_partners(partners):
    before, keys = row_counts(), dict(m.Organisation.objects.values_list("slug", "pk"))

    result = load_illustrative_partners(today=dt.date(2028, 3, 15), refresh=True)

    assert (result.created, result.refreshed, result.unchanged) == (0, len(keys), 0)
    assert row_counts() == before
    assert dict(m.Organisation.objects.values_list("slug", "pk")) == keys
    assert m.Organisation.objects.get(slug="northmere-vector-works").retrieved_on == dt.date(2028, 1, 15)


def test_a_real_partner_of_the_same_name_is_never_overwritten(vocabularies, tmp_path):
    source = m.Source.objects.create(code="register", title="Register")
    m.Organisation.objects.create(
        slug="testmere-works", name="Testmere Works", source=source, retrieved_on=TODAY
    )

    with pytest.raises(DemoDataError, match="“Testmere Works” is the name of a real partner"):
        load_illustrative_partners(today=TODAY, folder=write(tmp_path / "data", vendor()), refresh=True)


def test_one_line_of_capabilities_makes_a_row_for_each_combination(vocabularies, tmp_path):
    line = {
        "service": ["ff-vial", "ff-pfs"],
        "modality": ["mab", "aav"],
        "scale": [None, 2.5],
        "unit": "l",
        "stage": [2, 4],
    }
    folder = write(tmp_path / "data", vendor(site={"capabilities": [line]}))

    load_illustrative_partners(today=TODAY, folder=folder)

    rows = m.Capability.objects.order_by("service__order", "modality__order")
    assert list(
        rows.values_list("service__code", "modality__code", "scale_min", "scale_max", "stage_from", "gmp")
    ) == [
        ("ff-vial", "mab", None, Decimal("2.5"), 2, None),
        ("ff-vial", "aav", None, Decimal("2.5"), 2, None),
        ("ff-pfs", "mab", None, Decimal("2.5"), 2, None),
        ("ff-pfs", "aav", None, Decimal("2.5"), 2, None),
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"types": ["cdmoo"]}, "test.json: Testmere Works: types: there is no organisation type “cdmoo”."),
        ({"colour": "red"}, "test.json: Testmere Works: colour: is not a key that is known here."),
        (
            {"site": {"city": "Atlantis"}},
            "test.json: Testmere Works: sites[0]: city: no city “Atlantis, IE” is known.",
        ),
        (
            {"site": {"capabilities": [{"service": "ff-vial"}, {"service": "ff-vail"}]}},
            "test.json: Testmere Works: sites[0]: capabilities[1]: service: there is no service “ff-vail”.",
        ),
        (
            {"site": {"capabilities": [{"service": "ff-vial", "scale": [5, 2], "unit": "l"}]}},
            "test.json: Testmere Works: sites[0]: capabilities[0]: scale: 5 is above 2.",
        ),
        (
            {"site": {"capabilities": [{"service": "ff-vial", "scale": [1, 2]}]}},
            "test.json: Testmere Works: sites[0]: capabilities[0]: unit: is missing: a scale needs one.",
        ),
        (
            {"site": {"inspections": [{"by": "fda", "outcome": "fine"}]}},
            "test.json: Testmere Works: sites[0]: inspections[0]: outcome: "
            "Value 'fine' is not a valid choice.",
        ),
        (
            {"metrics": {"otif_pct": True}},
            "test.json: Testmere Works: metrics.otif_pct: “True” is not a value of kind number.",
        ),
        (
            {"terms": {"minimum": 5}},
            "test.json: Testmere Works: terms: currency: is missing: a minimum project value needs one.",
        ),
        (
            {"evidence": "hearsay"},
            "test.json: Testmere Works: evidence: “hearsay” is not an evidence level.",
        ),
        ({"employees": "many"}, "test.json: Testmere Works: employees: must be a number, not “many”."),
        ({"aliases": {}}, "test.json: Testmere Works: aliases: must be a list."),
    ],
)
def test_bad_data_names_file_partner_and_key_and_loads_nothing(vocabularies, tmp_path, changes, message):
    folder = write(tmp_path / "data", vendor(**changes))

    with pytest.raises(DemoDataError) as error:
        load_illustrative_partners(today=TODAY, folder=folder)

    assert str(error.value) == message
    assert m.Organisation.objects.count() == 0


def test_a_truncated_file_and_a_missing_name_are_named(vocabularies, tmp_path):
    folder = write(tmp_path / "data", {"summary": "No name"})
    with pytest.raises(DemoDataError, match=r"^test\.json: partner 1: name: is missing\.$"):
        load_illustrative_partners(today=TODAY, folder=folder)

    (folder / "test.json").write_text('{"partners": [', encoding="utf-8")
    with pytest.raises(DemoDataError, match=r"^test\.json: is not JSON"):
        load_illustrative_partners(today=TODAY, folder=folder)


def test_a_partner_that_is_there_twice_is_refused(vocabularies, tmp_path):
    folder = write(tmp_path / "data", vendor())
    (folder / "other.json").write_text((folder / "test.json").read_text())

    with pytest.raises(DemoDataError, match="“Testmere Works” is there twice"):
        load_illustrative_partners(today=TODAY, folder=folder)


# -- small parts ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("months", "expected"),
    [
        (0, dt.date(2027, 1, 31 - 3)),
        (1, dt.date(2027, 2, 28)),
        (-1, dt.date(2026, 12, 28)),
        (-13, dt.date(2025, 12, 28)),
        (Decimal("0.5"), dt.date(2027, 2, 12)),
    ],
)
def test_months_never_leave_the_calendar(months, expected):
    assert months_from(dt.date(2027, 1, 31), months) == expected


def test_a_city_of_the_united_states_needs_its_state():
    assert find_city("Louisville", "US", "KY") != find_city("Louisville", "US", "CO")
    with pytest.raises(UnknownPlace, match="no city “Louisville, US” is known"):
        find_city("Louisville", "US")
