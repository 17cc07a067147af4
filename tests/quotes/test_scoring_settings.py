"""Caution and least coverage belong to the project: set on the brief, counted and shown wherever it is ranked."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from partners.scoring.types import Group
from quotes import ranking as module
from quotes.models import Project
from quotes.ranking import networks_of, rank_project, runway_of
from quotes.reports.changes import changes_between
from quotes.reports.snapshot import build_snapshot
from tests.quotes.reports import scenario

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(db):
    return scenario.scene()


def set_to(project, caution, min_coverage):
    project.caution, project.min_coverage = Decimal(caution), min_coverage
    project.save()
    return rank_project(project)


def test_caution_takes_scores_to_the_lower_end_on_page_api_snapshot_runway_and_networks(client, scene):
    project, user = scene.project, scene.user
    client.force_login(user)
    neutral, before = rank_project(project), networks_of(project)
    first = build_snapshot(project=project, ranking=neutral, requester=user, include_prices=True)
    careful = set_to(project, "1", 60)
    ranked = careful.group(Group.RANKED)
    assert [r.point for r in ranked] == pytest.approx([r.low for r in ranked])
    assert {r.partner_id for r in ranked} == {r.partner_id for r in neutral.group(Group.RANKED)}
    assert runway_of(project).now == careful
    assert [n.point for n in networks_of(project).networks] == pytest.approx(
        [n.low for n in networks_of(project).networks]
    )
    assert before.networks[0].point > before.networks[0].low
    page = client.get(reverse("quotes:ranking", args=[project.pk])).content.decode()
    assert "lowered by this project’s caution of 1 (1 is the lowest end)" in page
    told = client.get(reverse("api:project-ranking", args=[project.pk])).json()
    assert (told["caution"], told["min_coverage"]) == (1, 60)
    assert told["ranked"][0]["point"] == pytest.approx(ranked[0].low)
    second = build_snapshot(project=project, ranking=careful, requester=user, include_prices=True)
    assert second["engine"] == {"version": careful.engine_version, "caution": 1, "min_coverage": 60}
    assert "Caution setting" in str(list(changes_between(first, second)))


def test_the_least_coverage_moves_partners_between_the_groups_in_a_large_catalogue_too(scene, monkeypatch):
    everybody = {
        r.partner_id for r in set_to(scene.project, "0", 0).results if r.group is not Group.KNOCKED_OUT
    }
    nobody = set_to(scene.project, "0.5", 100)
    assert not nobody.group(Group.RANKED)
    assert {r.partner_id for r in nobody.group(Group.INSUFFICIENT)} == everybody
    some = set_to(scene.project, "0.5", 50)
    monkeypatch.setattr(module, "WHOLE", 2)
    module._kept.clear()
    large = rank_project(scene.project)
    assert (large.results, large.caution, large.min_coverage) == (some.results, 0.5, 50)


def test_settings_are_kept_when_emptied_and_refused_beside_their_field(client, scene):
    project = scene.project
    client.force_login(scene.user)
    step = reverse("quotes:project_step", args=[project.pk, "stage"])
    form = client.get(step).context["form"]
    sent = {b.html_name: b.value() for b in form if b.value() not in (None, False, "")}
    assert (sent["caution"], sent["min_coverage"]) == ("0", 60)
    bad = client.post(step, sent | {"caution": "1.5", "min_coverage": "120"})
    assert {name: list(bad.context["form"].errors[name]) for name in ("caution", "min_coverage")} == {
        "caution": ["Enter a number from 0 (the middle) to 1 (the lowest end)."],
        "min_coverage": ["Enter a share from 0 to 100 %."],
    }
    client.post(step, sent | {"caution": "0.25", "min_coverage": ""})
    project.refresh_from_db()
    assert (project.caution, project.min_coverage) == (Decimal("0.25"), 60)
    for broken in ({"caution": Decimal("1.01")}, {"min_coverage": 101}):
        with pytest.raises(IntegrityError, match="project_scoring_settings_sound"), transaction.atomic():
            Project.objects.filter(pk=project.pk).update(**broken)
