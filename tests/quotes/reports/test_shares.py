"""Links that open a report to a person without an account: what they show, and what closes them."""

import datetime as dt

import pytest
from django.core.signing import Signer
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cmo_selector.accounts.roles import Role
from cmo_selector.audit.models import AuditEvent
from quotes.enums import ReportState
from quotes.models import Project, Report, ReportShare, ShareView
from quotes.report_queue import queue_position
from quotes.services import report_upkeep, reports, shares
from tests.factories.accounts import MembershipFactory

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7 nominal"
LIST_QUERIES = 4


@pytest.fixture(autouse=True)
def _media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def done(scene, client) -> Report:
    client.force_login(scene.user)
    report = reports.request_report(actor=scene.user, project=scene.project)
    reports.finish(reports.claim(report.pk), PDF, 9)
    report.refresh_from_db()
    return report


def share(done, **more) -> ReportShare:
    made = shares.share_report(
        actor=done.requested_by, report=done, **{"recipient": "Board of directors", "days": 7, **more}
    )
    reports.finish(reports.claim(made.report_id), PDF + b" for the board", 5)
    return ReportShare.objects.get(pk=made.pk)


def address(made, name="shared") -> str:
    return reverse(f"quotes:{name}", args=[made.token])


def test_the_link_is_made_on_the_report_and_opens_a_copy_with_the_recipients_name(client, done):
    answers = {"recipient": "Board of directors", "days": "30", "passcode": ""}
    page = client.post(
        reverse("quotes:share_create", args=[done.project_id, done.pk]), answers, follow=True
    ).content.decode()
    made = ReportShare.objects.get()
    assert f"http://testserver{address(made)}" in page
    copy = made.report
    assert (copy.pk != done.pk, copy.recipient, copy.state) == (True, "Board of directors", "queued")
    assert (copy.snapshot, copy.snapshot_hash) == (done.snapshot, done.snapshot_hash)
    assert dt.timedelta(days=29) < made.expires_at - timezone.now() <= dt.timedelta(days=30)

    visitor = Client()
    waiting = visitor.get(address(made))
    assert "is being printed" in waiting.content.decode()
    reports.finish(reports.claim(copy.pk), PDF + b" for the board", 5)
    ready = visitor.get(address(made))
    assert "shares this report with Board of directors" in ready.content.decode()
    assert ready["X-Robots-Tag"] == "noindex, nofollow"
    assert ready["Cache-Control"].startswith("max-age=0, no-cache, no-store")

    file = visitor.post(address(made, "shared_download"))
    assert b"".join(file.streaming_content) == PDF + b" for the board"
    assert list(made.views.values_list("event", flat=True)) == ["download"]
    assert (
        "PDF downloaded"
        in client.get(reverse("quotes:report", args=[done.project_id, done.pk])).content.decode()
    )


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"recipient": ""}, "recipient"),
        ({"recipient": "x" * 81}, "recipient"),
        ({"days": "365"}, "days"),
        ({"days": ""}, "days"),
        ({"passcode": "short"}, "passcode"),
    ],
)
def test_a_share_that_does_not_fit_is_refused_and_stays_as_typed(client, done, typed, field):
    answers = {"recipient": "Board", "days": "7", "passcode": "sesame-open", **typed}
    page = client.post(reverse("quotes:share_create", args=[done.project_id, done.pk]), answers)
    assert (page.status_code, list(page.context["form"].errors)) == (422, [field])
    assert page.context["form"]["recipient"].value() == answers["recipient"]
    assert ReportShare.objects.count() == 0


def test_a_report_without_its_file_is_not_shared(client, scene):
    client.force_login(scene.user)
    report = reports.request_report(actor=scene.user, project=scene.project)
    page = client.post(
        reverse("quotes:share_create", args=[scene.project.pk, report.pk]),
        {"recipient": "Board", "days": "7"},
        follow=True,
    )
    assert "Only a finished report can be shared" in page.content.decode()
    assert ReportShare.objects.count() == 0


