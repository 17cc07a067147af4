"""Hierarchies, missing cells, intervals and imprecise facts against plain loops; nonsense anywhere in a case."""

import copy
import json
import math
import random
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partners.scoring.aggregate import competition_ranks as plain_ranks
from partners.scoring.methods.ranks import best_first, competition_ranks
from partners.scoring.problems import BadProblem, solve

FEW = settings(max_examples=40, deadline=None)
CASES = json.loads((Path(__file__).parents[1] / "mcda_cases.json").read_text())["cases"]
SAID = [1 / 9, 1 / 5, 1 / 3, 1 / 2, 1, 2, 3, 5, 9]


@st.composite
def comparisons(draw, size):
    a = np.ones((size, size))
    for i in range(size):
        for j in range(i + 1, size):
            a[i, j] = draw(st.sampled_from(SAID))
            a[j, i] = 1 / a[i, j]
    return a.tolist()


@st.composite
def trees(draw, alternatives, depth):
    if depth == 0:
        return {"matrix": draw(comparisons(alternatives))}
    below = draw(st.lists(trees(alternatives, draw(st.integers(0, depth - 1))), min_size=1, max_size=3))
    return {"matrix": draw(comparisons(len(below))), "children": below}


def principal(matrix):
    values, vectors = np.linalg.eig(np.array(matrix))
    w = np.abs(vectors[:, int(np.argmax(values.real))].real)
    return w / w.sum()


def priorities(tree):
    own = principal(tree["matrix"])
    return own @ np.array([priorities(c) for c in tree["children"]]) if "children" in tree else own


@FEW
@given(st.integers(1, 4).flatmap(lambda n: trees(n, 3)))
def test_a_hierarchy_of_any_depth_multiplies_weights_down_the_tree(tree):
    found = solve("ahp_hierarchy", {"tree": tree})
    assert found["scores"] == pytest.approx(priorities(tree).tolist(), abs=1e-8)
    assert sum(n["global_weight"] for n in found["nodes"] if n["path"].count(".") == 0 and n["path"]) == (
        pytest.approx(1) if "children" in tree else 0
    )


def value(function, x):
    low, high = Fraction(function["low"]), Fraction(function["high"])
    y = (Fraction(x) - low) / (high - low)
    y = 1 - y if function["direction"] == "decreasing" else y
    return min(Fraction(1), max(Fraction(0), y)) if function["out_of_range"] == "clip" else y


functions = st.builds(
    lambda low, span, way, outside: {
        "type": "linear",
        "low": low,
        "high": low + span,
        "direction": way,
        "out_of_range": outside,
    },
    st.integers(-5, 5),
    st.integers(1, 9),
    st.sampled_from(["increasing", "decreasing"]),
    st.sampled_from(["clip", "extrapolate"]),
)
weights = st.lists(st.integers(0, 9), min_size=3, max_size=3).filter(any)


@FEW
@given(
    st.lists(st.lists(st.none() | st.integers(-9, 15), min_size=3, max_size=3), min_size=1, max_size=4),
    st.lists(functions, min_size=3, max_size=3),
    weights,
)
def test_missing_cells_span_the_value_functions_whole_range(matrix, curves, points):
    share = [Fraction(p, sum(points)) for p in points]
    found = solve("mavt", {"matrix": matrix, "value_functions": curves, "weights": points})

    def total(row, missing):
        cells = [missing if x is None else value(f, x) for f, x in zip(curves, row, strict=True)]
        return float(sum(w * v for w, v in zip(share, cells, strict=True)))

    low, high = ([total(row, Fraction(end)) for row in matrix] for end in (0, 1))
    if any(None in row for row in matrix):
        assert found["scores_low"] == pytest.approx(low, abs=1e-9)
        assert found["scores_high"] == pytest.approx(high, abs=1e-9)
        middle = [(a + b) / 2 for a, b in zip(low, high, strict=True)]
        assert found["scores"] == pytest.approx(middle, abs=1e-9)
    else:
        assert found["scores"] == pytest.approx(low, abs=1e-9)


