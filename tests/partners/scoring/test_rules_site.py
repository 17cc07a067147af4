import datetime as dt
from dataclasses import replace

import pytest

from partners.scoring.knockouts import check_partner
from partners.scoring.types import Outcome, Rule
from tests.partners.scoring.builders import (
    AAV_PATH,
    brief,
    capability,
    need,
    partner,
    site,
    slot,
)

PASS, FAIL, UNKNOWN, CONDITIONAL = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN, Outcome.CONDITIONAL


def check(wanted, *sites, project=None, **facts):
    """The result of one need for a partner with these sites."""
    _, results = check_partner(partner(*sites, **facts), project or brief(wanted))
    return results[0]


def verdict(wanted, *sites, **options):
    result = check(wanted, *sites, **options)
    return result.outcome, result.reason


# -- capability ----------------------------------------------------------------------------------

AAV_200 = need(label="AAV at 200 L", quantity=200, unit="l", gmp=True, stage=4)


def test_a_capability_that_meets_everything_passes_with_its_fact():
    cap = capability()
    result = check(AAV_200, site(capabilities=[cap]))
    assert (result.outcome, result.reason) == (PASS, "AAV bioreactor, up to 500 L, GMP, at Alpha.")
    assert (result.facts, result.site, result.ask) == ((cap.ref,), "Alpha", "")


@pytest.mark.parametrize(
    "fields", [{"scale_max": 200}, {"scale_min": 200}, {"stage_from": 4}, {"stage_to": 4}]
)
def test_a_capability_that_meets_a_limit_exactly_passes(fields):
    assert check(AAV_200, site(capabilities=[capability(**fields)])).outcome is PASS


def test_a_service_below_the_needed_one_matches():
    deeper = capability("aav-suspension", (*AAV_PATH, "aav-suspension"))
    assert check(AAV_200, site(capabilities=[deeper])).outcome is PASS


@pytest.mark.parametrize(
    ("fields", "outcome", "reason"),
    [
        ({"scale_max": 100}, FAIL, "Largest AAV bioreactor here is 100 L, 200 L needed."),
        ({"gmp": False}, FAIL, "AAV bioreactor is not run under GMP at Alpha."),
        ({"stage_from": 5}, FAIL, "AAV bioreactor is offered for other stages only."),
        ({"stage_to": 3}, FAIL, "AAV bioreactor is offered for other stages only."),
        ({"scale_max": None}, UNKNOWN, "Scale of AAV bioreactor not recorded."),
        (
            {"scale_max": 2.5, "scale_unit": "kg-batch"},
            UNKNOWN,
            "Scale of AAV bioreactor given as 2.5 kg/batch, 200 L needed.",
        ),
        ({"gmp": None}, UNKNOWN, "Not recorded whether AAV bioreactor runs under GMP."),
        ({"stage_to": None}, UNKNOWN, "Stages of AAV bioreactor not recorded."),
        ({"modality": None}, UNKNOWN, "Modality not recorded for AAV bioreactor."),
        ({"scale_min": 250}, CONDITIONAL, "Smallest AAV bioreactor here is 250 L, 200 L needed."),
    ],
)
def test_a_capability_that_falls_short_says_by_how_much(fields, outcome, reason):
    result = check(AAV_200, site(capabilities=[capability(**fields)]))
    assert (result.outcome, result.reason) == (outcome, reason)
    assert bool(result.ask) == (outcome in (UNKNOWN, CONDITIONAL))


def test_a_certain_no_outweighs_what_is_not_recorded():
    assert check(AAV_200, site(capabilities=[capability(scale_max=100, gmp=None)])).outcome is FAIL


def test_the_best_of_several_records_speaks_for_the_site():
    small, large = capability(scale_max=100), capability(scale_max=1000)
    assert check(AAV_200, site(capabilities=[small, large])).facts == (large.ref,)


@pytest.mark.parametrize("field", ["dosage_form", "production_system"])
def test_form_and_system_must_be_equal_and_unrecorded_is_unknown(field):
    wanted = need(**{field: "hek293"})
    assert check(wanted, site(capabilities=[capability(**{field: "hek293"})])).outcome is PASS
    assert check(wanted, site(capabilities=[capability()])).outcome is UNKNOWN
    other = site(capabilities=[capability(**{field: "sf9"})], complete=dt.date(2025, 9, 1))
    assert check(wanted, other).outcome is FAIL


def test_only_a_broader_branch_on_record_is_unknown():
    broad = capability("drug-substance", ("drug-substance",), label="Drug substance", modality=None)
    result = check(AAV_200, site(capabilities=[broad]))
    assert (result.outcome, result.reason) == (
        UNKNOWN,
        "Only the broader “drug substance” is recorded at Alpha.",
    )
    assert result.ask == "Does Alpha offer this: AAV at 200 L?"


