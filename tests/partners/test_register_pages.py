"""The public register's pages: search, filters, one establishment, and suggesting which site it is."""

import datetime as dt
import re

import pytest
from django.db import IntegrityError, connection, transaction
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from cmo_selector.accounts.roles import Role
from cmo_selector.audit.models import AuditEvent
from partners.enums import ActionListing
from partners.models import LinkSuggestion, RegisterEstablishment
from partners.register import selectors, services
from partners.register.filters import RegisterFilter
from partners.register.services import SuggestionError, decide_suggestion, suggest_link
from partners.register.views import PER_PAGE
from partners.vocabularies import load_vocabularies
from tests.factories import accounts
from tests.factories import partners as make
from tests.plans import scans_priced_out

pytestmark = pytest.mark.django_db
LIST = "/register/"
LIST_QUERIES = 9  # session, user, memberships; last import, operations, countries; count, page; files
RECORD_QUERIES = 8  # session, user, memberships; establishment; crosswalk, same FEI, own suggestions; files
HTMX = {"HX-Request": "true", "HX-Target": "results"}
HOSTILE = '<script>alert("x")</script>'


@pytest.fixture
def member(client):
    membership = accounts.MembershipFactory(role=Role.EVALUATOR.value)
    client.force_login(membership.user)
    return membership


def establishment(firm_name="Northvale Testing", **kwargs):
    return make.RegisterEstablishmentFactory(firm_name=firm_name, **kwargs)


def real_site(**kwargs):
    organisation = make.OrganisationFactory(illustrative=False, name=kwargs.pop("partner", "Northvale"))
    return make.FacilityFactory(organisation=organisation, **kwargs)


