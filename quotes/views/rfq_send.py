"""Sending an RFQ and running it: invitations, links, deadline, versions, questions."""

from __future__ import annotations

import datetime as dt

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from cmo_selector.accounts.roles import Action
from quotes.access import sponsor_action
from quotes.links import link_url
from quotes.models import Invitation, InvitationEmail, Rfq, RfqMessage
from quotes.rfq_selectors import rfq_overview, sendable
from quotes.services.rfq import RfqError
from quotes.services.rfq_mail import send_again
from quotes.services.rfq_messages import answer_question
from quotes.services.rfq_send import (
    Contact,
    extend_deadline,
    keep_nda_on_file,
    publish_changes,
    renew_link,
    revoke_invitation,
    send_rfq,
    set_rfq_state,
)
from quotes.views.rfq import INVALID, archived_refused, detail_page, get_rfq


class SendForm(forms.Form):
    """A row per shortlisted partner: a box, the contact's name and address."""

    edition = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args, rfq: Rfq, entries: list, **kwargs):
        self.entries = entries
        super().__init__(*args, initial={"edition": rfq.edition}, **kwargs)
        for entry in entries:
            key, name = entry.organisation_id, str(entry.organisation)
            self.fields[f"pick-{key}"] = forms.BooleanField(required=False, label=f"Invite {name}")
            self.fields[f"name-{key}"] = forms.CharField(
                required=False, max_length=120, label=f"Contact at {name}"
            )
            self.fields[f"email-{key}"] = forms.CharField(
                required=False,
                max_length=254,
                label=f"E-mail of the contact at {name}",
                widget=forms.EmailInput(attrs={"autocomplete": "off"}),
            )

    @property
    def rows(self):
        return [
            {
                "entry": entry,
                **{part: self[f"{part}-{entry.organisation_id}"] for part in ("pick", "name", "email")},
            }
            for entry in self.entries
        ]

    def clean(self):
        data = super().clean()
        self.contacts = []
        for entry in self.entries:
            key = entry.organisation_id
            if not data.get(f"pick-{key}"):
                continue
            if not data.get(f"email-{key}"):
                self.add_error(f"email-{key}", "Give the e-mail address of the contact.")
                continue
            self.contacts.append(
                Contact(entry.organisation, data.get(f"name-{key}", ""), data[f"email-{key}"])
            )
        if not self.errors and not self.contacts:
            raise forms.ValidationError("Tick at least one partner.")
        return data


@require_http_methods(["GET", "HEAD", "POST"])
@sponsor_action(Action.EDIT_RFQ)
@archived_refused
def send(request: HttpRequest, project_id: int, rfq_id: int) -> HttpResponse:
    rfq = get_rfq(request, project_id, rfq_id)
    entries = sendable(rfq)
    form = SendForm(request.POST if request.method == "POST" else None, rfq=rfq, entries=entries)
    if request.method == "POST" and form.is_valid():
        try:
            invited = send_rfq(
                actor=request.user, rfq=rfq, contacts=form.contacts, edition=form.cleaned_data["edition"]
            )
            messages.success(
                request, f"{len(invited)} {'partner' if len(invited) == 1 else 'partners'} invited by e-mail."
            )
            return redirect("quotes:rfq", rfq.project_id, rfq.pk)
        except RfqError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
    context = {
        "project": rfq.project,
        "rfq": rfq,
        "form": form,
        "overview": rfq_overview(rfq),
        "entries": entries,
    }
    return render(request, "quotes/rfq/send.html", context, status=INVALID if form.errors else 200)


IN_PLACE = ("deadline", "note")  # fields of the RFQ's page that show their own errors


def _act(request: HttpRequest, rfq: Rfq, act, done: str, *, typed: str = "") -> HttpResponse:
    """Run one service; its refusal stands beside its field or above the RFQ's page, with what was `typed`."""
    try:
        act()
        messages.success(request, done)
    except RfqError as error:
        if error.field in IN_PLACE:
            return detail_page(request, rfq, refused=error, typed=typed)
        messages.error(request, f"{error} You wrote: “{typed.strip()}”" if typed.strip() else str(error))
    return redirect("quotes:rfq", rfq.project_id, rfq.pk)


def _invitation(rfq: Rfq, invitation_id: int) -> Invitation:
    found = (
        Invitation.objects.for_sponsor(rfq.project.sponsor)
        .select_related("organisation", "rfq__project__sponsor")
        .filter(rfq=rfq, pk=invitation_id)
        .first()
    )
    if found is None:
        raise Http404("There is no such invitation.")
    return found


@require_POST
@sponsor_action(Action.EDIT_RFQ)
@archived_refused
def revoke(request: HttpRequest, project_id: int, rfq_id: int, invitation_id: int) -> HttpResponse:
    rfq = get_rfq(request, project_id, rfq_id)
    invitation = _invitation(rfq, invitation_id)
    return _act(
        request,
        rfq,
        lambda: revoke_invitation(actor=request.user, invitation=invitation),
        f"The invitation of {invitation.organisation} is revoked: its links no longer open.",
    )


