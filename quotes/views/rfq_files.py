"""The package of an RFQ to take away, and the files around it: enclosed ones, bidders' ones, signed NDAs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from cmo_selector.accounts.roles import Action
from cmo_selector.http import whole_number
from quotes.access import get_project, sponsor_action
from quotes.attached import submitted_files
from quotes.downloads import PDF, XLSX, attachment_answer, file_answer
from quotes.models import Attachment, Invitation, Quote, Rfq
from quotes.rfq_enums import QuoteState
from quotes.rfq_package import Cover, package_cover, package_name, package_pdf, package_xlsx
from quotes.services.attachments import LARGEST, add_rfq_file, remove_rfq_file
from quotes.services.rfq import RfqError, content_of
from quotes.uploads import CONTENT_TYPES
from quotes.views.rfq import archived_refused, get_rfq


def package_answer(content: Mapping[str, Any], cover: Cover, ending: str) -> HttpResponse:
    make, kind = (package_pdf, PDF) if ending == "pdf" else (package_xlsx, XLSX)
    return file_answer(make(content, cover), package_name(content, cover, ending), kind)


@require_safe
@never_cache
@sponsor_action(Action.VIEW)
def rfq_package(request: HttpRequest, project_id: int, rfq_id: int, ending: str) -> HttpResponse:
    """The package as it would go out now, or as a version went out (`?version=2`)."""
    rfq = get_rfq(request, project_id, rfq_id)
    wanted = request.GET.get("version", "")
    version = rfq.versions.filter(number=whole_number(wanted)).first()
    if wanted and version is None:
        raise Http404("There is no such version.")
    return package_answer(
        version.content if version else content_of(rfq), package_cover(rfq, version), ending
    )


@require_POST
@sponsor_action(Action.EDIT_RFQ)
@archived_refused
def rfq_file_add(request: HttpRequest, project_id: int, rfq_id: int) -> HttpResponse:
    """Files for all bidders; one that is refused is named, the others are kept."""
    rfq = get_rfq(request, project_id, rfq_id)
    files = request.FILES.getlist("files")
    if not files:
        messages.error(request, "Choose a file first.")
    for file in files:
        try:
            row = add_rfq_file(
                actor=request.user,
                rfq=rfq,
                name=file.name or "",
                content=file.read(LARGEST + 1),
                document=request.POST.get("document", ""),
            )
            messages.success(request, f"{row.name} is enclosed.")
        except RfqError as error:
            messages.error(request, str(error))
    return redirect(f"{rfq.get_absolute_url()}#files")


def _rfq_file(rfq: Rfq, attachment_id: int) -> Attachment:
    found = (
        Attachment.objects.for_sponsor(rfq.project.sponsor)
        .filter(rfq=rfq, quote=None, pk=attachment_id)
        .first()
    )
    if found is None:
        raise Http404("There is no such file.")
    found.rfq = rfq
    return found


@require_POST
@sponsor_action(Action.EDIT_RFQ)
@archived_refused
def rfq_file_remove(request: HttpRequest, project_id: int, rfq_id: int, attachment_id: int) -> HttpResponse:
    rfq = get_rfq(request, project_id, rfq_id)
    row = _rfq_file(rfq, attachment_id)
    try:
        remove_rfq_file(actor=request.user, attachment=row)
        messages.success(request, f"{row.name} is taken out.")
    except RfqError as error:
        messages.error(request, str(error))
    return redirect(f"{rfq.get_absolute_url()}#files")


@require_safe
@never_cache
@sponsor_action(Action.VIEW)
def rfq_file(request: HttpRequest, project_id: int, rfq_id: int, attachment_id: int) -> HttpResponse:
    return attachment_answer(_rfq_file(get_rfq(request, project_id, rfq_id), attachment_id))


@require_safe
@never_cache
@sponsor_action(Action.EDIT_RFQ)
def rfq_nda(request: HttpRequest, project_id: int, rfq_id: int, invitation_id: int) -> HttpResponse:
    """The signed NDA a partner uploaded."""
    rfq = get_rfq(request, project_id, rfq_id)
    invitation = (
        Invitation.objects.for_sponsor(request.sponsor)
        .select_related("organisation")
        .filter(rfq=rfq, pk=invitation_id)
        .exclude(nda_file="")
        .first()
    )
    if invitation is None:
        raise Http404("There is no signed NDA of that partner.")
    try:
        with invitation.nda_file.open("rb") as stored:
            content = stored.read()
    except OSError as error:
        raise Http404("The file is no longer there.") from error
    ending = PurePosixPath(invitation.nda_file.name).suffix.removeprefix(".")
    kind = CONTENT_TYPES.get(ending, "application/octet-stream")
    return file_answer(content, f"nda-{invitation.organisation.slug}.{ending}", kind)


@require_safe
@never_cache
@sponsor_action(Action.SEE_PRICES)
def quote_file(request: HttpRequest, project_id: int, quote_id: int, attachment_id: int) -> HttpResponse:
    """A file of a submitted quote: for roles that see prices, and not before a sealed deadline."""
    project = get_project(request, project_id)
    quotes = Quote.objects.for_sponsor(request.sponsor).select_related("rfq").exclude(state=QuoteState.DRAFT)
    quote = quotes.filter(rfq__project=project, pk=quote_id).first()
    if quote is None or quote.rfq.prices_sealed:
        raise Http404("There is no such quote, or it is sealed.")
    row = next((row for row in submitted_files(quote) if row.pk == attachment_id), None)
    if row is None:
        raise Http404("There is no such file.")
    return attachment_answer(row)
