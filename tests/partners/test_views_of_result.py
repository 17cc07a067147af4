"""The same search as cards, as a table with chosen columns, and as a map."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.http import QueryDict
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import expect

from cmo_selector.accounts.roles import Role
from partners.browse import browse
from partners.map_charts import Box
from partners.result_map import CELLS_ACROSS, Area, Cluster, build_map, merged
from partners.shown import COLUMNS
from tests.factories import accounts
from tests.factories import partners as make

LIST = "/partners/"
HTMX = {"HX-Request": "true", "HX-Target": "results"}


def squeeze(html):
    return re.sub(r"\s+", " ", html).strip()


def text(html):
    return squeeze(
        re.sub(r"<[^>]+>", " ", re.sub(r"<(script|style|head|svg)\b.*?</\1>", " ", html, flags=re.DOTALL))
    )


@pytest.fixture
def member(client, db):
    member = accounts.MembershipFactory(role=Role.MANAGER.value)
    client.force_login(member.user)
    return member


def partner(name, **site):
    """A partner with one row of everything a column shows."""
    found = make.OrganisationFactory(name=name, founded_year=1999, employees=1200)
    make.OrganisationTypeFactFactory(organisation=found)
    make.IndustryFactFactory(
        organisation=found, industry=make.IndustryFactory(code="t-pharma", label="Pharma")
    )
    make.ContractStructureFactFactory(
        organisation=found, structure=make.ContractStructureFactory(code="t-toll", label="Toll")
    )
    make.CommercialTermsFactory(organisation=found)
    site = make.FacilityFactory(
        organisation=found, **{"name": f"{name} plant", "city": "Basel", "country": "CH", "latitude": "47.5",
                               "longitude": "7.5", **site},
    )  # fmt: skip
    make.CapabilityFactory(
        facility=site,
        modality=make.ModalityFactory(code="t-aav", label="AAV"),
        service=make.ServiceFactory(code="t-vector", label="Viral vector"),
    )
    return found


# -- table -----------------------------------------------------------------------------------------------------


def headings(html):
    return [
        squeeze(re.sub("<[^>]+>", "", cell))
        for cell in re.findall(r"<th scope=\"col\"[^>]*>(.*?)</th>", html)
    ]


def test_table_shows_the_chosen_columns_in_their_order_and_keeps_them_in_every_address(client, member):
    partner("Aldermoor")
    html = client.get(
        f"{LIST}?view=table&column=checked&column=minimum&column=sites&country=CH"
    ).content.decode()
    assert headings(html)[:5] == ["Partner", "Sites", "Minimum project", "Last checked", "Compare"]
    assert "Aldermoor" in text(html)
    assert "1 USD 1,000,000 2025-09-01" in text(html)
    kept = "view=table&amp;column=sites&amp;column=minimum&amp;column=checked"
    assert f'href="/partners/export.csv?country=CH&amp;{kept}"' in html
    assert f'href="/partners/?{kept}"' in html  # the chip of Switzerland
    assert '<a href="/partners/?country=CH"' in html  # as cards
    assert '<input type="hidden" name="view" value="table">' in html


def test_every_column_says_what_is_known_and_unknown_else(client, member):
    partner("Aldermoor")
    make.OrganisationFactory(name="Bare")
    address = f"{LIST}?view=table&" + "&".join(f"column={code}" for code in COLUMNS)
    rows = re.findall(r"<tr[^>]*>.*?</tr>", client.get(address).content.decode(), re.DOTALL)
    known = [text(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", rows[1], re.DOTALL)][:-1]
    bare = [text(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", rows[2], re.DOTALL)][:-1]
    assert known == [
        "Cdmo", "1", "Switzerland", "Viral vector", "AAV", "unknown", "Pharma", "Toll", "USD 1,000,000",
        "1999", "1,200", "Document checked", "Test source", "2025-09-01",
    ]  # fmt: skip
    assert bare == [
        *["unknown"] * 11, "Document checked", "Test source", "2025-09-01",
    ]  # fmt: skip


def test_prices_are_no_column_for_a_role_that_does_not_see_them(client, member):
    member.role = Role.EVALUATOR.value
    member.save()
    partner("Aldermoor")
    html = client.get(f"{LIST}?view=table&column=minimum&column=sites").content.decode()
    assert "1,000,000" not in html
    assert headings(html)[:2] == ["Partner", "Sites"]
    assert "“minimum” is not known here" in html


@pytest.mark.parametrize("count", [1, 3])
def test_queries_of_the_table_do_not_grow_with_its_rows(client, member, django_assert_num_queries, count):
    for n in range(count):
        partner(f"Partner {n}")
    address = f"{LIST}?view=table&" + "&".join(f"column={code}" for code in COLUMNS)
    client.get(address)
    with django_assert_num_queries(16):
        assert len(client.get(address).context["table"].rows) == count


# -- swapped in ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    ["view=table", "view=table&column=sites&country=CH", "view=map", "view=map&country=CH", "view=map&q=nobody",
     "view=nothing&column=nothing", "view=table&page=9", "view=%00&column=%FF"],
)  # fmt: skip
def test_fragment_swapped_in_is_what_a_reload_shows(client, member, query):
    partner("Aldermoor")
    page = client.get(f"{LIST}?{query}").content.decode()
    fragment = client.get(f"{LIST}?{query}", headers=HTMX).content.decode()
    own = fragment.split('<span id="sheet-count"')[0]
    whole = re.search(r'<section class="results"[^>]*>(.*?)</section>', page, re.DOTALL)[1]
    assert squeeze(whole) == squeeze(own)


# -- map -------------------------------------------------------------------------------------------------------


def result(query=""):
    return browse(QueryDict(query), None)


def test_map_clusters_sites_and_counts_countries_and_what_has_no_position(db):
    partner("Aldermoor")
    partner("Birch", latitude="47.51", longitude="7.51")
    partner("Cedar", city="Zürich", latitude="47.4", longitude="8.5")
    partner("Dale", city="Boston", country="US", latitude="42.4", longitude="-71.1")
    partner("Elm", city="", country="US", latitude=None, longitude=None)
    found = build_map(result())
    assert [(c.place, c.sites) for c in found.clusters] == [
        ("Basel, Switzerland and 1 more place", 3), ("Boston, United States of America", 1),
    ]  # fmt: skip
    assert [(row.name, row.sites, row.partners) for row in found.countries] == [
        ("Switzerland", 3, 3), ("United States of America", 2, 2),
    ]  # fmt: skip
    assert found.countries[0].url == "/partners/?country=CH&view=table"
    assert (found.sites, found.unplaced) == (5, 1)
    near = build_map(result("country=CH"))
    assert [(c.city, c.sites) for c in near.clusters] == [("Basel", 2), ("Zürich", 1)]
    assert near.spec["projection"]["type"] == "equirectangular"


def test_map_shows_the_sites_that_fulfil_the_search_only(db):
    found = partner("Aldermoor")
    make.FacilityFactory(organisation=found, name="Elsewhere", country="US", latitude="42", longitude="-71")
    assert [(c.country, c.sites) for c in build_map(result("modality=t-aav")).clusters] == [("CH", 1)]


def test_map_without_any_position_says_so(client, member):
    partner("Elm", latitude=None, longitude=None)
    html = client.get(f"{LIST}?view=map").content.decode()
    assert "data-vega-spec" not in html
    assert "1 site; 1 of them not on the map, because its position is unknown." in text(html)
    assert "Switzerland 1 1" in text(html)


@pytest.mark.parametrize("count", [1, 3])
def test_queries_of_the_map_do_not_grow_with_the_sites(client, member, django_assert_num_queries, count):
    for n in range(count):
        partner(f"Partner {n}", latitude=str(40 + n))
    client.get(f"{LIST}?view=map")
    with django_assert_num_queries(7):
        assert client.get(f"{LIST}?view=map").context["map"].sites == count


def test_a_cluster_opens_with_all_its_sites_and_no_others(db):
    partner("Aldermoor")
    partner("Birch", latitude="47.51", longitude="7.51")
    partner("Cedar", city="Zürich", latitude="47.4", longitude="8.5")
    partner("Dale", city="Boston", country="US", latitude="42.4", longitude="-71.1")
    swiss = build_map(result()).clusters[0]
    assert swiss.url == "/partners/?at=47.4%2C7.5%2C47.51%2C8.5&view=map"
    opened = build_map(result(), swiss.area.at)
    assert [(c.place, c.sites) for c in opened.clusters] == [
        ("Basel, Switzerland", 2),
        ("Zürich, Switzerland", 1),
    ]
    assert [site.organisation.name for site in opened.opened.sites] == ["Aldermoor", "Birch", "Cedar"]
    assert (opened.opened.count, opened.opened.url, opened.sites) == (3, "/partners/?view=map", 4)
    basel = build_map(result("modality=t-aav"), opened.clusters[0].area.at)
    assert [site.city for site in basel.opened.sites] == ["Basel", "Basel"]
    assert basel.clusters[0].url.startswith("/partners/?modality=t-aav&at=")


@pytest.mark.parametrize(
    "at", ["x", "1,2,3", "9,9,1,1", "nan,0,1,1", "0,0,91,0", "1e999,0,0,0", "\x00", "<b>,1,2,3", "1" * 5000]
)
def test_an_area_that_is_none_is_left_out_with_a_remark(client, member, at):
    partner("Aldermoor")
    html = client.get(LIST, {"view": "map", "at": at}).content.decode()
    assert "is no part of the map; the whole of it is shown." in text(html)
    assert "Sites found, by country" in html
    assert "<b>,1" not in html


def test_an_area_without_a_site_of_the_search_says_so(client, member):
    partner("Aldermoor")
    page = text(client.get(LIST, {"view": "map", "at": "0,0,1,1"}).content.decode())
    assert "0 of 1 sites are in this part of the map. Show the whole map" in page
    assert "No site of this search is in this part of the map." in page


@pytest.mark.parametrize("count", [1, 3])
def test_queries_of_an_opened_cluster_do_not_grow(client, member, django_assert_num_queries, count):
    for n in range(count):
        partner(f"Partner {n}")
    client.get(f"{LIST}?view=map")
    with django_assert_num_queries(8):
        answer = client.get(f"{LIST}?view=map&at=47,7,48,8")
    assert len(answer.context["map"].opened.sites) == count


def place(latitude, longitude, sites):
    return Cluster(
        latitude, longitude, sites, "City", "CH", 1, Area(latitude, longitude, latitude, longitude)
    )


places = st.lists(
    st.builds(place, st.floats(-90, 90), st.floats(-180, 180), st.integers(1, 500)), min_size=1, max_size=60
)


@given(places)
@settings(max_examples=60, deadline=None)
def test_clusters_lose_no_site_and_stay_among_their_places(given_places):
    box = Box.of((place.longitude, place.latitude) for place in given_places)
    clusters = merged(given_places, box.width / CELLS_ACROSS)
    assert sum(c.sites for c in clusters) == sum(p.sites for p in given_places)
    assert sum(c.cities for c in clusters) == len(given_places)
    for cluster in clusters:
        assert min(p.latitude for p in given_places) - 1e-6 <= cluster.latitude
        assert cluster.longitude <= max(p.longitude for p in given_places) + 1e-6
        assert Area.read(cluster.area.at) is not None  # what an address says can be read again
    for given_place in given_places:
        assert any(
            area.south <= given_place.latitude <= area.north
            and area.west <= given_place.longitude <= area.east
            for area in (Area.read(cluster.area.at) for cluster in clusters)
        )
    assert [c.sites for c in clusters] == sorted((c.sites for c in clusters), reverse=True)


# -- in a browser ----------------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_views_follow_each_other_and_keep_the_search(browser_page, live_server, client, width, scheme):
    client.force_login(accounts.MembershipFactory().user)
    cookie = client.cookies["sessionid"]
    page = browser_page
    page.context.add_cookies(
        [{"name": "sessionid", "value": cookie.value, "url": live_server.url, "httpOnly": True}]
    )
    partner("Aldermoor")
    partner("Boston Works", city="Boston", country="US", latitude="42.4", longitude="-71.1")
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{LIST}?modality=t-aav")
    page.get_by_role("link", name="Table", exact=True).click()
    page.wait_for_url("**/partners/?modality=t-aav&view=table")
    page.locator(".columns-picker summary").click()
    page.get_by_label("Countries").uncheck()
    page.get_by_role("button", name="Show columns").click()
    page.get_by_role("columnheader", name="Countries").wait_for(state="detached")
    assert "column=types" in page.url
    page.fill("#id_q", "boston")
    page.locator(".results-count", has_text="1 partner").wait_for()
    assert page.get_by_role("columnheader", name="Countries").count() == 0
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Map", exact=True).click()
    page.locator(".chart-canvas[data-drawn=true] svg").wait_for()
    circles = page.locator(".chart-canvas svg .mark-symbol path")
    expect(circles).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert [v["id"] for v in Axe().run(page).response["violations"]] == []
    # a place opens: at a desk by its circle, on a phone by keyboard from the table behind the map
    if width > 1000:
        circles.click()
    else:
        page.locator(".chart-table summary").focus()
        page.keyboard.press("Enter")
        page.get_by_role("link", name="Boston, United States of America").focus()
        page.keyboard.press("Enter")
    page.wait_for_url("**at=42.4*")
    expect(page.locator(".map-said")).to_contain_text("1 of 1 sites are in this part of the map.")
    sites = page.get_by_role("region", name="Sites in this part of the map")
    expect(sites.get_by_role("rowheader")).to_have_text("Boston Works plant")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator(".chart-canvas[data-drawn=true] svg").wait_for()
    assert [v["id"] for v in Axe().run(page).response["violations"]] == []
    page.get_by_role("link", name="Show the whole map").click()
    page.wait_for_url("**modality=t-aav&view=map")
    country = page.get_by_role("link", name="United States of America", exact=True)
    country.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**view=table**")
    assert page.inner_text(".results-count") == "1 partner"


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_map_without_scripts_is_the_table_behind_it(browser_page, browser, live_server, client):
    client.force_login(accounts.MembershipFactory().user)
    cookie = client.cookies["sessionid"]
    partner("Aldermoor")
    partner("Boston Works", city="Boston", country="US", latitude="42.4", longitude="-71.1")
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": live_server.url}])
    page = context.new_page()
    page.goto(f"{LIST}?modality=t-aav")
    page.get_by_role("link", name="Map", exact=True).click()
    page.wait_for_url("**/partners/?modality=t-aav&view=map")
    assert not page.locator(".chart-canvas").is_visible()  # no empty frame where scripts would draw
    places = page.get_by_role("region", name="Places on the map").get_by_role("rowheader")
    assert sorted(places.all_inner_texts()) == ["Basel, Switzerland", "Boston, United States of America"]
    places.get_by_role("link", name="Boston, United States of America").click()
    sites = page.get_by_role("region", name="Sites in this part of the map").get_by_role("rowheader")
    assert sites.all_inner_texts() == ["Boston Works plant"]
    page.get_by_role("link", name="Show the whole map").click()
    page.get_by_role("link", name="Switzerland", exact=True).click()
    assert page.inner_text(".results-count") == "1 partner"
    assert "modality=t-aav" in page.url
    context.close()
