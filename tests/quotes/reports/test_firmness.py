"""What a report freezes about how firm the order is, and that PDF, page and ranking say the same."""

import pytest

from partners.scoring.types import CRITERIA, Group
from quotes.ranking import rank_project
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
