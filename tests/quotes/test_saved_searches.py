"""Saved searches: kept per person, run as they were saved, followed by e-mail that stops at one click."""

import datetime as dt
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cmo_selector.accounts.roles import Role
from cmo_selector.audit.models import AuditEvent
from quotes.digest_mail import unsubscribe_token
from quotes.enums import DigestRhythm, DigestState
from quotes.models import SavedSearch, SearchDigest
from quotes.services import digests
from quotes.services import searches as services
from quotes.tasks import send_search_digest
from tests.factories import partners as make
from tests.factories.accounts import MembershipFactory

pytestmark = pytest.mark.django_db
LATER = dt.timedelta(minutes=16)


@pytest.fixture
def member(client):
    member = MembershipFactory(role=Role.VIEWER.value)
    client.force_login(member.user)
    return member


@pytest.fixture
def basel():
    """A partner with a site in Switzerland."""
    partner = make.OrganisationFactory(name="Aldermoor", slug="aldermoor")
    make.FacilityFactory(organisation=partner, country="CH")
    return partner


def save(member, name="Swiss", query="country=CH", digest="daily"):
    return services.save_search(
        actor=member.user, sponsor=member.sponsor, name=name, query=query, digest=digest, prices=True
    )


def settle():
    """Changes made so far count as older than a quarter of an hour, for what is written from now on."""
    return dt.datetime.now(dt.UTC) + LATER


# -- pages ---------------------------------------------------------------------------------------------------


def test_search_is_saved_from_the_browse_page_run_renamed_and_deleted(client, member, basel):
    page = client.get("/partners/?country=CH&country=XX&page=9").content.decode()
    link = re.search(r'href="(/searches/new/[^"]+)"', page)[1]
    assert link == "/searches/new/?country=CH"
    form = client.get(link)
    assert 'value="Switzerland"' in form.content.decode()
    assert client.post(link, {"name": " Swiss  sites ", "digest": "weekly"}).status_code == 302
    search = SavedSearch.objects.get()
    assert (search.owner, search.sponsor, search.name, search.query) == (
        member.user, member.sponsor, "Swiss sites", "country=CH",
    )  # fmt: skip
    assert (search.next_digest_at.weekday(), search.next_digest_at.hour) == (0, 6)
    listed = client.get(reverse("quotes:searches")).content.decode()
    assert '<a href="/partners/?country=CH">Swiss sites</a>' in listed
    assert '<a href="/partners/?country=CH">Swiss sites</a>' in client.get("/partners/").content.decode()
    edit = reverse("quotes:search_edit", args=[search.pk])
    assert client.post(edit, {"name": "Renamed", "digest": "none"}).status_code == 302
    search.refresh_from_db()
    assert (search.name, search.digest, search.next_digest_at, search.known_partners) == (
        "Renamed", "none", None, None,
    )  # fmt: skip
    assert client.post(reverse("quotes:search_delete", args=[search.pk])).status_code == 302
    assert not SavedSearch.objects.exists()
    verbs = AuditEvent.objects.filter(verb__startswith="saved_search").order_by("pk")
    assert list(verbs.values_list("verb", flat=True)) == [
        "saved_search.created", "saved_search.changed", "saved_search.deleted",
    ]  # fmt: skip


