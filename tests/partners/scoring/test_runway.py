"""Now and at the next stage: the later transfer with its time and cost, or the question that decides it."""

from dataclasses import replace

import pytest

from partners.scoring import default_weights, rank
from partners.scoring.runway import TransferTerms, brief_at_next_stage, runway, scale_stage_of
from partners.scoring.types import Group, Override
from tests.partners.scoring.builders import TODAY, action, brief, capability, need, partner, site

PHASE_1, PHASE_2 = default_weights(3), default_weights(4)
PLAN = brief(
    need(pk="aav", label="AAV at 200 L", quantity=200, unit="l", gmp=True, stage=3),
    stage=3,
    scale_now=200.0,
    scale_next=2000.0,
    scale_unit="l",
    currency="USD",
)


def maker(scale, name="Acme", **fields):
    return partner(site("Alpha", capabilities=[capability(scale_max=scale, **fields)]), name=name)


def rows(*partners, plan=PLAN, **options):
    return runway(partners, plan, PHASE_1, min_coverage=0, **options).rows


def test_a_small_site_means_a_transfer_at_phase_iii_with_time_and_cost():
    row = rows(maker(200.0), terms=TransferTerms(cost=2_000_000, currency="USD"))[0]
    assert row.sentence == (
        "200 L maximum at Alpha, 2,000 L needed → transfer at Phase III: 9 to 15 months, USD 2,000,000."
    )
    assert (row.transfer.stage, row.transfer.months, row.transfer.cost) == (5, (9.0, 15.0), 2_000_000)
    assert [f.label for f in row.transfer.facts] == ["AAV bioreactor"]
    assert row.now.group is Group.RANKED
    assert row.later.group is Group.KNOCKED_OUT
    assert row.later.near_miss


def test_a_large_site_follows_and_is_first_at_the_next_stage():
    facts = [maker(200.0, "Small"), maker(4000.0, "Large")]
    found = runway(facts, PLAN, PHASE_1, min_coverage=0)
    by_name = {row.partner: row for row in found.rows}
    assert by_name["Large"].transfer is None
    assert by_name["Large"].later.rank == 1
    assert (found.stage, found.next_stage, found.scale_stage) == (3, 4, 5)
    assert found.later.weights == PHASE_2
    assert found.now == rank(facts, PLAN, PHASE_1, min_coverage=0)


def test_the_partners_own_larger_site_is_named():
    both = partner(
        site("Alpha", capabilities=[capability(scale_max=300.0)]),
        site("Beta", capabilities=[capability(scale_max=3000.0)]),
        name="Acme",
    )
    row = rows(both)[0]
    assert row.transfer.to_site == "Beta"
    assert row.sentence == (
        "300 L maximum at Alpha, 2,000 L needed → transfer to its own site Beta at Phase III: "
        "9 to 15 months, cost not set."
    )


def test_a_process_that_the_need_rejects_carries_no_one_to_the_next_stage():
    pilot = capability(scale_max=5000.0, gmp=False)
    row = rows(partner(site("Alpha", capabilities=[capability(scale_max=300.0), pilot]), name="Acme"))[0]
    assert row.sentence.startswith("300 L maximum at Alpha, 2,000 L needed → transfer at Phase III")
    assert row.transfer.to_site == ""


def test_a_large_process_of_which_not_all_is_recorded_is_a_question():
    other = capability(scale_max=5000.0, gmp=None, label="AAV line 2")
    row = rows(partner(site("Alpha", capabilities=[capability(scale_max=300.0), other]), name="Acme"))[0]
    assert row.transfer is None
    assert row.sentence == (
        "Is the process of 5,000 L of AAV line 2 at Alpha the one needed? "
        "Not all that was asked is recorded of it."
    )


def test_an_unknown_scale_is_a_question_not_a_transfer():
    row = rows(maker(None))[0]
    assert row.transfer is None
    assert row.unknown == "What is the largest scale at Alpha? The next stage needs 2,000 L."


def test_a_commercial_transfer_takes_twelve_to_eighteen_months_and_terms_can_be_set():
    late = replace(PLAN, stage=6, needs=(replace(PLAN.needs[0], stage=6),))
    assert rows(maker(200.0), plan=late)[0].transfer.months == (12.0, 18.0)
    own = rows(maker(200.0), terms=TransferTerms(months_low=6, months_high=6))[0]
    assert own.transfer.months == (6, 6)
    assert "6 months" in own.sentence
    assert TransferTerms(months_low=20).months(4) == (20, 20)
    with pytest.raises(ValueError, match="longer than the longest"):
        TransferTerms(months_low=20, months_high=10).months(4)
    with pytest.raises(ValueError, match="240 months"):
        TransferTerms(months_low=-1)
    with pytest.raises(ValueError, match="cost"):
        TransferTerms(cost=-1)


