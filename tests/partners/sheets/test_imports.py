"""Spreadsheets on the desk: export, upload, preview, apply by a worker, cancel, go on, and who may."""

import datetime as dt
import io

import openpyxl
import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from cmo_selector.audit.models import AuditEvent
from partners.enums import RowOutcome, UploadState
from partners.importers import jobs
from partners.importers.files import MEGABYTE
from partners.models import (
    Capability,
    Change,
    Facility,
    Identifier,
    Modality,
    Organisation,
    Service,
    SheetImport,
    SheetRow,
)
from partners.sheets import imports
from partners.tasks import read_sheet_import
from tests.factories import accounts, partners

from .conftest import applied, as_csv, edited, exported, previewed, table

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("stored_files", "no_messages"),
]


def page(name, *args):
    return reverse(f"admin:partners_sheetimport_{name}", args=args)


@pytest.fixture
def sites():
    helvia = partners.OrganisationFactory(slug="helvia", name="Helvia")
    return [
        partners.FacilityFactory(organisation=helvia, slug=f"site-{n}", name=f"Site {n}") for n in range(3)
    ]


def test_curator_exports_edits_sees_each_cell_and_writes(client, curator, sites):
    listed = reverse("admin:partners_facility_changelist")
    assert reverse("admin:partners_facility_export") in client.get(listed).content.decode()
    form = client.get(reverse("admin:partners_facility_export")).content.decode()
    assert "<strong>3 rows</strong>" in form
    answer = client.get(reverse("admin:partners_facility_export_file"), {"sheet_format": "csv"})
    content = b"".join(answer)
    rows = table(content)
    assert [row[:2] for row in rows] == [["partner", "slug"], *(["helvia", f"site-{n}"] for n in range(3))]
    content = edited(edited(content, 2, city="Basel"), 3, country="Atlantis")
    content += as_csv([["helvia", "new-site", *rows[1][2:-1], ""]])

    file = SimpleUploadedFile("sites.csv", content)
    response = client.post(page("add"), {"sheet": "facility", "file": file})
    job = SheetImport.objects.get()
    assert (response.status_code, response.url) == (302, page("change", job.pk))
    waiting = client.get(response.url).content.decode()
    assert "The preview is queued." in waiting
    assert "every 2s" in waiting
    read_sheet_import(job.pk)
    shown = client.get(response.url).content.decode()
    assert "Nothing has been written yet." in shown
    letter = "ABCDEFGHIJKLMNOP"[rows[0].index("country")]
    assert f"<strong>{letter}3 country</strong>: &#x27;Atlantis&#x27; is no country" in shown
    changed = client.get(response.url, {"show": "changed"}).content.decode()
    assert "city: <del>empty</del> → <ins>Basel</ins>" in changed
    assert (Facility.objects.filter(city="Basel").count(), Facility.objects.count()) == (0, 3)
    rejected = table(b"".join(client.get(page("rejected", job.pk))))
    assert rejected[0] == ["line", "reason", *rows[0]]
    assert rejected[1][:4] == [
        "3", f"{letter}3 country 'Atlantis' is no country; write its two-letter code, such as CH", "helvia", "site-1",
    ]  # fmt: skip

    refused = client.post(page("apply", job.pk), follow=True).content.decode()
    assert "Some rows are rejected. Put them right and upload the file again, or say" in refused
    client.post(page("apply", job.pk), {"leave_out": "on"})
    read_sheet_import(job.pk)
    job.refresh_from_db()
    assert (job.state, job.report["written"], bool(job.file)) == ("done", {"created": 1, "changed": 1}, False)
    assert sorted(Facility.objects.values_list("slug", "city")) == [
        ("new-site", ""), ("site-0", "Basel"), ("site-1", ""), ("site-2", ""),
    ]  # fmt: skip
    done = client.get(page("change", job.pk)).content.decode()
    assert "1 created, 1 changed." in done
    changes = Change.objects.filter(how="import").order_by("pk")
    assert [(c.table, c.kind, c.actor, c.why) for c in changes] == [
        ("partners_facility", kind, curator, "Spreadsheet sites.csv") for kind in ("created", "changed")
    ]
    assert list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True)) == [
        "sheet_import.stored",
        "sheet_import.apply_requested",
        "sheet_import.applied",
    ]
    # put right in the file of rejected rows, which is uploaded as it is
    rejected[1][rejected[0].index("country")] = "Switzerland"
    again = previewed(curator, "facility", as_csv(rejected))
    assert imports.outcomes(again) == {RowOutcome.UNCHANGED: 1}


