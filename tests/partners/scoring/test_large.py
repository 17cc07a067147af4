"""A catalogue in columns says the same as the engine on the facts themselves, and stays small."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partners.scoring import default_weights, rank
from partners.scoring.columnar import Catalogue
from partners.scoring.large import rank_screened, screen
from partners.scoring.types import Group, Override
from tests.bench.catalogue import partners as generated
from tests.partners.scoring.builders import (
    TODAY,
    action,
    capability,
    certificate,
    inspection,
    metric,
    partner,
    restriction,
    site,
    slot,
)
from tests.partners.scoring.test_properties import PROJECT, partners

WEIGHTS = default_weights(4)
lists = st.lists(partners(), max_size=6)


@settings(max_examples=25, deadline=None)
@given(lists)
def test_every_partner_comes_back_as_it_went_in(facts):
    stored = Catalogue.build(facts)
    assert list(stored) == facts
    assert (len(stored), stored.sites) == (len(facts), sum(len(p.sites) for p in facts))


@settings(max_examples=25, deadline=None)
@given(lists, st.sampled_from([0.0, 40.0, 60.0]), st.sampled_from([0.0, 0.7]))
def test_the_ranking_is_that_of_the_facts(facts, least, caution):
    options = {"min_coverage": least, "caution": caution}
    stored = Catalogue.build(facts)
    large = rank_screened(stored, screen(stored, PROJECT), WEIGHTS, top=10, **options)
    small = rank(facts, PROJECT, WEIGHTS, **options)
    assert large.top == small.group(Group.RANKED)
    assert large.counts == {group: len(small.group(group)) for group in Group}
    by_id = {r.partner_id: r for r in small.results}
    for i, pk in enumerate(stored.arrays["partner_id"].tolist()):
        assert (large.low[i], large.point[i], large.high[i]) == (
            by_id[pk].low,
            by_id[pk].point,
            by_id[pk].high,
        )
        assert large.coverage[i] == by_id[pk].coverage


def full(i):
    facts = {
        "capabilities": [capability(scale_max=300.0 + i)],
        "certificates": [certificate()],
        "inspections": [inspection()],
        "slots": [slot(quantity=3.0, unit="batches-year")],
        "metrics": [metric("otif_pct", 70.0 + i % 25)],
    }
    return partner(
        site(f"Site {i}", country="DE", **facts), name=f"Partner {i:05d}", restrictions=(restriction(),)
    )


def test_saved_columns_are_mapped_and_say_the_same(tmp_path):
    facts = [full(i) for i in range(40)]
    Catalogue.build(facts).save(tmp_path / "one")
    mapped = Catalogue.load(tmp_path / "one")
    assert isinstance(mapped.arrays["blocks"], np.memmap)
    assert list(mapped) == facts


def test_columns_and_numbers_of_a_brief_take_at_most_four_hundred_bytes_a_site_though_no_two_are_alike():
    stored = Catalogue.build(generated(2_000))
    assert (stored.nbytes + screen(stored, PROJECT).nbytes) / stored.sites <= 400


def test_a_must_that_was_let_pass_counts_here_too():
    facts = [full(0), replace(full(1), sites=(replace(full(1).sites[0], actions=(action(),)),))]
    stored = Catalogue.build(facts)
    screened = screen(stored, PROJECT)
    why = {(facts[1].id, "no-open-action"): Override("Agreed with quality.", "A. Person", "owner", TODAY)}
    groups = [
        rank_screened(stored, screened, WEIGHTS, overrides=o, min_coverage=0).counts for o in (None, why)
    ]
    assert groups[1][Group.KNOCKED_OUT] == groups[0][Group.KNOCKED_OUT] - 1


def test_nobody_and_bad_weights():
    stored = Catalogue.build([])
    empty = rank_screened(stored, screen(stored, PROJECT), WEIGHTS)
    assert (empty.top, empty.counts[Group.RANKED], list(stored)) == ((), 0, [])
    with pytest.raises(ValueError, match="add up"):
        rank_screened(stored, screen(stored, PROJECT), {**WEIGHTS, "C1": 50.0})
