"""Chart specs and their drawings: figures of the snapshot, no network, names as text."""

import json
import re

import pytest

from quotes.reports import charts
from quotes.reports.render import MAP_SIZE, TOPOLOGY, static_file

pytestmark = pytest.mark.django_db  # the session's snapshot needs the database to be set up

LABELS = {f"C{n}": f"Criterion {n}" for n in range(1, 11)}
HOSTILE = '</text><script>alert(1)</script> "x" & \u2028 שלום'


def row(name, rank=1, **more):
    contributions = dict.fromkeys(LABELS, 7.0)
    base = {"name": name, "rank": rank, "illustrative": False, "low": 60.0, "point": 70.0, "high": 80.0}
    return {**base, "contributions": contributions, **more}


def layer(spec, mark):
    return next(part for part in spec["layer"] if part["mark"]["type"] == mark)


def test_segments_follow_each_other_and_end_at_the_score(snapshot):
    spec = charts.contribution_spec(snapshot["ranked"], snapshot["weights"]["labels"], paper=True)
    bars = layer(spec, "bar")["data"]["values"]
    for place, ranked in enumerate(snapshot["ranked"]):
        own = [bar for bar in bars if bar["place"] == place]
        assert [bar["start"] for bar in own[1:]] == [bar["end"] for bar in own[:-1]]
        assert own[-1]["end"] == pytest.approx(ranked["point"], abs=0.01)


def test_two_partners_with_the_same_shortened_name_keep_two_bars():
    rows = [row("Same long name " * 6 + "A", 1), row("Same long name " * 6 + "B", 1)]
    bars = layer(charts.contribution_spec(rows, LABELS), "bar")["data"]["values"]
    assert {bar["place"] for bar in bars} == {0, 1}
    assert len({bar["partner"] for bar in bars}) == 1


def test_illustrative_partners_are_marked_on_the_axis():
    assert charts.bar_label(row("N" * 80, 3, illustrative=True)).startswith("3  NNN")
    assert charts.bar_label(row("N" * 80, 3, illustrative=True)).endswith("… (ill.)")


def test_screen_spec_leaves_text_colours_to_the_page():
    text = json.dumps(charts.contribution_spec([row("A")], LABELS)["config"])
    assert "labelColor" not in text
    assert charts.INK in json.dumps(charts.contribution_spec([row("A")], LABELS, paper=True)["config"])


def test_a_hostile_name_is_drawn_as_text():
    drawing = charts.svg(charts.contribution_spec([row(HOSTILE)], LABELS, paper=False))
    assert "<script" not in drawing
    assert "&lt;script&gt;" in drawing


def test_on_paper_a_name_that_runs_from_right_to_left_is_left_to_the_table():
    drawing = charts.svg(charts.contribution_spec([row(HOSTILE), row("Aspen", 2)], LABELS, paper=True))
    assert "1  named in the table" in drawing
    assert "2  Aspen" in drawing


def test_the_map_is_drawn_without_any_network():
    topology = json.loads(static_file(TOPOLOGY).read_text())
    markers = [charts.Marker(52.16, 4.5, "1", True), charts.Marker(42.36, -71.06, "2 · 3", False)]
    width, height = MAP_SIZE
    drawing = charts.svg(charts.sites_spec(markers, topology, width=width, height=height))
    assert "2 · 3" in drawing
    assert drawing.count("<path") > 150  # the countries are there
    assert not re.search(r"(href|src)=.(http|file)", drawing)


def test_a_spec_that_asks_for_an_address_gets_nothing():
    spec = {"data": {"url": "https://example.org/x.csv"}, "mark": "bar", "encoding": {"x": {"field": "a"}}}
    try:
        drawing = charts.svg(spec)
    except ValueError:
        return
    assert "example.org" not in drawing


def site(partner, latitude, longitude, lead=True):
    return {"partner_id": partner, "latitude": latitude, "longitude": longitude, "lead": lead}


def test_sites_close_together_share_a_dot_and_others_do_not():
    sites = [site(1, 42.36, -71.06), site(2, 42.37, -71.11), site(3, 34.7, 135.5), site(4, None, None)]
    markers = charts.cluster(sites, {1: "1", 2: "2", 3: "3", 4: "4"}, width=658, height=300)
    assert [(m.label, m.lead) for m in markers] == [("1 · 2", True), ("3", True)]


def test_a_crowd_in_one_place_is_counted():
    sites = [site(n, 47.5, 7.6) for n in range(1, 9)]
    (marker,) = charts.cluster(sites, {n: str(n) for n in range(1, 9)}, width=658, height=300)
    assert marker.label == "1 · 2 · 3 · 4 +4"


def test_a_label_stands_at_the_left_when_another_dot_is_in_its_way():
    oxford, lund = site(1, 51.75, -1.26), site(2, 55.7, 13.2)
    sites = [oxford, lund, site(3, 34.7, 135.5), site(4, 40.7, -74.0)]
    labels = {1: "2 · 8", 2: "1 · 7", 3: "6", 4: "3 · 4 · 5"}
    markers = charts.cluster(sites, labels, width=658, height=300)
    assert {m.label: m.left for m in markers} == {
        "2 · 8": True,
        "1 · 7": False,
        "6": False,
        "3 · 4 · 5": False,
    }


def test_between_two_dots_a_label_keeps_its_side():
    sites = [site(n, 50.0, longitude) for n, longitude in ((1, -20.0), (2, 0.0), (3, 20.0))]
    markers = charts.cluster(
        [*sites, site(4, 0, 170), site(5, 0, -170)],
        {1: "1" * 9, 2: "2" * 9, 3: "3", 4: "4", 5: "5"},
        width=658,
        height=300,
    )
    assert [m.left for m in markers] == [True, False, False, False, False]
