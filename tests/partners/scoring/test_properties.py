"""What must hold for any facts, any brief and any weights."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partners.scoring import assess, normalise, rank, rank_assessed, shown
from partners.scoring.anchors import ANCHORS
from partners.scoring.types import CRITERIA, Group, Level, Outcome, Rule
from tests.partners.scoring.builders import (
    AAV_PATH,
    TODAY,
    action,
    assessment,
    brief,
    capability,
    certificate,
    inspection,
    metric,
    need,
    partner,
    price,
    record,
    site,
    slot,
    terms,
)

PROJECT = brief(
    need(pk="aav", label="AAV at 200 L", quantity=200, unit="l", gmp=True, stage=4),
    need(Rule.CERTIFICATE, Level.SHOULD, pk="gmp", label="EU GMP", certificate_type="eu-gmp"),
    need(Rule.CAPACITY, Level.SHOULD, pk="slot", label="Slot", quantity=4, unit="batches-year"),
    need(Rule.MINIMUM_PROJECT, Level.MUST, pk="min", label="Minimum", quantity=6e6, currency="USD"),
    need(
        Rule.TRACK_RECORD, Level.COULD, pk="ind", label="INDs", track_record_kind="ind_supported", quantity=1
    ),
    need(Rule.METRIC, Level.COULD, pk="pilot", label="Pilot", metric="pilot_study_offered"),
    markets=("US", "EU"),
    sponsor_size="virtual",
    scale_now=200.0,
    scale_next=2000.0,
    scale_unit="l",
    price_basis="gmp_batch",
    price_target=1e6,
    price_limit=2e6,
    currency="USD",
)

maybe = st.none() | st.booleans()
days = st.dates(dt.date(2018, 1, 1), dt.date(2030, 1, 1))
capabilities = st.builds(
    capability,
    st.just("ds-viral-vector"),
    st.sampled_from([AAV_PATH, AAV_PATH[:1]]),
    modality=st.sampled_from([None, "aav", "mab"]),
    scale_max=st.none() | st.floats(50, 5000),
    scale_min=st.just(50.0),
    scale_unit=st.sampled_from(["l", "kg"]),
    gmp=maybe,
    programmes=st.none() | st.integers(0, 20),
    stage_from=st.none() | st.integers(1, 5),
)
certificates = st.builds(
    certificate, st.sampled_from(["eu-gmp", "fda-registration"]), expires_on=st.none() | days
)
inspections = st.builds(inspection, st.sampled_from(["nai", "vai", "oai", "pending"]), st.none() | days)
actions = st.builds(action, st.sampled_from(["warning_letter", "recall"]), days, closed_on=st.none())
slots = st.builds(
    slot,
    days,
    st.sampled_from(["open", "tentative", "reserved"]),
    quantity=st.none() | st.floats(0, 20),
    unit=st.just("batches-year"),
)
records = st.builds(
    record, st.sampled_from(["ind_supported", "approval", "tech_transfer"]), st.none() | st.integers(0, 9)
)
NUMBERS = ["otif_pct", "batch_success_pct", "sponsor_rating", "lead_time_weeks", "change_order_share_pct"]
metrics = st.builds(metric, st.sampled_from(NUMBERS), st.floats(0, 100)) | st.builds(
    metric, st.sampled_from(["transfer_team", "pilot_study_offered", "dedicated_pm"]), flag=st.booleans()
)


def some(strategy, most=2):
    return st.lists(strategy, max_size=most)


sites = st.builds(
    site,
    st.sampled_from(["Alpha", "Beta", "Gamma"]),
    complete=st.none() | st.just(dt.date(2025, 6, 1)),
    capabilities=some(capabilities),
    certificates=some(certificates),
    inspections=some(inspections),
    actions=some(actions, 1),
    slots=some(slots),
    track_record=some(records),
    metrics=some(metrics),
)


@st.composite
def partners(draw):
    return partner(
        *draw(some(sites)),
        name=draw(st.sampled_from(["Acme", "Borealis", "Cumulus"])),
        track_record=tuple(draw(some(records))),
        metrics=tuple(draw(some(metrics))),
        terms=tuple(
            draw(some(st.builds(terms, minimum_project=st.floats(0, 1e7), currency=st.just("USD")), 1))
        ),
        prices=tuple(draw(some(st.builds(price, st.floats(0.5e6, 1e6), st.floats(1e6, 3e6)), 1))),
    )


weight_sets = (
    st.lists(st.floats(0, 50), min_size=10, max_size=10)
    .filter(lambda w: sum(w) > 1)
    .map(lambda w: normalise(dict(zip(CRITERIA, w, strict=True))))
)
cell = st.none() | st.floats(0, 100) | st.tuples(st.floats(0, 50), st.floats(50, 100))
assessments = st.lists(
    st.builds(
        assessment,
        st.sampled_from(["Acme", "Borealis", "Cumulus"]),
        st.lists(cell, min_size=10, max_size=10),
        fails=st.sampled_from([0, 0, 0, 1]),
    ),
    max_size=6,
)


@settings(deadline=None)
@given(found=st.lists(partners(), max_size=4), weights=weight_sets, caution=st.floats(0, 1))
def test_scores_add_up_and_stay_inside_their_interval(found, weights, caution):
    for result in rank(found, PROJECT, weights, caution=caution).results:
        assert 0 <= result.low <= result.point <= result.high <= 100 + 1e-9
        assert sum(result.contributions.values()) == pytest.approx(result.point, abs=1e-9)
        assert -1e-9 <= result.coverage <= 100 + 1e-9
        assert sum(shown(result).contributions.values()) == shown(result).score
        for criterion in result.criteria:
            assert 0 <= criterion.low <= criterion.high <= 100
            assert 0 <= criterion.known <= 1
            assert sum(s.weight for s in criterion.subs) == pytest.approx(1)


@settings(deadline=None)
@given(found=st.lists(partners(), max_size=4))
def test_every_answer_has_a_reason_and_every_unknown_a_question(found):
    for item in assess(found, PROJECT):
        for rule in item.rules:
            assert rule.reason.endswith((".", "?"))
            assert rule.ask or rule.outcome is not Outcome.UNKNOWN
        for s in (s for c in item.criteria for s in c.subs):
            assert s.reason.endswith(".")
            assert s.ask or s.known > 0
            assert s.facts or s.known == 0 or s.code.endswith(".needs")


@given(found=assessments, extra=assessments, weights=weight_sets, min_coverage=st.floats(0, 100))
def test_adding_partners_never_reorders_the_rest(found, extra, weights, min_coverage):
    options = {"as_of": TODAY, "min_coverage": min_coverage}
    alone = rank_assessed(found, weights, **options).results
    together = rank_assessed([*extra, *found], weights, **options).results
    own = {a.partner_id for a in found}
    kept = [r for r in together if r.partner_id in own]
    assert [(r.partner_id, r.point, r.group) for r in kept] == [
        (r.partner_id, r.point, r.group) for r in alone
    ]


@given(found=assessments, weights=weight_sets, data=st.data())
def test_the_order_of_the_input_does_not_matter(found, weights, data):
    shuffled = data.draw(st.permutations(found))
    assert rank_assessed(shuffled, weights, as_of=TODAY) == rank_assessed(found, weights, as_of=TODAY)


@given(found=assessments, weights=weight_sets)
def test_ranks_lie_between_their_bounds(found, weights):
    ranked = rank_assessed(found, weights, as_of=TODAY, min_coverage=0).group(Group.RANKED)
    for result in ranked:
        assert 1 <= result.best_rank <= result.rank <= result.worst_rank <= len(ranked)
    assert [r.rank for r in ranked] == sorted(r.rank for r in ranked)


@settings(deadline=None)
@given(found=partners(), code=st.sampled_from(NUMBERS), value=st.floats(0, 100), gain=st.floats(0, 50))
def test_a_better_value_never_lowers_a_score(found, code, value, gain):
    rising = ANCHORS[code].function.at(1e6) > 0
    better = value + gain if rising else value - gain

    def with_value(number):
        fact = metric(code, number, as_of=TODAY)
        lead_metrics = tuple(replace(s, metrics=(*s.metrics, fact)) for s in found.sites)
        return replace(found, sites=lead_metrics, metrics=(*found.metrics, fact))

    worse_result, better_result = assess([with_value(value), with_value(better)], PROJECT)
    for before, after in zip(worse_result.criteria, better_result.criteria, strict=True):
        assert after.low >= before.low - 1e-9
        assert after.high >= before.high - 1e-9


@settings(deadline=None)
@given(found=sites, gain=st.floats(0, 3000))
def test_a_larger_scale_never_lowers_a_score_nor_worsens_an_outcome(found, gain):
    order = [Outcome.FAIL, Outcome.UNKNOWN, Outcome.CONDITIONAL, Outcome.PASS]
    larger = tuple(
        replace(c, scale_max=c.scale_max + gain) if c.scale_max is not None else c for c in found.capabilities
    )
    before, after = assess([partner(found), partner(replace(found, capabilities=larger))], PROJECT)
    assert order.index(after.rules[0].outcome) >= order.index(before.rules[0].outcome)
    for old, new in zip(before.criteria, after.criteria, strict=True):
        assert new.low >= old.low - 1e-9
        assert new.high >= old.high - 1e-9


@settings(deadline=None)
@given(found=partners(), code=st.sampled_from(NUMBERS), value=st.floats(0, 100))
def test_learning_a_value_narrows_the_interval_and_adds_coverage(found, code, value):
    silent = replace(
        found,
        metrics=tuple(m for m in found.metrics if m.metric != code),
        sites=tuple(replace(s, metrics=tuple(m for m in s.metrics if m.metric != code)) for s in found.sites),
    )
    told = replace(silent, metrics=(*silent.metrics, metric(code, value)))
    before, after = assess([silent, told], PROJECT)
    for old, new in zip(before.criteria, after.criteria, strict=True):
        assert old.low - 1e-9 <= new.low <= new.high <= old.high + 1e-9
        assert new.known >= old.known - 1e-9


@settings(deadline=None)
@given(names=st.lists(st.sampled_from(["Acme", "Borealis"]), min_size=1, max_size=3), weights=weight_sets)
def test_partners_without_facts_are_wholly_open_and_never_ranked(names, weights):
    found = [partner(*([site()] * (i % 2)), name=name) for i, name in enumerate(names)]
    for result in rank(found, PROJECT, weights).results:
        assert (result.low, result.coverage, result.group) == (0, 0, Group.INSUFFICIENT)
        assert result.high == pytest.approx(100)
