"""The first response and a change of weights at once: whoever comes second sees the other."""

import threading
from decimal import Decimal

import pytest
from django.db import connection

from partners.scoring.types import CRITERIA
from quotes.models import Evaluation, EvaluationScore, Project
from quotes.services.criteria_lock import CriteriaLocked
from quotes.services.evaluation import save_scores, start_evaluation
from quotes.services.projects import change_weights, update_project
from tests.factories.accounts import MembershipFactory
from tests.factories.partners import OrganisationFactory
from tests.factories.quotes import ProjectFactory, ShortlistEntryFactory

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*jobs):
    """Run the jobs in threads with a database connection each; returns what they raised."""
    raised = []

    def run(job):
        try:
            job()
        except Exception as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return raised


@pytest.fixture
def scene():
    owner = MembershipFactory()
    project = ProjectFactory(sponsor=owner.sponsor)
    partner = OrganisationFactory()
    ShortlistEntryFactory(project=project, organisation=partner)
    start_evaluation(actor=owner.user, project=project)
    return owner, project, partner


def test_the_frozen_weights_are_those_of_the_project_whoever_wins(scene):
    owner, project, partner = scene
    even = dict.fromkeys(CRITERIA, Decimal(10))
    raised = at_once(
        lambda: save_scores(actor=owner.user, project=project, organisation=partner, scores={"C1": (50, "")}),
        lambda: change_weights(actor=owner.user, project=project, weights=even),
    )
    assert [type(error) for error in raised] in ([], [CriteriaLocked])
    project.weights.refresh_from_db()
    row = Evaluation.objects.get()
    assert row.locked_at
    assert row.weights == project.weights.as_dict()
    assert (project.weights.c1 == 10) is (raised == [])


def test_a_change_of_stage_and_the_first_response_at_once_never_both_go_through_unseen(scene):
    owner, project, partner = scene
    before = project.weights.as_dict()
    raised = at_once(
        lambda: save_scores(actor=owner.user, project=project, organisation=partner, scores={"C1": (50, "")}),
        lambda: update_project(actor=owner.user, project=project, values={"stage": 6}),
    )
    assert [type(error) for error in raised] in ([], [CriteriaLocked])
    stored = Project.objects.select_related("weights").get(pk=project.pk)
    frozen = Evaluation.objects.get().weights
    assert frozen == stored.weights.as_dict()
    assert (stored.stage == 6, frozen != before) == ((raised == []),) * 2


def test_many_people_score_the_same_partner_at_once_and_nothing_is_lost(scene):
    _, project, partner = scene
    people = [MembershipFactory(sponsor=project.sponsor).user for _ in range(4)]
    scores = dict.fromkeys(CRITERIA, (60, ""))
    jobs = [
        lambda p=person: save_scores(actor=p, project=project, organisation=partner, scores=scores)
        for person in people * 2
    ]
    assert at_once(*jobs) == []
    assert EvaluationScore.objects.count() == 4 * len(CRITERIA)
