"""The pages on networks and on the runway: what they say with facts, without, and without prices."""

import datetime as dt
import re

import pytest
from django.urls import reverse

from cmo_selector.accounts.roles import Role
from quotes.ranking import rank_project
from quotes.reports.snapshot import build_snapshot
from quotes.services.overrides import override_must
from tests.factories.accounts import MembershipFactory
from tests.factories.partners import (
    CapabilityFactory,
    CommercialTermsFactory,
    FacilityFactory,
    ModalityFactory,
    OrganisationFactory,
    ScaleUnitFactory,
    ServiceFactory,
)
from tests.factories.quotes import NeedFactory, ProjectFactory


@pytest.fixture
def manager(db):
    return MembershipFactory(role=Role.MANAGER.value)


@pytest.fixture
def project(manager):
    aav, litre = ModalityFactory(code="aav"), ScaleUnitFactory(code="l")
    project = ProjectFactory(
        sponsor=manager.sponsor,
        modality=aav,
        currency="USD",
        stage=3,
        scale_now=200,
        scale_next=2000,
        scale_unit=litre,
        handover_cost=250_000,
        transfer_cost=2_500_000,
    )
    for code, level, modality in (("ds-viral-vector", "must", aav), ("ds-plasmid", "should", None)):
        NeedFactory(project=project, service=ServiceFactory(code=code), modality=modality, level=level)
    return project


def make(name, code, **fields):
    partner = OrganisationFactory(name=name, slug=name.lower())
    site = FacilityFactory(
        organisation=partner, name=f"{name} site", capabilities_complete_on=dt.date(2026, 1, 1)
    )
    defaults = {"modality": ModalityFactory(code="aav"), "stage_from": 1, "stage_to": 8}
    CapabilityFactory(facility=site, service=ServiceFactory(code=code), **(defaults | fields))
    return partner


def page(client, member, project, name):
    client.force_login(member.user)
    response = client.get(reverse(f"quotes:{name}", args=[project.pk]))
    assert response.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_two_partners_cover_what_neither_does_alone(client, manager, project):
    make("Ash", "ds-plasmid")
    make("Birch", "ds-viral-vector", scale_max=200, scale_unit=project.scale_unit)
    said = page(client, manager, project, "networks")
    assert "Several partners" in said
    assert "1 hand-over, 3 months, USD 250,000" in said
    assert "Ash , Ash site" in said


def test_a_part_nobody_does_is_named(client, manager, project):
    make("Birch", "ds-viral-vector")
    said = page(client, manager, project, "networks")
    assert "No site is on record as able to do this." in said
    assert "One site" in said


def test_the_runway_names_the_transfer_with_its_time_and_cost(client, manager, project):
    make("Birch", "ds-viral-vector", scale_max=200, scale_unit=project.scale_unit)
    said = page(client, manager, project, "runway")
    assert (
        "200 L maximum at Birch site, 2,000 L needed → transfer at Phase III: 9 to 15 months, USD 2,500,000."
        in said
    )


def test_costs_are_hidden_from_a_role_without_prices(client, manager, project):
    make("Ash", "ds-plasmid")
    make("Birch", "ds-viral-vector", scale_max=200, scale_unit=project.scale_unit)
    evaluator = MembershipFactory(sponsor=project.sponsor, role=Role.EVALUATOR.value)
    networks, runway = (page(client, evaluator, project, name) for name in ("networks", "runway"))
    assert "1 hand-over, 3 months." in networks
    assert "9 to 15 months." in runway
    assert "USD" not in networks + runway


def test_a_must_let_pass_is_marked_on_networks_and_runway_in_page_api_and_report(client, manager, project):
    """The page that lets a must pass promises that every report says who did, and why."""
    dear = make("Birch", "ds-viral-vector", scale_max=200, scale_unit=project.scale_unit)
    CommercialTermsFactory(organisation=dear, minimum_project=9_000_000, currency="USD")
    need = NeedFactory(project=project, rule="minimum_project", level="must", quantity=6_000_000)
    reason = "The board accepts the larger project."
    override_must(
        actor=manager.user, project=project, organisation=dear, need_key=str(need.pk), reason=reason
    )
    frozen = build_snapshot(
        project=project, ranking=rank_project(project), requester=manager.user, include_prices=True
    )
    for name, rows in (("networks", "networks"), ("runway", "partners")):
        said = page(client, manager, project, name)
        assert "must-have let pass" in said
        assert f"Let pass by {manager.user} (" in said
        assert reason in said
        told = client.get(reverse(f"api:project-{name}", args=[project.pk])).json()[rows][0]
        assert reason in told["let_pass"][0]["reason"]
        kept = frozen[name][rows][0]["let_pass"][0]
        assert {**told["let_pass"][0], **kept} == told["let_pass"][0]
    evaluator = MembershipFactory(sponsor=project.sponsor, role=Role.EVALUATOR.value)
    for name in ("networks", "runway"):
        said = page(client, evaluator, project, name)
        assert "must-have let pass" in said
        assert "USD" not in said
        assert reason not in said


@pytest.mark.parametrize("name", ["networks", "runway"])
def test_without_needs_or_partners_the_page_says_what_to_do(client, manager, name):
    empty = ProjectFactory(sponsor=manager.sponsor)
    assert "Add needs" in page(client, manager, empty, name)
    NeedFactory(project=empty, service=ServiceFactory(code="ds-plasmid"))
    assert {"networks": "No network found", "runway": "Nobody to carry it on"}[name] in page(
        client, manager, empty, name
    )


@pytest.mark.parametrize("name", ["networks", "runway"])
def test_the_number_of_queries_does_not_grow_with_the_partners(
    client, manager, project, name, django_assert_num_queries, django_assert_max_num_queries
):
    make("Ash", "ds-plasmid")
    client.force_login(manager.user)
    address = reverse(f"quotes:{name}", args=[project.pk])
    with django_assert_max_num_queries(60) as one:
        client.get(address)
    make("Birch", "ds-viral-vector")
    make("Cedar", "ds-viral-vector")
    with django_assert_num_queries(len(one)):
        client.get(address)
