"""A curator's afternoon in a real browser, with a real worker: import, match, revert; and the desk's accessibility."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse

from partners.models import Change, MatchProposal, RegisterEstablishment, RegisterUpload
from partners.vocabularies import load_vocabularies
from tests.factories import accounts
from tests.factories import partners as make
from tests.partners.importers.conftest import as_csv, drls_row

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

A, B = "100000001", "100000002"


@pytest.fixture
def page(browser_page, live_server, client, db):
    client.force_login(accounts.CuratorFactory(name="Ida Curator"))
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
    browser_page.context.add_cookies([cookie | {"httpOnly": True}])
    return browser_page


@pytest.mark.worker
def test_curator_imports_a_register_accepts_a_match_and_takes_a_change_back(
    page, celery_worker_process, tmp_path
):
    load_vocabularies()
    partner = make.OrganisationFactory(name="Aldermoor Biologics", illustrative=False)
    make.FacilityFactory(
        organisation=partner,
        name="Works",
        street="1 Test Street",
        city="Bloomington",
        postal_code="47403",
        country="US",
    )
    file = tmp_path / "drls_2025-08-29.csv"
    rows = [drls_row(A, firm_name="Aldermoor Biologics, Inc."), drls_row(B), drls_row("bad")]
    file.write_text(as_csv(rows))

    page.goto("/admin/")
    page.get_by_role("heading", name="Register rows without a site").wait_for()
    page.goto("/admin/partners/registerupload/add/")
    page.select_option("select[name=kind]", "drls")
    page.set_input_files("input[type=file]", file)
    page.get_by_role("button", name="Upload and preview").click()
    # the page renews itself until the worker has read the file
    page.get_by_text("Nothing has been written yet.").wait_for(timeout=60_000)
    page.get_by_text("Line 4: DUNS_NUMBER must have 9 digits, not 'bad'").wait_for()
    assert RegisterEstablishment.objects.count() == 0
    page.get_by_role("button", name="Apply this file").click()
    page.get_by_text("Written in one transaction").wait_for(timeout=60_000)
    assert RegisterUpload.objects.get().report["created"] == 2

    # the import has asked for matches; the worker looks for them
    page.goto("/admin/partners/matchproposal/")
    for _ in range(60):
        if MatchProposal.objects.exists():
            break
        page.wait_for_timeout(500)
    page.reload()
    page.get_by_role("link", name="Aldermoor Biologics, Inc.").click()
    page.get_by_role("columnheader", name="Public register").wait_for()
    page.get_by_role("button", name="Accept: they are the same site").click()
    page.get_by_text("Accepted by Ida Curator").wait_for()
    site = partner.facilities.get()
    assert RegisterEstablishment.objects.get(duns=A).facility == site
    assert site.capabilities.count() > 0
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Accept: they are the same site").wait_for()
    assert RegisterEstablishment.objects.get(duns=A).facility is None

    page.goto(f"/admin/partners/facility/{site.pk}/change/")
    page.fill("input[name=city]", "Blomington")
    page.get_by_role("button", name="Save", exact=True).first.click()
    page.get_by_text("was changed successfully").wait_for()
    change = Change.objects.filter(table="partners_facility", object_id=site.pk, kind="changed").first()
    page.goto(f"/admin/partners/change/{change.pk}/change/")
    page.get_by_role("cell", name="Blomington").wait_for()
    page.fill("input[name=why]", "Misspelt")
    page.get_by_role("button", name="Revert this change").click()
    page.get_by_text("The change was taken back.").wait_for()
    site.refresh_from_db()
    assert site.city == "Bloomington"


PAGES = (
    "index",
    "partners_organisation_changelist",
    "partners_matchproposal_changelist",
    "partners_registerupload_add",
    "partners_conflicts",
    "partners_duplicates",
    "partners_stale",
    "partners_service_changelist",
)


@pytest.mark.parametrize("width", [360, 1280])
def test_pages_of_the_desk_fit_the_screen_and_are_accessible(page, width):
    long_title = "Drug Establishments Current Registration Site of an agency, file of 29 August 2025"
    site = make.FacilityFactory(source=make.SourceFactory(code="long", title=long_title))
    for gmp in (True, False):
        make.CapabilityFactory(facility=site, gmp=gmp)
    make.MatchProposalFactory()
    page.set_viewport_size({"width": width, "height": 800})
    found = {}
    form = reverse("admin:partners_facility_change", args=[site.pk])
    for address in (*(reverse(f"admin:{name}") for name in PAGES), form):
        page.goto(address)
        page.get_by_role("heading").first.wait_for()
        result = Axe().run(page)
        broken = {v["id"]: [n["target"] for n in v["nodes"]] for v in result.response["violations"]}
        if broken:
            found[address] = broken
        sideways = page.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        )
        assert not sideways, address
    assert found == {}
