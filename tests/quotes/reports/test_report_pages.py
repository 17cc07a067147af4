"""The report pages: asking, watching, downloading, and what they say when something is missing."""

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse

from cmo_selector.accounts.roles import Role
from quotes.enums import Appendix, ReportState
from quotes.models import Report
from quotes.services import reports
from tests.factories.accounts import MembershipFactory
from tests.factories.quotes import ReportFactory

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7 nominal"
HTMX = {"headers": {"HX-Request": "true"}}


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def queued(scene, client) -> Report:
    client.force_login(scene.user)
    return reports.request_report(actor=scene.user, project=scene.project)


@pytest.fixture
def done(queued) -> Report:
    reports.finish(reports.claim(queued.pk), PDF, 9)
    queued.refresh_from_db()
    return queued


def url(name, report, suffix=""):
    return reverse(f"quotes:{name}", args=[report.project_id, report.pk]) + suffix


def test_creating_leads_to_the_progress_page(client, scene):
    client.force_login(scene.user)
    response = client.post(reverse("quotes:report_create", args=[scene.project.pk]), follow=True)
    report = Report.objects.get()
    page = response.content.decode()
    assert response.redirect_chain == [(url("report", report), 302)]
    assert f'hx-get="{url("report_status", report)}"' in page
    assert 'hx-trigger="every 1500ms"' in page
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in page
    assert "Waiting for a worker" in page


def test_options_are_chosen_on_a_page_of_their_own_and_printed(client, scene):
    client.force_login(scene.user)
    address = reverse("quotes:report_create", args=[scene.project.pk])
    page = client.get(address)
    assert page.status_code == 200
    assert page.context["form"]["appendices"].value() == tuple(Appendix.values)
    chosen = {"paper": "letter", "appendices": ["method", "fit"], "recipient": " Board <b>of</b> directors "}
    response = client.post(address, chosen, follow=True)
    report = Report.objects.get()
    assert (report.paper, report.appendices, report.recipient) == (
        "letter",
        ["fit", "method"],
        "Board <b>of</b> directors",
    )
    assert response.redirect_chain[0][0] == reverse("quotes:report", args=[scene.project.pk, report.pk])
    client.post(address, chosen)
    assert Report.objects.count() == 1, "the same request is answered by the same report"
    client.post(address, {**chosen, "paper": "a4"})
    assert Report.objects.count() == 2


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"paper": "a3"}, "paper"),
        ({"appendices": ["gossip"]}, "appendices"),
        ({"recipient": "x" * 81}, "recipient"),
    ],
)
def test_options_that_do_not_exist_are_refused_beside_their_field_and_what_was_typed_stays(
    client, scene, typed, field
):
    client.force_login(scene.user)
    answers = {"paper": "letter", "appendices": ["fit"], "recipient": "Board", **typed}
    page = client.post(reverse("quotes:report_create", args=[scene.project.pk]), answers)
    assert (page.status_code, list(page.context["form"].errors)) == (422, [field])
    assert page.context["form"]["recipient"].value() == answers["recipient"]
    assert Report.objects.count() == 0


def test_a_project_without_needs_leads_to_the_needs_and_creates_nothing(client, scene):
    client.force_login(scene.user)
    scene.project.needs.all().delete()
    response = client.post(reverse("quotes:report_create", args=[scene.project.pk]), follow=True)
    assert response.redirect_chain == [
        (reverse("quotes:project_step", args=[scene.project.pk, "needs"]), 302)
    ]
    assert "No report was created. A project needs at least one need" in response.content.decode()
    assert not Report.objects.exists()


def test_asking_twice_shows_the_first_report_and_says_why(client, queued):
    response = client.post(reverse("quotes:report_create", args=[queued.project_id]), follow=True)
    assert response.redirect_chain == [(url("report", queued), 302)]
    assert "Nothing has changed since" in response.content.decode()
    assert Report.objects.count() == 1


def test_progress_is_polled_until_the_job_ends(client, queued):
    waiting = client.get(url("report_status", queued), **HTMX)
    assert waiting.status_code == 200
    assert "<html" not in waiting.content.decode()
    claimed = reports.claim(queued.pk)
    reports.heartbeat(claimed, "layout")
    assert "Laying out pages" in client.get(url("report_status", queued), **HTMX).content.decode()
    reports.finish(claimed, PDF, 9)
    ended = client.get(url("report_status", queued), **HTMX)
    page = ended.content.decode()
    assert ended.status_code == 286
    assert "hx-get" not in page
    assert url("report_download", queued) in page


def test_the_swapped_fragment_equals_a_reload(client, done):
    fragment = client.get(url("report_status", done), **HTMX).content.decode().strip()
    assert fragment in client.get(url("report", done)).content.decode()


def test_the_status_address_without_htmx_is_the_whole_page(client, done):
    response = client.get(url("report_status", done))
    assert response.status_code == 200
    assert "<html" in response.content.decode()


def test_a_failed_job_says_why_stops_polling_and_offers_another_try(client, queued):
    reports.fail(reports.claim(queued.pk), "The storage <is> full.")
    response = client.get(url("report_status", queued), **HTMX)
    page = response.content.decode()
    assert response.status_code == 286
    assert "The storage &lt;is&gt; full." in page
    assert url("report_retry", queued) in page
    client.post(url("report_retry", queued))
    queued.refresh_from_db()
    assert queued.state == ReportState.QUEUED


