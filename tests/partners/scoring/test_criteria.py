import datetime as dt
from dataclasses import replace

import pytest

from partners.scoring import LAYOUTS, assess, criterion_of
from partners.scoring.anchors import ANCHORS, AUDIT_STANDARDS, DOUBTFUL, FLAGS, MARKET_PROOF
from partners.scoring.profile_words import PROFILE_WORDS
from partners.scoring.types import CRITERIA, Level, Outcome, Rule
from tests.partners.scoring.builders import (
    NEED_DATE,
    action,
    audit,
    brief,
    capability,
    certificate,
    inspection,
    metric,
    need,
    partner,
    price,
    record,
    restriction,
    site,
    slot,
    terms,
)

UNKNOWN = (0, 100, 0)


def sub(code, found, project=None):
    """One sub-score as (low, high, known), rounded; None when the brief does not ask for it."""
    score = detail(code, found, project)
    return None if score is None else (round(score.low, 2), round(score.high, 2), round(score.known, 2))


def detail(code, found, project=None):
    (assessment,) = assess([found], project or brief())
    subs = [s for c in assessment.criteria for s in c.subs]
    return next((s for s in subs if s.code == code), None)


def at(points):
    return (points, points, 1)


# -- the frame -----------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", LAYOUTS)
def test_without_facts_every_criterion_is_the_whole_interval_and_asks(profile):
    project = brief(
        need(),
        profile=profile,
        markets=("US", "EU"),
        scale_now=200,
        scale_next=2000,
        scale_unit="l",
        price_target=1.0,
        price_limit=2.0,
        sponsor_size="virtual",
    )
    for found in (partner(), partner(site())):
        (assessment,) = assess([found], project)
        assert [(c.code, c.low, c.high, c.known) for c in assessment.criteria] == [
            (code, 0, 100, 0) for code in CRITERIA
        ]
        for criterion in assessment.criteria:
            assert sum(s.weight for s in criterion.subs) == pytest.approx(1)
            assert all(s.ask and s.reason.endswith(".") for s in criterion.subs)


def test_a_criterion_is_the_weighted_sum_of_its_sub_scores():
    found = partner(site(), metrics=(metric("otif_pct", 98), metric("batch_success_pct", 80)))
    (assessment,) = assess([found], brief())
    c6 = assessment.criteria[5]
    assert [(s.code, round(s.weight, 9)) for s in c6.subs] == [
        ("C6.on_time", 0.35),
        ("C6.batches", 0.3),
        ("C6.rating", 0.2),
        ("C6.references", 0.1),
        ("C6.repeat", 0.05),
    ]
    assert (c6.low, c6.high, c6.known, c6.point) == pytest.approx((35, 70, 0.65, 52.5))


def test_what_the_brief_does_not_ask_is_left_out_for_every_partner_alike():
    full = brief(scale_now=200.0, scale_next=2000.0, scale_unit="l", markets=("US",), sponsor_size="mid")
    bare = brief(modality=None)
    left_out = {"C3.scale", "C3.runway", "C4.markets", "C10.size", "C1.experience", "C9.sites"}
    for project, expected in ((full, left_out), (bare, set())):
        (assessment,) = assess([partner(site())], project)
        assert left_out & {s.code for c in assessment.criteria for s in c.subs} == expected


def test_a_criterion_of_which_nothing_is_asked_is_open_for_everybody_and_says_so():
    plan = brief(need(Rule.CERTIFICATE, certificate_type="eu-gmp"), modality=None)
    (found,) = assess([partner(site(certificates=[certificate()]))], plan)
    (sub,) = found.criteria[0].subs
    assert (found.criteria[0].low, found.criteria[0].high, found.criteria[0].known) == (0.0, 100.0, 0.0)
    assert (sub.weight, sub.ask) == (1.0, "")
    assert sub.reason == (
        "The project asks nothing that this criterion could be measured by: name its modality, a service or another "
        "need."
    )


def test_an_unknown_profile_is_refused():
    with pytest.raises(ValueError, match="Unknown profile"):
        assess([partner()], brief(profile="food"))