def text(response):
    """The visible text in one line."""
    html = re.sub(r"<(script|style|head)\b.*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def names(response):
    return [row.firm_name for row, _ in response.context["rows"]]


def url(row, name="establishment"):
    return reverse(f"register:{name}", args=[row.duns])


# -- the list ----------------------------------------------------------------------------------------------


def test_stranger_is_sent_to_the_sign_in(client):
    row = establishment()
    for address in (LIST, url(row), url(row, "suggest")):
        response = client.get(address)
        assert (response.status_code, response.url) == (302, f"{reverse('account_login')}?next={address}")


@pytest.mark.parametrize(
    "query",
    [
        *("northvale", "VALE TEST", "holding", "basel", "vale basel"),
        *("12-345-6789", "12345", "03100", "3100200300"),
    ],
)
def test_a_word_is_looked_for_in_firm_registrant_city_and_numbers(client, member, query):
    establishment(registrant_name="Quiet Holding", city="Basel", duns="123456789", fei="3100200300")
    establishment("Other firm", registrant_name="Other", city="Ghent", duns="987654321", fei="1002")
    assert names(client.get(LIST, {"q": query})) == ["Northvale Testing"]


def test_an_accented_word_finds_the_plain_spelling_of_the_register(client, member):
    establishment("GENERALE DE SANTE")
    assert names(client.get(LIST, {"q": "Générale"})) == ["GENERALE DE SANTE"]


def test_a_misspelt_name_is_offered(client, member):
    establishment("Northvale Testing")
    page = client.get(LIST, {"q": "Northvail Testing"})
    assert names(page) == []
    assert "Did you mean Northvale Testing" in text(page)


def test_filters_are_or_within_and_and_across(client, member):
    establishment("A", operations=["PACK"], country="CH")
    establishment("B", operations=["LABEL", "PACK"], country="DE")
    establishment("C", operations=["ANALYSIS"], country="CH", facility=real_site())
    establishment("D", operations=[], country="")

    def found(**asked):
        return names(client.get(LIST, asked))

    assert found(operation=["pack", "analysis"]) == ["A", "B", "C"]
    assert found(operation=["pack", "analysis"], country="CH") == ["A", "C"]
    assert found(country=["none", "DE"]) == ["B", "D"]
    assert found(link="linked") == ["C"]
    assert found(link="unlinked") == ["A", "B", "D"]
    assert found(link=["linked", "unlinked"]) == ["A", "B", "C", "D"]


def test_every_establishment_is_in_exactly_one_state(client, member):
    today = timezone.localdate()
    establishment("Current", expires_on=today)
    establishment("Expired", expires_on=today - dt.timedelta(days=1))
    establishment("Unstated", expires_on=None)
    establishment("Gone", expires_on=today - dt.timedelta(days=1), left_on=today)
    found = {s: names(client.get(LIST, {"state": s})) for s in ("current", "expired", "no-expiry", "left")}
    assert found == {
        "current": ["Current"], "expired": ["Expired"], "no-expiry": ["Unstated"], "left": ["Gone"],
    }  # fmt: skip
    assert names(client.get(LIST, {"state": ["expired", "left"]})) == ["Expired", "Gone"]


def test_the_list_is_sorted_as_asked_and_ignores_case_in_names(client, member):
    establishment("b", country="AT", first_seen_on="2025-01-01", expires_on="2030-01-01")
    establishment("A", country="CH", first_seen_on="2025-02-01", expires_on=None)
    establishment("C", country="BE", first_seen_on="2025-03-01", expires_on="2031-01-01")
    orders = {sort: "".join(names(client.get(LIST, {"sort": sort}))) for sort in selectors.SORTS}
    assert orders == {"name": "AbC", "country": "bCA", "expiry": "CbA", "seen": "CAb"}


def test_a_row_says_expired_only_when_a_file_made_after_that_day_still_says_so(client, member):
    row = establishment(expires_on="2025-12-31", last_seen_on="2026-01-15", fei="", city="")
    page = text(client.get(LIST))
    assert "Expired on 2025-12-31 file of 2026-01-15" in page
    row.last_seen_on = dt.date(2025, 6, 1)
    row.save()
    page = text(client.get(LIST))
    assert "Renewal unknown stated until 2025-12-31 file of 2025-06-01" in page
    own = text(client.get(url(row)))
    assert ("Renewal unknown The file of 2025-06-01" in own, "has expired" in own) == (True, False)
    assert "Expired on" not in page
    assert "unknown" in page


def test_unusable_parts_of_an_address_are_left_out_with_a_remark(client, member):
    establishment()
    page = client.get(
        LIST, {"state": "nope", "operation": "manufacture", "sort": "?", "page": "seven", "country": "XX"}
    )
    assert names(page) == ["Northvale Testing"]
    assert len(page.context["remarks"]) == 4
    assert [chip.label for chip in page.context["filter"].chips] == ["Manufacture"]


@pytest.mark.parametrize(
    "asked",
    ["x" * 5000, "\x00\x07%_\\", "'; DROP TABLE partners_organisation; --", HOSTILE, "%", "👩‍🔬", "٣١٠٠٢٠٠"],
    ids=["long", "control", "sql", "html", "percent", "emoji", "digits"],
)
def test_hostile_searches_are_answered_and_escaped(client, member, asked):
    establishment()
    page = client.get(LIST, {"q": asked, "country": "CH"})
    assert page.status_code == 200
    assert HOSTILE not in page.content.decode()
    assert "Switzerland" in [chip.label for chip in page.context["filter"].chips]


def test_a_page_past_the_end_is_the_last_one(client, member):
    make.RegisterEstablishmentFactory.create_batch(PER_PAGE + 1)
    page = client.get(LIST, {"page": "99"})
    assert (len(names(page)), page.context["page"].number) == (1, 2)
    assert "There is no page “99”: there are 2 pages." in text(page)


def test_an_empty_register_says_how_it_is_filled(client, member):
    assert "No file of this register has been read yet" in text(client.get(LIST))
    establishment()
    assert "Nothing fits this search" in text(client.get(LIST, {"q": "zzzz"}))


def squeeze(html):
    return re.sub(r"\s+", " ", html).strip()


@pytest.mark.parametrize("query", ["", "q=northvale&country=CH&state=nope", "q=nobody", "page=2", "page=x"])
def test_fragment_swapped_in_is_what_a_reload_shows(client, member, query):
    establishment()
    make.RegisterEstablishmentFactory.create_batch(PER_PAGE)
    page = client.get(f"{LIST}?{query}").content.decode()
    fragment = client.get(f"{LIST}?{query}", headers=HTMX).content.decode()
    assert "<html" not in fragment
    own, out_of_band = fragment.split('<span id="sheet-count"')
    shown = re.search(r'<section class="results"[^>]*>(.*?)</section>', page, re.DOTALL)[1]
    assert squeeze(shown) == squeeze(own)
    assert out_of_band.count("hx-swap-oob") == 2


def test_fragment_pushes_the_canonical_address(client, member):
    establishment()
    response = client.get(f"{LIST}?q=&sort=name&country=CH&country=nope&page=9", headers=HTMX)
    assert response["HX-Push-Url"] == "/register/?country=CH"


@pytest.mark.parametrize("count", [1, 3])
def test_queries_of_the_list_do_not_grow(client, member, django_assert_num_queries, count):
    site = real_site()
    for n in range(count):
        establishment(f"Firm {n}", facility=site, source=make.SourceFactory())
    with django_assert_num_queries(LIST_QUERIES):
        response = client.get(LIST, {"q": "firm", "country": "CH"})
    assert len(names(response)) == count


def test_searches_can_use_the_trigram_and_number_indexes():
    establishment()
    plans = {}
    with scans_priced_out():
        for asked in ("northvale", "310020"):
            plans[asked] = RegisterFilter({"q": asked}, RegisterEstablishment.objects.all()).qs.explain()
    assert "establishment_text_trgm" in plans["northvale"]
    assert len(re.findall(r"Bitmap Index Scan on \w+_(?:duns|fei)_\w+", plans["310020"])) == 2


def test_an_operation_in_a_country_is_looked_up_in_one_index():
    establishment(operations=["PACK"])
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX establishment_country")  # cheaper for so few rows
    with scans_priced_out():
        asked = RegisterFilter(QueryDict("operation=pack&country=CH"), RegisterEstablishment.objects.all())
        plan = asked.qs.explain()
    assert re.search(r"on establishment_operations .*\n\s*Index Cond: .*operations.*country", plan), plan
    assert asked.qs.count() == 1


# -- one establishment -------------------------------------------------------------------------------------


def test_a_record_shows_everything_the_register_states(client, member):
    service = make.ServiceFactory(code="t-pack", label="Packaging and supply")
    from partners.models import ServiceCrosswalk

    ServiceCrosswalk.objects.create(register="fda_drls", code="pack", label="PACK", service=service)
    row = establishment(
        duns="123456789", fei="3100200300", city="Basel", operations=["PACK", "API MANUFACTURE"],
        registrant_name="Quiet Holding", registrant_duns="111222333", expires_on="2025-12-31",
        first_seen_on="2025-01-01", last_seen_on="2025-06-01",
    )  # fmt: skip
    establishment("Twin", fei="3100200300")
    page = text(client.get(url(row)))
    for words in (
        "FEI 3100200300", "D-U-N-S 123456789", "City Basel", "Region unknown", "Registrant Quiet Holding",
        "111222333", "Pack PACK Packaging and supply", "API manufacture API MANUFACTURE no service of the tree",
        "The file of 2025-06-01 states an expiry on 2025-12-31.", "a renewal since would not show here",
        "First seen file of 2025-01-01", "Last seen file of 2025-06-01", "Left the register no", "Twin",
        "Not linked to a site of the catalogue",
    ):  # fmt: skip
        assert words in page


def test_an_establishment_that_left_says_since_when_and_no_more(client, member):
    row = establishment(left_on="2025-09-01", last_seen_on="2025-06-01", operations=[], fei="")
    page = text(client.get(url(row)))
    assert "The file of 2025-09-01 no longer holds this establishment." in page
    assert "The register does not say why" in page
    assert "Operations are unknown" in page


def test_a_file_whose_date_nobody_stated_is_called_so(client, member):
    read, stated = dt.date(2025, 9, 1), dt.date(2025, 10, 1)
    make.RegisterImportFactory(file_date=read, file_date_stated=False)
    make.RegisterImportFactory(file_date=stated)
    row = establishment(first_seen_on=read, last_seen_on=read, left_on=stated)
    page = text(client.get(url(row)))
    assert "First seen file of unknown date, read on 2025-09-01" in page
    assert "The file of 2025-10-01 no longer holds this establishment" in page
    assert "not in the file of 2025-10-01" in text(client.get(LIST))


def test_a_linked_establishment_leads_to_its_site(client, member):
    site = real_site(name="Basel works")
    row = establishment(facility=site)
    page = client.get(url(row)).content.decode()
    assert f'href="/partners/{site.organisation.slug}/#site-{site.pk}"' in page
    assert "Suggest a link" not in page


@pytest.mark.parametrize("number", ["000000000", "1", "abc", "9" * 60])
def test_an_unknown_number_is_not_found_with_a_way_on(client, member, number):
    response = client.get(f"/register/{number}/")
    assert response.status_code == 404
    assert "Search the register for it" in text(response)
    assert client.get(f"/register/{number}/suggest/").status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_queries_of_a_record_do_not_grow(client, member, django_assert_num_queries, count):
    row = establishment(fei="3100200300", operations=["PACK", "LABEL"][:count])
    for n in range(count):
        establishment(f"Twin {n}", fei="3100200300")
        suggest_link(actor=member.user, row=row, target=real_site(partner=f"P{n}"), reason="Same.")
    with django_assert_num_queries(RECORD_QUERIES):
        client.get(url(row))


def test_text_of_the_register_is_escaped(client, member):
    row = establishment(HOSTILE, registrant_name=HOSTILE, city=HOSTILE, address=HOSTILE, operations=[HOSTILE])
    real_site(name=HOSTILE, city=HOSTILE)
    for address in (LIST, url(row), url(row, "suggest")):
        page = client.get(address).content.decode()
        assert "alert(" in page
        assert HOSTILE not in page


# -- suggestions -------------------------------------------------------------------------------------------


def test_a_suggestion_is_kept_for_curators_and_changes_nothing(client, member):
    row, site = establishment(city="Basel"), real_site(city="Basel")
    offered = client.get(url(row, "suggest"))
    assert [s.pk for s in offered.context["targets"]] == [site.pk]
    response = client.post(url(row, "suggest"), {"facility": site.pk, "reason": " Same address. "})
    assert (response.status_code, response.url) == (302, url(row))
    (kept,) = LinkSuggestion.objects.all()
    assert (kept.establishment, kept.facility, kept.proposed_by, kept.reason, kept.state) == (
        row, site, member.user, "Same address.", "open",
    )  # fmt: skip
    row.refresh_from_db()
    assert row.facility is None
    assert AuditEvent.objects.get(verb="link_suggestion.made").data["duns"] == row.duns


def test_only_the_proposer_sees_a_suggestion(client, member):
    row, site = establishment(), real_site(partner="Secretly considered")
    suggest_link(actor=member.user, row=row, target=site, reason="Why we look at them.")
    assert "Secretly considered" in text(client.get(url(row)))
    client.force_login(accounts.MembershipFactory().user)
    page = text(client.get(url(row)))
    assert "Secretly considered" not in page
    assert "Why we look" not in page


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"facility": ""}, "Choose the site."),
        ({"facility": "x"}, "That site cannot be linked."),
        ({"facility": "999999"}, "That site cannot be linked."),
        ({"reason": "  "}, "Say why the two belong together."),
        ({"reason": "r" * 1001}, "at most 1000 characters"),
    ],
)
def test_a_bad_suggestion_says_what_to_mend_and_keeps_what_was_typed(client, member, change, message):
    row, site = establishment(city=""), real_site()
    response = client.post(
        url(row, "suggest"), {"facility": str(site.pk), "reason": "Typed text", "site": "north", **change}
    )
    assert response.status_code == 400
    page = response.content.decode()
    assert message in page
    assert 'value="north"' in page
    assert "reason" in change or "Typed text" in page
    assert not LinkSuggestion.objects.exists()


