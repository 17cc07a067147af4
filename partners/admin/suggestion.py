"""Suggested links between the register and the catalogue: curators accept or reject them here."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from cmo_selector.audit.desk import ReadOnlyAdmin
from partners.models import LinkSuggestion
from partners.register.services import SuggestionError, decide_suggestion

from .saved import SavedFiltersMixin


@admin.register(LinkSuggestion)
class LinkSuggestionAdmin(SavedFiltersMixin, ReadOnlyAdmin):
    list_display = (
        "establishment",
        "facility",
        "reason",
        "state",
        "proposer_name",
        "proposed_at",
        "decided_by",
    )
    list_select_related = ("establishment", "facility__organisation", "decided_by")
    list_filter = (("state", ChoicesDropdownFilter),)
    list_filter_submit = True
    search_fields = ("establishment__firm_name", "=establishment__duns", "facility__name", "reason")
    actions = ("accept", "reject")

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Changing rows by hand is off; deciding needs the permission that would have allowed it."""
        return request.user.has_perm("partners.change_linksuggestion")  # type: ignore[union-attr]

    @admin.action(description="Accept: link the establishment to the site", permissions=["decide"])
    def accept(self, request: HttpRequest, queryset: QuerySet[LinkSuggestion]) -> None:
        self._decide(request, queryset, accept=True)

    @admin.action(description="Reject", permissions=["decide"])
    def reject(self, request: HttpRequest, queryset: QuerySet[LinkSuggestion]) -> None:
        self._decide(request, queryset, accept=False)

    def _decide(self, request: HttpRequest, queryset: QuerySet[LinkSuggestion], *, accept: bool) -> None:
        """Each on its own: one that cannot be decided keeps none of the others back."""
        done = 0
        for suggestion in queryset.order_by("proposed_at", "pk"):
            try:
                decide_suggestion(actor=request.user, suggestion=suggestion, accept=accept)
            except SuggestionError as error:
                messages.error(request, str(error))
            else:
                done += 1
        if done:
            messages.success(request, f"{done} suggestion(s) {'accepted' if accept else 'rejected'}.")