def test_importing_the_same_file_again_writes_nothing(client, curator, sites):
    content = edited(exported("facility"), 2, city="Basel")
    assert applied(curator, "facility", content).state == UploadState.DONE
    before = Change.objects.count()
    again = applied(curator, "facility", content)
    assert (again.state, imports.outcomes(again), Change.objects.count()) == (
        "ready",
        {"unchanged": 3},
        before,
    )
    assert "there is nothing to write" in client.get(page("change", again.pk)).content.decode()
    with pytest.raises(jobs.UploadError, match="Nothing in this file would be written"):
        imports.request_apply(actor=curator, job=again)


def test_row_that_changed_since_the_export_is_written_only_when_told_so(client, curator, sites):
    content = edited(exported("facility"), 2, city="Basel")
    Facility.objects.filter(slug="site-0").update(city="Bern")
    job = previewed(curator, "facility", content)
    shown = client.get(page("change", job.pk)).content.decode()
    assert "city: <del>Bern</del> → <ins>Basel</ins> (changed since)" in shown
    refused = client.post(page("apply", job.pk), follow=True).content.decode()
    assert "Say what becomes of the rows that changed in the catalogue since the export." in refused
    client.post(page("apply", job.pk), {"conflicts": "overwrite"})
    read_sheet_import(job.pk)
    assert Facility.objects.get(slug="site-0").city == "Basel"


def test_cells_in_conflict_are_decided_one_by_one_or_for_all_the_rest(client, curator, sites):
    Facility.objects.update(region="old")
    content = exported("facility")
    for line in (2, 3, 4):
        content = edited(content, line, city="Basel", region="BS")
    Facility.objects.update(city="Bern", region="BE")
    job = previewed(curator, "facility", content)
    first, second, third = job.rows.all()
    listed = client.get(page("change", job.pk), {"show": "conflict"}).content.decode()
    assert f'name="cell-{first.pk}-city" value="overwrite"' in listed
    choices = {f"cell-{first.pk}-city": "overwrite", f"cell-{first.pk}-region": "keep"}
    choices |= {f"cell-{second.pk}-city": "keep", f"cell-{second.pk}-region": "keep", "cell-0-city": "keep"}
    kept = client.post(page("decide", job.pk), {**choices, "page": "1"})
    assert (kept.status_code, kept.url) == (302, f"{page('change', job.pk)}?show=conflict&page=1")
    first.refresh_from_db()
    assert (first.decided, first.cells_open, first.cells_written) == (
        {"city": "overwrite", "region": "keep"},
        0,
        1,
    )
    # what is chosen on the page is kept, although one answer is missing
    refused = client.post(page("apply", job.pk), {f"cell-{third.pk}-region": "keep"}, follow=True)
    assert "Say what becomes of the rows that changed in the catalogue since" in refused.content.decode()
    client.post(page("apply", job.pk), {"conflicts": "overwrite"})
    read_sheet_import(job.pk)
    job.refresh_from_db()
    assert (job.error, job.report["written"]) == ("", {"created": 0, "changed": 2})
    assert list(Facility.objects.order_by("slug").values_list("city", "region")) == [
        ("Basel", "BE"), ("Bern", "BE"), ("Basel", "BE"),
    ]  # fmt: skip
    with pytest.raises(jobs.UploadError, match="read and not applied yet"):
        imports.decide(actor=curator, job=job, decisions={first.pk: {"city": "keep"}})


