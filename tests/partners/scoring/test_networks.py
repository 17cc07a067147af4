"""Networks that cover a scope: exact against brute force, smallest first, with what each part does."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partners.scoring import default_weights, networks
from partners.scoring.networks import HandOver, Shape, propose_networks
from partners.scoring.scope import main_part, scope_parts
from partners.scoring.types import Level, Outcome, Override, Rule
from tests.partners.scoring.builders import (
    TODAY,
    action,
    brief,
    capability,
    certificate,
    inspection,
    metric,
    need,
    partner,
    restriction,
    site,
    terms,
)

WEIGHTS = default_weights(2)
PLASMID, FILL = ("drug-substance", "ds-plasmid"), ("drug-product", "ff-vial")
VECTOR_NEED = need(pk="vector", label="vector", gmp=True)
PLASMID_NEED = need(
    level=Level.SHOULD,
    pk="plasmid",
    label="plasmid",
    service="ds-plasmid",
    service_path=PLASMID,
    modality=None,
)
FILL_NEED = need(
    level=Level.SHOULD, pk="fill", label="fill", service="ff-vial", service_path=FILL, modality=None
)
PLAN = brief(PLASMID_NEED, VECTOR_NEED, FILL_NEED, currency="USD")


def vector(**fields):
    return capability(label="AAV bioreactor", **fields)


def plasmid(**fields):
    return capability("ds-plasmid", PLASMID, label="Plasmid suite", modality="plasmid-dna", **fields)


def fill(**fields):
    return capability("ff-vial", FILL, label="Vial line", **fields)


def at(name, *capabilities, **facts):
    return site(name, complete=TODAY, capabilities=capabilities, **facts)


def test_plasmid_from_one_partner_vector_and_fill_at_another():
    a = partner(at("Ash", plasmid()), name="A")
    b = partner(at("Birch", vector(), fill()), name="B")
    found = propose_networks([a, b], PLAN, WEIGHTS, hand_over=HandOver(3, 250_000, "USD"))
    assert [n.shape for n in found.networks] == [Shape.NETWORK]
    network = found.networks[0]
    assert [(m.need_id, m.partner, m.site, m.outcome) for m in network.members] == [
        ("plasmid", "A", "Ash", Outcome.PASS),
        ("vector", "B", "Birch", Outcome.PASS),
        ("fill", "B", "Birch", Outcome.PASS),
    ]
    assert network.sentence == (
        "plasmid: A, Ash; vector and fill: B, Birch. 1 hand-over, 3 months, USD 250,000."
    )
    assert (network.between, network.within, network.months, network.cost) == (1, 0, 3.0, 250_000)
    assert [m.facts[0].label for m in network.members] == ["Plasmid suite", "AAV bioreactor", "Vial line"]
    assert (found.missing, found.left_out, found.cut_off) == ((), (), "")


def test_one_site_comes_before_one_partner_and_that_before_two():
    all_in_one = partner(at("Whole", plasmid(), vector(), fill()), name="One")
    two_sites = partner(at("North", plasmid(), vector()), at("South", fill()), name="Two")
    shapes = [n.shape for n in propose_networks([two_sites, all_in_one], PLAN, WEIGHTS).networks]
    assert shapes[0] is Shape.SITE
    assert shapes == sorted(shapes, key=[Shape.SITE, Shape.PARTNER, Shape.NETWORK].index)
    assert Shape.PARTNER in shapes
    inside = propose_networks([two_sites], PLAN, WEIGHTS, hand_over=HandOver(4, 100, "USD")).networks[0]
    assert (inside.shape, inside.between, inside.within, inside.months, inside.cost) == (
        Shape.PARTNER, 0, 1, 2.0, 50.0,
    )  # fmt: skip


def test_the_penalty_is_months_on_the_line_of_c5_and_money_on_that_of_c7():
    a, b = partner(at("Ash", plasmid()), name="A"), partner(at("Birch", vector(), fill()), name="B")
    free = propose_networks([a, b], PLAN, WEIGHTS, hand_over=HandOver(0, None, "USD")).networks[0]
    slow = propose_networks([a, b], PLAN, WEIGHTS, hand_over=HandOver(6, None, "USD")).networks[0]
    assert free.penalty == 0
    assert slow.penalty == pytest.approx(WEIGHTS["C5"] / 2)
    assert slow.point == pytest.approx(free.point - slow.penalty)
    budget = replace(
        PLAN,
        needs=(
            *PLAN.needs,
            need(Rule.MINIMUM_PROJECT, pk="min", label="Minimum", quantity=1e6, currency="USD"),
        ),
    )
    priced = propose_networks([a, b], budget, WEIGHTS, hand_over=HandOver(0, 500_000, "USD"))
    assert priced.cost_in_score
    assert priced.networks[0].penalty == pytest.approx(WEIGHTS["C7"] / 2)
    assert not propose_networks([a, b], PLAN, WEIGHTS, hand_over=HandOver(0, 500_000, "USD")).cost_in_score


def test_a_part_nobody_is_known_to_do_is_named_with_who_might():
    a = partner(at("Ash", plasmid()), name="A")
    silent = partner(site("Quiet", capabilities=[vector()]), name="B")
    found = propose_networks([a, silent], PLAN, WEIGHTS)
    assert [(m.label, m.level, m.perhaps, m.ask) for m in found.missing] == [
        ("fill", Level.SHOULD, ("B, Quiet",), "Who can do this: fill?")
    ]
    assert [m.need_id for m in found.networks[0].members] == ["plasmid", "vector"]


def test_a_partner_that_fails_a_must_of_its_own_and_a_site_with_an_open_action_take_no_part():
    listed = partner(at("Ash", plasmid()), name="Listed", restrictions=(restriction(),))
    warned = partner(at("Elm", plasmid(), actions=[action()]), name="Warned")
    dear = partner(at("Oak", plasmid()), name="Dear", terms=(terms(minimum_project=9e6, currency="USD"),))
    good = partner(at("Fir", plasmid()), name="Good")
    b = partner(at("Birch", vector(), fill()), name="B")
    money = need(Rule.MINIMUM_PROJECT, pk="min", label="Minimum", quantity=6e6, currency="USD")
    plan = replace(PLAN, needs=(*PLAN.needs, money), federal_funding=True)
    found = propose_networks([listed, warned, dear, good, b], plan, WEIGHTS)
    assert {m.partner for n in found.networks for m in n.members} == {"Good", "B"}


def test_needs_go_with_the_part_of_their_service_else_with_the_main_part():
    bsl = need(Rule.BIOSAFETY, pk="bsl", label="BSL-2", quantity=2)
    clean = need(
        Rule.CERTIFICATE, pk="cert", label="EU GMP for filling", service="ff-vial", service_path=FILL,
        certificate_type="eu-gmp",
    )  # fmt: skip
    plan = replace(PLAN, needs=(*PLAN.needs, bsl, clean))
    assert main_part(plan) is VECTOR_NEED
    assert [p.id for p in scope_parts(plan)] == ["plasmid", "vector", "fill"]
    no_bsl = partner(at("Ash", plasmid(biosafety_level=1)), name="A")
    low = partner(at("Low", vector(biosafety_level=1)), name="Low")
    safe = partner(at("Safe", vector(biosafety_level=2)), name="Safe")
    expired = partner(
        at("Old", fill(), certificates=[certificate(expires_on=TODAY.replace(year=2025))]), name="Old"
    )
    valid = partner(
        at("New", fill(), certificates=[certificate(scope_services=frozenset({"ff-vial"}))]), name="New"
    )
    found = propose_networks([no_bsl, low, safe, expired, valid], plan, WEIGHTS)
    assert [[m.partner for m in n.members] for n in found.networks] == [["A", "Safe", "New"]]


def test_an_unverified_must_is_carried_along():
    b = partner(at("Birch", vector(), fill(), plasmid()), name="B")
    plan = replace(
        PLAN, needs=(*PLAN.needs, need(Rule.INSPECTION, pk="fda", label="FDA inspected", agency="fda"))
    )
    member = next(
        m for m in propose_networks([b], plan, WEIGHTS).networks[0].members if m.need_id == "vector"
    )
    assert {r.need_id for r in member.open_musts} == {"fda", "no-open-action"}


def parts_named(**levels):
    return [
        need(level=level, pk=n, label=n, service=n, service_path=(n,), modality=None)
        for n, level in levels.items()
    ]


def doing(name, *services):
    return at(name, *(capability(n, (n,), label=n) for n in services))


def test_a_wish_that_three_sites_cannot_cover_is_left_out_and_said():
    needs = parts_named(w=Level.MUST, x=Level.SHOULD, y=Level.SHOULD, z=Level.SHOULD)
    each = [partner(doing(f"Site {n}", n), name=f"P{n}") for n in "wxyz"]
    found = propose_networks(each, brief(*needs), WEIGHTS)
    assert found.left_out == ("z",)
    assert [m.need_id for m in found.networks[0].members] == ["w", "x", "y"]


def test_as_little_as_possible_is_left_out_musts_last():
    needs = parts_named(m1=Level.MUST, m2=Level.MUST, w1=Level.SHOULD, w3=Level.SHOULD, w2=Level.SHOULD)
    four = [
        partner(doing("A works", "m1", "w2"), name="A"), partner(doing("B works", "m2"), name="B"),
        partner(doing("C works", "w1"), name="C"), partner(doing("D works", "w3"), name="D"),
    ]  # fmt: skip
    found = propose_networks(four, brief(*needs), WEIGHTS)
    assert found.left_out == ("w3",)
    assert [m.partner for m in found.networks[0].members] == ["A", "B", "C", "A"]
    musts = parts_named(w1=Level.SHOULD, w3=Level.SHOULD, m1=Level.MUST, m2=Level.MUST)
    assert propose_networks(four, brief(*musts), WEIGHTS).left_out == ("w3",)


def test_all_sites_of_one_partner_may_share_a_scope():
    needs = parts_named(a=Level.MUST, b=Level.MUST, c=Level.MUST, d=Level.MUST)
    whole = partner(*(doing(f"Site {n}", n) for n in "abcd"), name="Whole")
    others = [partner(doing(f"Other {n}", n), name=f"P{n}") for n in "abcd"]
    found = propose_networks([whole, *others], brief(*needs), WEIGHTS)
    assert [(n.shape, n.partner_ids, n.within) for n in found.networks] == [(Shape.PARTNER, (whole.id,), 3)]
    assert found.left_out == ()


def test_a_partner_of_very_many_sites_is_combined_with_its_best_and_it_says_so():
    needs = parts_named(a=Level.MUST, b=Level.MUST, c=Level.MUST, d=Level.MUST)
    many = [doing(f"Site {i} {n}", n) for n in "abcd" for i in range(4)]
    found = propose_networks([partner(*many, name="Whole")], brief(*needs), WEIGHTS)
    assert found.cut_off == (
        "16 sites can do a part; of a partner’s sites only the 12 that score best were combined."
    )
    assert {n.within for n in found.networks} == {3}


def test_too_many_sites_are_cut_off_and_it_says_so():
    many = [
        partner(at(f"S{i}", plasmid(), metrics=[metric("otif_pct", 70.0 + i)]), name=f"P{i}")
        for i in range(9)
    ]
    b = partner(at("Birch", vector(), fill()), name="B")
    found = propose_networks([*many, b], PLAN, WEIGHTS, most_sites=5)
    assert found.cut_off == "10 sites can do a part; only the 5 that score best at one were combined."
    assert [n.members[0].partner for n in found.networks] == ["P8", "P7", "P6"]
    assert propose_networks([*many, b], PLAN, WEIGHTS).cut_off == ""


def test_without_partners_parts_or_possible_sites_nothing_is_proposed():
    assert propose_networks([], PLAN, WEIGHTS).networks == ()
    assert propose_networks([partner(at("Ash", plasmid()))], brief(), WEIGHTS).networks == ()
    nobody = propose_networks([partner(at("Ash"))], PLAN, WEIGHTS)
    assert (nobody.networks, [m.label for m in nobody.missing]) == ((), ["plasmid", "vector", "fill"])
    with pytest.raises(ValueError, match="negative"):
        propose_networks([], PLAN, {**WEIGHTS, "C1": -1.0})
    for bad in ({"months": -1}, {"cost": -5.0}, {"months": float("nan")}):
        with pytest.raises(ValueError, match="hand-over"):
            HandOver(**bad)


offers = st.sets(st.sampled_from(["plasmid", "vector", "fill"]))
MAKE = {"plasmid": plasmid, "vector": vector, "fill": fill}


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.lists(st.tuples(offers, st.integers(60, 99)), min_size=1, max_size=2), min_size=1, max_size=4)
)
def test_the_best_of_each_size_is_the_best_of_all_assignments(catalogue):
    facts = [
        partner(
            *(
                at(f"S{i}{k}", *(MAKE[o]() for o in sorted(able)), metrics=[metric("otif_pct", float(otif))],
                   inspections=[inspection()])
                for k, (able, otif) in enumerate(sites)
            ),
            name=f"P{i}",
        )
        for i, sites in enumerate(catalogue)
    ]  # fmt: skip
    hand_over = HandOver(2, None, "USD")
    found = propose_networks(facts, PLAN, WEIGHTS, hand_over=hand_over)
    table = networks._table(facts, PLAN, scope_parts(PLAN), WEIGHTS, {})
    alone = [(p.id, s.id) for p, s in table.sites]
    score = {
        (part, key): table.cells[i, k].point if (i, k) in table.cells else None
        for i, part in enumerate(("plasmid", "vector", "fill"))
        for k, key in enumerate(alone)
    }
    parts = [p for p in ("plasmid", "vector", "fill") if any(score[p, key] is not None for key in alone)]
    shares = {"plasmid": 2, "vector": 3, "fill": 2}
    best = {}
    for chosen in product(alone, repeat=len(parts)):
        values = [score[part, key] for part, key in zip(parts, chosen, strict=True)]
        if None in values or not parts:
            continue
        partners, sites = len({k[0] for k in chosen}), len(set(chosen))
        months = 2 * (partners - 1) + 1 * (sites - partners)
        net = sum(shares[p] * v for p, v in zip(parts, values, strict=True)) / sum(shares[p] for p in parts)
        net -= months * WEIGHTS["C5"] / 12
        best[partners, sites] = max(best.get((partners, sites), -1e9), net)
    seen = {}
    for network in found.networks:
        seen.setdefault((len(network.partner_ids), len(network.site_ids)), network.point)
    assert set(seen) <= set(best)
    assert min(best, default=None) == min(seen, default=None)
    for key, point in seen.items():  # a larger set with an idle site is never shown, whatever it scores
        assert point <= best[key] + 1e-9
    if best:
        assert seen[min(seen)] == pytest.approx(best[min(best)], abs=1e-9)
        assert max(seen.values()) == pytest.approx(max(best.values()), abs=1e-9)


def test_a_must_that_was_let_pass_is_named_with_who_and_why_and_puts_nobody_where_nothing_is_offered():
    plan = brief(need(pk="vector", label="vector at 200 L", quantity=200, unit="l", gmp=True), currency="USD")
    small = partner(at("Ash", vector(scale_max=100.0)), name="A", pk=1)
    none = partner(at("Birch", fill()), name="B", pk=2)
    accepted = Override("Pilot batches only.", "Mo", "owner", TODAY)
    assert not propose_networks([small, none], plan, WEIGHTS).networks
    overrides = {(1, "vector"): accepted, (2, "vector"): accepted}
    found = propose_networks([small, none], plan, WEIGHTS, overrides=overrides)
    (network,) = found.networks
    assert network.sentence == "vector at 200 L: Ash. Must-have let pass: vector at 200 L (Ash)."
    (member,) = network.members
    assert (member.outcome, member.partner) == (Outcome.CONDITIONAL, "A")
    ((_, rule),) = network.let_pass
    assert rule.override == accepted
    assert rule.reason.endswith("Let pass by Mo (owner) on 15 January 2026: Pilot batches only.")
