import datetime as dt
from dataclasses import replace

import pytest

from partners.scoring.knockouts import check_partner
from partners.scoring.types import Outcome, Rule
from tests.partners.scoring.builders import (
    AAV_PATH,
    brief,
    certificate,
    inspection,
    metric,
    need,
    partner,
    record,
    site,
)

PASS, FAIL, UNKNOWN, CONDITIONAL = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN, Outcome.CONDITIONAL


def check(wanted, *sites, project=None, **facts):
    """The result of one need for a partner with these sites."""
    _, results = check_partner(partner(*sites, **facts), project or brief(wanted))
    return results[0]


def verdict(wanted, *sites, **options):
    result = check(wanted, *sites, **options)
    return result.outcome, result.reason


# -- certificates --------------------------------------------------------------------------------

EU_GMP = need(Rule.CERTIFICATE, label="EU GMP for tablets", certificate_type="eu-gmp", dosage_form="tablet")


@pytest.mark.parametrize(
    ("fields", "outcome", "reason"),
    [
        ({}, PASS, "EU GMP certificate of Alpha, valid until 1 January 2028."),
        (
            {"expires_on": dt.date(2025, 10, 31)},
            FAIL,
            "EU GMP certificate of Alpha expired on 31 October 2025.",
        ),
        (
            {"expires_on": dt.date(2025, 12, 31)},  # the source was read on 1 November 2025
            UNKNOWN,
            "EU GMP certificate of Alpha was valid until 31 December 2025; whether it was renewed is not known.",
        ),
        (
            {"scope_dosage_forms": frozenset({"capsule"})},
            FAIL,
            "EU GMP certificate of Alpha does not cover tablet.",
        ),
        (
            {"expires_on": dt.date(2026, 8, 1)},
            UNKNOWN,
            "EU GMP certificate of Alpha expires on 1 August 2026, needed on 15 January 2027.",
        ),
        ({"expires_on": None}, UNKNOWN, "Expiry of EU GMP certificate not recorded."),
        ({"scope_dosage_forms": frozenset()}, UNKNOWN, "Scope of EU GMP certificate not known in detail."),
    ],
)
def test_a_certificate_needs_type_scope_and_validity(fields, outcome, reason):
    held = certificate(**({"scope_dosage_forms": frozenset({"tablet"})} | fields))
    assert verdict(EU_GMP, site(certificates=[held])) == (outcome, reason)


@pytest.mark.parametrize(
    ("expires_on", "outcome"),
    [
        (dt.date(2027, 1, 15), PASS),
        (dt.date(2027, 1, 14), UNKNOWN),  # lapses before it is needed: will it be renewed?
        (dt.date(2026, 1, 15), UNKNOWN),
        (dt.date(2026, 1, 14), UNKNOWN),  # read before that day: renewed since?
        (dt.date(2025, 11, 1), UNKNOWN),
        (dt.date(2025, 10, 31), FAIL),
    ],
)
def test_a_certificate_is_valid_on_the_day_it_expires(expires_on, outcome):
    held = certificate(expires_on=expires_on, scope_dosage_forms=frozenset({"tablet"}))
    assert check(EU_GMP, site(certificates=[held])).outcome is outcome


def test_no_such_certificate_on_record_is_unknown():
    held = certificate("iso-9001")
    assert verdict(EU_GMP, site(certificates=[held])) == (UNKNOWN, "No EU GMP on record for Alpha.")


def test_a_scope_on_a_branch_covers_the_services_below_it():
    wanted = need(
        Rule.CERTIFICATE,
        label="GMP",
        certificate_type="eu-gmp",
        service="ds-viral-vector",
        service_path=AAV_PATH,
    )
    covered = certificate(scope_services=frozenset({"drug-substance"}))
    assert check(wanted, site(certificates=[covered])).outcome is PASS
    other = certificate(scope_services=frozenset({"packaging-supply"}))
    uncovered = check(wanted, site(certificates=[other]))
    assert (uncovered.outcome, uncovered.mismatch) == (
        FAIL,
        True,
    )  # of another kind, not by a margin: no near miss
    expired = certificate(scope_services=frozenset({"drug-substance"}), expires_on=dt.date(2025, 1, 1))
    nearer = check(wanted, site(certificates=[other, expired]))
    assert (nearer.outcome, nearer.mismatch, nearer.facts) == (FAIL, False, (expired.ref,))


