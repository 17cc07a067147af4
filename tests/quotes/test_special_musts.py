"""Musts that rest on the sponsor's own records: NDA and conflicts of interest, from the record to rank and report."""

import datetime as dt
import re

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from cmo_selector.accounts.roles import Role
from cmo_selector.audit.models import AuditEvent
from partners.models import Capability, Certificate, Organisation
from partners.scoring.types import Group, Outcome
from partners.scoring_inputs import load_partner_facts
from quotes import ranking as module
from quotes.models import ConflictCheck, MustOverride, PartnerRelation
from quotes.ranking import networks_of, rank_project
from quotes.reports.snapshot import build_snapshot
from quotes.robustness import questions_of
from quotes.services.conflicts import record_conflict
from quotes.services.projects import archive_project
from tests.factories.accounts import MembershipFactory
from tests.factories.partners import (
    CapabilityFactory,
    CertificateFactory,
    CertificateTypeFactory,
    FacilityFactory,
    OrganisationFactory,
)
from tests.factories.quotes import NeedFactory, ProjectFactory

pytestmark = pytest.mark.django_db
PLAIN = {"service": None, "modality": None}


@pytest.fixture
def manager(db):
    return MembershipFactory(role=Role.MANAGER.value)


@pytest.fixture
def project(manager):
    """Two partners that do the work; the project asks for an NDA and for no conflict of interest."""
    project = ProjectFactory(sponsor=manager.sponsor)
    need = NeedFactory(project=project, modality=project.modality)
    for name in ("Ash", "Birch", "Cedar"):
        site = FacilityFactory(
            organisation=OrganisationFactory(name=name, slug=name.lower()), name=f"{name} site"
        )
        CapabilityFactory(
            facility=site, service=need.service, modality=project.modality, stage_from=1, stage_to=8
        )
    NeedFactory(project=project, rule="nda", **PLAIN)
    NeedFactory(project=project, rule="conflict", **PLAIN)
    return project


