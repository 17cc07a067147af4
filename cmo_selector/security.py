"""Request ids, the Content-Security-Policy of each part of the site, and text that no database can hold."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import structlog
from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.core.exceptions import BadRequest
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import NoReverseMatch, reverse

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestIdMiddleware:
    """Gives each request an id: the proxy's X-Request-ID when it is well formed, else a new one.

    The id is `request.request_id`, is sent back in X-Request-ID and is in every log line.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        offered = request.headers.get("X-Request-ID", "")
        request_id = offered if REQUEST_ID.fullmatch(offered) else uuid.uuid4().hex
        request.request_id = request_id  # type: ignore[attr-defined]
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
        response["X-Request-ID"] = request_id
        response.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
        return response


class ContentSecurityPolicyMiddleware(CSPMiddleware):
    """settings.CONTENT_SECURITY_POLICY everywhere; settings.ADMIN_POLICY_UPDATE on top under /admin/."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if not report_only and _is_admin(request.path_info):
            parts.update = {**(parts.update or {}), **settings.ADMIN_POLICY_UPDATE}
        return parts


def _is_admin(path: str) -> bool:
    try:
        return path.startswith(reverse("admin:index"))
    except NoReverseMatch:  # a URLconf without the admin
        return False


class UnstorableTextMiddleware:
    """Text with a NUL or half a surrogate pair reached the database: the request is bad, the server is not broken.

    Forms refuse such text beside its field; this is for text that is read without one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        if _unstorable(exception):
            raise BadRequest("The text holds a character that cannot be stored.") from exception


def _unstorable(exception: Exception) -> bool:
    if isinstance(exception, UnicodeEncodeError):
        return exception.reason == "surrogates not allowed"
    if isinstance(exception, DataError):  # a NUL within JSON
        return getattr(exception.__cause__, "pgcode", "") == "22P05"
    return isinstance(exception, ValueError) and "NUL (0x00)" in str(exception)
