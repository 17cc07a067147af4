"""What a report freezes about how firm the order is, and that PDF, page and ranking say the same."""

import copy

import pytest

from partners.scoring.types import CRITERIA, Group
from quotes.ranking import rank_project
from quotes.reports import firmness_words
from quotes.reports.canonical import plain
from quotes.reports.firmness import frozen_firmness
from quotes.reports.firmness_words import firmness_rows
from quotes.reports.wording import caveats
from quotes.robustness import firmness_of
from quotes.robustness_page import of_100, verdict_sentence
from tests.quotes.reports import scenario

pytestmark = pytest.mark.django_db


def test_the_frozen_figures_are_those_of_the_ranking_page(scene):
    ranking = rank_project(scene.project, as_of=scenario.TODAY)
    frozen = frozen_firmness(scene.project, ranking, CRITERIA, include_prices=True)
    firm = firmness_of(ranking)
    robustness = frozen["robustness"]
    assert robustness["sentence"] == verdict_sentence(firm)
    assert robustness["seed"] == firm.found.seed
    assert [row["partner_id"] for row in robustness["near"]] == [
        r.partner_id for r in ranking.group(Group.RANKED)
    ]
    assert [row["first"] for row in robustness["near"]] == [s.first for s in firm.found.near.standings]
    assert [w["code"] for w in robustness["weights"]] == list(CRITERIA)
    assert frozen["cross_check"]["agreement"][0] == 1
    assert {row["partner_id"] for row in frozen["value"]} <= {
        r.partner_id for r in ranking.group(Group.RANKED)
    }
    assert plain(frozen) == plain(frozen_firmness(scene.project, ranking, CRITERIA, include_prices=True))


def test_without_prices_nothing_asks_for_one(scene):
    ranking = rank_project(scene.project, as_of=scenario.TODAY)
    asked = {
        prices: frozen_firmness(scene.project, ranking, CRITERIA, include_prices=prices)["questions"]
        for prices in (True, False)
    }
    assert not any("price" in q["ask"].lower() or "USD" in q["ask"] for q in asked[False])
    assert len(asked[False]) <= len(asked[True])


def test_the_report_says_how_firm_the_first_place_is(snapshot):
    rows = firmness_rows(snapshot)
    assert snapshot["firmness"]["robustness"]["sentence"] in caveats(snapshot)
    assert [row["first_words"] for row in rows["rows"]] == [
        of_100(row["first"]) for row in snapshot["firmness"]["robustness"]["near"][:5]
    ]


def test_an_older_snapshot_without_robustness_still_reads(snapshot):
    older = {key: value for key, value in snapshot.items() if key != "firmness"}
    assert firmness_rows(older) == {"rows": []}
    assert not any("first place" in text for text in caveats(older))


def test_the_picture_shows_how_often_each_partner_stands_at_each_rank(snapshot):
    told = firmness_rows(snapshot)
    frozen = snapshot["firmness"]["robustness"]["near"][: firmness_words.SHOWN]
    assert list(told["places"]) == list(range(1, 9))
    for row, source in zip(told["rows"], frozen, strict=True):
        shares = source["share_of_rank"][: firmness_words.PLACES]
        drawn = {int((float(bar["x"]) - 1) / firmness_words.BAR): bar for bar in row["bars"]}
        assert set(drawn) == {n for n, share in enumerate(shares) if share >= firmness_words.LEAST}
        for place, bar in drawn.items():
            assert float(bar["height"]) == pytest.approx(firmness_words.HEIGHT * shares[place], abs=0.006)
            assert float(bar["y"]) + float(bar["height"]) == pytest.approx(firmness_words.HEIGHT, abs=0.011)
            assert f"ank {place + 1} in {of_100(shares[place])}" in row["picture"]
    older = copy.deepcopy(snapshot)
    for row in older["firmness"]["robustness"]["near"]:
        del row["share_of_rank"]
    assert (list(firmness_rows(older)["places"]), firmness_rows(older)["rows"][0]["bars"]) == ([], [])
