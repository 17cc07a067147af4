"""The profile in a browser: phone and desktop, keyboard, accessibility, paper, and without scripts."""

import datetime
from io import BytesIO

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from pypdf import PdfReader

from partners.enums import EvidenceLevel
from tests.factories import accounts
from tests.factories import partners as make
from tests.factories.quotes import PartnerRelationFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def vector_house(name):
    """A partner with something in every chart of its page, at more sites than are left unfolded."""
    today = timezone.localdate()
    litre = make.ScaleUnitFactory(code="t-l", symbol="L")
    branch = make.ServiceFactory(code="t-ds", label="Drug substance")
    vector = make.ServiceFactory(code="t-vector", label="Viral vector", parent=branch)
    organisation = make.OrganisationFactory(name=name, slug=name.lower())
    make.OwnershipFactory(organisation=organisation)
    make.AliasFactory(
        organisation=organisation, name="Quillon", kind="former", used_until=datetime.date(2019, 5, 1)
    )
    for number in range(4):
        site = make.FacilityFactory(
            organisation=organisation, name=f"Hall {number}", city="Basel", latitude="47.5", longitude="7.6"
        )
        make.CapabilityFactory(
            facility=site, service=vector, modality=make.ModalityFactory(code="t-aav", label="AAV"),
            scale_min=50, scale_max=200 + number, scale_unit=litre, evidence_level=EvidenceLevel.AUDITED,
        )  # fmt: skip
        make.EquipmentFactory(facility=site, name=f"Isolator {number}")
    make.InspectionFactory(facility=site, ended_on=today - datetime.timedelta(days=300))
    make.CertificateFactory(
        facility=site, issued_on=datetime.date(2024, 1, 1), expires_on=today + datetime.timedelta(days=400)
    )
    make.CapacitySlotFactory(facility=site, starts_on=today, quantity=200, unit=litre)
    return organisation


@pytest.fixture
def member(client):
    return accounts.MembershipFactory()


@pytest.fixture
def page(browser_page, live_server, client, member):
    client.force_login(member.user)
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
    browser_page.context.add_cookies([cookie | {"httpOnly": True}])
    return browser_page


@pytest.mark.parametrize("width", [360, 1280])
def test_profile_fits_is_accessible_and_explains_a_cell_by_keyboard(page, width):
    vector_house("Alder")
    vector_house("Birch")
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/partners/alder/")
    page.locator("#quality-chart [data-drawn] svg").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    cell = page.locator(".matrix-cell")
    assert cell.text_content().split()[:3] == ["50–203", "L,", "Audited,"]
    cell.focus()
    page.keyboard.press("Enter")
    tip = page.locator(".matrix-tip:popover-open")
    tip.wait_for()
    assert tip.locator("a").all_inner_texts() == ["Hall 0", "Hall 1", "Hall 2", "Hall 3"]
    assert "Scale 50–200 L" in tip.inner_text()
    page.keyboard.press("Escape")
    tip.wait_for(state="hidden")
    page.get_by_role("button", name="Compare Birch").click()
    page.get_by_text("Add one more to compare").wait_for()
    violations = Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:160]) for v in violations] == []


def test_paper_holds_everything_but_what_is_private_or_for_clicking(page, member):
    organisation = vector_house("Alder")
    PartnerRelationFactory(sponsor=member.sponsor, organisation=organisation, notes="Call them on Tuesday")
    page.goto("/partners/alder/")
    page.get_by_text("Call them on Tuesday").wait_for()
    page.locator("#quality-chart [data-drawn] svg").wait_for()
    paper = PdfReader(BytesIO(page.pdf(format="A4")))
    words = " ".join(" ".join(sheet.extract_text() for sheet in paper.pages).split())
    for held in ("Formerly", "Quillon", "50–203 L", "Isolator 0", "Isolator 3", "What this record rests on"):
        assert held in words, held
    for left_out in ("Call them on Tuesday", "Shortlist", "Skip to content", "On this page"):
        assert left_out not in words, left_out


def test_profile_says_the_same_without_scripts(page, browser, live_server):
    vector_house("Alder")
    context = browser.new_context(
        java_script_enabled=False, base_url=live_server.url, viewport={"width": 360, "height": 800}
    )
    context.add_cookies(page.context.cookies())
    plain = context.new_page()
    plain.goto("/partners/alder/")
    plain.locator(".matrix-cell").click()
    tip = plain.locator(".matrix-tip:popover-open")
    tip.wait_for()
    tip.get_by_role("link", name="Hall 2").click()
    plain.get_by_text("Isolator 2").wait_for()  # the link opened the folded site
    assert plain.get_by_role("region", name="Capacity by month").is_visible()
    assert plain.get_by_role("region", name="Quality record", exact=True).is_visible()
    context.close()
