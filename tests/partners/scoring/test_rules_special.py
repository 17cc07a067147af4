"""Dedicated facilities, DEA schedules and acceptance by a market's authority: four results each, with their facts."""

import datetime as dt
from dataclasses import replace

import pytest

from partners.scoring.criteria import criterion_of
from partners.scoring.knockouts import check_partner
from partners.scoring.overrides import overridable
from partners.scoring.rank import rank
from partners.scoring.schedules import schedules_of
from partners.scoring.types import ConflictFact, NdaFact, Outcome, Rule
from partners.scoring.weights import default_weights
from tests.partners.scoring.builders import (
    NEED_DATE,
    TODAY,
    brief,
    capability,
    certificate,
    inspection,
    need,
    partner,
    ref,
    site,
)

PASS, FAIL, UNKNOWN, CONDITIONAL = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN, Outcome.CONDITIONAL


def result(wanted, *sites, also=(), of=None, **options):
    _, rules = check_partner(of or partner(*sites), brief(*also, wanted, **options))
    return next(r for r in rules if r.need_id == wanted.id)


# -- dedicated facility --------------------------------------------------------------------------

CYTOTOXIC = need(Rule.DEDICATED, label="Dedicated to cytotoxics", hazard="cytotoxic")


@pytest.mark.parametrize(
    ("recorded", "outcome", "reason"),
    [
        ("Cytotoxic", PASS, "AAV bioreactor at Alpha is recorded as dedicated for “Cytotoxic”."),
        (
            "multi-product",
            FAIL,
            "AAV bioreactor at Alpha is recorded as dedicated for “multi-product”, not for cytotoxic compounds.",
        ),
        (
            "beta-lactam",
            FAIL,
            "AAV bioreactor at Alpha is recorded as dedicated for “beta-lactam”, not for cytotoxic compounds.",
        ),
        (
            "potent compounds",
            UNKNOWN,
            "AAV bioreactor at Alpha is recorded as dedicated for “potent compounds”; whether that means cytotoxic "
            "compounds is not known.",
        ),
        (None, UNKNOWN, "Not recorded whether a facility at Alpha is dedicated to cytotoxic compounds."),
    ],
)
def test_a_facility_is_dedicated_by_what_is_recorded_of_the_work(recorded, outcome, reason):
    cap = capability(dedicated_for=recorded)
    found = result(CYTOTOXIC, site(capabilities=[cap]))
    assert (found.outcome, found.reason, found.facts) == (outcome, reason, (cap.ref,))
    assert bool(found.ask) == (outcome is UNKNOWN)
    assert overridable(found) == (outcome is FAIL)
    assert not found.mismatch


def test_a_suite_for_other_work_is_no_dedicated_facility_of_the_main_part():
    ours, other = (
        capability(dedicated_for="shared"),
        capability("qc", ("qc",), modality=None, dedicated_for="cytotoxic"),
    )
    place = site(capabilities=[ours, other])
    assert result(CYTOTOXIC, place, also=[need()]).outcome is FAIL
    assert result(replace(CYTOTOXIC, service="qc"), place, also=[need()]).outcome is PASS
    assert result(CYTOTOXIC, site(), also=[need()]).outcome is UNKNOWN
    assert result(CYTOTOXIC, site(complete=TODAY), also=[need()]).mismatch


# -- DEA schedule --------------------------------------------------------------------------------

SCHEDULE_II = need(Rule.SCHEDULE, label="DEA schedule II", schedule="II")


def dea(scope="Schedules II-V", **fields):
    return certificate("dea", label="DEA registration", schedules=schedules_of(scope), **fields)


@pytest.mark.parametrize(
    ("held", "outcome", "reason"),
    [
        (
            dea(),
            PASS,
            "DEA registration of Alpha covers schedule II, III, IV and V, valid until 1 January 2028.",
        ),
        (
            dea("C-III to C-V"),
            FAIL,
            "DEA registration of Alpha covers schedule III, IV and V, schedule II needed.",
        ),
        (dea("Import and export"), UNKNOWN, "The schedules of DEA registration of Alpha are not recorded."),
        (
            dea(expires_on=dt.date(2026, 8, 1)),
            UNKNOWN,
            "DEA registration of Alpha expires on 1 August 2026, needed on 15 January 2027.",
        ),
        (dea(expires_on=dt.date(2025, 1, 1)), FAIL, "DEA registration of Alpha expired on 1 January 2025."),
        (certificate("iso-9001"), UNKNOWN, "No DEA registration on record for Alpha."),
    ],
)
def test_a_schedule_is_read_from_the_registrations_scope(held, outcome, reason):
    found = result(SCHEDULE_II, site(certificates=[held]))
    assert (found.outcome, found.reason) == (outcome, reason)
    assert bool(found.ask) == (outcome is UNKNOWN)


@pytest.mark.parametrize(
    ("scope", "found"),
    [
        ("Schedules II-V", "II III IV V"),
        ("schedules II, III, and IV", "II III IV"),
        ("Schedule 2N, 3", "II III"),
        ("CII to CV", "II III IV V"),
        ("Schedule: 1\u20132", "I II"),
        ("Manufacturing schedule in 2 lots", ""),
        ("Import and export", ""),
    ],
)
def test_schedules_are_read_as_people_write_them(scope, found):
    assert schedules_of(scope) == frozenset(found.split())


