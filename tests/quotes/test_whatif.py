"""What if: scenarios in the address, what they change and what they never do."""

import dataclasses
import datetime as dt
import re

import pytest
from django.urls import reverse

from cmo_selector.accounts.roles import Role
from partners.models import Capability, CommercialTerms
from partners.scoring.types import CRITERIA, Group, Outcome
from quotes.models import Project
from quotes.ranking import inputs_of, rank_project
from quotes.whatif import BadScenario, Scenario, compare_rankings, rank_scenario, read_scenario, summary
from tests.factories.accounts import MembershipFactory
from tests.factories.partners import (
    CapabilityFactory,
    CommercialTermsFactory,
    FacilityFactory,
    InspectionFactory,
    ModalityFactory,
    OrganisationFactory,
    ScaleUnitFactory,
    ServiceFactory,
)
from tests.factories.quotes import NeedFactory, ProjectFactory

WEIGHTS = {code.lower(): "10" for code in CRITERIA}


@pytest.fixture
def manager(db):
    return MembershipFactory(role=Role.MANAGER.value)


@pytest.fixture
def project(manager) -> Project:
    """Small offers 100 L of the 200 L needed; Big is large enough and too dear for the minimum project."""
    aav, vectors, litres = (
        ModalityFactory(code="aav"),
        ServiceFactory(code="ds-viral-vector"),
        ScaleUnitFactory(code="l"),
    )
    project = ProjectFactory(sponsor=manager.sponsor, modality=aav, currency="USD")
    NeedFactory(project=project, service=vectors, modality=aav, quantity=200, unit=litres)
    NeedFactory(project=project, rule="minimum_project", quantity=6_000_000, same_site=False, service=None)
    for name, scale, minimum in (("Small", 100, 1_000_000), ("Big", 500, 15_000_000)):
        partner = OrganisationFactory(name=name, slug=name.lower())
        site = FacilityFactory(organisation=partner)
        CapabilityFactory(
            facility=site,
            service=vectors,
            modality=aav,
            scale_max=scale,
            scale_unit=litres,
            stage_from=1,
            stage_to=8,
        )
        InspectionFactory(facility=site, outcome="nai", ended_on=dt.date(2025, 3, 1))
        CommercialTermsFactory(organisation=partner, minimum_project=minimum, currency="USD")
    return project


def url(project, name="ranking_whatif"):
    return reverse(f"quotes:{name}", args=[project.pk])