def test_nobody_else_sees_a_search_not_even_a_colleague(client, member, basel):
    search = save(member)
    colleague = MembershipFactory(sponsor=member.sponsor, role=Role.OWNER.value)
    stranger = MembershipFactory()
    for person in (colleague, stranger):
        other = Client()
        other.force_login(person.user)
        assert "Swiss" not in other.get(reverse("quotes:searches")).content.decode()
        assert "Saved <span" not in other.get("/partners/").content.decode()
        assert other.get(reverse("quotes:search_edit", args=[search.pk])).status_code == 404
        assert other.post(reverse("quotes:search_delete", args=[search.pk])).status_code == 404
    assert SavedSearch.objects.count() == 1


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"name": "swiss", "digest": "none"}, "You already have a saved search with that name."),
        ({"name": " \x07 ", "digest": "none"}, "Give the search a name."),
        ({"name": "", "digest": "none"}, "This field is required."),
        ({"name": "x" * 81, "digest": "none"}, "at most 80 characters"),
        ({"name": "New", "digest": "hourly"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_saved_says_why_and_keeps_what_was_typed(client, member, basel, typed, message):
    save(member)
    answer = client.post("/searches/new/?country=CH", typed)
    assert answer.status_code == 400
    assert message in answer.content.decode()
    assert SavedSearch.objects.count() == 1


def test_too_many_partners_for_an_email_says_so(client, member, basel, monkeypatch):
    monkeypatch.setattr(services, "MOST_FOLLOWED", 0)
    answer = client.post("/searches/new/?country=CH", {"name": "All", "digest": "daily"})
    assert answer.status_code == 400
    assert "An e-mail can follow at most 0 partners; this search finds 1." in answer.content.decode()
    assert client.post("/searches/new/?country=CH", {"name": "All", "digest": "none"}).status_code == 302


def test_a_filter_that_means_nothing_any_more_is_told(client, member, basel):
    SavedSearch.objects.create(
        sponsor=member.sponsor, owner=member.user, name="Old", query="modality=gone&country=CH"
    )
    page = client.get(reverse("quotes:searches")).content.decode()
    assert "“gone” is not known here" in page
    assert '<a href="/partners/?country=CH">Old</a>' in page


@pytest.mark.parametrize("count", [1, 3])
def test_queries_do_not_grow_with_the_saved_searches(client, member, basel, django_assert_num_queries, count):
    for n in range(count):
        search = save(member, name=f"Search {n}")
        SearchDigest.objects.create(search=search, due_at=timezone.now(), state=DigestState.SENT,
                                    finished_at=timezone.now())  # fmt: skip
    client.get(reverse("quotes:searches"))
    with django_assert_num_queries(PAGE_QUERIES):
        client.get(reverse("quotes:searches"))


PAGE_QUERIES = 7  # session, user, memberships; version of the catalogue; own facets; searches and digests


# -- digests -------------------------------------------------------------------------------------------------


def test_digest_tells_what_is_new_changed_and_gone_once(member, basel):
    gone = make.OrganisationFactory(name="Gone Works")
    site = make.FacilityFactory(organisation=gone, country="CH")
    search = save(member)
    due = search.next_digest_at
    assert digests.sweep(due - dt.timedelta(seconds=1)).owed == []
    make.CertificateFactory(facility=basel.facilities.get())
    fresh = make.FacilityFactory(organisation=make.OrganisationFactory(name="Fresh Labs"), country="CH")
    site.country = "DE"
    site.save()
    [owed] = digests.owe_digests(due)
    assert digests.owe_digests(due) == []
    row = digests.claim(owed)
    assert digests.claim(owed) is None  # the same message again
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(digests.timezone, "now", settle)
        assert digests.work(row) == DigestState.SENT
    [message] = mail.outbox
    assert message.to == [member.user.email]
    assert message.subject == "Swiss: 1 new, 1 changed, 1 no longer found"
    assert "New in this search (1)\n- Fresh Labs (illustrative)\n  http://" in message.body
    assert "Changed (1)\n- Aldermoor (illustrative): certificate\n" in message.body
    assert "No longer found (1)\n- Gone Works (illustrative)\n" in message.body
    assert "/partners/?country=CH" in message.body
    search.refresh_from_db()
    assert search.known_partners == sorted([basel.pk, fresh.organisation_id])
    assert search.next_digest_at == due + dt.timedelta(days=1)
    # the next day nothing is new: no e-mail
    [again] = digests.owe_digests(search.next_digest_at)
    send_search_digest(again)
    assert SearchDigest.objects.get(pk=again).state == DigestState.EMPTY
    assert len(mail.outbox) == 1
    assert AuditEvent.objects.get(verb="search_digest.sent").data == {
        "to": member.user.email, "new": 1, "changed": 1, "left": 1,
    }  # fmt: skip


def test_mail_program_finds_the_link_that_stops_it(member, basel, settings):
    settings.SITE_URL = "https://cmo.example.org"
    search = save(member)
    make.FacilityFactory(organisation=make.OrganisationFactory(), country="CH")
    digests.owe_digests(search.next_digest_at)
    send_search_digest(SearchDigest.objects.get().pk)
    headers = mail.outbox[0].message()
    address = f"https://cmo.example.org/searches/unsubscribe/{unsubscribe_token(search)}/"
    assert headers["List-Unsubscribe"] == f"<{address}>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["Message-ID"] == f"<search-digest-{SearchDigest.objects.get().pk}@cmo.example.org>"
    assert address in mail.outbox[0].body


def test_mail_server_that_refuses_is_asked_again_and_nothing_is_lost(member, basel, settings):
    search = save(member)
    make.FacilityFactory(organisation=make.OrganisationFactory(name="Fresh"), country="CH")
    [owed] = digests.owe_digests(search.next_digest_at)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # nobody listens there
    send_search_digest(owed)
    row = SearchDigest.objects.get()
    assert (row.state, row.attempts) == (DigestState.QUEUED, 1)
    assert "ConnectionRefusedError" in row.error
    assert digests.sweep(timezone.now()).dispatched == []  # there is a pause first
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    send_search_digest(owed)
    assert [m.subject for m in mail.outbox] == ["Swiss: 1 new"]
    assert SearchDigest.objects.get().state == DigestState.SENT


def test_mail_server_that_never_takes_it_ends_in_words_and_the_next_digest_says_it_again(
    member, basel, settings
):
    search = save(member)
    make.FacilityFactory(organisation=make.OrganisationFactory(name="Fresh"), country="CH")
    [owed] = digests.owe_digests(search.next_digest_at)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    for _ in range(digests.MOST_ATTEMPTS):
        send_search_digest(owed)
    row = SearchDigest.objects.get()
    assert (row.state, row.error) == (DigestState.FAILED, digests.GAVE_UP)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    search.refresh_from_db()
    [owed] = digests.owe_digests(search.next_digest_at)
    send_search_digest(owed)
    assert [m.subject for m in mail.outbox] == ["Swiss: 1 new"]


def test_worker_that_dies_while_writing_is_replaced(member, basel, django_capture_on_commit_callbacks):
    search = save(member)
    make.FacilityFactory(organisation=make.OrganisationFactory(), country="CH")
    [owed] = digests.owe_digests(search.next_digest_at)
    dead = digests.claim(owed)
    now = timezone.now()
    assert digests.sweep(now).taken_back == []
    done = digests.sweep(now + digests.LEASE + dt.timedelta(seconds=1))
    assert done.taken_back == [owed]
    send_search_digest(owed)
    assert len(mail.outbox) == 1
    assert digests.work(dead) == DigestState.SENT  # it comes back from the dead: its row is no longer its own
    assert len(mail.outbox) == 1


def test_worker_that_dies_while_sending_sends_nothing_twice_and_loses_nothing(member, basel):
    search = save(member)
    make.FacilityFactory(organisation=make.OrganisationFactory(name="Fresh"), country="CH")
    [owed] = digests.owe_digests(search.next_digest_at)
    digests.claim(owed)
    now = timezone.now()
    SearchDigest.objects.update(state=DigestState.SENDING)
    later = now + digests.LEASE + dt.timedelta(seconds=1)
    assert digests.sweep(later).unconfirmed == [owed]
    send_search_digest(owed)
    assert mail.outbox == []
    search.refresh_from_db()
    [owed] = digests.owe_digests(search.next_digest_at)
    send_search_digest(owed)
    assert [m.subject for m in mail.outbox] == ["Swiss: 1 new"]


def test_somebody_who_left_gets_nothing_and_prices_stay_hidden(member, basel):
    member.role = Role.EVALUATOR.value
    member.save()
    search = save(member)
    make.CommercialTermsFactory(organisation=basel)
    [owed] = digests.owe_digests(search.next_digest_at)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(digests.timezone, "now", settle)
        send_search_digest(owed)
    assert SearchDigest.objects.get(pk=owed).state == DigestState.EMPTY
    make.FacilityFactory(organisation=make.OrganisationFactory(), country="CH")
    member.delete()
    search.refresh_from_db()
    [owed] = digests.owe_digests(search.next_digest_at)
    send_search_digest(owed)
    assert SearchDigest.objects.get(pk=owed).state == DigestState.STOPPED
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("rhythm", "now", "due"),
    [
        ("daily", "2026-03-02T05:59", "2026-03-02T06:00"),
        ("daily", "2026-03-02T06:00", "2026-03-03T06:00"),
        ("weekly", "2026-03-02T05:00", "2026-03-02T06:00"),  # a Monday
        ("weekly", "2026-03-02T06:00", "2026-03-09T06:00"),
        ("weekly", "2026-03-08T23:00", "2026-03-09T06:00"),
    ],
)
def test_next_moment_of_a_digest(rhythm, now, due):
    moments = [dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC) for text in (now, due)]
    assert services.next_digest(rhythm, moments[0]) == moments[1]