def test_invented_sites_are_never_linked_to_real_establishments(client, member):
    row, site = establishment(city=""), make.FacilityFactory()
    assert site.organisation.illustrative
    assert client.get(url(row, "suggest")).context["targets"] == []
    assert client.post(url(row, "suggest"), {"facility": site.pk, "reason": "x"}).status_code == 400
    with pytest.raises(SuggestionError, match="real company"):
        suggest_link(actor=member.user, row=row, target=site, reason="x")


def test_the_same_site_is_suggested_once_while_it_waits(client, member):
    row, site = establishment(), real_site()
    first = suggest_link(actor=member.user, row=row, target=site, reason="One.")
    response = client.post(url(row, "suggest"), {"facility": site.pk, "reason": "Two."})
    assert response.status_code == 400
    assert "already suggested and waits" in text(response)
    curator = accounts.CuratorFactory()
    decide_suggestion(actor=curator, suggestion=first, accept=False)
    suggest_link(actor=member.user, row=row, target=site, reason="New evidence.")
    assert LinkSuggestion.objects.count() == 2


def test_the_database_itself_refuses_a_second_open_suggestion(member):
    kept = suggest_link(actor=member.user, row=establishment(), target=real_site(), reason="One.")
    with pytest.raises(IntegrityError, match="link_suggestion_open_once"), transaction.atomic():
        LinkSuggestion.objects.create(
            establishment=kept.establishment, facility=kept.facility, proposer_name="x", reason="Two."
        )


