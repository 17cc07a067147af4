"""What a snapshot holds, what it leaves out, and that nothing is read after it."""

import dataclasses
import json

import pytest
from django.db import connection
from django.utils import timezone

from partners.scoring.types import CRITERIA, Group
from quotes.models import Report
from quotes.ranking import rank_project
from quotes.reports.canonical import canonical, snapshot_hash
from quotes.reports.context import report_context
from quotes.reports.render import MAP_SIZE
from quotes.reports.snapshot import (
    DETAILED,
    KNOCKED_OUT_ROWS,
    RANKED_ROWS,
    TOP_WITHOUT_SHORTLIST,
    TRACED,
    build_snapshot,
)
from quotes.services.shortlist import change_entry
from tests.factories.partners import (
    OrganisationFactory,
    RestrictedPartyEntryFactory,
    RestrictedPartyListFactory,
)
from tests.quotes.reports import scenario

pytestmark = pytest.mark.django_db


def take(scene, *, prices=True, ranking=None):
    ranking = ranking or rank_project(scene.project, as_of=scenario.TODAY)
    return build_snapshot(project=scene.project, ranking=ranking, requester=scene.user, include_prices=prices)


def test_snapshot_holds_the_figures_of_the_ranking(scene):
    ranking = rank_project(scene.project, as_of=scenario.TODAY)
    snapshot = take(scene, ranking=ranking)
    by_id = {r.partner_id: r for r in ranking.results}
    assert [row["partner_id"] for row in snapshot["ranked"]] == [
        r.partner_id for r in ranking.group(Group.RANKED)
    ]
    for row in snapshot["ranked"]:
        result = by_id[row["partner_id"]]
        for name in ("low", "point", "high", "coverage"):
            assert row[name] == pytest.approx(getattr(result, name), abs=1e-6)
        assert (row["rank"], row["best_rank"], row["worst_rank"]) == (
            result.rank,
            result.best_rank,
            result.worst_rank,
        )
        assert set(row["contributions"]) == set(CRITERIA)
        assert sum(row["contributions"].values()) == pytest.approx(row["point"], abs=1e-4)


def test_funnel_counts_every_partner_once(scene):
    funnel = take(scene)["funnel"]
    assert funnel == {
        "catalogue": 14,
        "assessed": 14,
        "passed_musts": 10,
        "ranked": 8,
        "insufficient": 2,
        "knocked_out": 4,
        "shortlisted": 3,
    }


def test_every_failed_must_is_kept_with_its_reason_and_what_it_rests_on(scene):
    fallen = {row["name"]: row["fails"] for row in take(scene)["knocked_out"]}
    (late,) = fallen["Kestrel Therapeutics Manufacturing"]
    assert {(fact["kind"], fact["source"], fact["as_of"]) for fact in late["facts"]} == {
        ("capacityslot", "Test source", "2025-09-01")
    }
    assert len(fallen["Sablon Vector Lab"]) == 2
    assert all(fail["label"] and fail["reason"] for fails in fallen.values() for fail in fails)


def used_facts(details) -> set[str]:
    return {
        key
        for detail in details
        for part in [*detail["rules"], *(sub for c in detail["criteria"] for sub in c["subs"])]
        for key in part["facts"]
    }


def test_shortlisted_partners_are_shown_in_full_with_facts_sources_and_dates(scene):
    snapshot = take(scene)
    assert [snapshot["details"][key]["name"] for key in snapshot["detail_order"]] == [
        "Halden Vector Works",
        "Calder Bay Biologics",
        "Northmoor Gene Manufacturing",
    ]
    ranked = {str(row["partner_id"]) for row in snapshot["ranked"]}
    assert set(snapshot["details"]) == ranked | set(snapshot["detail_order"])
    used = used_facts(snapshot["details"].values())
    assert used == set(snapshot["facts"])
    printed = used_facts(snapshot["details"][key] for key in snapshot["detail_order"])
    assert printed < used
    assert all(fact["source"] and fact["as_of"] for fact in snapshot["facts"].values())
    assert snapshot["data"] == {"from": "2025-09-01", "to": "2025-09-01", "facts": len(printed)}


def test_without_a_shortlist_the_best_ranked_are_shown_in_full():
    snapshot = take(scenario.scene(with_shortlist=False))
    assert len(snapshot["details"]) == len(snapshot["ranked"]) > TOP_WITHOUT_SHORTLIST
    assert snapshot["detail_order"] == [
        str(row["partner_id"]) for row in snapshot["ranked"][:TOP_WITHOUT_SHORTLIST]
    ]


def test_same_facts_give_the_same_hash_and_the_database_keeps_it(scene):
    first, second = take(scene), take(scene)
    assert canonical(first) == canonical(second)
    report = Report.objects.create(
        project=scene.project,
        title=first["title"],
        snapshot=first,
        snapshot_hash=snapshot_hash(first),
        engine_version="1",
        requested_by=scene.user,
    )
    stored = Report.objects.get(pk=report.pk)
    assert snapshot_hash(stored.snapshot) == stored.snapshot_hash


@pytest.mark.parametrize(
    "change",
    [
        lambda s: scenario.add_needs(s.project)[0],
        lambda s: s.project.shortlist.filter(position=1).update(comment="Changed"),
        lambda s: s.partners["halden"].facilities.update(city="Elsewhere"),
        lambda s: s.project.__class__.objects.filter(pk=s.project.pk).update(volumes="More"),
    ],
    ids=["need", "comment", "site", "brief"],
)
def test_a_changed_input_changes_the_hash(scene, change):
    before = snapshot_hash(take(scene))
    change(scene)
    scene.project.refresh_from_db()
    assert snapshot_hash(take(scene)) != before


