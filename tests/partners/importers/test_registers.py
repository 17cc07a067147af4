"""Every register on true rows: what becomes of each, in each format, and from one snapshot to the next."""

import csv
import datetime
from pathlib import Path

import openpyxl
import pytest

from partners.importers.core import run_import
from partners.importers.errors import ImportFileError
from partners.importers.kinds import KINDS
from partners.models import (
    RegisterAction,
    RegisterForm483,
    RegisterImport,
    RegisterInspection,
    RegisterListing,
)

pytestmark = pytest.mark.django_db

DATA = Path(__file__).resolve().parents[2] / "data" / "registers"
FILES = {
    "483s of 2024": ("483s", "483s_2024-05.csv", "2024-05-21"),
    "483s of 2025": ("483s", "483s_2025-07.xlsx", "2025-07-22"),
    "letters with FEI": ("warning-letters", "warning_letters_fei_2025-07.csv", "2025-07-22"),
    "letters as posted": ("warning-letters", "warning_letters_posted_2021_2025H1.csv", "2026-03-24"),
    "actions": ("compliance-actions", "compliance_actions_2024-06.csv", "2024-06-27"),
    "ndc": ("ndc", "ndc_unfinished_2018-06.txt", "2018-06-25"),
    "inspections": ("inspections", "inspections_format_sample_5rows.csv", "2026-04-27"),
}
MODELS = {
    "483s": RegisterForm483,
    "warning-letters": RegisterAction,
    "compliance-actions": RegisterAction,
    "ndc": RegisterListing,
    "inspections": RegisterInspection,
}
NOT_OF_THE_FILE = ("id", "source_id", "first_seen_on", "last_seen_on")


def run(name: str, path: Path | None = None, **options):
    kind, file, date = FILES[name]
    options = {"apply": True, "file_date": datetime.date.fromisoformat(date)} | options
    return run_import(register=KINDS[kind], path=path or DATA / file, **options)


def totals(report) -> dict[str, int]:
    names = ("rows", "created", "updated", "unchanged", "rejected", "closed", "reopened")
    return {name: value for name in names if (value := getattr(report, name))}


def stored(name: str) -> list[dict]:
    model = MODELS[FILES[name][0]]
    rows = [
        {field: value for field, value in row.items() if field not in NOT_OF_THE_FILE}
        for row in model.objects.values()
    ]
    return sorted(rows, key=lambda row: row["key"])


def table(name: str) -> list[list]:
    """Header and rows of an extract, with the cells' own types where it is a workbook."""
    path = DATA / FILES[name][1]
    if path.suffix == ".xlsx":
        return [list(row) for row in openpyxl.load_workbook(path).active.iter_rows(values_only=True)]
    if path.suffix == ".txt":
        lines = path.read_bytes().decode("cp1252").split("\r\n")[:-1]
        return [line.split("\t") for line in lines]
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def as_text(value) -> str:
    if isinstance(value, datetime.datetime):
        return value.date().isoformat()
    return "" if value is None else str(value)


def written(rows: list[list], path: Path) -> Path:
    """The rows as a file of the format that the name says."""
    if path.suffix == ".xlsx":
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet()
        for row in rows:
            sheet.append(row)
        book.save(path)
        return path
    delimiter = {".tsv": "\t", ".semicolons": ";"}.get(path.suffix, ",")
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows([[as_text(value) for value in row] for row in rows])
    return path


@pytest.mark.parametrize(
    ("name", "expected", "warnings"),
    [
        (
            "483s of 2024",
            {"rows": 51, "created": 51},
            {"Record Date is empty": 13, "FEI Number is empty": 15, "FEI Number is not a number": 1},
        ),
        (
            "483s of 2025",
            {"rows": 61, "created": 61},
            {"Record Date is empty": 13, "FEI Number is empty": 15},
        ),
        ("letters with FEI", {"rows": 62, "created": 62}, {}),
        ("letters as posted", {"rows": 56, "created": 56}, {}),
        ("actions", {"rows": 61, "created": 61}, {}),
        ("ndc", {"rows": 77, "created": 77}, {"SUBSTANCENAME is empty": 8}),
        ("inspections", {"rows": 5, "created": 5}, {}),
    ],
)
def test_every_row_of_an_extract_is_taken_and_a_second_import_changes_nothing(name, expected, warnings):
    report = run(name)
    assert (totals(report), report.rejected_rows) == (expected, [])
    assert report.warnings == warnings
    before = stored(name)
    again = run(name)
    assert totals(again) == {"rows": expected["rows"], "unchanged": expected["rows"]}
    assert again.already_applied
    assert stored(name) == before
    assert RegisterImport.objects.count() == 1