@pytest.mark.parametrize("profile", LAYOUTS)
def test_layouts_cover_the_ten_criteria_with_shares_that_add_up(profile):
    assert list(LAYOUTS[profile]) == list(CRITERIA)
    for code, parts in LAYOUTS[profile].items():
        if code != "C1":  # C1 takes the rest from the needs
            assert sum(p.share for p in parts) == pytest.approx(1), code


def test_profiles_read_their_own_measures():
    found = partner(site(), metrics=(metric("ppm_defects", 100), metric("countries_active", 10)))
    assert sub("C6.defects", found, brief(profile="device")) == at(80)
    assert sub("C6.defects", found, brief()) is None
    assert sub("C3.countries", found, brief(profile="clinical")) == at(70)


# -- C1, C2, C3 ----------------------------------------------------------------------------------


def test_c1_needs_count_by_level_and_outcome():
    met = need(label="AAV")
    failed = need(Rule.CONTRACT_STRUCTURE, Level.SHOULD, label="Toll", contract_structure="toll")
    open_wish = need(Rule.BIOSAFETY, Level.COULD, label="BSL-2", quantity=2, modality="aav")
    found = partner(site(capabilities=[capability()]), contract_structures={"labour": capability().ref})
    score = detail("C1.needs", found, brief(met, failed, open_wish))
    assert (score.low, score.high, score.known) == pytest.approx((50, 100 * 4 / 6, 5 / 6))
    assert score.reason == "3 needs: 1 met, 1 not met, 1 unknown."
    assert score.weight == pytest.approx(0.7)


def test_c1_experience_counts_the_modality_at_the_lead_site():
    assert sub("C1.experience", partner(site(capabilities=[capability(programmes=5)]))) == at(80)
    both = [capability(programmes=5), capability(programmes=2)]
    assert sub("C1.experience", partner(site(capabilities=both))) == at(80)
    stated = site(
        capabilities=[capability(programmes=1)], track_record=[record("programme", 10, modality="aav")]
    )
    assert sub("C1.experience", partner(stated)) == at(100)
    wide = partner(site(), track_record=(record("programme", 10, modality="aav"),))
    assert sub("C1.experience", wide) == (0, 100, 0.5)
    other = partner(site(capabilities=[capability(modality="mab", programmes=9)]))
    assert sub("C1.experience", other) == UNKNOWN


def development(**fields):
    return capability("upstream-development", ("process-development", "upstream-development"), **fields)


def test_c2_presence_of_a_branch_here_elsewhere_nowhere():
    here = partner(site(capabilities=[development()]))
    elsewhere = partner(
        site("Alpha", capabilities=[capability()]), site("Beta", capabilities=[development()])
    )
    vague = partner(site(capabilities=[development(modality=None)]))
    absent = partner(site(capabilities=[capability()], complete=dt.date(2025, 1, 1)))
    silent = partner(site(capabilities=[capability()]))
    wanted = brief(need())
    assert [sub("C2.process", p, wanted) for p in (here, elsewhere, vague, absent, silent)] == [
        at(100),
        at(60),
        (50, 100, 0.5),
        at(0),
        UNKNOWN,
    ]


def test_c2_transfers_and_team():
    found = partner(site(track_record=[record("tech_transfer", 2), record("site_transfer", 1)]))
    assert sub("C2.transfers", found) == at(75)
    assert sub("C2.team", partner(site(), metrics=(metric("transfer_team", flag=False),))) == at(30)


@pytest.mark.parametrize(
    ("largest", "now", "following"),
    [(100, 0, 0), (150, 50, 0), (200, 100, 0), (1250, 100, 50), (2000, 100, 100)],
)
def test_c3_scale_and_runway_are_ratios_to_the_projects_scales(largest, now, following):
    project = brief(scale_now=200.0, scale_next=2000.0, scale_unit="l")
    found = partner(site(capabilities=[capability(scale_max=float(largest))]))
    assert sub("C3.scale", found, project) == at(now)
    assert sub("C3.runway", found, project) == at(following)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({"gmp": False}, at(50)),
        ({"stage_to": 2}, at(50)),
        ({"gmp": None}, (50, 100, DOUBTFUL)),
        ({"modality": None}, (50, 100, DOUBTFUL)),
    ],
)
def test_c3_scale_reads_only_processes_that_the_need_accepts(other, expected):
    asked = need(quantity=1000, unit="l", gmp=True, stage=3, modality="aav")
    project = brief(asked, scale_now=1000.0, scale_unit="l")
    found = partner(site(capabilities=[capability(scale_max=750.0), capability(scale_max=9000.0, **other)]))
    score = detail("C3.scale", found, project)
    assert (score.low, score.high, score.known) == expected
    assert len(score.facts) == (1 if expected == at(50) else 2)


