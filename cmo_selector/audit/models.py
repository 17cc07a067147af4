"""What happened, for good: domain events written in the transaction of the change they describe."""

from typing import Any

from django.conf import settings
from django.db import models


class AuditEvent(models.Model):
    """One event. Rows can be added and read, never changed or deleted: a trigger refuses both.

    Names are copied because the log outlives the rows it speaks of.
    """

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, db_constraint=False, related_name="+"
    )
    actor_name = models.CharField(max_length=200)
    sponsor = models.ForeignKey(
        "accounts.Sponsor", models.DO_NOTHING, null=True, db_constraint=False, related_name="+"
    )
    verb = models.CharField(max_length=60)  # e.g. "project.created", "shortlist.status_changed"
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=60)
    object_name = models.CharField(max_length=240)
    # The thing whose history the event belongs to, "label/pk": the project for its needs, shortlist and reports.
    about = models.CharField(max_length=120)
    data = models.JSONField(default=dict)
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["about", "-at"], name="audit_about")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor_name}: {self.verb} {self.object_name}"

    @property
    def words(self) -> str:
        """The verb for readers: "shortlist.changed" → "Shortlist changed: NAME"."""
        return f"{self.verb.replace('.', ' ').replace('_', ' ').capitalize()}: {self.object_name}"

    @property
    def details(self) -> str:
        """What changed, "field: old → new"; other values as "field: value"."""
        return describe(self.data)


def describe(data: dict[str, Any]) -> str:
    """An event's data as one line for readers. A group of changes is written out field by field."""
    parts = []
    for key, value in data.items():
        if isinstance(value, dict):
            if value:
                parts.append(describe(value))
            continue
        if isinstance(value, list) and len(value) == 2:
            value = " → ".join("none" if v in (None, "") else str(v) for v in value)
        elif isinstance(value, bool):
            value = "yes" if value else "no"
        parts.append(f"{key.replace('_', ' ')}: {value}")
    return "; ".join(parts)
