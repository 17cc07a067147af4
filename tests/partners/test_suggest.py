"""Suggestions while typing: what is offered for every kind of word, from which index, and in the browser."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from partners import suggest
from partners.enums import AliasKind, IdentifierScheme
from partners.models import (
    Alias,
    Facility,
    Identifier,
    Organisation,
    RegisterEstablishment,
    SearchDocument,
)
from partners.vocabularies import load_vocabularies
from tests.factories import accounts
from tests.factories import partners as make

pytestmark = pytest.mark.django_db
ADDRESS = "/partners/suggest/"


def offered(text):
    """What is offered: group → [(label, note)]."""
    return {
        group.code: [(option.label, option.note) for option in group.options]
        for group in suggest.suggestions(text)
    }


@pytest.fixture
def catalogue():
    load_vocabularies()
    works = make.OrganisationFactory(name="Aldermoor Générale", slug="aldermoor")
    make.AliasFactory(organisation=works, name="Quillon Works", kind=AliasKind.FORMER)
    site = make.FacilityFactory(organisation=works, name="Northgate plant", city="Zürich", country="CH")
    make.IdentifierFactory(facility=site, scheme=IdentifierScheme.FEI, value="3009998887")
    make.IdentifierFactory(facility=None, organisation=works, scheme=IdentifierScheme.DUNS, value="012345678")
    for name in ("Catalent", "Lonza"):
        make.OrganisationFactory(name=name, illustrative=False)
    make.RegisterEstablishmentFactory(firm_name="Unlinked Chemicals", duns="555123456", fei="3555000111")
    return works


PARTNER = "Aldermoor Générale"
ZURICH = ("Zürich, Switzerland", "city")
PLANT = ("Northgate plant", f"Zürich, Switzerland, {PARTNER}")


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("ald", {"partners": [(PARTNER, "")]}),
        ("ALDERMOOR GENE", {"partners": [(PARTNER, "")]}),
        ("générale", {"partners": [(PARTNER, "")]}),
        ("quil", {"partners": [(PARTNER, "formerly Quillon Works")]}),
        ("quilon", {"partners": [(PARTNER, "formerly Quillon Works")]}),
        ("catalant", {"partners": [("Catalent", "similar name")]}),
        ("lonsa", {"partners": [("Lonza", "similar name")]}),
        ("zur", {"places": [ZURICH]}),
        ("zurihc", {"places": [ZURICH]}),
        ("northg", {"places": [PLANT]}),
        ("nortgate", {"places": [PLANT]}),
        ("LV", {"modality": [("Viral vector, lentivirus / retrovirus", "")]}),
        ("lentivrus", {"modality": [("Viral vector, lentivirus / retrovirus", "")]}),
        ("fei 3009998", {"identifiers": [("FDA FEI 3009998887", f"Northgate plant, {PARTNER}")]}),
        ("003009998887", {"identifiers": [("FDA FEI 3009998887", f"Northgate plant, {PARTNER}")]}),
        ("01-234-5678", {"identifiers": [("D-U-N-S 012345678", PARTNER)]}),
        ("3555000", {"identifiers": [("FEI 3555000111", "Unlinked Chemicals, public register")]}),
        ("555123", {"identifiers": [("D-U-N-S 555123456", "Unlinked Chemicals, public register")]}),
        ("a", {}),
        ("", {}),
        ("%_", {}),
        ("…", {}),
        ("qqqqqq", {}),
    ],
)  # fmt: skip
def test_every_kind_of_word_is_answered_in_its_group(catalogue, typed, answer):
    assert offered(typed) == answer


@pytest.mark.parametrize("typed", ["fill finish", "fill-finish", "Aseptic filling"])
def test_words_of_the_trade_offer_the_same_service(catalogue, typed):
    assert ("Fill-finish", "") in offered(typed)["service"]


@pytest.mark.parametrize(
    ("typed", "label"), [("DS", "Drug substance"), ("OSD", "Oral solid"), ("freeze drying", "Lyophilisation")]
)
def test_abbreviations_of_the_trade_offer_their_service(catalogue, typed, label):
    assert any(label in found for found, _ in offered(typed)["service"])


def test_what_is_no_longer_offered_is_not_suggested(catalogue):
    Organisation.objects.update(active=False)
    for typed in (
        "aldermoor",
        "quillon",
        "catalant",
        "zurich",
        "zurihc",
        "northgate",
        "3009998887",
        "012345678",
    ):
        assert offered(typed) == {}, typed
    Organisation.objects.update(active=True)
    Facility.objects.update(active=False)
    for typed in ("zurich", "zurihc", "northgate", "3009998887"):
        assert offered(typed) == {}, typed


def test_every_option_leads_somewhere(catalogue, client):
    client.force_login(accounts.MembershipFactory().user)
    for typed in (
        "aldermoor",
        "zurich",
        "northgate",
        "LV",
        "fill finish",
        "3009998887",
        "012345678",
        "555123",
    ):
        for group in suggest.suggestions(typed):
            for option in group.options:
                answer = client.get(option.url)
                assert answer.status_code == 200, option
                assert "was left out" not in answer.content.decode(), option


def test_the_sites_link_finds_its_place_on_the_profile(catalogue, client):
    client.force_login(accounts.MembershipFactory().user)
    [group] = suggest.suggestions("northgate")
    path, anchor = group.options[0].url.split("#")
    assert f'id="{anchor}"' in client.get(path).content.decode()


# -- answered from an index ----------------------------------------------------------------------------------

BIG = (Organisation, Alias, Facility, Identifier, SearchDocument, RegisterEstablishment)
TYPED = ("al", "aldermoor", "catalant", "quilon", "zurich", "zurihc", "northgate", "nortgate", "3009998", "555123",
         "city 17", "crowd works", "site 0012")  # fmt: skip


@pytest.fixture
def crowd(catalogue):
    """3,000 partners with an alias, two sites, an identifier and an entry of the register; 20,000 documents."""
    facts = {"source": catalogue.source, "retrieved_on": "2025-01-01"}
    several = range(3000)
    partners = [Organisation(name=f"{hash(n):x} works", slug=f"crowd-{n}", **facts) for n in several]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL partners.search_paused = 'on'")
    Organisation.objects.bulk_create(partners)
    Alias.objects.bulk_create([Alias(organisation=p, name=f"Crowd {p.pk}", **facts) for p in partners])
    sites = [
        Facility(
            organisation=p,
            slug=f"s{n}",
            name=f"Site {p.pk:05}",
            city=f"City {p.pk % 900}",
            country="DE",
            **facts,
        )
        for p in partners
        for n in range(2)
    ]
    Facility.objects.bulk_create(sites)
    Identifier.objects.bulk_create(
        [
            Identifier(facility=site, scheme="fei", value=f"{4 * 10**9 + site.pk}", **facts)
            for site in sites[::2]
        ]
    )
    RegisterEstablishment.objects.bulk_create(
        [
            RegisterEstablishment(
                duns=f"{7 * 10**8 + n}", fei=f"{45 * 10**8 + n}", firm_name=f"Firm {n}", source=catalogue.source,
                first_seen_on="2025-01-01", last_seen_on="2025-01-01",
            )
            for n in several
        ]
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO partners_searchdocument (organisation_id, names, vector) "
            "SELECT 10000000 + n, md5(n::text) || ' works', '' FROM generate_series(1, 20000) n"
        )
        for model in BIG:
            cursor.execute(f"ANALYZE {model._meta.db_table}")


def sequential_scans():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, seq_scan FROM pg_stat_xact_user_tables WHERE relname = ANY (%s)",
            [[model._meta.db_table for model in BIG]],
        )
        return dict(cursor.fetchall())


def test_no_suggestion_reads_a_whole_table_and_the_plans_name_their_index(crowd):
    before = sequential_scans()
    for typed in TYPED:
        suggest.suggestions(typed)
        assert sequential_scans() == before, typed
    plans = {
        "organisation_name_key": suggest.beginning_with(Organisation.objects.active(), "name", "al")[:6],
        "alias_name_key": suggest.beginning_with(Alias.objects.all(), "name", "qui")[:6],
        "facility_name_key": suggest.beginning_with(Facility.objects.filter(active=True), "name", "north")[
            :3
        ],
        "facility_city_key": suggest.beginning_with(Facility.objects.filter(active=True), "city", "zur")[:3],
    }
    for index, rows in plans.items():
        plan = rows.explain()
        assert index in plan
        assert "Seq Scan" not in plan


@pytest.mark.parametrize("count", [1, 3])
def test_queries_do_not_grow_with_what_is_found(count, django_assert_num_queries):
    for n in range(count):
        partner = make.OrganisationFactory(name=f"Common {n}")
        make.AliasFactory(organisation=partner, name=f"Commonly {n}")
        make.FacilityFactory(organisation=partner, name=f"Common site {n}", city=f"Commonville {n}")
    with django_assert_num_queries({1: 12, 3: 11}[count]):  # one less: three sites need no similar ones
        assert len(offered("common")["partners"]) == count


class AnyText(TestCase):
    @settings(max_examples=100, deadline=None)
    @given(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=200))
    def test_any_text_is_answered(self, text):
        make.FacilityFactory(name="Plant 12345", city="Basel")
        make.ServiceFactory()
        for group in suggest.suggestions(text):
            assert group.options


# -- the list under the box ------------------------------------------------------------------------------------


@pytest.fixture
def member(client):
    membership = accounts.MembershipFactory()
    client.force_login(membership.user)
    return membership


def test_list_names_groups_and_escapes_what_was_typed(catalogue, client, member):
    html = client.get(ADDRESS, {"q": "lonza", "box": "id_q"}).content.decode()
    assert 'aria-labelledby="id_q-partners"' in html
    assert re.findall(r'role="option"[^>]* id="([^"]+)"', html) == ["id_q-option-1", "id_q-option-0"]
    assert 'data-announce="1 suggestion"' in html
    html = client.get(ADDRESS, {"q": '"><script>x</script>', "box": '"><b>'}).content.decode()
    assert "<script>" not in html
    assert "<b>" not in html
    assert "Search all partners for “&quot;&gt;&lt;script&gt;" in html


@pytest.mark.parametrize(
    "query", ["", "q=", "q=%00", "q=%ff", "q=" + "x" * 5000, "q='%20OR%201=1--", "q=💊💊"]
)
def test_nonsense_is_answered(catalogue, client, member, query):
    answer = client.get(f"{ADDRESS}?{query}")
    assert answer.status_code == 200
    assert answer.content.decode().count('role="group"') == 0


# -- in a browser ----------------------------------------------------------------------------------------------


@pytest.fixture
def page(browser_page, live_server, client):
    client.force_login(accounts.MembershipFactory().user)
    cookie = client.cookies["sessionid"]
    browser_page.context.add_cookies(
        [{"name": "sessionid", "value": cookie.value, "url": live_server.url, "httpOnly": True}]
    )
    load_vocabularies()
    for name in ("Catalent", "Cataclysm Labs"):
        make.FacilityFactory(
            organisation=make.OrganisationFactory(name=name), name=f"{name} plant", city="Basel"
        )
    return browser_page


def assert_accessible(page):
    found = Axe().run(page).response["violations"]
    assert [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found] == []


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("width", [360, 1280])
def test_ctrl_k_opens_the_search_anywhere_and_the_keyboard_goes_all_the_way(page, width):
    page.set_viewport_size({"width": width, "height": 740})
    page.goto("/projects/")
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name="Search partners, places, services and identifiers")
    page.wait_for_function("document.activeElement.id === 'quick-q'")
    assert box.get_attribute("aria-expanded") == "false"
    page.keyboard.type("catalant")
    option = page.get_by_role("option", name="Catalent similar name")
    option.wait_for()
    assert box.get_attribute("aria-expanded") == "true"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert_accessible(page)
    page.keyboard.press("ArrowUp")
    assert page.locator("[aria-selected=true]").inner_text() == "Search all partners for “catalant”"
    page.keyboard.press("ArrowDown")
    assert page.locator("[aria-selected=true]").count() == 0
    page.keyboard.press("ArrowDown")
    assert box.get_attribute("aria-activedescendant") == option.get_attribute("id")
    page.keyboard.press("Escape")
    box.wait_for(state="hidden")
    page.keyboard.press("Control+k")
    box.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/partners/catalent/")


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_suggestions_under_the_search_of_the_browse_page(page):
    page.goto("/partners/")
    box = page.locator("#id_q")
    box.press_sequentially("cata")
    options = page.locator("#id_q-options [role=option]")
    page.locator("#id_q-options").get_by_role("option", name="Cataclysm Labs", exact=False).first.wait_for()
    page.wait_for_url("**/partners/?q=cata")  # the results follow as before
    assert_accessible(page)
    box.press("Escape")
    options.first.wait_for(state="hidden")
    assert box.input_value() == "cata"
    box.press("ArrowDown")
    options.first.wait_for()
    box.press("Enter")
    page.wait_for_url("**/partners/cataclysm-labs/")


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_without_scripts_the_link_leads_to_the_plain_search_form(page, browser, live_server):
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    context.add_cookies(page.context.cookies())
    plain = context.new_page()
    plain.goto("/projects/")
    plain.get_by_role("link", name="Search").click()
    plain.fill("#id_q", "catalent")
    plain.press("#id_q", "Enter")
    assert plain.inner_text(".results-count") == "1 partner"
    context.close()


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_typing_faster_than_the_answers_come_is_no_error(page):
    """The first answer is held back until more has been typed: it is neither broken off nor the last word."""
    problems, asked, held = [], [], []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: asked.append(request.url) if "/suggest/" in request.url else None)
    page.goto("/projects/")
    page.route("**/partners/suggest/**", lambda route: route.continue_() if held else held.append(route))
    page.keyboard.press("Control+k")
    page.wait_for_function("document.activeElement.id === 'quick-q'")
    with page.expect_request("**/partners/suggest/**q=cat"):
        page.keyboard.type("cat")
    for letter in "aly":  # each late enough to ask by itself
        page.keyboard.type(letter)
        page.wait_for_timeout(200)
    assert (len(asked), len(held)) == (1, 1)
    held[0].continue_()
    page.get_by_role("option", name="Search all partners for “cataly”").wait_for()
    assert [url.rpartition("q=")[2] for url in asked] == ["cat", "cataly"]
    page.keyboard.press("Enter")
    page.wait_for_url("**/partners/?q=cataly")
    assert problems == []
