"""Group evaluation: scored alone, prices hidden, locked by the first response, agreed with a reason."""

import copy
import datetime as dt
import re
from decimal import Decimal

import pytest
from django.urls import reverse

from cmo_selector.accounts.roles import Role
from cmo_selector.audit.models import AuditEvent
from partners.enums import PriceBasis
from partners.scoring.types import CRITERIA
from quotes.brief import brief_for
from quotes.evaluation_page import results
from quotes.models import AgreedScore, Evaluation, EvaluationScore, Project
from quotes.ranking import Settings
from quotes.services.criteria_lock import CRITERIA_FIELDS, CriteriaLocked
from quotes.services.evaluation import save_scores, start_evaluation
from quotes.services.projects import (
    PROJECT_FIELDS,
    WEIGHT_FIELDS,
    add_need,
    change_weights,
    reset_weights,
    update_project,
)
from quotes.versions import version_of
from tests.factories.accounts import MembershipFactory
from tests.factories.partners import (
    DosageFormFactory,
    ModalityFactory,
    OrganisationFactory,
    ScaleUnitFactory,
)
from tests.factories.quotes import NeedFactory, ProjectFactory, ShortlistEntryFactory

REASON = "A new site came up and must be weighed."
ALL = dict.fromkeys(CRITERIA, 60)


@pytest.fixture
def manager(db):
    return MembershipFactory(role=Role.MANAGER.value)


@pytest.fixture
def evaluator(manager):
    return MembershipFactory(sponsor=manager.sponsor, role=Role.EVALUATOR.value)


@pytest.fixture
def project(manager):
    """Two shortlisted partners and a started evaluation."""
    project = ProjectFactory(sponsor=manager.sponsor)
    NeedFactory(project=project)
    for name in ("Alpha", "Beta"):
        partner = OrganisationFactory(name=name, slug=name.lower())
        ShortlistEntryFactory(project=project, organisation=partner)
    start_evaluation(actor=manager.user, project=project)
    return project


def score(project, membership, slug, points):
    partner = project.shortlist.get(organisation__slug=slug).organisation
    scores = {code: (value, "") for code, value in points.items()}
    save_scores(actor=membership.user, project=project, organisation=partner, scores=scores)


def url(project, name="evaluation", *more):
    return reverse(f"quotes:{name}", args=[project.pk, *more])


