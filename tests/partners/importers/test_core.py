"""The path of a file into the register's table, on small files."""

import datetime

import pytest
from django.utils import timezone

from cmo_selector.audit.models import AuditEvent
from partners.importers.core import run_import
from partners.importers.drls import DRLS, ESTABLISHMENTS
from partners.importers.errors import ImportFileError
from partners.models import RegisterEstablishment, RegisterImport, RejectedRow, Source
from tests.partners.importers.conftest import as_csv, drls_row

pytestmark = pytest.mark.django_db

FIRST, SECOND, THIRD = datetime.date(2025, 8, 29), datetime.date(2025, 9, 30), datetime.date(2025, 10, 31)
A, B, C, D = "100000001", "100000002", "100000003", "100000004"


def totals(report) -> dict[str, int]:
    names = ("rows", "created", "updated", "unchanged", "rejected", "closed", "reopened")
    return {name: value for name in names if (value := getattr(report, name))}


def applied(path, date=FIRST, **options):
    return run_import(register=DRLS, path=path, apply=True, file_date=date, **options)


def stored() -> list[dict]:
    return list(RegisterEstablishment.objects.order_by("duns").values())


def test_row_is_stored_as_the_file_states_it(drls_file):
    applied(drls_file([drls_row(A, fei_number="0001833173", operations="PACK; LABEL")]))
    source = Source.objects.get()
    [row] = stored()
    assert row == {
        "id": row["id"],
        "duns": A,
        "fei": "1833173",
        "firm_name": "Firm 100000001",
        "address": "1 Test Street, Bloomington, Indiana (IN) 47403, United States (USA)",
        "street": "1 Test Street",
        "city": "Bloomington",
        "region": "Indiana",
        "postal_code": "47403",
        "country": "US",
        "operations": ["PACK", "LABEL"],
        "expires_on": datetime.date(2025, 12, 31),
        "registrant_name": "Registrant",
        "registrant_duns": "019716729",
        "excluded": False,
        "facility_id": None,
        "source_id": source.pk,
        "first_seen_on": FIRST,
        "last_seen_on": FIRST,
        "left_on": None,
    }
    assert source.title == (
        "FDA Drug Establishments Current Registration Site (drls_reg), file of 29 August 2025"
    )
    assert (source.publisher, source.dated_on, source.illustrative) == (
        "U.S. Food and Drug Administration",
        FIRST,
        False,
    )


def test_dry_run_counts_like_an_apply_and_writes_nothing(drls_file):
    report = run_import(register=DRLS, path=drls_file([drls_row(A), drls_row("bad")]))
    assert totals(report) == {"rows": 2, "created": 1, "rejected": 1}
    assert (report.applied, report.run_id) == (False, None)
    assert [m.objects.count() for m in (RegisterEstablishment, RegisterImport, RejectedRow, Source)] == [
        0
    ] * 4


def test_apply_records_the_run_with_its_hash_and_an_audit_event(drls_file):
    path = drls_file([drls_row(A), drls_row(A)])
    report = applied(path, applied_by="import_register")
    run = RegisterImport.objects.get()
    assert (run.kind, run.file_name, run.file_date, run.applied_by) == (
        "drls",
        "drls_reg.csv",
        FIRST,
        "import_register",
    )
    assert run.sha256 == report.sha256 == Source.objects.get().sha256
    assert (run.rows, run.created, run.updated, run.unchanged, run.rejected, run.closed) == (2, 1, 0, 0, 1, 0)
    event = AuditEvent.objects.get(verb="register.imported")
    assert event.object_id == str(run.pk)
    assert event.data == {
        "sha256": run.sha256,
        "rows": 2,
        "created": 1,
        "updated": 0,
        "unchanged": 0,
        "rejected": 1,
        "closed": 0,
    }


def test_bad_rows_are_rejected_with_their_reason_and_kept(drls_file):
    text = as_csv(
        [
            drls_row(A),
            drls_row(A, firm_name="Other firm"),
            drls_row("12345"),
            drls_row(B, fei_number="unknown"),
            drls_row(C, expiration_date="2025-12-32"),
            drls_row(D, firm_name=" "),
        ]
    )
    report = applied(drls_file(text + "short,row\n" + as_csv([drls_row("100000009")]).split("\n", 1)[1]))
    assert totals(report) == {"rows": 8, "created": 1, "rejected": 7}
    reasons = [
        (2, "D-U-N-S also on line 3, with other values; neither is taken"),
        (3, "D-U-N-S already on line 2, with other values; neither is taken"),
        (4, "DUNS_NUMBER must have 9 digits, not '12345'"),
        (5, "FEI_NUMBER must be digits, not 'unknown'"),
        (6, "EXPIRATION_DATE must be a date YYYY-MM-DD, MM/DD/YYYY or YYYYMMDD, not '2025-12-32'"),
        (7, "FIRM_NAME is empty"),
        (8, "The row has 2 fields instead of 14"),
    ]
    assert [(row["line"], row["reason"]) for row in report.rejected_rows] == reasons
    assert list(RejectedRow.objects.values_list("line", "reason")) == reasons
    kept = RejectedRow.objects.get(line=3)
    assert kept.raw["FIRM_NAME"] == "Other firm"
    assert set(kept.raw) == set(ESTABLISHMENTS.columns), "contact persons are not kept"


