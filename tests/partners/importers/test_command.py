"""`manage.py import_register` as people run it: a process of its own, on the real snapshot where it matters."""

import csv
import json
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from partners.importers.core import lock_name
from partners.importers.drls import DRLS
from partners.importers.snapshots import ESTABLISHMENTS
from partners.models import RegisterEstablishment, RegisterImport, RejectedRow
from tests.partners.importers.conftest import COLUMNS, ROOT, as_csv, drls_row

SNAPSHOT = ESTABLISHMENTS.path
MEMORY_LIMIT_MB = 300
TOTALS = ("rows", "created", "updated", "unchanged", "rejected", "closed", "reopened", "linked")


def totals(stdout: str) -> dict[str, int]:
    report = json.loads(stdout)
    return {name: report[name] for name in TOTALS if report[name]}


@pytest.mark.django_db(transaction=True)
def test_snapshot_is_accounted_for_within_the_memory_limit_and_a_second_run_changes_nothing(run_command):
    dry = run_command("drls", SNAPSHOT, "--json")
    assert (dry.status, dry.stderr) == (0, "")
    assert totals(dry.stdout) == {"rows": 8069, "created": 8069}
    assert RegisterEstablishment.objects.count() == 0

    first = run_command("drls", SNAPSHOT, "--apply", "--json", "--date", "2025-08-29")
    assert (first.status, first.stderr) == (0, "")
    assert totals(first.stdout) == {"rows": 8069, "created": 8069}
    assert max(dry.peak_memory_mb, first.peak_memory_mb) < MEMORY_LIMIT_MB
    before = list(RegisterEstablishment.objects.order_by("pk").values())

    second = run_command("drls", SNAPSHOT, "--apply")
    assert (second.status, second.stderr) == (0, "")
    assert second.stdout == (
        "FDA drug establishment registration: fda_drls_reg.csv, of 2025-08-29, read as CSV with commas, "
        "sha256 58456ad073dd5090…\n"
        "\n"
        "rows           8,069\n"
        "created            0\n"
        "updated            0\n"
        "unchanged      8,069\n"
        "rejected           0\n"
        "closed             0   in the register before, not in this file\n"
        "linked             0   rows newly linked to the catalogue\n"
        "facts      unchanged\n"
        "\n"
        "This file is already applied; nothing was written.\n"
    )
    assert list(RegisterEstablishment.objects.order_by("pk").values()) == before
    assert (RegisterImport.objects.count(), RejectedRow.objects.count()) == (1, 0)


@pytest.mark.django_db
def test_every_row_of_the_snapshot_is_stored_as_its_line_says(capsys):
    call_command("import_register", "drls", SNAPSHOT, "--apply", "--date", "2025-08-29")
    with SNAPSHOT.open(encoding="utf-8", newline="") as file:
        in_file = {
            row["DUNS_NUMBER"]: (
                row["FEI_NUMBER"].strip().lstrip("0"),
                row["FIRM_NAME"],
                row["ADDRESS"],
                row["OPERATIONS"].split("; "),
                row["REGISTRANT_NAME"].strip(),
                row["REGISTRANT_DUNS"],
            )
            for row in csv.DictReader(file)
        }
    fields = ("fei", "firm_name", "address", "operations", "registrant_name", "registrant_duns")
    stored = {row[0]: row[1:] for row in RegisterEstablishment.objects.values_list("duns", *fields)}
    assert stored == in_file
    rows = RegisterEstablishment.objects.all()
    assert rows.filter(country="").count() == 0
    assert rows.filter(city="").count() == 0
    assert rows.filter(region__icontains="select").count() == 0
    assert rows.filter(country="US").count() == 4728


