"""The page of a person's API tokens."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from cmo_selector.db import constraint_errors

from .models import ApiToken
from .tokens import TokenRefused, create_token, revoke_token


class TokenForm(forms.Form):
    name = forms.CharField(
        label="Name", max_length=80, help_text="What will use it, such as “Data warehouse, nightly”."
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def api_tokens(request: HttpRequest) -> HttpResponse:
    """The person's tokens; a POST makes one and shows it, this once."""
    form = TokenForm(request.POST or None)
    made = None
    if request.method == "POST" and form.is_valid():
        with constraint_errors(form):
            try:
                made = create_token(
                    actor=request.user, sponsor=request.sponsor, name=form.cleaned_data["name"]
                )
            except TokenRefused as refused:
                form.add_error(None, str(refused))
        if made:
            form = TokenForm()
    tokens = ApiToken.objects.filter(user=request.user, revoked_at=None).select_related("sponsor")
    context = {"tokens": list(tokens), "form": form, "secret": made[1] if made else ""}
    status = 400 if form.errors else 201 if made else 200
    return render(request, "accounts/tokens.html", context, status=status)


@require_POST
def api_token_revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    token = ApiToken.objects.filter(pk=token_id, user=request.user).select_related("sponsor").first()
    if token is None:
        raise Http404("There is no such token.")
    revoke_token(actor=request.user, token=token)
    messages.success(request, f"“{token.name}” no longer opens the API.")
    return redirect("api_tokens")