def test_chosen_cells_that_break_a_rule_together_with_kept_ones_are_told_before_anything_is_written(curator):
    capability = partners.CapabilityFactory(
        scale_min=10, scale_max=20, scale_unit=partners.ScaleUnitFactory()
    )
    content = edited(exported("capability"), 2, scale_min="100", scale_max="200")
    Capability.objects.update(note="Changed meanwhile")
    job = previewed(curator, "capability", content)
    row = job.rows.get()
    imports.decide(
        actor=curator, job=job, decisions={row.pk: {"scale min": "overwrite", "scale max": "keep"}}
    )
    with pytest.raises(
        jobs.UploadError, match="cells that were chosen: The largest scale is below the smallest"
    ):
        imports.request_apply(actor=curator, job=job)
    imports.decide(actor=curator, job=job, decisions={row.pk: {"scale max": "overwrite"}})
    imports.request_apply(actor=curator, job=job)
    read_sheet_import(job.pk)
    capability.refresh_from_db()
    assert (capability.scale_min, capability.scale_max, capability.note) == (100, 200, "Changed meanwhile")


def test_catalogue_that_changes_after_the_preview_stops_all_of_it_and_makes_a_new_one(client, curator, sites):
    content = edited(edited(exported("facility"), 2, city="Basel"), 4, city="Bern")
    job = previewed(curator, "facility", content)
    Facility.objects.filter(slug="site-2").update(city="Zug")
    imports.request_apply(actor=curator, job=job)
    read_sheet_import(job.pk)
    job.refresh_from_db()
    assert (job.state, job.aim) == (UploadState.WAITING, "preview")
    assert list(Facility.objects.order_by("slug").values_list("city", flat=True)) == ["", "", "Zug"]
    read_sheet_import(job.pk)
    job.refresh_from_db()
    assert job.note == (
        "The catalogue changed after the preview (row 4 of the file), so nothing was written. This is a new preview."
    )
    assert imports.outcomes(job) == {"changed": 1, "unchanged": 1, "conflict": 1}
    assert job.note in client.get(page("change", job.pk)).content.decode()


@pytest.mark.parametrize("order", [1, -1])
def test_two_rows_about_one_thing_are_both_rejected_in_any_order(curator, sites, order):
    header, *rows = table(exported("facility"))
    twice = [[*rows[0][:-1], ""], rows[0], rows[1]][::order]
    new = [[*rows[2][:1], "other", *rows[2][2:-1], ""]] * 2
    job = previewed(curator, "facility", as_csv([header, *twice, *new]))
    assert imports.outcomes(job) == {"rejected": 4, "unchanged": 1}
    first, second = job.rows.filter(outcome="rejected")[:2]
    assert first.faults[0]["text"] == f"row {second.line} of the file is about the same; keep one of them"
    assert second.faults[0]["text"] == f"row {first.line} of the file is about the same; keep one of them"


def test_rows_that_break_a_rule_only_together_are_rejected_at_the_preview(curator, sites):
    """A D-U-N-S number names one thing; a FEI may name several."""
    partners.SourceFactory()
    header = ["scheme", "value", "partner", "site", "source", "retrieved on"]
    rows = [
        [scheme, value, "", f"helvia/site-{n}", "test-source", "2026-01-01"]
        for scheme, value in (("D-U-N-S", "123456789"), ("FDA FEI", "3001"))
        for n in range(2)
    ]
    job = previewed(curator, "identifier", as_csv([header, *rows]))
    assert list(job.rows.values_list("line", "outcome")) == [
        (2, "rejected"), (3, "rejected"), (4, "created"), (5, "created"),
    ]  # fmt: skip
    taken = partners.IdentifierFactory(scheme="duns", value="123456789", facility=sites[0])
    job = previewed(curator, "identifier", as_csv([header, rows[1]]))
    assert [f["text"] for f in job.rows.get().faults] == [
        "That identifier is already used by another partner or site."
    ]
    assert taken.value == Identifier.objects.get().value