def test_one_person_cannot_flood_the_curators(member, monkeypatch):
    monkeypatch.setattr(services, "MOST_OPEN", 1)
    suggest_link(actor=member.user, row=establishment(), target=real_site(), reason="One.")
    with pytest.raises(SuggestionError, match="still wait for a curator"):
        suggest_link(actor=member.user, row=establishment(), target=real_site(partner="P2"), reason="Two.")


def desk(client, action, *suggestions):
    return client.post(
        reverse("admin:partners_linksuggestion_changelist"),
        {"action": action, "_selected_action": [s.pk for s in suggestions]},
        follow=True,
    )


def test_a_curator_accepts_on_the_desk_and_the_other_suggestions_are_closed(client, member):
    row, site = establishment(), real_site()
    kept = suggest_link(actor=member.user, row=row, target=site, reason="Same.")
    other = suggest_link(actor=member.user, row=row, target=real_site(partner="P2"), reason="Perhaps.")
    curator = accounts.CuratorFactory()
    client.force_login(curator)
    assert "1 suggestion(s) accepted" in desk(client, "accept", kept).content.decode()
    row.refresh_from_db()
    kept.refresh_from_db()
    other.refresh_from_db()
    assert row.facility == site
    assert (kept.state, kept.decided_by) == ("accepted", curator)
    assert (other.state, other.decision_note) == ("rejected", services.OTHER_ACCEPTED)
    verbs = set(AuditEvent.objects.filter(actor=curator).values_list("verb", flat=True))
    assert verbs == {"link_suggestion.accepted", "link_suggestion.rejected", "registerestablishment.linked"}


