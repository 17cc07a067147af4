"""What the scripts add, in a real browser under the real Content-Security-Policy, on the component gallery."""

import json

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from cmo_selector.gallery import gallery

pytestmark = [pytest.mark.browser, pytest.mark.django_db, pytest.mark.urls(__name__)]


@login_not_required
def fragment(request: HttpRequest) -> HttpResponse:
    """An htmx answer that announces itself and raises a toast."""
    answer = HttpResponse('<p data-announce="23 partners found">23</p>')
    answer["HX-Trigger"] = json.dumps({"toast": {"text": "Saved <b>", "tone": "good"}})
    return answer


@login_not_required
def forbidden(request: HttpRequest) -> HttpResponse:
    return HttpResponse("no", status=403)


urlpatterns = [
    path("components/", login_not_required(lambda request: gallery(request))),
    path("fragment/", fragment),
    path("forbidden/", forbidden),
    path("", include("cmo_selector.urls")),
]


@pytest.fixture
def page(browser_page):
    browser_page.goto("/components/")
    browser_page.wait_for_load_state("networkidle")
    return browser_page


def assert_scheme(page, scheme: str) -> None:
    """The page is drawn in that scheme now or within the browser's default time-out."""
    script = "wanted => getComputedStyle(document.documentElement).colorScheme === wanted"
    page.wait_for_function(script, arg=scheme)


def test_theme_follows_the_system_until_one_is_chosen_and_survives_a_reload(page):
    toggle = page.get_by_role("button", name="Theme: auto")
    page.emulate_media(color_scheme="dark")
    assert_scheme(page, "dark")
    toggle.click()
    assert_scheme(page, "light")
    page.reload()
    assert_scheme(page, "light")
    page.get_by_role("button", name="Theme: light. Switch to dark").click()
    page.emulate_media(color_scheme="light")
    assert_scheme(page, "dark")


def test_evidence_opens_on_hover_on_focus_and_on_click(page):
    button = page.locator(".facts .evidence-anchor").first
    body = page.locator(".facts .evidence-body").first
    button.hover()
    body.wait_for(state="visible")
    page.mouse.move(5, 5)
    body.wait_for(state="hidden")
    button.evaluate("button => button.focus({focusVisible: true})")
    body.wait_for(state="visible")
    page.keyboard.press("Escape")
    body.wait_for(state="hidden")
    button.blur()
    button.click()
    body.wait_for(state="visible")
    page.mouse.move(5, 5)
    page.wait_for_timeout(400)
    assert body.is_visible()
    button.click()
    body.wait_for(state="hidden")


def test_evidence_and_confirmation_open_without_scripts(browser, live_server):
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/components/")
    page.locator(".facts .evidence-anchor").first.click()
    page.locator(".facts .evidence-body").first.wait_for(state="visible")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Remove").first.click()
    page.get_by_role("dialog", name="Remove?").wait_for(state="visible")
    assert page.locator(".chart-canvas").is_hidden()
    context.close()


def test_dialog_opens_and_closes(page):
    page.get_by_role("button", name="Open dialog").click()
    dialog = page.get_by_role("dialog", name="A dialog")
    dialog.wait_for(state="visible")
    dialog.get_by_role("button", name="Close").click()
    dialog.wait_for(state="hidden")


def test_notice_can_be_dismissed(page):
    notice = page.locator(".notice", has_text="Tone good")
    notice.get_by_role("button", name="Dismiss").click()
    assert notice.count() == 0


def test_select_becomes_searchable_and_keeps_its_label(page):
    box = page.get_by_role("combobox", name="Markets")
    box.click()
    box.press_sequentially("euro")
    page.get_by_role("option", name="European Union").click()
    assert page.evaluate("[...document.getElementById('id_markets').selectedOptions].map(o => o.value)") == [
        "eu"
    ]


def test_error_summary_has_the_focus_and_leads_to_the_field(page):
    assert page.evaluate("document.activeElement.innerText").startswith("2 things need attention")
    page.get_by_role("link", name="Batch volume").click()
    assert page.evaluate("document.activeElement.id") == "id_volume"


def test_chart_is_drawn_follows_the_theme_and_leaves_its_table(page):
    picture = page.locator(".chart-canvas svg")
    picture.wait_for()
    assert picture.locator("text", has_text="Alder Vector Works").count() == 1
    before = picture.inner_html()
    page.evaluate("window.cmoTheme.set('dark')")
    page.wait_for_function(
        "before => document.querySelector('.chart-canvas svg')?.innerHTML !== before", arg=before
    )
    assert page.locator(".chart-table table").count() == 1


def test_swapped_fragment_is_announced_and_its_toast_shown_as_text(page):
    page.evaluate("htmx.ajax('GET', '/fragment/', '#sample-dialog')")
    page.locator("#live", has_text="23 partners found").wait_for(state="attached")
    assert page.locator("#toasts .notice-body").inner_text() == "Saved <b>"


def test_refused_request_says_so(page):
    page.evaluate("htmx.ajax('GET', '/forbidden/', '#sample-dialog')")
    page.locator("#toasts").get_by_role("alert").wait_for()
    assert "not allowed" in page.locator("#toasts").inner_text()
    assert [p.split(" from")[0] for p in page.problems] == ["Response Status Error Code 403"]
    page.problems.clear()  # htmx logs every refusal


def test_htmx_needs_neither_eval_nor_inline_styles(page):
    config = page.evaluate("({eval: htmx.config.allowEval, styles: htmx.config.includeIndicatorStyles})")
    assert config == {"eval": False, "styles": False}
    assert page.locator("style").count() == 0


def test_nothing_scrolls_sideways_at_any_width(page):
    too_wide = []
    for width in (360, 480, 768, 1024, 1280, 1920):
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_timeout(100)
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            too_wide.append(width)
    assert too_wide == []


@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (1280, "light")])
def test_checker_finds_nothing_inaccessible(page, width, theme):
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": width, "height": 800})
    page.reload(wait_until="networkidle")
    assert [(v["id"], v["nodes"][0]["target"]) for v in Axe().run(page).response["violations"]] == []