def test_rule_that_another_import_broke_meanwhile_is_told_with_its_row_and_nothing_is_written(curator, sites):
    partners.SourceFactory()
    header = ["scheme", "value", "partner", "site", "source", "retrieved on"]
    rows = [
        ["D-U-N-S", f"12345678{n}", "", f"helvia/site-{n}", "test-source", "2026-01-01"] for n in range(3)
    ]
    job = previewed(curator, "identifier", as_csv([header, *rows]))
    partners.IdentifierFactory(
        scheme="duns", value="123456781", facility=None, organisation=sites[0].organisation
    )
    imports.request_apply(actor=curator, job=job)
    read_sheet_import(job.pk)
    job.refresh_from_db()
    assert (job.state, Identifier.objects.count()) == (UploadState.FAILED, 1)
    assert job.error == (
        "Row 3 (D-U-N-S · 123456781 · helvia/site-1): That identifier is already used by another partner or site. "
        "Nothing was written."
    )


def test_file_that_is_no_good_fails_with_its_name_and_reason(client, curator):
    job = previewed(curator, "facility", b"a;b\n1;2\n", "sites of 2026.csv")
    assert job.state == UploadState.FAILED
    assert job.error.startswith("Not a spreadsheet of “Facilities”: the column “a” is not known; delete it")
    job = previewed(curator, "facility", b"%PDF-1.7", "sites of 2026.csv")
    assert job.error.startswith("sites of 2026.csv is a PDF, not a CSV file")
    assert (
        "Nothing was written. sites of 2026.csv is a PDF"
        in client.get(page("change", job.pk)).content.decode()
    )
    job = previewed(curator, "modality", b"code,label\n")
    assert job.error == "list.csv has headings but no rows."


def test_request_larger_than_the_limit_is_refused_before_its_body_is_read(client, curator):
    response = client.generic("POST", page("add"), b"", CONTENT_LENGTH=str(1000 * MEGABYTE))
    assert (response.status_code, response.content.decode()) == (
        413,
        "The file is larger than 64 MB, the most that can be uploaded.",
    )


def modalities(number: int) -> bytes:
    return as_csv([["code", "label", "order"], *([f"m-{n}", f"M {n}", str(n)] for n in range(number))])


class Killed(BaseException):
    """The worker's process ends between two statements."""


def test_preview_that_was_killed_goes_on_after_its_last_batch(curator, monkeypatch):
    monkeypatch.setattr(imports, "BATCH", 10)
    job = imports.store(actor=curator, sheet="modality", file=SimpleUploadedFile("m.csv", modalities(35)))
    keep, kept = imports._keep, []

    def dying(*args):
        if len(kept) == 2:
            raise Killed
        kept.append(args)
        keep(*args)

    monkeypatch.setattr(imports, "_keep", dying)
    with pytest.raises(Killed):
        imports.work(imports.claim(job.pk))
    first = list(job.rows.values_list("pk", flat=True))
    assert len(first) == 20
    monkeypatch.setattr(imports, "_keep", keep)
    assert imports.sweep().taken_back == 0
    assert imports.sweep(now=timezone.now() + 2 * jobs.READING_LEASE).taken_back == 1
    read_sheet_import(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts, job.rows.count()) == (UploadState.READY, 2, 35)
    assert list(job.rows.values_list("pk", flat=True)[:20]) == first
    assert list(job.rows.values_list("line", flat=True)) == list(range(2, 37))


