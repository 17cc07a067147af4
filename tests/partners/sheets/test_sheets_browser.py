"""A curator's way with a real browser and a real worker: export, edit, upload, preview, apply."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from partners.models import Facility
from tests.factories import accounts, partners

from .conftest import edited

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PATIENCE = 90_000  # milliseconds; a busy machine is slow


def test_curator_exports_edits_uploads_previews_and_applies(
    browser_page, live_server, client, celery_worker_process, tmp_path
):
    helvia = partners.OrganisationFactory(slug="helvia", name="Helvia")
    for n in range(3):
        partners.FacilityFactory(organisation=helvia, slug=f"site-{n}", name=f"Site {n}")
    client.force_login(accounts.CuratorFactory())
    cookie = client.cookies["sessionid"].value
    page = browser_page
    page.context.add_cookies(
        [{"name": "sessionid", "value": cookie, "url": live_server.url, "httpOnly": True}]
    )
    page.goto("/admin/partners/facility/")
    page.get_by_role("link", name="Export these rows to a spreadsheet").click()
    expect(page.get_by_text("3 rows")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    path = tmp_path / "sites.csv"
    download.value.save_as(path)
    path.write_bytes(edited(edited(path.read_bytes(), 2, city="Basel"), 3, country="Atlantis"))

    page.goto("/admin/partners/facility/")
    page.get_by_role("link", name="Import an edited spreadsheet").click()
    expect(page.get_by_label("List")).to_have_value("facility")
    page.locator("input[type=file]").set_input_files(path)
    page.get_by_role("button", name="Upload and preview").click()
    expect(page.get_by_text("Nothing has been written yet.")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("is no country; write its two-letter code")).to_be_visible()
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
    assert found.violations_count == 0, found.generate_report()
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("link", name="Changed", exact=True).click()
    expect(page.locator("ins", has_text="Basel")).to_be_visible()
    page.get_by_label("Leave out the 1 rejected row").check()
    page.get_by_role("button", name="Write to the catalogue").click()
    expect(page.get_by_text("0 created, 1 changed.")).to_be_visible(timeout=PATIENCE)
    assert sorted(Facility.objects.values_list("slug", "city")) == [
        ("site-0", "Basel"), ("site-1", ""), ("site-2", ""),
    ]  # fmt: skip