def test_a_certificate_is_judged_on_its_own_date_before_the_projects():
    wanted = need(Rule.CERTIFICATE, label="GMP", certificate_type="eu-gmp", by=dt.date(2026, 3, 1))
    assert check(wanted, site(certificates=[certificate(expires_on=dt.date(2026, 8, 1))])).outcome is PASS


def test_a_renewed_certificate_replaces_the_expired_one():
    old, new = certificate(expires_on=dt.date(2024, 1, 1)), certificate(expires_on=dt.date(2029, 1, 1))
    wanted = need(Rule.CERTIFICATE, label="GMP", certificate_type="eu-gmp")
    assert check(wanted, site(certificates=[old, new])).facts == (new.ref,)


# -- inspections ---------------------------------------------------------------------------------

FDA_5 = need(Rule.INSPECTION, label="FDA within 5 years", agency="fda", quantity=5)


@pytest.mark.parametrize(
    ("found", "outcome", "reason"),
    [
        ([inspection("vai")], PASS, "Latest FDA inspection of Alpha on 1 June 2024: VAI."),
        (
            [inspection("nai", dt.date(2019, 3, 2))],
            FAIL,
            "Latest FDA inspection of Alpha on 2 March 2019 is more than 5 years old.",
        ),
        (
            [inspection("nai", dt.date(2022, 1, 1)), inspection("oai")],
            FAIL,
            "Latest FDA inspection of Alpha on 1 June 2024 ended with official action indicated (OAI).",
        ),
        (
            [inspection("pending")],
            CONDITIONAL,
            "Latest FDA inspection of Alpha on 1 June 2024 is not classified yet.",
        ),
        (
            [inspection("oai", dt.date(2022, 1, 1)), inspection("nai")],
            PASS,
            "Latest FDA inspection of Alpha on 1 June 2024: NAI.",
        ),
        ([inspection("nai", agency="ema")], UNKNOWN, "No FDA inspection on record for Alpha."),
        ([inspection("nai", None)], UNKNOWN, "No FDA inspection with a date on record for Alpha."),
        (
            [inspection("nai", dt.date(2026, 2, 1))],
            UNKNOWN,
            "No FDA inspection with a date on record for Alpha.",
        ),
        ([], UNKNOWN, "No FDA inspection on record for Alpha."),
    ],
)
def test_the_latest_inspection_must_be_recent_and_not_oai(found, outcome, reason):
    assert verdict(FDA_5, site(inspections=found)) == (outcome, reason)


def test_five_years_ago_to_the_day_is_recent_enough():
    assert check(FDA_5, site(inspections=[inspection(ended_on=dt.date(2021, 1, 15))])).outcome is PASS
    assert check(FDA_5, site(inspections=[inspection(ended_on=dt.date(2021, 1, 14))])).outcome is FAIL


def test_five_years_before_a_leap_day_end_on_the_28th():
    project = brief(FDA_5, as_of=dt.date(2028, 2, 29))
    there = site(inspections=[inspection(ended_on=dt.date(2023, 2, 28))])
    assert check(FDA_5, there, project=project).outcome is PASS


# -- track record --------------------------------------------------------------------------------

TWO_INDS = need(
    Rule.TRACK_RECORD,
    label="INDs",
    track_record_kind="ind_supported",
    quantity=2,
    agency="fda",
    modality="aav",
)
FDA_AAV = {"agency": "fda", "modality": "aav"}


@pytest.mark.parametrize(
    ("here", "wide", "outcome", "reason"),
    [
        ([record(number=2, **FDA_AAV)], [], PASS, "IND supported: 2 on record at Alpha, 2 needed."),
        ([record(number=1, **FDA_AAV)] * 2, [], PASS, "IND supported: 2 on record at Alpha, 2 needed."),
        ([record(number=1, **FDA_AAV)], [], FAIL, "IND supported: 1 on record at Alpha, 2 needed."),
        ([record(number=0, **FDA_AAV)], [], FAIL, "IND supported: 0 on record at Alpha, 2 needed."),
        ([record(number=5, agency="fda")], [], UNKNOWN, "IND supported: 0 certain at Alpha, 2 needed."),
        ([record(number=None, **FDA_AAV)], [], UNKNOWN, "IND supported: 1 certain at Alpha, 2 needed."),
        (
            [record(number=1, **FDA_AAV)],
            [record(number=4, **FDA_AAV)],
            UNKNOWN,
            "IND supported: 1 certain at Alpha, 2 needed.",
        ),
        (
            [record(number=9, agency="fda", modality="mab")],
            [],
            UNKNOWN,
            "No IND supported on record at Alpha.",
        ),
        ([], [], UNKNOWN, "No IND supported on record at Alpha."),
    ],
)
def test_a_site_is_credited_with_what_was_done_there(here, wide, outcome, reason):
    assert verdict(TWO_INDS, site(track_record=here), track_record=tuple(wide)) == (outcome, reason)