def test_a_record_that_ends_at_an_early_stage_means_a_transfer_at_the_next():
    plan = replace(PLAN, scale_next=None)
    row = rows(maker(500.0, stage_to=3), plan=plan)[0]
    assert row.sentence.startswith("Alpha offers it up to Phase I only → transfer at Phase II")
    assert rows(maker(500.0), plan=plan)[0].sentence == "Can follow to the next stage as far as is known."


def test_a_record_of_another_process_does_not_carry_the_stage_and_a_failing_must_never_follows():
    plan = replace(PLAN, scale_next=None)
    testing = capability("release-testing", ("analytical-qc", "release-testing"), label="Release testing")
    early = partner(site("Alpha", capabilities=[capability(stage_to=3), testing]))
    row = rows(early, plan=plan)[0]
    assert row.sentence.startswith("Alpha offers it up to Phase I only → transfer at Phase II")
    other = partner(site("Alpha", capabilities=[capability(stage_to=3), capability(gmp=False)]))
    assert rows(other, plan=plan)[0].sentence.startswith("Alpha offers it up to Phase I only")
    stopped = partner(site("Alpha", capabilities=[capability()], actions=[action()]))
    assert rows(stopped, plan=plan)[0].sentence == (
        "Does not meet a must of the next stage: Open warning letter by FDA of 4 March 2025 at Alpha "
        "(FDA warning letters)."
    )


def test_what_was_let_pass_today_is_not_let_pass_for_a_larger_need():
    small = maker(100.0)
    passed = {
        (small.id, key): Override("Agreed.", "A. Person", "owner", TODAY) for key in ("aav", "no-open-action")
    }
    row = rows(small, overrides=passed)[0]
    assert (row.now.group, row.now.overridden[0].need_id) == (Group.RANKED, "aav")
    assert (row.later.group, row.later.overridden) == (Group.KNOCKED_OUT, ())
    clean = replace(PLAN, needs=(), scale_next=None)
    stopped = partner(site("Alpha", capabilities=[capability()], actions=[action()]))
    why = {(stopped.id, "no-open-action"): Override("Agreed.", "A. Person", "owner", TODAY)}
    assert rows(stopped, plan=clean, overrides=why)[0].later.overridden[0].need_id == "no-open-action"


def test_nothing_known_of_the_next_stage_is_a_question_never_a_yes():
    plan = replace(PLAN, scale_next=None)
    nothing = partner(name="Nobody")
    other = partner(site("Beta", capabilities=[capability(modality="mrna")]), name="Other")
    silent = maker(500.0, "Silent", stage_to=None)
    said = {row.partner: (row.unknown, row.sentence) for row in rows(nothing, other, silent, plan=plan)}
    asked = {
        "Nobody": "Which site of Nobody would carry it on to Phase II?",
        "Other": "Up to which stage does Beta offer it? The next is Phase II.",
        "Silent": "Up to which stage does Alpha offer it? The next is Phase II.",
    }
    assert said == {name: (question, question) for name, question in asked.items()}
    study = replace(
        plan, modality=None, needs=(need(service="trial", service_path=("trial",), modality=None),)
    )
    run = capability("trial", ("trial",), modality=None)
    assert rows(partner(site(capabilities=[run])), plan=study)[0].unknown == ""
    last = rows(nothing, plan=replace(plan, stage=8))[0]
    assert (last.unknown, last.sentence) == ("", "Nothing follows: this is the last stage.")


def test_the_next_brief_asks_for_the_next_scale_and_stage():
    then = brief_at_next_stage(PLAN)
    assert (then.stage, then.scale_now, then.scale_next) == (4, 2000.0, None)
    assert (then.needs[0].quantity, then.needs[0].stage) == (2000.0, 4)
    unscaled = brief_at_next_stage(replace(PLAN, scale_now=None))
    assert unscaled.needs[0].quantity == 2000.0  # no proportion to grow by: the next scale at least
    last = brief_at_next_stage(replace(PLAN, stage=8))
    assert last.stage == 8
    assert [scale_stage_of(s) for s in range(1, 9)] == [5, 5, 5, 5, 6, 7, 8, 8]


def test_profiles_without_stages_and_the_last_stage_keep_their_weights():
    device = replace(PLAN, profile="device")
    weights = default_weights(3, "device")
    assert runway([maker(200.0)], device, weights, min_coverage=0).later.weights == weights
    own = default_weights(6)
    assert runway([maker(200.0)], PLAN, PHASE_1, later_weights=own, min_coverage=0).later.weights == own
    assert runway([], PLAN, PHASE_1).rows == ()
