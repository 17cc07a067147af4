"""Partners, and sites of one partner, that are probably one."""

from collections import defaultdict
from dataclasses import dataclass
from itertools import combinations

from django.core.cache import cache

from partners.models import Alias, Facility, NotTheSame, Organisation

from . import likeness
from .likeness import Address

SAME_PARTNER = 88.0
SAME_PLACE = 92.0
LARGEST_GROUP = 60  # names that share their first distinctive word; more share it by chance
REMEMBERED_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Pair:
    """Numbers of two records and how alike they are, 0-100."""

    first: int
    second: int
    likeness: float


def partner_pairs() -> list[Pair]:
    """Active partners whose names are alike, most alike first; pairs that were told apart are left out.

    Names are compared within groups that share their first distinctive word: the time grows with the catalogue, not
    with its square. Three queries.
    """
    names: dict[int, set[str]] = defaultdict(set)
    kind: dict[int, bool] = {}
    for pk, name, illustrative in (
        Organisation.objects.active().order_by("pk").values_list("pk", "name", "illustrative")
    ):
        names[pk].add(name)
        kind[pk] = illustrative
    for pk, name in Alias.objects.order_by("pk").values_list("organisation_id", "name"):
        if pk in names:
            names[pk].add(name)
    apart = set(NotTheSame.objects.values_list("first_id", "second_id"))
    groups: dict[str, set[int]] = defaultdict(set)
    for pk, known in names.items():
        for name in known:
            groups[likeness.key(name)].add(pk)
    best: dict[tuple[int, int], float] = {}
    for word, members in groups.items():
        if not word or len(members) > LARGEST_GROUP:
            continue
        for first, second in combinations(sorted(members), 2):
            if (first, second) in apart or (first, second) in best or kind[first] != kind[second]:
                continue
            alike = max(likeness.names(a, b) for a in names[first] for b in names[second])
            if alike >= SAME_PARTNER:
                best[first, second] = alike
    return sorted(
        (Pair(a, b, alike) for (a, b), alike in best.items()), key=lambda p: (-p.likeness, p.first, p.second)
    )


def site_pairs() -> list[Pair]:
    """Active sites of one partner at addresses that are alike, most alike first. One query."""
    sites: dict[tuple[int, str], list[tuple[int, Address]]] = defaultdict(list)
    rows = Facility.objects.filter(active=True, organisation__active=True).exclude(street="").order_by("pk")
    for pk, owner, country, code, city, street in rows.values_list(
        "pk", "organisation_id", "country", "postal_code", "city", "street"
    ):
        sites[owner, country].append((pk, Address(country, code, city, street)))
    found = []
    for members in sites.values():
        for (first, one), (second, other) in combinations(members, 2):
            alike = likeness.addresses(one, other)
            if alike is not None and alike >= SAME_PLACE:
                found.append(Pair(first, second, alike))
    return sorted(found, key=lambda p: (-p.likeness, p.first, p.second))


def remembered_count() -> int:
    """How many pairs of either kind there are, looked for at most every five minutes."""
    return cache.get_or_set(
        "desk-duplicates", lambda: len(partner_pairs()) + len(site_pairs()), REMEMBERED_SECONDS
    )
