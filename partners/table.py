"""A page of a search as a dense table: the rows of `cards.build_cards` in the columns that were chosen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cmo_selector.templatetags.fmt import format_country, format_date, format_money, format_number
from partners.browse import Result
from partners.cards import Card, Named
from partners.models import CommercialTerms, ContractStructureFact, IndustryFact, Organisation, Source
from partners.shown import COLUMNS

UNKNOWN = Named(())
MOST_NAMED = 2


@dataclass(frozen=True, slots=True)
class Cell:
    """Labels of a list, or one text; empty means unknown."""

    named: Named = UNKNOWN
    text: str = ""
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    card: Card
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Headings with whether they hold figures, and the rows."""

    headings: tuple[tuple[str, bool], ...]
    rows: tuple[Row, ...]


def build_table(cards: Sequence[Card], result: Result) -> Table:
    """The table of a page; a column that cards do not know costs one query, whatever the number of rows.

    Which site fulfils the search is a column only of a search that asks something of sites.
    """
    about_sites = result.criteria.about_sites
    chosen = [code for code in result.filter.columns if about_sites or code != "match"]
    ids = [card.partner.pk for card in cards]
    more = {code: reader(ids) for code, reader in READERS.items() if code in chosen}
    rows = (
        Row(
            card,
            tuple(
                more[code].get(card.partner.pk, Cell(numeric=COLUMNS[code].numeric))
                if code in more
                else _cell(card, code)
                for code in chosen
            ),
        )
        for card in cards
    )
    return Table(tuple((COLUMNS[code].label, COLUMNS[code].numeric) for code in chosen), tuple(rows))


def _cell(card: Card, code: str) -> Cell:
    """What the card's partner says in a column."""
    partner: Any = card.partner
    if code in ("types", "countries", "services", "modalities", "certificates"):
        return Cell(named=_short(getattr(card, code)))
    if code == "match":
        return Cell(named=Named(tuple(_place(place.site) for place in card.matching[:3]),
                                max(0, len(card.matching) - 3)))  # fmt: skip
    if code == "sites":
        return Cell(text=format_number(partner.site_count) if partner.site_count else "", numeric=True)
    if code == "founded":
        return Cell(text=str(partner.founded_year or ""), numeric=True)
    if code == "employees":
        known = partner.employees is not None
        return Cell(text=format_number(partner.employees) if known else "", numeric=True)
    if code == "evidence":
        return Cell(text=partner.get_evidence_level_display())
    return Cell(text=format_date(partner.checked_on))


def _short(named: Named) -> Named:
    """Fewer labels than on a card, so that rows stay low."""
    left_out = max(0, len(named.labels) - MOST_NAMED)
    return Named(named.labels[:MOST_NAMED], named.more + left_out)


def _place(site: Any) -> str:
    return f"{site.name} ({format_country(site.country)})"


# -- columns that need a query of their own -------------------------------------------------------------


def _labels(model: Any, term: str) -> Callable[[list[int]], dict[int, Cell]]:
    def read(ids: list[int]) -> dict[int, Cell]:
        found: dict[int, list[str]] = {}
        for fact in (
            model.objects.filter(organisation__in=ids).select_related(term).order_by(f"{term}__order", "pk")
        ):
            found.setdefault(fact.organisation_id, []).append(getattr(fact, term).label)
        return {pk: Cell(named=Named(tuple(labels))) for pk, labels in found.items()}

    return read


def _minimum(ids: list[int]) -> dict[int, Cell]:
    """The newest stated minimum project."""
    stated = CommercialTerms.objects.filter(organisation__in=ids, minimum_project__isnull=False)
    newest = stated.order_by("organisation_id", "-retrieved_on", "-pk").distinct("organisation_id")
    return {
        terms.organisation_id: Cell(text=format_money(terms.minimum_project, terms.currency), numeric=True)
        for terms in newest
    }


def _source(ids: list[int]) -> dict[int, Cell]:
    sources = Organisation.objects.filter(pk__in=ids).values_list("pk", "source")
    titles = Source.objects.in_bulk({source for _, source in sources})
    return {pk: Cell(text=titles[source].title) for pk, source in sources}


READERS: dict[str, Callable[[list[int]], dict[int, Cell]]] = {
    "industries": _labels(IndustryFact, "industry"),
    "structures": _labels(ContractStructureFact, "structure"),
    "minimum": _minimum,
    "source": _source,
}
