"""Runs the matrix: every address, every role; and fails for an address nobody thought of."""

import hashlib
import re

import pytest
from django.core.files.base import ContentFile
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from django.utils import timezone

from cmo_selector.accounts.models import User
from cmo_selector.accounts.roles import Role
from cmo_selector.accounts.tokens import create_token
from quotes.digest_mail import unsubscribe_token
from quotes.enums import ToolKind
from quotes.models import MustOverride, Report, SavedSearch, ShortlistEntry
from quotes.reports.options import ReportOptions
from quotes.services.attachments import add_quote_file, add_rfq_file
from quotes.services.evaluation import start_evaluation
from quotes.services.projects import WEIGHT_FIELDS
from quotes.services.reports import request_report
from quotes.services.responses import save_draft, submit_quote
from quotes.services.rfq_messages import ask_question
from quotes.services.risks import add_risk
from quotes.services.schedules import create_schedule
from quotes.services.shares import share_report
from quotes.services.tools import keep_calculation
from quotes.versions import version_of
from tests.factories.accounts import CuratorFactory, MembershipFactory
from tests.factories.partners import (
    FacilityFactory,
    OrganisationFactory,
    RegisterActionFactory,
    RegisterEstablishmentFactory,
    RegisterForm483Factory,
    RegisterInspectionFactory,
    RegisterListingFactory,
)
from tests.factories.quotes import NeedFactory, ProjectFactory, WeightSetFactory, WhatIfScenarioFactory
from tests.factories.rfq import make_rfq, open_gate, priced, send
from tests.permissions.matrix import CASES, LIBRARY_PREFIXES, ROLES, Case

pytestmark = pytest.mark.django_db


