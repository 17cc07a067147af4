"""The browse page: page and fragment, chips and pages, bad addresses, the same number of queries always."""

import datetime
import re
from html.parser import HTMLParser

import pytest
from django.urls import reverse

from cmo_selector.accounts.roles import Role
from partners.browse import PER_PAGE
from tests.factories import accounts
from tests.factories import partners as make

pytestmark = pytest.mark.django_db
LIST = "/partners/"
# session, user, memberships; own notes as filters and on cards; saved searches; catalogue unchanged; text;
# partners and four prefetches
QUERIES = 13
RELOAD = (
    23  # marks, eight vocabularies, eleven tables in a transaction, read once after a change of all of it
)


@pytest.fixture
def member(client):
    membership = accounts.MembershipFactory(role=Role.EVALUATOR.value)
    client.force_login(membership.user)
    return membership


def full_partner(name="Aldermoor Biologics", **kwargs):
    """A partner with one row of everything a card shows."""
    organisation = make.OrganisationFactory(name=name, **kwargs)
    make.OrganisationTypeFactFactory(organisation=organisation)
    site = make.FacilityFactory(organisation=organisation, name=f"{name} north", country="CH")
    make.CapabilityFactory(
        facility=site,
        modality=make.ModalityFactory(code="t-aav", label="AAV"),
        service=make.ServiceFactory(code="t-vector", label="Viral vector"),
    )
    make.CertificateFactory(
        facility=site, type=make.CertificateTypeFactory(code="t-gmp", label="GMP"), expires_on="2199-01-01"
    )
    return organisation