# -- market authority ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("market", "facts", "outcome", "reason"),
    [
        (
            "EU",
            {"certificates": [certificate()]},
            PASS,
            "EU GMP certificate of Alpha, valid until 1 January 2028.",
        ),
        (
            "US",
            {"inspections": [inspection("vai")]},
            PASS,
            "Alpha was inspected by FDA on 1 June 2024 (VAI).",
        ),
        (
            "US",
            {"certificates": [certificate("fda-registration", label="FDA registration")]},
            CONDITIONAL,
            "FDA registration of Alpha, valid until 1 January 2028: a registration, no inspection passed.",
        ),
        (
            "US",
            {
                "certificates": [certificate("fda-registration", label="FDA registration")],
                "inspections": [inspection("oai")],
            },
            FAIL,
            "Alpha was inspected by FDA on 1 June 2024 (OAI).",
        ),
        (
            "EU",
            {"certificates": [certificate(expires_on=dt.date(2025, 12, 31))]},
            UNKNOWN,
            "EU GMP certificate of Alpha was valid until 31 December 2025; whether it was renewed is not known.",
        ),
        ("JP", {}, UNKNOWN, "Nothing on record shows that the authority of Japan accepts Alpha."),
    ],
)
def test_a_market_accepts_a_site_by_its_best_proof(market, facts, outcome, reason):
    found = result(need(Rule.MARKET, label=f"Accepted: {market}", market=market), site(**facts))
    assert (found.outcome, found.reason) == (outcome, reason)
    assert bool(found.ask) == (outcome in (UNKNOWN, CONDITIONAL))
    assert len(found.facts) == (1 if facts else 0)


# -- what the sponsor has recorded ---------------------------------------------------------------


def nda(status, **fields):
    return NdaFact(ref("partnerrelation", "NDA"), status, on=dt.date(2025, 3, 4), **fields)


@pytest.mark.parametrize(
    ("fact", "outcome", "reason"),
    [
        (
            nda("signed", until=dt.date(2028, 1, 1)),
            PASS,
            "NDA signed on 4 March 2025, in force until 1 January 2028.",
        ),
        (
            nda("signed", until=dt.date(2026, 1, 14)),
            CONDITIONAL,
            "The NDA signed on 4 March 2025 ended on 14 January 2026.",
        ),
        (nda("sent"), CONDITIONAL, "The NDA was sent on 4 March 2025 and is not signed yet."),
        (nda("negotiation"), CONDITIONAL, "The NDA is in negotiation and is not signed yet."),
        (nda("ended"), CONDITIONAL, "The NDA ended on 4 March 2025: a new one is needed."),
        (nda("declined"), FAIL, "Acme declined the NDA on 4 March 2025."),
        (nda("none"), UNKNOWN, "No NDA with Acme is recorded."),
        (None, UNKNOWN, "No NDA with Acme is recorded."),
    ],
)
def test_an_nda_is_possible_by_where_it_stands(fact, outcome, reason):
    found = result(need(Rule.NDA, label="NDA"), of=partner(site(), nda=fact))
    assert (found.outcome, found.reason) == (outcome, reason)
    assert bool(found.ask) == (outcome in (UNKNOWN, CONDITIONAL))
    assert found.facts == ((fact.ref,) if fact else ())


@pytest.mark.parametrize(
    ("answer", "outcome", "words"),
    [
        ("none", PASS, "No competing product and no other conflict of interest"),
        ("safeguards", CONDITIONAL, "A conflict of interest with safeguards: Other floor"),
        ("conflict", FAIL, "A competing product or another conflict of interest: Other floor"),
        (
            None,
            UNKNOWN,
            "Nobody has recorded whether Acme has a competing product or another conflict of interest.",
        ),
    ],
)
def test_a_conflict_of_interest_is_unknown_until_somebody_has_asked(answer, outcome, words):
    note = "" if answer == "none" else "Other floor."
    fact = answer and ConflictFact(
        ref("conflictcheck", "Conflict"), answer, dt.date(2026, 1, 2), "Ann Lee", note
    )
    found = result(need(Rule.CONFLICT, label="No conflict"), of=partner(site(), conflict=fact))
    said = " (asked on 2 January 2026, recorded by Ann Lee)." if answer else ""
    assert (found.outcome, found.reason) == (outcome, words + said)


def test_one_must_of_these_that_fails_is_a_near_miss_and_wishes_move_their_criteria():
    kinds = {
        Rule.DEDICATED: "C1",
        Rule.SCHEDULE: "C4",
        Rule.MARKET: "C4",
        Rule.NDA: "C8",
        Rule.CONFLICT: "C9",
    }
    assert {rule: criterion_of(need(rule)) for rule in kinds} == kinds
    shared = partner(site(capabilities=[capability(dedicated_for="shared")]))
    found = rank([shared], brief(need(), CYTOTOXIC, need_date=NEED_DATE), default_weights(4)).results[0]
    assert found.near_miss
