"""Matching and merging on the desk: proposals side by side, probable duplicates, merges and splits."""

from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_POST, require_safe
from unfold.contrib.filters.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, RangeNumericFilter
from unfold.decorators import display

from cmo_selector.audit.desk import ReadOnlyAdmin
from cmo_selector.http import whole_number
from partners.curation.remembered import remembered
from partners.jobs import ask_for_matches
from partners.matching import duplicates, likeness, merging, proposals, references
from partners.matching.merging import MergeError
from partners.matching.proposals import MatchError
from partners.models import Facility, MatchProposal, Merge, NotTheSame, Organisation

from .saved import SavedFiltersMixin

PAIRS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a side-by-side view."""

    label: str
    left: str
    right: str

    @property
    def same(self) -> bool:
        return self.left == self.right

    @property
    def mark(self) -> str:
        if "unknown" in (self.left, self.right):
            return "cannot be compared"
        return "the same" if self.left.casefold() == self.right.casefold() else "differs"


def _text(value: Any) -> str:
    return "unknown" if value in (None, "") else str(value)


@admin.register(MatchProposal)
class MatchProposalAdmin(SavedFiltersMixin, ReadOnlyAdmin):
    list_display = (
        "establishment",
        "place",
        "organisation",
        "site",
        "percent",
        "because",
        "state",
        "decided_by",
    )
    list_select_related = ("establishment", "organisation", "facility", "decided_by")
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("confidence", RangeNumericFilter),
        ("organisation", AutocompleteSelectFilter),
    )
    list_filter_submit = True
    search_fields = ("establishment__firm_name", "=establishment__duns", "organisation__name")
    list_before_template = "partners/desk/matches_before.html"
    actions = ("accept", "accept_as_new_site", "reject", "undo")

    @display(description="Place", ordering="establishment__city")
    def place(self, proposal: MatchProposal) -> str:
        row = proposal.establishment
        return ", ".join(filter(None, (row.city, row.country)))

    @display(description="Site")
    def site(self, proposal: MatchProposal) -> str:
        return proposal.facility.name if proposal.facility else "a new site"

    @display(description="Confidence", ordering="-confidence")
    def percent(self, proposal: MatchProposal) -> str:
        return f"{proposal.confidence:.0f} %"

    @display(description="Because")
    def because(self, proposal: MatchProposal) -> str:
        return "; ".join(proposal.reasons)

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("partners.change_matchproposal")  # type: ignore[union-attr]

    @admin.action(description="Accept: link to the site, or make the new one", permissions=["decide"])
    def accept(self, request: HttpRequest, queryset: QuerySet[MatchProposal]) -> None:
        self._each(request, queryset, "accepted", lambda p: proposals.accept(actor=request.user, proposal=p))

    @admin.action(description="Accept as a new site of the partner", permissions=["decide"])
    def accept_as_new_site(self, request: HttpRequest, queryset: QuerySet[MatchProposal]) -> None:
        self._each(
            request,
            queryset,
            "accepted as new sites",
            lambda p: proposals.accept(actor=request.user, proposal=p, as_new_site=True),
        )

    @admin.action(description="Reject", permissions=["decide"])
    def reject(self, request: HttpRequest, queryset: QuerySet[MatchProposal]) -> None:
        self._each(request, queryset, "rejected", lambda p: proposals.reject(actor=request.user, proposal=p))

    @admin.action(description="Undo the decision", permissions=["decide"])
    def undo(self, request: HttpRequest, queryset: QuerySet[MatchProposal]) -> None:
        self._each(request, queryset, "open again", lambda p: proposals.undo(actor=request.user, proposal=p))

    def _each(self, request: HttpRequest, queryset: QuerySet[MatchProposal], what: str, decide: Any) -> bool:
        """Each on its own: one that cannot be decided keeps none of the others back."""
        done = 0
        for proposal in queryset.order_by("-confidence", "pk"):
            try:
                decide(proposal)
            except MatchError as error:
                messages.error(request, str(error))
            else:
                done += 1
        if done:
            messages.success(request, f"{done} {what}.")
        return bool(done)

    def get_urls(self) -> list:
        view = self.admin_site.admin_view
        return [
            path("look/", view(require_POST(self.look_view)), name="partners_matchproposal_look"),
            path(
                "<int:pk>/decide/", view(require_POST(self.decide_view)), name="partners_matchproposal_decide"
            ),
            *super().get_urls(),
        ]

    def look_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_decide_permission(request):
            raise PermissionDenied
        if ask_for_matches():
            messages.success(
                request, "Matches are being looked for in the background; reload the list in a minute."
            )
        else:
            messages.error(
                request, "No worker can be reached now. Try again, or run “manage.py match_register”."
            )
        return redirect("admin:partners_matchproposal_changelist")

    def decide_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_decide_permission(request):
            raise PermissionDenied
        queryset = MatchProposal.objects.filter(pk=pk)
        get_object_or_404(queryset)
        actions = {
            "accept": self.accept, "new": self.accept_as_new_site, "reject": self.reject, "undo": self.undo,
        }  # fmt: skip
        if action := actions.get(request.POST.get("what", "")):
            action(request, queryset)
        following = MatchProposal.objects.filter(state="open").first()
        if request.POST.get("what") == "undo" or following is None:
            return redirect("admin:partners_matchproposal_change", pk)
        return redirect("admin:partners_matchproposal_change", following.pk)

    def change_view(self, request, object_id, form_url="", extra_context=None) -> HttpResponse:
        if request.method not in ("GET", "HEAD") or not self.has_view_permission(request):
            raise PermissionDenied
        if whole_number(object_id) is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        found = MatchProposal.objects.select_related(
            "establishment", "organisation", "facility", "decided_by"
        )
        proposal = get_object_or_404(found, pk=object_id)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Is it the same? {proposal.confidence:.0f} % sure",
            "opts": self.opts,
            "proposal": proposal,
            "rows": _beside(proposal),
            "may_decide": self.has_decide_permission(request),
        }
        return render(request, "partners/desk/match.html", context)


def _beside(proposal: MatchProposal) -> list[Row]:
    row, partner, site = proposal.establishment, proposal.organisation, proposal.facility
    numbers = {i.scheme: i.value for i in site.identifiers.all()} if site else {}
    return [
        Row("Name", row.firm_name, site.name if site else partner.name),
        Row("Street", _text(row.street), _text(site and site.street)),
        Row("City", _text(row.city), _text(site and site.city)),
        Row("Region", _text(row.region), _text(site and site.region)),
        Row("Postal code", _text(row.postal_code), _text(site and site.postal_code)),
        Row("Country", _text(row.country), _text(site and site.country)),
        Row("D-U-N-S", _text(row.duns), _text(numbers.get("duns"))),
        Row("FEI", _text(row.fei), _text(numbers.get("fei"))),
        Row("Registrant", _text(row.registrant_name), partner.name),
        Row("Operations", "; ".join(row.operations) or "unknown", "unknown"),
    ]


# -- merging -------------------------------------------------------------------------------------------

KINDS: dict[str, type[Organisation] | type[Facility]] = {"partner": Organisation, "site": Facility}
COMPARED = {
    "partner": (
        "name",
        "website",
        "founded_year",
        "employees",
        "summary",
        "source",
        "retrieved_on",
    ),
    "site": (
        "name",
        "organisation",
        "street",
        "city",
        "postal_code",
        "region",
        "country",
        "source",
        "retrieved_on",
    ),
}


@dataclass(frozen=True, slots=True)
class Back:
    """The way a merge's page offers to take it back."""

    url: str
    question: str
    button: str


