"""The ranking in the API says what the pages say, to those who may read them."""

import re
from html import unescape

import pytest
from django.urls import reverse

from cmo_selector.accounts.roles import Role
from partners.scoring.types import CRITERIA, Group
from quotes.api_schemas import RankingAnswer
from quotes.ranking import rank_project
from quotes.reports.snapshot import build_snapshot
from quotes.robustness import firmness_of
from quotes.robustness_page import verdict_sentence
from quotes.services import evaluation as services
from tests.factories.accounts import MembershipFactory
from tests.factories.partners import OrganisationFactory
from tests.factories.quotes import ProjectFactory, WhatIfScenarioFactory
from tests.quotes.reports import scenario

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(db):
    return scenario.scene()


def ask(client, project, **query):
    return client.get(reverse("api:project-ranking", args=[project.pk]), query)


def test_the_answer_holds_the_figures_of_the_pages(client, scene):
    client.force_login(scene.user)
    body = ask(client, scene.project).json()
    ranking = rank_project(scene.project)
    for group in Group:
        assert [row["slug"] for row in body[group.value]] == [r.slug for r in ranking.group(group)]
    assert [row["point"] for row in body["ranked"]] == pytest.approx(
        [r.point for r in ranking.group(Group.RANKED)]
    )
    firm = firmness_of(ranking)
    assert body["robustness"]["sentence"] == verdict_sentence(firm)
    assert [row["first"] for row in body["robustness"]["near"]] == [
        s.first for s in firm.found.near.standings
    ]
    assert {"cross_check", "value", "profiles", "questions"} <= set(body)


def test_other_weights_are_tried_and_bad_ones_refused(client, scene):
    client.force_login(scene.user)
    tried = ask(client, scene.project, **{c.lower(): "1" for c in CRITERIA}).json()
    assert tried["weights"] == dict.fromkeys(CRITERIA, 10)
    refused = ask(client, scene.project, c1="-4")
    assert refused.status_code == 422
    assert "The weight of C1 Technical and modality fit is negative" in refused.json()["error"]["message"]


def test_a_project_without_needs_cannot_be_ranked(client):
    manager = MembershipFactory(role=Role.MANAGER.value)
    client.force_login(manager.user)
    project = ProjectFactory(sponsor=manager.sponsor)
    slug = OrganisationFactory().slug
    assert ask(client, project).status_code == 409
    for name, args in (("ranking-partner", [slug]), ("networks", []), ("runway", [])):
        told = client.get(reverse(f"api:project-{name}", args=[project.pk, *args]))
        assert told.status_code == 409, name


def test_an_evaluator_gets_no_prices(client, scene):
    client.force_login(MembershipFactory(sponsor=scene.project.sponsor, role=Role.EVALUATOR.value).user)
    answer = ask(client, scene.project)
    assert answer.status_code == 200
    assert "USD" not in answer.content.decode()
    slug = answer.json()["ranked"][0]["slug"]
    for name, args in (("ranking-partner", [slug]), ("networks", []), ("runway", [])):
        told = client.get(reverse(f"api:project-{name}", args=[scene.project.pk, *args]))
        text = told.content.decode().replace(
            "Liability cover: 10 million USD.", ""
        )  # an insurance is no price
        assert (told.status_code, "USD" in text) == (200, False), name


def shown(client, project, tab, **query):
    page = client.get(reverse(f"quotes:{tab}", args=[project.pk]), query).content.decode()
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))


def squeezed(text):
    return re.sub(r"\s+", " ", text)


def test_pages_api_and_report_say_the_same(client, scene):
    """Every part of the ranking's pages is in the API and frozen by the report, with the same figures and words."""
    project = scene.project
    WhatIfScenarioFactory(project=project, name="More fit", changes={"c1": "60", "c4": "10"})
    closed_evaluation(scene)
    client.force_login(scene.user)
    body = ask(client, project).json()
    frozen = build_snapshot(
        project=project, ranking=rank_project(project), requester=scene.user, include_prices=True
    )
    assert set(frozen["firmness"]) < set(RankingAnswer.model_fields)
    for part in (
        "robustness",
        "cross_check",
        "value",
        "profiles",
        "questions",
        "why",
        "evaluation",
        "scenarios",
    ):
        assert comparable(body[part]) == comparable(frozen["firmness"][part]), part
    assert [row["point"] for row in body["ranked"]] == pytest.approx(
        [row["point"] for row in frozen["ranked"]]
    )
    for part in ("networks", "runway"):
        told = client.get(reverse(f"api:project-{part}", args=[project.pk])).json()
        assert comparable(without_facts(told)) == comparable(without_facts(frozen[part])), part
        assert len(facts_in(told)) == len(facts_in(frozen[part])) > 0
        page = shown(client, project, part)
        rows = told["networks"] if part == "networks" else told["partners"]
        assert rows
        assert all(squeezed(row["sentence"]) in page for row in rows)
    # … and the pages say it
    assert squeezed(body["robustness"]["sentence"]) in shown(client, project, "ranking_robustness")
    assert squeezed(body["cross_check"]["sentence"]) in shown(client, project, "ranking_robustness")
    first = body["why"][0]
    why = shown(client, project, "ranking_why", a=first["above"], b=first["below"])
    assert squeezed(first["sentence"]) in why
    assert all(squeezed(text) in why for text in first["weights_that_would_turn_it"])
    questions = shown(client, project, "ranking_questions")
    assert all(squeezed(q["ask"]) in questions for q in body["questions"])
    kept = shown(client, project, "ranking_whatif", compare="kept")
    assert f"More fit: {body['scenarios'][0]['sentence']}" in kept
    overview = shown(client, project, "evaluation")
    for row in body["evaluation"]["partners"]:
        assert row["name"] in overview
        if row["total"] is not None:
            assert f"{row['total']:.1f}" in overview
    assert body["evaluation"]["voices"] == 1


