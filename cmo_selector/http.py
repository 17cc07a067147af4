"""Page or fragment: what htmx asks for."""

from django.http import HttpRequest


def is_fragment(request: HttpRequest) -> bool:
    """Whether htmx asked for a piece of this page, and not for the page."""
    htmx = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request
