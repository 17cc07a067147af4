"""What scripts add to the set-up of a project: live sum, fields by profile and rule, no silent loss."""

import re

import pytest
from django.urls import reverse

from quotes.models import Need, Project
from quotes.services.shortlist import add_to_shortlist
from tests.factories import partners as catalogue
from tests.factories.accounts import PASSWORD, MembershipFactory
from tests.factories.quotes import NeedFactory, ProjectFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(browser_page):
    """A browser signed in as a manager."""
    member = MembershipFactory()
    browser_page.goto("/accounts/login/")
    browser_page.fill("input[name=login]", member.user.email)
    browser_page.fill("input[name=password]", PASSWORD)
    browser_page.press("input[name=password]", "Enter")
    browser_page.wait_for_url("**/")
    browser_page.member = member
    return browser_page


def test_fields_follow_the_profile_while_it_is_chosen(page):
    page.goto(reverse("quotes:project_new"))
    assert page.locator("#id_dosage_form").locator("xpath=ancestor::*[@data-show-for]").is_visible()
    page.get_by_label("Medical device or component").check()
    assert not page.locator("[data-show-for]").is_visible()
    assert page.get_by_label("Intended use").is_visible()
    page.get_by_label("Clinical research (CRO)").check()
    assert page.locator("[data-show-for]").is_visible()
    assert page.get_by_label("Trial size").is_visible()
    page.get_by_label("Project name").fill("Trial")
    page.get_by_role("button", name="Save and continue").click()
    page.get_by_text("Step 2 of 5").wait_for()
    assert Project.objects.get().profile == "clinical"


def test_the_sum_of_the_weights_follows_the_typing(page):
    project = ProjectFactory(sponsor=page.member.sponsor)
    page.goto(reverse("quotes:weights", args=[project.pk]))
    total = page.locator("[data-weight-sum]")
    assert total.inner_text() == "100"
    page.fill("#id_c1", "25.5")
    assert total.inner_text() == "103.5 (3.5 too much)"
    page.fill("#id_c1", "")
    assert total.inner_text() == "unknown: a weight is not a number"
    page.fill("#id_c1", "22")
    assert total.inner_text() == "100"


def test_choosing_a_rule_brings_its_fields_without_leaving_the_page(page):
    project = ProjectFactory(sponsor=page.member.sponsor)
    catalogue.RegulatorFactory(code="fda", label="FDA")
    page.goto(reverse("quotes:project_step", args=[project.pk, "needs"]))
    page.get_by_label("Kind of need").select_option("inspection")
    page.get_by_label("Within the last (years)").wait_for()
    assert page.url.endswith("/setup/needs/")
    page.get_by_label("Kind of need").select_option("biosafety")
    page.get_by_label("Biosafety level, at least").fill("3")
    assert page.get_by_label("Within the last (years)").count() == 0
    page.get_by_role("button", name="Add need").click()
    page.get_by_text("Added: The lead site works at biosafety level 3 or higher").wait_for()
    assert Need.objects.get().quantity == 3


def test_a_suggestion_moves_into_the_list_and_typed_fields_stay(page):
    project = ProjectFactory(
        sponsor=page.member.sponsor, modality=catalogue.ModalityFactory(code="aav", label="AAV")
    )
    page.goto(reverse("quotes:project_step", args=[project.pk, "needs"]))
    page.get_by_label("Kind of need").select_option("biosafety")
    page.get_by_label("Note").fill("half typed")
    page.get_by_role("button", name=re.compile("^Add ?: .*biosafety level 2")).click()
    page.locator(".need-list .need-sentence", has_text="biosafety level 2").wait_for()
    assert page.get_by_label("Note").input_value() == "half typed"
    assert page.get_by_text("Added: The lead site works at biosafety level 2").count() == 1
    assert page.locator(".suggestions .need-sentence", has_text="biosafety").count() == 0


