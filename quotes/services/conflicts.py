"""Recording what a partner answered about conflicts of interest, and taking that back."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from partners.models import Organisation
from quotes.models import ConflictCheck, Project
from quotes.services.projects import lock_project
from quotes.versions import shown

FIELDS = ("answer", "asked_on", "note")


@transaction.atomic
def record_conflict(
    *,
    actor: User,
    project: Project,
    organisation: Organisation,
    answer: str,
    asked_on: dt.date,
    note: str = "",
) -> ConflictCheck:
    """Set the partner's answer for this project; the log keeps the one before. Raises ProjectArchived."""
    current = lock_project(project)
    row = ConflictCheck.objects.filter(project=current, organisation=organisation).first()
    row = row or ConflictCheck(project=current, organisation=organisation)
    before = {name: shown(row, name) for name in FIELDS}
    row.answer, row.asked_on, row.note, row.recorded_by = answer, asked_on, note.strip(), actor
    row.clean_fields(exclude=["project", "organisation", "recorded_by"])
    changed = {name: [before[name], shown(row, name)] for name in FIELDS if before[name] != shown(row, name)}
    if row.pk and not changed:
        return row
    row.save()
    record(
        actor=actor,
        verb="conflict.recorded",
        obj=row,
        sponsor=project.sponsor,
        data={"organisation": organisation.slug, "changed": changed},
    )
    return row


@transaction.atomic
def forget_conflict(*, actor: User, project: Project, organisation: Organisation) -> bool:
    """Back to "nobody has recorded an answer"; whether there was one. Raises ProjectArchived."""
    current = lock_project(project)
    row = ConflictCheck.objects.filter(project=current, organisation=organisation).first()
    if row is None:
        return False
    record(
        actor=actor,
        verb="conflict.forgotten",
        obj=row,
        sponsor=project.sponsor,
        data={"organisation": organisation.slug, "was": shown(row, "answer")},
    )
    row.delete()
    return True