def test_similar_names_are_shown_and_said_to_be_no_matches_but_never_mailed(client, member, basel):
    form = client.get("/searches/new/?q=aldermor").content.decode()
    said = "No exact match for “aldermor”; showing similar names: “aldermoor”."
    assert f"{said} {services.EXACT_ONLY}" in form
    assert said in client.get("/partners/?q=aldermor").content.decode()
    search = save(member, name="Aldermor", query="q=aldermor")
    assert search.known_partners == []
    other = make.OrganisationFactory(name="Aldermoar")  # another similar name
    [owed] = digests.owe_digests(search.next_digest_at)
    send_search_digest(owed)
    assert (SearchDigest.objects.get(pk=owed).state, mail.outbox) == (DigestState.EMPTY, [])
    exact = make.OrganisationFactory(name="Aldermor Biologics")
    search.refresh_from_db()
    [owed] = digests.owe_digests(search.next_digest_at)
    send_search_digest(owed)
    assert [m.subject for m in mail.outbox] == ["Aldermor: 1 new"]
    assert "Aldermor Biologics" in mail.outbox[0].body
    assert services.EXACT_ONLY not in mail.outbox[0].body
    exact.delete()
    search.refresh_from_db()
    [owed] = digests.owe_digests(search.next_digest_at)
    send_search_digest(owed)
    assert mail.outbox[1].subject == "Aldermor: 1 no longer found"
    assert "It finds 0 partners now" in mail.outbox[1].body
    assert f"{services.EXACT_ONLY}\n" in mail.outbox[1].body
    assert other.name not in mail.outbox[1].body.split("(1)")[1]