def without_facts(value):
    if isinstance(value, dict):
        return {k: without_facts(v) for k, v in value.items() if k != "facts"}
    return [without_facts(v) for v in value] if isinstance(value, list) else value


def facts_in(value):
    if isinstance(value, dict):
        return [f for k, v in value.items() for f in (v if k == "facts" else facts_in(v))]
    return [f for v in value for f in facts_in(v)] if isinstance(value, list) else []


def test_a_partner_is_told_down_to_its_facts_as_on_its_page(client, scene):
    client.force_login(scene.user)
    first = rank_project(scene.project).results[0]
    told = client.get(reverse("api:project-ranking-partner", args=[scene.project.pk, first.slug])).json()
    page = client.get(reverse("quotes:ranking_partner", args=[scene.project.pk, first.slug])).content.decode()
    page = unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)))
    assert squeezed(told["summary"]) in page
    assert sum(c["contribution"] for c in told["criteria"]) == pytest.approx(told["point"], abs=1e-5)
    for criterion, found in zip(told["criteria"], first.criteria, strict=True):
        assert [m["reason"] for m in criterion["measures"]] == [s.reason for s in found.subs]
        assert all(squeezed(m["reason"]) in page for m in criterion["measures"])
    refs = {(f.kind, f.pk) for c in first.criteria for s in c.subs for f in s.facts}
    assert {(f["kind"], f["id"]) for c in told["criteria"] for f in facts_in(c)} == refs
    assert [n["reason"] for n in told["needs"]] == [r.reason for r in first.rules]
    missing = client.get(reverse("api:project-ranking-partner", args=[scene.project.pk, "nobody"]))
    assert missing.status_code == 404


def comparable(value):
    """Numbers as the report stores them: six places, whole ones without a point."""
    if isinstance(value, dict):
        return {k: comparable(v) for k, v in value.items()}
    if isinstance(value, list):
        return [comparable(v) for v in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return round(float(value), 6)
    if isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value):
        return round(float(value), 6)  # decimals are frozen as text
    return value.replace("+00:00", "Z") if isinstance(value, str) else value


def closed_evaluation(scene):
    services.start_evaluation(actor=scene.user, project=scene.project)
    partner = scene.project.shortlist.select_related("organisation").first().organisation
    services.save_scores(
        actor=scene.user,
        project=scene.project,
        organisation=partner,
        scores={code: (60 + i, "") for i, code in enumerate(CRITERIA)},
    )
    services.close_scoring(actor=scene.user, project=scene.project)


def test_two_partners_can_be_compared_and_strangers_are_named(client, scene):
    client.force_login(scene.user)
    ranked = rank_project(scene.project).group(Group.RANKED)
    body = ask(client, scene.project, a=ranked[1].slug, b=ranked[0].slug).json()
    assert [(w["above"], w["below"]) for w in body["why"]] == [(ranked[0].slug, ranked[1].slug)]
    refused = ask(client, scene.project, a="nobody")
    assert refused.status_code == 422
    assert "“nobody” is not a partner of this ranking" in refused.json()["error"]["message"]


def test_the_document_names_every_part_of_the_answer(client, scene):
    client.force_login(scene.user)
    document = client.get("/api/v1/openapi.json").json()
    answer = document["paths"]["/api/v1/projects/{project_id}/ranking"]["get"]["responses"]["200"]
    name = answer["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
    assert set(document["components"]["schemas"][name]["properties"]) == set(RankingAnswer.model_fields)


@pytest.mark.parametrize(("address", "more"), [("ranking", {"a", "b"}), ("ranking/partners/{slug}", set())])
def test_the_openapi_document_names_the_parameters_that_a_client_may_send(client, address, more):
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    (found,) = [path for path in paths if path.endswith(f"/{{project_id}}/{address}")]
    asked = {p["name"] for p in paths[found]["get"]["parameters"] if p["in"] == "query"}
    assert asked == {code.lower() for code in CRITERIA} | more


def test_a_tab_and_a_way_of_varying_weights_keep_the_focus_and_name_the_page(client, scene):
    client.force_login(scene.user)
    page = client.get(reverse("quotes:ranking_robustness", args=[scene.project.pk])).content.decode()
    assert "<title>How firm · Ranking · AAV-101 first GMP campaign" in " ".join(page.split())
    for mark in ("tab-list", "tab-robustness", "tab-questions", "space-near", "space-free"):
        assert page.count(f'id="{mark}"') == 1


def test_the_sentences_of_the_tabs_are_those_of_the_answer(client, scene):
    client.force_login(scene.user)
    said = ask(client, scene.project).json()
    for name, tab in (
        ("list", "ranking"),
        ("value", "ranking_value"),
        ("profiles", "ranking_profiles"),
        ("questions", "ranking_questions"),
    ):
        page = client.get(reverse(f"quotes:{tab}", args=[scene.project.pk]))
        assert said["sentences"][name] == page.context["headline"], name
    check = client.get(reverse("quotes:ranking_robustness", args=[scene.project.pk])).context["check"]
    assert [row["estimated"] for row in said["cross_check"]["rows"]] == [row.estimated for row in check.rows]
    assert [p["note"] for p in said["profiles"]] == [
        p["note"]
        for p in client.get(reverse("quotes:ranking_profiles", args=[scene.project.pk])).context["profiles"]
    ]
