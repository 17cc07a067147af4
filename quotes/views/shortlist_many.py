"""Several partners onto the shortlist at once, from a comparison."""

from django.contrib import messages
from django.core.validators import slug_re
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from cmo_selector.accounts.roles import Action
from partners.models import Organisation
from quotes.access import get_project, sponsor_action
from quotes.services.shortlist import add_several_to_shortlist
from quotes.views.shortlist import refused_when_archived

MOST = 6  # partners, as many as a comparison holds


@require_POST
@sponsor_action(Action.EDIT_SHORTLIST)
@refused_when_archived
def add_many(request: HttpRequest, project_id: int) -> HttpResponse:
    """All partners that the form names, or none when one of them does not exist."""
    project = get_project(request, project_id)
    organisations = _partners(request.POST.getlist("partner"))
    added = add_several_to_shortlist(actor=request.user, project=project, organisations=organisations)
    known = [organisation for organisation in organisations if organisation not in added]
    if added:
        messages.success(request, f"On the shortlist of {project.name}: {_names(added)}.")
    if known:
        messages.info(request, f"Already on the shortlist of {project.name}: {_names(known)}.")
    return redirect("quotes:shortlist", project.pk)


def _names(organisations: list[Organisation]) -> str:
    return ", ".join(organisation.name for organisation in organisations)


def _partners(slugs: list[str]) -> list[Organisation]:
    """Active partners by what a form sent, once each and in its order."""
    wanted = list(dict.fromkeys(slugs))
    if not 1 <= len(wanted) <= MOST or not all(slug_re.fullmatch(slug) for slug in wanted):
        raise Http404("Name one to six partners.")
    found = {row.slug: row for row in Organisation.objects.active().filter(slug__in=wanted)}
    if len(found) < len(wanted):
        raise Http404("There is no such partner.")
    return [found[slug] for slug in wanted]
