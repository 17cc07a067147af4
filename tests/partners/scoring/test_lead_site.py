"""Which site of a partner is judged, and what another site can make good."""

import pytest

from partners.scoring.knockouts import check_partner
from partners.scoring.types import Level, Outcome, Rule
from tests.partners.scoring.builders import (
    TODAY,
    action,
    brief,
    capability,
    certificate,
    inspection,
    need,
    partner,
    site,
)

AAV_200 = need(label="AAV at 200 L", quantity=200, unit="l")
FILL = need(
    Rule.CAPABILITY,
    label="Vial filling",
    service="ff-vial",
    service_path=("fill-finish", "ff-vial"),
    modality=None,
)


def fill(**fields):
    return capability("ff-vial", ("fill-finish", "ff-vial"), label="Vial line", **fields)


def screen(found, *needs):
    lead, results = check_partner(found, brief(*needs))
    return (lead.name if lead else None), results


def test_the_site_with_fewest_must_fails_leads():
    small = site("Alpha", capabilities=[capability(scale_max=100)])
    large = site("Beta", capabilities=[capability()])
    assert screen(partner(small, large), AAV_200)[0] == "Beta"


def test_an_open_stop_counts_as_a_must_fail():
    stopped = site("Alpha", capabilities=[capability()], actions=[action()])
    clean = site("Beta", capabilities=[capability(scale_max=None)])
    lead, results = screen(partner(stopped, clean), AAV_200)
    assert lead == "Beta"
    assert Outcome.FAIL not in {r.outcome for r in results}


def test_then_the_site_with_fewest_unknown_musts():
    vague = site("Alpha", capabilities=[capability(scale_max=None)])
    known = site("Beta", capabilities=[capability()])
    assert screen(partner(vague, known), AAV_200)[0] == "Beta"


def test_then_the_site_that_meets_most_wishes_then_the_name():
    wish = need(Rule.COUNTRY, Level.SHOULD, label="In Switzerland", countries=frozenset({"CH"}))
    there = site("Beta", country="CH", capabilities=[capability()])
    assert screen(partner(site("Alpha", capabilities=[capability()]), there), AAV_200, wish)[0] == "Beta"
    twins = [site(name, capabilities=[capability()]) for name in ("Gamma", "Beta", "alpha")]
    assert screen(partner(*twins), AAV_200)[0] == "alpha"


def test_a_failed_wish_weighs_less_than_an_unknown_must():
    wish = need(Rule.COUNTRY, Level.SHOULD, label="In Switzerland", countries=frozenset({"CH"}))
    known = site("Alpha", capabilities=[capability()])
    vague = site("Beta", country="CH", capabilities=[capability(scale_max=None)])
    assert screen(partner(vague, known), AAV_200, wish)[0] == "Alpha"


@pytest.mark.parametrize("order", [1, -1])
def test_the_lead_site_does_not_depend_on_the_order_of_sites(order):
    sites = [site(name, pk=pk, capabilities=[capability()]) for pk, name in ((901, "Twin"), (902, "Twin"))][
        ::order
    ]
    lead, _ = check_partner(partner(*sites), brief(AAV_200))
    assert lead.id == 901


def test_a_need_met_at_another_site_only_is_one_hand_over():
    makes = site("Alpha", capabilities=[capability(), fill(scale_max=None)], inspections=[inspection()])
    fills = site("Beta", capabilities=[fill(scale_max=100_000, scale_unit="vials-batch")])
    wish = need(
        Rule.CAPABILITY,
        Level.SHOULD,
        label="Fill",
        service="ff-vial",
        service_path=("fill-finish", "ff-vial"),
        modality=None,
        quantity=500,
        unit="vials-batch",
    )
    lead, results = screen(partner(makes, fills), AAV_200, wish)
    assert lead == "Alpha"
    assert (results[1].outcome, results[1].site) == (Outcome.CONDITIONAL, "Beta")
    assert results[1].reason == (
        "Met at Beta (Vial line, up to 100,000 vials/batch, GMP, at Beta), not confirmed at the lead site Alpha "
        "(scale of Vial line not recorded): one hand-over."
    )
    assert len(results[1].facts) == 2


def test_a_hand_over_rescues_a_must_that_the_lead_site_fails():
    makes = site("Alpha", capabilities=[capability(), fill(gmp=False)])
    fills = site("Beta", capabilities=[fill()])
    gmp_fill = need(
        label="GMP fill", service="ff-vial", service_path=("fill-finish", "ff-vial"), modality=None, gmp=True
    )
    lead, results = screen(partner(makes, fills), AAV_200, gmp_fill)
    assert lead == "Alpha"  # the main part is on record there only
    assert [(r.outcome, r.site) for r in results[:2]] == [
        (Outcome.PASS, "Alpha"),
        (Outcome.CONDITIONAL, "Beta"),
    ]


