"""The compare tray and the side-by-side page: what is kept, what differs, what nobody knows, and for whom."""

import datetime
import re
from io import BytesIO

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.exceptions import ValidationError
from django.utils import timezone
from openpyxl import load_workbook
from playwright.sync_api import expect

from cmo_selector.accounts.models import Membership
from cmo_selector.accounts.roles import Role
from partners import models, selectors
from partners.compare import build_comparison
from partners.tray import SESSION_KEY
from tests.factories import accounts
from tests.factories import partners as make
from tests.factories.quotes import ProjectFactory

COMPARE, TRAY, XLSX = "/partners/compare/", "/partners/compare/tray/", "/partners/compare/export.xlsx"
HTMX = {"HX-Request": "true", "HX-Target": "compare-tray"}
QUERIES = 31  # session, user, memberships; who is asked for; partners and 24 kinds of rows; projects; notes


@pytest.fixture
def sign_in(client, db):
    def as_role(role=Role.MANAGER):
        client.force_login(accounts.MembershipFactory(role=role.value).user)
        return client

    return as_role


def text(response):
    """The visible text in one line."""
    html = re.sub(r"<(script|style|head)\b.*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def kept(client):
    return client.session.get(SESSION_KEY, [])


def partners(*names):
    return [make.OrganisationFactory(name=name, slug=name.lower()) for name in names]


def url(*slugs, **more):
    pairs = [*(f"partner={slug}" for slug in slugs), *(f"{k}={v}" for k, v in more.items())]
    return f"{COMPARE}?{'&'.join(pairs)}"


def full_partner(name, *, scale=200, sites=1, low=400_000):
    """A partner with one row of everything that is compared."""
    [organisation] = partners(name)
    make.OrganisationTypeFactFactory(organisation=organisation)
    make.ContractStructureFactFactory(organisation=organisation)
    make.IndustryFactFactory(organisation=organisation)
    make.CommercialTermsFactory(organisation=organisation, payment_days=45, cancellation_share="0.5")
    make.IndicativePriceFactory(organisation=organisation, low=low)
    make.TrackRecordFactory(organisation=organisation, last_year=2023)
    make.MetricValueFactory(organisation=organisation, metric=make.MetricFactory(label="On time"))
    make.RestrictedPartyEntryFactory(organisation=organisation)
    litre = make.ScaleUnitFactory(code="t-litre", symbol="L")
    for number in range(sites):
        site = make.FacilityFactory(organisation=organisation, name=f"{name} hall {number}", city="Basel")
        make.CapabilityFactory(
            facility=site,
            service=make.ServiceFactory(code="t-vector", label="Viral vector"),
            modality=make.ModalityFactory(code="t-aav", label="AAV"),
            scale_max=scale,
            scale_min=50,
            scale_unit=litre,
            gmp=True,
        )
        certificate = make.CertificateTypeFactory(code="t-gmp", label="EU GMP")
        make.CertificateFactory(
            facility=site, type=certificate, expires_on=timezone.localdate() + datetime.timedelta(days=400)
        )
        make.InspectionFactory(facility=site)
        make.RegulatoryActionFactory(facility=site)
        make.CapacitySlotFactory(
            facility=site,
            starts_on=timezone.localdate() + datetime.timedelta(days=30),
            quantity=3,
            unit=litre,
        )
    return organisation


def rows_of(*slugs, prices=True, only=False):
    """label → row, of the comparison of these partners."""
    found = {p.slug: p for p in selectors.partner_records(slugs, prices=prices)}
    table = build_comparison([found[s] for s in slugs], prices=prices, only_differences=only)
    return {row.label: row for topic in table.topics for row in topic.rows}


def words(row):
    return [[line.text for line in cell.lines] for cell in row.cells]


# -- tray ------------------------------------------------------------------------------------------------


def test_partners_are_kept_in_order_from_page_to_page(sign_in):
    client = sign_in()
    partners("Alder", "Birch")
    client.post(TRAY, {"add": "birch", "next": "/partners/?q=b"})
    response = client.post(TRAY, {"add": "alder", "next": "/partners/alder/"})
    assert (response.status_code, response.url) == (302, "/partners/alder/")
    assert kept(client) == ["birch", "alder"]
    for page in ("/partners/", "/partners/?q=nobody", "/partners/alder/"):
        html = client.get(page).content.decode()
        assert 'href="/partners/compare/?partner=birch&amp;partner=alder"' in html, page


def test_adding_twice_keeps_one_and_removing_an_absent_one_is_no_error(sign_in):
    client = sign_in()
    partners("Alder")
    for data in ({"add": "alder"}, {"add": "alder"}, {"remove": "nobody"}):
        assert client.post(TRAY, data).status_code == 302
    assert kept(client) == ["alder"]
    client.post(TRAY, {"remove": "alder"})
    assert kept(client) == []


def test_seventh_partner_is_refused_and_the_six_stay(sign_in):
    client = sign_in()
    six = [p.slug for p in partners("A", "B", "C", "D", "E", "F")]
    partners("G")
    for slug in six:
        client.post(TRAY, {"add": slug})
    response = client.post(TRAY, {"add": "g"}, headers=HTMX)
    assert response.status_code == 422
    assert "6 partners can be compared at once. Remove one before adding G." in text(response)
    page = client.post(TRAY, {"add": "g"}, follow=True)
    assert "Remove one before adding G." in text(page)
    assert kept(client) == six


@pytest.mark.parametrize("slug", ["nobody", "", "a b", "x" * 5000, "a\0b", "<b>", "é"])
def test_unknown_partner_is_refused(sign_in, slug):
    client = sign_in()
    response = client.post(TRAY, {"add": slug}, headers=HTMX)
    assert (response.status_code, kept(client)) == (422, [])
    assert "There is no such partner in the catalogue." in text(response)


def test_a_form_that_says_nothing_changes_nothing(sign_in):
    client = sign_in()
    response = client.post(TRAY, {}, headers=HTMX)
    assert response.status_code == 422
    assert "Say which partner to add or to remove." in text(response)


def test_a_partner_that_is_gone_leaves_the_tray_quietly(sign_in):
    client = sign_in()
    alder, _ = partners("Alder", "Birch")
    for slug in ("alder", "birch"):
        client.post(TRAY, {"add": slug})
    alder.delete()
    assert "Add one more to compare" in text(client.get("/partners/"))
    client.post(TRAY, {"remove": "x"})
    assert kept(client) == ["birch"]


def test_clear_empties_the_tray(sign_in):
    client = sign_in()
    partners("Alder")
    client.post(TRAY, {"add": "alder"})
    response = client.post(TRAY, {"clear": "1"}, headers=HTMX)
    assert kept(client) == []
    assert 'data-announce="0 partners to compare"' in response.content.decode()


@pytest.mark.parametrize(
    "target", ["https://example.org/", "//example.org", "javascript:alert(1)", "nope", "a\x00b", ""]
)
def test_the_way_back_never_leads_elsewhere(sign_in, target):
    assert sign_in().post(TRAY, {"clear": "1", "next": target}).url == "/partners/"


def test_reading_never_changes_the_tray(sign_in):
    client = sign_in()
    partners("Alder")
    assert client.get(TRAY, {"add": "alder"}).status_code == 405
    client.get(url("alder", "birch"))
    assert kept(client) == []


def test_tray_of_one_person_is_not_that_of_another(sign_in, client):
    partners("Alder")
    sign_in().post(TRAY, {"add": "alder"})
    assert kept(client) == ["alder"]
    client.logout()
    sign_in()
    assert kept(client) == []


def section(html):
    return re.search(r'<section class="compare-tray"[^>]*>(.*?)</section>', html, re.DOTALL)[1]


def without_token(html):
    return re.sub(r"\s+", " ", re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", html)).strip()


@pytest.mark.parametrize("data", [{"add": "birch"}, {"remove": "alder"}, {"clear": "1"}])
def test_fragment_swapped_in_is_what_a_reload_shows(sign_in, data):
    client = sign_in()
    partners("Alder", "Birch")
    client.post(TRAY, {"add": "alder"})
    fragment = client.post(TRAY, {**data, "next": "/partners/?q=a"}, headers=HTMX).content.decode()
    assert "<html" not in fragment
    assert 'name="csrfmiddlewaretoken"' in fragment
    page = client.get("/partners/?q=a").content.decode()
    assert without_token(fragment) == without_token(section(page))


def test_button_says_whether_its_partner_is_kept(sign_in):
    client = sign_in()
    partners("Alder", "Birch")
    client.post(TRAY, {"add": "birch"})
    html = client.get("/partners/").content.decode()
    found = re.findall(r'name="(add|remove)" value="(\w+)" aria-pressed="(\w+)"', html)
    assert found == [("add", "alder", "false"), ("remove", "birch", "true")]


@pytest.mark.parametrize("count", [1, 3])
def test_tray_costs_one_query_and_none_while_empty(sign_in, django_assert_num_queries, count):
    client = sign_in()
    with django_assert_num_queries(3):  # session, user, memberships
        client.post(TRAY, {"clear": "1"}, headers=HTMX)
    for partner in partners("A", "B", "C")[:count]:
        client.post(TRAY, {"add": partner.slug})
    with django_assert_num_queries(7):  # the same, the names, and the session saved in a savepoint
        client.post(TRAY, {"remove": "d"}, headers=HTMX)


# -- the page --------------------------------------------------------------------------------------------


def test_page_without_names_goes_to_what_the_tray_holds(sign_in):
    client = sign_in()
    partners("Alder", "Birch")
    assert "Choose at least two partners" in text(client.get(COMPARE))
    for slug in ("birch", "alder"):
        client.post(TRAY, {"add": slug})
    assert client.get(COMPARE).url == url("birch", "alder")


@pytest.mark.parametrize(
    ("slugs", "remark"),
    [
        (["alder"], ""),
        (["alder", "alder"], ""),
        (["alder", "nobody"], "No partner is called “nobody”."),
        (["%00", "%3Cscript%3E", "x" * 500], "No partner is called “”, “<script>”, “xxxxx"),
        ([f"n{n}" for n in range(5)], "No partner is called “n0”, “n1”, “n2” and 2 more."),
    ],
)
def test_too_few_partners_are_no_comparison(sign_in, slugs, remark):
    partners("Alder")
    response = sign_in().get(url(*slugs))
    assert response.status_code == 200
    page = text(response).replace("&lt;", "<").replace("&gt;", ">")
    assert "Choose at least two partners" in page
    assert ("Part of this address was left out" in page) is bool(remark)
    assert remark in page


def test_order_is_that_of_the_address_and_repeats_count_once(sign_in):
    partners("Alder", "Birch")
    response = sign_in().get(url("birch", "alder", "birch"))
    assert [p.slug for p in response.context["partners"]] == ["birch", "alder"]


def test_partners_beyond_six_are_left_out_with_a_remark(sign_in):
    slugs = [p.slug for p in partners(*"ABCDEFGH")]
    response = sign_in().get(url(*slugs))
    assert [p.slug for p in response.context["partners"]] == slugs[:6]
    assert "6 partners can be compared at once; 2 further ones were left out." in text(response)


def test_an_address_with_thousands_of_names_is_no_error(sign_in):
    response = sign_in().get(url(*(f"n{n}" for n in range(900))))
    assert response.status_code == 200


def test_no_partner_can_hide_the_page_behind_its_slug(sign_in):
    make.OrganisationFactory(name="Compare", slug="compare")
    assert "Choose at least two partners" in text(sign_in().get(COMPARE))


def test_slug_of_the_page_is_refused_with_a_message(db):
    with pytest.raises(ValidationError) as refused:
        make.OrganisationFactory.build(slug="compare", source=make.SourceFactory()).full_clean()
    assert refused.value.message_dict == {
        "slug": ["“compare” is the address of a page; choose another short name."]
    }


def test_page_shows_every_topic_with_evidence_within_reach(sign_in):
    full_partner("Alder")
    full_partner("Birch", scale=2000)
    response = sign_in().get(url("alder", "birch"))
    html, page = response.content.decode(), text(response)
    titles = [
        "Organisation", "Sites", "Modalities and services", "Scale and containment", "Quality record",
        "Capacity", "Terms and prices", "Track record", "Measures",
    ]  # fmt: skip
    assert re.findall(r'<th scope="rowgroup"[^>]*><span>(.*?)</span>', html) == titles
    for said in ("50–200 L", "50–2,000 L", "Alder hall 0", "USD 400,000 to USD 650,000", "Test source"):
        assert said in page
    assert html.count("<h1") == 1


def test_unknown_cell_is_written_unknown(sign_in):
    partners("Alder", "Birch")
    html = sign_in().get(url("alder", "birch")).content.decode()
    row = re.search(r"<span>Owner</span>.*?</tr>", html, re.DOTALL)[0]
    assert row.count('class="unknown') == 2


def test_differences_only_keeps_rows_that_differ_or_are_partly_unknown(sign_in):
    alder, birch = full_partner("Alder"), full_partner("Birch", scale=2000)
    alder.founded_year = 1990
    for partner in (alder, birch):
        make.OwnershipFactory(organisation=partner, owner="Family")
    alder.save()
    birch.save()
    rows = rows_of("alder", "birch", only=True)
    assert [(r.label, r.differs, r.partly_unknown) for r in rows.values()] == [
        ("Founded", False, True),
        ("Viral vector: AAV, scale", True, False),
    ]
    client = sign_in()
    page = client.get(url("alder", "birch", only="differences"))
    assert "Family" not in text(page)
    assert "No differences in 3 rows." in text(page)
    assert 'href="/partners/compare/?partner=alder&amp;partner=birch">All rows' in page.content.decode()
    everything = client.get(url("alder", "birch"))
    assert "Family" in text(everything)
    assert everything.content.decode().count('class="is-different"') == 1


def test_process_that_is_not_listed_is_a_no_only_where_lists_are_complete(db):
    full_partner("Alder")
    [birch, cedar] = partners("Birch", "Cedar")
    make.FacilityFactory(organisation=birch)
    make.FacilityFactory(organisation=cedar, capabilities_complete_on=datetime.date(2025, 5, 1))
    row = rows_of("alder", "birch", "cedar")["Viral vector: AAV"]
    assert words(row) == [["GMP"], [], ["not offered (lists of processes are complete)"]]
    assert (row.differs, row.partly_unknown) == (True, True)
    # what a service without a modality, or its branch, may stand for is not denied
    aav = models.Capability.objects.get()
    branch = make.ServiceFactory(code="t-branch", label="Substances")
    models.Service.objects.filter(pk=aav.service_id).update(parent=branch)
    site = cedar.facilities.get()
    for service, modality in ((aav.service, None), (branch, aav.modality), (branch, None)):
        models.Capability.objects.filter(facility=site).delete()
        make.CapabilityFactory(facility=site, service=service, modality=modality)
        assert words(rows_of("alder", "birch", "cedar")["Viral vector: AAV"])[2] == []
    models.Capability.objects.filter(facility=site).delete()
    make.CapabilityFactory(facility=birch.facilities.get(), service=aav.service, modality=None)
    assert words(rows_of("alder", "birch", "cedar")["Viral vector"])[2] == []


def test_nothing_on_record_is_not_called_a_difference(db):
    partners("Alder", "Birch")
    rows = rows_of("alder", "birch")
    assert [row.label for row in rows.values() if row.notable] == []
    assert words(rows["Regulatory actions not closed"]) == [["none known"], ["none known"]]
    assert words(rows["Number of sites"]) == [[], []]


def test_listings_are_told_by_the_day(db):
    alder, birch, _ = partners("Alder", "Birch", "Cedar")
    day, listed = datetime.date(2020, 1, 1), make.RestrictedPartyListFactory(name="List 1260H")
    make.RestrictedPartyEntryFactory(
        organisation=alder, list=listed, effective_from=day, effective_until=day.replace(year=2021)
    )
    make.RestrictedPartyEntryFactory(organisation=birch, list=listed, effective_from=day)
    row = rows_of("alder", "birch", "cedar")["Restricted-party lists"]
    assert words(row) == [
        ["was on List 1260H, from 2020-01-01 to 2021-01-01"], ["List 1260H, from 2020-01-01"], ["none known"],
    ]  # fmt: skip
    assert row.differs


def test_last_inspection_is_the_newest_of_all_sites(db):
    alder, _ = full_partner("Alder"), partners("Birch")
    make.InspectionFactory(
        facility=make.FacilityFactory(organisation=alder, name="New hall"),
        ended_on=datetime.date(2025, 3, 1),
        outcome="oai",
    )
    [line] = rows_of("alder", "birch")["Last inspection"].cells[0].lines
    assert (line.text, line.where) == ("2025-03-01, Fda: Official action indicated (OAI)", "New hall")


def test_last_audit_is_told_with_who_held_it_how_it_ended_and_what_is_open(db):
    alder, _ = full_partner("Alder"), partners("Birch")
    hall = make.FacilityFactory(organisation=alder, name="New hall")
    make.AuditFactory(facility=hall, audited_on=datetime.date(2025, 3, 1), outcome="major", open_actions=2)
    make.AuditFactory(facility=hall, audited_on=datetime.date(2024, 3, 1), outcome="none", open_actions=None)
    first, second = rows_of("alder", "birch")["Last audit by a sponsor or third party"].cells
    assert [(line.text, line.where) for line in first.lines] == [
        ("2025-03-01, Sponsor or customer: Major findings, 2 open actions", "New hall")
    ]
    assert not second.known


def test_long_cells_show_the_first_lines_and_fold_the_rest(sign_in):
    one, other = partners("Many", "One")
    for number in range(8):
        make.TrackRecordFactory(organisation=one, kind="listing", count=1, description=f"Substance {number}")
    make.TrackRecordFactory(organisation=other, kind="listing", count=1, description="Iron")
    html = sign_in().get(url("many", "one")).content.decode()
    shown, folded = html.split('<details class="compare-more">')
    assert [n for n in range(8) if f"Substance {n}, 1" in shown] == [0, 1, 2, 3, 4]
    assert '<summary>and <span class="num">3</span> more</summary>' in folded
    assert [n for n in range(8) if f"Substance {n}, 1" in folded] == [5, 6, 7]


def test_past_slots_are_not_capacity(db):
    [alder, _] = partners("Alder", "Birch")
    site = make.FacilityFactory(organisation=alder)
    make.CapacitySlotFactory(
        facility=site, starts_on=datetime.date(2020, 1, 1), ends_on=datetime.date(2020, 6, 1)
    )
    running = make.CapacitySlotFactory(facility=site, starts_on=datetime.date(2020, 1, 1))
    rows = rows_of("alder", "birch")
    [line] = rows["Earliest open slot"].cells[0].lines
    assert (line.text, line.fact) == (timezone.localdate().isoformat(), running)
    assert len(rows["Slots from today"].cells[0].lines) == 1


@pytest.mark.parametrize(
    ("role", "seen"),
    [(Role.OWNER, True), (Role.MANAGER, True), (Role.VIEWER, True), (Role.EVALUATOR, False)],
)
def test_terms_and_prices_follow_the_role(sign_in, role, seen):
    full_partner("Alder")
    full_partner("Birch")
    client = sign_in(role)
    page = text(client.get(url("alder", "birch")))
    assert ("USD 400,000" in page, "Minimum project" in page) == (seen, seen)
    assert ("Terms and prices are hidden for your role." in page) is not seen
    body = client.get(url("alder", "birch").replace(COMPARE, XLSX)).content
    cells = [cell for sheet in load_workbook(BytesIO(body)) for row in sheet.values for cell in row]
    assert any("USD" in str(cell) for cell in cells) is seen


def test_curator_without_a_sponsor_compares_with_prices(client, db):
    full_partner("Alder")
    full_partner("Birch")
    client.force_login(accounts.CuratorFactory())
    page = text(client.get(url("alder", "birch")))
    assert "USD 400,000" in page
    assert "Add all to project" not in page


@pytest.mark.parametrize(("count", "sites"), [(2, 1), (3, 3), (6, 2)])
def test_queries_do_not_grow_with_partners_or_sites(sign_in, django_assert_num_queries, count, sites):
    slugs = [full_partner(f"P{n}", sites=sites).slug for n in range(count)]
    client = sign_in()
    with django_assert_num_queries(QUERIES):
        client.get(url(*slugs))


# -- workbook --------------------------------------------------------------------------------------------


def test_workbook_holds_the_table_and_its_sources(sign_in):
    full_partner("Alder")
    full_partner("Birch", scale=2000)
    response = sign_in().get(url("alder", "birch").replace(COMPARE, XLSX))
    assert response["Content-Disposition"].startswith('attachment; filename="comparison-')
    book = load_workbook(BytesIO(response.content))
    assert book.sheetnames == ["Comparison", "Evidence", "About"]
    rows = [list(row) for row in book["Comparison"].values]
    assert rows[0] == ["Topic", "Item", "Alder (illustrative)", "Birch (illustrative)", "Differs"]
    scale = ["Alder hall 0: 50–200 L", "Birch hall 0: 50–2,000 L"]
    assert ["Scale and containment", "Viral vector: AAV, scale", *scale, "differs"] in rows
    assert ["Organisation", "Owner", "unknown", "unknown", "no"] in rows
    evidence = [list(row) for row in book["Evidence"].values]
    assert [
        *("Alder", "yes", "Scale and containment", "Viral vector: AAV, scale", "50–200 L", "Alder hall 0"),
        *("Test source", "none", "none", datetime.datetime(2025, 9, 1), "Document checked", "no end stated"),  # noqa: DTZ001
    ] in evidence


def test_workbook_of_differences_holds_only_those(sign_in):
    full_partner("Alder")
    full_partner("Birch", scale=2000)
    response = sign_in().get(url("alder", "birch", only="differences").replace(COMPARE, XLSX))
    rows = [list(row)[1] for row in load_workbook(BytesIO(response.content))["Comparison"].values]
    assert rows == ["Item", "Viral vector: AAV, scale"]


def test_workbook_neutralises_formulas(sign_in):
    risky = make.OrganisationFactory(name="=1+1", slug="a", illustrative=False)
    make.OwnershipFactory(organisation=risky, owner="@SUM(A1)")
    partners("Birch")
    body = sign_in().get(url("a", "birch").replace(COMPARE, XLSX)).content
    sheet = load_workbook(BytesIO(body))["Comparison"]
    assert sheet["C1"].value == "'=1+1"
    assert "'@SUM(A1)" in [cell.value for cell in sheet["C"]]
    assert {cell.data_type for row in sheet for cell in row} == {"s"}


def test_workbook_of_one_partner_leads_back_to_the_page(sign_in):
    partners("Alder")
    assert sign_in().get(url("alder").replace(COMPARE, XLSX)).url == url("alder")


# -- in a browser ----------------------------------------------------------------------------------------


@pytest.fixture
def signed_in_page(browser_page, live_server, client):
    client.force_login(accounts.MembershipFactory().user)
    value = client.cookies["sessionid"].value
    browser_page.context.add_cookies(
        [{"name": "sessionid", "value": value, "url": live_server.url, "httpOnly": True}]
    )
    return browser_page


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("width", [360, 1280])
def test_two_partners_are_picked_and_compared_in_a_browser(signed_in_page, width):
    full_partner("Alder")
    full_partner("Birch", scale=2000)
    ProjectFactory(sponsor=Membership.objects.get().sponsor, name="Vector")
    page = signed_in_page
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/partners/")
    alder = page.get_by_role("button", name="Compare Alder")
    alder.click()
    page.get_by_text("Add one more to compare").wait_for()
    assert alder.get_attribute("aria-pressed") == "true"
    page.get_by_role("button", name="Compare Birch").click()
    page.get_by_role("link", name="Compare 2 of 6").wait_for()
    alder.click()  # pressed: takes it out again
    page.get_by_text("Add one more to compare").wait_for()
    assert alder.get_attribute("aria-pressed") == "false"
    assert page.url.endswith("/partners/")
    page.goto("/partners/alder/")
    page.get_by_role("button", name="Compare Alder").click()
    page.get_by_role("link", name="Compare 2 of 6").click()
    page.wait_for_url("**/partners/compare/?partner=birch&partner=alder")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    violations = Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:160]) for v in violations] == []
    page.get_by_role("link", name="Differences only").click()
    page.wait_for_url("**only=differences")
    names = page.locator("tbody th[scope=row] > span:first-child").all_inner_texts()
    assert names == ["Viral vector: AAV, scale"]
    page.get_by_role("link", name="All rows").click()
    page.wait_for_url("**partner=alder")
    page.get_by_role("navigation", name="Topics").get_by_role("link", name="Quality record").click()
    expect(page.locator("#quality .compare-topic")).to_be_in_viewport()
    with page.expect_download() as download:
        page.get_by_role("link", name="Export XLSX").click()
    assert load_workbook(BytesIO(download.value.path().read_bytes())).sheetnames == [
        "Comparison",
        "Evidence",
        "About",
    ]
    scroller = page.get_by_role("region", name="Partners side by side")
    scroller.evaluate("element => element.scrollTo(9999, 0)")
    assert page.get_by_text("50–200 L").first.is_visible()
    assert page.locator("tbody th[scope=row]").first.is_visible()
    page.get_by_text("Add all to project").click()
    page.get_by_role("button", name="Add all to “Vector”").click()
    page.wait_for_url("**/shortlist/")
    for name in ("Alder", "Birch"):
        expect(page.locator("main")).to_contain_text(name)


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_tray_works_without_javascript(signed_in_page, browser, live_server):
    full_partner("Alder")
    context = browser.new_context(java_script_enabled=False, base_url=live_server.url)
    context.add_cookies(signed_in_page.context.cookies())
    page = context.new_page()
    page.goto("/partners/?q=alder")
    page.get_by_role("button", name="Compare Alder").click()
    page.get_by_text("Add one more to compare").wait_for()
    assert page.url.endswith("/partners/?q=alder")
    page.get_by_role("button", name="Remove Alder from the tray").click()
    page.wait_for_load_state()
    assert page.get_by_text("Add one more to compare").count() == 0
    context.close()
