"""How alike two names or two addresses are, 0-100. Pure functions: no database, no Django.

Names: words that many companies share (legal forms, "pharma", "laboratories", places) count little; the distinctive
words of the shorter name must stand in the longer one, in order of importance. Spelling may differ slightly
(rapidfuzz). Addresses: postal code, city and street, within one country.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz

# Legal forms say nothing of who somebody is.
_LEGAL_FORMS = """
ab ag and as asa bv bvba co company corp corporation cv dba de et eurl gmbh inc incorporated kft kg kgaa kk la lda
le limited llc llp lp ltd ltda mbh nv of oy oyj plc private pte pty pvt sa sarl sas sasu scs se sl slu snc sociedad
societe sp spa sprl srl sro succursale the ug zoo zweigniederlassung
"""
LEGAL_FORMS = frozenset(_LEGAL_FORMS.split())
# Words of the trade and of the world: they help, but two companies may share them all.
_COMMON = """
active advanced america american americas analytical api asia australia bio biologics biopharma biosciences
bioservices biosolutions biotech biotechnologies biotechnology brasil california canada care center central chemical
chemicals china clinical consumer contract development drug drugs early east eastern europe european exclusive
france generics german germany global group health healthcare holding holdings india industrial industries
ingredients injectables international ireland israel italia italy japan jersey lab laboratoire laboratoires
laboratories laboratory labs life lifesciences manufacturing materials medical medicine national new nordic north
operations packaging pharm pharma pharmaceutica pharmaceutical pharmaceuticals pharmatech plant private products
research river science sciences scientific service services site solutions south specialty sterile supply synthesis
system systems tech technologies technology testing therapeutics uk united us usa west western world
"""
COMMON = frozenset(_COMMON.split())
COMMON_WEIGHT = 0.25
SAME_WORD = 88  # rapidfuzz ratio from which two words are one, misspelt
SHORTEST_MISSPELT = 5  # letters; shorter words must be equal
WORDS = re.compile(r"[a-z0-9]+")


@lru_cache(maxsize=200_000)
def words(name: str) -> tuple[str, ...]:
    """The words of a name without accents, remarks in brackets and legal forms; "S.p.A." is one word."""
    text = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    text = re.sub(r"\b(?:[a-z]\.){2,}[a-z]?\b\.?", lambda m: m.group().replace(".", ""), text)
    text = re.sub(r"\([^)]*\)", " ", text)
    found = WORDS.findall(text)
    kept = tuple(word for word in found if word not in LEGAL_FORMS)
    return kept or tuple(found)


def weight(word: str) -> float:
    return COMMON_WEIGHT if word in COMMON or len(word) == 1 else 1.0


def key(name: str) -> str:
    """The first distinctive word: two names of one company nearly always share it. Empty without any word."""
    own = words(name)
    return next((w for w in own if w not in COMMON and len(w) > 1), own[0] if own else "")


def same_word(one: str, other: str) -> bool:
    if one == other:
        return True
    if min(len(one), len(other)) < SHORTEST_MISSPELT or one[0] != other[0]:
        return False
    return fuzz.ratio(one, other) >= SAME_WORD


def names(one: str, other: str) -> float:
    """How likely two names mean one company, 0-100; symmetric."""
    a, b = words(one), words(other)
    if not a or not b:
        return 0.0
    if a == b or "".join(a) == "".join(b):
        return 100.0
    short, long = sorted((a, b), key=lambda w: (sum(map(weight, w)), len(w), w))
    glued = _glued(short, long)
    if glued:
        return glued
    left = list(long)
    met = 0.0
    for word in short:
        match = next((w for w in left if same_word(word, w)), None)
        if match is not None:
            met += weight(word)
            left.remove(match)
    share = met / sum(map(weight, short))
    if not same_word(key(one), key(other)):
        share *= 0.6  # what distinguishes them differs: a shared surname or place, most likely
    rest = sum(map(weight, left))
    # A longer name usually adds a place or a business: each distinctive word of it costs a little.
    return round(100 * share * max(0.7, 1 - 0.04 * rest), 1)


def _glued(short: tuple[str, ...], long: tuple[str, ...]) -> float:
    """ "CordenPharma" is "Corden Pharma Boulder": one word here is two words there."""
    whole = "".join(short)
    for size in (2, 3):
        if len(whole) >= SHORTEST_MISSPELT and whole == "".join(long[:size]):
            rest = sum(map(weight, long[size:]))
            return round(100 * max(0.7, 1 - 0.04 * rest), 1)
    return 0.0


@dataclass(frozen=True, slots=True)
class Address:
    """Parts of an address as a register or the catalogue holds them; `country` is ISO 3166, two letters."""

    country: str = ""
    postal_code: str = ""
    city: str = ""
    street: str = ""


def addresses(one: Address, other: Address) -> float | None:
    """How likely two addresses are one place, 0-100; None when there is too little to compare."""
    if one.country and other.country and one.country != other.country:
        return 0.0
    parts: list[tuple[float, float]] = []
    codes = [re.sub(r"[^a-z0-9]", "", a.postal_code.lower()) for a in (one, other)]
    if all(codes):
        # ZIP+4: the first five digits decide
        same = codes[0] == codes[1] or (one.country == "US" and codes[0][:5] == codes[1][:5])
        parts.append((0.35, 100.0 if same else 0.0))
    cities = [" ".join(words(a.city)) for a in (one, other)]
    if all(cities):
        parts.append((0.2, fuzz.token_set_ratio(*cities)))
    streets = [" ".join(_street(a.street)) for a in (one, other)]
    if all(streets):
        parts.append((0.45, _street_likeness(*streets)))
    if sum(share for share, _ in parts) < 0.45:
        return None
    return round(sum(share * value for share, value in parts) / sum(share for share, _ in parts), 1)


def code_key(address: Address) -> str:
    """What two postal codes must have in common to be one; empty without a code."""
    code = re.sub(r"[^a-z0-9]", "", address.postal_code.lower())
    return code[:5] if address.country == "US" else code


def street_numbers(street: str) -> set[str]:
    """The numbers of a street; two streets whose numbers have none in common are two places."""
    return set(re.findall(r"\d+", " ".join(_street(street))))


STREET_WORDS = {
    "street": "st", "str": "st", "strasse": "st", "road": "rd", "avenue": "ave", "av": "ave", "boulevard": "blvd",
    "drive": "dr", "lane": "ln", "parkway": "pkwy", "court": "ct", "highway": "hwy", "suite": "", "ste": "",
    "building": "", "bldg": "", "north": "n", "south": "s", "east": "e", "west": "w",
}  # fmt: skip


def _street(text: str) -> Iterable[str]:
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss")).encode("ascii", "ignore").decode().lower()
    return [w for word in WORDS.findall(plain) if (w := STREET_WORDS.get(word, word))]


def _street_likeness(one: str, other: str) -> float:
    """House numbers must agree: number 4 and number 14 of a street are two places."""
    numbers = [set(re.findall(r"\d+", text)) for text in (one, other)]
    likeness = fuzz.token_sort_ratio(one, other)
    if numbers[0] and numbers[1] and not numbers[0] & numbers[1]:
        likeness *= 0.5
    return likeness