def test_c3_scale_by_a_doubtful_process_alone_is_open():
    project = brief(need(quantity=1000, unit="l", gmp=True), scale_now=1000.0, scale_unit="l")
    score = detail("C3.scale", partner(site(capabilities=[capability(scale_max=9000.0, gmp=None)])), project)
    assert (score.low, score.high, score.known) == (0, 100, DOUBTFUL)
    assert score.ask


def test_c3_runway_at_another_site_counts_as_a_transfer():
    project = brief(need(quantity=200, unit="l"), scale_now=200.0, scale_next=2000.0, scale_unit="l")
    lead = site("Alpha", capabilities=[capability()], inspections=[inspection()])
    found = partner(lead, site("Beta", capabilities=[capability(scale_max=3000.0)]))
    score = detail("C3.runway", found, project)
    assert (score.low, score.high, len(score.facts)) == (60, 60, 2)
    assert score.reason == (
        "Up to 3,000 L at Beta, 500 L at Alpha, 2,000 L needed at the next stage: a transfer between sites."
    )


def test_c3_scale_known_only_at_another_site_leaves_the_lead_site_open():
    project = brief(need(), scale_now=200.0, scale_unit="l")
    lead = site("Alpha", capabilities=[capability(scale_max=None)], inspections=[inspection()])
    found = partner(lead, site("Beta", capabilities=[capability(scale_max=3000.0)]))
    assert sub("C3.scale", found, project) == (60, 100, 0.5)


def test_c3_another_unit_is_unknown():
    project = brief(scale_now=5.0, scale_unit="kg")
    assert sub("C3.scale", partner(site(capabilities=[capability()])), project) == UNKNOWN


def test_c3_free_capacity_against_the_quantity_needed():
    wanted = need(Rule.CAPACITY, label="Slots", quantity=4, unit="batches-year")
    sized = {"unit": "batches-year"}
    for slots, expected in (
        ([slot(quantity=6, **sized)], at(100)),
        ([slot(quantity=4, **sized)], at(70)),
        ([slot(quantity=4, **sized), slot(quantity=6, status="tentative", **sized)], (70, 100, 0.5)),
        ([slot(quantity=4, status="tentative", **sized)], (0, 70, 0.5)),
        ([slot(quantity=4, unit="l")], UNKNOWN),
        ([slot(quantity=4, status="reserved", **sized)], UNKNOWN),
    ):
        assert sub("C3.capacity", partner(site(slots=slots)), brief(wanted)) == expected


def test_c3_free_capacity_without_a_quantity():
    assert sub("C3.capacity", partner(site(slots=[slot()]))) == at(100)
    assert sub("C3.capacity", partner(site(slots=[slot(status="tentative")]))) == (0, 100, 0.5)
    assert sub("C3.capacity", partner(site(metrics=[metric("utilisation_pct", 80)]))) == at(50)


# -- C4, C5, C6 ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([inspection("nai")], at(100)),
        ([inspection("vai")], at(80)),
        ([inspection("oai")], at(20)),
        ([inspection("oai", dt.date(2020, 1, 1)), inspection("nai")], at(100)),
        ([inspection("nai"), inspection("vai", agency="ema")], at(80)),
        ([inspection("pending")], (20, 100, 0)),
        ([inspection("pending"), inspection("vai", agency="ema")], (20, 80, 0.5)),
        ([inspection("nai", dt.date(2027, 1, 1))], UNKNOWN),
        ([], UNKNOWN),
    ],
)
def test_c4_inspections_take_the_worst_of_the_latest(found, expected):
    assert sub("C4.inspections", partner(site(inspections=found))) == expected