@require_POST
@never_cache
@sponsor_action(Action.EDIT_RFQ)
@archived_refused
def renew(request: HttpRequest, project_id: int, rfq_id: int, invitation_id: int) -> HttpResponse:
    """A new link: by e-mail, or shown once to be passed on."""
    rfq = get_rfq(request, project_id, rfq_id)
    invitation = _invitation(rfq, invitation_id)
    by_email = request.POST.get("how") != "show"
    try:
        token = renew_link(actor=request.user, invitation=invitation, email=by_email)
    except RfqError as error:
        messages.error(request, str(error))
        return redirect("quotes:rfq", rfq.project_id, rfq.pk)
    if by_email:
        messages.success(
            request, f"A new link is on its way to {invitation.contact_email}; earlier ones ended."
        )
        return redirect("quotes:rfq", rfq.project_id, rfq.pk)
    context = {"project": rfq.project, "rfq": rfq, "invitation": invitation, "url": link_url(token)}
    return render(request, "quotes/rfq/link.html", context)


@require_POST
@sponsor_action(Action.NOTE_PARTNERS)
@archived_refused
def keep_nda(request: HttpRequest, project_id: int, rfq_id: int, invitation_id: int) -> HttpResponse:
    """Keep an NDA that a partner accepted here in the sponsor's notes, so that later RFQs ask for none."""
    rfq = get_rfq(request, project_id, rfq_id)
    invitation = _invitation(rfq, invitation_id)
    return _act(
        request,
        rfq,
        lambda: keep_nda_on_file(actor=request.user, invitation=invitation),
        f"The NDA of {invitation.organisation} is in your notes: later RFQs open without the gate.",
    )


@require_POST
@sponsor_action(Action.EDIT_RFQ)
@archived_refused
def email_again(request: HttpRequest, project_id: int, rfq_id: int, email_id: int) -> HttpResponse:
    """Send an e-mail now that failed, waits or may not have arrived."""
    rfq = get_rfq(request, project_id, rfq_id)
    email = (
        InvitationEmail.objects.for_sponsor(request.sponsor)
        .select_related("invitation__rfq__project__sponsor")
        .filter(invitation__rfq=rfq, pk=email_id)
        .first()
    )
    if email is None:
        raise Http404("There is no such e-mail.")
    return _act(
        request,
        rfq,
        lambda: send_again(actor=request.user, email=email),
        f"{email.get_kind_display()} to {email.invitation.contact_email}: it is sent now.",
    )


def read_moment(text: str) -> dt.datetime | None:
    """A day and time in UTC as a form sends it; None when it is neither."""
    try:
        moment = parse_datetime(text.strip())
    except ValueError:
        return None
    if moment is None:
        return None
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment


@require_POST
@sponsor_action(Action.EDIT_RFQ)
@archived_refused
def extend(request: HttpRequest, project_id: int, rfq_id: int) -> HttpResponse:
    rfq = get_rfq(request, project_id, rfq_id)
    typed = request.POST.get("deadline", "")

    def act() -> None:
        deadline = read_moment(typed)
        if deadline is None:
            # a field for days and times shows nothing else, so it is said again
            wrote = f" You wrote: “{typed[:40]}”" if typed else ""
            raise RfqError(
                f"Write the new deadline as a day and time, such as 2027-03-31 17:00.{wrote}", "deadline"
            )
        extend_deadline(actor=request.user, rfq=rfq, deadline=deadline)

    done = "The deadline is extended for all partners; they are told by e-mail."
    return _act(request, rfq, act, done, typed=typed)


@require_POST
@sponsor_action(Action.EDIT_RFQ)
@archived_refused
def change_state(request: HttpRequest, project_id: int, rfq_id: int) -> HttpResponse:
    rfq = get_rfq(request, project_id, rfq_id)
    state = request.POST.get("state", "")
    return _act(
        request,
        rfq,
        lambda: set_rfq_state(actor=request.user, rfq=rfq, state=state),
        "The RFQ is closed." if state == "closed" else "The RFQ is cancelled.",
    )


@require_POST
@sponsor_action(Action.EDIT_RFQ)
@archived_refused
def publish(request: HttpRequest, project_id: int, rfq_id: int) -> HttpResponse:
    rfq = get_rfq(request, project_id, rfq_id)
    return _act(
        request,
        rfq,
        lambda: publish_changes(actor=request.user, rfq=rfq, note=request.POST.get("note", "")),
        "The change is published; every partner is told.",
        typed=request.POST.get("note", ""),
    )


@require_POST
@sponsor_action(Action.EDIT_RFQ)
@archived_refused
def answer(request: HttpRequest, project_id: int, rfq_id: int, message_id: int) -> HttpResponse:
    rfq = get_rfq(request, project_id, rfq_id)
    message = RfqMessage.objects.for_sponsor(request.sponsor).filter(rfq=rfq, pk=message_id).first()
    if message is None:
        raise Http404("There is no such question.")
    message.rfq = rfq
    return _act(
        request,
        rfq,
        lambda: answer_question(actor=request.user, message=message, answer=request.POST.get("answer", "")),
        "Answered to all partners.",
        typed=request.POST.get("answer", ""),
    )