def test_leaving_with_unsaved_changes_asks_first(page):
    project = ProjectFactory(sponsor=page.member.sponsor)
    page.goto(reverse("quotes:project_step", args=[project.pk, "product"]))
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.fill("#id_product", "Typed")
    page.get_by_role("link", name="Review").click()
    page.get_by_text("Step 5 of 5").wait_for()
    assert asked == ["beforeunload"]
    page.goto(reverse("quotes:project_step", args=[project.pk, "product"]))
    page.get_by_role("link", name="Review").click()
    page.get_by_text("Step 5 of 5").wait_for()
    assert asked == ["beforeunload"]


def test_on_a_phone_no_table_of_reasons_hides_its_last_column(page):
    page.set_viewport_size({"width": 360, "height": 780})
    project = ProjectFactory(sponsor=page.member.sponsor)
    partner = catalogue.OrganisationFactory(name="Alpha Works", slug="alpha")
    NeedFactory(project=project)
    add_to_shortlist(actor=page.member.user, project=project, organisation=partner)
    tables = {
        reverse("quotes:ranking_partner", args=[project.pk, partner.slug]): 11,  # needs and ten criteria
        reverse("quotes:shortlist", args=[project.pk]): 1,  # decision log
    }
    for address, count in tables.items():
        page.goto(address)
        shown = page.locator(".table-scroll:has(.stacked-table)").all()
        assert [t.evaluate("e => e.scrollWidth - e.clientWidth") for t in shown] == [0] * count


def test_two_comparisons_made_within_a_moment_both_count_and_no_request_is_broken_off(page):
    project = ProjectFactory(sponsor=page.member.sponsor)
    page.goto(reverse("quotes:weight_method", args=[project.pk, "pairs"]))
    failed = []
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.select_option("[name='top.fit.delivery']", "3")
    page.wait_for_timeout(200)  # the first request is on its way
    page.select_option("[name='top.fit.money']", "5")
    page.select_option("[name='fit.C1.C2']", "1/3")
    page.wait_for_url(re.compile(r"fit\.C1\.C2=1%2F3"))
    assert "top.fit.delivery=3" in page.url
    assert "top.fit.money=5" in page.url
    assert page.input_value("[name='top.fit.money']") == "5"
    assert page.input_value("[name='fit.C1.C2']") == "1/3"
    assert failed == []


def test_what_is_typed_in_a_tab_outlives_the_answer_of_a_slider(page):
    project = ProjectFactory(sponsor=page.member.sponsor)
    need = NeedFactory(project=project, modality=project.modality)
    site = catalogue.FacilityFactory(
        organisation=catalogue.OrganisationFactory(name="Alpha Works", slug="alpha")
    )
    litre = catalogue.ScaleUnitFactory(code="l", symbol="L")
    catalogue.CapabilityFactory(
        facility=site, service=need.service, modality=project.modality, scale_max=300, scale_unit=litre
    )
    page.goto(reverse("quotes:ranking_whatif", args=[project.pk]))
    need_label = page.locator(".whatif-form select[name^='n.']").get_attribute("id")
    page.locator(".whatif-form details summary").first.click()
    scale, level = page.get_by_label("largest scale").first, page.locator(f"[id='{need_label}']")
    scale.fill("500")
    level.select_option("should")
    page.locator("#w-c1").fill("80")
    page.wait_for_url(re.compile(r"c1=80"))
    page.locator("#w-c1").fill("20")
    page.wait_for_url(re.compile(r"c1=20"))
    assert page.get_by_label("largest scale").first.is_visible()
    assert page.get_by_label("largest scale").first.input_value() == "500"
    page.route("**/what-if/**", lambda route: route.fulfill(status=204))
    with page.expect_response(re.compile("what-if")):
        page.locator("#w-c1").fill("30")
    page.wait_for_function("!document.querySelector('.htmx-request')")  # answered, with nothing to swap
    page.unroute("**/what-if/**")
    page.get_by_label("largest scale").first.fill("600")
    page.evaluate("htmx.ajax('GET', '/reports/bell/', '#bell')")  # as the bell does while a report is made
    assert page.get_by_label("largest scale").first.input_value() == "600"
    page.get_by_role("button", name="See what moves").click()
    page.get_by_text("Base and scenario").wait_for()
    assert "scale_max=600" in page.url
    assert "=should" in page.url