def test_values_with_tabs_quotes_and_backslashes_arrive_unharmed(drls_file):
    name = 'A\\B\t"C"\nD {E},\\N'
    applied(drls_file([drls_row(A, firm_name=name, operations='PA"CK; LA\\BEL; {X,Y}')]))
    [row] = stored()
    assert row["firm_name"] == name
    assert row["operations"] == ['PA"CK', "LA\\BEL", "{X,Y}"]


def test_next_file_creates_updates_closes_and_leaves_alone(drls_file):
    applied(drls_file([drls_row(A), drls_row(B), drls_row(C)]))
    path = drls_file([drls_row(A), drls_row(B, firm_name="New name", operations="PACK"), drls_row(D)])
    report = applied(path, SECOND)
    assert totals(report) == {"rows": 3, "created": 1, "updated": 1, "unchanged": 1, "closed": 1}
    assert report.changes == [
        {
            "change": "updated",
            "line": 3,
            "key": B,
            "name": "New name",
            "fields": {
                "firm_name": ["Firm 100000002", "New name"],
                "operations": [["ANALYSIS", "MANUFACTURE"], ["PACK"]],
            },
        },
        {"change": "created", "line": 4, "key": D, "name": "Firm 100000004", "fields": {}},
        {"change": "closed", "line": None, "key": C, "name": "Firm 100000003", "fields": {}},
    ]
    rows = RegisterEstablishment.objects.order_by("duns")
    assert list(rows.values_list("duns", "first_seen_on", "last_seen_on", "left_on")) == [
        (A, FIRST, SECOND, None),
        (B, FIRST, SECOND, None),
        (C, FIRST, FIRST, SECOND),
        (D, SECOND, SECOND, None),
    ]
    assert {row.duns: row.source.dated_on for row in rows} == {A: SECOND, B: SECOND, C: FIRST, D: SECOND}


def test_establishment_that_returns_is_reopened(drls_file):
    applied(drls_file([drls_row(A), drls_row(B)]))
    applied(drls_file([drls_row(A)]), SECOND)
    report = applied(drls_file([drls_row(A), drls_row(B)], "again.csv"), THIRD)
    assert totals(report) == {"rows": 2, "updated": 1, "unchanged": 1, "reopened": 1}
    assert report.changes == [
        {
            "change": "updated",
            "line": 3,
            "key": B,
            "name": "Firm 100000002",
            "fields": {"left_on": ["2025-09-30", None]},
        }
    ]
    row = RegisterEstablishment.objects.get(duns=B)
    assert (row.first_seen_on, row.last_seen_on, row.left_on) == (FIRST, THIRD, None)


def test_establishment_whose_row_is_bad_this_time_has_not_left(drls_file):
    applied(drls_file([drls_row(A), drls_row(B)]))
    report = applied(drls_file([drls_row(A), drls_row(B, exclusion_flag="?")]), SECOND)
    assert totals(report) == {"rows": 2, "unchanged": 1, "rejected": 1}
    assert RegisterEstablishment.objects.get(duns=B).left_on is None


def test_same_file_again_writes_nothing(drls_file):
    path = drls_file([drls_row(A), drls_row("bad")])
    applied(path)
    before = stored()
    report = run_import(register=DRLS, path=path, apply=True)
    assert totals(report) == {"rows": 2, "unchanged": 1, "rejected": 1}
    assert (report.already_applied, report.run_id) == (True, RegisterImport.objects.get().pk)
    assert report.file_date == FIRST, "the date it was applied with, not today"
    assert stored() == before
    assert [m.objects.count() for m in (RegisterImport, RejectedRow, Source)] == [1, 1, 1]


def test_same_file_again_restores_a_row_that_was_lost(drls_file):
    path = drls_file([drls_row(A), drls_row(B)])
    applied(path)
    RegisterEstablishment.objects.filter(duns=B).delete()
    report = applied(path)
    assert totals(report) == {"rows": 2, "created": 1, "unchanged": 1}
    assert RegisterImport.objects.count() == 2


@pytest.mark.parametrize(
    ("name", "date"),
    [("drls_2025-07-04.csv", datetime.date(2025, 7, 4)), ("drls_2025-13-40.csv", None), ("drls.csv", None)],
)
def test_file_without_a_given_date_takes_it_from_its_name_or_today(drls_file, name, date):
    report = run_import(register=DRLS, path=drls_file([drls_row(A)], name))
    assert (report.file_date, report.file_date_stated) == (date or timezone.localdate(), date is not None)


