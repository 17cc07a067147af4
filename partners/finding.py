"""Text search over the partners' documents: what holds the words, and what a mistyped word was meant to be."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice, product

from django.contrib.postgres.search import SearchQueryField
from django.db import connection
from django.db.models import BooleanField, F, FloatField, Func, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from rapidfuzz.distance import OSA

from partners.models import Organisation, SearchDocument, SearchSynonym

MOST_WORDS = 8  # further words of a search are left out
SHORTEST_MISTYPED = 4  # characters of a word that is corrected; numbers never are
LEAST_LIKENESS = (
    0.7  # of a word to the one typed: 1 less letters changed, left out, added or swapped ÷ length
)
ABOUT_AS_LIKE = 0.1  # words that are this much less alike than the best one are taken as well
MOST_SPELLINGS = 4  # ways in which a search is read when words of it are mistyped
NEAR = 200  # words by trigrams, of which the best are taken


@dataclass(frozen=True, slots=True)
class Found:
    """Partners with how well they answer the text; `read_as` says how it was read when nothing holds it as typed."""

    likeness: Mapping[int, float]
    read_as: tuple[str, ...] = ()


def folded(text: str) -> str:
    """A label without accents and punctuation, in lower case: what `partners_search_key` makes of it, without a
    query."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[\x00-\x2f:-@\[-`{-\x7f]+", " ", plain.lower()).split())


def query_of(*texts: str) -> RawSQL:
    """The texts as a tsquery, any of which will do: words and beginnings of words, synonyms, numbers (function of
    migration 0003). As a subquery it is worked out once, not for every row, and always looked up in the index."""
    asked = " || ".join(["partners_search_query(%s, %s)"] * len(texts))
    return RawSQL(  # noqa: S611  the texts are parameters
        f"SELECT {asked}",
        [value for text in texts for value in (text, MOST_WORDS)],
        output_field=SearchQueryField(),
    )


class Matches(Func):
    """Whether a vector holds a query."""

    function = ""
    template = "(%(expressions)s)"
    arg_joiner = " @@ "
    output_field = BooleanField()


def holds(text: str) -> Q:
    """All words of the text occur in the partner's document, as a condition on `Organisation`."""
    rows = SearchDocument.objects.filter(Matches(F("vector"), query_of(text)))
    return Q(pk__in=rows.values("organisation"))


def with_match(queryset: QuerySet[Organisation], text: str) -> QuerySet[Organisation]:
    """Adds `match`: how well the document answers the text; names weigh more than what a site can do."""
    rank = Func(F("vector"), query_of(text), function="ts_rank", output_field=FloatField())
    rows = SearchDocument.objects.filter(organisation=OuterRef("pk")).values(match=rank)
    return queryset.annotate(match=Subquery(rows))


def matches(*texts: str) -> dict[int, float]:
    """Partners whose document holds all words of one of the texts, with how well it answers. One query, by the
    index."""
    asked = query_of(*texts)
    rank = Func(F("vector"), asked, function="ts_rank", output_field=FloatField())
    rows = SearchDocument.objects.filter(Matches(F("vector"), asked)).values_list("organisation_id", rank)
    return dict(rows)


def find(text: str, labels: Iterable[str] = ()) -> Found:
    """Partners that hold the text; when none does, those that hold it with its mistyped words spelt right.

    `labels` are terms whose words are known besides those of names and places. One query where something is found,
    else three and one for each mistyped word.
    """
    if likeness := matches(text):
        return Found(likeness)
    if read_as := spelt_right(text, labels):
        likeness = matches(*read_as)
    return Found(likeness, read_as if likeness else ())


def spelt_right(text: str, labels: Iterable[str]) -> tuple[str, ...]:
    """The text with the words that no document holds replaced by known ones spelt like them; none when there is
    no such word, or nothing like one of them."""
    words = folded(text).split()[:MOST_WORDS]
    asked = [word for word in words if len(word) >= SHORTEST_MISTYPED and not re.search(r"\d", word)]
    if not asked:
        return ()
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM partners_search_missing(%s)", [asked])
        missing = {word for (word,) in cursor.fetchall()}
    phrases = [*labels, *SearchSynonym.objects.values_list("phrase", flat=True)] if missing else []
    terms = {word for phrase in phrases for word in folded(phrase).split() if len(word) >= SHORTEST_MISTYPED}
    meant = {word: _meant(word, terms) for word in missing - terms}
    if not meant or not all(meant.values()):
        return ()
    readings = product(*(meant.get(word, [word]) for word in words))
    return tuple(" ".join(reading) for reading in islice(readings, MOST_SPELLINGS))


def _meant(word: str, terms: Iterable[str]) -> list[str]:
    """Known words that are spelt like this one, the most alike first."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM partners_search_spellings(%s, %s)", [word, NEAR])
        known = {near for (near,) in cursor.fetchall()} | set(terms)
    known.discard(word)  # known from a partner that has gone
    alike = {other: OSA.normalized_similarity(word, other, score_cutoff=LEAST_LIKENESS) for other in known}
    best = max(alike.values(), default=0)
    kept = [other for other, likeness in alike.items() if likeness and likeness >= best - ABOUT_AS_LIKE]
    return sorted(kept, key=lambda other: (-alike[other], other))[:MOST_SPELLINGS]


def similar_names(text: str, limit: int = 3) -> list[Organisation]:
    """Partners with a name spelt like the text, best first: what somebody who mistyped may have meant."""
    if not text:
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT organisation_id FROM partners_search_similar(%s, %s)", [text, limit])
        found = [pk for (pk,) in cursor.fetchall()]
    partners = Organisation.objects.in_bulk(found)
    return [partners[pk] for pk in found]
