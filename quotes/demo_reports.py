"""Reports that the demo asks for by themselves: one every week for the board, one whenever data change."""

from __future__ import annotations

from cmo_selector.accounts.models import User
from quotes.enums import ReportKind, ReportRhythm
from quotes.models import Project, ReportSchedule
from quotes.reports.options import ReportOptions
from quotes.services.schedules import create_schedule

#: project → (rhythm, kind, recipient)
SCHEDULES = {
    "AB-220": (ReportRhythm.WEEKLY, ReportKind.DECISION, "Board of directors"),
    "AB-305": (ReportRhythm.CHANGE, ReportKind.COMPARISON, ""),
}


def load_schedules(person: User) -> list[str]:
    """Only while the person has none: what was stopped stays so. Returns the projects followed."""
    if ReportSchedule.objects.filter(created_by=person).exists():
        return []
    followed = []
    for start, (rhythm, kind, recipient) in SCHEDULES.items():
        sponsors = person.memberships.values("sponsor")
        project = Project.objects.filter(
            sponsor__in=sponsors, name__startswith=start, archived_at=None
        ).first()
        if project is not None:
            options = ReportOptions(kind=kind, recipient=recipient)
            create_schedule(actor=person, project=project, rhythm=rhythm, options=options)
            followed.append(project.name)
    return followed
