"""Calculations kept with a project, and removed."""

from __future__ import annotations

from django.db import transaction

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from quotes.enums import ToolKind
from quotes.models import Project, ToolCalculation
from quotes.models.tool import LONGEST_QUERY
from quotes.services.rfq import lock_project

MOST_KEPT = 200  # of one project


class NotKept(ValueError):
    """Why a calculation cannot be kept."""


@transaction.atomic
def keep_calculation(
    *, actor: User, project: Project, tool: ToolKind, name: str, query: str, headline: str
) -> ToolCalculation:
    """Keep the inputs under a name. Raises NotKept, ProjectArchived."""
    current = lock_project(project)
    if len(query) > LONGEST_QUERY:
        raise NotKept("The calculation has too many figures to be kept; shorten the lists of years.")
    if current.calculations.filter(name=name.strip()).exists():
        raise NotKept("This project already keeps a calculation with that name.")
    if current.calculations.count() >= MOST_KEPT:
        raise NotKept(f"A project keeps at most {MOST_KEPT} calculations. Remove one first.")
    row = ToolCalculation.objects.create(
        project=current, tool=tool, name=name.strip(), query=query, headline=headline[:300], created_by=actor
    )
    record(
        actor=actor,
        verb="project.calculation_kept",
        obj=current,
        sponsor=current.sponsor,
        data={"tool": tool.label, "name": row.name},  # no figures in the log
    )
    return row


@transaction.atomic
def remove_calculation(*, actor: User, calculation: ToolCalculation) -> None:
    project = lock_project(calculation.project)
    ToolCalculation.objects.filter(pk=calculation.pk).delete()
    record(
        actor=actor,
        verb="project.calculation_removed",
        obj=project,
        sponsor=project.sponsor,
        data={"tool": calculation.get_tool_display(), "name": calculation.name},
    )