def text(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_the_first_response_locks_criteria_until_an_unlocking_with_a_reason(
    client, manager, evaluator, project
):
    weights = dict.fromkeys(CRITERIA, Decimal(10))
    change_weights(actor=manager.user, project=project, weights=weights)
    score(project, evaluator, "alpha", {"C1": 80})
    row = Evaluation.objects.get()
    assert row.locked_at
    assert row.weights == dict.fromkeys(CRITERIA, 10)
    for change in (
        lambda: change_weights(actor=manager.user, project=project, weights=weights),
        lambda: reset_weights(actor=manager.user, project=project),
        lambda: add_need(actor=manager.user, project=project, values={}),
    ):
        with pytest.raises(CriteriaLocked, match="locked since the first response"):
            change()
    client.force_login(manager.user)
    sent = {**{c.lower(): "10" for c in CRITERIA}, "version": "x"}
    assert "Criteria and weights are locked" in text(
        client.post(url(project, "ranking_weights"), sent, follow=True)
    )
    refused = text(client.post(url(project, "evaluation_unlock"), {"reason": "Too short"}, follow=True))
    assert "in at least 10 characters" in refused
    assert "You wrote: “Too short”" in refused
    client.post(url(project, "evaluation_unlock"), {"reason": REASON})
    assert AuditEvent.objects.get(verb="evaluation.unlocked").data == {"reason": REASON}
    reset_weights(actor=manager.user, project=project)
    score(project, evaluator, "alpha", {"C2": 40})
    row.refresh_from_db()
    assert row.locked_at, "the next response locks again"


def test_a_need_refused_by_the_lock_keeps_what_was_typed(client, manager, evaluator, project):
    need = project.needs.get()
    client.force_login(manager.user)
    edit = url(project, "need_edit", need.pk)
    form = client.get(edit).context["form"]
    shown = {bound.html_name: bound.value() for bound in form if bound.value() not in (None, False, "")}
    note = {"note": "Asked for by the safety officer"}
    score(project, evaluator, "alpha", {"C1": 80})
    bsl = {"rule": "biosafety", "level": "should", "quantity": "2"}
    refused = {edit: shown | {"rule": need.rule}, url(project, "need_add"): bsl}
    for address, typed in refused.items():
        page = client.post(address, typed | note)
        assert page.status_code == 409
        assert "Criteria and weights are locked since the first response" in text(page)
        assert note["note"] in page.content.decode()
    gone = client.post(url(project, "need_edit", 0), bsl | note)
    assert gone.status_code == 409
    assert "Somebody removed this need while you were editing it" in text(gone)
    assert note["note"] in gone.content.decode()
    removed = client.post(url(project, "need_delete", need.pk), follow=True)
    assert "Criteria and weights are locked" in text(removed)
    board = client.post(
        url(project, "need_add"), {"suggestion": "all"}, headers={"HX-Request": "true"}, follow=True
    )
    assert 'id="needs-board"' in board.content.decode()
    assert project.needs.get().note == need.note


OTHERWISE = {  # another value for every column of the brief
    "name": "Other",
    "profile": "clinical",
    "product": "AB-9",
    "indication": "Gout",
    "description": "Two steps",
    "stage": 6,
    "markets": ["EU", "US"],
    "scale_now": Decimal(200),
    "scale_next": Decimal(2000),
    "volumes": "Two batches",
    "need_date": dt.date(2031, 5, 1),
    "decide_by": dt.date(2027, 1, 22),
    "federal_funding": True,
    "price_basis": PriceBasis.values[0],
    "price_target": Decimal(1),
    "price_limit": Decimal(9),
    "currency": "EUR",
    "handover_months": Decimal(7),
    "handover_cost": Decimal(5),
    "transfer_months_low": Decimal(3),
    "transfer_months_high": Decimal(4),
    "transfer_cost": Decimal(6),
    "discount_facts": True,
    "caution": Decimal("0.5"),
    "min_coverage": 40,
}


def test_the_first_response_locks_every_column_that_is_scored_against_and_no_other(
    manager, evaluator, project
):
    others = {
        **OTHERWISE,
        "modality": ModalityFactory(code="other"),
        "dosage_form": DosageFormFactory(code="other"),
        "scale_unit": ScaleUnitFactory(code="other"),
    }
    assert set(others) == set(PROJECT_FIELDS)
    before, read = (brief_for(project), Settings.of(project)), set()
    for name, value in others.items():
        changed = copy.copy(project)
        setattr(changed, name, value)
        if (brief_for(changed), Settings.of(changed)) != before:
            read.add(name)
    assert read == CRITERIA_FIELDS
    score(project, evaluator, "alpha", {"C1": 80})
    for name in CRITERIA_FIELDS - {"scale_now", "scale_next"}:  # these two need a unit as well
        with pytest.raises(CriteriaLocked) as refused:
            update_project(actor=manager.user, project=project, values={name: others[name]})
        assert refused.value.fields == (name,)
    open_ones = {name: others[name] for name in set(others) - CRITERIA_FIELDS}
    done = update_project(actor=manager.user, project=project, values=open_ones | {"stage": project.stage})
    assert set(done.changed) == set(open_ones)


def test_a_brief_refused_by_the_lock_keeps_what_was_typed_and_says_who_can_unlock(
    client, manager, evaluator, project
):
    client.force_login(manager.user)
    step = url(project, "project_step", "stage")
    form = client.get(step).context["form"]
    shown = {bound.html_name: bound.value() for bound in form if bound.value() not in (None, False, "")}
    score(project, evaluator, "alpha", {"C1": 80})
    typed = {**shown, "stage": "6", "transfer_cost": "250000"}
    page = client.post(step, typed)
    assert page.status_code == 409
    assert "You, or another owner or manager, can unlock them on the page “Evaluation”" in text(page)
    assert page.context["form"].errors["stage"] == [f"Locked. Saved: {project.get_stage_display()}."]
    assert '<option value="6" selected>' in page.content.decode()
    assert 'value="250000"' in page.content.decode()
    assert client.post(step, {**typed, "stage": str(project.stage)}).status_code == 302
    row = Project.objects.get(pk=project.pk)
    assert (row.stage, row.transfer_cost) == (project.stage, 250000)
    for name, *more in (("project_step", "product"), ("project_step", "needs"), ("weights",)):
        assert "Criteria and weights are locked" in text(client.get(url(project, name, *more)))
    ranking = client.get(url(project, "ranking"))
    assert "other weights can be tried, not saved" in text(ranking)
    assert "Save weights" not in text(ranking)


def test_people_score_alone_and_evaluators_are_not_asked_about_prices(client, manager, evaluator, project):
    score(project, manager, "alpha", {"C1": 11, "C7": 22})
    client.force_login(evaluator.user)
    form = client.get(url(project, "evaluation_score", "alpha")).content.decode()
    assert 'name="C1"' in form
    assert 'name="C7"' not in form
    assert 'name="C8"' not in form
    assert 'value="11"' not in form
    overview = text(client.get(url(project)))
    assert "0 of 8" in overview
    assert "Results" not in overview
    sent = {"C1": "70", "C1-comment": "Two AAV suites", "C7": "99"}
    client.post(url(project, "evaluation_score", "alpha"), sent)
    rows = EvaluationScore.objects.filter(evaluator=evaluator.user).values_list(
        "criterion", "points", "comment"
    )
    assert list(rows) == [("C1", 70, "Two AAV suites")]
    assert "1 of 8" in text(client.get(url(project)))


@pytest.mark.parametrize("typed", ["-1", "101", "7.5", "good", "٣٣٣٣"])
def test_points_that_do_not_fit_are_named_and_stay(client, evaluator, project, typed):
    client.force_login(evaluator.user)
    response = client.post(url(project, "evaluation_score", "alpha"), {"C3": typed, "C1": "50"})
    assert response.status_code == 422
    assert "C3 Scale and capacity, now and next stage: points are whole numbers from 0 to 100" in text(
        response
    )
    assert f'name="C3" value="{typed}"' in response.content.decode()
    assert not EvaluationScore.objects.exists()


def test_once_closed_mean_spread_and_agreed_score_are_read(client, manager, evaluator, project):
    score(project, manager, "alpha", {**ALL, "C1": 90})
    score(project, evaluator, "alpha", {"C1": 50})
    score(project, manager, "beta", {"C1": 70})
    client.force_login(manager.user)
    early = client.get(url(project, "evaluation_agree", "alpha", "C1"), follow=True)
    assert "Close scoring first" in text(early)
    client.post(url(project, "evaluation_close"))
    alpha, beta = results(Evaluation.objects.get(), project, dict(CRITERIA))
    c1 = alpha.cells[0]
    assert (c1.mean, c1.low, c1.high, c1.deviation, c1.voices, c1.wide) == (70, 50, 90, 20, 2, True)
    weights = project.weights.as_dict()
    assert alpha.total == pytest.approx(60 + weights["C1"] * 10 / 100)
    assert (alpha.rank, beta.total, beta.rank) == (1, None, None)
    agree = url(project, "evaluation_agree", "alpha", "C1")
    refused = client.post(agree, {"points": "80", "reason": "ok"})
    assert (refused.status_code, "in at least 10 characters" in text(refused)) == (422, True)
    client.post(agree, {"points": "80", "reason": "The audit report settled it."})
    row = AgreedScore.objects.get()
    assert (row.points, row.by, row.reason) == (80, manager.user, "The audit report settled it.")
    late = client.post(agree, {"points": "20", "reason": "I had this page open.", "version": "none"})
    assert late.status_code == 422
    assert "kept 80 points: “The audit report settled it.”" in text(late)
    assert "I had this page open." in late.content.decode()
    assert AgreedScore.objects.get().points == 80
    assert results(Evaluation.objects.get(), project, dict(CRITERIA))[0].cells[0].counts == 80
    page = text(client.get(url(project)))
    assert "The audit report settled it." in page
    assert "apart" in page
    client.force_login(evaluator.user)
    late = client.post(url(project, "evaluation_score", "alpha"), {"C1": "10"})
    assert "Scoring is closed." in text(late)
    assert "80 agreed" in text(client.get(url(project)))


def test_an_evaluator_reads_agreed_points_for_cost_but_not_why(client, manager, evaluator, project):
    score(project, manager, "alpha", {"C7": 30})
    client.force_login(manager.user)
    client.post(url(project, "evaluation_close"))
    why = "Their offer is USD 4,000,000 too dear."
    client.post(url(project, "evaluation_agree", "alpha", "C7"), {"points": "20", "reason": why})
    assert why in text(client.get(url(project)))
    assert why in text(client.get(url(project, "shortlist")))
    client.force_login(evaluator.user)
    page = text(client.get(url(project)))
    assert "20 agreed" in page
    for shown in (page, text(client.get(url(project, "shortlist")))):
        assert "4,000,000" not in shown
        assert "Hidden: your role does not see prices." in shown


def test_nothing_is_closed_or_agreed_without_scores(client, manager, project):
    client.force_login(manager.user)
    assert "Nobody has scored yet" in text(client.post(url(project, "evaluation_close"), follow=True))
    score(project, manager, "alpha", {"C1": 1})
    client.post(url(project, "evaluation_close"))
    refused = client.post(url(project, "evaluation_agree", "beta", "C1"), {"points": "5", "reason": REASON})
    assert "Nobody has scored this criterion" in text(refused)
    assert client.get(url(project, "evaluation_agree", "beta", "C99")).status_code == 404
    client.post(url(project, "evaluation_reopen"), {"reason": REASON})
    assert Evaluation.objects.get().closed_at is None
    assert AuditEvent.objects.get(verb="evaluation.reopened").data == {"reason": REASON}


def test_without_a_shortlist_there_is_nobody_to_evaluate(client, manager):
    project = ProjectFactory(sponsor=manager.sponsor)
    client.force_login(manager.user)
    assert "Nobody to evaluate yet" in text(client.get(url(project)))
    refused = client.post(url(project, "evaluation_start"), follow=True)
    assert "Put the partners to evaluate on the shortlist first." in text(refused)
    assert not Evaluation.objects.exists()


@pytest.mark.parametrize("count", [1, 3])
def test_the_results_take_the_same_queries_for_one_and_for_three(
    client, manager, project, count, django_assert_num_queries
):
    for n in range(count):
        partner = OrganisationFactory(slug=f"p{n}")
        ShortlistEntryFactory(project=project, organisation=partner)
        score(project, manager, f"p{n}", ALL)
    Evaluation.objects.update(closed_at="2026-01-01T00:00Z")
    client.force_login(manager.user)
    client.get(url(project))
    with django_assert_num_queries(12):
        client.get(url(project))


@pytest.mark.parametrize("name", ["weights", "project_step"])
def test_weights_typed_while_criteria_are_locked_stay_with_the_reason(
    client, manager, evaluator, project, name
):
    score(project, evaluator, "alpha", {"C1": 80})
    client.force_login(manager.user)
    more = ["weights"] if name == "project_step" else []
    version = version_of(project.weights, WEIGHT_FIELDS)
    typed = {code.lower(): "10" for code in CRITERIA} | {"c1": "13", "c2": "7", "version": version}
    response = client.post(url(project, name, *more), typed)
    assert response.status_code == 409
    assert "locked since the first response" in text(response)
    assert re.search(r'name="c1"[^>]*value="13"|value="13"[^>]*name="c1"', response.content.decode())
    project.weights.refresh_from_db()
    assert project.weights.c1 != 13
