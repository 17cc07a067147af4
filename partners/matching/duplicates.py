"""Partners, and sites of one partner, that are probably one."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from partners.models import Alias, Facility, NotTheSame, Organisation

from . import likeness
from .likeness import Address

SAME_PARTNER = 88.0
SAME_PLACE = 92.0
LARGEST_GROUP = 60  # names that share their first distinctive word; more share it by chance
MOST_SITES = 500  # of one partner in one country that are all compared with those whose address is incomplete


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
    """Active sites of one partner at addresses that are alike, most alike first. One query.

    Only sites that can be alike at all are compared: with one postal code, or one without any, and with a house
    number in common, or one without any. The time grows with the sites, not with the square of a partner's sites.
    """
    sites: dict[tuple[int, str], list[tuple[int, Address]]] = defaultdict(list)
    rows = Facility.objects.filter(active=True, organisation__active=True).exclude(street="").order_by("pk")
    for pk, owner, country, code, city, street in rows.values_list(
        "pk", "organisation_id", "country", "postal_code", "city", "street"
    ):
        sites[owner, country].append((pk, Address(country, code, city, street)))
    found = []
    for members in sites.values():
        for (first, one), (second, other) in _comparable(members):
            alike = likeness.addresses(one, other)
            if alike is not None and alike >= SAME_PLACE:
                found.append(Pair(first, second, alike))
    return sorted(found, key=lambda p: (-p.likeness, p.first, p.second))


Site = tuple[int, Address]


def _comparable(members: list[Site]) -> Iterator[tuple[Site, Site]]:
    """Pairs of a partner's sites in one country that may be one place, each once, the lower number first.

    Sites without a code or without a number may be anywhere; where a partner has very many, only the others are
    compared.
    """
    blocks: dict[tuple[str, str], list[Site]] = defaultdict(list)
    anywhere = []
    for site in members:
        code, numbers = likeness.code_key(site[1]), likeness.street_numbers(site[1].street)
        if not code or not numbers:
            anywhere.append(site)
        for number in numbers if code else ():
            blocks[code, number].append(site)
    seen = set()
    for block in blocks.values():
        for pair in combinations(block, 2):
            keys = (pair[0][0], pair[1][0])
            if keys not in seen:
                seen.add(keys)
                yield pair
    if len(members) <= MOST_SITES:
        loose = {pk for pk, _ in anywhere}
        for one, other in combinations(members, 2):
            if one[0] in loose or other[0] in loose:
                yield one, other


@dataclass(frozen=True, slots=True)
class Pairs:
    """All pairs that look alike."""

    partners: tuple[Pair, ...]
    sites: tuple[Pair, ...]

    def __len__(self) -> int:
        return len(self.partners) + len(self.sites)


def all_pairs() -> Pairs:
    return Pairs(tuple(partner_pairs()), tuple(site_pairs()))


def still_two(found: Pairs) -> Pairs:
    """Those of the pairs that were neither merged nor told apart since; three queries."""

    def active(model: type[Organisation] | type[Facility], pairs: tuple[Pair, ...]) -> set[int]:
        keys = {pk for pair in pairs for pk in (pair.first, pair.second)}
        return set(model._default_manager.filter(pk__in=keys, active=True).values_list("pk", flat=True))

    apart = set(NotTheSame.objects.values_list("first_id", "second_id"))
    partners, sites = active(Organisation, found.partners), active(Facility, found.sites)
    return Pairs(
        tuple(
            p for p in found.partners if {p.first, p.second} <= partners and (p.first, p.second) not in apart
        ),
        tuple(p for p in found.sites if {p.first, p.second} <= sites),
    )
