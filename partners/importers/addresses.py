"""The address line of the FDA establishment file, taken apart.

The file writes one string, `street, city, region postal code, Country (ISO3)`. What was met in it:

* US states are `Indiana (IN)`; the region is then the name, its code is kept beside it.
* An empty region leaves two blanks before the postal code, or stands as `-`, `--`, `-Select State-`.
* A country may have a comma in its name: `Korea, South (KOR)`.
* One row names its country without a code (`Czechia`).
* `?` stands for a letter the register lost; it is kept, because guessing it would be inventing.

Nothing is corrected beyond that: every part is a piece of the line, in the order of the line.
"""

import re
from dataclasses import dataclass
from functools import cache

from django_countries import countries

# What stands behind the comma of a country's name; the words before it are the token to the left.
_COUNTRY_TAILS = frozenset(
    {
        "south",
        "north",
        "the",
        "british",
        "u.s.",
        "us",
        "republic of",
        "republic of the",
        "democratic republic of the",
        "democratic people's republic of",
        "people's democratic republic",
        "federated states of",
        "islamic republic of",
        "united republic of",
        "plurinational state of",
        "bolivarian republic of",
        "former yugoslav republic of",
        "the former yugoslav republic of",
        "province of china",
        "state of",
    }
)
_NO_REGION = frozenset({"-select state-", "-", "--", '"-"', "na", "n/a", "none", "state *"})
_NO_POSTAL_CODE = frozenset({"-", "--", "na", "n/a", "none"})

_country_code = re.compile(r"^(?P<name>[^()]*)\((?P<code>[A-Za-z]{3})\)$")
_us_state = re.compile(r"^(?P<name>[^()]+?)\s*\((?P<code>[A-Z]{2})\)(?P<rest>.*)$", re.DOTALL)
_digit = re.compile(r"[0-9]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Address:
    """Parts of an address line; a part that is not there is empty."""

    street: str = ""
    city: str = ""
    region: str = ""
    region_code: str = ""  # US states and territories only
    postal_code: str = ""
    country: str = ""  # ISO 3166-1 alpha-2; empty when the line's country is not known
    country_text: str = ""  # as written, e.g. "Korea, South (KOR)"


@cache
def _alpha2_by_alpha3() -> dict[str, str]:
    return {codes[0]: alpha2 for alpha2, codes in countries.alt_codes.items() if codes[0]}


@cache
def _alpha2_by_name() -> dict[str, str]:
    return {str(name).casefold(): alpha2 for alpha2, name in countries}


def country_from_alpha3(code: str) -> str:
    """ISO 3166-1 alpha-2 of an alpha-3 code; empty when there is no such country."""
    return _alpha2_by_alpha3().get(code.upper(), "")


def parse_address(line: str) -> Address:
    """Take an address line apart. Never raises: what does not look like an address is all street."""
    tokens = line.strip().split(",")
    country, country_text, tokens = _take_country(tokens)
    if not country_text:
        return Address(street=line.strip())
    if len(tokens) < 2:
        return Address(street=",".join(tokens).strip(" ,"), country=country, country_text=country_text)
    region, region_code, postal_code = _split_region(tokens.pop())
    while len(tokens) > 1 and not tokens[-1].strip():  # "Frederick,, Maryland (MD) 21703"
        tokens.pop()
    return Address(
        street=",".join(tokens[:-1]).strip(" ,"),
        city=tokens[-1].strip(),
        region=region,
        region_code=region_code,
        postal_code=postal_code,
        country=country,
        country_text=country_text,
    )


def _take_country(tokens: list[str]) -> tuple[str, str, list[str]]:
    """The country (alpha-2, as written) and the tokens before it."""
    last = tokens[-1].strip()
    match = _country_code.match(last)
    if match is None:
        by_name = _alpha2_by_name().get(last.casefold(), "")
        return (by_name, last, tokens[:-1]) if by_name else ("", "", tokens)
    if len(tokens) > 1 and match["name"].strip().casefold() in _COUNTRY_TAILS:
        last = f"{tokens[-2].strip()},{tokens[-1].rstrip()}"
        tokens = tokens[:-1]
    return country_from_alpha3(match["code"]), last, tokens[:-1]


def _split_region(token: str) -> tuple[str, str, str]:
    """Region, code of a US state, and postal code, from ` Indiana (IN) 47403-1234`."""
    text = token[1:] if token.startswith(" ") else token  # the blank that follows the comma
    if state := _us_state.match(text.strip()):
        return state["name"].strip(), state["code"], _without(state["rest"], _NO_POSTAL_CODE)
    if text.startswith(" "):  # two blanks: the region was empty
        return "", "", _without(text, _NO_POSTAL_CODE)
    text = text.strip()
    for filler in ("-Select State-", "State *"):
        if text.casefold().startswith(filler.casefold()):
            return "", "", _without(text[len(filler) :], _NO_POSTAL_CODE)
    words = text.split(" ")
    first = next((i for i, word in enumerate(words) if _digit.search(word)), len(words))
    if first == len(words) and words[-1].casefold() in _NO_POSTAL_CODE:
        return _without(" ".join(words[:-1]), _NO_REGION), "", ""
    return _without(" ".join(words[:first]), _NO_REGION), "", " ".join(words[first:]).strip()


def _without(text: str, fillers: frozenset[str]) -> str:
    """The text, or nothing when it only says that there is nothing."""
    value = text.strip()
    return "" if value.casefold() in fillers else value
