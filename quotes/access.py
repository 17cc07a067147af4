"""The gate of every sponsor page: role first, then the tenant's own rows only.

A wrong role is a 403 and says nothing about what exists; another sponsor's object is a 404.
"""

from collections.abc import Callable
from functools import wraps

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse

from cmo_selector.accounts.roles import Action, may
from quotes.models import Project


def sponsor_action(action: Action) -> Callable:
    """Let the view run only for members whose role allows `action`."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def gated(request: HttpRequest, *args, **kwargs) -> HttpResponse:
            if request.membership is None:
                raise PermissionDenied("You are not a member of a sponsor organisation yet. Ask its owner to add you.")
            if not may(request.membership.role, action):
                raise PermissionDenied(f"Your role ({request.membership.role}) does not allow this.")
            return view(request, *args, **kwargs)

        return gated

    return decorate


def get_project(request: HttpRequest, project_id: int, *, lock: bool = False) -> Project:
    """The sponsor's own project, or 404. `lock` takes the row lock for a write in the same transaction."""
    projects = Project.objects.for_sponsor(request.sponsor).select_related(
        "sponsor", "modality", "dosage_form", "scale_unit", "weights"
    )
    if lock:
        projects = projects.select_for_update(of=("self",), no_key=True)
    project = projects.filter(pk=project_id).first()
    if project is None:
        raise Http404("There is no such project.")
    return project