def test_a_file_of_unknown_date_is_never_called_a_file_of_today(drls_file):
    path = drls_file([drls_row(A)], "drls.csv")
    applied(path, None)
    run = RegisterImport.objects.get()
    today = timezone.localdate()
    assert (run.file_date, run.file_date_stated) == (today, False)
    assert run.source.title.endswith(f", file of unknown date, read on {today:%-d %B %Y}")
    assert run.source.dated_on is None
    # the same file again: still unknown; with a date it is known
    assert run_import(register=DRLS, path=path).file_date_stated is False
    assert run_import(register=DRLS, path=path, file_date=today).file_date_stated is True


def test_older_file_than_the_one_applied_is_refused(drls_file):
    applied(drls_file([drls_row(A)]), SECOND)
    with pytest.raises(ImportFileError) as refused:
        applied(drls_file([drls_row(B)], "old.csv"), FIRST)
    assert str(refused.value) == (
        "old.csv is of 2025-08-29, older than the file of 2025-09-30 that was applied before it; "
        "state its date (on the command line with --date) if that is wrong"
    )
    assert [row["duns"] for row in stored()] == [A]


def test_date_in_the_future_is_refused(drls_file):
    tomorrow = timezone.localdate() + datetime.timedelta(days=1)
    with pytest.raises(ImportFileError, match=rf"^The file date {tomorrow} is in the future$"):
        applied(drls_file([drls_row(A)]), tomorrow)


def test_file_that_lacks_most_of_the_register_is_applied_only_when_that_is_meant(drls_file):
    applied(drls_file([drls_row(f"2{n:08d}") for n in range(201)]))
    path = drls_file([drls_row(f"2{n:08d}") for n in range(100)])
    with pytest.raises(ImportFileError) as refused:
        applied(path, SECOND)
    assert str(refused.value) == (
        "drls_reg.csv lacks 101 of the 201 establishments now in the register; it looks cut off. "
        "Give --allow-closing if they really left"
    )
    assert RegisterEstablishment.objects.filter(left_on__isnull=False).count() == 0
    report = applied(path, SECOND, allow_closing=True)
    assert totals(report) == {"rows": 100, "unchanged": 100, "closed": 101}


def test_file_that_breaks_in_the_middle_leaves_nothing_behind(drls_file):
    text = as_csv([drls_row(A), drls_row(B)])
    with pytest.raises(
        ImportFileError, match=r"is cut off: its last row, on line 3, has 4 fields instead of 14$"
    ):
        applied(drls_file(text[: text.index("Firm 100000002,") + 20].replace('"1 Te', "")))
    assert [m.objects.count() for m in (RegisterEstablishment, RegisterImport, Source)] == [0, 0, 0]


def test_odd_values_are_kept_with_a_warning(drls_file):
    rows = [
        drls_row(A, address="1 Nowhere, Town,  1, Atlantis (ATL)", registrant_duns="12"),
        drls_row(B, expiration_date="", operations=" "),
        drls_row(C, address=f"1 Long Street, {'x' * 200},  1, France (FRA)"),
        drls_row(D, address="1 Nowhere, Town,  1, Atlantis (ATL)", fei_number=" "),
    ]
    report = applied(drls_file(rows))
    assert totals(report) == {"rows": 4, "created": 4}
    assert report.warnings == {
        "country not recognised: Atlantis (ATL)": 2,
        "REGISTRANT_DUNS is not a D-U-N-S number": 1,
        "EXPIRATION_DATE is empty": 1,
        "OPERATIONS is empty": 1,
        "ADDRESS could not be taken apart": 1,
    }
    assert report.warning_examples[0] == {"line": 2, "warning": "country not recognised: Atlantis (ATL)"}
    found = {row["duns"]: row for row in stored()}
    assert (found[A]["country"], found[A]["city"], found[A]["registrant_duns"]) == ("", "Town", "")
    assert (found[B]["expires_on"], found[B]["operations"]) == (None, [])
    assert (found[C]["city"], found[C]["country"]) == ("", "FR")
    assert found[C]["address"].startswith("1 Long Street, xxx")
    assert found[D]["fei"] == ""


def test_a_file_with_a_day_before_its_month_is_refused_whole_because_others_may_be_misread(drls_file):
    days = ("05/06/2025", "31/12/2025", "12/31/2025", "13/01/2025", "14/01/2025", "15/01/2025")
    rows = [drls_row(f"{100000000 + n}", expiration_date=day) for n, day in enumerate(days)]
    with pytest.raises(ImportFileError) as refused:
        applied(drls_file(rows))
    message = str(refused.value)
    assert "has dates with the day first, so what 05/06/2025 means in it is uncertain (line 3: " in message
    assert "not '31/12/2025'; line 5: " in message
    assert "; and 1 more). Dates with slashes are MM/DD/YYYY; write all dates as YYYY-MM-DD" in message
    assert stored() == []


def test_dates_in_three_formats_are_read_alike(drls_file):
    dates = ("12/31/2025", "2025-12-31", "20251231")
    rows = [drls_row(duns, expiration_date=date) for duns, date in zip((A, B, C), dates, strict=True)]
    applied(drls_file(rows))
    assert {row["expires_on"] for row in stored()} == {datetime.date(2025, 12, 31)}