def test_what_other_registers_say_of_the_fei_comes_with_an_establishment_and_leaves_with_it(client, member):
    load_vocabularies()
    for kind in ("drls", "483s", "warning-letters", "inspections"):
        make.RegisterImportFactory(kind=kind)
    row, site = establishment(fei="3100200300"), real_site()
    twin = establishment(fei="3100200300")  # another D-U-N-S number: another establishment
    case = {"case_id": "701234", "kind": "warning_letter", "issued_on": dt.date(2025, 2, 3)}
    form = make.RegisterForm483Factory(fei="3100200300")
    letter = make.RegisterActionFactory(fei="3100200300", **case)
    posted = make.RegisterActionFactory(fei="", listing=ActionListing.POSTED_LETTERS, **case)
    inspection = make.RegisterInspectionFactory(fei="3100200300")
    others = (make.RegisterActionFactory(fei="", listing=ActionListing.POSTED_LETTERS), twin)
    kept = suggest_link(actor=member.user, row=row, target=site, reason="Same.")
    waiting = suggest_link(actor=member.user, row=posted, target=real_site(partner="P2"), reason="Perhaps.")
    client.force_login(accounts.CuratorFactory())
    answer = text(desk(client, "accept", kept))
    assert "4 row(s) of the same FEI, case or labeler were linked with them" in answer

    def state():
        for one in (row, form, letter, posted, inspection, kept, waiting, *others):
            one.refresh_from_db()
        return (
            {one.facility for one in (row, form, letter, posted, inspection)},
            {one.facility for one in others},
            (kept.state, waiting.state),
            {(i.scheme, i.value) for i in site.identifiers.all()},
            (site.inspections.count(), site.actions.count()),
        )

    numbers = {("duns", row.duns), ("fei", "3100200300")}
    assert state() == ({site}, {None}, ("accepted", "rejected"), numbers, (2, 1))
    assert "undo “" in text(desk(client, "undo", waiting))
    assert "1 suggestion(s) wait again; 5 row(s) were unlinked" in text(desk(client, "undo", kept))
    assert state() == ({None}, {None}, ("open", "open"), set(), (0, 0))
    assert "there is nothing to undo" in text(desk(client, "undo", kept))
    desk(client, "accept", kept)  # and once more, as if nothing had been
    assert state() == ({site}, {None}, ("accepted", "rejected"), numbers, (2, 1))
    RegisterEstablishment.objects.filter(pk=row.pk).update(facility=None)
    assert "cannot be undone: Changed again since" in text(desk(client, "undo", kept))
    assert state()[0] == {None, site}