def test_preview_that_was_cancelled_goes_on_and_an_apply_that_was_leaves_nothing(curator, monkeypatch):
    monkeypatch.setattr(imports, "BATCH", 10)
    job = imports.store(actor=curator, sheet="modality", file=SimpleUploadedFile("m.csv", modalities(35)))
    keep = imports._keep

    def cancelling(*args):
        keep(*args)
        imports.cancel(actor=curator, job=SheetImport.objects.get())

    with monkeypatch.context() as patch:
        patch.setattr(imports, "_keep", cancelling)
        read_sheet_import(job.pk)
    job.refresh_from_db()
    assert (job.state, job.rows.count()) == (UploadState.CANCELLED, 10)
    imports.retry(actor=curator, job=job)
    read_sheet_import(job.pk)
    job.refresh_from_db()
    assert (job.state, imports.outcomes(job)) == (UploadState.READY, {"created": 35})

    imports.request_apply(actor=curator, job=job)

    class Cancelling(jobs.Teller):
        def __call__(self, step, share):
            if share > 0.5:
                self.beside.cursor().execute("UPDATE partners_sheetimport SET state = 'cancelled'")
                self.step = ""
            super().__call__(step, share)

    with monkeypatch.context() as patch:
        patch.setattr(jobs, "Teller", Cancelling)
        read_sheet_import(job.pk)
    job.refresh_from_db()
    assert (job.state, Modality.objects.count()) == (UploadState.CANCELLED, 0)
    imports.retry(actor=curator, job=job)
    read_sheet_import(job.pk)
    read_sheet_import(job.pk)  # a message delivered twice
    assert Modality.objects.count() == 35


def test_two_imports_of_one_list_at_once_leave_one_told_to_wait(curator):
    job = previewed(curator, "modality", modalities(1))
    imports.request_apply(actor=curator, job=job)
    other = connection.copy()
    try:
        with other.cursor() as cursor:  # the other import, being written at this moment
            cursor.execute("SELECT pg_advisory_lock(hashtext('sheet-import:modality'))")
            read_sheet_import(job.pk)
    finally:
        other.close()
    job.refresh_from_db()
    assert (job.state, Modality.objects.count()) == (UploadState.FAILED, 0)
    assert job.error.startswith(
        "Another spreadsheet of “Modalities” is being written; nothing of this one was."
    )
    imports.retry(actor=curator, job=job)
    read_sheet_import(job.pk)
    assert Modality.objects.count() == 1


def test_what_waits_too_long_is_sent_again_and_old_files_and_rows_go_but_for_rejected_ones(
    curator, monkeypatch
):
    told = []
    waiting = imports.store(actor=curator, sheet="modality", file=SimpleUploadedFile("m.csv", modalities(1)))
    monkeypatch.setattr(imports, "dispatch", lambda key: told.append(key) or True)
    later = timezone.now() + 2 * jobs.DISPATCH_AFTER
    assert (imports.sweep(now=later).dispatched, imports.sweep(now=later).dispatched) == (1, 0)
    assert told == [waiting.pk]
    imports.cancel(actor=curator, job=waiting)
    content = as_csv([["code", "label"], ["a", "A"], ["b", ""]])
    job = previewed(curator, "modality", content)
    later = timezone.now() + jobs.KEEP_FILES + dt.timedelta(hours=1)
    assert jobs.delete_old_files(SheetImport, now=later) == 2
    imports.sweep(now=timezone.now() + imports.KEEP_ROWS + dt.timedelta(hours=1))
    assert [(r.job_id, r.outcome) for r in SheetRow.objects.all()] == [(job.pk, "rejected")]


