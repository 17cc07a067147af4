"""Euro reference rates of the European Central Bank: public, dated, shared by all sponsors."""

from django.db import models
from django.db.models import Q


class ExchangeRate(models.Model):
    """Units of `currency` for one euro on one day, as published."""

    day = models.DateField()
    currency = models.CharField(max_length=3)
    per_euro = models.DecimalField(max_digits=18, decimal_places=6)

    class Meta:
        ordering = ["-day", "currency"]
        constraints = [
            models.UniqueConstraint(
                fields=["currency", "day"],
                name="exchange_rate_once_a_day",
                violation_error_message="There is already a rate of that currency for that day.",
            ),
            models.CheckConstraint(
                condition=Q(per_euro__gt=0),
                name="exchange_rate_positive",
                violation_error_message="An exchange rate is above zero.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day}: EUR 1 = {self.currency} {self.per_euro.normalize():f}"


class ExchangeRateImport(models.Model):
    """One applied file of rates, with its hash and everything it held that could not be read."""

    file_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    first_day = models.DateField()
    last_day = models.DateField()
    rows = models.PositiveIntegerField()
    created = models.PositiveIntegerField()
    updated = models.PositiveIntegerField()
    unchanged = models.PositiveIntegerField()
    rejected = models.JSONField(default=list)
    applied_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-applied_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.file_name} of {self.last_day}"
