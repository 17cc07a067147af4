"""Writes to a request for quotation while it is prepared: creation, its texts and figures, scope, versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from quotes.attached import live_files, names_of
from quotes.models import Attachment, CostScenario, Project, Rfq, RfqVersion, ScopeLine
from quotes.rfq_enums import Demand, RfqState
from quotes.rfq_templates import Template, fitted, starting_lines, starting_values
from quotes.services.projects import ProjectArchived

SCENARIOS = (
    ("Low", Demand.LOW, 0),
    ("Base", Demand.BASE, 0),
    ("High", Demand.HIGH, 0),
    ("Stop early", Demand.STOP, 0),
    ("Delay", Demand.DELAY, 6),
)
EDITABLE = (RfqState.DRAFT, RfqState.OPEN)
STALE = (
    "Somebody else saved this RFQ while you were editing. Open the page in a second tab to see their version, compare, "
    "then save again."
)


NOT_OPEN = (
    "The sponsor has put this request away: nothing can be sent to it any more. Ask the sponsor by e-mail."
)
SENT_TERMS = {
    "deadline": "The RFQ was sent with this deadline. “Extend for all” on the RFQ's page gives all a later one.",
    "sealed": "The RFQ was sent with this promise to its bidders: whether quotes are sealed can no longer be changed. "
    "“Extend for all” on the RFQ's page gives a later deadline.",
}


class RfqError(ValueError):
    """A change the RFQ does not allow; `field` names the form field, the message says what to do."""

    def __init__(self, message: str, field: str | None = None):
        super().__init__(message)
        self.field = field


class StaleRfq(RfqError):
    """Somebody saved since the form was opened. `edition` is the one to save over knowingly."""

    def __init__(self, edition: int):
        super().__init__(STALE)
        self.edition = edition


def lock_project(project: Project) -> Project:
    """Every write waits here for its turn. Raises ProjectArchived."""
    current = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if current.archived_at is not None:
        raise ProjectArchived
    return current


def lock_rfq(rfq: Rfq) -> Rfq:
    """The RFQ as it is now, locked. Raises ProjectArchived."""
    lock_project(rfq.project)
    return Rfq.objects.select_for_update(no_key=True).select_related("project__sponsor").get(pk=rfq.pk)


def lock_for_bidder(rfq: Rfq, actor: User | None = None) -> Rfq:
    """The same for what a partner does behind its link: the sponsor's archive is a refusal in the partner's words."""
    try:
        return lock_rfq(rfq)
    except ProjectArchived as archived:
        raise RfqError(str(archived) if actor else NOT_OPEN) from None


@transaction.atomic
def create_rfq(*, actor: User, project: Project, template: Template) -> Rfq:
    """A draft from a template, with its scope and the five scenarios."""
    lock_project(project)
    values = starting_values(template, project, first_year=timezone.localdate().year + 1)
    values["title"] = _free_title(project, values["title"])
    rfq = Rfq.objects.create(project=project, created_by=actor, **values)
    ScopeLine.objects.bulk_create([ScopeLine(rfq=rfq, **row) for row in starting_lines(template)])
    CostScenario.objects.bulk_create(
        [
            CostScenario(rfq=rfq, name=name, follows=kind, delay_months=months, order=order)
            for order, (name, kind, months) in enumerate(SCENARIOS)
        ]
    )
    record(
        actor=actor, verb="rfq.created", obj=rfq, sponsor=project.sponsor, data={"template": template.label}
    )
    return rfq


def _free_title(project: Project, title: str) -> str:
    taken = set(project.rfqs.values_list("title", flat=True))
    number, free = 1, title
    while free in taken:
        number += 1
        free = f"{title[:154]} ({number})"
    return free


@transaction.atomic
def save_rfq(*, actor: User, rfq: Rfq, values: Mapping[str, Any], edition: int) -> Rfq:
    """Set columns of the RFQ. `edition` is the one the person was looking at.

    When the number of years changes, demand and typed quantities are cut or filled up with zeros. Raises StaleRfq,
    and RfqError for an RFQ that can no longer be changed.
    """
    current = lock_rfq(rfq)
    _refuse_fixed(current)
    if current.edition != edition:
        raise StaleRfq(current.edition)
    changed = [name for name, value in values.items() if getattr(current, name) != value]
    if not changed:
        return current
    _refuse_sent_terms(current, changed)
    for name in changed:
        setattr(current, name, values[name])
    if "periods" in changed:
        _fit_periods(current)
    current.edition += 1
    current.save()
    record(
        actor=actor,
        verb="rfq.changed",
        obj=current,
        sponsor=current.project.sponsor,
        data={"fields": ", ".join(name.replace("_", " ") for name in changed)},
    )
    return current


def _refuse_fixed(rfq: Rfq) -> None:
    if rfq.state not in EDITABLE:
        raise RfqError(f"This RFQ is {rfq.get_state_display().lower()} and can no longer be changed.")


def _refuse_sent_terms(rfq: Rfq, changed: Iterable[str]) -> None:
    """Bidders rely on deadline and seal from the day they are asked; a nearer deadline would open sealed prices."""
    for name in ("deadline", "sealed"):
        if rfq.sent_at is not None and name in changed:
            raise RfqError(SENT_TERMS[name], name)


def _fit_periods(rfq: Rfq) -> None:
    rfq.drivers = [
        {**d, **{kind: fitted(d.get(kind) or [], rfq.periods) for kind in ("low", "base", "high")}}
        for d in rfq.drivers
    ]
    if rfq.reach:
        rfq.reach = [*rfq.reach, *[rfq.reach[-1]] * rfq.periods][: rfq.periods]
    for line in rfq.lines.all():
        for name in ("quantities", "benchmark", "sponsor_cost"):
            if value := getattr(line, name):
                setattr(line, name, fitted(value, rfq.periods))
        line.save()


@transaction.atomic
def save_scope(*, actor: User, rfq: Rfq, rows: Iterable[Mapping[str, Any]], edition: int) -> Rfq:
    """Replace the scope by these lines, in order; a code that stays keeps its benchmark and own cost."""
    current = lock_rfq(rfq)
    _refuse_fixed(current)
    if current.edition != edition:
        raise StaleRfq(current.edition)
    rows = list(rows)
    codes = [row["code"] for row in rows]
    if len(set(codes)) < len(codes):
        raise RfqError("A line is there twice. Give every line of the scope a code of its own.")
    before = {line.code: line for line in current.lines.all()}
    ScopeLine.objects.filter(rfq=current).exclude(code__in=codes).delete()
    for order, row in enumerate(rows):
        line = before.get(row["code"]) or ScopeLine(rfq=current)
        for name, value in {**row, "order": order}.items():
            setattr(line, name, value)
        line.save()
    current.edition += 1
    current.save(update_fields=["edition", "updated_at"])
    added, gone = sorted(set(codes) - set(before)), sorted(set(before) - set(codes))
    record(
        actor=actor,
        verb="rfq.scope_changed",
        obj=current,
        sponsor=current.project.sponsor,
        data={"lines": len(rows), "added": ", ".join(added), "removed": ", ".join(gone)},
    )
    return current


# -- versions -------------------------------------------------------------------------------------


def content_of(rfq: Rfq) -> dict[str, Any]:
    """Everything partners are shown, as plain data: what a version freezes."""
    project = rfq.project
    files = names_of(live_files(rfq=rfq)) if rfq.pk else []
    return {
        # only when there are some: versions of before know neither
        **({"enclosures": rfq.enclosures} if rfq.enclosures else {}),
        **({"files": files} if files else {}),
        "title": rfq.title,
        "code_name": rfq.code_name,
        "project": {
            "name": project.name,
            "product": project.product,
            "indication": project.indication,
            "modality": str(project.modality or ""),
            "dosage_form": str(project.dosage_form or ""),
            "stage": project.get_stage_display(),
            "markets": list(project.markets),
        },
        "sponsor": project.sponsor.name,
        "sections": dict(rfq.sections),
        "milestones": rfq.milestones,
        "years": rfq.years,
        "drivers": rfq.drivers,
        "questions": rfq.questions,
        "documents": rfq.documents,
        "criteria": rfq.criteria,
        "lines": [
            {
                "code": line.code,
                "label": line.label,
                "package": line.package,
                "deliverable": line.deliverable,
                "basis": line.basis,
                "treatment": line.treatment,
                "driver": line.driver,
                "quantities": line.quantities,
            }
            for line in rfq.lines.all()
        ],
    }


def publish_version(*, actor: User, rfq: Rfq, note: str = "") -> RfqVersion | None:
    """Freeze what partners see now as the next version; None when nothing changed. Needs the RFQ's lock."""
    content = content_of(rfq)
    latest = rfq.versions.order_by("-number").first()
    if latest is not None and latest.content == content:
        return None
    number = (rfq.versions.aggregate(last=Max("number"))["last"] or 0) + 1
    version = RfqVersion.objects.create(
        rfq=rfq, number=number, content=content, note=note[:400], created_by=actor
    )
    Attachment.objects.filter(rfq=rfq, quote=None, removed_at=None, used=False).update(used=True)
    record(
        actor=actor,
        verb="rfq.version_published",
        obj=rfq,
        sponsor=rfq.project.sponsor,
        data={"version": number, "note": note},
    )
    return version
