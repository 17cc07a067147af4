"""What the search offers while somebody types: partners, places, services, modalities and identifiers.

Names and numbers that begin with the text come first, in alphabetical order; when they are few, names spelt like
it follow. Every query reads an index and stops after a handful of rows (tests/partners/test_suggest.py).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.functions import Collate
from django.urls import reverse
from rapidfuzz import fuzz, process

from cmo_selector.templatetags.fmt import format_country
from partners import finding
from partners.enums import AliasKind
from partners.finding import folded
from partners.models import (
    Alias,
    Facility,
    Identifier,
    Modality,
    Organisation,
    RegisterEstablishment,
    SearchSynonym,
    Service,
)
from partners.models.text import SearchCode, SearchKey

SHORTEST = 2  # characters before anything is offered
SHORTEST_MISTYPED = 4  # characters before names spelt like the text are offered
SHORTEST_CODE = 4  # characters of an identifier
MOST_PARTNERS, MOST_CITIES, MOST_SITES, MOST_TERMS, MOST_CODES = 6, 3, 3, 4, 4
SCHEME = re.compile(r"\b(fda|fei|lei|d-?u-?n-?s)\b\.?", re.IGNORECASE)  # what people write before a number
LEAST_TERM_LIKENESS = 80  # of 100 (rapidfuzz ratio) between the text and a word of a label


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to go to. `note` says what it is, or why it is offered."""

    label: str
    url: str
    note: str = ""
    illustrative: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Options of one kind under one heading."""

    code: str
    label: str
    icon: str
    options: tuple[Option, ...]


def suggestions(text: str) -> list[Group]:
    """The groups that have something to offer, in a fixed order; at most twelve queries whatever the catalogue's
    size."""
    key = key_of(text)
    if len(key) < SHORTEST:
        return []
    groups = [
        Group("partners", "Partners", "building", tuple(_partners(key))),
        Group("places", "Sites and cities", "map-pin", (*_cities(key), *_sites(key))),
        *_terms(key),
        Group("identifiers", "Identifiers", "key", tuple(_identifiers(text))),
    ]
    return [group for group in groups if group.options]


def key_of(text: str) -> str:
    """The text as the database compares names (`partners_search_key`)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT partners_search_key(%s)", [text])
        return str(cursor.fetchone()[0])


def beginning_with(rows: QuerySet, field: str, key: str) -> QuerySet:
    """Rows whose field begins with the key, in the order of the index on it."""
    ordered = rows.annotate(key=Collate(SearchKey(field), "C"))
    return ordered.filter(key__startswith=key).order_by("key")


def _url(**parameters: str) -> str:
    return f"{reverse('partners:list')}?{urlencode(parameters)}"


# -- partners ----------------------------------------------------------------------------------------


def _partners(key: str) -> Iterable[Option]:
    named = beginning_with(Organisation.objects.active(), "name", key)[:MOST_PARTNERS]
    found = {partner.pk: (partner, "") for partner in named}
    if len(found) < MOST_PARTNERS:
        aliases = Alias.objects.filter(organisation__active=True).select_related("organisation")
        for alias in beginning_with(aliases, "name", key)[:MOST_PARTNERS]:
            found.setdefault(alias.organisation_id, (alias.organisation, _called(alias)))
    if len(found) < MOST_PARTNERS and len(key) >= SHORTEST_MISTYPED:
        similar = finding.similar_names(key, MOST_PARTNERS)
        aliases = list(Alias.objects.filter(organisation__in=[p.pk for p in similar]))
        for partner in similar:
            found.setdefault(partner.pk, (partner, _likeness(partner, aliases, key)))
    for partner, note in list(found.values())[:MOST_PARTNERS]:
        yield Option(partner.name, partner.get_absolute_url(), note, partner.illustrative)


def _called(alias: Alias) -> str:
    return f"formerly {alias.name}" if alias.kind == AliasKind.FORMER else f"also {alias.name}"


def _likeness(partner: Organisation, aliases: Iterable[Alias], key: str) -> str:
    """Why a partner is offered whose name does not begin with the text."""
    if key in folded(partner.name):
        return ""
    others = [alias for alias in aliases if alias.organisation_id == partner.pk]
    best = max(others, key=lambda a: fuzz.partial_ratio(key, folded(a.name)), default=None)
    if best and fuzz.partial_ratio(key, folded(best.name)) > fuzz.partial_ratio(key, folded(partner.name)):
        return _called(best)
    return "similar name"


# -- places ------------------------------------------------------------------------------------------


def _cities(key: str) -> Iterable[Option]:
    sites = Facility.objects.filter(active=True, organisation__active=True)
    rows = beginning_with(sites, "city", key).order_by("key", "country").distinct("key", "country")
    cities = [
        (city, country) for _, country, city in rows.values_list("key", "country", "city")[:MOST_CITIES]
    ]
    if not cities and len(key) >= SHORTEST_MISTYPED:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT city, country FROM partners_search_similar_cities(%s, %s)", [key, MOST_CITIES]
            )
            cities = cursor.fetchall()
    for city, country in cities:
        yield Option(f"{city}, {format_country(country)}", _url(q=city), "city")


