"""Which row of the catalogue a row of a file is, and what becomes of cells that either side changed."""

import datetime as dt

import pytest

from partners.models import Capability, Modality
from partners.sheets.comparing import Comparer
from partners.sheets.reading import SheetReader
from partners.sheets.registry import SHEETS
from tests.factories import partners

from .conftest import as_csv, as_xlsx, compared, edited, exported, table, told

pytestmark = pytest.mark.django_db

FROZEN = "was “aav” when exported; a code is chosen once. Put it back, or empty the version for a new row"


@pytest.fixture
def site():
    return partners.FacilityFactory(slug="basel", organisation=partners.OrganisationFactory(slug="helvia"))


@pytest.fixture
def capability(site):
    return partners.CapabilityFactory(
        facility=site, note="Old", modality=partners.ModalityFactory(code="aav")
    )


def without_version(content):
    return as_csv([row[:-1] for row in table(content)])


def test_row_is_found_by_its_key_when_the_file_has_no_version_column(capability, tmp_path):
    content = without_version(edited(exported("capability"), 2, note="New"))
    (result,) = compared("capability", content, tmp_path)
    assert told([result]) == [("changed", {"note": ("Old", "New")}, [])]
    assert result.object_id == capability.pk


def test_number_of_a_row_alone_never_finds_it(capability, tmp_path):
    """The version of another installation: its number is one of ours by chance, its key is not."""
    other = partners.CapabilityFactory(note="Other")
    content = edited(exported("capability", rows=Capability.objects.filter(pk=capability.pk)), 2, note="New")
    wrong = content.replace(f"v{capability.pk}:".encode(), f"v{other.pk}:".encode())
    (result,) = compared("capability", wrong, tmp_path)
    assert (str(result.outcome), result.object_id) == ("changed", capability.pk)


def test_key_that_was_edited_changes_the_row_it_was_exported_from(capability, tmp_path):
    partners.ModalityFactory(code="mab")
    (result,) = compared("capability", edited(exported("capability"), 2, modality="mab"), tmp_path)
    assert told([result]) == [("changed", {"modality": ("aav", "mab")}, [])]
    assert result.object_id == capability.pk


def test_code_of_a_term_is_chosen_once(tmp_path):
    partners.ModalityFactory(code="aav")
    (result,) = compared("modality", edited(exported("modality"), 2, code="aav2"), tmp_path)
    assert told([result]) == [("rejected", {}, [FROZEN])]
    (result,) = compared("modality", edited(exported("modality"), 2, code="aav2", version=""), tmp_path)
    assert str(result.outcome) == "created"


def test_rows_of_one_key_are_told_apart_by_version_and_refused_without(capability, site, tmp_path):
    partners.CapabilityFactory(facility=site, note="Second", modality=capability.modality)
    content = edited(edited(exported("capability"), 2, note="A"), 3, note="B")
    assert told(compared("capability", content, tmp_path)) == [
        ("changed", {"note": ("Old", "A")}, []),
        ("changed", {"note": ("Second", "B")}, []),
    ]
    many = "2 rows of the catalogue have this key; the version column of an export says which is meant"
    assert told(compared("capability", without_version(content), tmp_path)) == [("rejected", {}, [many])] * 2
    same = compared("capability", without_version(exported("capability")), tmp_path)
    assert told(same) == [("unchanged", {}, [])] * 2


def test_new_makes_a_row_beside_one_of_the_same_key_but_not_a_second_time(capability, tmp_path):
    content = edited(exported("capability"), 2, note="Beside", version="new")
    (result,) = compared("capability", content, tmp_path)
    assert str(result.outcome) == "created"
    partners.CapabilityFactory(facility=capability.facility, modality=capability.modality, note="Beside")
    assert told(compared("capability", content, tmp_path)) == [("unchanged", {}, [])]


def test_absent_column_stays_and_empty_cell_empties(capability, tmp_path):
    header, row = table(exported("capability", columns=["gmp"]))
    assert header == ["site", "service", "modality", "dosage form", "production system", "gmp", "version"]
    assert told(compared("capability", as_csv([header, row]), tmp_path)) == [("unchanged", {}, [])]
    (result,) = compared("capability", edited(exported("capability"), 2, note=""), tmp_path)
    assert told([result]) == [("changed", {"note": ("Old", "")}, [])]


def test_empty_cell_of_what_has_a_default_leaves_it_and_gives_the_default_to_a_new_row(site, tmp_path):
    partners.CapacitySlotFactory(facility=site, status="reserved")
    content = edited(exported("capacityslot"), 2, status="")
    assert told(compared("capacityslot", content, tmp_path)) == [("unchanged", {}, [])]
    (result,) = compared("capacityslot", edited(content, 2, starts_on="2027-01-01", version=""), tmp_path)
    assert (str(result.outcome), result.instance.status) == ("created", "open")