@pytest.mark.parametrize(
    ("counts", "wide", "outcome"),
    [([1, 1], [], PASS), ([], [2], PASS), ([1], [1], UNKNOWN), ([1, 0], [], FAIL), ([], [], UNKNOWN)],
)
def test_a_company_is_credited_with_its_total_or_the_sum_of_its_sites(counts, wide, outcome):
    wanted = need(
        Rule.TRACK_RECORD, label="INDs", track_record_kind="ind_supported", quantity=2, same_site=False
    )
    sites = [site(f"S{i}", track_record=[record(number=n)]) for i, n in enumerate(counts)]
    assert check(wanted, *sites, track_record=tuple(record(number=n) for n in wide)).outcome is outcome


# -- metrics and countries -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fact", "fields", "outcome", "reason"),
    [
        (
            metric("otif_pct", 96),
            {"quantity": 95},
            PASS,
            "Deliveries on time and in full: 96 %, at least 95 % asked.",
        ),
        (
            metric("otif_pct", 90),
            {"quantity": 95},
            FAIL,
            "Deliveries on time and in full: 90 %, at least 95 % asked.",
        ),
        (
            metric("otif_pct", 90),
            {"quantity": 95, "at_most": True},
            PASS,
            "Deliveries on time and in full: 90 %, at most 95 % asked.",
        ),
        (
            metric("otif_pct", 96),
            {"quantity": 95, "at_most": True},
            FAIL,
            "Deliveries on time and in full: 96 %, at most 95 % asked.",
        ),
        (
            metric("otif_pct", text="good"),
            {"quantity": 95},
            UNKNOWN,
            "Deliveries on time and in full: recorded without a number.",
        ),
        (metric("otif_pct", flag=True), {}, PASS, "Deliveries on time and in full: yes."),
        (metric("otif_pct", flag=False), {}, FAIL, "Deliveries on time and in full: no."),
        (
            metric("otif_pct", 90),
            {},
            UNKNOWN,
            "Deliveries on time and in full: recorded without a yes or no.",
        ),
        (
            metric("ppm_defects", 90),
            {"quantity": 95},
            UNKNOWN,
            "Deliveries on time and in full: not recorded.",
        ),
    ],
)
def test_metrics_compare_a_number_or_a_flag(fact, fields, outcome, reason):
    wanted = need(Rule.METRIC, label="OTIF", metric="otif_pct", **fields)
    assert verdict(wanted, site(metrics=[fact])) == (outcome, reason)


def test_a_metric_without_anchors_is_named_by_its_fact():
    wanted = need(Rule.METRIC, label="Cold storage", metric="storage_minus_80c")
    cold = metric("storage_minus_80c", flag=True)
    cold = replace(cold, ref=replace(cold.ref, label="Storage at -80 °C: yes"))
    assert verdict(wanted, site(metrics=[cold])) == (PASS, "Storage at -80 °C: yes.")
    assert verdict(wanted, site()) == (UNKNOWN, "Not recorded for Alpha.")
    assert verdict(wanted) == (UNKNOWN, "Not recorded for the partner.")


def test_the_newest_value_of_the_site_comes_before_the_companys():
    wanted = need(Rule.METRIC, label="OTIF", metric="otif_pct", quantity=95)
    old, new = metric("otif_pct", 99, as_of=dt.date(2023, 1, 1)), metric("otif_pct", 90)
    wide = (metric("otif_pct", 98, as_of=dt.date(2026, 1, 1)),)
    assert check(wanted, site(metrics=[old, new]), metrics=wide).facts == (new.ref,)
    assert check(wanted, site(), metrics=wide).outcome is PASS
    assert check(wanted, metrics=wide).outcome is PASS


def test_the_country_of_the_site_must_be_among_those_asked():
    wanted = need(Rule.COUNTRY, label="US or CA", countries=frozenset({"US", "CA"}))
    assert verdict(wanted, site(country="CA")) == (PASS, "Alpha is in Canada.")
    assert verdict(wanted, site(country="IN")) == (
        FAIL,
        "Alpha is in India; asked for: Canada, United States of America.",
    )
    assert verdict(wanted, site(country="")) == (UNKNOWN, "Country of Alpha not recorded.")
