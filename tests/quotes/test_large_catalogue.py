"""A catalogue too large to work out in full: ranked from its columns; the first ones keep their places among all."""

import pytest
from django.urls import reverse

from cmo_selector.accounts.roles import Role
from partners.models import MetricValue, Organisation
from partners.scoring.types import Group
from quotes import ranking as module
from quotes.models import Project, ProjectWeights
from quotes.ranking import inputs_of, networks_of, rank_project, runway_of
from quotes.ranking_page import part_note
from quotes.reports.snapshot import build_snapshot
from quotes.selectors import partners_of_facts
from quotes.whatif import FactChange, Scenario, rank_scenario, with_leaders
from tests.factories.accounts import MembershipFactory
from tests.factories.partners import (
    CapabilityFactory,
    FacilityFactory,
    InspectionFactory,
    MetricFactory,
    MetricValueFactory,
    OrganisationFactory,
)
from tests.factories.quotes import (
    NeedFactory,
    ProjectFactory,
    ShortlistEntryFactory,
    WhatIfScenarioFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def member(db):
    return MembershipFactory(role=Role.MANAGER.value)


@pytest.fixture
def project(member):
    project = ProjectFactory(sponsor=member.sponsor)
    need = NeedFactory(project=project, modality=project.modality)
    metric = MetricFactory(code="otif_pct")
    for i, name in enumerate(["Acme", "Birch", "Cedar", "Delta", "Elm", "Fir"]):
        site = FacilityFactory(organisation=OrganisationFactory(name=name), name=f"{name} site")
        CapabilityFactory(
            facility=site,
            service=need.service,
            modality=project.modality,
            stage_from=1,
            stage_to=8,
            programmes=i,
        )
        MetricValueFactory(organisation=site.organisation, facility=site, metric=metric, number=70 + i)
    return project


@pytest.fixture
def large(monkeypatch):
    monkeypatch.setattr(module, "WHOLE", 2)
    monkeypatch.setattr(module, "FIRST", 2)
    module._kept.clear()


def standing(ranking):
    return {
        r.name: (
            r.group,
            r.rank,
            r.best_rank,
            r.worst_rank,
            r.separable_from_next,
            r.point,
            r.coverage,
            r.criteria,
        )
        for r in ranking.results
    }


def test_the_first_ones_and_the_shortlist_stand_where_they_stand_among_all(project, monkeypatch, request):
    everybody = rank_project(project)
    request.getfixturevalue("large")
    last = [r for r in everybody.results if r.group is everybody.results[0].group][-1]
    ShortlistEntryFactory(project=project, organisation=Organisation.objects.get(pk=last.partner_id))
    part = rank_project(project)
    whole, shown = standing(everybody), standing(part)
    assert last.name in shown
    assert len(shown) < len(whole)
    assert shown == {name: whole[name] for name in shown}
    assert {g: part.count(g) for g in Group} == {g: everybody.count(g) for g in Group}
    assert part.left_off == len(whole) - len(shown)
    out_of_sight = [r for r in everybody.results if r.name not in shown and r.best_rank == 1]
    assert part.hidden_rivals == len(out_of_sight)
    assert f"All {len(whole)} partners were checked" in part_note(part)
    assert not part_note(everybody)


def test_runway_and_what_if_count_everybody(project, request):
    given = inputs_of(project)
    turned = dict.fromkeys(given.weights, 0.0) | {"C1": 60.0, "C6": 40.0}
    change = FactChange("metricvalue", MetricValue.objects.get(number=70).pk, "number", 99.0)
    scenario = Scenario(facts=(change,))
    later, tried = standing(runway_of(project).later), standing(rank_scenario(given, scenario, turned))
    request.getfixturevalue("large")
    own = partners_of_facts([(change.kind, change.pk)])
    part = with_leaders(inputs_of(project, also=own), scenario, turned)
    shown = standing(rank_scenario(part, scenario, turned))
    assert 1 in {rank for _, rank, *_ in shown.values()}
    assert len(shown) < len(tried)
    assert shown == {name: tried[name] for name in shown}
    found = standing(runway_of(project).later)
    assert found == {name: later[name] for name in found}


def test_a_kept_scenario_has_its_own_first_one_on_page_and_in_the_api(project, large, client, member):
    """Nobody whom the other weights put first is among the first ones of the base."""
    client.force_login(member.user)
    own = {code.lower(): 100 if code == "C1" else 0 for code in project.weights.as_dict()}
    ProjectWeights.objects.filter(project=project).update(**own)
    Project.objects.filter(pk=project.pk).update(min_coverage=0)
    project.refresh_from_db()
    first = Organisation.objects.get(name="Acme")
    InspectionFactory(facility=first.facilities.get())
    assert first.name not in {r.name for r in rank_project(project).results}
    row = WhatIfScenarioFactory(
        project=project, name="Turned", changes=dict.fromkeys(own, "0") | {"c4": "100"}
    )
    (told,) = client.get(reverse("api:project-ranking", args=[project.pk])).json()["scenarios"]
    assert [(p["name"], p["rank"]) for p in told["places"] if p["rank"] == 1] == [(first.name, 1)]
    assert told["sentence"].endswith(f"first is now {first.name}.")
    page = client.get(reverse("quotes:ranking_whatif", args=[project.pk]), {"compare": "kept"})
    assert f"<strong>{row.name}:</strong> {told['sentence']}" in page.content.decode()


def test_another_weight_set_asks_the_database_for_no_facts(project, large, django_assert_num_queries):
    weights = project.weights.as_dict()
    other = weights | {"C1": weights["C6"], "C6": weights["C1"]}
    rank_project(project)
    with django_assert_num_queries(6) as asked:
        found = rank_project(project, weights=other)
    assert found.weights == other
    assert not [
        q for q in asked.captured_queries if "partners_capability" in q["sql"] or "metricvalue" in q["sql"]
    ]


def test_pages_report_and_api_show_the_counts_of_all_partners(project, large, client, member):
    client.force_login(member.user)
    everybody = {g: rank_project(project).count(g) for g in Group}
    page = client.get(reverse("quotes:ranking", args=[project.pk]))
    assert page.status_code == 200
    assert "All 6 partners were checked" in page.content.decode()
    told = client.get(reverse("api:project-ranking", args=[project.pk])).json()
    assert told["totals"] == {g.value: n for g, n in everybody.items()}
    ranking = rank_project(project)
    frozen = build_snapshot(project=project, ranking=ranking, requester=member.user, include_prices=True)
    assert [frozen["funnel"][g.value] for g in Group] == [everybody[g] for g in Group]
    for name in ("robustness", "why", "value", "profiles", "whatif", "questions"):
        shown = client.get(reverse(f"quotes:ranking_{name}", args=[project.pk]))
        assert shown.status_code == 200, name
    for name in ("networks", "runway"):
        assert client.get(reverse(f"quotes:{name}", args=[project.pk])).status_code == 200


def test_a_partner_out_of_sight_still_has_its_page(project, large, client, member):
    client.force_login(member.user)
    shown = {r.slug for r in rank_project(project).results}
    hidden = next(o for o in ["Acme", "Birch", "Cedar", "Delta", "Elm", "Fir"] if o.lower() not in shown)
    slug = Organisation.objects.get(name=hidden).slug
    page = client.get(reverse("quotes:ranking_partner", args=[project.pk, slug]))
    assert page.status_code == 200
    assert hidden in page.content.decode()


def test_networks_say_that_only_the_first_were_combined(project, large):
    assert "only the first" in networks_of(project).cut_off
    assert inputs_of(project).everybody is not None