@pytest.mark.parametrize("suffix", [".csv", ".semicolons", ".tsv", ".xlsx"])
@pytest.mark.parametrize("name", FILES)
def test_the_same_rows_are_read_alike_from_csv_with_either_delimiter_tsv_and_xlsx(name, suffix, tmp_path):
    run(name)
    expected = stored(name)
    report = run(name, written(table(name), tmp_path / f"copy{suffix}"))
    assert totals(report) == {"rows": len(expected), "unchanged": len(expected)}
    assert stored(name) == expected
    assert (
        report.read_as
        == {
            ".csv": "CSV with commas",
            ".semicolons": "CSV with semicolons",
            ".tsv": "tab-separated text",
            ".xlsx": "Excel workbook",
        }[suffix]
    )


def test_a_file_of_another_register_says_which_it_is():
    for kind, other, title in (
        ("ndc", "letters with FEI", "FDA warning letters"),
        ("drls", "483s of 2025", "FDA published Form 483s"),
    ):
        path = DATA / FILES[other][1]
        with pytest.raises(ImportFileError, match=f"its columns are those of “{title}”: choose that one"):
            run_import(register=KINDS[kind], path=path)


def test_newer_483s_update_the_older_by_their_pdf_and_close_what_is_gone():
    run("483s of 2024")
    report = run("483s of 2025", sample=100)
    assert totals(report) == {"rows": 61, "created": 12, "updated": 18, "unchanged": 31, "closed": 2}
    gone = RegisterForm483.objects.filter(left_on__isnull=False)
    assert sorted(gone.values_list("document", "left_on")) == [
        ("169917", datetime.date(2025, 7, 22)),
        ("77723", datetime.date(2025, 7, 22)),
    ]
    # A PDF that had a path now has a number; a firm's name stood where the FEI is.
    assert not RegisterForm483.objects.filter(document__startswith="/files/").exists()
    unico = RegisterForm483.objects.get(document="78770")
    assert (unico.fei, unico.first_seen_on, unico.last_seen_on) == (
        "1000140268",
        datetime.date(2024, 5, 21),
        datetime.date(2025, 7, 22),
    )


def test_newer_483s_after_older_equal_the_newer_alone_plus_what_was_closed():
    run("483s of 2025")
    alone = stored("483s of 2025")
    RegisterForm483.objects.all().delete()
    RegisterImport.objects.all().delete()
    run("483s of 2024")
    run("483s of 2025")
    rows = stored("483s of 2025")
    assert [row for row in rows if row["left_on"] is None] == alone
    assert [row["firm_name"] for row in rows if row["left_on"]] == [
        "Ipca Laboratories Limited",
        "Quesos Mi Pueblito, LLC",
    ]


def test_older_483s_are_refused_after_newer_ones():
    run("483s of 2025")
    with pytest.raises(ImportFileError, match="is of 2024-05-21, older than the file of 2025-07-22"):
        run("483s of 2024")


def test_one_pdf_that_serves_two_records_is_two_rows(tmp_path):
    header = [
        "Record Date",
        "FEI Number",
        "Legal Name",
        "Record Type",
        "Publish Date",
        "Download",
        "Record ID",
    ]
    pdf = "https://www.fda.gov/media/111111/download"
    first = ["2020-01-31", "3000000001", "One", "483", "2020-03-01", pdf, "1"]
    second = ["2020-01-31", "3000000002", "Two", "483", "2020-03-01", pdf, "2"]
    report = run("483s of 2025", written([header, first, second], tmp_path / "two.csv"))
    assert totals(report) == {"rows": 2, "created": 2}
    second[1:3] = ["3000000003", "Three"]  # the FEI of one is put right: the other still has its own
    report = run("483s of 2025", written([header, second, first], tmp_path / "three.csv"))
    assert totals(report) == {"rows": 2, "updated": 1, "unchanged": 1}
    assert sorted(RegisterForm483.objects.values_list("fei", "firm_name")) == [
        ("3000000001", "One"),
        ("3000000003", "Three"),
    ]


def test_the_two_lists_of_warning_letters_live_side_by_side():
    run("letters with FEI")
    report = run("letters as posted")
    assert totals(report) == {"rows": 56, "created": 56}
    assert sorted(RegisterImport.objects.values_list("layout", "created", "closed")) == [
        ("letters-as-posted", 56, 0),
        ("letters-with-fei", 62, 0),
    ]
    posted = RegisterAction.objects.filter(listing="letters-as-posted")
    assert posted.filter(left_on=None, fei="", kind="warning_letter").count() == 56
    offices = set(posted.values_list("issuing_office", flat=True))
    assert "Center for Drug Evaluation and Research (CDER)" in offices
    assert not any("|" in office or office.startswith('"') for office in offices)