@pytest.mark.django_db
def test_edited_copy_of_the_snapshot_gives_exactly_its_edits(tmp_path, capsys):
    call_command("import_register", "drls", SNAPSHOT, "--apply", "--date", "2025-08-29")
    capsys.readouterr()
    with SNAPSHOT.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    left = [row["DUNS_NUMBER"] for row in rows[100:107]]
    del rows[100:107]
    rows[0]["FIRM_NAME"] = "Renamed Ltd."
    rows[1]["OPERATIONS"] = "PACK"
    rows[2]["EXPIRATION_DATE"] = "12/31/2026"
    rows[3]["DUNS_NUMBER"] = "12345"  # so its establishment is missing, too
    moved = rows[3]
    rows += [drls_row("999999901"), drls_row("999999902"), dict(rows[5])]
    path = tmp_path / "edited.csv"
    path.write_text(as_csv(rows), encoding="utf-8")

    call_command(
        "import_register", "drls", path, "--apply", "--json", "--date", "2025-09-30", "--sample", "20"
    )
    report = json.loads(capsys.readouterr().out)
    assert {name: report[name] for name in TOTALS} == {
        "rows": 8065,
        "created": 2,
        "updated": 3,
        "unchanged": 8058,
        "rejected": 2,
        "closed": 8,
        "reopened": 0,
        "linked": 0,
    }
    assert [(row["line"], row["reason"]) for row in report["rejected_rows"]] == [
        (5, "DUNS_NUMBER must have 9 digits, not '12345'"),
        (8066, f"D-U-N-S already on line {rows.index(rows[5]) + 2}"),
    ]
    assert report["rejected_rows"][0]["raw"]["FIRM_NAME"] == moved["FIRM_NAME"]
    updated = [row["fields"] for row in report["changes"] if row["change"] == "updated"]
    assert updated == [
        {"firm_name": ["WU XI ZHONG ZHI WEI NA TECHNOLOGY CO., Ltd.", "Renamed Ltd."]},
        {"operations": [["LABEL", "MANUFACTURE"], ["PACK"]]},
        {"expires_on": ["2025-12-31", "2026-12-31"]},
    ]
    created = [row["key"] for row in report["changes"] if row["change"] == "created"]
    assert created == ["999999901", "999999902"]
    closed = {row["key"] for row in report["changes"] if row["change"] == "closed"}
    assert closed == {*left, "271408412"}
    gone = RegisterEstablishment.objects.filter(left_on="2025-09-30")
    assert set(gone.values_list("duns", flat=True)) == closed


BAD_FILES = {
    "wrong type": (
        b"PK\x03\x04rest of a workbook",
        "drls_reg.csv is a damaged or cut-off Excel workbook",
    ),
    "truncated": (
        as_csv([drls_row("100000001"), drls_row("100000002")]).encode()[:-40],
        "drls_reg.csv is cut off: its last row, on line 3, has 7 fields instead of 14",
    ),
    "missing columns": (
        as_csv([drls_row("100000001")], [c for c in COLUMNS if c not in ("ADDRESS", "OPERATIONS")]).encode(),
        "drls_reg.csv has no columns ADDRESS, OPERATIONS",
    ),
    "empty": (b"", "drls_reg.csv is empty"),
    "wrong encoding": (
        as_csv([drls_row("100000001", firm_name="Müller")]).encode("latin-1"),
        "drls_reg.csv is not UTF-8: line 2 holds the byte 0xfc at position 23; save the file as CSV in UTF-8",
    ),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("content", "message"), BAD_FILES.values(), ids=BAD_FILES)
def test_bad_file_is_one_line_on_stderr_and_status_2(run_command, drls_file, content, message):
    done = run_command("drls", drls_file(content), "--apply")
    assert (done.status, done.stdout, done.stderr) == (2, "", f"CommandError: {message}\n")
    assert RegisterImport.objects.count() == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["eudragmdp", "file.csv"],
            "There is no importer for 'eudragmdp'. Available: drls, 483s, warning-letters, compliance-actions, "
            "ndc, inspections",
        ),
        (["drls", "nowhere.csv"], "There is no file nowhere.csv"),
        (["drls", "file.csv", "--date", "29.8.2025"], "--date must be YYYY-MM-DD, not '29.8.2025'"),
        (["drls", "file.csv", "--sample", "-1"], "--sample must not be negative"),
    ],
)
@pytest.mark.django_db
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(CommandError) as error:
        call_command("import_register", *arguments)
    assert (str(error.value), error.value.returncode) == (message, 2)