def test_a_broader_branch_for_another_modality_says_nothing():
    broad = capability("drug-substance", ("drug-substance",), modality="mab")
    assert verdict(AAV_200, site(capabilities=[broad])) == (UNKNOWN, "Nothing recorded about it at Alpha.")


def test_a_specific_no_is_not_softened_by_a_broader_record():
    broad = capability("drug-substance", ("drug-substance",))
    assert check(AAV_200, site(capabilities=[broad, capability(scale_max=100)])).outcome is FAIL


def test_absence_is_unknown_unless_the_list_was_stated_to_be_complete():
    other = capability(modality="mab")
    assert check(AAV_200, site(capabilities=[other])).outcome is UNKNOWN
    listed = site(capabilities=[other], complete=dt.date(2025, 9, 1))
    result = check(AAV_200, listed)
    assert (result.outcome, result.reason) == (
        FAIL,
        "The complete list of services of Alpha, stated on 1 September 2025, does not include it.",
    )
    assert result.facts == (listed.complete_list,)


# -- biosafety and containment -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("levels", "outcome", "reason"),
    [
        ([1, 2], PASS, "BSL-2 at Alpha, BSL-2 needed."),
        ([3], PASS, "BSL-3 at Alpha, BSL-2 needed."),
        ([1], FAIL, "Highest level for this work at Alpha is BSL-1, BSL-2 needed."),
        ([1, None], UNKNOWN, "BSL-1 recorded, but not for every process at Alpha."),
        ([None], UNKNOWN, "Biosafety level not recorded at Alpha."),
        ([], UNKNOWN, "Nothing recorded about it at Alpha."),
    ],
)
def test_biosafety_compares_the_highest_matching_level(levels, outcome, reason):
    wanted = need(Rule.BIOSAFETY, label="BSL-2", quantity=2, modality="aav")
    caps = [capability(biosafety_level=level) for level in levels]
    assert verdict(wanted, site(capabilities=caps)) == (outcome, reason)


def test_biosafety_of_another_modality_does_not_count():
    wanted = need(Rule.BIOSAFETY, label="BSL-2", quantity=2, modality="aav")
    caps = [capability(modality="vaccine-live-viral", biosafety_level=3)]
    assert check(wanted, site(capabilities=caps)).outcome is UNKNOWN
    assert check(wanted, site(capabilities=caps, complete=dt.date(2025, 1, 1))).outcome is FAIL


@pytest.mark.parametrize(
    ("limits", "outcome", "reason"),
    [
        ([10, 0.05], PASS, "Lowest OEL handled at Alpha is 0.05 µg/m³, the compound's is 0.1."),
        ([0.1], PASS, "Lowest OEL handled at Alpha is 0.1 µg/m³, the compound's is 0.1."),
        ([10], FAIL, "Lowest OEL handled at Alpha is 10 µg/m³, the compound's is 0.1."),
        ([None], UNKNOWN, "Lowest OEL handled not recorded at Alpha."),
        ([], UNKNOWN, "Nothing recorded about it at Alpha."),
    ],
)
def test_containment_compares_exposure_limits_as_numbers(limits, outcome, reason):
    wanted = need(Rule.CONTAINMENT, label="OEL 0.1", quantity=0.1)
    assert verdict(wanted, site(capabilities=[capability(oel_ug_m3=x) for x in limits])) == (outcome, reason)


LARGE, SUITE = capability(scale_max=2000.0, oel_ug_m3=100.0), capability(scale_max=60.0, oel_ug_m3=0.05)
OF_SCALE = need(pk="ds", label="AAV at 1,000 L", quantity=1000, unit="l", gmp=True)
OEL = need(Rule.CONTAINMENT, pk="oel", label="OEL 1", quantity=1.0)


@pytest.mark.parametrize(
    ("caps", "outcome", "reason"),
    [
        (
            [LARGE, SUITE],
            FAIL,
            "Lowest OEL handled for this work at Alpha is 100 µg/m³, the compound's is 1.",
        ),
        (
            [LARGE, replace(SUITE, scale_max=None)],
            UNKNOWN,
            "Lowest OEL handled for this work at Alpha is 0.05 µg/m³, the compound's is 1, "
            "by a process of which it is not known whether it does the work.",
        ),
        (
            [SUITE],
            PASS,
            "Lowest OEL handled for this work at Alpha is 0.05 µg/m³, the compound's is 1.",
        ),
        (
            [LARGE, capability("qc", ("analytical-qc", "qc"), modality=None, scale_max=None, oel_ug_m3=0.05)],
            FAIL,
            "Lowest OEL handled for this work at Alpha is 100 µg/m³, the compound's is 1.",
        ),
    ],
    ids=["another line", "a line of unknown size", "the only line", "another service"],
)
def test_containment_is_judged_by_the_process_that_would_do_the_work(caps, outcome, reason):
    _, rules = check_partner(partner(site(capabilities=caps)), brief(OF_SCALE, OEL))
    found = next(r for r in rules if r.need_id == "oel")
    assert (found.outcome, found.reason) == (outcome, reason)
    assert bool(found.ask) is (outcome is UNKNOWN)