def test_new_row_says_what_it_needs(site, tmp_path):
    header = ["site", "service", "modality", "dosage form", "production system", "retrieved on"]
    partners.ServiceFactory(code="fill")
    (result,) = compared("capability", as_csv([header, ["helvia/basel", "fill", "", "", "", ""]]), tmp_path)
    assert [(f.column, f.text) for f in result.faults] == [
        ("source", "a new row needs it; add the column"),
        ("retrieved_on", "a new row needs it"),
    ]


def test_cell_that_the_catalogue_changed_and_the_file_did_not_is_kept(capability, tmp_path):
    content = exported("capability")
    Capability.objects.update(note="Newer")
    assert told(compared("capability", content, tmp_path)) == [("unchanged", {}, [])]


def test_row_that_both_changed_is_a_conflict_that_shows_both(capability, tmp_path):
    content = edited(exported("capability"), 2, note="Mine", gmp="yes")
    Capability.objects.update(note="Theirs", dedicated_for="cytotoxic")
    (result,) = compared("capability", content, tmp_path)
    assert str(result.outcome) == "conflict"
    assert result.cells == [
        {"column": "gmp", "before": "", "after": "yes"},
        {"column": "note", "before": "Theirs", "after": "Mine", "moved": True},
        {"column": "dedicated for", "before": "cytotoxic", "after": "", "kept": True},
    ]


def test_same_change_on_both_sides_is_no_change(capability, tmp_path):
    content = edited(exported("capability"), 2, note="The same")
    Capability.objects.update(note="The same")
    assert told(compared("capability", content, tmp_path)) == [("unchanged", {}, [])]


def test_row_that_is_gone_is_not_made_again_by_accident(capability, tmp_path):
    content = exported("capability")
    capability.delete()
    (result,) = compared("capability", content, tmp_path)
    assert told([result]) == [
        ("rejected", {}, ["the row it was exported from is gone; empty the cell to make a new one"])
    ]


def test_retired_term_stays_but_is_not_given_anew(capability, tmp_path):
    partners.ModalityFactory(code="old", active=False)
    (result,) = compared("capability", edited(exported("capability"), 2, modality="old"), tmp_path)
    assert [f.text for f in result.faults] == ["“old” is retired: it stays where it is but is not given anew"]
    Modality.objects.update(active=False)
    (result,) = compared("capability", edited(exported("capability"), 2, note="N"), tmp_path)
    assert told([result]) == [("changed", {"note": ("Old", "N")}, [])]


def test_labels_and_names_are_understood_and_several_terms_in_any_order(site, tmp_path):
    certificate = partners.CertificateFactory(facility=site)
    for code in ("fill", "pack"):
        certificate.scope_services.add(partners.ServiceFactory(code=code, label=f"{code} it"))
    content = edited(exported("certificate"), 2, scope_services="Pack it;  fill", evidence_level="audited")
    assert told(compared("certificate", content, tmp_path)) == [
        ("changed", {"evidence_level": ("Document checked", "Audited")}, [])
    ]


def test_numbers_and_days_of_a_workbook_are_what_they_show(site, tmp_path):
    unit = partners.ScaleUnitFactory()
    partners.CapacitySlotFactory(facility=site, quantity="0.3", unit=unit)
    header, row = table(exported("capacityslot"))
    row[header.index("quantity")] = 0.1 + 0.2
    row[header.index("starts on")] = dt.date(2026, 3, 1)
    assert told(compared("capacityslot", as_xlsx([header, row]), tmp_path, "xlsx")) == [("unchanged", {}, [])]


def test_text_longer_than_a_cell_is_not_cut_off_by_a_round_trip(tmp_path):
    organisation = partners.OrganisationFactory(slug="helvia", summary="x" * 40_000)
    content = exported("organisation", "xlsx")
    assert told(compared("organisation", content, tmp_path, "xlsx")) == [("unchanged", {}, [])]
    rows = [["slug", "summary"], ["helvia", "y" + "x" * 32_766]]
    (result,) = compared("organisation", as_xlsx(rows), tmp_path, "xlsx")
    assert [f.text for f in result.faults] == [
        "is longer than a cell of a spreadsheet holds and would be cut off; change it on the desk"
    ]
    assert organisation.slug == result.name


@pytest.mark.parametrize("number", [1, 30])
def test_a_batch_asks_the_same_number_of_queries_whatever_its_size(
    number, site, tmp_path, django_assert_num_queries
):
    for n in range(number):
        partners.CapabilityFactory(facility=site, service=partners.ServiceFactory(code=f"s-{n}"), note="x")
    path = tmp_path / "file.csv"
    path.write_bytes(exported("capability"))
    sheet = SHEETS["capability"].open()
    with SheetReader(path, sheet) as reader:
        records = list(reader)
    # sites, sources, services, the rows themselves
    with django_assert_num_queries(4):
        results = Comparer(sheet, set(reader.headings.at)).compare(records)
    assert told(results) == [("unchanged", {}, [])] * number
