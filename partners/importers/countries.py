"""Countries as FDA's lists write them."""

from functools import cache

from django_countries import countries

from .values import NOTHING

# Names of FDA's lists that ISO 3166 (as the package django-countries words it) writes differently.
_OTHER_NAMES = {
    "bahamas": "BS",
    "bolivia": "BO",
    "british virgin islands": "VG",
    "brunei": "BN",
    "burma": "MM",
    "cape verde": "CV",
    "czech republic": "CZ",
    "east timor": "TL",
    "gaza strip": "PS",
    "great britain": "GB",
    "hong kong sar": "HK",
    "iran": "IR",
    "ivory coast": "CI",
    "korea (the republic of)": "KR",
    "korea, north": "KP",
    "korea, republic of": "KR",
    "korea, republic of (south)": "KR",
    "korea, south": "KR",
    "laos": "LA",
    "macao sar": "MO",
    "macau": "MO",
    "macedonia": "MK",
    "moldova": "MD",
    "palestine": "PS",
    "russia": "RU",
    "south korea": "KR",
    "swaziland": "SZ",
    "syria": "SY",
    "taiwan": "TW",
    "tanzania": "TZ",
    "turkey": "TR",
    "united states": "US",
    "united states of america": "US",
    "venezuela": "VE",
    "vietnam": "VN",
    "virgin islands": "VI",
    "west bank": "PS",
}


@cache
def _codes() -> dict[str, str]:
    names = {str(name).casefold(): code for code, name in countries}
    return {**names, **_OTHER_NAMES}


def country_code(name: str) -> str:
    """ISO 3166-1 alpha-2 of a country's name; empty when there is none or it is not known."""
    text = " ".join(name.split()).casefold()
    return "" if text in NOTHING else _codes().get(text, "")
