"""Weights are approved as they were seen; other weights are approved by nobody; reports say who."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from cmo_selector.audit.models import AuditEvent
from partners.scoring.types import CRITERIA
from quotes.models import ProjectWeights
from quotes.reports.changes import changes_between
from quotes.services.approval import approve_weights
from quotes.services.projects import (
    WEIGHT_FIELDS,
    ProjectArchived,
    archive_project,
    change_weights,
    reset_weights,
    update_project,
)
from quotes.versions import StaleVersion, version_of
from tests.factories.accounts import MembershipFactory
from tests.quotes.reports import scenario

pytestmark = pytest.mark.django_db
OTHER = dict.fromkeys(CRITERIA, Decimal(10))


@pytest.fixture
def scene():
    return scenario.scene()


def version(project) -> str:
    return version_of(ProjectWeights.objects.get(project=project), WEIGHT_FIELDS)


def approve(scene, seen=None) -> bool:
    return approve_weights(actor=scene.user, project=scene.project, version=seen or version(scene.project))


def approved(project):
    row = ProjectWeights.objects.get(project=project)
    return row.approved_by, row.approved_at


def test_an_approval_names_who_gave_it_and_is_logged_once(scene):
    assert approve(scene)
    assert not approve(scene)
    assert approved(scene.project)[0] == scene.user
    (event,) = AuditEvent.objects.filter(verb="weights.approved")
    assert (event.actor, sum(event.data["weights"].values())) == (scene.user, 100)


def test_changed_weights_are_approved_by_nobody_and_the_same_ones_stay_approved(scene):
    weights = ProjectWeights.objects.get(project=scene.project)
    same = {code: getattr(weights, name) for code, name in ProjectWeights.FIELDS.items()}
    approve(scene)
    change_weights(actor=scene.user, project=scene.project, weights=same)
    assert approved(scene.project)[0] == scene.user
    change_weights(actor=scene.user, project=scene.project, weights=OTHER)
    assert approved(scene.project) == (None, None)
    approve(scene)
    reset_weights(actor=scene.user, project=scene.project)
    assert approved(scene.project) == (None, None)
    approve(scene)
    update_project(actor=scene.user, project=scene.project, values={"stage": 6})
    assert approved(scene.project) == (None, None), "weights that follow the stage are other weights"


def test_nobody_approves_weights_that_were_not_on_the_screen(scene):
    seen = version(scene.project)
    change_weights(actor=scene.user, project=scene.project, weights=OTHER)
    with pytest.raises(StaleVersion):
        approve(scene, seen)
    assert approved(scene.project) == (None, None)


def test_an_archived_project_is_not_approved(scene):
    archive_project(actor=scene.user, project=scene.project)
    with pytest.raises(ProjectArchived):
        approve(scene)


def test_the_database_takes_no_approval_without_who_and_when(scene):
    with pytest.raises(IntegrityError, match="weights_approved_by_somebody"), transaction.atomic():
        ProjectWeights.objects.update(approved_by=scene.user)


def test_the_overview_offers_it_to_whoever_may_edit_and_says_who_did(client, scene):
    page = reverse("quotes:project", args=[scene.project.pk])
    viewer = MembershipFactory(role="viewer", sponsor=scene.sponsor).user
    client.force_login(viewer)
    assert "Approve these weights" not in client.get(page).content.decode()
    client.force_login(scene.user)
    before = client.get(page)
    assert "Nobody has approved them yet; reports say so." in before.content.decode()
    address = reverse("quotes:weights_approve", args=[scene.project.pk])
    answer = client.post(address, {"version": before.context["weights_version"]}, follow=True)
    assert answer.redirect_chain == [(f"{page}#weights", 302)]
    html = answer.content.decode()
    assert "You approved these weights. Reports say so." in html
    assert f"Approved by {scene.user.name} on " in html
    assert "Approve these weights" not in html
    change_weights(actor=scene.user, project=scene.project, weights=OTHER)
    stale = client.post(address, {"version": before.context["weights_version"]}, follow=True)
    assert "The weights have changed since this page was opened." in stale.content.decode()
    assert client.post(address, follow=True).status_code == 200, "a form without its version is only stale"


def test_reports_say_who_approved_and_what_changed_says_so_too():
    def with_approval():
        made = scenario.scene()
        approve(made)
        made.project.weights.refresh_from_db()
        return made

    old, new = scenario.frozen(scenario.scene), scenario.frozen(with_approval)
    today = dt.datetime.now(dt.UTC).date()
    assert old["weights"]["approved"] is None
    assert new["weights"]["approved"] == {"by": "Sourcing manager", "on": today.isoformat()}
    (group,) = [group for group in changes_between(old, new) if group.title == "Weights"]
    assert [(row.what, row.before, row.after) for row in group.rows] == [
        ("Approval", "nobody yet", f"Sourcing manager on {today}")
    ]
    before_it_was_frozen = {**old, "weights": {k: v for k, v in old["weights"].items() if k != "approved"}}
    assert not [g for g in changes_between(before_it_was_frozen, new) if g.title == "Weights"]