def test_c4_an_open_stop_earns_nothing():
    found = partner(site(inspections=[inspection("nai")], actions=[action()]))
    assert sub("C4.inspections", found) == at(0)


def test_c4_inspections_with_a_letter_of_unknown_close_out_may_be_worth_nothing():
    unclear = action(issued_on=dt.date(2013, 11, 27), close_out_unknown=True)
    low, high, known = sub(
        "C4.inspections", partner(site(inspections=[inspection("vai")], actions=[unclear]))
    )
    assert (low, high) == (0, 80)
    assert 0 < known < 1
    assert sub("C4.inspections", partner(site(actions=[unclear])))[:2] == (0, 100)


def test_c4_inspection_of_unknown_classification_may_have_ended_any_way():
    low, high, known = sub("C4.inspections", partner(site(inspections=[inspection("unknown")])))
    assert (low, high, known) == (20, 100, 0)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([audit("none", open_actions=None)], at(100)),
        ([audit("minor")], at(85)),
        ([audit("minor", open_actions=2)], at(68)),
        ([audit("minor", open_actions=None)], (68, 85, 1)),
        ([audit("major")], at(50)),
        ([audit("critical", open_actions=1)], at(8)),
        ([audit("critical", dt.date(2020, 1, 1)), audit("none")], at(100)),  # the sponsors' latest counts
        ([audit("none"), audit("major", auditor="qp")], at(50)),  # the worst of the auditors' latest
        ([audit("none"), audit("unknown", auditor="third_party")], (8, 100, 0.5)),
        ([audit("unknown")], (8, 100, 0)),
        ([audit("none", standard="gcp")], UNKNOWN),  # says nothing of manufacture
        ([audit("none", standard=None)], at(100)),
        ([audit("none", None)], UNKNOWN),
        ([audit("none", dt.date(2027, 1, 1))], UNKNOWN),
        ([], UNKNOWN),
    ],
)
def test_c4_audits_take_the_worst_of_the_auditors_latest(found, expected):
    assert sub("C4.audits", partner(site(audits=found))) == expected


@pytest.mark.parametrize(
    ("profile", "standard", "question"),
    [
        ("drug", "gmp", "When did a sponsor, a qualified person or a third party last audit Alpha"),
        ("clinical", "gcp", "When did a sponsor last audit Alpha for GCP"),
        ("device", "device", "When did a customer or third party last audit the quality system of Alpha"),
    ],
)
def test_c4_audits_are_read_by_the_standard_of_the_profile(profile, standard, question):
    every = [audit("none", standard=s) for s in ("gmp", "gcp", "glp", "gdp", "device")]
    others = [a for a in every if a.standard not in AUDIT_STANDARDS[profile]]
    told = partner(site(audits=[audit("minor", standard=standard, open_actions=1)]))
    assert sub("C4.audits", told, brief(profile=profile)) == at(68)
    assert detail("C4.audits", told, brief(profile=profile)).reason == (
        "Audited by a sponsor on 1 February 2025: minor findings, 1 action open."
    )
    silent = partner(site(audits=others))
    assert sub("C4.audits", silent, brief(profile=profile)) == UNKNOWN
    assert detail("C4.audits", silent, brief(profile=profile)).ask.startswith(question)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"certificates": [certificate()]}, at(100)),
        ({"certificates": [certificate(expires_on=dt.date(2026, 8, 1))]}, at(60)),
        ({"certificates": [certificate(expires_on=dt.date(2025, 8, 1))]}, at(0)),
        ({"certificates": [certificate(expires_on=None)]}, (50, 100, 0.5)),
        ({"inspections": [inspection("vai", agency="ema")]}, at(100)),
        ({"inspections": [inspection("oai", agency="ema")]}, at(20)),
        ({"certificates": [certificate("iso-9001")]}, UNKNOWN),
    ],
)
def test_c4_market_access_is_proved_by_certificate_or_inspection(facts, expected):
    assert sub("C4.markets", partner(site(**facts)), brief(markets=("EU",))) == expected


def test_c4_market_access_is_averaged_and_a_registration_counts_less():
    held = [certificate(), certificate("fda-registration", label="FDA registration")]
    found = partner(site(certificates=held))
    assert sub("C4.markets", found, brief(markets=("EU", "US"))) == at(80)
    assert sub("C4.markets", found, brief(markets=("EU", "US", "JP", "BR"))) == (40, 90, 0.5)
    assert sub("C4.markets", found, brief(markets=("Atlantis",))) == UNKNOWN


