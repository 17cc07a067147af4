"""Letting a failed must-have pass: who may, what it changes, and that every report says so."""

import pytest
from django.db import IntegrityError, transaction

from cmo_selector.accounts.roles import Role
from cmo_selector.audit.models import AuditEvent
from partners.scoring.types import Group, Outcome
from quotes.models import MustOverride
from quotes.overrides import overrides_in_force
from quotes.prices import HIDDEN, without_prices
from quotes.ranking import networks_of, rank_project, runway_of
from quotes.reports.context import report_context
from quotes.reports.snapshot import build_snapshot
from quotes.services.overrides import OverrideError, failed_musts, lift_override, override_must
from quotes.services.projects import ProjectArchived
from quotes.services.shortlist import open_musts
from tests.factories.accounts import MembershipFactory
from tests.factories.partners import (
    CapabilityFactory,
    CommercialTermsFactory,
    FacilityFactory,
    ModalityFactory,
    OrganisationFactory,
    RegulatoryActionFactory,
    ServiceFactory,
)
from tests.factories.quotes import NeedFactory, ProjectFactory

WHY = "The quality agreement limits the work to the suite that was inspected."


@pytest.fixture
def manager(db):
    return MembershipFactory(role=Role.MANAGER.value)


@pytest.fixture
def project(manager):
    aav, vectors = ModalityFactory(code="aav"), ServiceFactory(code="ds-viral-vector")
    project = ProjectFactory(sponsor=manager.sponsor, modality=aav, currency="USD")
    NeedFactory(project=project, service=vectors, modality=aav)
    NeedFactory(project=project, rule="minimum_project", service=None, quantity=6_000_000, same_site=False)
    return project


@pytest.fixture
def global_partner(project):
    """Too dear and warned: fails two musts."""
    need = project.needs.get(rule="capability")
    partner = OrganisationFactory(name="Global", slug="global")
    site = FacilityFactory(organisation=partner, name="Basel")
    CapabilityFactory(facility=site, service=need.service, modality=need.modality, stage_from=1, stage_to=8)
    CommercialTermsFactory(organisation=partner, minimum_project=15_000_000, currency="USD")
    RegulatoryActionFactory(facility=site, kind="warning_letter")
    return partner


def price_need(project):
    return str(project.needs.get(rule="minimum_project").pk)


def let_pass(manager, project, partner, *keys):
    return [
        override_must(actor=manager.user, project=project, organisation=partner, need_key=key, reason=WHY)
        for key in keys
    ]


def place(project):
    return next(r for r in rank_project(project).results if r.slug == "global")


def test_with_both_failed_musts_let_pass_the_partner_takes_part_again(manager, project, global_partner):
    assert place(project).group is Group.KNOCKED_OUT
    keys = (price_need(project), "no-open-action")
    assert {r.need_id for r in failed_musts(project=project, organisation=global_partner)} == set(keys)
    let_pass(manager, project, global_partner, keys[0])
    assert place(project).group is Group.KNOCKED_OUT
    let_pass(manager, project, global_partner, keys[1])
    found = place(project)
    assert found.group is not Group.KNOCKED_OUT
    assert {r.need_id: r.outcome for r in found.overridden} == dict.fromkeys(keys, Outcome.CONDITIONAL)
    assert f"Let pass by {manager.user} (manager)" in found.overridden[0].reason
    assert WHY in found.overridden[0].reason
    failing = {r.outcome for r in open_musts(project=project, organisation=global_partner)}
    assert Outcome.FAIL not in failing
    assert [n.members[0].partner for n in networks_of(project).networks] == ["Global"]
    assert [row.now.group for row in runway_of(project).rows] == [found.group]


def test_points_stay_as_they_were(manager, project, global_partner):
    before = place(project)
    let_pass(manager, project, global_partner, price_need(project), "no-open-action")
    after = place(project)
    assert (after.low, after.point, after.high) == (before.low, before.point, before.high)


def test_every_report_shows_who_why_and_in_which_role(manager, project, global_partner):
    let_pass(manager, project, global_partner, "no-open-action")
    snapshot = build_snapshot(
        project=project, ranking=rank_project(project), requester=manager.user, include_prices=True
    )
    (told,) = snapshot["overrides"]
    assert (told["name"], told["override"], told["role"], told["by"]) == (
        "Global", WHY, "manager", str(manager.user),
    )  # fmt: skip
    context = report_context(snapshot, "0" * 64, map_size=(600, 300))
    assert [row["override"] for row in context["overrides"]] == [WHY]


def test_prices_in_the_reason_are_hidden_from_roles_without_prices(manager, project, global_partner):
    let_pass(manager, project, global_partner, price_need(project))
    hidden = next(r for r in without_prices(rank_project(project)).results if r.slug == "global").overridden
    assert [r.reason for r in hidden] == [HIDDEN]


def test_lifting_brings_the_knock_out_back_and_keeps_the_row(manager, project, global_partner):
    (row,) = let_pass(manager, project, global_partner, "no-open-action")
    lifted = lift_override(actor=manager.user, override=row)
    assert (lifted.lifted_by, overrides_in_force(project).count(), MustOverride.objects.count()) == (
        manager.user, 0, 1,
    )  # fmt: skip
    assert "no-open-action" in {r.need_id for r in place(project).fails}
    with pytest.raises(OverrideError, match="lifted already"):
        lift_override(actor=manager.user, override=row)
    let_pass(manager, project, global_partner, "no-open-action")
    verbs = list(
        AuditEvent.objects.filter(verb__startswith="must_override")
        .order_by("pk")
        .values_list("verb", flat=True)
    )
    assert verbs == ["must_override.set", "must_override.lifted", "must_override.set"]


@pytest.mark.parametrize("role", [Role.EVALUATOR, Role.VIEWER])
def test_a_role_that_may_not_is_told_whom_to_ask(role, manager, project, global_partner):
    other = MembershipFactory(sponsor=project.sponsor, role=role.value)
    with pytest.raises(OverrideError, match="Ask an owner or a manager"):
        let_pass(other, project, global_partner, "no-open-action")
    stranger = MembershipFactory(role=Role.OWNER.value)
    with pytest.raises(OverrideError, match="Your role does not allow"):
        let_pass(stranger, project, global_partner, "no-open-action")
    assert not MustOverride.objects.exists()


def test_what_cannot_be_let_pass_is_said(manager, project, global_partner):
    capability = str(project.needs.get(rule="capability").pk)
    for key in (capability, "restricted-party", "nonsense", "999999"):
        with pytest.raises(OverrideError, match="does not fail for this partner"):
            let_pass(manager, project, global_partner, key)
    with pytest.raises(OverrideError, match="at least 10 characters") as short:
        override_must(
            actor=manager.user,
            project=project,
            organisation=global_partner,
            need_key="no-open-action",
            reason=" ok ",
        )
    assert short.value.field == "reason"
    let_pass(manager, project, global_partner, "no-open-action")
    with pytest.raises(OverrideError, match="already let pass"):
        let_pass(manager, project, global_partner, "no-open-action")
    type(project).objects.filter(pk=project.pk).update(archived_at="2026-01-01T00:00Z")
    with pytest.raises(ProjectArchived):
        let_pass(manager, project, global_partner, price_need(project))


def test_the_database_holds_one_override_in_force_per_must(manager, project, global_partner):
    (row,) = let_pass(manager, project, global_partner, "no-open-action")
    row.pk = None
    with pytest.raises(IntegrityError, match="override_once_in_force"), transaction.atomic():
        row.save()
    row.rule = ""
    with pytest.raises(IntegrityError, match="override_of_one_must"), transaction.atomic():
        row.save()
