"""The facets in a real browser: at a desk, on a phone, and without scripts."""

import contextlib

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.factories import accounts
from tests.factories import partners as make

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def vector_house(name, *sites):
    """A partner with sites given as (country, modality, largest scale in litres, GMP)."""
    organisation = make.OrganisationFactory(name=name)
    for country, modality, litres, gmp in sites:
        make.CapabilityFactory(
            facility=make.FacilityFactory(
                organisation=organisation, name=f"{name} {country}", country=country
            ),
            service=make.ServiceFactory(code="t-vector", label="Viral vector"),
            modality=make.ModalityFactory(code=f"t-{modality.lower()}", label=modality),
            scale_min=1,
            scale_max=litres,
            scale_unit=make.ScaleUnitFactory(code="t-litre", symbol="L"),
            gmp=gmp,
        )


@pytest.fixture
def market(db):
    vector_house("Aldermoor", ("DE", "AAV", 500, True))
    vector_house("Brackford", ("DE", "AAV", 50, True), ("US", "AAV", 500, True))
    vector_house("Copperfield", ("US", "Plasmid", 2000, False))


@pytest.fixture
def page(market, browser_page, live_server, client):
    client.force_login(accounts.MembershipFactory().user)
    cookie = client.cookies["sessionid"].value
    browser_page.context.add_cookies(
        [{"name": "sessionid", "value": cookie, "url": live_server.url, "httpOnly": True}]
    )
    return browser_page


def open_facet(page, label):
    """Unfolds a facet unless it is unfolded."""
    facet = page.locator("details.facet").filter(has=page.locator("summary", has_text=label))
    if facet.get_attribute("open") is None:
        facet.locator("summary").first.click()


@contextlib.contextmanager
def answered(page):
    """Waits until the results that the block asked for stand in the page; an act before would break them off."""
    with page.expect_response(lambda r: r.request.headers.get("hx-target") == "results"):
        yield
    expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added")).to_have_count(0)


def type_into(page, field, text):
    """Types and leaves the field, which is when it is searched for."""
    page.locator(field).fill(text)
    with answered(page):
        page.locator(field).press("Tab")


def assert_no_axe_findings(page):
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_gmp_aav_at_200_litres_in_the_eu_at_a_desk(page):
    count = page.locator(".results-count")
    page.goto("/partners/")
    expect(count).to_have_text("3 partners")
    with answered(page):
        page.get_by_label("AAV", exact=True).check()
    expect(count).to_have_text("2 partners")
    # the other facets say what is left, and the box that was clicked still has the focus
    expect(page.locator("#n-country-eu-eea")).to_have_text("2 partners")
    expect(page.get_by_label("AAV", exact=True)).to_be_focused()
    with answered(page):
        page.get_by_label("EU and EEA", exact=True).check()
    open_facet(page, "GMP")
    with answered(page):
        page.get_by_label("For human use", exact=True).check()
    open_facet(page, "Scale")
    expect(page.locator("#id_scale_unit")).to_contain_text("L (2)")
    with answered(page):
        page.locator("#id_scale_unit").select_option("t-litre")
    type_into(page, "#id_scale_min", "200")
    expect(count).to_have_text("1 partner")
    expect(page.locator(".partner-card-match")).to_have_text("Fulfilled at Aldermoor DE (Germany)")
    assert_no_axe_findings(page)
    with answered(page):
        page.get_by_label("Or a network").check()
    expect(count).to_have_text("2 partners")
    expect(page.locator(".partner-card-match").nth(1)).to_contain_text(
        "Brackford US (United States of America: "
    )
    page.get_by_role("link", name="Remove filter A network of sites").click()
    expect(count).to_have_text("1 partner")
    type_into(page, "#id_scale_min", "900")
    expect(count).to_have_text("0 partners")
    page.get_by_role("link", name="Drop Scale from 900 L").click()
    expect(count).to_have_text("2 partners")
    expect(page.locator("#id_scale_min")).to_have_value("")


def test_facets_in_a_drawer_on_a_phone(page):
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto("/partners/")
    page.get_by_role("button", name="Filters", exact=True).click()
    with answered(page):
        page.get_by_label("Viral vector", exact=True).check()
    expect(page.locator("#sheet-count")).to_have_text("3 partners")
    open_facet(page, "Scale")
    with answered(page):
        page.locator("#id_scale_unit").select_option("t-litre")
    type_into(page, "#id_scale_min", "a lot")
    expect(page.locator(".results")).to_contain_text("Scale from: “a lot” is not a number")
    # Enter changes the field and sends the form: that is one search, and no error from a broken-off one
    sent, errors = [], []
    page.on("request", lambda request: sent.append(request.url) if "/partners/?" in request.url else None)
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.locator("#id_scale_min").fill("600")
    with answered(page):
        page.locator("#id_scale_min").press("Enter")
    expect(page.locator("#sheet-count")).to_have_text("1 partner")
    assert (len(sent), errors) == (1, [])
    assert_no_axe_findings(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("button", name="Show 1 partner").click()
    expect(page.locator(".partner-card h3")).to_have_text("Copperfield")


def test_facets_work_without_scripts(page, browser, live_server):
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    context.add_cookies(page.context.cookies())
    plain = context.new_page()
    plain.goto("/partners/")
    plain.get_by_label("AAV", exact=True).check()
    plain.get_by_label("EU and EEA", exact=True).check()
    open_facet(plain, "Lowest OEL handled")
    plain.locator("#id_oel").fill("-1")
    plain.get_by_role("button", name="Apply filters").click()
    expect(plain.locator(".results-count")).to_have_text("2 partners")
    expect(plain.locator(".results")).to_contain_text("“-1” is not a number of zero or more")
    expect(plain.get_by_label("AAV", exact=True)).to_be_checked()
    plain.get_by_role("link", name="Remove filter Modality AAV").click()
    expect(plain.locator(".results-count")).to_have_text("2 partners")
    context.close()
