"""The API under /api/v1/: who may ask, what errors look like, and the parts it is made of.

People's browsers are known by their session, programs by a token (`accounts.tokens`). Every error is JSON:
`{"error": {"status", "message", "details": [{"parameter", "message"}]}}`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import HttpBearer, SessionAuth

from cmo_selector.accounts.tokens import find_token
from partners.api import BadParameters, router
from quotes.api import router as project_router
from quotes.report_api import router as report_router


class TokenAuth(HttpBearer):
    """`Authorization: Bearer cmo_…`: the request is then its owner's, at the sponsor the token was made for."""

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        found = find_token(token)
        if found is None:
            return None
        request.user, request.membership = found
        request.sponsor = request.membership.sponsor if request.membership else None
        return request.user


class PageSession(SessionAuth):
    """The session of somebody who is signed in to the pages."""


api = NinjaAPI(
    title="CMO Selector",
    version="1",
    description="The catalogue of contract partners, with source, date and evidence level of every fact. "
    "Unknown is null. Exact numbers are strings.",
    urls_namespace="api",
    openapi_url="openapi.json",
    docs_url=None,  # a viewer would need scripts that the Content-Security-Policy refuses
    auth=[TokenAuth(), PageSession()],
)
api.add_router("/partners", router, tags=["catalogue"])
api.add_router("/projects", project_router, tags=["projects"])
api.add_router("/projects", report_router, tags=["reports"])


def problem(status: int, message: str, details: list[dict[str, str]] | None = None) -> JsonResponse:
    body = {"error": {"status": status, "message": message, "details": details or []}}
    response = JsonResponse(body, status=status)
    response["Cache-Control"] = "no-store"
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(AuthenticationError)
def _who(request: HttpRequest, error: Exception) -> HttpResponse:
    return problem(401, "Sign in, or send a token that is in force: Authorization: Bearer TOKEN.")


@api.exception_handler(PermissionDenied)
def _forbidden(request: HttpRequest, error: Exception) -> HttpResponse:
    return problem(403, str(error) or "Your role does not allow this.")


@api.exception_handler(Http404)
def _missing(request: HttpRequest, error: Exception) -> HttpResponse:
    return problem(404, str(error) or "There is nothing here.")


@api.exception_handler(HttpError)
def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(error.status_code, str(error))


@api.exception_handler(BadParameters)
def _parameters(request: HttpRequest, error: BadParameters) -> HttpResponse:
    return problem(422, "Nothing was searched for, because some parameters cannot be used.", error.details)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    details = [
        # the name, also where one item of a list is meant
        {
            "parameter": next((p for p in reversed(one["loc"]) if isinstance(p, str)), ""),
            "message": str(one["msg"]),
        }
        for one in error.errors  # the texts are pydantic's: "Input should be a valid integer"
    ]
    nothing = "Nothing was searched for" if request.method == "GET" else "Nothing was done"
    return problem(422, f"{nothing}, because some parameters cannot be used.", details)


def index(request: HttpRequest) -> HttpResponse:
    """Where to go from /api/v1/."""
    return JsonResponse(
        {
            "partners": request.build_absolute_uri(reverse("api:partners")),
            "openapi": request.build_absolute_uri(reverse("api:openapi-json")),
        }
    )


def unknown(request: HttpRequest, rest: str) -> HttpResponse:
    return problem(404, "There is no such address in the API; /api/v1/openapi.json lists them all.")


def _open(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The view without the redirect to the sign-in page (the API answers 401 itself), and for HEAD as for GET."""

    @wraps(view)
    def opened(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "HEAD":
            request.method = "GET"
        response = view(request, *args, **kwargs)
        # what a member may read is nothing for a shared cache or a browser's disk
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    opened.login_required = False  # type: ignore[attr-defined]
    return opened


index, unknown = _open(index), _open(unknown)
patterns, *_names = api.urls
for pattern in patterns:
    pattern.callback = _open(pattern.callback)
urls = (patterns, *_names)
