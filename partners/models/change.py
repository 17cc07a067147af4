"""A mark for every statement that changed the catalogue, so that whoever keeps a copy knows what of it is old."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class CatalogueChange(models.Model):
    """One statement's mark, written by triggers of the database (migrations `catalogue_changes`, `changed_partners`).

    `partners` are those whose record it changed, as far as browsing reads it; null when it may be any. Stamps are
    random, so neither a rollback nor an emptied table brings an old set of marks back: two transactions that see the
    same set see the same catalogue, and between two sets only the partners of the marks that are in one of them alone
    can differ. Many marks are replaced by one for all partners now and then.
    """

    stamp = models.BigIntegerField(primary_key=True)
    partners = ArrayField(models.BigIntegerField(), null=True)

    def __str__(self) -> str:
        return str(self.stamp)