def test_c4_the_best_proof_of_a_market_counts():
    old = certificate(label="Old", expires_on=dt.date(2024, 1, 1))
    new = certificate(label="New", expires_on=dt.date(2029, 1, 1))
    for held in ([old, new], [new, old]):
        assert sub("C4.markets", partner(site(certificates=held)), brief(markets=("EU",))) == at(100)


def test_c4_approvals_and_ppq_count_together():
    found = partner(
        site(track_record=[record("approval", 1, modality="aav"), record("ppq", 2, modality="aav")])
    )
    assert sub("C4.approvals", found) == at(85)


@pytest.mark.parametrize(
    ("slots", "expected"),
    [
        ([slot(dt.date(2026, 6, 1))], at(100)),
        ([slot(NEED_DATE)], at(100)),
        ([slot(NEED_DATE + dt.timedelta(days=365.25 / 2))], at(50)),
        ([slot(dt.date(2029, 1, 1))], at(0)),
        ([slot(status="tentative")], (0, 100, 0.5)),
        ([slot(NEED_DATE + dt.timedelta(days=365.25 / 2)), slot(status="tentative")], (50, 100, 1)),
        ([slot(status="reserved")], UNKNOWN),
        ([slot(ends_on=NEED_DATE)], at(100)),
        ([slot(ends_on=NEED_DATE - dt.timedelta(days=1))], UNKNOWN),  # over before the work can start
    ],
)
def test_c5_slot_loses_points_by_months_of_delay(slots, expected):
    low, high, known = sub("C5.slot", partner(site(slots=slots)))
    assert (low, high, known) == pytest.approx(expected, abs=0.3)


def test_c5_slot_is_measured_against_the_date_of_the_capacity_need():
    wanted = need(Rule.CAPACITY, Level.SHOULD, label="Slot", by=dt.date(2025, 12, 1))
    low, _, _ = sub("C5.slot", partner(site(slots=[slot(dt.date(2026, 6, 1))])), brief(wanted))
    assert low == pytest.approx(50, abs=0.5)


METRIC_SUBS = [
    ("C5.lead_time", "lead_time_weeks", 28, 50, "drug"),
    ("C5.tooling", "tooling_lead_time_weeks", 17, 50, "device"),
    ("C6.on_time", "otif_pct", 84, 50, "drug"),
    ("C6.batches", "batch_success_pct", 89.5, 50, "drug"),
    ("C6.rating", "sponsor_rating", 3.65, 50, "drug"),
    ("C6.references", "references_again_pct", 75, 50, "drug"),
    ("C6.references", "references_again_pct", 75, 50, "clinical"),
    ("C6.repeat", "repeat_business_pct", 50, 50, "clinical"),
    ("C6.repeat", "repeat_business_pct", 50, 50, "device"),
    ("C6.defects", "ppm_defects", 300, 65, "device"),
    ("C3.countries", "countries_active", 25, 100, "clinical"),
    ("C3.sites", "sites_active", 50, 60, "clinical"),
    ("C3.enrolment", "patients_enrolled_per_year", 500, 60, "clinical"),
    ("C8.changes", "change_order_share_pct", 22.5, 50, "drug"),
    ("C9.finance", "financial_strength", 50, 50, "drug"),
    ("C9.insurance", "insurance_cover_musd", 12.5, 80, "drug"),
    ("C9.staff", "employee_turnover_pct", 17.5, 50, "clinical"),
    ("C10.response", "response_days", 5.5, 50, "drug"),
    ("C10.meetings", "meetings_per_month", 2, 75, "device"),
    ("C10.communication", "communication_rating", 3.65, 50, "clinical"),
    ("C10.references", "reference_clients", 3, 80, "drug"),
    ("C10.hours", "time_zone_overlap_hours", 2.5, 50, "drug"),
]
FLAG_SUBS = [
    ("C2.team", "transfer_team", "drug"),
    ("C2.qualification", "iq_oq_pq_offered", "device"),
    ("C8.foreground", "ip_foreground_sponsor", "clinical"),
    ("C8.background", "ip_background_licence", "drug"),
    ("C8.lock_in", "platform_lock_in", "device"),
    ("C8.tooling", "tooling_owned_by_sponsor", "device"),
    ("C8.transfer_out", "transfer_out_offered", "clinical"),
    ("C9.trade", "export_restricted", "drug"),
    ("C9.ownership", "ownership_change_24m", "drug"),
    ("C9.continuity", "business_continuity_plan", "drug"),
    ("C9.security", "cyber_certified", "drug"),
    ("C10.manager", "dedicated_pm", "drug"),
    ("C10.english", "english_reporting", "drug"),
]