def test_an_action_is_stored_as_its_row_says():
    run("actions")
    row = RegisterAction.objects.filter(kind="injunction").order_by("key").first()
    source = next(r for r in table("actions") if r[7] == row.case_id and r[0] == row.fei)
    assert row.action_type == source[6] == "Injunction"
    assert row.firm_name == " ".join(source[1].split())
    assert row.issued_on.isoformat() == source[5]
    assert row.country == "US"
    assert (row.state, source[2]) in ((source[2], source[2]), ("", "-"))


def test_a_listing_keeps_its_parallel_lists_and_letters_beyond_ascii():
    run("ndc")
    several = [row for row in RegisterListing.objects.all() if len(row.substances) > 1]
    assert several
    for row in several:
        assert len(row.substances) == len(row.strengths) == len(row.units)
    texts = " ".join(
        f"{row.name} {row.labeler} {' '.join(row.units)}" for row in RegisterListing.objects.all()
    )
    assert any(ord(letter) > 127 for letter in texts)
    assert "\ufffd" not in texts
    assert RegisterListing.objects.filter(product_ndc="17337-0033").count() == 2


def test_an_inspection_is_stored_as_its_row_says():
    run("inspections")
    row = RegisterInspection.objects.get(inspection_id="1305862")
    assert {
        name: getattr(row, name)
        for name in (
            "key", "fei", "firm_name", "city", "state", "postal_code", "country", "fiscal_year",
            "citations_posted", "ended_on", "outcome", "project_area", "product_type", "details",
        )
    } == {
        "key": "1305862|Foodborne Biological Hazards|Food/Cosmetics",
        "fei": "3030120006",
        "firm_name": "QUALITY BAKERIES LLC",
        "city": "Schaumburg",
        "state": "Illinois",
        "postal_code": "60173",
        "country": "US",
        "fiscal_year": 2026,
        "citations_posted": True,
        "ended_on": datetime.date(2026, 3, 18),
        "outcome": "vai",
        "project_area": "Foodborne Biological Hazards",
        "product_type": "Food/Cosmetics",
        "details": "FSVP",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "column", "value", "reason"),
    [
        ("483s of 2024", "Download", "https://example.org/1.pdf",
         "Download must be an address at fda.gov, not 'https://example.org/1.pdf'"),
        ("483s of 2024", "Download", "https://[fda.gov/media/1",
         "Download must be an address at fda.gov, not 'https://[fda.gov/media/1'"),
        ("483s of 2024", "Date Posted", "21.05.2024",
         "Publish Date must be a date YYYY-MM-DD, MM/DD/YYYY or YYYYMMDD, not '21.05.2024'"),
        ("letters with FEI", "FEI Number", "unknown", "FEI Number must be digits, not 'unknown'"),
        ("letters with FEI", "Action Taken Date", "-", "Action Taken Date is empty"),
        ("letters with FEI", "Case/Injunction ID", "", "Case/Injunction ID is empty"),
        ("letters as posted", "url", "javascript:alert(1)",
         "url must be an address at fda.gov, not 'javascript:alert(1)'"),
        ("actions", "Legal Name", " ", "Legal Name is empty"),
        ("ndc", "ACTIVE_INGRED_UNIT", "kg/kg; g/g; L",
         "SUBSTANCENAME has 1 items, ACTIVE_NUMERATOR_STRENGTH 1 and ACTIVE_INGRED_UNIT 3; they must run parallel"),
        ("inspections", "Classification", "Fine", "Classification must be NAI, VAI or OAI, not 'Fine'"),
        ("inspections", "Posted Citations", "maybe", "Posted Citations must be Yes or No, not 'maybe'"),
        ("inspections", "Fiscal Year", "26", "Fiscal Year must be a year, not '26'"),
    ],
)  # fmt: skip
def test_bad_value_rejects_its_row_with_a_reason_and_closes_nothing(name, column, value, reason, tmp_path):
    run(name)
    rows = table(name)
    at = rows[0].index(column)
    rows[-1] = [value if i == at else cell for i, cell in enumerate(rows[-1])]
    report = run(name, written(rows, tmp_path / "bad.csv"))
    assert [(row["line"], row["reason"]) for row in report.rejected_rows] == [(len(rows), reason)]
    assert report.unchanged == len(rows) - 2