def test_export_takes_the_lists_filter_its_search_its_ticks_and_the_columns_chosen(client, curator, sites):
    Facility.objects.filter(slug="site-1").update(active=False)
    url = reverse("admin:partners_facility_export_file")

    def slugs(**query):
        return [row[1] for row in table(b"".join(client.get(url, {"sheet_format": "csv", **query})))[1:]]

    assert slugs(active__exact="0") == ["site-1"]
    assert slugs(q="Site 2") == ["site-2"]
    assert slugs(o="-1") == ["site-2", "site-1", "site-0"]
    listed = reverse("admin:partners_facility_changelist")
    ticked = {"action": "export_ticked", "_selected_action": [sites[0].pk, sites[2].pk]}
    answer = client.post(listed, ticked)
    assert answer.url == f"{reverse('admin:partners_facility_export')}?id__in={sites[0].pk},{sites[2].pk}"
    assert "<strong>2 rows</strong>" in client.get(answer.url).content.decode()
    assert slugs(id__in=f"{sites[0].pk},{sites[2].pk}") == ["site-0", "site-2"]
    everything = client.post(f"{listed}?q=Site", {**ticked, "select_across": "1"})
    assert everything.url.endswith("/export/?q=Site")
    rows = table(b"".join(client.get(url, {"sheet_format": "csv", "sheet_column": "city"})))
    assert rows[0] == ["partner", "slug", "city", "version"]
    assert client.get(url, {"sheet_format": "exe"}).status_code == 404
    assert client.get(url, {"nonsense__x": "1"}).status_code in (400, 404)


def test_more_rows_than_a_workbook_holds_go_out_as_csv_only(client, curator, sites, monkeypatch):
    monkeypatch.setattr("partners.admin.sheets.ROW_LIMIT", 2)
    url = reverse("admin:partners_facility_export_file")
    shown = client.get(url, {"sheet_format": "xlsx", "q": "Site"}, follow=True).content.decode()
    assert "A workbook holds 2 rows at most; filter the list, or take CSV." in shown
    assert "Download XLSX" not in shown
    assert len(table(b"".join(client.get(url, {"sheet_format": "csv"})))) == 4
    assert client.get(url, {"sheet_format": "xlsx", "q": "Site 1"}).status_code == 200


def test_desk_is_for_those_who_may_change_the_list(client, curator, sites):
    job = previewed(curator, "commercialterms", as_csv([["partner", "currency"], ["helvia", ""]]))
    pages = [page("change", job.pk), page("rejected", job.pk), page("add")]
    lists = [
        reverse(f"admin:partners_commercialterms_{name}") for name in ("export", "export_file", "template")
    ]
    assert [client.get(url).status_code for url in (*pages, *lists)] == [200] * 6
    viewer = accounts.UserFactory(is_staff=True)
    names = ["view_sheetimport", "add_sheetimport", "view_facility", "change_facility"]
    viewer.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(viewer)
    assert [client.get(url).status_code for url in (*pages, *lists)] == [403, 403, 200, 403, 403, 403]
    acts = [client.post(page(act, job.pk)).status_code for act in ("apply", "cancel", "retry")]
    assert acts == [403] * 3
    file = SimpleUploadedFile("x.csv", b"slug\n")
    refused = client.post(page("add"), {"sheet": "facility", "file": file}).content.decode()
    assert "Select a valid choice" in refused
    assert client.get(reverse("admin:partners_facility_export")).status_code == 200
    assert (
        "Import an edited" not in client.get(reverse("admin:partners_facility_changelist")).content.decode()
    )
    strict = type(client)(enforce_csrf_checks=True)
    strict.force_login(curator)
    assert strict.post(page("add"), {"sheet": "facility"}).status_code == 403
    client.force_login(accounts.MembershipFactory().user)
    assert [client.get(url).status_code for url in (*pages, *lists)] == [302] * 6


