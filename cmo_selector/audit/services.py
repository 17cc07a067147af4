"""The one way to write the audit log."""

from typing import Any

import structlog
from django.db import models, transaction

from .models import AuditEvent


def about(obj: models.Model) -> str:
    """The key of an object's history. What belongs to a project belongs to the project's history."""
    owner = getattr(obj, "project", None) or obj
    return f"{owner._meta.label_lower}/{owner.pk}"


def record(
    *,
    actor: models.Model | None,
    verb: str,
    obj: models.Model,
    sponsor: models.Model | None = None,
    data: dict[str, Any] | None = None,
) -> AuditEvent:
    """Append an event about `obj`; must run inside the transaction of the change itself.

    `actor` None means the system (a worker or a command). Raises RuntimeError outside a transaction.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("audit.record must run in the transaction of the change it describes")
    return AuditEvent.objects.create(
        actor=actor,
        actor_name=str(actor) if actor else "system",
        sponsor=sponsor,
        verb=verb,
        object_type=obj._meta.label_lower,
        object_id=str(obj.pk),
        object_name=str(obj)[:240],
        about=about(obj),
        data=data or {},
        request_id=structlog.contextvars.get_contextvars().get("request_id", ""),
    )
