"""Where facts come from. Every fact row names a source, the day it was retrieved, and how far it was checked."""

import datetime

from django.db import models
from django.db.models import Q

from partners.enums import EvidenceLevel


class Source(models.Model):
    """A document, register file or statement that facts are taken from."""

    code = models.SlugField(max_length=80, unique=True)
    title = models.CharField(max_length=240)
    publisher = models.CharField(max_length=160, blank=True)
    url = models.URLField(blank=True)
    licence = models.CharField(max_length=200, blank=True)
    dated_on = models.DateField(null=True, blank=True, help_text="Date the source itself carries.")
    sha256 = models.CharField(max_length=64, blank=True)
    note = models.TextField(blank=True)
    illustrative = models.BooleanField(
        default=False, help_text="Invented for demonstration; says nothing about a real company."
    )

    class Meta:
        ordering = ["title", "pk"]

    def __str__(self) -> str:
        return self.title


def in_force(on: datetime.date) -> Q:
    """The condition that leaves out facts no longer to be relied on, such as those that left their register."""
    return Q(valid_until=None) | Q(valid_until__gte=on)


class Evidenced(models.Model):
    """Mixin of every fact. Absence of a row means unknown; a row is never written to mean zero by default."""

    source = models.ForeignKey(Source, models.PROTECT, related_name="+")
    source_reference = models.CharField(
        max_length=160, blank=True, help_text="Page, row or document number within the source."
    )
    retrieved_on = models.DateField(help_text="When the fact was taken from the source.")
    evidence_level = models.CharField(
        max_length=20, choices=EvidenceLevel, default=EvidenceLevel.SELF_DECLARED
    )
    valid_until = models.DateField(
        null=True, blank=True, help_text="Day after which the fact should no longer be relied on."
    )

    class Meta:
        abstract = True

    def is_in_force(self, on: datetime.date) -> bool:
        """The same rule as `in_force`, for one fact."""
        return self.valid_until is None or self.valid_until >= on
