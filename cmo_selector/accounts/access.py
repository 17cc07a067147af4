"""The gate of every sponsor page: a view runs only for members whose role allows its action."""

from collections.abc import Callable
from functools import wraps

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from .roles import Action, may


def require(request: HttpRequest, action: Action) -> None:
    """Raise PermissionDenied (403), which says nothing about what exists, unless the role allows `action`."""
    if request.membership is None:
        raise PermissionDenied(
            "You are not a member of a sponsor organisation yet. Ask its owner to add you."
        )
    if not may(request.membership.role, action):
        raise PermissionDenied(f"Your role ({request.membership.role}) does not allow this.")


def sponsor_action(action: Action) -> Callable:
    """Decorator: `require(request, action)` before the view."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def gated(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            require(request, action)
            return view(request, *args, **kwargs)

        return gated

    return decorate