def test_every_part_that_a_limit_goes_with_must_keep_it():
    vials = need(pk="vial", label="Vials", service="fill-finish", dosage_form="vial")
    syringes = replace(vials, id="syringe", dosage_form="syringe", label="Syringes")
    level = need(Rule.BIOSAFETY, pk="bsl", label="BSL-2", quantity=2, service="fill-finish")

    def line(form, safety):
        return capability(
            "fill-finish", ("fill-finish",), modality=None, dosage_form=form, biosafety_level=safety
        )

    def outcome(*levels):
        made = site(capabilities=[line(f, s) for f, s in zip(("vial", "syringe"), levels, strict=True)])
        _, rules = check_partner(partner(made), brief(vials, syringes, level))
        return next(r.outcome for r in rules if r.need_id == "bsl")

    assert (outcome(3, 2), outcome(3, 1), outcome(3, None)) == (PASS, FAIL, UNKNOWN)


# -- capacity ------------------------------------------------------------------------------------

SLOT = need(
    Rule.CAPACITY, label="Slot", by=dt.date(2026, 9, 15), modality="aav", quantity=3, unit="batches-year"
)
FITTING = {"modality": "aav", "quantity": 4.0, "unit": "batches-year"}


@pytest.mark.parametrize(
    ("slots", "outcome", "reason"),
    [
        ([slot(**FITTING)], PASS, "Open slot at Alpha from 1 June 2026 with 4 batches/year."),
        (
            [slot(**(FITTING | {"modality": None}))],
            PASS,
            "Open slot at Alpha from 1 June 2026 with 4 batches/year.",
        ),
        (
            [slot(status="tentative", **FITTING)],
            CONDITIONAL,
            "The slot of 1 June 2026 at Alpha is tentatively held by another.",
        ),
        (
            [slot(dt.date(2027, 2, 1), **FITTING), slot(dt.date(2027, 1, 1), **FITTING)],
            FAIL,
            "Earliest free slot at Alpha starts on 1 January 2027, needed by 15 September 2026.",
        ),
        (
            [slot(**(FITTING | {"quantity": 2.0}))],
            FAIL,
            "The slot of 1 June 2026 at Alpha has 2 batches/year, 3 batches/year needed.",
        ),
        (
            [slot(**(FITTING | {"quantity": None}))],
            UNKNOWN,
            "Size of the slot of 1 June 2026 not recorded in batches/year.",
        ),
        (
            [slot(**(FITTING | {"unit": "l"}))],
            UNKNOWN,
            "Size of the slot of 1 June 2026 not recorded in batches/year.",
        ),
        ([slot(status="reserved", **FITTING)], UNKNOWN, "Only reserved capacity is recorded for Alpha."),
        ([slot(**(FITTING | {"modality": "mab"}))], UNKNOWN, "No free capacity is recorded for Alpha."),
        ([slot(ends_on=dt.date(2026, 1, 10), **FITTING)], UNKNOWN, "No free capacity is recorded for Alpha."),
        (
            [slot(ends_on=dt.date(2026, 9, 14), **FITTING)],
            UNKNOWN,
            "The slot of 1 June 2026 at Alpha ends on 14 September 2026, before 15 September 2026.",
        ),
        ([], UNKNOWN, "No free capacity is recorded for Alpha."),
    ],
)
def test_a_slot_must_be_open_large_enough_and_in_time(slots, outcome, reason):
    assert verdict(SLOT, site(slots=slots)) == (outcome, reason)


@pytest.mark.parametrize("fields", [{"starts_on": dt.date(2026, 9, 15)}, {"quantity": 3.0}])
def test_a_slot_that_meets_a_limit_exactly_passes(fields):
    assert check(SLOT, site(slots=[slot(**(FITTING | fields))])).outcome is PASS


def test_a_tentative_slot_in_time_beats_an_open_one_that_comes_too_late():
    slots = [slot(dt.date(2027, 1, 1), **FITTING), slot(status="tentative", **FITTING)]
    assert check(SLOT, site(slots=slots)).outcome is CONDITIONAL


def test_a_slot_for_another_service_is_not_free_for_this_one():
    wanted = need(Rule.CAPACITY, label="Slot", service="ds-viral-vector", service_path=AAV_PATH)
    fill = slot(service_path=("fill-finish", "ff-vial"))
    assert check(wanted, site(slots=[fill])).outcome is UNKNOWN
    assert check(wanted, site(slots=[slot(service_path=("drug-substance",))])).outcome is PASS
