"""Reading the must-haves that were let pass for a project."""

from django.db.models import QuerySet

from cmo_selector.accounts.roles import Role
from partners.scoring.overrides import Overrides
from partners.scoring.types import Override
from quotes.models import MustOverride, Project


def overrides_in_force(project: Project) -> QuerySet[MustOverride]:
    """The project's overrides that have not been lifted, by partner."""
    return (
        MustOverride.objects.for_sponsor(project.sponsor)
        .filter(project=project, lifted_at=None)
        .select_related("organisation", "by", "need")
    )


def overrides_for_engine(project: Project) -> Overrides:
    """(partner id, need id) → who let the must pass, for the engine. One query."""
    return {
        (row.organisation_id, row.need_key): Override(
            reason=row.reason, by=str(row.by), role=Role(row.role).value, on=row.created_at.date()
        )
        for row in overrides_in_force(project)
    }