class Scene:
    """Rows of one sponsor, and one signed-in client per role."""

    def __init__(self):
        owner = MembershipFactory(role=Role.OWNER.value)
        sponsor = owner.sponsor
        people = {"owner": owner.user, "other": MembershipFactory(role=Role.MANAGER.value).user}
        for role in (Role.VIEWER, Role.EVALUATOR, Role.MANAGER):
            people[role.value] = MembershipFactory(sponsor=sponsor, role=role.value).user
        people["curator"] = CuratorFactory()
        self.clients = {"anonymous": Client()}
        for role, user in people.items():
            self.clients[role] = Client()
            self.clients[role].force_login(user)
        partner = OrganisationFactory(slug="niche")
        FacilityFactory(organisation=partner)
        project = ProjectFactory(sponsor=sponsor)
        need = NeedFactory(project=project)
        entry = ShortlistEntry.objects.create(
            project=project, organisation=partner, position=1, added_by=owner.user
        )
        start_evaluation(actor=owner.user, project=project)
        member = MembershipFactory(sponsor=sponsor, role=Role.VIEWER.value)
        establishment = RegisterEstablishmentFactory(duns="123456789")
        real_site = FacilityFactory(organisation=OrganisationFactory(illustrative=False))
        report = self._report(project, owner.user)
        risk = add_risk(
            actor=owner.user, entry=entry, values={"text": "Capacity", "likelihood": 2, "impact": 2}
        )
        share = share_report(actor=owner.user, report=report, recipient="Board", days=7)
        calculation = keep_calculation(
            actor=owner.user,
            project=project,
            tool=ToolKind.LEASE,
            name="Kept",
            query="price=1",
            headline="Buy.",
        )
        search = SavedSearch.objects.create(sponsor=sponsor, owner=people["manager"], name="Search")
        api_token, _ = create_token(actor=people["manager"], sponsor=sponsor, name="Program")
        self.names = {
            "api_token": api_token.pk,
            "search": search.pk,
            "calculation": calculation.pk,
            "unsubscribe": unsubscribe_token(search),
            "project": project.pk,
            "need": need.pk,
            "entry": entry.pk,
            "seen": entry.updated_at.isoformat(),
            "partner": partner.slug,
            "weights": version_of(project.weights, WEIGHT_FIELDS),
            "override": MustOverride.objects.create(
                project=project,
                organisation=partner,
                need=need,
                reason="The site is being extended.",
                failed_because="100 L, 200 L needed.",
                by=owner.user,
                role=Role.OWNER.value,
            ).pk,
            "whatif": WhatIfScenarioFactory(project=project).pk,
            "weight_set": WeightSetFactory(sponsor=sponsor).pk,
            "member": member.pk,
            "duns": establishment.duns,
            "real_site": real_site.pk,
            "form_483": RegisterForm483Factory().pk,
            "action": RegisterActionFactory().pk,
            "inspection": RegisterInspectionFactory().pk,
            "listing": RegisterListingFactory().pk,
            "report": report.pk,
            "schedule": create_schedule(
                actor=owner.user, project=project, rhythm="change", options=ReportOptions(kind="comparison")
            ).pk,
            "share": share.pk,
            "share_token": share.token,
            "risk": risk.pk,
            "risk_seen": risk.updated_at.isoformat(),
        }
        self._rfq(owner, project)

    def _rfq(self, owner, project) -> None:
        """An RFQ that was sent to one partner, which has asked a question."""
        rfq = make_rfq(owner, project=project)
        enclosed = add_rfq_file(actor=owner.user, rfq=rfq, name="methods.txt", content=b"Methods")
        (invitation,) = send(rfq, owner, "Bidder")
        question = ask_question(invitation=invitation, text="How many strengths?")
        token = open_gate(invitation)
        quote = save_draft(
            rfq=rfq, organisation=invitation.organisation, values=priced(), edition=0, invitation=invitation
        )
        bid_file = add_quote_file(quote=quote, name="offer.txt", content=b"Offer")
        quote, _ = submit_quote(quote=quote, edition=quote.edition, by="Bidder")
        self.names |= {
            "rfq": rfq.pk,
            "enclosed": enclosed.pk,
            "bid_file": bid_file.pk,
            "quote": quote.pk,
            "bidder": invitation.organisation.slug,
            "scenario": rfq.scenarios.first().pk,
            "invitation": invitation.pk,
            "question": question.pk,
            "email": invitation.emails.first().pk,
            "token": token,
        }

    def _report(self, project, user) -> Report:
        """A report made by the real service, finished by hand with a file that is not a real PDF."""
        report = request_report(actor=user, project=project)
        body = b"%PDF-1.7 not a real one"
        report.file.save("report.pdf", ContentFile(body), save=False)
        report.file_sha256 = hashlib.sha256(body).hexdigest()
        report.state, report.step, report.finished_at = "done", "finished", timezone.now()
        report.save()
        return report

    def fill(self, texts: dict[str, str]) -> dict[str, str]:
        return {key: value.format(**self.names) for key, value in texts.items()}

    def ask(self, case: Case, role: str) -> int | str:
        client = self.clients[role]
        url = reverse(case.name, kwargs=self.fill(case.kwargs)) + case.query
        kind = {"content_type": "application/json"} if case.name.startswith("api:") else {}
        response = (
            client.post(url, self.fill(case.data), **kind) if case.method == "POST" else client.get(url)
        )
        if response.status_code == 302 and response.url.startswith("/accounts/login/"):
            return "login"
        return response.status_code


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_role_gets_what_the_matrix_says(case, tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path
    scene = Scene()
    answers = {}
    for role in ROLES:
        with transaction.atomic():  # every role meets the same rows
            answers[role] = scene.ask(case, role)
            transaction.set_rollback(True)
    assert answers == dict(zip(ROLES, case.expected, strict=True))


def test_head_is_answered_like_get(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path
    scene = Scene()
    pages = {
        reverse(case.name, kwargs=scene.fill(case.kwargs)) + case.query: case.expected[ROLES.index("manager")]
        for case in CASES
        if case.method == "GET"
    }
    assert {url: scene.clients["manager"].head(url).status_code for url in pages} == pages


def names(resolver, namespace: str = "") -> set[str]:
    found = set()
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            found.add(f"{namespace}{pattern.name or pattern.pattern}")
        else:
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            found |= names(pattern, inner)
    return found


def test_no_address_is_missing_from_the_matrix():
    known = {case.name for case in CASES}
    missing = {n for n in names(get_resolver()) if n not in known and not n.startswith(LIBRARY_PREFIXES)}
    assert missing == set()


def test_every_case_names_all_roles_and_an_address_that_exists():
    existing = names(get_resolver())
    assert [str(c) for c in CASES if len(c.expected) != len(ROLES) or c.name not in existing] == []


def admin_pages() -> list[str]:
    return sorted(
        n for n in names(get_resolver()) if re.fullmatch(r"admin:\w+_(changelist|add)|admin:index", n)
    )


def test_the_admin_is_for_staff_only():
    scene = Scene()
    pages = admin_pages()
    assert len(pages) > 40
    for role in ("anonymous", "other", "viewer", "evaluator", "manager", "owner"):
        answers = {name: scene.clients[role].get(reverse(name)).status_code for name in pages}
        assert {name: code for name, code in answers.items() if code != 302} == {}, role


def test_a_curator_reaches_the_catalogue_in_the_admin_and_nothing_of_a_sponsor():
    scene = Scene()
    answers = {name: scene.clients["curator"].get(reverse(name)).status_code for name in admin_pages()}
    assert answers["admin:index"] == 200
    assert answers["admin:partners_organisation_changelist"] == 200
    assert answers["admin:partners_organisation_add"] == 200
    foreign = {
        n: c for n, c in answers.items() if n.startswith(("admin:quotes_", "admin:accounts_", "admin:audit_"))
    }
    assert {name: code for name, code in foreign.items() if code != 403} == {}


def test_sign_up_is_closed():
    page = Client().get(reverse("account_signup"))
    assert page.status_code == 200
    assert 'name="password1"' not in page.content.decode()
    Client().post(
        reverse("account_signup"),
        {"email": "intruder@example.org", "password1": "a long phrase 123", "password2": "a long phrase 123"},
    )
    assert not User.objects.filter(email="intruder@example.org").exists()