@pytest.mark.parametrize(("code", "metric_code", "value", "points", "profile"), METRIC_SUBS)
def test_number_metrics_run_through_their_fixed_anchors(code, metric_code, value, points, profile):
    project = brief(profile=profile)
    found = partner(site(), metrics=(metric(metric_code, value),))
    assert sub(code, found, project) == at(points)
    assert detail(code, found, project).facts == (found.metrics[0].ref,)
    assert sub(code, partner(site()), project) == UNKNOWN


@pytest.mark.parametrize(("code", "metric_code", "profile"), FLAG_SUBS)
@pytest.mark.parametrize("flag", [True, False])
def test_flags_earn_what_the_table_says(code, metric_code, profile, flag):
    found = partner(site(), metrics=(metric(metric_code, flag=flag),))
    assert sub(code, found, brief(profile=profile)) == at(
        FLAGS[metric_code].yes if flag else FLAGS[metric_code].no
    )
    empty = partner(site(), metrics=(metric(metric_code, text="?"),))
    assert sub(code, empty, brief(profile=profile)) == UNKNOWN


RATINGS = {"sponsor_rating": 4.8, "sponsor_rating_small": 3.65, "sponsor_rating_large": 2.5}


@pytest.mark.parametrize(
    ("size", "given", "expected"),
    [
        ("small", RATINGS, at(50)),
        ("virtual", RATINGS, (40, 60, 0.8)),  # small sponsors are one step away: a fifth stays unknown
        ("large", {"sponsor_rating_virtual": 4.8}, (40, 100, 0.4)),
        ("large", {"sponsor_rating": 4.8, "sponsor_rating_virtual": 2.5}, (70, 100, 0.7)),
        ("mid", {"sponsor_rating_small": 4.8, "sponsor_rating_large": 2.5}, (80, 100, 0.8)),
        ("", RATINGS, at(100)),
        ("", {"sponsor_rating_large": 3.65}, at(50)),
        ("small", {}, UNKNOWN),
    ],
)
def test_c6_a_rating_counts_more_the_nearer_the_raters_size_is_to_the_projects(size, given, expected):
    found = partner(site(), metrics=tuple(metric(code, number) for code, number in given.items()))
    assert sub("C6.rating", found, brief(sponsor_size=size)) == expected


def test_c6_the_reason_names_who_rated_and_the_question_asks_for_those_of_the_projects_size():
    found = partner(site(), metrics=(metric("sponsor_rating", 4.5), metric("sponsor_rating_mid", 4)))
    score = detail("C6.rating", found, brief(sponsor_size="virtual"))
    assert score.reason == "Rating by past sponsors: 4.5 of 5; none by virtual ones, so it counts 70 %."
    assert (score.ask, [f.pk for f in score.facts]) == (
        "How do past sponsors of our size rate the work, from 1 to 5?",
        [found.metrics[0].ref.pk],
    )


@pytest.mark.parametrize("profile", ["clinical", "device"])
def test_a_cro_and_a_maker_of_devices_are_not_asked_about_batches_or_gmp(profile):
    full = {"price_target": 1.0, "price_limit": 2.0, "sponsor_size": "mid", "markets": ("US",)}
    nothing = partner(site())
    told = partner(site(), terms=(terms(cancellation_share=0.5),))
    for found in (nothing, told):
        (assessed,) = assess([found], brief(need(), profile=profile, **full))
        words = [w for c in assessed.criteria for s in c.subs for w in (s.label, s.reason, s.ask)]
        assert [w for w in words if "batch" in w.lower() or "GMP" in w or "cell line" in w] == []
    assert detail("C8.cancellation", told, brief(profile="clinical")).reason == (
        "Late cancellation costs 50 % of the price of the work cancelled."
    )


