"""What roles without prices may not read: sentences and facts that speak of money. Scores stay as they are."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from partners.scoring.network_types import Member, Network, Proposal
from partners.scoring.runway import Runway, RunwayRow
from partners.scoring.types import CriterionScore, PartnerResult, Ranking, Rule, RuleResult

PRICE_CRITERIA = ("C7", "C8")  # cost, terms
PRICE_RULES = (Rule.MINIMUM_PROJECT,)
PRICE_COLUMNS = (
    "price_basis",
    "price_target",
    "price_limit",
    "handover_cost",
    "transfer_cost",
)  # of a project
PRICE_WORDS = ("award_reason",)  # free text about prices
PRICE_KINDS = ("commercialterms", "indicativeprice")  # facts that a what-if scenario changes
PRICE_ASSUMED = ("minimum", "price")  # what it assumes of a partner
HIDDEN = "Hidden: your role does not see prices."
PRICE_NEED = "The partner's minimum project value is within the limit set"


def without_prices(ranking: Ranking) -> Ranking:
    """The same ranking with every sentence, fact and question about prices taken out."""
    return replace(ranking, results=tuple(_result(r) for r in ranking.results))


def networks_without_prices(proposal: Proposal) -> Proposal:
    """The same networks without what a hand-over costs; months and scores stay."""
    return replace(proposal, networks=tuple(_network(n) for n in proposal.networks))


def _network(network: Network) -> Network:
    members = tuple(_member(m) for m in network.members)
    bare = replace(network, cost=None, members=members)
    return replace(bare, sentence=bare.words(costs=False))


def _member(member: Member) -> Member:
    return replace(member, open_musts=_rules(member.open_musts), let_pass=_rules(member.let_pass))


def runway_without_prices(found: Runway) -> Runway:
    """The same runway without what a transfer costs."""
    return replace(
        found,
        now=without_prices(found.now),
        later=without_prices(found.later),
        rows=tuple(_runway_row(r) for r in found.rows),
    )


def _runway_row(row: RunwayRow) -> RunwayRow:
    row = replace(row, now=_result(row.now), later=_result(row.later))
    transfer = replace(row.transfer, cost=None) if row.transfer else None
    row = replace(row, transfer=transfer)
    return replace(row, sentence=row.words(costs=False))


def _result(result: PartnerResult) -> PartnerResult:
    return replace(
        result,
        rules=_rules(result.rules),
        criteria=tuple(_criterion(c) if c.code in PRICE_CRITERIA else c for c in result.criteria),
    )


def _rules(rules: Iterable[RuleResult]) -> tuple[RuleResult, ...]:
    return tuple(_rule(r) if r.rule in PRICE_RULES else r for r in rules)


def _rule(rule: RuleResult) -> RuleResult:
    override = replace(rule.override, reason=HIDDEN) if rule.override else None
    return replace(rule, label=PRICE_NEED, reason=HIDDEN, facts=(), ask="", override=override)


def _criterion(criterion: CriterionScore) -> CriterionScore:
    hidden = tuple(replace(s, reason=HIDDEN, facts=(), ask="") for s in criterion.subs)
    return replace(criterion, subs=hidden)


def is_price_change(name: str) -> bool:
    """Whether a change of a what-if scenario, by its name (`f.indicativeprice.12.low`, `a.7.price`), is a price."""
    head, _, rest = name.partition(".")
    if head == "f":
        return rest.partition(".")[0] in PRICE_KINDS
    return head == "a" and rest.partition(".")[2] in PRICE_ASSUMED


def event_without_prices(data: Mapping[str, Any]) -> dict[str, Any]:
    """The data of an audit event with the project's prices and every sentence of a price need taken out."""
    price_need = data.get("rule") in PRICE_RULES
    price_criterion = data.get("criterion") in PRICE_CRITERIA
    kept: dict[str, Any] = {}
    for key, value in data.items():
        said = key in ("need", "note", "reason") if price_need else price_criterion and key == "reason"
        if said or key in (*PRICE_COLUMNS, *PRICE_WORDS) or is_price_change(key):
            kept[key] = HIDDEN
        elif isinstance(value, Mapping):
            kept[key] = event_without_prices({"rule": data["rule"], **value} if price_need else value)
            kept[key].pop("rule", None)
        else:
            kept[key] = value
    return kept
