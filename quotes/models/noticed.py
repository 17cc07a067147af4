"""Rows about which somebody is told by e-mail, once."""

from django.db import models


class Noticed(models.Model):
    """An e-mail that is owed until `noticed_at`, and not tried before `notice_after`."""

    noticed_at = models.DateTimeField(null=True, blank=True, help_text="When its reader was told by e-mail.")
    notice_attempts = models.PositiveSmallIntegerField(default=0)
    notice_after = models.DateTimeField(
        null=True,
        blank=True,
        help_text="A worker sends it until then, or it waits until then after a refusal.",
    )

    class Meta:
        abstract = True
