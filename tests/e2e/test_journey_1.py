"""Journey 1 of the product: an AAV gene therapy, from sign-in to the PDF in the sponsor's hands.

A real browser, a real worker, the demo's catalogue of real register partners and illustrative ones.
"""

import datetime as dt
import re
from io import BytesIO

import pytest
from django.core.management import call_command
from django.utils import timezone
from pypdf import PdfReader

from quotes.demo_accounts import DEMO_PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.worker, pytest.mark.django_db(transaction=True)]

PROJECT = "Retina vector, first clinical material"


@pytest.fixture
def demo(db):
    call_command("load_demo", verbosity=0)


def choose(page, name: str, text: str) -> None:
    """Pick a term in a searchable select as a person does: open, type, click."""
    field = page.locator(f"select[name={name}] + .ts-wrapper")
    field.locator(".ts-control").click()
    field.locator("input").first.fill(text)
    page.locator(".ts-dropdown:visible .option", has_text=text).first.click()


def add_need(page, rule: str, level: str = "must", **values) -> None:
    """Add one need through its form; `choose_` values are terms, booleans are check boxes."""
    page.select_option("select[name=rule]", rule)
    form = page.locator("form[data-guard]")
    form.locator("input[name=level]").first.wait_for()
    for name, value in values.items():
        if isinstance(value, bool):
            form.locator(f"input[name={name}]").set_checked(value)
        elif name.startswith("choose_"):
            choose(page, name.removeprefix("choose_"), value)
        else:
            form.locator(f"[name={name}]").fill(value)
    form.locator(f"input[name=level][value={level}]").check()
    page.get_by_role("button", name="Add need").click()
    page.locator("#needs-board").wait_for()


def test_from_sign_in_to_the_pdf(demo, browser_page, celery_worker_process):
    page = browser_page
    sign_in(page)
    describe_the_product(page)
    state_the_needs(page)
    keep_the_weights(page)
    figures = read_the_ranking(page)
    reorder_while_trying_weights(page)
    shortlist_three(page, list(figures)[:3])
    text = create_and_download(page)
    for name, figure in figures.items():
        assert name in text
        assert f"{figure['score']}" in text, name
        assert f"{figure['low']}–{figure['high']}" in text, name
    assert PROJECT in text
    assert "Gannister Global Biologics" in text, "the knocked-out global partner is listed"
    assert "USD 15,000,000" in text, "with its reason"


def sign_in(page) -> None:
    page.goto("/")
    page.fill("input[name=login]", "manager@alder.example")
    page.fill("input[name=password]", DEMO_PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("link", name="New project").first.click()


def describe_the_product(page) -> None:
    page.fill("input[name=name]", PROJECT)
    page.fill("input[name=product]", "AAV gene therapy")
    page.fill("input[name=indication]", "Inherited retinal disease")
    choose(page, "modality", "Viral vector, AAV")
    page.get_by_role("button", name="Save and continue").click()
    page.select_option("select[name=stage]", label="IND-enabling")
    page.get_by_label("United States", exact=True).check()
    page.fill("input[name=need_date]", (timezone.localdate() + dt.timedelta(days=243)).isoformat())
    page.fill("input[name=scale_now]", "200")
    page.fill("input[name=scale_next]", "500")
    choose(page, "scale_unit", "(L)")
    page.select_option("select[name=price_basis]", label="per GMP batch")
    page.fill("input[name=price_target]", "900000")
    page.fill("input[name=price_limit]", "2000000")
    page.get_by_role("button", name="Save and continue").click()
    page.locator("#needs-board").wait_for()


def state_the_needs(page) -> None:
    add_need(
        page,
        "capability",
        choose_service="Viral vector",
        choose_modality="Viral vector, AAV",
        quantity="200",
        choose_unit="(L)",
        gmp=True,
    )
    add_need(page, "biosafety", quantity="2")
    add_need(page, "capacity", choose_modality="Viral vector, AAV")
    add_need(
        page,
        "track_record",
        choose_track_record_kind="INDs / CTAs supported",
        quantity="1",
        choose_modality="Viral vector, AAV",
        same_site=False,
    )
    add_need(page, "minimum_project", quantity="6000000")
    add_need(
        page,
        "capability",
        "should",
        choose_service="Plasmid DNA",
        choose_modality="Plasmid DNA",
        gmp=True,
        same_site=False,
    )
    board = page.locator("#needs-board").inner_text()
    assert "The partner's minimum project value is at most USD 6,000,000" in board
    page.get_by_role("link", name="Continue to weights").click()


def keep_the_weights(page) -> None:
    page.get_by_role("button", name="Save and continue").click()
    page.get_by_role("link", name="Rank partners").first.click()
    page.locator(".rank-row").first.wait_for()


def read_the_ranking(page) -> dict[str, dict[str, str]]:
    """Name → the figures on the page, in their order."""
    figures = {}
    for row in page.locator("ol.rank-list > .rank-row").all():
        low, high = row.locator(".score-interval").inner_text().split("–")
        figures[row.locator("h3 a").inner_text()] = {
            "score": row.locator(".score-point").inner_text(),
            "low": low,
            "high": high,
        }
    names = list(figures)
    assert len(names) >= 3
    assert names[0] == "Northmere Vector Works", "the niche partner leads"
    knocked_out = page.locator("section", has=page.get_by_role("heading", name="Knocked out"))
    knocked_out.locator("summary").first.click()
    knocked_out.get_by_role("link", name="Gannister Global Biologics").wait_for()
    out = knocked_out.inner_text()
    assert "USD 15,000,000" in out, "the global one is knocked out by its minimum project"
    assert "100 L" in out, "the near miss says by how much"
    insufficient = page.locator("section", has_text="Insufficient data").last
    insufficient.locator("summary").first.click()
    assert "Catalent" in insufficient.inner_text(), "a real partner is there, with what the register states"
    return figures


def reorder_while_trying_weights(page) -> None:
    """Moving a slider re-ranks without a reload; nothing is saved."""
    page.evaluate("window.stayed = true")
    before = page.locator(".score-point").first.inner_text()
    page.get_by_role("slider", name="C9").fill("100")
    page.get_by_text("trying weights, not saved").wait_for()
    assert page.locator(".score-point").first.inner_text() != before
    assert page.evaluate("window.stayed") is True
    page.get_by_role("link", name="Back to saved").click()
    page.locator(".rank-row").first.wait_for()
    assert page.locator(".score-point").first.inner_text() == before


def shortlist_three(page, names: list[str]) -> None:
    for name in names:
        row = page.locator(".rank-row", has=page.get_by_role("link", name=name, exact=True))
        row.get_by_role("button", name="Shortlist").click()
        page.get_by_text(f"{name} is on the shortlist.").first.wait_for()
    page.get_by_role("link", name="Shortlist", exact=True).first.click()
    assert page.locator(".shortlist-entry h2 a").all_inner_texts() == names


def create_and_download(page) -> str:
    """Press the button, watch the progress, survive a reload, download, read."""
    page.get_by_role("button", name="Create PDF").click()
    page.wait_for_url(re.compile(r"/reports/\d+/$"))
    page.reload()
    link = page.get_by_role("link", name=re.compile("Download"))
    link.wait_for(timeout=90_000)
    with page.expect_download() as download:
        link.click()
    with open(download.value.path(), "rb") as file:
        reader = PdfReader(BytesIO(file.read()))
    assert len(reader.pages) >= 2
    return re.sub(r"\s+", " ", " ".join(p.extract_text() for p in reader.pages))