def text(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def groups(ranking):
    return {r.name: r.group is Group.KNOCKED_OUT for r in ranking.results}


def scenario_of(project, query):
    given = inputs_of(project)
    return rank_scenario(given, read_scenario(query, prices=True), given.weights)


def test_no_change_gives_the_base(project):
    given = inputs_of(project)
    other = rank_scenario(given, Scenario(), given.weights)
    assert dataclasses.asdict(other) == dataclasses.asdict(rank_project(project))
    assert summary(compare_rankings(rank_project(project), other)) == "No partner changes its place."


def test_another_value_of_a_fact_lifts_the_knock_out_and_leaves_the_catalogue_alone(project):
    assert groups(rank_project(project)) == {"Small": True, "Big": True}
    row = Capability.objects.get(facility__organisation__slug="small")
    other = scenario_of(project, {f"f.capability.{row.pk}.scale_max": "250"})
    assert groups(other) == {"Small": False, "Big": True}
    rule = next(
        r for result in other.results if result.name == "Small" for r in result.rules if r.need_id.isdigit()
    )
    assert rule.facts[0].source.startswith("What-if, instead of:")
    row.refresh_from_db()
    assert row.scale_max == 100


def test_a_must_that_is_none_no_longer_knocks_out(project):
    need = project.needs.get(rule="minimum_project")
    for level in ("should", "off"):
        assert groups(scenario_of(project, {f"n.{need.pk}": level})) == {"Small": True, "Big": False}
    assert need.level == "must"


def test_facts_nobody_recorded_can_be_assumed(project):
    small, big = (OrganisationFactory._meta.model.objects.get(slug=s) for s in ("small", "big"))
    need = project.needs.get(rule="capability")
    assert groups(scenario_of(project, {f"a.{small.pk}.need.{need.pk}": "yes"}))["Small"] is False
    CommercialTerms.objects.filter(organisation=big).delete()
    assert groups(scenario_of(project, {}))["Big"] is False, "unknown knocks nobody out"
    assert groups(scenario_of(project, {f"a.{big.pk}.minimum": "20,000,000"}))["Big"] is True
    with pytest.raises(BadScenario, match="names no price basis"):
        scenario_of(project, {f"a.{big.pk}.price": "5"})
    project.price_basis, project.price_target, project.price_limit = "gmp_batch", 900_000, 2_000_000
    project.save()
    points = {
        r.name: r.criteria[6].point for r in scenario_of(project, {f"a.{big.pk}.price": "900000"}).results
    }
    assert points["Big"] == 100


def test_what_is_assumed_of_a_site_is_assumed_of_the_lead_site_in_kind_and_size(project):
    small = OrganisationFactory._meta.model.objects.get(slug="small")
    lead = small.facilities.get()
    FacilityFactory(organisation=small, name="Aa labs")  # first by name
    need = project.needs.get(rule="capability")
    slot = NeedFactory(
        project=project, rule="capacity", level="must", quantity=3, unit=need.unit, by=dt.date(2031, 1, 1)
    )
    query = {f"a.{small.pk}.need.{need.pk}": "yes", f"a.{small.pk}.slot": "2030-06-01"}
    found = next(r for r in scenario_of(project, query).results if r.name == "Small")
    assert found.lead_site == lead.name
    said = {r.need_id: (r.outcome, r.site) for r in found.rules}
    assert said[str(need.pk)] == said[str(slot.pk)] == (Outcome.PASS, lead.name)
    able = next(s for c in found.criteria for s in c.subs if s.code == "C9.sites")
    assert able.low < 100, "a second site able to do the work is not what was assumed"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"n.999999": "off"}, "This project has no need “999999”; it may have been removed."),
        ({"f.capability.999999.scale_max": "5"}, "There is no fact 999999 under “Processes and scale”"),
        ({"a.999999.minimum": "5"}, "There is no partner 999999 in the catalogue."),
        ({"a.PK.need.999999": "yes"}, "This project has no need “999999”"),
    ],
)
def test_what_is_not_there_is_named(client, manager, project, query, said):
    small = OrganisationFactory._meta.model.objects.get(slug="small")
    client.force_login(manager.user)
    response = client.get(url(project), {k.replace("PK", str(small.pk)): v for k, v in query.items()})
    assert response.status_code == 400
    assert said in text(response)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"n.1": "maybe"}, "A need can be must, should, could, off; not “maybe”."),
        (
            {"f.capability.1.name": "X"},
            "There is no fact called “capability.1.name” that can be changed here.",
        ),
        ({"f.organisation.1.name": "X"}, "There is no fact called"),
        ({"f.capability.1.scale_max": "much"}, "largest scale: “much” is not a number."),
        ({"f.capability.1.scale_max": "-1"}, "largest scale: A negative number cannot be used here."),
        ({"f.capability.1.scale_max": "1e99"}, "largest scale: “1e99” is not a number."),
        ({"f.capability.1.scale_max": "NaN"}, "largest scale: “NaN” is not a number."),
        ({"f.capability.1.scale_max": "1,250"}, "could be 1250 or 1.250. Write 1250, or 1.2500"),
        ({f"f.capability.{'1' * 5000}.scale_max": "1"}, "There is no fact called"),
        (
            {"f.capacityslot.1.starts_on": "soon"},
            "slot starts: “soon” is not a date. Write it as 2026-01-31.",
        ),
        ({"f.inspection.1.outcome": "fine"}, "outcome: choose one of nai, vai, oai, pending."),
        ({"a.x.slot": "2026-01-01"}, "does not name a partner"),
        ({"a.1.magic": "1"}, "“magic” cannot be assumed here."),
        ({f"n.{i}": "must" for i in range(41)}, "A scenario holds at most 40 changes."),
    ],
)
def test_changes_that_cannot_be_read_are_named(query, said):
    with pytest.raises(BadScenario, match=re.escape(said)):
        read_scenario(query, prices=True)


