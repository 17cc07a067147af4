"""Every family against a second, plain-loop reading of the conventions: ties, zero weights, constant columns."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from partners.scoring.problems import BadProblem, solve

FEW = settings(max_examples=60, deadline=None)
cells = st.integers(1, 6).map(float) | st.floats(0.5, 9).map(lambda v: round(v, 3))


@st.composite
def tables(draw, least=1):
    m, n = draw(st.integers(least, 5)), draw(st.integers(1, 4))
    matrix = [[draw(cells) for _ in range(n)] for _ in range(m)]
    if draw(st.booleans()):
        for row in matrix:  # a constant column
            row[0] = matrix[0][0]
    weights = [draw(st.integers(0, 5)) for _ in range(n)]
    assume(any(weights))
    types = [draw(st.sampled_from(["max", "min"])) for _ in range(n)]
    return {"matrix": matrix, "weights": weights, "types": types}


def shares(weights):
    return [w / sum(weights) for w in weights]


def ranked(scores, *, high=True, tolerance=1e-9):
    better = (lambda a, b: a > b + tolerance) if high else (lambda a, b: a < b - tolerance)
    return [1 + sum(better(other, mine) for other in scores) for mine in scores]


def columns(problem):
    return list(zip(*problem["matrix"], strict=True))


def normalised(problem, kind):
    result = []
    for column, sense in zip(columns(problem), problem["types"], strict=True):
        low, high, up = min(column), max(column), sense == "max"
        if kind == "none":
            values = [v if up else -v for v in column]
        elif kind == "minmax":
            values = [
                0.0 if high == low else ((v - low) if up else (high - v)) / (high - low) for v in column
            ]
        elif kind == "max_ratio":
            values = [v / high if up else low / v for v in column]
        elif kind == "sum_after_inverse":
            turned = [v if up else 1 / v for v in column]
            values = [v / sum(turned) for v in turned]
        else:
            values = [(v if up else -v) / math.sqrt(sum(c * c for c in column)) for v in column]
        result.append(values)
    return list(zip(*result, strict=True))


@FEW
@given(tables(), st.sampled_from(["none", "minmax", "max_ratio", "sum_after_inverse", "vector"]))
def test_weighted_sum(problem, kind):
    found = solve("wsm", {**problem, "normalization": kind})
    w = shares(problem["weights"])
    scores = [sum(a * b for a, b in zip(w, row, strict=True)) for row in normalised(problem, kind)]
    assert found["scores"] == pytest.approx(scores, abs=1e-9)
    assert found["ranks"] == ranked(scores)
    for row, score in zip(found["contributions"], scores, strict=True):
        assert sum(row) == pytest.approx(score, abs=1e-9)


@FEW
@given(tables())
def test_topsis(problem):
    w = shares(problem["weights"])
    weighted = [[a * b for a, b in zip(w, row, strict=True)] for row in normalised(problem, "vector")]
    best = [max(c) for c in zip(*weighted, strict=True)]
    worst = [min(c) for c in zip(*weighted, strict=True)]
    scores = []
    for row in weighted:
        plus, minus = math.dist(row, best), math.dist(row, worst)
        scores.append(1.0 if plus + minus == 0 else minus / (plus + minus))
    found = solve("topsis", problem)
    assert found["scores"] == pytest.approx(scores, abs=1e-9)
    assert found["ranks"] == ranked(scores)


@FEW
@given(tables(least=2), st.sampled_from([0, 0.3, 0.5, 1]))
def test_vikor(problem, v):
    w = shares(problem["weights"])
    terms = []
    for column, sense, weight in zip(columns(problem), problem["types"], w, strict=True):
        best, worst = (max(column), min(column)) if sense == "max" else (min(column), max(column))
        terms.append([0.0 if best == worst else weight * (best - x) / (best - worst) for x in column])
    rows = list(zip(*terms, strict=True))
    s, r = [sum(row) for row in rows], [max(row) for row in rows]

    def scaled(values):
        low, high = min(values), max(values)
        return [0.0 if high - low < 1e-9 else (x - low) / (high - low) for x in values]

    q = [v * a + (1 - v) * b for a, b in zip(scaled(s), scaled(r), strict=True)]
    found = solve("vikor", {**problem, "v": v})
    assert found["S"] == pytest.approx(s, abs=1e-9)
    assert found["R"] == pytest.approx(r, abs=1e-9)
    assert found["Q"] == pytest.approx(q, abs=1e-6)
    assert found["ranks"] == ranked(q, high=False)
    step, order = 1 / (len(q) - 1), sorted(range(len(q)), key=lambda i: (round(q[i], 9), i))
    gap = q[order[1]] - q[order[0]]
    assume(abs(gap - step) > 1e-6)
    assert found["acceptable_advantage"] is (gap >= step)
    first = order[0]
    assume(ranked(q, high=False).count(1) == 1)
    stable = s[first] <= min(s) + 1e-9 or r[first] <= min(r) + 1e-9
    assert found["acceptable_stability"] is stable
    if gap >= step:
        expected = [first] if stable else sorted(order[:2])
    else:
        expected = [i for i in range(len(q)) if q[i] - q[first] < step - 1e-9]
    assert found["compromise_set"] == expected


preferences = st.one_of(
    st.just({"type": "usual"}),
    st.builds(lambda q: {"type": "u_shape", "q": q}, st.integers(0, 3)),
    st.builds(lambda p: {"type": "v_shape", "p": p}, st.integers(1, 4)),
    st.builds(lambda q, d: {"type": "level", "q": q, "p": q + d}, st.integers(0, 2), st.integers(0, 2)),
    st.builds(lambda q, d: {"type": "linear", "q": q, "p": q + d}, st.integers(0, 2), st.integers(1, 3)),
    st.builds(lambda s: {"type": "gaussian", "s": s}, st.integers(1, 5)),
)


def preference(spec, d):
    kind = spec["type"]
    if d <= 1e-12:
        return 0.0
    if kind == "usual":
        return 1.0
    if kind == "u_shape":
        return float(d > spec["q"] + 1e-11)
    if kind == "v_shape":
        return min(1.0, d / spec["p"])
    if kind == "level":
        return 0.5 * (d > spec["q"] + 1e-11) + 0.5 * (d > spec["p"] + 1e-11)
    if kind == "linear":
        return min(1.0, max(0.0, (d - spec["q"]) / (spec["p"] - spec["q"])))
    return 1 - math.exp(-d * d / (2 * spec["s"] ** 2))


@FEW
@given(tables(), st.data())
def test_promethee(problem, data):
    n, m = len(problem["weights"]), len(problem["matrix"])
    specs = [data.draw(preferences) for _ in range(n)]
    w = shares(problem["weights"])
    signs = [1 if t == "max" else -1 for t in problem["types"]]
    pi = [
        [
            sum(
                w[j] * preference(specs[j], signs[j] * (problem["matrix"][a][j] - problem["matrix"][b][j]))
                for j in range(n)
            )
            for b in range(m)
        ]
        for a in range(m)
    ]
    total = [sum(pi[a][b] - pi[b][a] for b in range(m)) for a in range(m)]
    found = solve("promethee2", {**problem, "preference": specs})
    assert np.array(found["pi"]) == pytest.approx(np.array(pi), abs=1e-9)
    assert found["phi_sum"] == pytest.approx(total if m > 1 else [0.0], abs=1e-9)
    assert found["phi"] == pytest.approx([t / max(m - 1, 1) for t in total], abs=1e-9)
    assert found["ranks"] == ranked([t / max(m - 1, 1) for t in total])


@FEW
@given(st.integers(1, 6), st.data())
def test_ahp_against_the_general_eigensolver(n, data):
    said = st.sampled_from([1 / 9, 1 / 5, 1 / 3, 1 / 2, 1, 2, 3, 4, 7, 9])
    a = np.ones((n, n))
    for i in range(n):
        for j in range(i + 1, n):
            a[i, j] = data.draw(said)
            a[j, i] = 1 / a[i, j]
    values, vectors = np.linalg.eig(a)
    top = int(np.argmax(values.real))
    w = np.abs(vectors[:, top].real)
    found = solve("ahp", {"matrix": a.tolist()})
    assert found["weights"] == pytest.approx((w / w.sum()).tolist(), abs=1e-8)
    assert found["lambda_max"] == pytest.approx(float(values[top].real), abs=1e-7)
    ci = (values[top].real - n) / (n - 1) if n > 2 else 0.0
    assert found["CI"] == pytest.approx(float(ci), abs=1e-7)
    index = (0, 0, 0.58, 0.9, 1.12, 1.24)[n - 1]
    assert found["CR_saaty1980"] == pytest.approx(float(ci) / index if index else 0.0, abs=1e-6)


@FEW
@given(st.integers(2, 5), st.integers(1, 4), st.data())
def test_weight_stability_against_a_scan(m, n, data):
    values = [[data.draw(st.integers(0, 10)) / 10 for _ in range(n)] for _ in range(m)]
    points = [data.draw(st.integers(0, 5)) for _ in range(n)]
    assume(any(points))
    w = shares(points)
    found = solve("weight_stability", {"partial_values": values, "weights": points})
    scores = [sum(a * b for a, b in zip(w, row, strict=True)) for row in values]
    best = found["best"]
    assert scores[best] == pytest.approx(max(scores), abs=1e-9)
    for j, (low, high) in enumerate(found["intervals"]):
        assert low - 1e-9 <= w[j] <= high + 1e-9
        if n == 1:
            continue
        for t in np.linspace(0, 1, 41):
            rest = sum(w) - w[j]
            moved = [t if k == j else (w[k] / rest if rest > 0 else 1 / (n - 1)) * (1 - t) for k in range(n)]
            gaps = [sum(a * b for a, b in zip(moved, row, strict=True)) for row in values]
            stays = gaps[best] >= max(gaps) - 1e-9
            if low + 1e-6 < t < high - 1e-6:
                assert stays, (j, t)
            elif t < low - 1e-6 or t > high + 1e-6:
                assert not stays, (j, t)


@pytest.mark.parametrize(
    "space",
    [
        {"type": "uniform_simplex"},
        {"type": "ordinal", "order": [2, 0, 1]},
        {"type": "interval", "low": [0.1, 0.2, 0.0], "high": [0.5, 0.6, 0.7]},
        {"type": "fixed", "weights": [2, 1, 1]},
    ],
)
def test_smaa_against_rejection_sampling(space):
    values = np.array([[0.9, 0.1, 0.5], [0.4, 0.8, 0.3], [0.5, 0.5, 0.5], [0.5, 0.5, 0.5], [0.1, 0.1, 0.1]])
    rng = np.random.default_rng(3)
    w = rng.dirichlet(np.ones(3), 400_000)
    if space["type"] == "ordinal":
        a, b, c = space["order"]
        w = w[(w[:, a] >= w[:, b]) & (w[:, b] >= w[:, c])]
    elif space["type"] == "interval":
        w = w[((w >= space["low"]) & (w <= space["high"])).all(axis=1)]
    elif space["type"] == "fixed":
        w = np.array([[0.5, 0.25, 0.25]])
    scores = w @ values.T
    ranks = 1 + (scores[:, None, :] > scores[:, :, None] + 1e-12).sum(axis=2)
    acceptability = np.array([[(ranks[:, i] == r + 1).mean() for r in range(5)] for i in range(5)])
    wins = (scores[:, :, None] > scores[:, None, :] + 1e-12).mean(axis=0)
    found = solve("smaa", {"partial_values": values.tolist(), "weight_space": space})
    assert np.array(found["rank_acceptability"]) == pytest.approx(acceptability, abs=0.01)
    assert np.array(found["pairwise_winning"]) == pytest.approx(wins, abs=0.01)
    for i, central in enumerate(found["central_weights"]):
        won = w[ranks[:, i] == 1]
        if central[0] is None:
            assert len(won) < 0.01 * len(w)
        else:
            assert central == pytest.approx(won.mean(axis=0).tolist(), abs=0.012)


@FEW
@given(st.integers(2, 4), st.data())
def test_exact_winning_indices_of_two_criteria_are_lengths_of_the_weight_line(m, data):
    values = [[data.draw(st.integers(0, 10)) / 10 for _ in range(2)] for _ in range(m)]
    found = solve(
        "pairwise_winning_exact", {"partial_values": values, "weight_space": {"type": "uniform_simplex"}}
    )
    for i in range(m):
        for k in range(m):
            a, b = values[i][1] - values[k][1], values[i][0] - values[k][0]  # gap at w1 = 0 and at w1 = 1
            if (a > 0 and b >= 0) or (a >= 0 and b > 0):
                length = 1.0
            elif a <= 0 and b <= 0:
                length = 0.0
            else:
                root = a / (a - b)
                length = 1 - root if b > 0 else root
            assert found["pairwise_winning"][i][k] == pytest.approx(length, abs=1e-9)


@FEW
@given(st.lists(st.integers(1, 4), min_size=1, max_size=6), st.sampled_from(["roc", "rs"]))
def test_rank_weights_with_ties_share_the_positions_they_occupy(ranks, method):
    n = len(ranks)
    by_position = [
        sum(1 / k for k in range(i, n + 1)) / n if method == "roc" else 2 * (n + 1 - i) / (n * (n + 1))
        for i in range(1, n + 1)
    ]
    expected = []
    for mine in ranks:
        before, level = sum(r < mine for r in ranks), ranks.count(mine)
        expected.append(sum(by_position[before : before + level]) / level)
    assert solve("rank_weights", {"method": method, "ranks": ranks})["weights"] == pytest.approx(expected)
    plain = solve("rank_weights", {"method": method, "n": n})
    assert plain["weights"] == pytest.approx(by_position)
    assert sum(plain["weights"]) == pytest.approx(1)


@FEW
@given(tables(), st.data())
def test_intervals_hold_every_score_that_the_cells_allow(problem, data):
    low = problem["matrix"]
    high = [[v + data.draw(st.sampled_from([0, 0.5, 2])) for v in row] for row in low]
    found = solve("interval_wsm", {"low": low, "high": high, "weights": problem["weights"]})
    w = shares(problem["weights"])
    for i, (lows, highs) in enumerate(zip(low, high, strict=True)):
        least = sum(a * b for a, b in zip(w, lows, strict=True))
        most = sum(a * b for a, b in zip(w, highs, strict=True))
        assert (found["scores_low"][i], found["scores_high"][i]) == pytest.approx((least, most), abs=1e-9)
    for i, best in enumerate(found["best_ranks"]):
        assert best == 1 + sum(lo > found["scores_high"][i] + 1e-9 for lo in found["scores_low"])


def test_a_row_of_missing_cells_spans_the_whole_range_and_is_never_zero():
    function = {"type": "linear", "low": 0, "high": 10}
    found = solve(
        "mavt",
        {"matrix": [[None, None], [5, 5]], "weights": [1, 3], "value_functions": [function, function]},
    )
    assert (found["scores_low"], found["scores"], found["scores_high"]) == ([0, 0.5], [0.5, 0.5], [1, 0.5])
    assert found["completeness"] == [0, 1]
    assert found["best_ranks"] == [1, 1]


CONTRADICTIONS = [
    ({"type": "interval", "low": [0.6, 0.6, 0], "high": [1, 1, 1]}, "C1 ≥ 0.6, C2 ≥ 0.6"),
    ({"type": "interval", "low": [0, 0, 0], "high": [0.2, 0.2, 0.2]}, "C1 ≤ 0.2"),
    (
        {"type": "interval", "low": [0.5, 0, 0], "high": [0.4, 1, 1]},
        "C1 must be at least 0.5 and at most 0.4",
    ),
    ({"type": "ordinal", "order": [0, 1, 0]}, "named twice"),
    ({"type": "ordinal", "order": [0, 7]}, "order"),
    ({"type": "nonsense"}, "Unknown weight space"),
]


@pytest.mark.parametrize(("space", "words"), CONTRADICTIONS)
def test_contradictory_weight_constraints_are_named(space, words):
    with pytest.raises(BadProblem, match=words):
        solve("smaa", {"partial_values": [[0.1, 0.2, 0.3], [0.3, 0.2, 0.1]], "criteria": ["C1", "C2", "C3"],
                       "weight_space": space})  # fmt: skip


@FEW
@given(tables(least=2), st.randoms(use_true_random=False))
def test_the_order_of_the_alternatives_does_not_matter(problem, random):
    order = list(range(len(problem["matrix"])))
    random.shuffle(order)
    turned = {**problem, "matrix": [problem["matrix"][i] for i in order]}
    for family in ("wsm", "topsis", "promethee2", "vikor"):
        ranks, again = solve(family, problem)["ranks"], solve(family, turned)["ranks"]
        assert again == [ranks[i] for i in order], family