def test_a_passcode_stands_before_the_document_and_wrong_ones_are_counted(done):
    made = share(done, passcode="sesame-open")
    visitor = Client()
    page = visitor.get(address(made)).content.decode()
    assert "Board" not in page
    assert done.title not in page
    assert visitor.post(address(made, "shared_download")).url == address(made)

    wrong = visitor.post(address(made), {"passcode": "sesame-opem"})
    assert (wrong.status_code, wrong.context["form"].errors["passcode"][0][:25]) == (
        422,
        "That is not the passcode.",
    )
    right = visitor.post(address(made), {"passcode": "sesame-open"})
    assert right.status_code == 302
    assert "Board of directors" in visitor.get(address(made)).content.decode()
    assert b"".join(visitor.post(address(made, "shared_download")).streaming_content).startswith(PDF)
    assert "Board of directors" not in Client().get(address(made)).content.decode(), "another browser"


def test_after_five_wrong_passcodes_even_the_right_one_waits(done):
    made = share(done, passcode="sesame-open")
    for _ in range(shares.MOST_WRONG):
        assert Client().post(address(made), {"passcode": "wrong-guess"}).status_code == 422
    assert Client().post(address(made), {"passcode": "sesame-open"}).status_code == 429
    ShareView.objects.update(at=timezone.now() - shares.WRONG_WITHIN)
    assert Client().post(address(made), {"passcode": "sesame-open"}).status_code == 302


def test_closed_expired_and_forged_links_all_say_the_same(client, done):
    closed, expired = share(done), share(done, recipient="Auditor")
    client.post(reverse("quotes:share_revoke", args=[done.project_id, closed.pk]))
    ReportShare.objects.filter(pk=expired.pk).update(
        created_at=timezone.now() - dt.timedelta(days=8), expires_at=timezone.now() - dt.timedelta(seconds=1)
    )
    forged = Signer(salt="another").sign_object([closed.pk, closed.nonce])
    pages = set()
    for token in (closed.token, expired.token, forged, closed.token[:-1], "x", "a:b:c"):
        for method, name in (("get", "shared"), ("post", "shared"), ("post", "shared_download")):
            answer = getattr(Client(), method)(reverse(f"quotes:{name}", args=[token]))
            assert answer.status_code == 404, (token, name)
            pages.add(answer.content.decode().split("<main")[1].split("</main>")[0])
    assert len(pages) == 1
    verbs = AuditEvent.objects.filter(verb__startswith="report.share").values_list("verb", flat=True)
    assert sorted(verbs) == ["report.share_revoked", "report.shared", "report.shared"]


def test_roles_without_prices_neither_share_nor_see_links(client, done):
    made = share(done)
    viewer = MembershipFactory(sponsor=done.project.sponsor, role=Role.VIEWER)
    client.force_login(viewer.user)
    page = client.get(reverse("quotes:report", args=[done.project_id, done.pk])).content.decode()
    assert made.token not in page
    assert reverse("quotes:share_create", args=[done.project_id, done.pk]) not in page


def test_a_cancelled_report_is_left_alone_by_its_worker_and_can_be_made_after_all(client, scene):
    client.force_login(scene.user)
    report = reports.request_report(actor=scene.user, project=scene.project)
    claimed = reports.claim(report.pk)
    page = client.post(
        reverse("quotes:report_cancel", args=[scene.project.pk, report.pk]), follow=True
    ).content.decode()
    assert "This report was cancelled" in page
    with pytest.raises(reports.LeaseLost):
        reports.heartbeat(claimed, "layout")
    with pytest.raises(reports.LeaseLost):
        reports.finish(claimed, PDF, 3)
    report.refresh_from_db()
    assert (report.state, report.file.name) == (ReportState.STOPPED, "")

    again = client.post(
        reverse("quotes:report_cancel", args=[scene.project.pk, report.pk]), follow=True
    ).content.decode()
    assert "had ended before" in again
    client.post(reverse("quotes:report_retry", args=[scene.project.pk, report.pk]))
    report.refresh_from_db()
    assert report.state == ReportState.QUEUED
    verbs = AuditEvent.objects.filter(object_id=report.pk, verb__startswith="report.")
    assert sorted(verbs.values_list("verb", flat=True)) == [
        "report.cancelled",
        "report.requested",
        "report.retried",
    ]


