"""What a request says: page or fragment, the numbers in its text, and where it wants to go back to."""

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def is_fragment(request: HttpRequest) -> bool:
    """Whether htmx asked for a piece of this page, and not for the page."""
    htmx = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def whole_number(text: object) -> int | None:
    """The number that a request's text is: at most 18 plain digits, which a column holds; else None, for “²” too."""
    digits = str(text)
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= 18 else None


def page_of_ours(request: HttpRequest, target: str) -> bool:
    """Whether a form's `next` is a path of this site; a bare word would be taken for the name of a view."""
    return target.startswith("/") and url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
