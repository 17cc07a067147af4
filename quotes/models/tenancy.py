"""Tenant isolation: every model here says how it reaches its sponsor, and is read through `for_sponsor`."""

from __future__ import annotations

from django.db import models


class SponsorQuerySet(models.QuerySet):
    def for_sponsor(self, sponsor) -> SponsorQuerySet:
        """Rows of one sponsor only. `None` (a person without a sponsor) sees nothing."""
        if sponsor is None:
            return self.none()
        return self.filter(**{self.model.sponsor_path: sponsor})


class SponsorOwned(models.Model):
    """Base of every model in `quotes`. `sponsor_path` is the lookup from the row to its Sponsor."""

    sponsor_path: str

    objects = SponsorQuerySet.as_manager()

    class Meta:
        abstract = True