def outcomes(results):
    return {r.need_id: (r.outcome, r.site) for r in results}


@pytest.mark.parametrize("stopped", [True, False])
def test_a_site_of_which_nothing_is_known_undoes_no_failed_must(stopped):
    works = site("Works", capabilities=[capability()], actions=[action()] if stopped else [])
    office = site("An office")
    needed = AAV_200 if stopped else need(label="AAV at 5,000 L", quantity=5000, unit="l")
    lead, results = screen(partner(works, office), needed)
    assert lead == "Works"
    failed = outcomes(results)["no-open-action" if stopped else needed.id]
    assert failed == (Outcome.FAIL, "Works")


@pytest.mark.parametrize(
    ("wanted", "held", "said"),
    [
        (need(Rule.CERTIFICATE, label="EU GMP", certificate_type="eu-gmp"), {}, Outcome.UNKNOWN),
        (
            need(Rule.COUNTRY, label="In Switzerland", countries=frozenset({"CH"})),
            {"country": "CH"},
            Outcome.FAIL,
        ),
    ],
)
def test_what_a_sister_site_holds_does_not_count_for_the_site_that_does_the_work(wanted, held, said):
    works = site("Works", capabilities=[capability()])
    sister = site("Packaging", capabilities=[fill()], certificates=[certificate()], **held)
    _, results = screen(partner(works, sister), AAV_200, wanted)
    assert outcomes(results)[wanted.id] == (said, "Works")


def test_what_goes_with_handed_over_work_is_judged_where_the_work_is_done():
    gmp = need(
        Rule.CERTIFICATE,
        label="EU GMP for filling",
        certificate_type="eu-gmp",
        service="ff-vial",
        service_path=("fill-finish", "ff-vial"),
    )
    works = site("Works", capabilities=[capability()], certificates=[certificate()])
    bare = site("A bare one", capabilities=[fill()])
    _, results = screen(partner(works, bare), AAV_200, FILL, gmp)
    assert outcomes(results)[gmp.id] == (Outcome.UNKNOWN, "A bare one")
    covered = certificate(scope_services=frozenset({"ff-vial"}))
    certified = site("Filler", capabilities=[fill()], certificates=[covered])
    _, results = screen(partner(works, certified), AAV_200, FILL, gmp)
    assert outcomes(results)[FILL.id] == (Outcome.CONDITIONAL, "Filler")
    assert outcomes(results)[gmp.id] == (Outcome.PASS, "Filler")


def test_no_work_is_handed_over_to_a_site_with_an_open_warning_letter():
    works = site("Works", capabilities=[capability()], complete=TODAY)
    stopped = site("Filler", capabilities=[fill()], actions=[action()])
    _, results = screen(partner(works, stopped), AAV_200, FILL)
    assert outcomes(results)[FILL.id] == (Outcome.FAIL, "Works")
    second = site("Second filler", capabilities=[fill()])
    _, results = screen(partner(works, stopped, second), AAV_200, FILL)
    assert outcomes(results)[FILL.id] == (Outcome.CONDITIONAL, "Second filler")
    assert outcomes(results)["no-open-action"][0] is Outcome.UNKNOWN  # no register looked at, none failed


def test_a_need_for_any_site_takes_the_best_one():
    makes = site("Alpha", capabilities=[capability()])
    fills = site("Beta", capabilities=[fill()])
    anywhere = need(
        label="Fill",
        service="ff-vial",
        service_path=("fill-finish", "ff-vial"),
        modality=None,
        same_site=False,
    )
    lead, results = screen(partner(makes, fills), AAV_200, anywhere)
    assert (lead, results[1].outcome, results[1].site) == ("Alpha", Outcome.PASS, "Beta")


def test_a_need_that_no_site_meets_speaks_of_the_lead_site():
    found = partner(
        site("Alpha", capabilities=[capability(scale_max=100)]),
        site("Beta", capabilities=[capability(scale_max=50)]),
    )
    _, results = screen(found, AAV_200)
    assert (results[0].outcome, results[0].site) == (Outcome.FAIL, "Alpha")


def test_a_partner_without_sites_is_unknown_with_a_question():
    lead, results = screen(partner(name="Acme"), AAV_200)
    assert lead is None
    assert (results[0].outcome, results[0].reason) == (Outcome.UNKNOWN, "No site on record.")
    assert results[0].ask == "Which site of Acme would do this: AAV at 200 L?"


def test_every_need_has_exactly_one_result_in_order():
    needs = (AAV_200, FILL, need(Rule.COUNTRY, label="US", countries=frozenset({"US"})))
    _, results = screen(partner(site()), *needs)
    assert [r.need_id for r in results] == [*(n.id for n in needs), "no-open-action", "restricted-party"]
