"""What the pages of RFQs read: one function per page, each with a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import BooleanField, Case, Count, Prefetch, Q, QuerySet, When

from cmo_selector.templatetags.fmt import format_number
from quotes.attached import live_files
from quotes.enums import Market
from quotes.models import (
    Attachment,
    Invitation,
    InvitationEmail,
    PartnerRelation,
    Project,
    Rfq,
    RfqMessage,
    RfqVersion,
    ScopeLine,
    ShortlistEntry,
)
from quotes.readiness import Readiness, readiness
from quotes.rfq_enums import Basis, EmailState, InvitationState, MessageKind, QuoteState, RfqState, Treatment
from quotes.rfq_templates import SECTIONS, fitted


def rfqs_of(project: Project) -> QuerySet[Rfq]:
    """The project's RFQs with the counts that lists show. One query."""
    return Rfq.objects.filter(project=project).annotate(
        line_count=Count("lines", distinct=True),
        invited_count=Count("invitations", distinct=True),
        received_count=Count(
            "invitations", filter=Q(invitations__state=InvitationState.SUBMITTED), distinct=True
        ),
        declined_count=Count(
            "invitations", filter=Q(invitations__state=InvitationState.DECLINED), distinct=True
        ),
        question_count=Count(
            "messages",
            filter=Q(messages__kind=MessageKind.QUESTION, messages__answered_at=None),
            distinct=True,
        ),
    )


@dataclass(frozen=True)
class RfqOverview:
    rfq: Rfq
    lines: list[ScopeLine]
    invitations: list[Invitation]
    messages: list[RfqMessage]
    versions: list[RfqVersion]
    files: list[Attachment]
    readiness: Readiness

    @property
    def open_questions(self) -> list[RfqMessage]:
        return [m for m in self.messages if m.kind == MessageKind.QUESTION and not m.answered_at]

    @property
    def answered_questions(self) -> list[RfqMessage]:
        return [m for m in self.messages if m.kind == MessageKind.QUESTION and m.answered_at]


#: Whether a quote that came another way may be typed in: the partner has not begun, or has ended without one.
BY_HAND = Case(
    When(state=InvitationState.INVITED, then=True),
    When(
        Q(state__in=[InvitationState.DECLINED, InvitationState.REVOKED])
        & (Q(quote=None) | Q(quote__state__in=[QuoteState.DRAFT, QuoteState.WITHDRAWN])),
        then=True,
    ),
    default=False,
    output_field=BooleanField(),
)


def rfq_overview(rfq: Rfq) -> RfqOverview:
    """Six queries: lines, files, invitations, their e-mails that have not gone out, messages, versions."""
    lines, files = list(rfq.lines.all()), live_files(rfq=rfq)
    unsent = InvitationEmail.objects.exclude(state__in=[EmailState.SENT, EmailState.DROPPED])
    return RfqOverview(
        rfq=rfq,
        lines=lines,
        invitations=list(
            rfq.invitations.select_related("organisation__merged_into", "invited_by")
            .prefetch_related(Prefetch("emails", queryset=unsent, to_attr="unsent"))
            .annotate(by_hand=BY_HAND)
        ),
        messages=list(rfq.messages.select_related("invitation__organisation", "answered_by")),
        versions=list(rfq.versions.select_related("created_by").defer("content")),
        files=files,
        readiness=readiness(rfq, lines, {row.document for row in files}),
    )


def sendable(rfq: Rfq) -> list[ShortlistEntry]:
    """Shortlisted partners that are not invited yet, each with the sponsor's `relation` or None. Two queries.

    A partner that was merged into another is asked under the other's name.
    """
    taken = rfq.invitations.values("organisation_id")
    entries = list(
        ShortlistEntry.objects.filter(project=rfq.project_id, organisation__merged_into=None)
        .exclude(organisation__in=taken)
        .select_related("organisation")
        .order_by("position")
    )
    ids = [entry.organisation_id for entry in entries]
    kept = PartnerRelation.objects.filter(sponsor=rfq.project.sponsor_id, organisation__in=ids)
    relations = {row.organisation_id: row for row in kept}
    for entry in entries:
        entry.relation = relations.get(entry.organisation_id)
    return entries


# -- the document as partners read it -------------------------------------------------------------


def document(content: dict[str, Any]) -> dict[str, Any]:
    """A version's content as the preview and the response page show it."""
    years = content["years"]
    names = {driver["name"]: driver for driver in content["drivers"]}
    enclosed = {row["document"] for row in content.get("files", [])}
    packages: dict[str, list[dict[str, Any]]] = {}
    for line in content["lines"]:
        driver = names.get(line["driver"])
        base = fitted(driver["base"] if driver else line["quantities"], len(years))
        packages.setdefault(line["package"], []).append(
            {
                **line,
                "basis_label": Basis(line["basis"]).label,
                "treatment_label": Treatment(line["treatment"]).label,
                "counted_by": driver["label"] if driver else "",
                "per_year": [format_number(Decimal(n)) for n in base],
                "total": format_number(sum((Decimal(n) for n in base), Decimal(0))),
            }
        )
    return {
        "enclosures": [],
        "files": [],
        **content,
        "markets": [Market(code).label for code in content["project"]["markets"]],
        "waiting": [name for name in content.get("enclosures", []) if name not in enclosed],
        "section_rows": [
            {"title": title, "text": content["sections"].get(key, "")}
            for key, title, _ in SECTIONS
            if content["sections"].get(key)
        ],
        "packages": [{"name": name, "lines": rows} for name, rows in packages.items()],
        "demand_rows": [
            {
                "label": driver["label"],
                "unit": driver["unit"],
                "kind": kind,
                "values": [format_number(Decimal(n)) for n in fitted(driver.get(kind) or [], len(years))],
            }
            for driver in content["drivers"]
            for kind in ("low", "base", "high")
        ],
    }


def latest_sent(project: Project) -> Rfq | None:
    """The RFQ whose quotes a project compares first: the newest that was sent."""
    sent = Rfq.objects.filter(project=project).exclude(state__in=[RfqState.DRAFT, RfqState.CANCELLED])
    return sent.order_by("-sent_at", "-pk").first()