def test_retrying_what_has_not_failed_explains_itself(client, done):
    response = client.post(url("report_retry", done), follow=True)
    assert "This report has its file: there is nothing to print again." in response.content.decode()
    done.refresh_from_db()
    assert done.state == ReportState.DONE


def test_the_finished_page_shows_the_frozen_figures(client, done):
    page = client.get(url("report", done)).content.decode()
    leader = done.snapshot["ranked"][0]
    assert "9 pages" in page
    assert done.snapshot_hash in page
    assert done.file_sha256 in page
    assert leader["name"] in page
    assert f"{leader['point']:.1f}" in page
    assert "data-vega-spec" in page


def test_download_is_the_stored_file_with_safe_headers(client, done):
    response = client.get(url("report_download", done))
    assert b"".join(response.streaming_content) == PDF
    assert response["Content-Type"] == "application/pdf"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Length"] == str(len(PDF))
    assert "no-store" in response["Cache-Control"]
    assert response["Content-Disposition"] == (
        f'attachment; filename="aav-101-first-gmp-campaign-decision-report-{done.requested_at:%Y-%m-%d}.pdf"'
    )


@pytest.mark.parametrize("damage", ["missing", "changed"])
def test_a_damaged_file_gives_a_page_that_offers_a_new_one(client, done, damage):
    name = done.file.name
    default_storage.delete(name)
    if damage == "changed":
        with default_storage.open(name, "wb") as file:
            file.write(b"%PDF-1.7 something else")
    response = client.get(url("report_download", done))
    page = response.content.decode()
    assert response.status_code == 410
    assert "The stored PDF is missing or damaged" in page
    assert reverse("quotes:report_create", args=[done.project_id]) in page
    client.post(reverse("quotes:report_create", args=[done.project_id]))
    assert Report.objects.count() == 2


def test_the_report_page_survives_a_missing_file(client, done):
    default_storage.delete(done.file.name)
    page = client.get(url("report", done)).content.decode()
    assert "The file is no longer in the store" in page


def test_a_file_that_is_not_ready_is_not_an_error(client, queued):
    response = client.get(url("report_download", queued), follow=True)
    assert response.redirect_chain == [(url("report", queued), 302)]
    assert "The PDF is not ready yet." in response.content.decode()


def test_an_evaluator_does_not_get_figures_made_from_prices(client, done, scene):
    evaluator = MembershipFactory(role=Role.EVALUATOR.value, sponsor=scene.sponsor)
    client.force_login(evaluator.user)
    page = client.get(url("report", done)).content.decode()
    assert "Your role does not show prices" in page
    assert done.snapshot["ranked"][0]["name"] not in page
    assert client.get(url("report_download", done)).status_code == 403
    assert client.get(url("report_status", done), **HTMX).status_code == 286


def test_another_sponsor_sees_nothing(client, done):
    client.force_login(MembershipFactory().user)
    for name in ("report", "report_status", "report_download"):
        assert client.get(url(name, done)).status_code == 404
    assert client.post(url("report_retry", done)).status_code == 404


def test_a_report_of_another_project_is_not_found(client, done, scene):
    other = ReportFactory(project__sponsor=scene.sponsor)
    address = reverse("quotes:report", args=[done.project_id, other.pk])
    assert client.get(address).status_code == 404


def test_a_snapshot_of_an_unknown_format_still_has_its_page(client, scene):
    client.force_login(scene.user)
    report = ReportFactory(
        project=scene.project, done=True, snapshot={"schema": {"id": "other", "version": 9}}
    )
    assert client.get(url("report", report)).status_code == 200


def test_what_changed_is_offered_once_two_snapshots_differ(client, scene):
    client.force_login(scene.user)
    address = reverse("quotes:report_list", args=[scene.project.pk])
    link = reverse("quotes:report_changes", args=[scene.project.pk])
    report = reports.request_report(actor=scene.user, project=scene.project)
    copied = reports.copy_for(actor=scene.user, report=report, recipient="Board")
    assert link not in client.get(address).content.decode()
    Report.objects.filter(pk=copied.pk).update(snapshot_hash="0" * 64)
    assert link in client.get(address).content.decode()
    viewer = MembershipFactory(sponsor=scene.sponsor, role=Role.EVALUATOR)
    client.force_login(viewer.user)
    assert link not in client.get(address).content.decode(), "both hold prices"


@pytest.mark.parametrize("count", [1, 3])
def test_list_query_count(client, scene, count, django_assert_num_queries):
    ReportFactory.create_batch(count, project=scene.project)
    client.force_login(scene.user)
    address = reverse("quotes:report_list", args=[scene.project.pk])
    client.get(address)
    with django_assert_num_queries(8):
        assert client.get(address).status_code == 200


def test_the_list_shows_each_state_with_its_next_step(client, done):
    for state in ("failed", "running"):
        Report.objects.filter(pk=ReportFactory(project=done.project).pk).update(state=state, error="x")
    page = client.get(reverse("quotes:report_list", args=[done.project_id])).content.decode()
    for words in ("Download PDF", "See why", "Follow progress", "New report"):
        assert words in page


def test_the_empty_list_says_what_a_report_is_and_who_can_make_one(client, scene):
    address = reverse("quotes:report_list", args=[scene.project.pk])
    client.force_login(scene.user)
    assert "New report" in client.get(address).content.decode()
    client.force_login(MembershipFactory(role=Role.VIEWER.value, sponsor=scene.sponsor).user)
    page = client.get(address).content.decode()
    assert "New report" not in page
    assert "A manager or owner of Lantern Gene Therapeutics can create one." in page
