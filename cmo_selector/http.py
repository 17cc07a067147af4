"""What a request says: page or fragment, and the numbers in its text."""

from django.http import HttpRequest


def is_fragment(request: HttpRequest) -> bool:
    """Whether htmx asked for a piece of this page, and not for the page."""
    htmx = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def whole_number(text: object) -> int | None:
    """The number that a request's text is: at most 18 plain digits, which a column holds; else None, for “²” too."""
    digits = str(text)
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= 18 else None
