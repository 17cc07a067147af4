"""Files behind a partner's link: the package of the request, what is enclosed, and the partner's own files."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cmo_selector.templatetags.fmt import format_date
from quotes.attached import bidder_file
from quotes.downloads import attachment_answer
from quotes.models import Invitation
from quotes.rfq_package import Cover, answered_questions
from quotes.services.responses import asked_of
from quotes.views.respond_gate import behind_link
from quotes.views.rfq_files import package_answer


@require_safe
@behind_link()
def package(request: HttpRequest, invitation: Invitation, token: str, ending: str) -> HttpResponse:
    """The package of the version this bidder answers."""
    rfq = invitation.rfq
    version = rfq.versions.order_by("-number").first()
    signed = (
        f", signed by {invitation.nda_signer} on {format_date(invitation.nda_at)}"
        if invitation.nda_at
        else ""
    )
    cover = Cover(
        sponsor=rfq.project.sponsor.name,
        deadline=rfq.deadline,
        contact=f"{invitation.invited_by} <{invitation.invited_by.email}>",
        version=version.number if version else None,
        published=version.created_at if version else None,
        note=version.note if version else "",
        recipient=str(invitation.organisation),
        nda=f"{invitation.get_nda_display()}{signed}." if rfq.nda_required else "",
        nda_text=rfq.nda_text if rfq.nda_required else "",
        sealed=rfq.sealed,
        answered=answered_questions(rfq),
    )
    return package_answer(asked_of(rfq), cover, ending)


@require_safe
@behind_link()
def file(request: HttpRequest, invitation: Invitation, token: str, attachment_id: int) -> HttpResponse:
    """A file of the published request, or one of the partner's own. Everybody else's is as unknown as none."""
    found = bidder_file(invitation, asked_of(invitation.rfq), attachment_id)
    if found is None:
        return render(request, "quotes/respond/closed.html", {"why": "unknown"}, status=404)
    return attachment_answer(found)
