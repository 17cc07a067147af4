"""Text search over the partners' documents: what holds the words, what was perhaps meant."""

from django.contrib.postgres.search import SearchQueryField
from django.db import connection
from django.db.models import BooleanField, F, FloatField, Func, OuterRef, Q, QuerySet, Subquery, Value

from partners.models import Organisation, SearchDocument

MOST_WORDS = 8  # further words of a search are left out


def query_of(text: str) -> Func:
    """The text as a tsquery: words and beginnings of words, synonyms, numbers (function of migration 0003)."""
    return Func(
        Value(text), Value(MOST_WORDS), function="partners_search_query", output_field=SearchQueryField()
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


def matches(text: str) -> dict[int, float]:
    """Partners whose document holds all words of the text, with how well it answers it. One query, by the index."""
    rank = Func(F("vector"), query_of(text), function="ts_rank", output_field=FloatField())
    rows = SearchDocument.objects.filter(Matches(F("vector"), query_of(text))).values_list(
        "organisation_id", rank
    )
    return dict(rows)


def similar_names(text: str, limit: int = 3) -> list[Organisation]:
    """Partners with a name spelt like the text, best first: what somebody who mistyped may have meant."""
    if not text:
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT organisation_id FROM partners_search_similar(%s, %s)", [text, limit])
        found = [pk for (pk,) in cursor.fetchall()]
    partners = Organisation.objects.in_bulk(found)
    return [partners[pk] for pk in found]
