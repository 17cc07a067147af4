"""What the desk offers for every fact: freshness as a filter, provenance on its page, and verifying again."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from partners import freshness
from partners.conflicts import conflict_of
from partners.curation.services import MOST_AT_ONCE, CurationError, ask_to_verify, verify_fact
from partners.history.selectors import changes_of_row
from partners.models import Evidenced

MOST_TOLD = 5  # facts of one action whose refusal is told one by one


class FreshnessFilter(admin.SimpleListFilter):
    """Stale facts, and those that expire soon, by the rules of `partners.freshness`."""

    title = "freshness"
    parameter_name = "freshness"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("stale", "Stale"),
            ("expiring", f"Expires within {freshness.SOON_DAYS} days"),
            ("fresh", "Fresh"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        today = timezone.localdate()
        match self.value():
            case "stale":
                return queryset.filter(freshness.stale(queryset.model, today))
            case "expiring":
                return queryset.filter(freshness.expiring(queryset.model, today))
            case "fresh":
                return queryset.exclude(freshness.stale(queryset.model, today))
        return queryset


class VerifyActions:
    """Actions on the facts one has ticked; both call the services of curation."""

    actions = ("verified_today", "verify_again")

    @admin.action(description="Verified today: the same source still says so", permissions=["change"])
    def verified_today(self, request: HttpRequest, queryset: QuerySet) -> None:
        done, refused = 0, []
        facts = list(queryset.select_related("source")[: MOST_AT_ONCE + 1])
        if len(facts) > MOST_AT_ONCE:
            messages.error(request, f"Choose at most {MOST_AT_ONCE:,} facts at a time.")
            return
        for fact in facts:
            try:
                verify_fact(
                    actor=request.user,
                    fact=fact,
                    source=fact.source,
                    retrieved_on=timezone.localdate(),
                    evidence_level=fact.evidence_level,
                    valid_until=fact.valid_until,
                    source_reference=fact.source_reference,
                    why="Verified again against the same source",
                )
            except CurationError as error:
                refused.append(f"{fact}: {error}")
            else:
                done += 1
        for text in refused[:MOST_TOLD]:
            messages.error(request, text)
        if len(refused) > MOST_TOLD:
            messages.error(request, f"{len(refused) - MOST_TOLD:,} more could not be verified so.")
        if done:
            messages.success(request, f"{done:,} verified as of today.")

    @admin.action(description="Ask to verify again: a task for each", permissions=["change"])
    def verify_again(self, request: HttpRequest, queryset: QuerySet) -> None:
        related = [f.name for f in queryset.model._meta.fields if f.is_relation]
        if "facility" in related:
            related.append("facility__organisation")
        try:
            made = ask_to_verify(
                actor=request.user, facts=queryset.select_related(*related), reason="Asked on the list"
            )
        except CurationError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"{made:,} new verification tasks; facts with an open one keep theirs.")


def provenance(fact: Evidenced) -> SafeString:
    """Who entered a fact and how, how fresh it is, and what contradicts it; three queries."""
    today = timezone.localdate()
    fresh = freshness.of(fact, today)
    first = changes_of_row(fact).order_by("pk").first()
    lines = [
        f"Entered {first.at:%Y-%m-%d} by {first.actor_name} ({first.get_how_display()})"
        if first and first.kind == "created"
        else "Entered before the history began",
        f"{fresh.age:,} days old, keeps {fresh.credit:.0%} of its confidence"
        + (f" (half-life {fresh.half_life:,} days)" if fresh.half_life else ""),
    ]
    if fresh.why:
        lines.append(f"Stale: {fresh.why}")
    found = conflict_of(fact)
    if found:
        others = "; ".join(
            f"{row.source}, {row.retrieved_on}, {row.get_evidence_level_display().lower()}"
            for row in found.rows
            if row.pk != fact.pk
        )
        lines.append(f"Contradicted in {', '.join(found.labels)} by: {others}")
    return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((line,) for line in lines)))
