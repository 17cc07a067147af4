"""What changed in the catalogue, field by field: written by triggers of the database, never by Python code.

One row per row and statement that changed it, whoever changed it and however: a page, the desk, an import by COPY,
a bulk update, SQL by hand. Rows cannot be changed or deleted: a trigger refuses both (migration `history`).
"""

import json
from decimal import Decimal

from django.conf import settings
from django.db import models

from partners.enums import ChangeHow, ChangeKind


class ExactDecoder(json.JSONDecoder):
    """Numbers with a fraction as Decimal, as the database holds them."""

    def __init__(self, **options) -> None:
        super().__init__(parse_float=Decimal, **options)


class Change(models.Model):
    """One row of the catalogue that was created, changed or deleted.

    `before` and `after` hold column → value: of a changed row the changed columns only, of a created one `after`
    alone, of a deleted one `before` alone, each without empty (NULL) columns. Names are copied, and nothing is a
    real foreign key, because history outlives what it speaks of. `act` is common to everything that one request
    or command did. `organisation_id` is the partner the row belongs to, through its site if need be, and
    `organisation_before_id` the one it belonged to, when a change moved it.

    A load of synthetic rows that went without history (`history.without_history`) is one row with `object_id`
    empty and the number of rows in `after`.
    """

    at = models.DateTimeField()
    table = models.CharField(max_length=63, db_column="table_name")
    object_id = models.BigIntegerField(null=True)
    organisation_id = models.BigIntegerField(null=True)
    organisation_before_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=8, choices=ChangeKind)
    before = models.JSONField(null=True, decoder=ExactDecoder)
    after = models.JSONField(null=True, decoder=ExactDecoder)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    actor_name = models.CharField(max_length=200)
    how = models.CharField(max_length=8, choices=ChangeHow)
    why = models.CharField(max_length=300, blank=True)
    act = models.UUIDField(null=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["organisation_id", "-id"], name="change_of_partner"),
            models.Index(fields=["table", "object_id", "-id"], name="change_of_row"),
            models.Index(
                fields=["organisation_before_id"],
                condition=models.Q(organisation_before_id__isnull=False),
                name="change_moved_from_partner",
            ),
            models.Index(fields=["act"], name="change_of_act"),
        ]

    def __str__(self) -> str:
        return f"{self.table.removeprefix('partners_')} {self.object_id} {self.get_kind_display().lower()}"
