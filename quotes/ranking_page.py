"""What the ranking pages show: the engine's result in the words and order of the page. No queries here."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from partners.scoring import criteria_labels, explain
from partners.scoring.types import CRITERIA, FactRef, Group, Level, Outcome, PartnerResult, Ranking
from partners.scoring.words import few
from quotes.ranking import FIRST_WORDS
from quotes.robustness import Firmness
from quotes.robustness_page import of_100, row_words


@dataclass(frozen=True)
class Row:
    """One partner in the list, with the contributions rounded so that they add up to the shown score."""

    result: PartnerResult
    shown: explain.Shown
    parts: list[tuple[str, str, Decimal]]  # criterion code, label, points
    shortlisted: bool
    firmness: str = ""  # "first in 63 of 100, mostly 1 to 3"
    ahead: str = ""  # how often it scores above the next in the list, "74 of 100"


LISTED = 100  # rows of each group, unless all are asked for


@dataclass(frozen=True)
class RankingPage:
    """The rows of each group: all of them, or the first `LISTED`; figures and sentences speak of all."""

    ranking: Ranking
    ranked: list[Row]
    insufficient: list[Row]
    knocked_out: list[Row]

    @property
    def folded(self) -> dict[str, int]:
        """How many more partners of each group can be listed."""
        rows = {
            Group.RANKED: self.ranked,
            Group.INSUFFICIENT: self.insufficient,
            Group.KNOCKED_OUT: self.knocked_out,
        }
        return {group.value: len(self.ranking.group(group)) - len(shown) for group, shown in rows.items()}

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def counts(self) -> dict[str, int]:
        """How many partners each group has in the whole catalogue, by the group's name."""
        return {group.value: self.ranking.count(group) for group in Group}

    @property
    def part_note(self) -> str:
        return part_note(self.ranking)

    @property
    def headline(self) -> str:
        """The result in a sentence that claims no more than the intervals allow."""
        if not self.total:
            return "The catalogue has no partners yet."
        if not self.ranked:
            if not self.insufficient:
                nearest = "; near misses come first" if self.near_misses else ""
                return f"Every partner fails at least one must-have. The list below says which{nearest}."
            return "No partner has enough known facts to be ranked. Those without a failed must-have are listed below."
        first = self.ranked[0].result
        if self.ranking.count(Group.RANKED) == 1:
            return f"{first.name} is the only partner with enough facts and no failed must-have."
        level = [r.name for r in self.ranking.group(Group.RANKED) if r.rank == 1]
        if len(level) > 1:
            return f"{few(level)} share the first place on the known facts."
        rivals = (first.worst_rank or 1) - 1
        if self.ranking.totals is None:
            rivals = sum(1 for r in self.ranking.group(Group.RANKED)[1:] if r.high >= first.low)
        if not rivals:
            return f"{first.name} leads the ranked partners, whatever their unknown facts turn out to be."
        others = "one other ranked partner" if rivals == 1 else f"{rivals} other ranked partners"
        return f"{first.name} leads on the known facts, but {others} could still overtake it: the intervals overlap."

    @property
    def near_misses(self) -> list[Row]:
        """Knocked out by one must only, by size, date, stage or an authority's stop: worth a second look."""
        return [row for row in self.knocked_out if row.result.near_miss or row.result.stopped]

    @property
    def any_stopped(self) -> bool:
        return any(row.result.stopped for row in self.knocked_out)

    @property
    def far_misses(self) -> list[Row]:
        return [row for row in self.knocked_out if not (row.result.near_miss or row.result.stopped)]

    @property
    def has_illustrative(self) -> bool:
        return any(result.illustrative for result in self.ranking.results)

    @property
    def thin_rivals(self) -> int:
        """How many partners with insufficient data could still come first, were their unknown facts the best."""
        if not self.ranked:
            return 0
        best = self.ranked[0].result.low
        return sum(1 for result in self.ranking.group(Group.INSUFFICIENT) if result.high >= best)


def part_note(ranking: Ranking) -> str:
    """What a ranking of a large catalogue leaves out of sight; empty where everybody is shown."""
    if not ranking.left_off:
        return ""
    total = sum(ranking.count(group) for group in Group)
    return (
        f"All {total:,} partners were checked, scored and ranked; places and rank ranges count all of them. Shown and "
        f"compared are {FIRST_WORDS}; {ranking.left_off:,} are left out of sight. {_hidden(ranking.hidden_rivals)}"
    )


def _hidden(rivals: int) -> str:
    """Whether somebody out of sight could come first with these weights."""
    if not rivals:
        return "With these weights none of them can come first, whatever its unknown facts turn out to be."
    who = "One of them" if rivals == 1 else f"{rivals:,} of them"
    return (
        f"{who} could come first if every unknown fact turned out at its best; shares of first places do not count "
        "them."
    )


