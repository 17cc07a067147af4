"""Reading what a sponsor keeps about partners."""

from cmo_selector.accounts.models import Sponsor
from partners.models import Organisation
from quotes.enums import PartnerStanding
from quotes.models import PartnerRelation


def relation_with(sponsor: Sponsor | None, organisation: Organisation) -> PartnerRelation | None:
    """The sponsor's own row about the partner. One query."""
    rows = PartnerRelation.objects.for_sponsor(sponsor).select_related("updated_by")
    return rows.filter(organisation=organisation).first()


def standings_of(sponsor: Sponsor | None) -> dict[int, PartnerStanding]:
    """Flagged partners of a sponsor, partner id → flag. One query."""
    flagged = PartnerRelation.objects.for_sponsor(sponsor).exclude(standing="").order_by()
    return {pk: PartnerStanding(value) for pk, value in flagged.values_list("organisation_id", "standing")}