def _sites(key: str) -> Iterable[Option]:
    offered = Facility.objects.filter(active=True, organisation__active=True).select_related("organisation")
    sites = list(beginning_with(offered, "name", key)[:MOST_SITES])
    if len(sites) < MOST_SITES and len(key) >= SHORTEST_MISTYPED:
        with connection.cursor() as cursor:
            cursor.execute("SELECT facility_id FROM partners_search_similar_sites(%s, %s)", [key, MOST_SITES])
            similar = [pk for (pk,) in cursor.fetchall() if pk not in {site.pk for site in sites}]
        by_id = offered.in_bulk(similar)
        sites += [by_id[pk] for pk in similar]
    for site in sites[:MOST_SITES]:
        yield _site(site, f"{_place(site)}, {site.organisation.name}")


def _place(site: Facility) -> str:
    return ", ".join(filter(None, [site.city, format_country(site.country)]))


def _site(site: Facility, note: str, label: str = "") -> Option:
    partner = site.organisation
    url = f"{partner.get_absolute_url()}#facility-{site.pk}"
    return Option(label or site.name, url, note, partner.illustrative)


# -- services and modalities -------------------------------------------------------------------------


def _terms(key: str) -> Iterable[Group]:
    phrases = _same_meaning(key)
    for code, label, icon, model in (
        ("service", "Services", "list", Service),
        ("modality", "Modalities", "flask", Modality),
    ):
        rows = model.objects.filter(active=True).order_by("order", "label", "pk")
        labels = dict(rows.values_list("code", "label"))
        chosen = _best({term: folded(words) for term, words in labels.items()}, key, phrases)
        options = (Option(labels[term], _url(**{code: term})) for term in chosen)
        yield Group(code, label, icon, tuple(options))


def _same_meaning(key: str) -> set[str]:
    """Phrases of the trade that mean what was typed, or what it is the beginning of."""
    rows = [(group, folded(phrase)) for group, phrase in SearchSynonym.objects.values_list("group", "phrase")]
    groups = {
        group
        for group, phrase in rows
        if phrase == key or (len(key) >= SHORTEST_MISTYPED and phrase.startswith(key))
    }
    return {phrase for group, phrase in rows if group in groups}


def _best(labels: dict[str, str], key: str, phrases: set[str]) -> list[str]:
    """Codes of the labels that begin with the text, then those with its words, its synonyms, or a mistyped word."""
    words = key.split()
    ranks: dict[str, int] = {}
    for code, label in labels.items():
        own = label.split()
        if label.startswith(key):
            ranks[code] = 0
        elif all(any(mine.startswith(word) for mine in own) for word in words):
            ranks[code] = 1
        elif any(f" {phrase} " in f" {label} " for phrase in phrases):
            ranks[code] = 2
    if not ranks and len(key) >= SHORTEST_MISTYPED:
        for code, label in labels.items():
            if process.extractOne(
                key, [label, *label.split()], scorer=fuzz.ratio, score_cutoff=LEAST_TERM_LIKENESS
            ):
                ranks[code] = 3
    return sorted(ranks, key=ranks.__getitem__)[:MOST_TERMS]


# -- identifiers -------------------------------------------------------------------------------------


def _identifiers(text: str) -> Iterable[Option]:
    typed = re.sub(r"[^0-9A-Za-z]", "", SCHEME.sub(" ", text)).upper()
    code = typed.lstrip("0")
    if len(code) < SHORTEST_CODE or not re.search(r"\d", code):
        return
    rows = Identifier.objects.annotate(code=Collate(SearchCode("value"), "C")).filter(code__startswith=code)
    offered = rows.filter(
        Q(organisation__active=True) | Q(facility__active=True, facility__organisation__active=True)
    )
    shown = 0
    for row in offered.order_by("code", "pk").select_related("organisation", "facility__organisation")[
        :MOST_CODES
    ]:
        shown += 1
        label = f"{row.get_scheme_display()} {row.value}"
        if row.facility:
            yield _site(row.facility, f"{row.facility.name}, {row.facility.organisation.name}", label)
        else:
            partner = row.organisation
            yield Option(label, partner.get_absolute_url(), partner.name, partner.illustrative)
    unlinked = RegisterEstablishment.objects.filter(facility=None)
    registered = unlinked.filter(Q(duns__startswith=typed) | Q(fei__startswith=code)).order_by("pk")
    for row in registered[: MOST_CODES - shown]:
        label = f"FEI {row.fei}" if row.fei.startswith(code) else f"D-U-N-S {row.duns}"
        url = reverse("register:establishment", args=[row.duns])
        yield Option(label, url, f"{row.firm_name}, public register")