def text(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def outcomes(project, rule):
    return {r.name: next(x.outcome for x in r.rules if x.rule == rule) for r in rank_project(project).results}


def url(project, slug="ash", name="partner_conflict"):
    return reverse(f"quotes:{name}", args=[project.pk, slug])


def test_an_answer_is_recorded_changed_and_taken_back_with_who_and_when(client, manager, project):
    client.force_login(manager.user)
    assert set(outcomes(project, "conflict").values()) == {Outcome.UNKNOWN}
    assert "Record the answer…" in text(client.get(url(project, name="ranking_partner")))
    told = {"answer": "conflict", "asked_on": "2026-01-05", "note": "Own biosimilar in Phase III"}
    page = client.post(url(project), told, follow=True)
    assert "The answer of Ash is recorded." in text(page)
    row = ConflictCheck.objects.get()
    assert (row.recorded_by, row.asked_on, row.note) == (manager.user, dt.date(2026, 1, 5), told["note"])
    assert f"Own biosimilar in Phase III (asked on 5 January 2026, recorded by {manager.user})" in text(page)
    ash = next(r for r in rank_project(project).results if r.name == "Ash")
    assert (ash.group, ash.near_miss) == (Group.KNOCKED_OUT, True)
    assert not [m for n in networks_of(project).networks for m in n.members if m.partner == "Ash"]
    client.post(url(project), {**told, "answer": "safeguards"})
    assert outcomes(project, "conflict")["Ash"] == Outcome.CONDITIONAL
    client.post(url(project), {"answer": ""})
    assert not ConflictCheck.objects.exists()
    verbs = list(
        AuditEvent.objects.filter(verb__startswith="conflict").order_by("pk").values_list("verb", flat=True)
    )
    assert verbs == ["conflict.recorded", "conflict.recorded", "conflict.forgotten"]


@pytest.mark.parametrize(
    ("sent", "field", "said"),
    [
        ({"answer": "none"}, "asked_on", "Give the day on which the partner was asked."),
        ({"answer": "none", "asked_on": "2999-01-01"}, "asked_on", "This day is still to come."),
        ({"answer": "conflict", "asked_on": "2026-01-05"}, "note", "Say what the conflict is."),
        ({"answer": "perhaps", "asked_on": "2026-01-05"}, "answer", "Select a valid choice."),
    ],
)
def test_what_cannot_be_recorded_is_said_beside_its_field(client, manager, project, sent, field, said):
    client.force_login(manager.user)
    refused = client.post(url(project), {"note": "", **sent})
    assert refused.status_code == 400
    assert said in refused.context["form"].errors[field][0]
    assert not ConflictCheck.objects.exists()


def test_an_archived_project_and_another_sponsor_record_nothing(client, manager, project):
    other = MembershipFactory(role=Role.OWNER.value)
    client.force_login(other.user)
    told = {"answer": "none", "asked_on": "2026-01-05", "note": ""}
    assert client.post(url(project), told).status_code == 404
    archive_project(actor=manager.user, project=project)
    client.force_login(manager.user)
    assert client.post(url(project), told).status_code == 409
    with pytest.raises(IntegrityError, match="conflict_has_a_note"), transaction.atomic():
        ConflictCheck.objects.create(
            project=project,
            organisation=Organisation.objects.get(slug="ash"),
            answer="conflict",
            asked_on="2026-01-05",
            recorded_by=manager.user,
        )


def test_records_count_in_rank_questions_api_snapshot_overrides_and_a_large_catalogue(
    client, manager, project, monkeypatch
):
    ash, birch = (Organisation.objects.get(slug=s) for s in ("ash", "birch"))
    today = timezone.localdate()
    for partner, status in ((ash, "signed"), (birch, "declined")):
        PartnerRelation.objects.create(
            sponsor=manager.sponsor,
            organisation=partner,
            nda_status=status,
            nda_on=today,
            updated_by=manager.user,
        )
    told = {"actor": manager.user, "project": project, "asked_on": today}
    record_conflict(**told, organisation=ash, answer="none")
    assert outcomes(project, "nda") == {
        "Ash": Outcome.PASS,
        "Birch": Outcome.FAIL,
        "Cedar": Outcome.UNKNOWN,
    }
    whole = rank_project(project)
    asked = [q.ask for q in questions_of(whole, 20)]
    assert "Will Cedar sign a non-disclosure agreement with us?" in asked
    assert any(q.startswith("Does Cedar make or develop a product that competes") for q in asked)
    client.force_login(manager.user)
    body = client.get(reverse("api:project-ranking-partner", args=[project.pk, "ash"])).json()
    assert "Our own notes on the partner" in str(body)
    frozen = build_snapshot(project=project, ranking=whole, requester=manager.user, include_prices=True)
    assert [n["of_partner"] for n in frozen["needs"]] == [False, True, True]
    need = project.needs.get(rule="nda")
    client.post(
        url(project, "birch", "must_let_pass"),
        {"need": need.pk, "reason": "Legal will ask once more in March."},
    )
    assert MustOverride.objects.get().failed_because.startswith("Birch declined the NDA")
    assert outcomes(project, "nda")["Birch"] == Outcome.CONDITIONAL
    whole = rank_project(project)
    monkeypatch.setattr(module, "WHOLE", 1)
    module._kept.clear()
    large = rank_project(project)
    assert large.results == whole.results
    other = ProjectFactory(sponsor=MembershipFactory().sponsor, modality=project.modality)
    for rule in ("nda", "conflict"):
        NeedFactory(project=other, rule=rule, **PLAIN)
        assert set(outcomes(other, rule).values()) == {Outcome.UNKNOWN}, (
            "another sponsor's records stay its own"
        )


def test_facts_of_the_catalogue_carry_dedication_and_the_schedules_of_dea_registrations():
    site = FacilityFactory()
    CapabilityFactory(facility=site, dedicated_for="cytotoxic")
    for code in ("dea", "iso-9001"):
        CertificateFactory(facility=site, type=CertificateTypeFactory(code=code), scope="Schedules II-V")
    (facts,) = load_partner_facts(Organisation.objects.filter(pk=site.organisation_id))
    (place,) = facts.sites
    assert [c.dedicated_for for c in place.capabilities] == ["cytotoxic"]
    assert {c.certificate_type: set(c.schedules) for c in place.certificates} == {
        "dea": {"II", "III", "IV", "V"},
        "iso-9001": set(),
    }
    assert (Capability.objects.count(), Certificate.objects.count()) == (1, 2)
