"""The bridge to SMAA-2 and weight stability, its words, the cross-check and the efficient frontier."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partners.scoring.types import CRITERIA, Group
from partners.scoring.words import few
from quotes import robustness
from quotes.crosscheck import cross_check
from quotes.robustness import CODES, SPACES, duel, firmness_of
from quotes.robustness_page import flip_rows, heat_rows, nearest_flip, of_100, verdict_sentence
from quotes.value_page import value_page
from tests.quotes.rankings import EQUAL, ranking_of

CLEAR = {"Best": {"C1": 95, "C4": 90}, "Middle": {"C1": 60}, "Last": {"C4": 20}}
CLOSE = {"Ahead": {"C1": 80, "C2": 40}, "Behind": {"C1": 40, "C2": 78}}


def test_a_partner_better_on_everything_is_robust_whatever_the_weights():
    ranking = ranking_of(CLEAR)
    for space in SPACES:
        found = firmness_of(ranking, space=space)
        assert found.verdict == "robust"
        assert [s.first for s in found.view.standings] == [1, 0, 0]
        assert [found.ahead(place) for place in range(3)] == [1, 1, None]
    assert verdict_sentence(found) == (
        "The first place is robust. Best comes first in 100 of 100 weightings and scores above Middle in 100 of 100."
    )
    assert {row.words for row in flip_rows(found, CRITERIA)} == {
        "No weight of this criterion, from 0 to 100, changes the first place."
    }
    assert nearest_flip(found, CRITERIA) == (
        "No single weight, however far it moves, changes the first place."
    )


def test_two_that_differ_in_kind_say_what_flips_them():
    found = firmness_of(ranking_of(CLOSE))
    assert found.verdict in ("open", "leaning")
    rows = {row.stable.code: row for row in flip_rows(found, CRITERIA)}
    assert rows["C2"].words == f"Above {rows['C2'].stable.high:.1f} Behind is first."
    assert rows["C1"].words == f"Below {rows['C1'].stable.low:.1f} Behind is first."
    assert nearest_flip(found, CRITERIA).endswith("the other weights in proportion; then Behind comes first.")


@pytest.mark.parametrize("beyond", [0.01, 1.0])
def test_a_flip_really_changes_the_first_place(beyond):
    """Just beyond the end of each stretch the ranking itself puts the named partner first; inside it does not."""
    partners = {**CLOSE, "Third": {"C3": 70, "C1": 45}}
    found = firmness_of(ranking_of(partners))
    stable = found.found.stable
    ends = [(f, f.high, +1, found.by_id[f.above].name) for f in stable if f.above is not None]
    ends += [(f, f.low, -1, found.by_id[f.below].name) for f in stable if f.below is not None]
    assert ends
    for flip, end, way, name in ends:
        for step, first in [(way * beyond, name), (-way * beyond, "Ahead")]:
            weight = end + step
            if not 0 <= weight <= 100 or (first == "Ahead" and not flip.low < weight < flip.high):
                continue
            others = {c: w * (100 - weight) / (100 - flip.weight) for c, w in EQUAL.items()}
            ranking = ranking_of(partners, {**others, flip.code: weight})
            leaders = {r.name for r in ranking.results if r.rank == 1}
            if beyond == 1.0 and first == name:
                assert "Ahead" not in leaders
            else:
                assert leaders == {first}


def test_draws_of_unknown_facts_agree_with_a_plain_simulation():
    """One criterion of one partner is unknown: the share of first places is that of a direct count."""
    ranking = ranking_of({"Known": {"C1": 60}, "Silent": {"C1": (0.0, 100.0)}})
    found = firmness_of(ranking, space="free")
    rng = np.random.default_rng(5)
    weights = rng.dirichlet(np.ones(10), 40_000)
    silent = weights[:, 0] * rng.random(40_000) * 100
    expected = float(np.mean(weights[:, 0] * 60 > silent))
    assert found.standing(1).first == pytest.approx(expected, abs=0.015)


def test_the_same_ranking_gives_the_same_figures_and_fewer_draws_others():
    one, two = firmness_of(ranking_of(CLOSE)), firmness_of(ranking_of(CLOSE))
    assert one.found is two.found, "kept from the first time"
    robustness._answers = robustness._Answers()
    again = firmness_of(ranking_of(CLOSE))
    assert again.found is not one.found
    assert again.found == one.found
    fewer = firmness_of(ranking_of(CLOSE), draws=2_048)
    assert (one.found.draws, fewer.found.draws) == (10_000, 2_048)


def test_one_and_no_ranked_partner_have_words_of_their_own():
    only = firmness_of(ranking_of({"Alone": {}}))
    assert (only.verdict, flip_rows(only, CRITERIA), only.ahead(0)) == ("alone", [], None)
    assert verdict_sentence(only) == "Alone is the only ranked partner: no weighting puts another one first."
    nobody = firmness_of(ranking_of({}))
    assert (nobody.verdict, nobody.view.standings) == ("empty", ())
    assert verdict_sentence(nobody) == "No partner is ranked, so there is nothing to shake."
    assert cross_check(ranking_of({"Alone": {}})) is None


def test_equal_partners_share_the_places():
    found = firmness_of(ranking_of({"A": {}, "B": {}}))
    assert [s.first for s in found.view.standings] == [1, 1]
    assert found.verdict == "open"
    assert found.ahead(0) == 0


def test_a_long_list_shows_its_first_partners_and_lets_all_take_part():
    ranking = ranking_of({f"P{i:03}": {"C1": i} for i in range(40)})
    firm = firmness_of(ranking, draws=256)
    rows = heat_rows(firm, ranking.weights, CRITERIA)
    assert (len(rows), len(rows[0].cells), len(firm.view.standings)) == (15, 15, 40)
    assert rows[0].later == "–"
    assert firm.ahead(14) is None, "duels are worked out for the first ones"


def test_a_duel_is_won_lost_or_drawn():
    ranking = ranking_of({**CLEAR, "Twin": {"C1": 60}})
    best, middle, twin, _ = ranking.results
    assert duel(ranking, best, middle) == (1, 0)
    assert duel(ranking, middle, best, space="free") == (0, 1)
    assert duel(ranking, middle, twin) == (0, 0)
    assert duel(ranking, best, best) == (0, 0)


def test_an_unknown_way_of_varying_weights_is_refused():
    with pytest.raises(ValueError, match="near, free; not as “wild”"):
        firmness_of(ranking_of(CLOSE), space="wild")


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=10, max_size=10),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from(sorted(SPACES)),
)
def test_shares_are_shares_and_ranges_are_in_order(rows, space):
    partners = {
        f"P{i}": {code: (min(pair), max(pair)) for code, pair in zip(CODES, row, strict=True)}
        for i, row in enumerate(rows)
    }
    ranking = ranking_of(partners, min_coverage=0)
    found = firmness_of(ranking, space=space, draws=512)
    assert [s.partner_id for s in found.view.standings] == [r.partner_id for r in ranking.group(Group.RANKED)]
    for s in found.view.standings:
        assert sum(s.acceptability) == pytest.approx(1)
        assert 1 <= s.rank_low <= s.rank_median <= s.rank_high <= len(rows)
    for flip in found.found.stable:
        assert 0 <= flip.low <= flip.weight + 1e-9
        assert flip.weight <= flip.high + 1e-9 <= 100 + 2e-9
    assert len(heat_rows(found, ranking.weights, CRITERIA)) == len(rows)


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0, "0 of 100"),
        (0.001, "fewer than 1 of 100"),
        (0.634, "63 of 100"),
        (0.9999, "more than 99 of 100"),
        (1, "100 of 100"),
    ],
)
def test_natural_frequencies_never_round_to_certainty(share, words):
    assert of_100(share) == words


def test_the_cross_check_names_the_method_that_disagrees():
    """One excellent but very uneven partner leads the sum; VIKOR weighs its worst regret and prefers the even one."""
    uneven = {**dict.fromkeys(CODES, 100), "C1": 0, "C2": 20}
    even = dict.fromkeys(CODES, 80)
    weak = dict.fromkeys(CODES, 75)
    check = cross_check(ranking_of({"Uneven": uneven, "Even": even, "Weak": weak}))
    assert check.leaders == ("Uneven",)
    assert check.firsts[1] != ("Uneven",)
    assert "another partner first" in check.sentence
    assert all(row.estimated == 0 for row in check.rows)


def test_methods_that_agree_have_a_tau_of_one_and_unknown_cells_are_counted():
    check = cross_check(ranking_of({**CLEAR, "Vague": {"C9": (0.0, 40.0), "C1": 5}}))
    assert check.agreement == (1, 1, 1)
    assert check.sentence == "All four methods put the same partner first."
    assert {row.name: row.estimated for row in check.rows}["Vague"] == 1


def test_the_frontier_holds_exactly_the_partners_nobody_beats_on_both():
    page = value_page(
        ranking_of(
            {
                "Good": {"C1": 100, "C7": 20},
                "Cheap": {"C1": 10, "C7": 90},
                "Neither": {"C1": 9, "C7": 19},
                "Unpriced": {"C1": 99, "C7": (0.0, 100.0)},
            }
        )
    )
    assert {row.name: row.efficient for row in page.rows} == {"Good": True, "Cheap": True, "Neither": False}
    assert next(row.beaten_by for row in page.rows if row.name == "Neither") in ("Good", "Cheap")
    assert [row.name for row in page.unknown] == ["Unpriced"]
    assert "Good and Cheap are efficient" in page.sentence or "Cheap and Good are efficient" in page.sentence
    assert len(page.spec["layer"][0]["data"]["values"]) == 2


def test_without_a_known_price_there_is_no_picture():
    page = value_page(ranking_of({"A": {"C7": (0.0, 100.0)}}))
    assert (page.rows, page.spec) == ([], None)
    assert page.sentence == "No ranked partner has a known price yet."


def test_everybody_is_compared_on_benefit_and_cost_however_far_down_the_list():
    """The forty-first is cheaper than all before it: it is efficient, shown, and the best one is not the cheapest."""
    rows = {f"P{n:02}": {"C1": 100 - n, "C7": 20} for n in range(45)} | {"Cheap": {"C1": 30, "C7": 95}}
    page = value_page(ranking_of(rows, {**dict.fromkeys(EQUAL, 0.0), "C1": 90.0, "C7": 10.0}))
    assert [row.name for row in page.rows if row.efficient] == ["P00", "Cheap"]
    assert (len(page.rows), page.priced, page.unpriced) == (41, 46, 0)
    assert page.sentence.startswith("P00 and Cheap are efficient")
    assert {row.beaten_by for row in page.rows if not row.efficient} == {"P00"}
    unknown = value_page(ranking_of({f"P{n:02}": {"C7": (0.0, 100.0)} for n in range(50)}))
    assert (len(unknown.unknown), unknown.unpriced) == (40, 50)


def test_a_sentence_about_many_equal_partners_names_a_few_and_counts_the_rest():
    equal = ranking_of({f"P{n:02}": {} for n in range(60)})
    assert value_page(equal).sentence.startswith("P00, P01, P02, P03, P04 and 55 others are efficient")
    assert few(["A", "B"]) == "A and B"
    assert few(["A", "B", "C", "D"]) == "A, B, C and D"
    assert few("ABCDE") == "A, B, C and 2 others"
