"""What roles without prices may not read: sentences and facts that speak of money. Scores stay as they are."""

from dataclasses import replace

from partners.scoring.types import CriterionScore, PartnerResult, Ranking, Rule, RuleResult

PRICE_CRITERIA = ("C7", "C8")  # cost, terms
PRICE_RULES = (Rule.MINIMUM_PROJECT,)
HIDDEN = "Hidden: your role does not see prices."
PRICE_NEED = "The partner's minimum project value is within the limit set"


def without_prices(ranking: Ranking) -> Ranking:
    """The same ranking with every sentence and fact about prices taken out."""
    return replace(ranking, results=tuple(_result(r) for r in ranking.results))


def _result(result: PartnerResult) -> PartnerResult:
    return replace(
        result,
        rules=tuple(_rule(r) if r.rule in PRICE_RULES else r for r in result.rules),
        criteria=tuple(_criterion(c) if c.code in PRICE_CRITERIA else c for c in result.criteria),
    )


def _rule(rule: RuleResult) -> RuleResult:
    return replace(rule, label=PRICE_NEED, reason=HIDDEN, facts=())


def _criterion(criterion: CriterionScore) -> CriterionScore:
    hidden = tuple(replace(s, reason=HIDDEN, facts=()) for s in criterion.subs)
    return replace(criterion, subs=hidden)