@FEW
@given(
    st.lists(st.lists(st.integers(1, 9), min_size=3, max_size=3), min_size=1, max_size=4),
    st.sampled_from(["none", "minmax", "max_ratio"]),
    st.lists(st.sampled_from(["max", "min"]), min_size=3, max_size=3),
    weights,
    st.integers(0, 3),
)
def test_interval_tables_swap_their_ends_for_costs(low, kind, types, points, wide):
    high = [[v + (i + j) % (wide + 1) for j, v in enumerate(row)] for i, row in enumerate(low)]
    share = [p / sum(points) for p in points]

    def scaled(j, x):
        column_low, column_high = [r[j] for r in low], [r[j] for r in high]
        least, most = min(column_low), max(column_high)
        up = types[j] == "max"
        if kind == "none":
            return x if up else -x
        if kind == "minmax":
            return 0.0 if least == most else ((x - least) if up else (most - x)) / (most - least)
        return x / most if up else least / x

    ends = [
        [sorted((scaled(j, a), scaled(j, b))) for j, (a, b) in enumerate(zip(*rows, strict=True))]
        for rows in zip(low, high, strict=True)
    ]
    found = solve(
        "interval_wsm", {"low": low, "high": high, "types": types, "weights": points, "normalization": kind}
    )
    for name, end in (("scores_low", 0), ("scores_high", 1)):
        expected = [sum(w * e[end] for w, e in zip(share, row, strict=True)) for row in ends]
        assert found[name] == pytest.approx(expected, abs=1e-9), name


def test_imprecise_cells_and_tiers_of_weights_against_a_loop():
    rng = random.Random(11)  # noqa: S311
    cells = [
        [
            {"dist": "triangular", "low": 0, "mode": 0.3, "high": 1},
            {"dist": "uniform", "low": 0.2, "high": 0.9},
        ],
        [{"dist": "normal", "mu": 0.5, "sigma": 0.2}, None],
        [0.4, {"dist": "beta", "alpha": 3, "beta": 2}],
    ]
    ramp = {"type": "linear", "low": 0, "high": 1, "out_of_range": "clip"}

    def draw(spec):
        if spec is None or isinstance(spec, float):
            return rng.random() if spec is None else spec
        kind = spec["dist"]
        if kind == "triangular":
            return rng.triangular(spec["low"], spec["high"], spec["mode"])
        if kind == "uniform":
            return rng.uniform(spec["low"], spec["high"])
        x = rng.gauss(0.5, 0.2) if kind == "normal" else rng.betavariate(3, 2)
        return min(1.0, max(0.0, x))

    wins, draws = 0, 40_000
    for _ in range(draws):
        e = sorted((-math.log(1 - rng.random()) for _ in range(3)), reverse=True)
        if rng.random() < 0.5:  # the first two share a tier
            e[0], e[1] = e[1], e[0]
        scores = [sum(w * draw(column[i]) for w, column in zip(e, cells, strict=True)) for i in (0, 1)]
        wins += scores[0] > scores[1]
    found = solve(
        "smaa",
        {
            "measurements": cells,
            "value_functions": [ramp] * 3,
            "weight_space": {"type": "ordinal", "order": [[0, 1], 2]},
        },
    )
    assert found["pairwise_winning"][0][1] == pytest.approx(wins / draws, abs=0.012)


NONSENSE = (None, "x", -1, 0, 1e308, 1e-320, [], {}, [[]], True, [None], 10**400, -0.5)


def places(node, path=()):
    if path:
        yield path
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, below in items:
        yield from places(below, (*path, key))


@pytest.mark.parametrize("family", sorted({c["family"] for c in CASES}))
def test_nonsense_anywhere_in_a_case_is_a_sentence_or_a_finite_result(family):
    rng = random.Random(family)  # noqa: S311
    cases = [c["input"] for c in CASES if c["family"] == family and len(json.dumps(c["input"])) < 2500]
    for _ in range(60):
        spoiled = copy.deepcopy(rng.choice(cases))
        if family == "smaa":
            spoiled["draws"] = 100
        *way, last = rng.choice(list(places(spoiled)))
        node = spoiled
        for key in way:
            node = node[key]
        if rng.random() < 0.2:
            del node[last]
        else:
            node[last] = copy.deepcopy(rng.choice(NONSENSE))
        said = "."
        try:
            json.dumps(solve(family, spoiled), allow_nan=False)
        except BadProblem as error:
            said = str(error)
        assert said.endswith("."), (said, way, last)
        assert len(said) < 400


def shapes(rng, n):
    """Scores of many kinds: spread, rounded, with an outlier, crowded, nearly equal, in clumps."""
    s = rng.normal(50, 10, n)
    outlier, clumps = s.copy(), rng.integers(0, 3, n) + rng.random(n) * 1e-8
    outlier[0] = 1e9
    return s, s.round(1), outlier, 50 + s * 1e-10, np.full(n, 3.0), clumps


@pytest.mark.parametrize("n", [1, 2, 767, 768, 5_000])
def test_many_scores_are_ranked_as_the_plain_way_ranks_them(n):
    for scores in shapes(np.random.default_rng(n), n):
        order, placed = best_first(scores)
        assert np.array_equal(np.sort(order), np.arange(n))
        assert np.array_equal(placed, np.sort(scores)[::-1])
        assert np.all(np.diff(scores[order]) <= 0)
        assert np.array_equal(competition_ranks(scores), plain_ranks(scores))
        assert np.array_equal(competition_ranks(scores, lowest_first=True), plain_ranks(-scores))
