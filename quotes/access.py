"""Fetching a sponsor's own rows. A wrong role is a 403 (`sponsor_action`), another sponsor's object a 404."""

from django.http import Http404, HttpRequest

from cmo_selector.accounts.access import sponsor_action
from quotes.models import Project

__all__ = ["get_project", "sponsor_action"]


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
