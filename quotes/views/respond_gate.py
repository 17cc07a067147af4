"""The gate of a partner's pages: a working link, the NDA, and what is said when there is none."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from quotes.links import find_link
from quotes.quote_sheet import LONGEST
from quotes.response_page import field_words
from quotes.rfq_enums import NDA_PASSED, InvitationState, RfqState
from quotes.services.responses import known_fields

GONE = 410
TALK = ("text", "reason", "answer")  # fields beside the quote


def behind_link(*, gate: bool = True) -> Callable:
    """The view gets the invitation of a working link; `gate` also asks for the NDA."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @login_not_required
        @never_cache
        @wraps(view)
        def gated(request: HttpRequest, token: str, **kwargs: Any) -> HttpResponse:
            link = find_link(token)
            if link is None:
                context = {"why": "unknown", "typed": _typed(request)}
                answer = render(request, "quotes/respond/closed.html", context, status=404)
            elif why := _closed(link):
                context = {"why": why, "invitation": link.invitation, "typed": _typed(request)}
                answer = render(request, "quotes/respond/closed.html", context, status=GONE)
            elif gate and link.invitation.nda not in NDA_PASSED:
                answer = redirect("respond", token)
            else:
                answer = view(request, link.invitation, token, **kwargs)
            answer.headers["X-Robots-Tag"] = "noindex, nofollow"
            # "no-referrer" would make browsers send Origin: null with forms, which the CSRF check refuses
            answer.headers["Referrer-Policy"] = "same-origin"
            return answer

        return gated

    return decorate


def _typed(request: HttpRequest) -> list[tuple[str, str]]:
    """What a form that came too late had in it, for the person to copy: (field in words, text)."""
    if request.method != "POST":
        return []
    rows = [(field_words(name), text) for name, text in known_fields(request.POST.dict()).items()]
    rows += [("Your text", request.POST.get(name, "")[:LONGEST]) for name in TALK]
    return [(words, text) for words, text in rows if text.strip()]


def _closed(link: Any) -> str:
    """Why a known link opens nothing; empty when it does."""
    if link.revoked_at is not None or link.invitation.state == InvitationState.REVOKED:
        return "revoked"
    if link.invitation.expires_at <= timezone.now():
        return "expired"
    return "cancelled" if link.invitation.rfq.state == RfqState.CANCELLED else ""