def moved_in_words(moved: dict[str, list[Any]]) -> list[tuple[str, int]]:
    """Kind of row and field → how many moved."""
    return [(name.split(".", 1)[1].replace(".", ", "), len(keys)) for name, keys in sorted(moved.items())]


@admin.register(Merge)
class MergeAdmin(ReadOnlyAdmin):
    list_display = ("merged_at", "what", "into", "why", "merged_by", "split_at")
    list_select_related = (
        "kept_partner", "merged_partner", "kept_site__organisation", "merged_site__organisation", "merged_by",
    )  # fmt: skip
    search_fields = (
        "why",
        "kept_partner__name",
        "merged_partner__name",
        "kept_site__name",
        "merged_site__name",
    )

    @display(description="Merged")
    def what(self, merge: Merge) -> str:
        return str(merge.merged)

    @display(description="Into")
    def into(self, merge: Merge) -> str:
        return str(merge.kept)

    def get_urls(self) -> list:
        view = self.admin_site.admin_view
        return [
            path("duplicates/", view(require_safe(self.duplicates_view)), name="partners_duplicates"),
            path("compare/", view(self.compare_view), name="partners_merge_compare"),
            path("<int:pk>/split/", view(require_POST(self.split_view)), name="partners_merge_split"),
            *super().get_urls(),
        ]

    def may_merge(self, request: HttpRequest) -> bool:
        return request.user.has_perm("partners.add_merge")  # type: ignore[union-attr]

    def change_view(self, request, object_id, form_url="", extra_context=None) -> HttpResponse:
        if request.method not in ("GET", "HEAD") or not self.has_view_permission(request):
            raise PermissionDenied
        if whole_number(object_id) is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return self._merge_page(request, get_object_or_404(Merge, pk=object_id))

    def _merge_page(self, request: HttpRequest, merge: Merge, why: str = "") -> HttpResponse:
        back = None
        if self.may_merge(request) and not merge.split_at:
            url = reverse("admin:partners_merge_split", args=[merge.pk])
            back = Back(url, "Why are they two after all?", "Split them again")
        context = {
            **self.admin_site.each_context(request),
            "title": str(merge),
            "opts": self.opts,
            "merge": merge,
            "headline": f"{merge.merged} became {merge.kept}",
            "taken_back_at": merge.split_at,
            "taken_back_by": merge.split_by,
            "moved": moved_in_words(merge.moved),
            "back": back,
            "why": why,
        }
        return render(request, "partners/desk/merge.html", context)

    def split_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.may_merge(request):
            raise PermissionDenied
        merge, why = get_object_or_404(Merge, pk=pk), request.POST.get("why", "")
        try:
            merging.split(actor=request.user, merge=merge, why=why)
        except MergeError as error:
            messages.error(request, str(error))
            return self._merge_page(request, merge, why)
        messages.success(request, f"“{merge.merged}” and “{merge.kept}” are two again.")
        return redirect("admin:partners_merge_change", pk)

    def duplicates_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        known, found = remembered("duplicates"), []
        pairs_now = duplicates.still_two(known.value) if known else duplicates.Pairs((), ())
        for kind, pairs in (("partner", pairs_now.partners), ("site", pairs_now.sites)):
            shown = pairs[:PAIRS_SHOWN]
            keys = {pk for pair in shown for pk in (pair.first, pair.second)}
            rows = (
                KINDS[kind]
                ._default_manager.select_related(*(("organisation",) if kind == "site" else ()))
                .in_bulk(keys)
            )
            found.append((kind, len(pairs), [(rows[p.first], rows[p.second], p) for p in shown]))
        context = {
            **self.admin_site.each_context(request),
            "title": "Probable duplicates",
            "found": found,
            "known": known,
        }
        return render(request, "partners/desk/duplicates.html", context)

    def compare_view(self, request: HttpRequest) -> HttpResponse:
        """Two records side by side, and the decision whether they are one."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        data = request.POST if request.method == "POST" else request.GET
        kind, numbers = data.get("kind", ""), (data.get("a", ""), data.get("b", ""))
        if kind not in KINDS or None in map(whole_number, numbers):
            messages.error(request, "Choose two records to compare.")
            return redirect("admin:partners_duplicates")
        left, right = (get_object_or_404(KINDS[kind], pk=number) for number in numbers)
        if request.method == "POST":
            if not self.may_merge(request):
                raise PermissionDenied
            if answer := self._decide(request, kind, left, right):
                return answer
        counts = [_counts(left), _counts(right)]
        context = {
            **self.admin_site.each_context(request),
            "title": "Are they one?",
            "kind": kind,
            "left": left,
            "right": right,
            "rows": [_row(left, right, name) for name in COMPARED[kind]],
            "facts": [
                (label, counts[0].get(label, 0), counts[1].get(label, 0))
                for label in sorted({*counts[0], *counts[1]})
            ],
            "alike": likeness.names(left.name, right.name),
            "may_merge": self.may_merge(request),
            "why": data.get("why", ""),
        }
        return render(request, "partners/desk/compare.html", context)

    def _decide(self, request: HttpRequest, kind: str, left: Any, right: Any) -> HttpResponse | None:
        try:
            if request.POST.get("what") == "apart" and kind == "partner":
                merging.tell_apart(actor=request.user, one=left, other=right)
                messages.success(request, "They are two; they will not be proposed again.")
                return redirect("admin:partners_duplicates")
            keep, merged = (right, left) if request.POST.get("keep") == str(right.pk) else (left, right)
            merge = merging.merge_partners if kind == "partner" else merging.merge_sites
            done = merge(actor=request.user, keep=keep, merged=merged, why=request.POST.get("why", ""))
        except MergeError as error:
            messages.error(request, str(error))
            return None
        messages.success(request, f"Merged into “{keep}”. It can be taken back here.")
        return redirect("admin:partners_merge_change", done.pk)


def _row(left: Any, right: Any, name: str) -> Row:
    label = str(left._meta.get_field(name).verbose_name).capitalize()
    return Row(label, _text(getattr(left, name)), _text(getattr(right, name)))


def _counts(record: Any) -> dict[str, int]:
    """How many rows of the catalogue refer to a record, by kind."""
    found = {}
    for field in references.references(type(record)):
        if field.model._meta.app_label == "partners":
            number = field.model._base_manager.filter(**{field.name: record}).count()
            if number:
                found[str(field.model._meta.verbose_name_plural).capitalize()] = number
    return found


@admin.register(NotTheSame)
class NotTheSameAdmin(ReadOnlyAdmin):
    """Pairs that were told apart; deleting one lets it be proposed again."""

    list_display = ("first", "second", "decided_by", "decided_at")
    list_select_related = ("first", "second", "decided_by")
    search_fields = ("first__name", "second__name")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("partners.delete_notthesame")  # type: ignore[union-attr]


class MergeAction:
    """On the lists of partners and sites: compare the two that are ticked."""

    merge_kind = ""

    @admin.action(description="Compare the two ticked, and merge them", permissions=["change"])
    def compare_two(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse | None:
        keys = list(queryset.order_by("pk").values_list("pk", flat=True)[:3])
        if len(keys) != 2:
            messages.error(request, "Tick exactly two.")
            return None
        url = reverse("admin:partners_merge_compare")
        return redirect(f"{url}?kind={self.merge_kind}&a={keys[0]}&b={keys[1]}")