def text(response):
    """The visible text in one line."""
    html = re.sub(r"<(script|style|head)\b.*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def names(response):
    return [card.partner.name for card in response.context["cards"]]


def test_stranger_is_sent_to_the_sign_in(client):
    response = client.get(LIST)
    assert (response.status_code, response.url) == (302, f"{reverse('account_login')}?next=/partners/")


def test_page_has_one_heading_a_title_and_every_facet(client, member):
    full_partner()
    response = client.get(LIST)
    html = response.content.decode()
    assert response.status_code == 200
    assert html.count("<h1") == 1
    assert re.search(r"<title>\s*Partners · CMO Selector</title>", html)
    groups = {
        group.label: [facet.label for facet in group.facets] for group in response.context["result"].panel
    }
    assert groups == {
        "One site": [
            "Modality", "Service", "Dosage form", "Scale", "GMP", "Lowest OEL handled", "Biosafety level",
            "Region and country", "Certificate", "Inspection record",
            "Capacity free by", "Evidence level",
        ],
        "The partner": [
            "Organisation type", "Contract structure", "Industry", "Sponsors mostly served", "Last checked",
            "Real or illustrative",
        ],
    }  # fmt: skip


def test_card_says_what_is_known(client, member):
    full_partner()
    page = text(client.get(LIST))
    for words in (
        "1 partner", "Aldermoor Biologics", "Illustrative", "Sites 1 in Switzerland", "Services Viral vector",
        "Modalities AAV", "Valid certificates GMP", "Last checked 2025-09-01",
    ):  # fmt: skip
        assert words in page


def test_card_profile_and_export_of_facts_that_left_their_register_agree(client, member):
    site, gone = make.FacilityFactory(), datetime.date(2026, 1, 1)
    partner, ended = site.organisation, {"retrieved_on": datetime.date(2025, 12, 1), "valid_until": gone}
    held = {"type": make.CertificateTypeFactory(label="GMP"), "evidence_level": "public_register"}
    make.CertificateFactory(facility=site, expires_on=datetime.date(2999, 1, 1), **held, **ended)
    make.CapabilityFactory(facility=site, service=make.ServiceFactory(label="Filling"), **ended)
    make.CommercialTermsFactory(organisation=partner, retrieved_on=datetime.date(2025, 10, 1))
    card = text(client.get(LIST))
    assert "Services unknown Modalities unknown Valid certificates none known Last checked 2025-10-01" in card
    page = text(client.get(partner.get_absolute_url()))
    for words in (
        "Certificates valid today none known 1 on record expired, left its register, or renewal unknown",
        "No longer in the register", "Last checked 2025-10-01",
    ):  # fmt: skip
        assert words in page


def test_card_of_a_bare_register_partner_writes_unknown(client, member):
    make.OrganisationFactory(name="Bare", illustrative=False, evidence_level="public_register")
    page = text(client.get(LIST))
    card = page[page.index("Bare") : page.index("Last checked 2025")]
    assert card == (
        "Bare Public register Organisation type unknown Sites unknown Services unknown "
        "Modalities unknown Valid certificates none known "
    )


def test_card_names_the_site_that_fulfils_the_search(client, member):
    organisation = full_partner()
    make.FacilityFactory(organisation=organisation, name="Elsewhere", country="US")
    page = text(client.get(LIST, {"modality": "t-aav"}))
    assert "Fulfilled at Aldermoor Biologics north (Switzerland)" in page
    assert "Elsewhere" not in page
    assert "Fulfilled at" not in text(client.get(LIST, {"q": "aldermoor"}))


@pytest.mark.parametrize("count", [1, 3])
def test_queries_do_not_grow_with_the_partners(client, member, django_assert_num_queries, count):
    for n in range(count):
        full_partner(f"Partner {n}")
    search = {"modality": "t-aav", "q": "partner"}
    with django_assert_num_queries(QUERIES + RELOAD):
        client.get(LIST, search)
    with django_assert_num_queries(QUERIES):
        response = client.get(LIST, search)
    assert len(names(response)) == count


# -- fragment ----------------------------------------------------------------------------------------------

HTMX = {"HX-Request": "true", "HX-Target": "results"}


def results_of(html):
    """What stands in the results element of a whole page."""
    return re.search(r'<section class="results"[^>]*>(.*?)</section>', html, re.DOTALL)[1]


class Parts(HTMLParser):
    """Collects the inside of every element with an id, as text with tags."""

    def __init__(self):
        super().__init__()
        self.open, self.parts = [], {}

    def write(self, text):
        for name in filter(None, self.open):
            self.parts[name] += text

    def handle_starttag(self, tag, attrs):
        self.write(f"<{tag} {[pair for pair in attrs if pair[0] != 'hx-swap-oob']}>")
        if tag not in {"input", "meta", "link", "br", "img", "use", "hr"}:
            self.open.append(dict(attrs).get("id"))
            if self.open[-1]:
                self.parts[self.open[-1]] = ""

    def handle_endtag(self, tag):
        if tag not in {"input", "meta", "link", "br", "img", "use", "hr"}:
            self.open.pop()
            self.write(f"</{tag}>")

    def handle_data(self, data):
        self.write(" ".join(data.split()))


def swapped(html):
    """Id → what stands in the element."""
    parser = Parts()
    parser.feed(html)
    return parser.parts


def squeeze(html):
    return re.sub(r"\s+", " ", html).strip()


@pytest.mark.parametrize("query", ["", "q=alder&modality=t-aav&type=nope", "q=nobody", "page=2", "page=x"])
def test_fragment_swapped_in_is_what_a_reload_shows(client, member, query):
    full_partner()
    make.OrganisationFactory.create_batch(PER_PAGE)
    page = client.get(f"{LIST}?{query}").content.decode()
    fragment = client.get(f"{LIST}?{query}", headers=HTMX).content.decode()
    assert "<html" not in fragment
    own, out_of_band = fragment.split('<span id="sheet-count"')
    assert squeeze(results_of(page)) == squeeze(own)
    parts = swapped('<span id="sheet-count"' + out_of_band)
    assert {"sheet-count", "filters-on", "facet-modality", "chosen-modality", "facet-scale"} <= set(parts)
    assert parts == {name: part for name, part in swapped(page).items() if name in parts}


def test_fragment_pushes_the_canonical_address(client, member):
    full_partner()
    response = client.get(f"{LIST}?q=&sort=name&modality=t-aav&modality=nope&page=9", headers=HTMX)
    assert response["HX-Push-Url"] == "/partners/?modality=t-aav"
    assert {"HX-Request", "HX-Target"} <= {name.strip() for name in response["Vary"].split(",")}


@pytest.mark.parametrize(
    "headers",
    [
        {"HX-Request": "true", "HX-Target": "browse", "HX-Boosted": "true"},
        {"HX-Request": "true", "HX-Target": "results", "HX-History-Restore-Request": "true"},
        {},
    ],
    ids=["chip", "history", "plain"],
)
def test_whole_page_where_more_than_the_results_changes(client, member, headers):
    response = client.get(LIST, headers=headers)
    assert "<html" in response.content.decode()
    assert "HX-Push-Url" not in response


# -- pages and bad addresses -----------------------------------------------------------------------------------


def test_pages_follow_each_other_without_loss(client, member):
    make.OrganisationFactory.create_batch(PER_PAGE + 2)
    first, second = client.get(LIST), client.get(LIST, {"page": 2})
    assert (len(names(first)), len(names(second))) == (PER_PAGE, 2)
    assert len({*names(first), *names(second)}) == PER_PAGE + 2
    assert 'href="?page=2"' in first.content.decode()


@pytest.mark.parametrize(
    ("page", "shown", "remark"),
    [
        ("99", 2, "There is no page “99”: there are 2 pages. This is the last one."),
        ("0", 2, "There is no page “0”: there are 2 pages. This is the last one."),
        ("-1", 2, "There is no page “-1”: there are 2 pages. This is the last one."),
        ("abc", 1, "“abc” is not a page number; this is the first page."),
        ("", 1, "“” is not a page number; this is the first page."),
        ("9" * 5000, 1, f"“{'9' * 40}…” is not a page number; this is the first page."),
        ("\x00", 1, "“” is not a page number; this is the first page."),
    ],
)
def test_page_that_does_not_exist_shows_the_nearest_and_says_so(client, member, page, shown, remark):
    make.OrganisationFactory.create_batch(PER_PAGE + 1)
    response = client.get(LIST, {"page": page})
    assert (response.status_code, response.context["page"].number) == (200, shown)
    assert response.context["remarks"] == [remark]


@pytest.mark.parametrize(
    "query",
    [
        "q=" + "x" * 5000,
        "q=%00",
        "q=%ff%fe",
        "q=%F0%9F%92%8A",
        "q='%20OR%201=1%20--",
        "q=%25%5C_",
        "modality=%00&service=%FF&country=<b>&type[]=1",
        "country=CH%00",
        "sort=%00&page=%00",
        "record=real&record=illustrative&record=neither",
        "&".join(f"modality=m{n}" for n in range(900)),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "fragment"])
def test_nonsense_in_the_address_is_never_a_server_error(client, member, query, headers):
    full_partner()
    response = client.get(f"{LIST}?{query}", headers=headers)
    assert response.status_code == 200
    assert "<b>" not in response.content.decode()


def test_what_was_typed_is_kept_and_escaped(client, member):
    response = client.get(LIST, {"q": '"><script>alert(1)</script>'})
    html = response.content.decode()
    assert 'value="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"' in html
    assert "<script>alert" not in html


def test_text_that_is_too_long_says_so_and_keeps_the_other_filters(client, member):
    full_partner()
    response = client.get(LIST, {"q": "x" * 5000, "modality": "t-aav"})
    assert names(response) == ["Aldermoor Biologics"]
    assert "The search text has 5,000 characters" in text(response)
    assert response.context["filter"].url() == "/partners/?modality=t-aav"


def test_writing_to_the_list_is_refused(client, member):
    assert client.post(LIST).status_code == 405


# -- nothing found -----------------------------------------------------------------------------------------------


def test_empty_catalogue_says_how_partners_get_there(client, member):
    page = text(client.get(LIST))
    assert "The catalogue is empty" in page
    assert "once a curator has imported a register" in page


def test_nothing_found_names_the_filters_to_drop_and_what_that_gives(client, member):
    full_partner()
    response = client.get(LIST, {"country": "DE", "modality": "t-aav", "q": "alder"})
    page = text(response)
    assert "0 partners" in page
    assert "No partner fits this search" in page
    assert "Why nothing is found: Drop Region and country Germany : 1 partner" in page
    assert "Drop Modality" not in page
    assert "Remove filter Region and country Germany" in page
    (reason,) = response.context["result"].reasons
    assert reason.url == "/partners/?q=alder&modality=t-aav"


def test_nothing_found_names_two_filters_where_one_does_not_help(client, member):
    full_partner()
    response = client.get(LIST, {"country": "DE", "modality": "t-aav", "q": "qqqq"})
    (reason,) = response.context["result"].reasons
    assert (reason.filters, reason.count) == ((("Region and country", "Germany"), ("Search", "qqqq")), 1)


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "fragment"])
def test_mistyped_name_shows_the_partners_with_similar_names_and_says_so(client, member, headers):
    full_partner()
    make.OrganisationFactory(name="Aldermere")
    make.OrganisationFactory(name="Other")
    response = client.get(LIST, {"q": "Aldermor bilogics", "modality": "t-aav"}, headers=headers)
    assert names(response) == ["Aldermoor Biologics"]
    page = text(response)
    assert "1 partner" in page
    assert "No exact match for “Aldermor bilogics”; showing similar names: “aldermoor biologics”" in page
    assert "Remove filter Search Aldermor bilogics" in page
    assert response.context["filter"].url() == "/partners/?q=Aldermor+bilogics&modality=t-aav"


