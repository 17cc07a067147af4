"""Approving the weights of a project: who answers for what counts how much. Changed ones are approved by nobody."""

from django.db import transaction
from django.utils import timezone

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from quotes.models import Project
from quotes.services.projects import WEIGHT_FIELDS, lock_project
from quotes.versions import StaleVersion, version_of


@transaction.atomic
def approve_weights(*, actor: User, project: Project, version: str) -> bool:
    """Approve the weights that were on the screen; False when this person has approved them before.

    Allowed while criteria are locked: it changes none. Raises StaleVersion when the weights have changed since
    `version`, and ProjectArchived.
    """
    current = lock_project(project)
    weights = current.weights
    if version != version_of(weights, WEIGHT_FIELDS):
        raise StaleVersion(weights)
    if weights.approved_by_id == actor.pk:
        return False
    weights.approved_by, weights.approved_at = actor, timezone.now()
    weights.save(update_fields=["approved_by", "approved_at"])
    record(
        actor=actor,
        verb="weights.approved",
        obj=weights,
        sponsor=current.sponsor,
        data={"weights": weights.as_dict()},
    )
    return True
