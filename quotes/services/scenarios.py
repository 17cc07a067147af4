"""Writes to a project's kept what-if scenarios."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import transaction

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from quotes.models import Project, WhatIfScenario
from quotes.services.rfq import lock_project

MOST = 12  # kept scenarios of a project: each is ranked anew when they are compared


class ScenarioError(ValueError):
    """A scenario that cannot be kept; the message says why."""


@transaction.atomic
def keep_scenario(
    *, actor: User, project: Project, name: str, changes: Mapping[str, str], words: Iterable[str] = ()
) -> WhatIfScenario:
    """Keep a scenario's changes under a name. The same sent twice is kept once. `words` tell them in the log.

    Raises ScenarioError, ProjectArchived, ValidationError for a name that does not fit and IntegrityError when it is
    taken.
    """
    lock_project(project)
    if not changes:
        raise ScenarioError("There is nothing to keep: change a fact, a must or a weight first.")
    name = " ".join(name.split())
    same = project.whatif_scenarios.filter(name=name, changes=dict(changes)).first()
    if same is not None:
        return same
    if project.whatif_scenarios.count() >= MOST:
        raise ScenarioError(f"There are {MOST} scenarios already. Drop one before keeping another.")
    row = WhatIfScenario(project=project, name=name, changes=dict(changes), created_by=actor)
    row.clean_fields(exclude=["project", "created_by"])
    row.save()
    record(
        actor=actor,
        verb="scenario.kept",
        obj=row,
        sponsor=project.sponsor,
        data={"project": project.name, "changes": "; ".join(words) or dict(changes)},
    )
    return row


@transaction.atomic
def drop_scenario(*, actor: User, scenario: WhatIfScenario, words: Iterable[str] = ()) -> None:
    """Delete a scenario; the log keeps its name and changes. One that is gone already is no error."""
    lock_project(scenario.project)
    if not WhatIfScenario.objects.filter(pk=scenario.pk).exists():
        return
    record(
        actor=actor,
        verb="scenario.dropped",
        obj=scenario,
        sponsor=scenario.project.sponsor,
        data={"project": scenario.project.name, "changes": "; ".join(words) or scenario.changes},
    )
    scenario.delete()
