"""Saved searches of the demo's sourcing manager, one of them followed by e-mail."""

from cmo_selector.accounts.models import Membership, User
from partners.facets.regions import EU_EEA_CODE
from quotes.enums import DigestRhythm
from quotes.models import SavedSearch
from quotes.services.searches import save_search

#: name → (parameters, rhythm)
SEARCHES = {
    "AAV with a valid EU GMP certificate": ("modality=aav&certificate=eu-gmp", DigestRhythm.WEEKLY),
    "Fill-finish in the EU and EEA": (
        f"service=fill-finish&country={EU_EEA_CODE}&view=map",
        DigestRhythm.NONE,
    ),
}


def load_searches(person: User) -> list[str]:
    """Only while the person has none: what was renamed or deleted stays so. Returns the new names."""
    if SavedSearch.objects.filter(owner=person).exists():
        return []
    membership = Membership.objects.select_related("sponsor").filter(user=person).order_by("pk").first()
    if membership is None:
        return []
    return [
        save_search(
            actor=person, sponsor=membership.sponsor, name=name, query=query, digest=digest, prices=True
        ).name
        for name, (query, digest) in SEARCHES.items()
    ]