def test_the_page_shows_base_and_scenario_side_by_side_and_keeps_what_was_typed(client, manager, project):
    client.force_login(manager.user)
    row = Capability.objects.get(facility__organisation__slug="small")
    key = f"f.capability.{row.pk}.scale_max"
    response = client.get(url(project), {key: "250", "p": "small", **WEIGHTS})
    page = text(response)
    assert response.status_code == 200
    assert "Base and scenario" in page
    assert "knocked out" in page
    assert "Changed facts stay in this scenario" in page
    html = response.content.decode()
    assert re.search(rf'name="{re.escape(key)}" value="250"', html)
    elsewhere = client.get(url(project), {key: "250", "p": "big"}).content.decode()
    assert f'<input type="hidden" name="{key}" value="250">' in elsewhere, (
        "changes of another partner are kept"
    )


def test_a_bad_change_shows_the_base_with_the_reason(client, manager, project):
    client.force_login(manager.user)
    response = client.get(url(project), {"n.1": "maybe"})
    assert response.status_code == 400
    assert "A need can be must, should, could, off" in text(response)
    everything = {f"n.{need.pk}": "off" for need in project.needs.all()}
    assert "nothing to rank against" in text(client.get(url(project), everything))


def test_weights_and_levels_are_kept_through_the_project_and_facts_are_not(client, manager, project):
    client.force_login(manager.user)
    need = project.needs.get(rule="minimum_project")
    terms = CommercialTerms.objects.get(organisation__slug="big")
    fact = f"f.commercialterms.{terms.pk}.minimum_project"
    page = client.get(
        url(project), {f"n.{need.pk}": "should", fact: "1", **WEIGHTS, "c1": "30"}
    ).content.decode()
    form = page[page.index(url(project, "whatif_keep")) :]
    sent = dict(
        re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[: form.index("</form>")])
    )
    done = client.post(url(project, "whatif_keep"), sent)
    assert done.url == f"{url(project)}?{fact}=1"
    need.refresh_from_db()
    terms.refresh_from_db()
    project.weights.refresh_from_db()
    assert (need.level, need.quantity, project.weights.c1, terms.minimum_project) == (
        "should",
        6_000_000,
        25,
        15_000_000,
    )


def test_weights_changed_by_somebody_else_are_not_overwritten(client, manager, project):
    client.force_login(manager.user)
    need = project.needs.get(rule="minimum_project")
    sent = {**WEIGHTS, f"n.{need.pk}": "could", "version": "stale"}
    done = client.post(url(project, "whatif_keep"), sent, follow=True)
    assert "Nothing kept: somebody else changed the weights" in text(done)
    need.refresh_from_db()
    assert need.level == "must", "all or nothing"


def test_evaluators_neither_see_nor_change_prices(client, project):
    client.force_login(MembershipFactory(sponsor=project.sponsor, role=Role.EVALUATOR.value).user)
    page = client.get(url(project), {"p": "big"})
    assert page.status_code == 200
    assert "15,000,000" not in text(page)
    assert "6,000,000" not in text(page)
    assert "commercialterms" not in page.content.decode()
    terms = CommercialTerms.objects.get(organisation__slug="big")
    refused = client.get(url(project), {f"f.commercialterms.{terms.pk}.minimum_project": "1"})
    assert "Your role does not see prices" in text(refused)
    assert "Keep weights and needs" not in text(page)
