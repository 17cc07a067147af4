import datetime as dt

import pytest

from partners.scoring import default_rules
from partners.scoring.knockouts import check_partner
from partners.scoring.types import Level, Outcome, Rule
from tests.partners.scoring.builders import (
    action,
    brief,
    certificate,
    inspection,
    need,
    partner,
    ref,
    restriction,
    site,
    terms,
)

PASS, FAIL, UNKNOWN, CONDITIONAL = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN, Outcome.CONDITIONAL


def verdict(wanted, found, project=None):
    _, results = check_partner(found, project or brief(wanted))
    return results[0].outcome, results[0].reason


def always(rule, found, project=None):
    """The result of one of the two rules that run for every project."""
    _, results = check_partner(found, project or brief())
    (result,) = [r for r in results if r.rule is rule]
    assert result.level is Level.MUST
    return result.outcome, result.reason


SIX_MILLION = need(Rule.MINIMUM_PROJECT, label="Minimum", quantity=6_000_000, currency="USD")


@pytest.mark.parametrize(
    ("fields", "outcome", "reason"),
    [
        (
            {"minimum_project": 6_000_000.0, "currency": "USD"},
            PASS,
            "Minimum project is USD 6,000,000, at most USD 6,000,000 wanted.",
        ),
        (
            {"minimum_project": 10_000_000.0, "currency": "USD"},
            FAIL,
            "Minimum project is USD 10,000,000, at most USD 6,000,000 wanted.",
        ),
        (
            {"minimum_project": 4_000_000.0, "currency": "EUR"},
            UNKNOWN,
            "Minimum project is EUR 4,000,000; the limit is in USD, so they are not compared.",
        ),
        ({"payment_days": 30}, UNKNOWN, "Minimum project value not recorded."),
    ],
)
def test_minimum_project_compares_within_one_currency_only(fields, outcome, reason):
    assert verdict(SIX_MILLION, partner(site(), terms=(terms(**fields),))) == (outcome, reason)


def test_minimum_project_without_a_currency_in_the_need_uses_the_briefs():
    wanted = need(Rule.MINIMUM_PROJECT, label="Minimum", quantity=5)
    found = partner(site(), terms=(terms(minimum_project=4.0, currency="CHF"),))
    assert verdict(wanted, found, brief(wanted, currency="CHF"))[0] is PASS
    assert verdict(wanted, found, brief(wanted))[0] is UNKNOWN


def test_minimum_project_without_an_amount_is_unknown():
    wanted = need(Rule.MINIMUM_PROJECT, label="Minimum", currency="CHF")
    found = partner(terms=(terms(minimum_project=4.0, currency="CHF"),))
    assert verdict(wanted, found) == (UNKNOWN, "The need names no amount to compare with.")


def test_contract_structure_must_be_among_those_offered():
    wanted = need(Rule.CONTRACT_STRUCTURE, label="Component", contract_structure="component")
    offer = {"component": ref("fact", "Component"), "toll": ref("fact", "Toll")}
    label = {"private-label": ref("fact", "Private label")}
    assert verdict(wanted, partner(site(), contract_structures=offer)) == (PASS, "Contracts as Component.")
    assert verdict(wanted, partner(site(), contract_structures=label)) == (
        FAIL,
        "Contracts as Private label only, not as component.",
    )
    assert verdict(wanted, partner(site())) == (UNKNOWN, "Contract structures not recorded.")


# -- open regulatory actions ---------------------------------------------------------------------

STOPS = [
    "warning_letter",
    "import_alert",
    "consent_decree",
    "injunction",
    "seizure",
    "non_compliance",
    "licence_suspension",
]


@pytest.mark.parametrize("kind", STOPS)
def test_an_open_stop_at_the_lead_site_fails_with_kind_agency_date_and_source(kind):
    outcome, reason = always(Rule.NO_OPEN_ACTION, partner(site(actions=[action(kind)])))
    assert outcome is FAIL
    assert reason == f"Open {kind.replace('_', ' ')} by FDA of 4 March 2025 at Alpha (FDA warning letters)."


@pytest.mark.parametrize("kind", ["untitled_letter", "import_refusal", "recall"])
def test_other_actions_do_not_stop_a_partner(kind):
    assert always(Rule.NO_OPEN_ACTION, partner(site(actions=[action(kind)])))[0] is PASS


@pytest.mark.parametrize(
    ("closed_on", "outcome"),
    [(dt.date(2025, 12, 1), PASS), (dt.date(2026, 1, 15), PASS), (dt.date(2026, 3, 1), FAIL)],
)
def test_an_action_counts_as_open_until_it_is_closed(closed_on, outcome):
    found = partner(site(actions=[action(closed_on=closed_on)]))
    assert always(Rule.NO_OPEN_ACTION, found)[0] is outcome


def test_an_action_issued_later_is_not_known_yet():
    found = partner(site(actions=[action(issued_on=dt.date(2026, 6, 1))]))
    assert always(Rule.NO_OPEN_ACTION, found)[0] is PASS


def test_an_open_stop_at_another_site_is_a_condition():
    clean = site("Alpha", inspections=[inspection()])
    outcome, reason = always(Rule.NO_OPEN_ACTION, partner(clean, site("Beta", actions=[action()])))
    assert outcome is CONDITIONAL
    assert reason.startswith("Not at the lead site, but open warning letter by FDA of 4 March 2025 at Beta")


UNCLEAR = {"issued_on": dt.date(2013, 11, 27), "close_out_unknown": True}