@pytest.mark.django_db
def test_json_report_has_a_fixed_set_of_keys(drls_file, capsys):
    path = drls_file([drls_row("100000001"), drls_row("100000001")], "drls_2025-08-29.csv")
    call_command("import_register", "drls", path, "--json")
    report = json.loads(capsys.readouterr().out)
    sha256 = report.pop("sha256")
    assert len(sha256) == 64
    [rejected] = report.pop("rejected_rows")
    assert (rejected["line"], rejected["reason"], rejected["raw"]["DUNS_NUMBER"]) == (
        3,
        "D-U-N-S already on line 2",
        "100000001",
    )
    assert report == {
        "kind": "drls",
        "file": "drls_2025-08-29.csv",
        "applied": False,
        "layout": "",
        "read_as": "CSV with commas",
        "file_date": "2025-08-29",
        "file_date_stated": True,
        "rows": 2,
        "created": 1,
        "updated": 0,
        "unchanged": 0,
        "rejected": 1,
        "closed": 0,
        "reopened": 0,
        "linked": 0,
        "facts": {},
        "already_applied": False,
        "run_id": None,
        "warnings": {},
        "warning_examples": [],
        "changes": [
            {"change": "created", "line": 2, "key": "100000001", "name": "Firm 100000001", "fields": {}}
        ],
        "rejected_rows_left_out": 0,
    }


@pytest.mark.django_db
def test_report_for_people_shows_old_and_new_rejections_and_warnings(drls_file, capsys):
    first = drls_file([drls_row("100000001"), drls_row("100000002")])
    call_command("import_register", "drls", first, "--apply", "--date", "2025-08-29")
    capsys.readouterr()
    second = drls_file(
        [
            drls_row("100000001", operations="PACK", expiration_date=""),
            drls_row("5"),
            drls_row("100000003", address="1 Nowhere, Town,  1, Atlantis (ATL)"),
        ]
    )
    call_command("import_register", "drls", second, "--date", "2025-09-30")
    assert capsys.readouterr().out.split("\n", 2)[2] == (
        "rows               3\n"
        "created            1\n"
        "updated            1\n"
        "unchanged          0\n"
        "rejected           1\n"
        "closed             1   in the register before, not in this file\n"
        "\n"
        "Rejected rows\n"
        "  line 3: DUNS_NUMBER must have 9 digits, not '5'\n"
        "\n"
        "Kept, with a warning\n"
        "  EXPIRATION_DATE is empty: 1 row, first on line 2\n"
        "  country not recognised: Atlantis (ATL): 1 row, first on line 4\n"
        "\n"
        "Updated\n"
        "  100000001  Firm 100000001\n"
        "      operations: ANALYSIS; MANUFACTURE → PACK\n"
        "      expires_on: 2025-12-31 → (none)\n"
        "\n"
        "Created\n"
        "  100000003  Firm 100000003\n"
        "\n"
        "Closed\n"
        "  100000002  Firm 100000002\n"
        "\n"
        "Dry run: nothing was written. Add --apply to write.\n"
    )


@pytest.mark.django_db(transaction=True)
def test_apply_while_another_is_running_says_so_and_writes_nothing(run_command, drls_file):
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [lock_name(DRLS)])
        path = drls_file([drls_row("100000001")])
        refused = run_command("drls", path, "--apply")
        assert (refused.status, refused.stdout, refused.stderr) == (
            3,
            "",
            "CommandError: Another import of the register drls is being applied; nothing was written. "
            "Start this one again when it has finished\n",
        )
        assert RegisterEstablishment.objects.count() == 0
        dry = run_command("drls", path)
        assert dry.status == 0, "a dry run needs no lock"
    finally:
        other.close()
    assert run_command("drls", path, "--apply").status == 0
    assert RegisterEstablishment.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_applies_at_once_leave_the_register_as_one_would(command_environment):
    command = [sys.executable, "manage.py", "import_register", "drls", str(SNAPSHOT), "--apply", "--json"]
    running = [
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=command_environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    done = [(process.communicate(timeout=120), process.returncode) for process in running]
    statuses = sorted(status for _, status in done)
    assert statuses in ([0, 3], [0, 0]), done  # the second one may start when the first has finished
    assert RegisterEstablishment.objects.count() == 8069
    assert RegisterImport.objects.count() == 1
