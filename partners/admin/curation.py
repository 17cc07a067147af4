"""The curators' queues: tasks to verify facts, stale facts, facts that contradict each other."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_POST, require_safe
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RangeDateFilter
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextInputWidget,
)

from cmo_selector.audit.desk import AuditedAdmin
from cmo_selector.http import whole_number
from partners import conflicts
from partners.curation import selectors
from partners.curation.remembered import forget, remembered
from partners.curation.services import CurationError, assign_tasks, fact_of, finish_task, settle_conflict
from partners.enums import EvidenceLevel, TaskState, VerifyOutcome
from partners.models import Capability, SavedFilter, Source, VerificationTask

from .saved import SavedFiltersMixin

SHOWN_OF_A_KIND = 10


class FinishForm(forms.Form):
    """What looking at the fact again led to, with the new evidence."""

    outcome = forms.ChoiceField(choices=VerifyOutcome, widget=UnfoldAdminSelectWidget)
    source = forms.ModelChoiceField(Source.objects.all(), required=False)
    retrieved_on = forms.DateField(required=False, widget=UnfoldAdminSingleDateWidget)
    evidence_level = forms.ChoiceField(
        choices=[("", "---------"), *EvidenceLevel.choices], required=False, widget=UnfoldAdminSelectWidget
    )
    valid_until = forms.DateField(required=False, widget=UnfoldAdminSingleDateWidget)
    note = forms.CharField(max_length=300, required=False, widget=UnfoldAdminTextInputWidget)

    def __init__(self, *args: Any, site: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = Capability._meta.get_field("source")
        self.fields["source"].widget = AutocompleteSelect(field, site)
        self.fields["source"].widget.choices = self.fields["source"].choices


@admin.register(VerificationTask)
class VerificationTaskAdmin(SavedFiltersMixin, AuditedAdmin):
    list_display = (
        "title",
        "organisation",
        "state",
        "due_on",
        "assigned_to",
        "reason",
        "outcome",
        "created_at",
    )
    list_select_related = ("organisation", "assigned_to")
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("due_on", RangeDateFilter),
        ("assigned_to", AutocompleteSelectFilter),
    )
    list_filter_submit = True
    search_fields = ("title", "organisation__name", "reason", "note")
    autocomplete_fields = ("assigned_to",)
    fields = (
        "title", "fact", "organisation", "reason", ("assigned_to", "due_on"), ("state", "outcome"), "note",
        ("created_by", "created_at"), ("done_by", "done_at"),
    )  # fmt: skip
    readonly_fields = (
        "title", "fact", "organisation", "reason", "state", "outcome", "note",
        "created_by", "created_at", "done_by", "done_at",
    )  # fmt: skip
    actions = ("assign_to_me",)
    change_form_outer_before_template = "partners/desk/finish_task.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Tasks are asked for on the list of their facts."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        closed = ("assigned_to", "due_on") if obj and obj.state != TaskState.OPEN else ()
        return (*self.readonly_fields, *closed)

    @display(description="Fact")
    def fact(self, task: VerificationTask) -> str:
        fact = fact_of(task)
        if fact is None:
            return "deleted since"
        url = reverse(f"admin:partners_{fact._meta.model_name}_change", args=[fact.pk])
        return format_html('<a href="{}">{}</a>, {} of {}', url, fact, fact.source, fact.retrieved_on)

    @admin.action(description="Assign to me", permissions=["change"])
    def assign_to_me(self, request: HttpRequest, queryset: Any) -> None:
        number = assign_tasks(actor=request.user, tasks=queryset, to=request.user)  # type: ignore[arg-type]
        if number:
            messages.success(
                request, f"{number:,} more open task{'s are' if number > 1 else ' is'} yours now."
            )
        else:
            messages.info(request, "None of them is open and somebody else's; nothing was changed.")

    def get_urls(self) -> list:
        view = self.admin_site.admin_view
        return [
            path("stale/", view(require_safe(self.stale_view)), name="partners_stale"),
            path("conflicts/", view(self.conflicts_view), name="partners_conflicts"),
            path(
                "<int:pk>/finish/",
                view(require_POST(self.finish_view)),
                name="partners_verificationtask_finish",
            ),
            *super().get_urls(),
        ]

    def change_view(self, request, object_id, form_url="", extra_context=None) -> HttpResponse:
        extra = {
            "finish_form": FinishForm(initial=self._initial(), site=self.admin_site),
            **(extra_context or {}),
        }
        return super().change_view(request, object_id, form_url, extra)

    @staticmethod
    def _initial() -> dict[str, Any]:
        return {"retrieved_on": timezone.localdate()}

    def finish_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        task = get_object_or_404(VerificationTask, pk=pk)
        if not self.has_change_permission(request, task):
            raise PermissionDenied
        form = FinishForm(request.POST, site=self.admin_site)
        if form.is_valid():
            try:
                finish_task(actor=request.user, task=task, **form.cleaned_data)
            except CurationError as error:
                form.add_error(error.field if error.field in form.fields else None, str(error))
            else:
                messages.success(request, f"{task}: {form.cleaned_data['outcome']}.")
                return redirect("admin:partners_verificationtask_changelist")
        request.method = "GET"  # the page again, with what was typed
        return super().change_view(request, str(pk), "", {"finish_form": form})

    def stale_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        today = timezone.localdate()
        queues = []
        for queue in selectors.stale_queues(today, shown=SHOWN_OF_A_KIND):
            name = queue.model._meta.model_name
            rows = [
                (
                    row,
                    reverse(f"admin:partners_{name}_change", args=[row.pk]),
                    selectors.freshness.of(row, today),
                    owner_name(row),
                )
                for row in queue.rows
            ]
            url = reverse(f"admin:partners_{name}_changelist") + "?freshness=stale"
            queues.append((queue, url, rows))
        context = {**self.admin_site.each_context(request), "title": "Stale facts", "queues": queues}
        return render(request, "partners/desk/stale.html", context)

    def conflicts_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            return self._settle(request)
        overview, found = remembered("conflicts"), []
        for conflict in conflicts.still_conflicting(overview.value) if overview else ():
            name = conflict.rule.model._meta.model_name
            rows = [
                (
                    row,
                    f"{name}:{row.pk}",
                    _url(name, row.pk),
                    [_words(row, name) for name in conflict.fields],
                )
                for row in conflict.rows
            ]
            about = f"{conflict.rule.model._meta.verbose_name}: {owner_name(conflict.rows[0])}"
            found.append((about, conflict, rows))
        context = {
            **self.admin_site.each_context(request),
            "title": "Facts that contradict each other",
            "found": found,
            "overview": overview,
        }
        return render(request, "partners/desk/conflicts.html", context)

    def _settle(self, request: HttpRequest) -> HttpResponse:
        name, _, number = request.POST.get("keep", "").partition(":")
        model = next((r.model for r in conflicts.RULES if r.model._meta.model_name == name), None)
        if model is None or whole_number(number) is None:
            messages.error(request, "Choose the fact to keep.")
            return redirect("admin:partners_conflicts")
        if not request.user.has_perm(f"partners.delete_{name}"):  # type: ignore[union-attr]
            raise PermissionDenied
        keep = get_object_or_404(model, pk=number)
        try:
            deleted = settle_conflict(actor=request.user, keep=keep, why=request.POST.get("why", ""))
            forget("conflicts")
        except CurationError as error:
            messages.error(request, str(error))
        else:
            messages.success(
                request, f"“{keep}” is kept; {deleted} deleted. The history can bring them back."
            )
        return redirect("admin:partners_conflicts")


def _words(fact: Any, name: str) -> str:
    """One field of a fact for readers."""
    value = getattr(fact, f"get_{name}_display", lambda: getattr(fact, name))()
    if value in (None, ""):
        return "unknown"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def owner_name(fact: Any) -> str:
    """The site or partner a fact is about."""
    return str(getattr(fact, "facility", None) or getattr(fact, "organisation", "") or fact)


def _url(model_name: str, pk: int) -> str:
    try:
        return reverse(f"admin:partners_{model_name}_change", args=[pk])
    except NoReverseMatch:
        return ""


@admin.register(SavedFilter)
class SavedFilterAdmin(AuditedAdmin):
    """Everybody sees only their own; they are made above the lists."""

    list_display = ("name", "page", "query", "created_at")
    search_fields = ("name", "page")
    fields = ("name", "page", "query")
    readonly_fields = ("page",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).filter(user=request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