def test_a_rejection_is_taken_back_unless_the_same_link_waits_again(client, member):
    row, site = establishment(), real_site()
    kept = suggest_link(actor=member.user, row=row, target=site, reason="Same.")
    client.force_login(accounts.CuratorFactory())
    desk(client, "reject", kept)
    assert "1 suggestion(s) wait again; 0 row(s)" in text(desk(client, "undo", kept))
    desk(client, "reject", kept)
    suggest_link(actor=member.user, row=row, target=site, reason="New evidence.")
    assert services.ASKED_AGAIN in text(desk(client, "undo", kept))
    kept.refresh_from_db()
    assert kept.state == "rejected"


def test_a_curator_rejects_and_a_decision_is_made_once(client, member):
    row, site = establishment(), real_site()
    kept = suggest_link(actor=member.user, row=row, target=site, reason="Same.")
    client.force_login(accounts.CuratorFactory())
    desk(client, "reject", kept)
    assert "was already rejected" in desk(client, "accept", kept).content.decode()
    row.refresh_from_db()
    assert row.facility is None


def test_a_link_made_in_the_meantime_is_never_overwritten(client, member):
    row, site, other = establishment(), real_site(), real_site(partner="P2")
    kept = suggest_link(actor=member.user, row=row, target=site, reason="Same.")
    RegisterEstablishment.objects.filter(pk=row.pk).update(facility=other)
    with pytest.raises(SuggestionError, match="linked to another one already"):
        decide_suggestion(actor=accounts.CuratorFactory(), suggestion=kept, accept=True)
    response = client.post(url(row, "suggest"), {"facility": site.pk, "reason": "Mine"}, follow=True)
    assert "linked to a catalogue site already" in text(response)


def test_staff_without_the_permission_cannot_decide(client, member):
    kept = suggest_link(actor=member.user, row=establishment(), target=real_site(), reason="Same.")
    from django.contrib.auth.models import Permission

    looker = accounts.UserFactory(is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_linksuggestion"))
    client.force_login(looker)
    desk(client, "accept", kept)
    kept.refresh_from_db()
    assert kept.state == "open"
