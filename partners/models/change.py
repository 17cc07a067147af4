"""A mark for every statement that changed the catalogue, so that whoever keeps a copy knows when it is old."""

from django.db import models


class CatalogueChange(models.Model):
    """One statement's mark, written by triggers of the database (migration `catalogue_changes`).

    The set of marks that a transaction sees is different whenever the catalogue it sees is different: stamps are
    random, so neither a rollback nor an emptied table brings an old set back. Old marks are removed by the
    triggers now and then, which only makes readers look again.
    """

    stamp = models.BigIntegerField(primary_key=True)

    def __str__(self) -> str:
        return str(self.stamp)