# -- stopping it -------------------------------------------------------------------------------------------


def test_link_asks_first_then_stops_and_twice_is_no_mistake(member, basel):
    search, anybody = save(member), Client(enforce_csrf_checks=True)
    address = reverse("quotes:unsubscribe", args=[unsubscribe_token(search)])
    page = anybody.get(address)
    assert (page.status_code, "Stop these e-mails?" in page.content.decode()) == (200, True)
    search.refresh_from_db()
    assert search.digest == DigestRhythm.DAILY
    stopped = anybody.post(address, {"List-Unsubscribe": "One-Click"})
    assert (stopped.status_code, "The e-mails are stopped" in stopped.content.decode()) == (200, True)
    search.refresh_from_db()
    assert (search.digest, search.next_digest_at) == (DigestRhythm.NONE, None)
    assert anybody.post(address, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert AuditEvent.objects.filter(verb="saved_search.unsubscribed").count() == 1
    assert "There is nothing to stop" in anybody.get(address).content.decode()
    search.delete()
    assert "does not exist any more" in anybody.get(address).content.decode()


@pytest.mark.parametrize("token", ["1", "1:forged", "x" * 500, "💊"])
def test_link_that_we_did_not_write_stops_nothing(member, basel, token):
    save(member)
    answer = Client().post(reverse("quotes:unsubscribe", args=[token]))
    assert (answer.status_code, "This link is not valid" in answer.content.decode()) == (404, True)
    assert SavedSearch.objects.get().digest == DigestRhythm.DAILY


# -- in a browser ------------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_save_and_run_a_search_on_a_phone(browser_page, live_server):
    member, client, page = MembershipFactory(), Client(), browser_page
    client.force_login(member.user)
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
    page.context.add_cookies([cookie])
    make.FacilityFactory(organisation=make.OrganisationFactory(name="Aldermoor"), country="CH")
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto("/partners/?country=CH")
    page.get_by_role("link", name="Save search").click()
    assert page.get_by_label("Name", exact=True).input_value() == "Switzerland"
    page.get_by_label("E-mail about new and changed partners").select_option("weekly")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("“Switzerland” is saved.").wait_for()
    assert [v["id"] for v in Axe().run(page).response["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.goto("/partners/")
    page.locator(".results-save summary").click()
    page.locator(".results-save").get_by_role("link", name="Switzerland").click()
    page.wait_for_url("**/partners/?country=CH")
    assert page.inner_text(".results-count") == "1 partner"
