"""What the register's pages read."""

import datetime
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from django.contrib.postgres.search import TrigramWordSimilarity
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import CharField, F, Func, Max, Model, Q, QuerySet
from django.db.models.functions import Upper
from django.utils import timezone
from django.utils.text import slugify
from django_countries import countries

from partners.enums import ActionListing, RegisterKind
from partners.models import (
    Alias,
    Facility,
    LinkSuggestion,
    Organisation,
    RegisterEstablishment,
    RegisterImport,
    ServiceCrosswalk,
)
from partners.models.register import ESTABLISHMENT_TEXT
from partners.selectors import Term

CROSSWALK = "fda_drls"
NO_COUNTRY = "none"
CURRENT, EXPIRED, NO_EXPIRY, LEFT = "current", "expired", "no-expiry", "left"
LINKED, UNLINKED = "linked", "unlinked"
TERMS_KEPT = 24 * 3600  # seconds; an import asks for them under another key
MOST_WORDS = 8  # further words of a search are left out
SHORTEST_IDENTIFIER = 4
LEAST_LIKENESS = 0.4  # word similarity (pg_trgm, 0-1) of a name that may have been meant
MOST_NEIGHBOURS = 50  # other establishments of one FEI that a page lists
MOST_CANDIDATES = 20  # sites offered for a link
_CAPITALS = {"api": "API", "pet": "PET", "sip": "SIP"}

SORTS: dict[str, tuple[str, tuple]] = {
    "name": ("Firm name", ("name_order", "pk")),
    "country": ("Country", ("country", "name_order", "pk")),
    "expiry": ("Expiry, latest first", (F("expires_on").desc(nulls_last=True), "name_order", "pk")),
    "seen": ("First seen, newest", (F("first_seen_on").desc(), "name_order", "pk")),
}


@dataclass(frozen=True, slots=True)
class ReadFile:
    """The last file that was read of one list of a register. Without `stated` the day is that of reading."""

    name: str  # of the list; empty where the register has one list only
    day: datetime.date
    stated: bool


@dataclass(frozen=True, slots=True)
class ReadFiles:
    """The files of a register that were read: `run` is the number of the last import that was applied, 0 for none;
    `newest` the last file of every list; `undated` days on which a file was read whose own date nobody stated."""

    run: int
    newest: tuple[ReadFile, ...]
    undated: frozenset[datetime.date]


def read_files(kinds: Iterable[RegisterKind]) -> ReadFiles:
    """One query."""
    runs = list(RegisterImport.objects.filter(kind__in=kinds).order_by("pk"))
    last = {(run.kind, run.layout): run for run in runs}
    names = dict(ActionListing.choices)
    newest = (
        ReadFile(names.get(run.layout, ""), run.file_date, run.file_date_stated)
        for run in last.values()
        if run.file_date
    )
    return ReadFiles(
        run=max((run.pk for run in runs), default=0),
        newest=tuple(sorted(newest, key=lambda file: file.name)),
        undated=frozenset(run.file_date for run in runs if run.file_date and not run.file_date_stated),
    )


@dataclass(frozen=True, slots=True)
class Establishments:
    """The establishment register as a page: what the frame of the list says about it."""

    title: str = "Establishments"
    noun: str = "establishment"
    nouns: str = "establishments"
    kinds: tuple[RegisterKind, ...] = (RegisterKind.DRLS,)
    url_name: str = "register:list"
    table: str = "partners/register/rows/establishments.html"
    placeholder: str = "Firm, registrant, city, FEI or D-U-N-S number"
    lead: str = (
        "Drug establishments as the FDA’s register states them. Being listed says that a firm registered, not that it "
        "was approved or inspected."
    )


ESTABLISHMENTS = Establishments()


def in_words(operation: str) -> str:
    """An operation as people read it: "API MANUFACTURE" → "API manufacture"."""
    words = [_CAPITALS.get(word, word) for word in operation.lower().split()]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


@dataclass(frozen=True, slots=True)
class Operation:
    """One registered operation: as the file writes it, in words, and the service the crosswalk takes it for."""

    stated: str
    words: str
    service_code: str = ""
    service: str = ""


@dataclass(frozen=True, slots=True)
class RegisterTerms:
    """The values that each filter of the register may take, by filter and code."""

    by_filter: dict[str, dict[str, Term]]
    stated: dict[str, str]  # code of an operation → as the file writes it


