"""Writes to the risk register of a shortlisted partner."""

import datetime as dt
from typing import Any

from django.db import transaction

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from quotes.models import Project, ShortlistEntry, ShortlistRisk
from quotes.services.projects import ProjectArchived

FIELDS = ("text", "likelihood", "impact", "response", "owner", "closed")


class RiskChanged(Exception):
    """Somebody else changed the risk since the form was opened; `current` is their version."""

    def __init__(self, current: ShortlistRisk):
        super().__init__("Somebody else changed this risk while you were editing.")
        self.current = current


def _lock(project_id: int) -> None:
    current = Project.objects.select_for_update(no_key=True).only("archived_at").get(pk=project_id)
    if current.archived_at is not None:
        raise ProjectArchived


@transaction.atomic
def add_risk(*, actor: User, entry: ShortlistEntry, values: dict[str, Any]) -> ShortlistRisk:
    """Add a line. Raises ProjectArchived, and IntegrityError for a risk that the register has already."""
    _lock(entry.project_id)
    risk = ShortlistRisk.objects.create(
        entry=entry, created_by=actor, **{name: values[name] for name in FIELDS if name in values}
    )
    _logged(actor, "risk.added", risk, {"rating": risk.rating_word})
    return risk


@transaction.atomic
def change_risk(*, actor: User, risk: ShortlistRisk, values: dict[str, Any], seen: dt.datetime) -> bool:
    """Change a line; False when nothing differs. `seen` is the version on the screen. Raises RiskChanged."""
    _lock(risk.entry.project_id)
    current = ShortlistRisk.objects.select_for_update(no_key=True, of=("self",)).get(pk=risk.pk)
    if current.updated_at != seen:
        raise RiskChanged(current)
    changed = {}
    for name in FIELDS:
        if name in values and getattr(current, name) != values[name]:
            changed[name] = [getattr(current, name), values[name]]
            setattr(current, name, values[name])
    if not changed:
        return False
    current.save()
    current.entry = risk.entry
    _logged(actor, "risk.changed", current, changed)
    return True


def _logged(actor: User, verb: str, risk: ShortlistRisk, data: dict[str, Any]) -> None:
    sponsor = risk.entry.project.sponsor
    partner = str(risk.entry.organisation)
    record(actor=actor, verb=verb, obj=risk, sponsor=sponsor, data={"partner": partner, **data})
