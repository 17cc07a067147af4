"""The harness is strict: these are the faults it must catch, and a browser that shows them."""

import warnings

import pytest
from django.conf import settings
from django.template import engines
from django.urls import reverse

from cmo_selector.settings_test import UndefinedTemplateVariable


def render(source: str, **context) -> str:
    return engines["django"].from_string(source).render(context)


def test_undefined_variable_in_our_template_fails():
    with pytest.raises(UndefinedTemplateVariable, match="partner"):
        render("{{ partner.name }}")


def test_defined_but_empty_variable_is_fine():
    assert render("[{{ name }}][{% if missing %}x{% endif %}]", name="") == "[][]"


def test_undefined_variable_in_a_third_partys_template_is_let_through():
    template = engines["django"].get_template("admin/base_site.html")
    assert "site-packages" in template.origin.name
    assert template.render({})


def test_warnings_are_errors():
    with pytest.raises(UserWarning, match="careless"):
        warnings.warn("careless", stacklevel=1)


def test_uploads_go_to_a_temporary_directory():
    assert str(settings.BASE_DIR) not in str(settings.MEDIA_ROOT)


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_browser_shows_the_sign_in_page_without_a_policy_violation(browser_page):
    response = browser_page.goto(reverse("account_login"))
    assert response.status == 200
    assert browser_page.locator("input[type=password]").count() == 1
    assert browser_page.problems == []


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_browser_reports_an_inline_script_that_the_policy_refuses(browser_page):
    browser_page.goto(reverse("account_login"))
    browser_page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"1\">')")
    browser_page.wait_for_timeout(300)
    found = list(browser_page.problems)
    browser_page.problems.clear()
    assert [text for text in found if "Content Security Policy" in text]
