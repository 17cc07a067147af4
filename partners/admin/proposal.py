"""Proposals of users: curators accept or reject them with one click, and may say why."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from cmo_selector.audit.desk import ReadOnlyAdmin
from cmo_selector.http import whole_number
from partners.enums import ProposalKind, SuggestionState
from partners.history.selectors import watched_models
from partners.models import OrganisationType, Proposal
from partners.proposing import new_facts
from partners.proposing.services import ProposalError, decide

from .saved import SavedFiltersMixin


@admin.register(Proposal)
class ProposalAdmin(SavedFiltersMixin, ReadOnlyAdmin):
    list_display = (
        "about",
        "kind",
        "organisation",
        "change",
        "source_title",
        "proposer_name",
        "proposed_at",
        "state",
    )
    list_select_related = ("organisation",)
    list_filter = (("state", ChoicesDropdownFilter), ("kind", ChoicesDropdownFilter))
    list_filter_submit = True
    search_fields = ("about", "organisation__name", "statement", "source_title", "proposer_name")
    actions = ("accept", "reject")

    @display(description="Change")
    def change(self, proposal: Proposal) -> str:
        if proposal.kind == ProposalKind.NEW_FACT:
            return proposal.about.partition(": ")[2]
        if not proposal.column:
            return proposal.statement[:80]
        return f"{proposal.column}: {proposal.value_before or 'unknown'} → {proposal.value or 'unknown'}"

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("partners.change_proposal")  # type: ignore[union-attr]

    @admin.action(description="Accept", permissions=["decide"])
    def accept(self, request: HttpRequest, queryset: QuerySet[Proposal]) -> None:
        self._decide(request, queryset, accept=True)

    @admin.action(description="Reject", permissions=["decide"])
    def reject(self, request: HttpRequest, queryset: QuerySet[Proposal]) -> None:
        self._decide(request, queryset, accept=False)

    def _decide(
        self, request: HttpRequest, queryset: QuerySet[Proposal], *, accept: bool, note: str = ""
    ) -> int:
        """Each on its own: one that cannot be decided keeps none of the others back."""
        done = 0
        for proposal in queryset.order_by("proposed_at", "pk"):
            try:
                decide(actor=request.user, proposal=proposal, accept=accept, note=note)
            except ProposalError as error:
                messages.error(request, str(error))
            else:
                done += 1
        if done:
            messages.success(
                request, f"{done} {'accepted' if accept else 'rejected'}; whoever proposed it is told."
            )
        return done

    def get_urls(self) -> list:
        view = self.admin_site.admin_view(require_POST(self.decide_view))
        return [path("<int:pk>/decide/", view, name="partners_proposal_decide"), *super().get_urls()]

    def decide_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_decide_permission(request):
            raise PermissionDenied
        queryset = Proposal.objects.filter(pk=pk)
        proposal = get_object_or_404(queryset)
        note = request.POST.get("note", "")
        done = self._decide(request, queryset, accept=request.POST.get("what") == "accept", note=note)
        if not done:
            return self._page(request, proposal, note)
        following = Proposal.objects.filter(state=SuggestionState.OPEN).order_by("proposed_at", "pk").first()
        if following:
            return redirect("admin:partners_proposal_change", following.pk)
        return redirect("admin:partners_proposal_changelist")

    def change_view(self, request, object_id, form_url="", extra_context=None) -> HttpResponse:
        if request.method not in ("GET", "HEAD") or not self.has_view_permission(request):
            raise PermissionDenied
        if whole_number(object_id) is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        found = Proposal.objects.select_related("organisation", "decided_by")
        return self._page(request, get_object_or_404(found, pk=object_id))

    def _page(self, request: HttpRequest, proposal: Proposal, note: str = "") -> HttpResponse:
        model = watched_models().get(proposal.table)
        fact = model and model._default_manager.filter(pk=proposal.object_id).first()
        fact_url = reverse(f"admin:partners_{model._meta.model_name}_change", args=[fact.pk]) if fact else ""
        context = {
            **self.admin_site.each_context(request),
            "title": str(proposal),
            "opts": self.opts,
            "proposal": proposal,
            "fact": fact,
            "fact_url": fact_url,
            "lines": _lines(proposal),
            "may_decide": self.has_decide_permission(request) and proposal.state == SuggestionState.OPEN,
            "note": note,
        }
        return render(request, "partners/desk/proposal.html", context)


def _lines(proposal: Proposal) -> list[tuple[str, str]]:
    """What a missing fact or a new partner says, field by field."""
    if proposal.kind == ProposalKind.NEW_FACT:
        kind = new_facts.KINDS[new_facts.KIND_OF_TABLE[proposal.table]]
        return new_facts.in_words(new_facts.form_of(kind, proposal.organisation, proposal.values))
    terms = OrganisationType.objects.filter(code__in=proposal.values.get("types", ()))
    found = [("Type", term.label) for term in terms]
    for name, value in proposal.values.get("site", {}).items():
        found.append((f"Main site, {name.replace('_', ' ')}", value))
    return found
