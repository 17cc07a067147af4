"""Corners of the ranking's forms: tried weights followed to a partner, odd numbers, scores withdrawn, needs changed."""

import re

import pytest
from django.urls import reverse

from cmo_selector.accounts.roles import Role
from cmo_selector.audit.models import AuditEvent
from partners.scoring.types import CRITERIA
from quotes.models import AgreedScore, EvaluationScore, MustOverride
from quotes.needs import NEED_FIELDS
from quotes.services.evaluation import (
    agree_score,
    close_scoring,
    reopen_scoring,
    save_scores,
    start_evaluation,
)
from quotes.services.projects import change_need, remove_need
from tests.factories.accounts import MembershipFactory
from tests.factories.partners import CapabilityFactory, FacilityFactory, OrganisationFactory
from tests.factories.quotes import NeedFactory, ProjectFactory, ShortlistEntryFactory

REASON = "The pilot batch is enough for now."


@pytest.fixture
def manager(db):
    return MembershipFactory(role=Role.MANAGER.value)


@pytest.fixture
def project(manager):
    return ProjectFactory(sponsor=manager.sponsor)


@pytest.fixture
def need(project):
    return NeedFactory(project=project)


@pytest.fixture
def partner(need):
    site = FacilityFactory(organisation=OrganisationFactory(name="Alpha", slug="alpha"))
    CapabilityFactory(facility=site, service=need.service)
    return site.organisation


def url(project, name, *more):
    return reverse(f"quotes:{name}", args=[project.pk, *more])


def text(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_a_partner_opened_while_weights_are_tried_shows_the_same_score(client, manager, project, partner):
    client.force_login(manager.user)
    tried = {"c1": "100"}
    row = client.get(url(project, "ranking"), tried).content.decode()
    link = re.search(r'href="([^"]*/alpha/[^"]*)"', row)[1].replace("&amp;", "&")
    assert link.endswith("?c1=100")
    page = client.get(link)
    assert page.context["ranking"].weights["C1"] == 100
    assert "These figures follow the weights being tried" in text(page)
    assert client.get(url(project, "ranking_partner", "alpha")).context["trial"] is False
    assert client.get(url(project, "ranking_partner", "alpha"), {"c1": "-1"}).status_code == 400


@pytest.mark.parametrize(
    ("name", "more", "query", "said"),
    [
        ("weight_method", ["swing"], {"C1": "1e-400"}, "Give the most important swing 100 points."),
        ("weight_method", ["swing"], {"C1": "1e999"}, "points run from 0 to 100"),
        ("weight_method", ["ranking"], {"C1": "0001" + "9" * 5000}, "the place must be a whole number"),
        ("ranking", [], {"c1": "1e-1000026", "c2": "1e-1000027"}, "is too small"),
        ("ranking", [], {"c1": "50", "space": "moon"}, "Another way of varying weights is shown"),
        ("ranking_why", [], {"a": "nobody"}, "is not a partner of this ranking"),
    ],
)
def test_odd_numbers_and_choices_get_a_sentence(client, manager, project, partner, name, more, query, said):
    client.force_login(manager.user)
    page = client.get(url(project, name, *more), query)
    assert page.status_code in (200, 400)
    assert said in text(page)


@pytest.fixture
def evaluated(manager, project, partner):
    ShortlistEntryFactory(project=project, organisation=partner)
    start_evaluation(actor=manager.user, project=project)
    save_scores(actor=manager.user, project=project, organisation=partner, scores={"C1": (70, "Good")})
    return project


def test_an_emptied_score_is_withdrawn_and_a_lone_comment_is_refused(client, manager, evaluated):
    client.force_login(manager.user)
    address = url(evaluated, "evaluation_score", "alpha")
    refused = client.post(address, {"C1": "70", "C2-comment": "Only words"})
    assert refused.status_code == 422
    assert "give points too, or clear the comment" in text(refused)
    assert "Only words" in refused.content.decode()
    assert client.post(address, {"C1": "", "C2": "40"}).status_code == 302
    assert list(EvaluationScore.objects.values_list("criterion", "points")) == [("C2", 40)]
    assert AuditEvent.objects.filter(verb="evaluation.scored").latest("pk").data["withdrawn"] == "C1"


def test_opening_scoring_again_takes_agreed_scores_back(manager, evaluated, partner):
    close_scoring(actor=manager.user, project=evaluated)
    agree_score(
        actor=manager.user,
        project=evaluated,
        organisation=partner,
        criterion="C1",
        points=60,
        reason=REASON,
    )
    reopen_scoring(actor=manager.user, project=evaluated, reason=REASON)
    assert not AgreedScore.objects.exists()
    told = AuditEvent.objects.get(verb="evaluation.reopened").data
    assert told == {"reason": REASON, "agreed_scores_taken_back": 1}


def test_what_was_let_pass_ends_when_the_need_becomes_another_one(manager, project, need, partner):
    row = MustOverride.objects.create(
        project=project,
        organisation=partner,
        need=need,
        reason=REASON,
        failed_because="Not offered",
        by=manager.user,
        role=Role.MANAGER.value,
    )
    values = {name: getattr(need, name) for name in NEED_FIELDS}
    change_need(actor=manager.user, need=need, values={**values, "note": "For the file"})
    row.refresh_from_db()
    assert row.lifted_at is None
    change_need(actor=manager.user, need=need, values={**values, "gmp": not need.gmp})
    row.refresh_from_db()
    assert (row.lifted_by, row.lifted_at is None) == (manager.user, False)
    assert AuditEvent.objects.get(verb="must_override.lifted").data["because"] == "the need was changed"
    remove_need(actor=manager.user, need=need)
    with pytest.raises(type(need).DoesNotExist):
        remove_need(actor=manager.user, need=need)


def test_the_note_of_a_price_need_is_not_shown_without_prices(client, manager, project, partner):
    NeedFactory(
        project=project, rule="minimum_project", quantity=6_000_000, note="Board cap is 6 M", service=None
    )
    evaluator = MembershipFactory(sponsor=manager.sponsor, role=Role.EVALUATOR.value)
    client.force_login(manager.user)
    assert "Board cap is 6 M" in text(client.get(url(project, "project")))
    client.force_login(evaluator.user)
    assert "Board cap" not in text(client.get(url(project, "project")))


def test_levels_kept_from_a_scenario_never_replace_a_change_made_meanwhile(client, manager, project, need):
    client.force_login(manager.user)
    page = client.get(url(project, "ranking_whatif"), {f"n.{need.pk}": "could"})
    seen = page.context["needs_version"]
    change_need(
        actor=manager.user,
        need=need,
        values={**{name: getattr(need, name) for name in NEED_FIELDS}, "level": "should"},
    )
    sent = {f"n.{need.pk}": "could", "needs": seen}
    kept = client.post(url(project, "whatif_keep"), sent, follow=True)
    assert "Nothing kept: somebody else changed the weights or a need" in text(kept)
    need.refresh_from_db()
    assert need.level == "should"
    assert set(CRITERIA) == set(project.weights.as_dict())
