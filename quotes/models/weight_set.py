"""Named weight sets of a sponsor: how its functions see the ten criteria."""

from django.conf import settings
from django.db import models

from quotes.enums import SponsorFunction

from .project import TenWeights, weights_not_negative, weights_sum_to_100
from .tenancy import SponsorOwned


class WeightSet(TenWeights, SponsorOwned):
    """Ten weights in points that sum to 100, under a name, for every project of the sponsor."""

    sponsor_path = "sponsor"

    sponsor = models.ForeignKey("accounts.Sponsor", models.PROTECT, related_name="weight_sets")
    name = models.CharField(max_length=60)
    function = models.CharField(max_length=12, choices=SponsorFunction, default=SponsorFunction.OTHER)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["function", "name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["sponsor", "name"],
                name="weight_set_name_once_per_sponsor",
                violation_error_message="There is already a weight set with that name. Choose another name.",
            ),
            models.CheckConstraint(
                condition=~models.Q(name=""),
                name="weight_set_has_a_name",
                violation_error_message="Give the weight set a name.",
            ),
            weights_sum_to_100("weight_set_sums_to_100"),
            weights_not_negative("weight_set_not_negative"),
        ]

    def __str__(self) -> str:
        return self.name