# -- C7 … C10 ------------------------------------------------------------------------------------

PRICED = {"price_basis": "gmp_batch", "price_target": 1.0e6, "price_limit": 2.0e6, "currency": "USD"}


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        ([price(1.5e6, 1.5e6)], at(50)),
        ([price(1.2e6, 1.6e6)], (40, 80, 1)),
        ([price(0.5e6, 0.6e6)], at(100)),
        ([price(3e6, 4e6)], at(0)),
        ([price(1e6, 1e6, modality="aav"), price(2e6, 2e6)], at(100)),
        ([price(1.5e6, 1.5e6, modality="mab")], UNKNOWN),
        ([price(1.5e6, 1.5e6, currency="EUR")], UNKNOWN),
        ([price(1.5e6, 1.5e6, basis="programme")], UNKNOWN),
        ([], UNKNOWN),
    ],
)
def test_c7_price_runs_from_the_projects_limit_to_its_target(prices, expected):
    assert sub("C7.price", partner(site(), prices=tuple(prices)), brief(**PRICED)) == expected


@pytest.mark.parametrize("change", [{"price_target": None}, {"price_limit": None}, {"price_limit": 1.0e6}])
def test_c7_without_two_anchors_is_unknown_for_everybody(change):
    score = detail("C7.price", partner(prices=(price(1, 1),)), brief(**(PRICED | change)))
    assert (score.low, score.high, score.known, score.ask) == (0, 100, 0, "")
    assert score.reason == "The project sets no price target and limit to measure against."


def test_c8_minimum_project_against_the_amount_accepted():
    project = brief(need(Rule.MINIMUM_PROJECT, label="Minimum", quantity=4e6, currency="USD"))
    for amount, currency, expected in (
        (2e6, "USD", at(100)),
        (4e6, "USD", at(50)),
        (6e6, "USD", at(0)),
        (2e6, "EUR", UNKNOWN),
    ):
        found = partner(site(), terms=(terms(minimum_project=amount, currency=currency),))
        assert sub("C8.minimum", found, project) == expected
    assert sub("C8.minimum", partner(site())) is None


def test_c8_cancellation_and_payment():
    found = partner(
        site(), terms=(terms(cancellation_share=0.625, cancellation_notice_months=3.0, payment_days=35),)
    )
    assert sub("C8.cancellation", found) == at(50)
    assert sub("C8.payment", found) == at(50)
    assert detail("C8.cancellation", found).reason == (
        "Late cancellation costs 62.5 % of the batch price (notice 3 months)."
    )


def test_c8_reads_the_newest_terms_that_say_something():
    old = terms(payment_days=10, cancellation_share=0.25)
    old = replace(old, ref=replace(old.ref, as_of=dt.date(2020, 1, 1)))
    found = partner(site(), terms=(old, terms(payment_days=60)))
    assert sub("C8.payment", found) == at(100)
    assert sub("C8.cancellation", found) == at(100)


def test_c9_counts_a_site_that_can_do_the_work_on_a_condition():
    too_large = site("Alpha", capabilities=[capability(scale_min=300)])
    assert sub("C9.sites", partner(too_large), brief(need(quantity=200, unit="l"))) == at(40)


@pytest.mark.parametrize(
    ("scales", "expected"),
    [
        ([500], at(40)),
        ([500, 500], at(80)),
        ([500, 500, 500], at(100)),
        ([500, 100], at(40)),
        ([500, None], (40, 80, 0.5)),
        ([100], at(0)),
    ],
)
def test_c9_counts_the_sites_that_can_do_the_work(scales, expected):
    sites = [site(f"S{i}", capabilities=[capability(scale_max=scale)]) for i, scale in enumerate(scales)]
    assert sub("C9.sites", partner(*sites), brief(need(quantity=200, unit="l"))) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("Strong", at(100)), ("adequate", at(60)), ("weak", at(10)), ("fine", UNKNOWN)]
)
def test_c9_financial_strength_in_words(text, expected):
    assert sub("C9.finance", partner(site(), metrics=(metric("financial_strength", text=text),))) == expected


