"""Letting a must pass on the pages: who may, what is said, what evaluators do not read."""

import re

import pytest
from django.urls import reverse

from cmo_selector.accounts.roles import Role
from partners.scoring.types import Group
from quotes.models import MustOverride
from quotes.ranking import rank_project
from tests.factories.accounts import MembershipFactory
from tests.factories.partners import (
    CapabilityFactory,
    CommercialTermsFactory,
    FacilityFactory,
    ModalityFactory,
    OrganisationFactory,
    ServiceFactory,
)
from tests.factories.quotes import NeedFactory, ProjectFactory

REASON = "Finance accepts the larger minimum for this programme."


@pytest.fixture
def manager(db):
    return MembershipFactory(role=Role.MANAGER.value)


@pytest.fixture
def project(manager):
    """One partner, whose minimum project is too large."""
    aav, vectors = ModalityFactory(code="aav"), ServiceFactory(code="ds-viral-vector")
    project = ProjectFactory(sponsor=manager.sponsor, modality=aav, currency="USD")
    NeedFactory(project=project, rule="capability", level="must", service=vectors, modality=aav)
    NeedFactory(project=project, rule="minimum_project", quantity=6_000_000, same_site=False, service=None)
    partner = OrganisationFactory(name="Global", slug="global")
    CapabilityFactory(facility=FacilityFactory(organisation=partner), service=vectors, modality=aav)
    CommercialTermsFactory(organisation=partner, minimum_project=15_000_000, currency="USD")
    return project


def url(project, name, *more):
    return reverse(f"quotes:{name}", args=[project.pk, *more])


def text(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_a_near_miss_is_let_pass_with_a_reason_and_taken_back(client, manager, project):
    client.force_login(manager.user)
    assert rank_project(project).results[0].group is Group.KNOCKED_OUT
    assert "Let it pass, with a reason" in text(client.get(url(project, "ranking")))
    form = url(project, "must_let_pass", "global")
    need = project.needs.get(rule="minimum_project").pk
    done = client.post(form, {"need": need, "reason": REASON}, follow=True)
    assert "Let pass for Global." in text(done)
    result = rank_project(project).results[0]
    assert result.group is not Group.KNOCKED_OUT
    for page in ("ranking", "ranking_partner"):
        shown = text(client.get(url(project, page, *(["global"] if page == "ranking_partner" else []))))
        assert REASON in shown
    row = MustOverride.objects.get()
    assert (row.reason, row.by, row.role) == (REASON, manager.user, "manager")
    lifted = client.post(url(project, "must_lift", row.pk), follow=True)
    assert "The must-have counts again for Global." in text(lifted)
    assert rank_project(project).results[0].group is Group.KNOCKED_OUT


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"need": "NEED", "reason": "ok"}, "Say why the must is let pass, in at least 10 characters."),
        ({"need": "999", "reason": REASON}, "This must-have does not fail for this partner"),
        ({"need": "", "reason": REASON}, "Choose the must-have to let pass."),
    ],
)
def test_what_is_refused_keeps_what_was_typed(client, manager, project, sent, said):
    client.force_login(manager.user)
    need = str(project.needs.get(rule="minimum_project").pk)
    values = {**sent, "need": need if sent["need"] == "NEED" else sent["need"]}
    response = client.post(url(project, "must_let_pass", "global"), values)
    assert response.status_code == 422
    assert said in text(response)
    assert f">{sent['reason']}</textarea>" in response.content.decode()
    assert not MustOverride.objects.exists()


def test_a_partner_without_failed_musts_has_nothing_to_let_pass(client, manager, project):
    OrganisationFactory(slug="silent")
    client.force_login(manager.user)
    assert "Nothing to let pass" in text(client.get(url(project, "must_let_pass", "silent")))
    assert client.get(url(project, "must_let_pass", "nobody")).status_code == 404


def test_an_evaluator_reads_that_a_price_must_was_let_pass_but_neither_amount_nor_reason(
    client, manager, project
):
    client.force_login(manager.user)
    need = project.needs.get(rule="minimum_project").pk
    client.post(url(project, "must_let_pass", "global"), {"need": need, "reason": REASON})
    client.force_login(MembershipFactory(sponsor=project.sponsor, role=Role.EVALUATOR.value).user)
    for page, more in (("ranking", []), ("ranking_partner", ["global"])):
        shown = text(client.get(url(project, page, *more)))
        assert "let pass" in shown
        assert REASON not in shown
        assert "15,000,000" not in shown
        assert "Count it again" not in shown


def test_an_archived_project_refuses(client, manager, project):
    client.force_login(manager.user)
    client.post(url(project, "project_archive"))
    need = project.needs.get(rule="minimum_project").pk
    done = client.post(url(project, "must_let_pass", "global"), {"need": need, "reason": REASON}, follow=True)
    assert "This project is archived." in text(done)
    assert not MustOverride.objects.exists()
