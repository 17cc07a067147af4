"""Reports in the API: asked for, watched and taken away by a program, with the rights of whoever's token it is."""

import hashlib
import io
import json

import pytest
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from cmo_selector.accounts.roles import Role
from cmo_selector.accounts.tokens import create_token
from quotes.enums import Appendix
from quotes.models import Report
from quotes.report_page import CHANGED
from quotes.services import reports
from tests.factories.accounts import MembershipFactory
from tests.factories.quotes import ReportFactory

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7 nominal"


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def program(client, scene):
    """`program(method, path, body)`: a request with a token of the scene's manager and no session."""
    _, token = create_token(actor=scene.user, sponsor=scene.sponsor, name="Nightly")

    def ask(method, path, body=None):
        options = {"headers": {"Authorization": f"Bearer {token}"}}
        if body is not None:
            options |= {"data": json.dumps(body), "content_type": "application/json"}
        return getattr(client, method)(path, **options)

    return ask


def address(name, *place):
    return reverse(f"api:{name}", args=place)


def test_a_program_asks_watches_and_takes_the_parts_away(program, scene):
    asked = program(
        "post", address("project-reports", scene.project.pk), {"recipient": " Board  of directors "}
    )
    assert asked.status_code == 202
    body = asked.json()
    report = Report.objects.get(pk=body["id"])
    assert (report.requested_by, report.recipient, report.appendices) == (
        scene.user,
        "Board of directors",
        Appendix.values,
    )
    assert (body["state"], body["step"], body["pages"], body["error"]) == (
        "queued",
        "Waiting for a worker",
        None,
        None,
    )
    assert "pdf" not in body["links"]
    assert program("get", address("project-report-pdf", scene.project.pk, report.pk)).status_code == 409

    reports.finish(reports.claim(report.pk), PDF, 9)
    done = program("get", body["links"]["self"]).json()
    assert (done["state"], done["pages"], done["file_sha256"]) == ("done", 9, hashlib.sha256(PDF).hexdigest())
    assert program("get", done["links"]["pdf"]).content == PDF
    frozen = program("get", done["links"]["snapshot"]).content
    assert hashlib.sha256(frozen).hexdigest() == done["snapshot_sha256"]
    book = load_workbook(io.BytesIO(program("get", done["links"]["workbook"]).content))
    assert book["Ranking"]["B2"].value == json.loads(frozen)["ranked"][0]["name"]
    assert program("get", address("project-reports", scene.project.pk)).json() == [done]


def test_the_same_request_is_answered_with_the_first_report(program, scene):
    path = address("project-reports", scene.project.pk)
    wanted = {"paper": "letter", "appendices": ["method", "fit"]}
    first, second = program("post", path, wanted), program("post", path, wanted)
    assert (first.status_code, second.status_code) == (202, 200)
    assert first.json()["id"] == second.json()["id"]
    assert Report.objects.get().appendices == ["fit", "method"]
    program("post", path, {"paper": "letter", "appendices": []})
    assert Report.objects.order_by("pk").last().appendices == []


@pytest.mark.parametrize(
    "body", [{"paper": "a3"}, {"appendices": ["gossip"]}, {"recipient": "x" * 81}, {"colour": "red"}]
)
def test_what_cannot_be_printed_is_refused_and_nothing_is_asked_for(program, scene, body):
    answer = program("post", address("project-reports", scene.project.pk), body)
    assert answer.status_code == 422
    assert next(iter(body)) in json.dumps(answer.json())
    assert not Report.objects.exists()


def test_a_project_that_cannot_be_ranked_says_why(program, scene):
    scene.project.needs.all().delete()
    answer = program("post", address("project-reports", scene.project.pk), {})
    assert answer.status_code == 409
    assert "at least one need" in answer.json()["error"]["message"]


def test_a_browser_needs_its_form_s_token_to_ask_for_a_report(scene, client):
    from django.test import Client

    browser = Client(enforce_csrf_checks=True)
    browser.force_login(scene.user)
    path = address("project-reports", scene.project.pk)
    assert browser.post(path, "{}", content_type="application/json").status_code == 403
    assert not Report.objects.exists()


def test_failed_lost_and_old_ones_are_told_as_what_they_are(program, scene):
    failed = ReportFactory(project=scene.project)
    reports.fail(reports.claim(failed.pk), "The file storage is full.")
    body = program("get", address("project-report", scene.project.pk, failed.pk)).json()
    assert (body["state"], body["error"]) == ("failed", "The file storage is full.")
    snapshot = {"prices_included": False, "schema": {"id": "other", "version": 0}}
    old = ReportFactory(project=scene.project, done=True, snapshot=snapshot)
    assert program("get", address("project-report-snapshot", scene.project.pk, old.pk)).status_code == 409
    assert program("get", address("project-report-pdf", scene.project.pk, old.pk)).status_code == 410


def test_nothing_of_a_report_is_for_a_cache_and_changed_figures_are_not_handed_out(program, scene):
    report = reports.request_report(actor=scene.user, project=scene.project)
    place = (scene.project.pk, report.pk)
    paths = [address("project-reports", scene.project.pk), address("project-report", *place)]
    figures = [address(f"project-report-{part}", *place) for part in ("snapshot", "workbook")]
    for path in [*paths, *figures, address("project-report-pdf", *place)]:
        assert "no-store" in program("get", path)["Cache-Control"]
    assert [program("get", path).status_code for path in figures] == [200, 200]
    Report.objects.filter(pk=report.pk).update(snapshot={**report.snapshot, "title": "Another"})
    answers = [program("get", path) for path in figures]
    assert [(answer.status_code, answer.json()["error"]["message"]) for answer in answers] == 2 * [
        (410, CHANGED)
    ]
    client = Client()
    client.force_login(scene.user)
    assert client.get(reverse("quotes:report_json", args=place)).status_code == 404


def test_figures_made_from_prices_are_closed_to_roles_without_them(client, scene):
    report = reports.request_report(actor=scene.user, project=scene.project)
    client.force_login(MembershipFactory(sponsor=scene.sponsor, role=Role.EVALUATOR.value).user)
    for part in ("snapshot", "workbook", "pdf"):
        answer = client.get(address(f"project-report-{part}", scene.project.pk, report.pk))
        assert answer.status_code == 403
        assert "prices" in answer.json()["error"]["message"]


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_costs_the_same_queries_however_long(client, scene, count, django_assert_num_queries):
    ReportFactory.create_batch(count, project=scene.project, done=True)
    ReportFactory.create_batch(count, project=scene.project)
    client.force_login(scene.user)
    path = address("project-reports", scene.project.pk)
    client.get(path)
    with django_assert_num_queries(6):
        found = client.get(path).json()
    assert [row["reports_before"] for row in found if row["state"] == "queued"] == list(range(count))[::-1]
    assert len(found) == 2 * count