def test_prices_are_left_out_for_a_role_that_does_not_see_them(scene):
    scene.project.needs.filter(rule="minimum_project").update(note="The board gives 7,300,000 at most.")
    with_prices, without = (canonical(take(scene, prices=prices)).decode() for prices in (True, False))
    for amount in (
        "7,300,000",
        "1,050,000",
        "850,000",
        "2,000,000",
        "6,000,000",
        "15,000,000",
        '"800000"',
        '"1800000"',
    ):
        assert amount in with_prices
        assert amount not in without
    assert json.loads(without)["prices_included"] is False


def test_who_set_the_status_of_a_shortlisted_partner_is_kept_with_the_day(scene):
    entry = scene.project.shortlist.order_by("position").first()
    before = take(scene)["shortlist"]
    change_entry(
        actor=scene.user, entry=entry, status="rfp_received", reason="", comment="", seen=entry.updated_at
    )
    after = take(scene)["shortlist"]
    assert [row["status_set"] for row in before] == [None] * len(before)
    assert after[0]["status_set"] == {"by": str(scene.user), "on": timezone.now().date().isoformat()}
    assert [row["status_set"] for row in after[1:]] == [None] * (len(after) - 1)


def test_nothing_is_read_from_the_database_after_the_snapshot(scene, django_assert_num_queries):
    snapshot = take(scene)
    with django_assert_num_queries(0):
        context = report_context(snapshot, snapshot_hash(snapshot), map_size=MAP_SIZE)
    assert len(context["dossiers"]) == 3


def test_the_number_of_queries_does_not_grow_with_the_shortlist(scene, django_assert_num_queries):
    ranking = rank_project(scene.project, as_of=scenario.TODAY)
    counts = []
    for keep in (3, 1):
        scene.project.shortlist.filter(position__gt=keep).delete()
        connection.force_debug_cursor = True
        start = len(connection.queries_log)
        take(scene, ranking=ranking)
        counts.append(len(connection.queries_log) - start)
        connection.force_debug_cursor = False
    assert counts[0] == counts[1] <= 49


def test_long_lists_are_bounded_and_say_how_many_there_are(scene):
    ranking = rank_project(scene.project, as_of=scenario.TODAY)
    (fallen, *_), (best, *_) = ranking.group(Group.KNOCKED_OUT), ranking.group(Group.RANKED)
    results = [dataclasses.replace(best, partner_id=10_000 + n, rank=n + 1) for n in range(40)]
    results += [dataclasses.replace(fallen, partner_id=20_000 + n) for n in range(72)]
    snapshot = take(scene, ranking=dataclasses.replace(ranking, results=tuple(results)))
    assert (len(snapshot["ranked"]), snapshot["funnel"]["ranked"]) == (RANKED_ROWS, 40)
    assert (len(snapshot["knocked_out"]), snapshot["funnel"]["knocked_out"]) == (KNOCKED_OUT_ROWS, 72)
    context = report_context(snapshot, "0" * 64, map_size=MAP_SIZE)
    assert (context["ranked_more"], context["knocked_out_more"]) == (15, 12)


def test_a_long_shortlist_keeps_every_comment_but_details_only_the_first(scene):
    more = [
        OrganisationFactory(name=f"Follower {n}", slug=f"follower-{n}", illustrative=True) for n in range(10)
    ]
    scene.project.shortlist.all().delete()
    scenario.shortlist(scene.project, scene.user, [*scene.partners.values(), *more])
    snapshot = take(scene)
    assert len(snapshot["shortlist"]) == 24
    assert len(snapshot["detail_order"]) == DETAILED
    assert len(snapshot["details"]) == len(snapshot["shortlist"]) <= TRACED
    assert report_context(snapshot, "0" * 64, map_size=MAP_SIZE)["markers"]


def test_a_shortlisted_partner_that_left_the_catalogue_stays_on_the_list(scene):
    gone = scene.partners["halden"]
    gone.active = False
    gone.save()
    snapshot = take(scene)
    assert snapshot["shortlist"][0]["name"] == "Halden Vector Works"
    assert snapshot["shortlist"][0]["group"] == ""
    assert str(gone.pk) not in snapshot["details"]


def test_restricted_lists_of_the_partners_shown_are_kept_with_date_and_effect(scene):
    entry = RestrictedPartyEntryFactory(
        organisation=scene.partners["calder"],
        list=RestrictedPartyListFactory(code="list-a", name="List A", illustrative=True),
    )
    (kept,) = take(scene)["restrictions"]
    assert kept == {
        "partner_id": entry.organisation_id,
        "partner": "Calder Bay Biologics",
        "illustrative": True,
        "list": "List A",
        "publisher": "",
        "name_on_list": "Calder Bay Biologics",
        "effective_from": "2025-01-01",
        "effective_until": None,
        "effect": "Federal money may not buy from parties on it.",
        "source": "Test source",
        "as_of": "2025-09-01",
    }


def test_a_project_with_little_filled_in_is_frozen_too(scene):
    project = scene.project
    for name in (
        "modality",
        "dosage_form",
        "scale_now",
        "scale_next",
        "need_date",
        "price_target",
        "price_limit",
    ):
        setattr(project, name, None)
    project.product = project.indication = project.description = project.volumes = project.price_basis = ""
    project.markets = []
    project.save()
    frozen = take(scene)["project"]
    assert (frozen["modality"], frozen["scale_now"], frozen["need_date"], frozen["markets"]) == (
        "",
        None,
        None,
        [],
    )