def test_c9_a_listing_weighs_more_than_a_change_of_ownership():
    stable = (metric("ownership_change_24m", flag=False),)
    listed = partner(site(), metrics=stable, restrictions=(restriction(),))
    assert sub("C9.ownership", listed, brief(federal_funding=True)) == at(0)
    assert sub("C9.ownership", listed, brief()) == at(30)
    assert sub("C9.ownership", partner(site(), metrics=stable)) == at(100)


@pytest.mark.parametrize(
    ("kinds", "code", "expected"),
    [
        (["iso-27001"], "C9.security", at(100)),
        (["soc-2", "eu-gmp"], "C9.security", at(100)),
        (["eu-gmp"], "C9.security", UNKNOWN),
        (["psci"], "C9.sustainability", at(100)),
        (["iso-14001"], "C9.sustainability", at(60)),
        (["iso-14001", "ecovadis"], "C9.sustainability", at(100)),
        ([], "C9.sustainability", UNKNOWN),
    ],
)
def test_c9_reads_security_and_sustainability_from_the_lead_sites_certificates(kinds, code, expected):
    found = partner(site(certificates=[certificate(kind, label=kind) for kind in kinds]))
    assert sub(code, found, brief()) == expected


def test_c9_a_stated_no_to_certified_security_stands_above_a_certificate():
    held = site(certificates=[certificate("iso-27001")], metrics=[metric("cyber_certified", flag=False)])
    assert sub("C9.security", partner(held), brief()) == at(FLAGS["cyber_certified"].no)


@pytest.mark.parametrize(
    ("focus", "size", "expected"),
    [
        ("virtual", "virtual", at(100)),
        ("small", "virtual", at(60)),
        ("mid", "virtual", at(30)),
        ("large", "virtual", at(0)),
        ("mid, large", "small", at(60)),
        ("everyone", "small", UNKNOWN),
        ("mid", "", None),
    ],
)
def test_c10_size_match_by_steps(focus, size, expected):
    found = partner(site(), metrics=(metric("client_size_focus", text=focus),))
    assert sub("C10.size", found, brief(sponsor_size=size)) == expected


# -- wishes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", [r for r in Rule if r not in (Rule.NO_OPEN_ACTION, Rule.RESTRICTED_PARTY)])
def test_every_wish_moves_a_criterion(rule):
    wish = need(rule, Level.SHOULD, label="Wish")
    code = criterion_of(wish)
    assert code in CRITERIA
    assert detail(f"{code}.needs", partner(site()), brief(wish)) is not None


def test_musts_outside_c1_only_knock_out():
    must = need(Rule.CERTIFICATE, Level.MUST, label="GMP", certificate_type="eu-gmp")
    assert detail("C4.needs", partner(site()), brief(must)) is None


@pytest.mark.parametrize("rule", [Rule.NO_OPEN_ACTION, Rule.RESTRICTED_PARTY])
def test_the_standing_rules_move_no_criterion(rule):
    assert criterion_of(need(rule, Level.SHOULD, label="Standing")) is None


def test_a_met_wish_raises_its_criterion_by_a_quarter():
    wish = need(Rule.METRIC, Level.COULD, label="Pilot", metric="pilot_study_offered")
    yes = partner(site(), metrics=(metric("pilot_study_offered", flag=True),))
    no = partner(site(), metrics=(metric("pilot_study_offered", flag=False),))
    (better, worse) = assess([yes, no], brief(wish))
    assert better.criteria[1].point - worse.criteria[1].point == pytest.approx(25)
    assert [r.outcome for r in (better.rules[0], worse.rules[0])] == [Outcome.PASS, Outcome.FAIL]


def test_anchors_say_their_unit_and_every_market_is_covered_by_each_profile():
    assert all(anchor.unit and anchor.meaning for anchor in ANCHORS.values())
    assert {code for words in PROFILE_WORDS.values() for code in words} <= {*ANCHORS, *FLAGS}
    assert {frozenset(table) for table in MARKET_PROOF.values()} == {frozenset(MARKET_PROOF["drug"])}
