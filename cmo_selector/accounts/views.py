"""The team page: members of the sponsor, for its owners to manage and everybody to see."""

import logging
import smtplib

from allauth.account.forms import ResetPasswordForm
from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from .access import require, sponsor_action
from .brand import UPLOAD_BYTES, BrandError, save_brand
from .models import Membership, SponsorBrand
from .roles import Action, Role
from .services import MembershipError, add_member, change_role, remove_member

logger = logging.getLogger(__name__)


class MemberForm(forms.Form):
    email = forms.EmailField(label="E-mail address", max_length=254)
    role = forms.ChoiceField(choices=Role.choices(), initial=Role.MANAGER.value)


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices())


class BrandForm(forms.Form):
    accent = forms.CharField(
        label="Accent colour",
        required=False,
        max_length=20,
        help_text="As # and six digits, such as #0b6474. Dark enough to be read on white. Empty: the product's own.",
    )
    logo = forms.FileField(
        label="Logo",
        required=False,
        help_text="SVG, PNG, JPEG or WebP, at most 1 MB. It stands on the first page of every new report.",
    )
    remove_logo = forms.BooleanField(label="Take the present logo away", required=False)


@require_http_methods(["GET", "HEAD", "POST"])
@sponsor_action(Action.EDIT_BRAND)
def brand(request: HttpRequest) -> HttpResponse:
    """Logo and accent colour of new reports; those that are frozen keep theirs."""
    kept = SponsorBrand.objects.filter(sponsor=request.sponsor).first()
    form = BrandForm(
        request.POST if request.method == "POST" else None,
        request.FILES if request.method == "POST" else None,
        initial={"accent": kept.accent if kept else ""},
    )
    if request.method == "POST" and form.is_valid():
        upload = form.cleaned_data["logo"]
        try:
            save_brand(
                actor=request.user,
                sponsor=request.sponsor,
                accent=form.cleaned_data["accent"],
                logo=upload.read(UPLOAD_BYTES + 1) if upload else None,
                remove_logo=form.cleaned_data["remove_logo"],
            )
        except BrandError as error:
            form.add_error(error.field, str(error))
        else:
            messages.success(request, "Saved. New reports look like this; frozen ones keep their look.")
            return redirect("brand")
    context = {"form": form, "brand": kept}
    return render(request, "accounts/brand.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@sponsor_action(Action.VIEW)
def team(request: HttpRequest) -> HttpResponse:
    """List of members; a POST by an owner adds one and mails a link to choose a password."""
    form = MemberForm(request.POST or None)
    if request.method == "POST":
        require(request, Action.MANAGE_MEMBERS)
        if form.is_valid() and _added(request, form):
            return redirect("team")
    members = (
        Membership.objects.filter(sponsor=request.sponsor).select_related("user").order_by("user__email")
    )
    context = {"members": members, "form": form, "roles": Role.choices()}
    return render(request, "accounts/team.html", context, status=400 if form.errors else 200)


def _added(request: HttpRequest, form: MemberForm) -> bool:
    email = form.cleaned_data["email"]
    try:
        _, new = add_member(
            actor=request.user, sponsor=request.sponsor, email=email, role=Role(form.cleaned_data["role"])
        )
    except MembershipError as error:
        form.add_error("email", str(error))
        return False
    if new and not _mail_link(request, email):
        messages.warning(
            request,
            f"{email} is a member now, but the mail with the link to choose a password could not be sent. Try "
            "“Send the link again” in the list in a few minutes.",
        )
        return True
    messages.success(
        request, f"{email} is a member now. New people get a mail with a link to choose a password."
    )
    return True


def _mail_link(request: HttpRequest, email: str) -> bool:
    """Mail a link to choose a password. False when the mail server did not take it; the operator's log says why."""
    reset = ResetPasswordForm({"email": email})
    try:
        if reset.is_valid():
            reset.save(request)
    except (OSError, smtplib.SMTPException):
        logger.exception("a link to choose a password could not be mailed")
        return False
    return True


@require_POST
@sponsor_action(Action.MANAGE_MEMBERS)
def send_link(request: HttpRequest, membership_id: int) -> HttpResponse:
    """Mail the link to choose a password again, to a member that has never signed in."""
    membership = _membership(request, membership_id)
    if membership.user.last_login is not None:
        messages.info(
            request, f"{membership.user} has signed in already, and can ask for a new password there."
        )
    elif _mail_link(request, membership.user.email):
        messages.success(request, f"The link to choose a password is on its way to {membership.user.email}.")
    else:
        messages.error(request, "The mail server does not answer. Try again in a few minutes.")
    return redirect("team")


@require_POST
@sponsor_action(Action.MANAGE_MEMBERS)
def change(request: HttpRequest, membership_id: int) -> HttpResponse:
    membership = _membership(request, membership_id)
    form = RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose one of the roles in the list.")
        return redirect("team")
    try:
        change_role(actor=request.user, membership=membership, role=Role(form.cleaned_data["role"]))
        messages.success(request, f"{membership.user} is {membership.role} now.")
    except MembershipError as error:
        messages.error(request, str(error))
    return redirect("team")


@require_POST
@sponsor_action(Action.MANAGE_MEMBERS)
def remove(request: HttpRequest, membership_id: int) -> HttpResponse:
    membership = _membership(request, membership_id)
    try:
        remove_member(actor=request.user, membership=membership)
        messages.success(request, f"{membership.user} is no longer a member.")
    except MembershipError as error:
        messages.error(request, str(error))
    return redirect("team")


def _membership(request: HttpRequest, membership_id: int) -> Membership:
    membership = (
        Membership.objects.filter(sponsor=request.sponsor, pk=membership_id)
        .select_related("user", "sponsor")
        .first()
    )
    if membership is None:
        raise Http404("There is no such member.")
    return membership