def test_a_waiting_report_says_how_many_come_first(client, scene):
    client.force_login(scene.user)
    first = reports.request_report(actor=scene.user, project=scene.project)
    copy = reports.copy_for(actor=scene.user, report=first, recipient="Auditor")
    assert (queue_position(first), queue_position(copy)) == (0, 1)
    page = client.get(reverse("quotes:report", args=[scene.project.pk, copy.pk])).content.decode()
    assert "1 earlier report comes first." in page
    reports.claim(first.pk)
    assert queue_position(copy) == 0


def test_a_link_is_as_good_as_the_rights_of_its_maker_and_owners_see_every_open_one(client, scene):
    maker = MembershipFactory(sponsor=scene.sponsor, role=Role.MANAGER)
    report = reports.request_report(actor=scene.user, project=scene.project)
    reports.finish(reports.claim(report.pk), PDF, 9)
    made = shares.share_report(actor=maker.user, report=report, recipient="Myself", days=90)
    reports.finish(reports.claim(made.report_id), PDF, 9)
    assert Client().get(address(made)).status_code == 200
    Project.objects.filter(pk=scene.project.pk).update(archived_at=timezone.now())
    assert Client().get(address(made)).status_code == 200, "archiving ends the work, not the reading"
    maker.role = Role.VIEWER
    maker.save()
    assert Client().get(address(made)).status_code == 404
    maker.delete()
    assert Client().post(address(made, "shared_download")).status_code == 404

    client.force_login(scene.user)
    listed = client.get(reverse("quotes:share_list")).content.decode()
    for said in ("Myself", "opens nothing", "archived project"):
        assert said in listed
    assert (
        "opens nothing"
        in client.get(reverse("quotes:report", args=[scene.project.pk, report.pk])).content.decode()
    )
    close = reverse("quotes:share_revoke", args=[scene.project.pk, made.pk])
    assert client.post(close, {"list": "1"}).url == reverse("quotes:share_list")
    assert "No open link" in client.get(reverse("quotes:share_list")).content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_open_links_costs_the_same_however_many_there_are(
    client, done, count, django_assert_num_queries
):
    for number in range(count):
        share(done, recipient=f"Reader {number}")
    address_of_list = reverse("quotes:share_list")
    client.get(address_of_list)
    with django_assert_num_queries(LIST_QUERIES):
        page = client.get(address_of_list).content.decode()
    assert page.count("Reader ") >= count


def test_a_link_at_which_somebody_guesses_is_closed_and_its_maker_told(done, mailoutbox):
    made = share(done, passcode="sesame-open")
    before = timezone.now() - 2 * shares.WRONG_WITHIN
    ShareView.objects.bulk_create(
        ShareView(share=made, event="wrong", at=before) for _ in range(shares.MOST_WRONG_EVER - 1)
    )
    assert Client().post(address(made), {"passcode": "wrong-guess"}).status_code == 422
    assert Client().post(address(made), {"passcode": "sesame-open"}).status_code == 404
    made.refresh_from_db()
    assert (made.open, made.guessed_at) == (False, made.revoked_at)
    assert AuditEvent.objects.filter(verb="report.share_guessed").count() == 1
    report_upkeep.send_notices()
    report_upkeep.send_notices()
    told = [mail for mail in mailoutbox if "50 wrong passcodes" in mail.subject]
    assert [mail.to for mail in told] == [[made.created_by.email]]
    assert "Board of directors" in told[0].body
