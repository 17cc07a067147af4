"""Freshness and evidence: they change the confidence that is shown, and the score only when switched on."""

import datetime as dt
from dataclasses import replace

import pytest

from partners.scoring import default_weights, rank
from partners.scoring.confidence import confidence, credit, freshness, sub_credit
from partners.scoring.overrides import with_overrides
from partners.scoring.types import FactRef, Level, Outcome, Override, QuoteFact
from tests.partners.scoring.builders import (
    TODAY,
    assessment,
    brief,
    capability,
    inspection,
    metric,
    need,
    partner,
    price,
    ref,
    site,
    slot,
)

WEIGHTS = default_weights(4)
PLAN = brief(need(pk="aav", label="AAV"), markets=("US",))
OLD = TODAY - dt.timedelta(days=4000)


def fact(kind, as_of, evidence="audited", happened_on=None):
    return FactRef(kind, 1, "Fact", "Source", as_of, evidence, happened_on=happened_on)


@pytest.mark.parametrize(
    ("kind", "days", "worth"),
    [
        ("capacityslot", 0, 1.0),
        ("capacityslot", 45, 0.5**0.5),
        ("capacityslot", 90, 0.5),
        ("capacityslot", 900, 0.5),
        ("indicativeprice", 90, 0.5**0.5),
        ("certificate", 900, 1.0),  # its expiry decides
        ("inspection", 5 * 365.25 / 2, 0.5**0.5),
        ("capacityslot", -30, 1.0),  # recorded for a day to come
    ],
)
def test_freshness_halves_with_the_half_life_and_never_falls_below_a_half(kind, days, worth):
    as_of = TODAY - dt.timedelta(days=days)
    assert freshness(fact(kind, as_of), TODAY) == pytest.approx(worth, abs=1e-3)


def test_an_inspection_ages_from_its_own_day_not_from_that_of_the_look_up():
    seen = fact("inspection", TODAY, happened_on=TODAY - dt.timedelta(days=round(5 * 365.25)))
    assert freshness(seen, TODAY) == pytest.approx(0.5, abs=1e-3)
    assert freshness(fact("capacityslot", None), TODAY) == 0.5


@pytest.mark.parametrize(
    ("level", "worth"),
    [
        ("self_declared", 0.8),
        ("document_checked", 0.9),
        ("public_register", 1.0),
        ("audited", 1.0),
        ("hearsay", 0.8),
    ],
)
def test_evidence_levels_have_their_credit(level, worth):
    assert credit(fact("certificate", TODAY, level), TODAY) == worth


def facts(**changes):
    known = {
        "capabilities": [capability()],
        "inspections": [inspection()],
        "slots": [slot()],
        "metrics": [metric("otif_pct", 95.0), metric("sponsor_rating", 4.5, as_of=OLD)],
    }
    return partner(site(**(known | changes)), name="Acme")


def ranked(*partners, discount=False):
    return rank(partners, replace(PLAN, discount=discount), WEIGHTS, min_coverage=0)


def test_confidence_is_at_most_the_coverage_and_falls_with_age():
    found = ranked(facts()).results[0]
    sure = confidence(found, WEIGHTS, TODAY)
    assert 0 < sure < found.coverage
    assert confidence(found, WEIGHTS, TODAY + dt.timedelta(days=365)) < sure
    rating = next(s for c in found.criteria for s in c.subs if s.code == "C6.rating")
    assert sub_credit(rating, TODAY) == pytest.approx(0.45)  # document checked, long past its half-life


def test_the_score_moves_only_when_switched_on_and_then_widens_towards_the_unknown():
    off, on = ranked(facts()).results[0], ranked(facts(), discount=True).results[0]
    assert on.low < off.low
    assert on.high >= off.high
    assert on.low <= on.point <= on.high
    assert on.coverage == pytest.approx(confidence(off, WEIGHTS, TODAY))


def test_the_confidence_of_the_same_facts_is_the_same_with_discounting_on_and_off():
    off, on = ranked(facts()).results[0], ranked(facts(), discount=True).results[0]
    assert confidence(on, WEIGHTS, TODAY) == confidence(off, WEIGHTS, TODAY)
    assert confidence(on, WEIGHTS, TODAY) == pytest.approx(on.coverage)


def test_a_normalised_quote_takes_the_place_of_the_list_price():
    plan = replace(PLAN, price_basis="gmp_batch", price_target=1e6, price_limit=2e6, currency="USD")
    listed = replace(facts(), prices=(price(1.9e6, 1.9e6),))
    quote = QuoteFact(ref("quote", "Quote 1"), "gmp_batch", 1.2e6, 1.4e6, "USD", complete=0.75)
    cost = [
        next(c for c in rank([p], plan, WEIGHTS, min_coverage=0).results[0].criteria if c.code == "C7")
        for p in (
            listed,
            replace(listed, quotes=(quote,)),
            replace(listed, quotes=(replace(quote, currency="EUR"),)),
        )
    ]
    assert [(round(c.low), round(c.high), c.known) for c in cost] == [
        (10, 10, 1.0),
        (60, 80, 0.75),
        (10, 10, 1.0),
    ]
    assert cost[1].subs[0].reason == (
        "Normalised quote USD 1,200,000 to 1,400,000, 75 % of the scope priced (target 1,000,000, limit 2,000,000)."
    )
    assert [f.label for f in cost[1].subs[0].facts] == ["Quote 1"]


def test_only_a_failed_must_can_be_let_pass():
    why = Override("Agreed with quality.", "A. Person", "owner", TODAY)
    base = assessment("Acme", [50] * 10, pk=1, fails=1, unknowns=1)
    (passed,) = with_overrides([base], {(1, "r0"): why, (1, "r1"): why, (2, "r0"): why})
    assert [(r.outcome, r.override) for r in passed.rules] == [
        (Outcome.CONDITIONAL, why),
        (Outcome.UNKNOWN, None),
    ]
    assert passed.rules[0].reason == (
        "Reason 0. Let pass by A. Person (owner) on 15 January 2026: Agreed with quality."
    )
    wish = replace(base, rules=(replace(base.rules[0], level=Level.SHOULD),))
    assert with_overrides([wish], {(1, "r0"): why}) == (wish,)
