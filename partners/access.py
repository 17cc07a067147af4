"""What of the catalogue somebody may see."""

from django.http import HttpRequest

from cmo_selector.accounts.roles import Action, may


def sees_prices(request: HttpRequest) -> bool:
    """Whether terms and prices are shown: to the roles that may see prices, and to curators."""
    membership = getattr(request, "membership", None)
    role = membership.role if membership else None
    return may(role, Action.SEE_PRICES) or request.user.is_curator  # type: ignore[union-attr]
