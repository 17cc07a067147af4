"""Terms of vocabularies that were made one: what moved, and the way back."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.text import capfirst
from django.views.decorators.http import require_POST
from unfold.decorators import display

from cmo_selector.audit.desk import ReadOnlyAdmin
from cmo_selector.http import whole_number
from partners.matching.terms import TermError, model_of, undo_term_merge
from partners.models import TermMerge

from .matching import Back, moved_in_words


@admin.register(TermMerge)
class TermMergeAdmin(ReadOnlyAdmin):
    list_display = ("merged_at", "of", "merged_label", "kept_label", "why", "merged_by", "undone_at")
    list_select_related = ("merged_by",)
    search_fields = ("merged_label", "kept_label", "vocabulary", "why")

    @display(description="Vocabulary", ordering="vocabulary")
    def of(self, merge: TermMerge) -> str:
        return capfirst(str(model_of(merge)._meta.verbose_name_plural))

    def get_urls(self) -> list:
        undo = self.admin_site.admin_view(require_POST(self.undo_view))
        return [path("<int:pk>/undo/", undo, name="partners_termmerge_undo"), *super().get_urls()]

    @staticmethod
    def may_undo(request: HttpRequest, merge: TermMerge) -> bool:
        return request.user.has_perm(f"partners.change_{merge.vocabulary}")  # type: ignore[union-attr]

    def change_view(self, request, object_id, form_url="", extra_context=None) -> HttpResponse:
        if request.method not in ("GET", "HEAD") or not self.has_view_permission(request):
            raise PermissionDenied
        if whole_number(object_id) is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return self._page(request, get_object_or_404(TermMerge, pk=object_id))

    def undo_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        merge, why = get_object_or_404(TermMerge, pk=pk), request.POST.get("why", "")
        if not self.may_undo(request, merge):
            raise PermissionDenied
        try:
            number = undo_term_merge(actor=request.user, merge=merge, why=why)  # type: ignore[arg-type]
        except TermError as error:
            messages.error(request, str(error))
            return self._page(request, merge, why)
        messages.success(
            request, f"“{merge.merged_label}” is a term of its own again; {number:,} rows moved back."
        )
        return redirect("admin:partners_termmerge_change", pk)

    def _page(self, request: HttpRequest, merge: TermMerge, why: str = "") -> HttpResponse:
        back = None
        if self.may_undo(request, merge) and not merge.undone_at:
            url = reverse("admin:partners_termmerge_undo", args=[merge.pk])
            back = Back(url, "Why are they two after all?", "Make them two again")
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": str(merge),
            "opts": self.opts,
            "merge": merge,
            "headline": f"{merge.merged_label} became {merge.kept_label}",
            "taken_back_at": merge.undone_at,
            "taken_back_by": merge.undone_by,
            "moved": moved_in_words(merge.moved),
            "back": back,
            "why": why,
        }
        return render(request, "partners/desk/merge.html", context)