def register_terms() -> RegisterTerms:
    """Operations and countries that occur in the register, read once after every import, and the fixed choices."""
    run = RegisterImport.objects.filter(kind=RegisterKind.DRLS).aggregate(last=Max("pk"))["last"] or 0
    stated, used = cache.get_or_set(f"register-terms-{run}", _occurring, TERMS_KEPT if run else 1)
    country_terms = {code: Term(code, name, active=code in used) for code, name in countries}
    country_terms[NO_COUNTRY] = Term(NO_COUNTRY, "Not recognised in the address", active="" in used)
    codes = {slugify(text) or text: text for text in stated}
    return RegisterTerms(
        {
            "operation": {code: Term(code, in_words(text)) for code, text in codes.items()},
            "country": country_terms,
            "link": {
                LINKED: Term(LINKED, "Linked to a catalogue site"),
                UNLINKED: Term(UNLINKED, "Not linked"),
            },
            "state": {
                CURRENT: Term(CURRENT, "Listed, not expired"),
                EXPIRED: Term(EXPIRED, "Listed, expiry date has passed"),
                NO_EXPIRY: Term(NO_EXPIRY, "Listed, expiry unknown"),
                LEFT: Term(LEFT, "Left the register"),
            },
        },
        codes,
    )


def _occurring() -> tuple[list[str], set[str]]:
    """The operations and the countries of the register's rows (two queries over all of them)."""
    rows = RegisterEstablishment.objects.order_by()
    operations = rows.annotate(operation=Func("operations", function="unnest", output_field=CharField()))
    return (
        sorted(operations.values_list("operation", flat=True).distinct()),
        set(rows.values_list("country", flat=True).distinct()),
    )


def state_condition(state: str, on: datetime.date) -> Q:
    """One of the four states of a registration on a day; every establishment is in exactly one."""
    if state == LEFT:
        return Q(left_on__isnull=False)
    listed = Q(left_on__isnull=True)
    if state == NO_EXPIRY:
        return listed & Q(expires_on__isnull=True)
    return listed & (Q(expires_on__lt=on) if state == EXPIRED else Q(expires_on__gte=on))


@dataclass(frozen=True, slots=True)
class RegisterCriteria:
    """What to look for. Values of one filter are alternatives; filters must all hold."""

    text: str = ""
    operations: tuple[str, ...] = ()  # as the file writes them
    countries: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    states: tuple[str, ...] = ()


def search(
    criteria: RegisterCriteria, queryset: QuerySet[RegisterEstablishment]
) -> QuerySet[RegisterEstablishment]:
    """Establishments that fulfil the criteria, in no particular order."""
    found = queryset
    if criteria.operations:
        found = found.filter(operations__overlap=list(criteria.operations))
    if criteria.countries:
        found = found.filter(country__in=["" if code == NO_COUNTRY else code for code in criteria.countries])
    if len(criteria.links) == 1:
        found = found.filter(facility__isnull=criteria.links[0] == UNLINKED)
    if criteria.states:
        today = timezone.localdate()
        condition = Q()
        for state in criteria.states:
            condition |= state_condition(state, today)
        found = found.filter(condition)
    words = criteria.text.split()[:MOST_WORDS]
    if words:
        found = found.alias(searched=ESTABLISHMENT_TEXT)
    for word in words:
        found = found.filter(_holds_word(word))
    return found


def _holds_word(word: str) -> Q:
    """A word occurs in the firm's name, the registrant's or the city; or begins an FEI or D-U-N-S number."""
    folded = unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode()
    condition = Q(searched__contains=word.upper())
    if folded and folded != word:
        condition |= Q(searched__contains=folded.upper())
    digits = word.replace("-", "")
    if re.fullmatch(r"[0-9]+", digits) and len(digits) >= SHORTEST_IDENTIFIER:
        condition |= Q(duns__startswith=digits)
        if bare := digits.lstrip("0"):
            condition |= Q(fei__startswith=bare)
    return condition


def sorted_by(queryset: QuerySet[RegisterEstablishment], sort: str) -> QuerySet[RegisterEstablishment]:
    """In the order of one of `SORTS`, with what a row of the list shows."""
    return (
        queryset.alias(name_order=Upper("firm_name"))
        .order_by(*SORTS[sort][1])
        .select_related("source", "facility__organisation")
    )


