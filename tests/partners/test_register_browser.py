"""The registers in a real browser: from a search to a suggested link, on a phone, at a desk, and without scripts."""

import datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from partners.models import LinkSuggestion
from tests.factories import accounts
from tests.factories import partners as make

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def site(db):
    organisation = make.OrganisationFactory(name="Northvale Group", illustrative=False)
    return make.FacilityFactory(organisation=organisation, name="Northvale plant", city="Basel")


@pytest.fixture
def page(site, browser_page, live_server, client):
    """Signed in; the registers hold a letter without an FEI, one of somebody else, and a linked listing."""
    subject = "CGMP/Finished Pharmaceuticals/Adulterated " * 5
    make.RegisterActionFactory(firm_name="Northvale Pharma Inc.", fei="", subject=subject.strip())
    make.RegisterActionFactory(firm_name="Somebody Else", issued_on=datetime.date(2020, 1, 1))
    make.RegisterListingFactory(name="Estradiol", organisation=site.organisation)
    client.force_login(accounts.MembershipFactory().user)
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
    browser_page.context.add_cookies([cookie | {"httpOnly": True}])
    return browser_page


def assert_sound(page, width):
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    violations = Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:160]) for v in violations] == []


def suggest_a_link(page):
    """From the list of letters to a suggestion that is kept."""
    page.get_by_role("link", name="Northvale Pharma Inc.", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Northvale Pharma Inc.")
    page.get_by_role("link", name="Suggest a link").first.click()
    page.get_by_label("Northvale Group, Northvale plant Basel, Switzerland").check()
    page.get_by_label("Why they are the same place").fill("The letter names the plant in Basel.")
    page.get_by_role("button", name="Send suggestion").click()
    expect(page.locator("main")).to_contain_text("Your suggestion: Northvale plant (Northvale Group) Open")
    kept = LinkSuggestion.objects.get()
    assert (kept.action.firm_name, kept.facility.name) == ("Northvale Pharma Inc.", "Northvale plant")


@pytest.mark.parametrize("width", [360, 1280])
def test_a_letter_is_found_and_a_link_suggested(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/register/")
    page.get_by_role("link", name="Listed substances").click()
    expect(page.get_by_role("link", name="Northvale Group")).to_be_visible()
    page.get_by_role("link", name="Letters and actions").click()
    expect(page.locator(".results-count")).to_have_text("2 letters and actions")
    page.locator("#id_q").fill("northvale")
    expect(page.locator(".results-count")).to_have_text("1 letter or action")
    expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added")).to_have_count(0)
    assert_sound(page, width)
    suggest_a_link(page)
    assert_sound(page, width)
    page.get_by_role("link", name="Suggest a link").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Suggest a link")
    assert_sound(page, width)


def test_a_link_is_suggested_without_scripts(page, browser, live_server):
    context = browser.new_context(
        java_script_enabled=False, base_url=live_server.url, viewport={"width": 360, "height": 800}
    )
    context.add_cookies(page.context.cookies())
    plain = context.new_page()
    plain.goto("/register/letters/")
    plain.locator("#id_q").fill("northvale")
    plain.get_by_role("button", name="Search", exact=True).click()
    expect(plain.locator(".results-count")).to_have_text("1 letter or action")
    suggest_a_link(plain)
    context.close()
