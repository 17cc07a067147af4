"""Puts the person's sponsor on the request: the one place that decides which tenant a request is for."""

from collections.abc import Callable

from django.db.models.expressions import Combinable
from django.http import HttpRequest, HttpResponse

from .models import Membership
from .roles import Action, may

SESSION_KEY = "sponsor_id"
# Figures about a membership that every page's header shows. Apps add expressions here when they start; the one
# query that finds the memberships computes them.
header_figures: dict[str, Combinable] = {}


class SponsorMiddleware:
    """Sets `request.membership` and `request.sponsor`; both None for people without a sponsor.

    Someone with several memberships works for one sponsor at a time, kept in the session.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.memberships = []
        request.membership = None
        request.sponsor = None
        if request.user.is_authenticated:
            # The oldest first: being added to another sponsor never changes whom somebody works for.
            memberships = Membership.objects.filter(user=request.user).select_related("sponsor")
            request.memberships = list(memberships.annotate(**header_figures).order_by("created_at", "pk"))
            chosen = request.session.get(SESSION_KEY)
            request.membership = next(
                (m for m in request.memberships if m.sponsor_id == chosen),
                request.memberships[0] if request.memberships else None,
            )
            request.sponsor = request.membership.sponsor if request.membership else None
        return self.get_response(request)


def permissions(request: HttpRequest) -> dict:
    """Template context: `can.edit_project` and so on, from the same table that the views ask."""
    membership = getattr(request, "membership", None)
    role = membership.role if membership else None
    return {
        "membership": membership,
        "memberships": getattr(request, "memberships", []),
        "sponsor": membership.sponsor if membership else None,
        "can": {action.value: may(role, action) for action in Action},
    }