@pytest.mark.parametrize("others", [{}, {"inspections": [inspection()]}, {"certificates": [certificate()]}])
def test_a_letter_whose_close_out_is_unknown_neither_fails_nor_passes(others):
    found = partner(site(actions=[action(**UNCLEAR)], **others))
    assert always(Rule.NO_OPEN_ACTION, found) == (
        UNKNOWN,
        "Warning letter by FDA of 27 November 2013 at Alpha, close-out unknown (FDA warning letters).",
    )


def test_an_open_letter_outweighs_one_whose_close_out_is_unknown():
    found = partner(site(actions=[action(**UNCLEAR), action()]))
    assert always(Rule.NO_OPEN_ACTION, found) == (
        FAIL,
        "Open warning letter by FDA of 4 March 2025 at Alpha (FDA warning letters).",
    )


def test_a_letter_of_unknown_close_out_at_another_site_is_a_condition_or_adds_to_the_doubt():
    other = site("Beta", actions=[action(**UNCLEAR)])
    named = "warning letter by FDA of 27 November 2013 at Beta, close-out unknown (FDA warning letters)."
    assert always(Rule.NO_OPEN_ACTION, partner(site("Alpha", inspections=[inspection()]), other)) == (
        CONDITIONAL,
        f"Not at the lead site, but {named}",
    )
    outcome, reason = always(Rule.NO_OPEN_ACTION, partner(site("Alpha", actions=[action(**UNCLEAR)]), other))
    assert (outcome, reason.partition("; elsewhere: ")[2]) == (UNKNOWN, named)


def test_a_published_form_483_alone_is_no_look_up_of_actions():
    found = partner(site(inspections=[inspection("unknown")]))
    assert always(Rule.NO_OPEN_ACTION, found) == (UNKNOWN, "No regulator's record looked up for Alpha.")


@pytest.mark.parametrize("facts", [{"inspections": [inspection()]}, {"certificates": [certificate()]}])
def test_no_open_action_passes_only_where_some_record_was_looked_at(facts):
    assert always(Rule.NO_OPEN_ACTION, partner(site(**facts))) == (PASS, "No open action on record at Alpha.")
    assert always(Rule.NO_OPEN_ACTION, partner(site())) == (
        UNKNOWN,
        "No regulator's record looked up for Alpha.",
    )


@pytest.mark.parametrize("kind", ["fda-registration", "fda-device-registration"])
def test_a_registration_alone_says_nothing_about_open_actions(kind):
    found = partner(site(certificates=[certificate(kind)]))
    assert always(Rule.NO_OPEN_ACTION, found) == (UNKNOWN, "No regulator's record looked up for Alpha.")


def test_a_partner_without_sites_leaves_open_actions_unknown():
    assert always(Rule.NO_OPEN_ACTION, partner()) == (UNKNOWN, "No site on record.")


# -- restricted parties --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "federal", "outcome", "reason"),
    [
        (
            restriction(effect="No federal funds for its services."),
            True,
            FAIL,
            "On Test list 1, in effect from 1 January 2025: No federal funds for its services.",
        ),
        (
            restriction(),
            False,
            CONDITIONAL,
            "On Test list 1, in effect from 1 January 2025 (a warning: the project is not federally funded).",
        ),
        (restriction(dt.date(2026, 12, 1)), True, FAIL, "On Test list 1, in effect from 1 December 2026."),
        (  # ends before the need date: contract and transfer come before it
            restriction(effective_until=dt.date(2026, 6, 1)),
            True,
            FAIL,
            "On Test list 1, in effect from 1 January 2025 until 1 June 2026.",
        ),
        (
            restriction(dt.date(2027, 6, 1)),
            True,
            CONDITIONAL,
            "On Test list 1, in effect from 1 June 2027, after the need date of 15 January 2027.",
        ),
        (
            restriction(effective_until=dt.date(2025, 6, 1)),
            True,
            PASS,
            "Not on the restricted-party list.",
        ),
    ],
)
def test_a_listing_stops_a_federally_funded_project_and_warns_others(entry, federal, outcome, reason):
    found = partner(site(), restrictions=(entry,))
    assert always(Rule.RESTRICTED_PARTY, found, brief(federal_funding=federal)) == (outcome, reason)


def test_without_a_list_that_would_name_the_partner_nothing_is_proved():
    unscreened = partner(site(), restricted_lists=())
    assert always(Rule.RESTRICTED_PARTY, unscreened, brief(federal_funding=True)) == (
        UNKNOWN,
        "No restricted-party list that would name this partner is kept here.",
    )
    assert always(Rule.RESTRICTED_PARTY, unscreened, brief(federal_funding=False)) == (
        PASS,
        "No list kept here to check; matters only with federal funding.",
    )


def test_a_partner_that_is_not_listed_passes():
    assert always(Rule.RESTRICTED_PARTY, partner(site()), brief(federal_funding=True))[0] is PASS


# -- the two rules that always run ---------------------------------------------------------------


def test_both_standing_musts_are_added_once():
    own = need(Rule.NO_OPEN_ACTION, label="Own wording")
    assert [n.rule for n in default_rules(brief(own))] == [Rule.NO_OPEN_ACTION, Rule.RESTRICTED_PARTY]
    assert [n.id for n in default_rules(brief())] == ["no-open-action", "restricted-party"]


def test_a_standing_must_cannot_be_weakened_to_a_wish():
    weak = need(Rule.RESTRICTED_PARTY, Level.COULD, label="Not listed")
    levels = [n.level for n in default_rules(brief(weak)) if n.rule is Rule.RESTRICTED_PARTY]
    assert levels == [Level.COULD, Level.MUST]


def test_two_needs_with_one_id_are_refused():
    with pytest.raises(ValueError, match="same id"):
        default_rules(brief(need(pk="same"), need(pk="same")))