def test_mistyped_name_that_other_filters_exclude_names_those_to_drop(client, member):
    full_partner()
    response = client.get(LIST, {"q": "aldermor", "country": "DE"})
    page = text(response)
    assert "0 partners" in page
    assert "No exact match for “aldermor”; looked for similar names: “aldermoor”." in page
    assert "Drop Region and country Germany : 1 partner" in page


def test_exact_match_says_nothing_of_spelling_and_nothing_like_it_finds_nothing(client, member):
    full_partner()
    assert "No exact match" not in text(client.get(LIST, {"q": "aldermoor"}))
    page = text(client.get(LIST, {"q": "qqqqqqq"}))
    assert "0 partners" in page
    assert "No exact match" not in page


# -- in a browser --------------------------------------------------------------------------------------------------


@pytest.fixture
def signed_in_page(browser_page, live_server, client):
    user = accounts.MembershipFactory().user
    client.force_login(user)
    cookie = client.cookies["sessionid"]
    browser_page.context.add_cookies(
        [{"name": "sessionid", "value": cookie.value, "url": live_server.url, "httpOnly": True}]
    )
    return browser_page


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_facet_chip_and_back_button_in_a_browser(signed_in_page):
    full_partner()
    make.OrganisationFactory(name="Other")
    page = signed_in_page
    page.goto(LIST)
    assert page.inner_text(".results-count") == "2 partners"
    page.get_by_label("AAV", exact=True).check()
    page.wait_for_url("**/partners/?modality=t-aav")
    assert page.inner_text(".results-count") == "1 partner"
    page.fill("#id_q", "nobody")
    page.wait_for_url("**/partners/?q=nobody&modality=t-aav")
    assert page.inner_text(".results-count") == "0 partners"
    page.reload()  # nothing hangs over the chips
    page.locator(".chip", has_text="AAV").locator("a").click()
    page.wait_for_url("**/partners/?q=nobody")
    page.get_by_label("AAV", exact=True).wait_for(state="detached")  # it would give nothing
    assert page.input_value("#id_q") == "nobody"
    page.go_back()
    page.wait_for_url("**/partners/?q=nobody&modality=t-aav")
    page.get_by_label("AAV", exact=True).and_(page.locator(":checked")).wait_for()
    assert page.locator("h1").count() == 1


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_filters_fold_behind_a_button_on_a_phone(signed_in_page):
    full_partner()
    page = signed_in_page
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(LIST)
    box = page.get_by_label("AAV", exact=True)
    assert not box.is_visible()
    page.get_by_role("button", name="Filters", exact=True).click()
    box.check()
    page.get_by_role("button", name="Show 1 partner").click()
    assert not box.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