def similar_firms(
    text: str, limit: int = 3, *, model: type[Model] = RegisterEstablishment, field: str = "firm_name"
) -> list[str]:
    """Names in a register spelt like the text: what somebody who mistyped may have meant."""
    if not text:
        return []
    rows = (
        model.objects.filter(**{f"{field}__trigram_word_similar": text})  # type: ignore[attr-defined]
        .annotate(likeness=TrigramWordSimilarity(text, field))
        .order_by("-likeness", field)
        .values_list(field, flat=True)[: limit * 5]
    )
    # The operator, unlike a comparison of similarities, can use the index; its threshold is a setting. The planner
    # takes it for so unselective that it would read the whole table.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('pg_trgm.word_similarity_threshold', %s, true), "
            "set_config('enable_seqscan', 'off', true)",
            [str(LEAST_LIKENESS)],
        )
        found = list(rows)
    return list(dict.fromkeys(found))[:limit]


# -- one establishment ---------------------------------------------------------------------------


@dataclass(frozen=True)
class EstablishmentRecord:
    """One establishment with everything its page shows."""

    row: RegisterEstablishment
    operations: list[Operation]
    neighbours: list[RegisterEstablishment]
    neighbours_left_off: int
    suggestions: list[LinkSuggestion]  # the reader's own
    on: datetime.date

    @cached_property
    def expired(self) -> bool:
        return bool(self.row.expires_on and self.row.expires_on < self.on)

    @property
    def file_date(self) -> datetime.date:
        """Of the last file that held the row."""
        return self.row.last_seen_on

    @property
    def file_is_older(self) -> bool:
        """Whether the last file was made before the stated expiry, so that a renewal would not be in it."""
        return bool(self.row.expires_on and self.file_date <= self.row.expires_on)


def establishment(duns: str) -> RegisterEstablishment | None:
    return (
        RegisterEstablishment.objects.filter(duns=duns)
        .select_related("source", "facility__organisation")
        .first()
    )


def establishment_record(row: RegisterEstablishment, *, reader: int) -> EstablishmentRecord:
    """Three further queries, two without an FEI. `reader` is the id of the person who looks."""
    services = {
        entry.label: entry.service
        for entry in ServiceCrosswalk.objects.filter(register=CROSSWALK).select_related("service")
    }
    operations = []
    for stated in row.operations:
        service = services.get(stated)
        operations.append(
            Operation(
                stated,
                in_words(stated),
                service.code if service else "",
                service.label if service else "",
            )
        )
    neighbours: list[RegisterEstablishment] = []
    if row.fei:
        others = RegisterEstablishment.objects.filter(fei=row.fei).exclude(pk=row.pk)
        neighbours = list(others.order_by("firm_name", "pk")[: MOST_NEIGHBOURS + 1])
    own = LinkSuggestion.objects.filter(establishment=row, proposed_by=reader)
    return EstablishmentRecord(
        row=row,
        operations=operations,
        neighbours=neighbours[:MOST_NEIGHBOURS],
        neighbours_left_off=max(0, len(neighbours) - MOST_NEIGHBOURS),
        suggestions=list(own.select_related("facility__organisation")),
        on=timezone.localdate(),
    )


def linkable_sites() -> QuerySet[Facility]:
    """Sites a real establishment may be linked to: offered, and of a real company."""
    return Facility.objects.filter(
        active=True, organisation__active=True, organisation__illustrative=False
    ).select_related("organisation")


def candidate_sites(text: str) -> list[Facility]:
    """Sites in whose name, partner or city every word of the text occurs; one more than are offered."""
    found = linkable_sites()
    for word in text.split()[:MOST_WORDS]:
        found = found.filter(
            Q(name__unaccent__icontains=word)
            | Q(organisation__name__unaccent__icontains=word)
            | Q(city__unaccent__icontains=word)
        )
    return list(found.order_by("organisation__name", "name", "pk")[: MOST_CANDIDATES + 1])


def linkable_partners() -> QuerySet[Organisation]:
    """Partners a labeler may be: offered, and real companies."""
    return Organisation.objects.filter(active=True, illustrative=False)


def candidate_partners(text: str) -> list[Organisation]:
    """Partners in one of whose names every word of the text occurs; one more than are offered."""
    found = linkable_partners()
    for word in text.split()[:MOST_WORDS]:
        named = Alias.objects.filter(name__unaccent__icontains=word).values("organisation")
        found = found.filter(Q(name__unaccent__icontains=word) | Q(pk__in=named))
    return list(found.order_by("name", "pk")[: MOST_CANDIDATES + 1])