def test_template_and_export_offer_choices_and_terms_in_the_cells(client, curator, sites):
    partners.ModalityFactory(code="aav")
    partners.ModalityFactory(code="gone", active=False)
    partners.CapabilityFactory(facility=sites[0], note="=HYPERLINK(1)")
    answer = client.get(reverse("admin:partners_capability_template"))
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    assert book.sheetnames == ["Capabilities", "Guide", "Lists"]
    sheet, lists = book.worksheets[0], book["Lists"]
    headings = [cell.value for cell in sheet[1]]
    offered = {}
    for validation in sheet.data_validations.dataValidation:
        column = headings[
            openpyxl.utils.column_index_from_string(
                str(validation.sqref).rstrip("0123456789").split(":")[0].rstrip("0123456789")
            )
            - 1
        ]
        if validation.type == "list" and validation.formula1.startswith("Lists!"):
            cells = lists[validation.formula1.removeprefix("Lists!").replace("$", "")]
            offered[column] = [cell.value for (cell,) in cells]
        elif validation.type == "list":
            offered[column] = validation.formula1
    assert offered["modality"] == ["aav"]
    assert offered["stage from"][:2] == ["Discovery / preclinical", "IND-enabling"]
    assert offered["gmp"] == '"yes,no"'
    assert offered["evidence level"] == ["Self-declared", "Document checked", "Public register", "Audited"]
    assert sheet.max_row == 1
    answer = client.get(reverse("admin:partners_capability_export_file"), {"sheet_format": "xlsx"})
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]
    assert [c.value for c in sheet[2] if c.data_type == "f"] == []
    assert sheet.cell(2, headings.index("note") + 1).value == "'=HYPERLINK(1)"


@pytest.mark.parametrize("order", [1, -1])
def test_services_below_a_new_branch_of_the_same_file_are_written_in_any_order(curator, order):
    rows = [["top", "Top", ""], ["middle", "Middle", "top"], ["low", "Low", "middle"], ["old", "Old", "low"]]
    partners.ServiceFactory(code="old", label="Old")
    applied(curator, "service", as_csv([["code", "label", "parent"], *rows[::order]]))
    assert sorted(Service.objects.values_list("code", "parent__code")) == [
        ("low", "middle"), ("middle", "top"), ("old", "low"), ("top", None),
    ]  # fmt: skip


def test_services_below_a_rejected_row_or_below_themselves_are_rejected_too(curator):
    rows = [["top", "", ""], ["middle", "M", "top"], ["low", "L", "middle"], ["a", "A", "b"], ["b", "B", "a"]]
    job = previewed(curator, "service", as_csv([["code", "label", "parent"], *rows]))
    assert [f["text"] for row in job.rows.all() for f in row.faults] == [
        "a new row needs it",
        "there is no “top” to stand below: its row of this file is not written",
        "there is no “middle” to stand below: its row of this file is not written",
        "stands below itself: follow its parents in this file",
        "stands below itself: follow its parents in this file",
    ]


def test_changed_rows_that_stand_below_each_other_are_rejected(curator):
    for code in ("a", "b"):
        partners.ServiceFactory(code=code, label=code.upper())
    job = previewed(curator, "service", as_csv([["code", "parent"], ["a", "b"], ["b", "A"]]))
    texts = [f["text"] for row in job.rows.all() for f in row.faults]
    assert texts == ["stands below itself: follow its parents in this file"] * 2
    Service.objects.filter(code="a").update(parent=Service.objects.get(code="b"))
    job = previewed(curator, "service", as_csv([["code", "parent"], ["b", "a"]]))
    (fault,) = [f for row in job.rows.all() for f in row.faults]
    assert fault["text"] == "“A” stands below “B”; choose another parent."


def test_partner_of_a_file_is_a_partner_like_any_other(curator):
    """The model's own rules hold, and its page finds it."""
    partners.SourceFactory()
    header = ["slug", "name", "source", "retrieved on"]
    rows = [["compare", "Page", "test-source", "2026-01-01"], ["Nova 1", "Nova", "test-source", "2026-01-01"]]
    job = previewed(curator, "organisation", as_csv([header, *rows]))
    assert [f["text"] for row in job.rows.all() for f in row.faults] == [
        "“compare” is the address of a page; choose another short name.",
        "Enter a valid “slug” consisting of letters, numbers, underscores or hyphens.",
    ]
    job = applied(curator, "organisation", as_csv([header, ["nova", "Nova", "test-source", "2026-01-01"]]))
    assert job.state == UploadState.DONE
    assert Organisation.objects.get().search_document.names == "nova"