def build_row(
    result: PartnerResult, shortlisted: set[int], labels: Mapping[str, str], firm: Firmness | None = None
) -> Row:
    shown = explain.shown(result)
    standing = firm.standing(result.partner_id) if firm and len(firm.ranked) > 1 else None
    ahead = firm.ahead(firm.places[result.partner_id]) if firm and standing else None
    return Row(
        result=result,
        shown=shown,
        parts=[(code, labels[code], shown.contributions[code]) for code in CRITERIA],
        shortlisted=result.partner_id in shortlisted,
        firmness=row_words(standing) if standing else "",
        ahead=of_100(ahead) if ahead is not None else "",
    )


def build_page(
    ranking: Ranking,
    shortlisted: set[int],
    profile: str,
    firm: Firmness | None = None,
    *,
    listed: int | None = LISTED,
) -> RankingPage:
    """The page's groups; `firm` adds what the rows say about all weightings, `listed` None lists everybody."""
    labels = criteria_labels(profile)
    ranked, insufficient, knocked_out = (
        [build_row(result, shortlisted, labels, firm) for result in ranking.group(group)[:listed]]
        for group in (Group.RANKED, Group.INSUFFICIENT, Group.KNOCKED_OUT)
    )
    return RankingPage(ranking, ranked, insufficient, knocked_out)


@dataclass(frozen=True)
class Explained:
    """One criterion of one partner with its weight, for the page that opens a score to its facts."""

    code: str
    label: str
    weight: float
    points: Decimal
    low: float
    high: float
    known: float
    subs: list[dict]

    @property
    def point(self) -> float:
        return (self.low + self.high) / 2


def explain_criteria(row: Row, weights: Mapping[str, float], labels: Mapping[str, str]) -> list[Explained]:
    """Criteria with sub-scores and facts."""
    explained = []
    for criterion in row.result.criteria:
        explained.append(
            Explained(
                code=criterion.code,
                label=labels[criterion.code],
                weight=weights[criterion.code],
                points=row.shown.contributions[criterion.code],
                low=criterion.low,
                high=criterion.high,
                known=criterion.known,
                subs=[_sub(sub) for sub in criterion.subs],
            )
        )
    return explained


def _sub(sub) -> dict:
    return {
        "label": sub.label,
        "weight": sub.weight,
        "low": sub.low,
        "high": sub.high,
        "point": (sub.low + sub.high) / 2,
        "known": sub.known > 0,
        "reason": sub.reason,
        "facts": distinct_facts(sub.facts),
        "ask": sub.ask,
    }


def distinct_facts(facts: tuple[FactRef, ...]) -> list[FactRef]:
    """Each row once, in the order given."""
    return list({(fact.kind, fact.pk): fact for fact in facts}.values())


def rule_rows(result: PartnerResult) -> list[dict]:
    """Needs with their outcome, musts first."""
    order = {"must": 0, "should": 1, "could": 2}
    return [
        {
            "label": rule.label,
            "need_id": rule.need_id,
            "rule": rule.rule.value,
            "let_pass": rule.override is not None,
            "fails": rule.level is Level.MUST and rule.outcome is Outcome.FAIL,
            "level": rule.level.value,
            "outcome": rule.outcome.value,
            "reason": rule.reason,
            "facts": distinct_facts(rule.facts),
            "ask": rule.ask,
        }
        for rule in sorted(result.rules, key=lambda r: order[r.level.value])
    ]


class BadWeights(ValueError):
    """Weights typed into the page that cannot be used; the message names the criterion and the remedy."""


def trial_weights(query: Mapping[str, str]) -> dict[str, float] | None:
    """Weights being tried, from the page's sliders: points of any size, scaled to sum to 100.

    None when the query holds none. Raises BadWeights for text, negative numbers and an all-zero set.
    """
    given = {code: query.get(code.lower(), "").strip() for code in CRITERIA}
    if not any(given.values()):
        return None
    points = {code: _points(code, text) for code, text in given.items()}
    total = sum(points.values())
    if total == 0:
        raise BadWeights("All weights are zero. Give at least one criterion some weight.")
    return {code: float(value * 100 / total) for code, value in points.items()}


def _points(code: str, text: str) -> Decimal:
    try:
        value = Decimal(text or "0")
    except InvalidOperation:
        value = None
    if value is None or not value.is_finite():
        raise BadWeights(f"The weight of {code} {CRITERIA[code]} is not a number: “{text[:40]}”.")
    if value < 0:
        raise BadWeights(f"The weight of {code} {CRITERIA[code]} is negative. Use 0 or more.")
    if 0 < value < Decimal("1e-9"):
        raise BadWeights(f"The weight of {code} {CRITERIA[code]} is too small. Use 0, or points up to 100.")
    if value > 1_000_000:
        raise BadWeights(f"The weight of {code} {CRITERIA[code]} is too large. Use points between 0 and 100.")
    return value


def rounded_to_100(weights: Mapping[str, float]) -> dict[str, Decimal]:
    """Weights with two decimals that still sum to exactly 100."""
    return explain.largest_remainder(weights, Decimal(100), Decimal("0.01"))
