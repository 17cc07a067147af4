"""Suggested links between the register and the catalogue: curators accept or reject them here."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from cmo_selector.audit.desk import ReadOnlyAdmin
from partners.models import LinkSuggestion
from partners.register.services import ROWS, SuggestionError, decide_suggestion, undo_suggestion

from .saved import SavedFiltersMixin


class RegisterFilter(admin.SimpleListFilter):
    """Of which register the row is."""

    title = "register"
    parameter_name = "register"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, capfirst(str(ROWS[name]._meta.verbose_name))) for name in LinkSuggestion.ROWS]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        chosen = self.value()
        return queryset.filter(**{f"{chosen}__isnull": False}) if chosen in ROWS else queryset


@admin.register(LinkSuggestion)
class LinkSuggestionAdmin(SavedFiltersMixin, ReadOnlyAdmin):
    list_display = (
        "stated",
        "register",
        "belongs_to",
        "reason",
        "state",
        "proposer_name",
        "proposed_at",
        "decided_by",
    )
    list_select_related = (*LinkSuggestion.ROWS, "facility__organisation", "organisation", "decided_by")
    list_filter = (("state", ChoicesDropdownFilter), RegisterFilter)
    list_filter_submit = True
    search_fields = (
        *("establishment__firm_name", "=establishment__duns", "form_483__firm_name", "action__firm_name"),
        *("inspection__firm_name", "listing__labeler", "facility__name", "organisation__name", "reason"),
    )
    actions = ("accept", "reject", "undo")

    @display(description="Row of the register")
    def stated(self, suggestion: LinkSuggestion) -> str:
        return str(suggestion.row)

    @display(description="Register")
    def register(self, suggestion: LinkSuggestion) -> str:
        return capfirst(str(suggestion.row._meta.verbose_name))

    @display(description="Site or partner")
    def belongs_to(self, suggestion: LinkSuggestion) -> str:
        return str(suggestion.target)

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Changing rows by hand is off; deciding needs the permission that would have allowed it."""
        return request.user.has_perm("partners.change_linksuggestion")  # type: ignore[union-attr]

    @admin.action(
        description="Accept: link the row, and those of the same FEI, case or labeler", permissions=["decide"]
    )
    def accept(self, request: HttpRequest, queryset: QuerySet[LinkSuggestion]) -> None:
        self._decide(request, queryset, accept=True)

    @admin.action(description="Reject", permissions=["decide"])
    def reject(self, request: HttpRequest, queryset: QuerySet[LinkSuggestion]) -> None:
        self._decide(request, queryset, accept=False)

    @admin.action(description="Undo: take links and facts off again, decide anew", permissions=["decide"])
    def undo(self, request: HttpRequest, queryset: QuerySet[LinkSuggestion]) -> None:
        done = rows = 0
        for suggestion in queryset.order_by("-decided_at", "-pk"):
            try:
                rows += undo_suggestion(actor=request.user, suggestion=suggestion)  # type: ignore[arg-type]
            except SuggestionError as error:
                messages.error(request, str(error))
            else:
                done += 1
        if done:
            messages.success(request, f"{done} suggestion(s) wait again; {rows:,} row(s) were unlinked.")

    def _decide(self, request: HttpRequest, queryset: QuerySet[LinkSuggestion], *, accept: bool) -> None:
        """Each on its own: one that cannot be decided keeps none of the others back."""
        done = along = 0
        for suggestion in queryset.order_by("proposed_at", "pk"):
            try:
                linked = decide_suggestion(actor=request.user, suggestion=suggestion, accept=accept)
            except SuggestionError as error:
                messages.error(request, str(error))
            else:
                done += 1
                along += linked.along
        if done:
            more = (
                f" {along:,} row(s) of the same FEI, case or labeler were linked with them." if along else ""
            )
            messages.success(request, f"{done} suggestion(s) {'accepted' if accept else 'rejected'}.{more}")
