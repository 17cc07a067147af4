"""Journey 2 of the product, from RFQ to award: a sourcing manager and two contacts, each in a browser of their own.

The take-or-pay clause wins at base demand and loses when demand is low; the quote with a gap is asked about.
"""

import re

import pytest
from django.core import mail
from django.utils import timezone

from quotes.models import Award, Quote
from quotes.services.rfq_mail import send_due
from tests.factories.accounts import PASSWORD, MembershipFactory
from tests.factories.partners import OrganisationFactory
from tests.factories.quotes import ProjectFactory, ShortlistEntryFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WORDS = (
    "Film-coated tablets in three strengths, granulated wet, two years of routine supply behind them, OEB 2."
)
SLOW = 60_000  # milliseconds; a busy machine is no failure


@pytest.fixture
def scene(db):
    member = MembershipFactory()
    project = ProjectFactory(sponsor=member.sponsor, name="Secret second source", stage=7, currency="USD")
    partners = [OrganisationFactory(name=name) for name in ("Aspen Tablets", "Birch Solids")]
    for partner in partners:
        ShortlistEntryFactory(project=project, organisation=partner, added_by=member.user)
    return member, project, partners


def test_from_the_request_to_the_award(scene, browser, browser_page, live_server):
    member, project, (aspen, birch) = scene
    page = browser_page
    page.context.set_default_timeout(SLOW)
    page.goto("/accounts/login/")
    page.fill("input[name=login]", member.user.email)
    page.fill("input[name=password]", PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/")
    prepare(page, project)
    links = invite(page, project, (aspen, birch))
    answer_in_the_browser(browser, live_server, links[aspen.slug])
    answer_with_the_sheet(browser, live_server, links[birch.slug], links[aspen.slug])
    compare_and_award(page, project)


def prepare(page, project) -> None:
    """From the template through the five steps; the readiness score ends at what sending needs."""
    page.goto(f"/projects/{project.pk}/rfqs/")
    page.select_option("select[name=template]", "commercial_solids")
    page.get_by_role("button", name="Start RFQ").click()
    page.fill("input[name=title]", "Tablets from 2028")
    page.fill("input[name=code_name]", "Project Heron")
    for key in ("background", "process", "analytics", "materials", "safety", "quality"):
        page.fill(f"textarea[name=s-{key}]", WORDS)
    page.get_by_role("button", name="Save and continue").click()
    page.wait_for_url("**/prepare/demand/")
    page.fill("input[name=periods]", "2")
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator("input[name=d-supply_m-base-1]").wait_for()
    page.locator("input[name=d-supply_m-base-2]").wait_for(state="detached")
    for kind, amount in (("low", "100"), ("base", "400"), ("high", "500")):
        for year in (0, 1):
            page.fill(f"input[name=d-supply_m-{kind}-{year}]", amount)
    page.fill("textarea[name=milestones]", "First delivery: January 2028")
    page.get_by_role("button", name="Save and continue").click()
    page.wait_for_url("**/prepare/scope/")
    for box in page.locator("input[name$=-remove]").all():
        if not re.search("tech_transfer_in|commercial_supply", box.get_attribute("name")):
            box.check()
    page.get_by_role("button", name="Save and continue").click()
    page.wait_for_url("**/prepare/questions/")
    page.get_by_role("button", name="Save and continue").click()
    page.wait_for_url("**/prepare/terms/")
    deadline = timezone.now() + timezone.timedelta(days=20)
    page.fill("input[name=deadline]", f"{deadline:%Y-%m-%dT%H:%M}")
    page.fill("textarea[name=nda_text]", "Both sides keep what they learn to themselves.")
    page.locator("form[data-guard]").get_by_role("button", name="Save and finish").click()
    page.wait_for_url(re.compile(r"/rfqs/\d+/$"))


def invite(page, project, partners) -> dict[str, str]:
    page.get_by_role("link", name="Send", exact=True).click()
    for partner in partners:
        page.get_by_label(partner.name, exact=True).check()
        page.fill(f"input[name=email-{partner.pk}]", f"bids@{partner.slug}.example")
    page.get_by_role("button", name="Send", exact=True).click()
    page.get_by_text("2 partners invited by e-mail").wait_for()
    assert send_due() == 2
    assert project.name not in "".join(message.subject + message.body for message in mail.outbox)
    found = {}
    for message in mail.outbox:
        slug = re.search(r"bids@(.+)\.example", message.to[0])[1]
        found[slug] = re.search(r"/respond/\S+", message.body)[0]
    return found


def contact(browser, live_server):
    context = browser.new_context(base_url=live_server.url, viewport={"width": 390, "height": 844})
    context.set_default_timeout(SLOW)
    return context, context.new_page()


def pass_the_gate(page, link: str) -> None:
    page.goto(link)
    assert "Secret second source" not in page.content()
    page.fill("input[name=signer]", "A. Signer, CEO")
    page.get_by_label("I may sign for").check()
    page.get_by_role("button", name="Accept and continue").click()
    page.locator("#quote-form").wait_for()


def type_in(page, name: str, text: str) -> None:
    """Fill one field and wait until the server has kept it."""
    field = page.locator(f"[name='{name}']")
    if field.evaluate("e => e.tagName") == "SELECT":
        field.select_option(text)
    else:
        field.fill(text)
        field.blur()
    page.locator("#quote-form[data-saved=true]").wait_for()


def answer_in_the_browser(browser, live_server, link: str) -> None:
    """On a phone: a commitment, a slip that is asked about, nothing lost by a reload, then the receipt."""
    context, page = contact(browser, live_server)
    pass_the_gate(page, link)
    for name, text in {
        "q-currency": "USD",
        "q-headline": "7 000 000",
        "q-assumptions": "none",
        "l-tech_transfer_in-price": "200000",
        "l-commercial_supply-model": "take_or_pay",
        "l-commercial_supply-price": "7,500",
        "l-commercial_supply-committed": "400",
        "l-commercial_supply-committed_share": "80",
    }.items():
        type_in(page, name, text)
    page.reload()
    assert page.locator("[name='l-commercial_supply-committed']").input_value() == "400"
    page.get_by_role("button", name="Submit quote").click()
    page.get_by_text("could be 7500 or 7.500").first.wait_for()
    type_in(page, "l-commercial_supply-price", "7500")
    page.get_by_role("button", name="Submit quote").click()
    page.get_by_text("Your quote was received").wait_for()
    context.close()


def answer_with_the_sheet(browser, live_server, link: str, foreign: str) -> None:
    """In Excel: the sheet down, filled in, up again; nothing of the other bidder is to be seen."""
    from io import BytesIO

    from openpyxl import load_workbook

    context, page = contact(browser, live_server)
    pass_the_gate(page, link)
    assert "Aspen" not in page.content()
    assert "200000" not in page.content()
    content = context.request.get(link + "bid-sheet.xlsx").body()
    book = load_workbook(BytesIO(content))
    quote, lines = book["Quote"], book["Lines"]
    for row in quote.iter_rows(min_row=5):
        row[1].value = {"Currency": "USD", "Your own total": 6_100_000, "Assumptions": "none"}.get(
            row[0].value
        )
    heads = {cell.value: cell.column for cell in lines[4]}
    for row in lines.iter_rows(min_row=5):
        if row[0].value == "commercial_supply":
            lines.cell(row[0].row, heads["Price or rate"]).value = 8000
    out = BytesIO()
    book.save(out)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    page.set_input_files(
        "input[name=sheet]", {"name": "bid.xlsx", "mimeType": kind, "buffer": out.getvalue()}
    )
    page.get_by_role("button", name="Upload").click()
    page.get_by_text("Bid sheet read").wait_for()
    page.get_by_role("button", name="Submit quote").click()
    page.get_by_text("Your quote was received").wait_for()
    assert context.request.get(foreign.replace("/respond/", "/respond/x")).status == 404
    context.close()


def compare_and_award(page, project) -> None:
    """The winner changes with demand, the gap is asked about with one click, the award is made once."""
    page.goto(f"/projects/{project.pk}/quotes/")
    page.get_by_text(
        "Aspen Tablets costs least in the base scenario, although Birch Solids has the lowest"
    ).wait_for()
    assert page.get_by_text("Birch Solids in “Low”").count() == 1
    assert page.get_by_text("gap: median of the others").count() == 1
    page.get_by_role("button", name="Ask Birch Solids about Technology transfer in").click()
    page.get_by_text("Birch Solids is asked by e-mail").wait_for()
    page.get_by_role("link", name="Aspen Tablets", exact=True).first.click()
    page.get_by_text("take-or-pay 80% of 400, 400 a year").wait_for()
    page.locator("#from-the-headline-to-the-normalised-cost, .figure-chart").first.wait_for()
    page.goto(f"/projects/{project.pk}/quotes/")
    page.locator("summary", has_text="Award to Aspen Tablets").click()
    award = page.locator("details.award[open]")
    award.locator("textarea").fill("Lowest cost at the demand we are sure of.")
    award.get_by_role("button", name="Award").click()
    page.get_by_text("awarded this RFQ to Aspen Tablets").wait_for()
    assert Award.objects.get().quote == Quote.objects.get(organisation__name="Aspen Tablets")
