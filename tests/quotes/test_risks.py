"""The risk register of a shortlisted partner: lines, ratings, conflicts, and what the report shows of it."""

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from cmo_selector.accounts.roles import Role
from cmo_selector.audit.models import AuditEvent
from quotes.models import ShortlistRisk
from quotes.ranking import rank_project
from quotes.reports import decision
from quotes.reports.snapshot import build_snapshot
from quotes.services.risks import add_risk
from tests.factories.accounts import MembershipFactory
from tests.factories.quotes import NeedFactory, ProjectFactory, ShortlistEntryFactory

pytestmark = pytest.mark.django_db
ANSWERS = {
    "text": "One site and no second source",
    "likelihood": "2",
    "impact": "3",
    "response": "",
    "owner": "",
}


@pytest.fixture
def member():
    return MembershipFactory(role=Role.MANAGER)


@pytest.fixture
def entry(client, member):
    client.force_login(member.user)
    return ShortlistEntryFactory(project=ProjectFactory(sponsor=member.sponsor))


def page(client, entry) -> str:
    return client.get(reverse("quotes:shortlist", args=[entry.project_id])).content.decode()


@pytest.mark.parametrize(
    ("likelihood", "impact", "word"),
    [(1, 1, "low"), (1, 2, "low"), (1, 3, "medium"), (2, 2, "medium"), (2, 3, "high"), (3, 3, "high")],
)
def test_rating_is_likelihood_times_impact(likelihood, impact, word):
    assert ShortlistRisk(likelihood=likelihood, impact=impact).rating_word == word


def test_a_usual_risk_is_offered_filled_in_noted_and_then_no_longer_offered(client, entry, member):
    address = reverse("quotes:risk_add", args=[entry.project_id, entry.pk])
    first = client.get(address, {"text": ANSWERS["text"]})
    assert ANSWERS["text"] in first.context["usual"]
    assert first.context["form"]["text"].value() == ANSWERS["text"]
    answer = client.post(address, ANSWERS)
    assert answer.url == reverse("quotes:shortlist", args=[entry.project_id]) + f"#entry-{entry.pk}"
    risk = ShortlistRisk.objects.get()
    assert (risk.entry_id, risk.rating, risk.closed, risk.created_by) == (entry.pk, 6, False, member.user)
    assert "high risk" in page(client, entry)
    assert ANSWERS["text"] not in client.get(address).context["usual"]
    assert "Risk added" in page(client, entry), "the decision log tells it"


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"text": " "}, "text"),
        ({"text": "x" * 201}, "text"),
        ({"likelihood": "4"}, "likelihood"),
        ({"impact": ""}, "impact"),
    ],
)
def test_a_line_that_does_not_fit_is_refused_beside_its_field_and_stays_as_typed(client, entry, typed, field):
    answer = client.post(
        reverse("quotes:risk_add", args=[entry.project_id, entry.pk]),
        {**ANSWERS, "response": "Ask for a plan", **typed},
    )
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert answer.context["form"]["response"].value() == "Ask for a plan"
    assert ShortlistRisk.objects.count() == 0


def test_the_same_risk_is_noted_once(client, entry, member):
    add_risk(actor=member.user, entry=entry, values={"text": ANSWERS["text"]})
    again = {**ANSWERS, "text": ANSWERS["text"].upper()}
    answer = client.post(reverse("quotes:risk_add", args=[entry.project_id, entry.pk]), again)
    assert "in the partner&#x27;s register already" in answer.content.decode()
    with pytest.raises(IntegrityError), transaction.atomic():
        add_risk(actor=member.user, entry=entry, values={"text": ANSWERS["text"]})


def test_a_change_over_somebody_elses_is_shown_first_and_saved_knowingly(client, entry, member):
    risk = add_risk(actor=member.user, entry=entry, values={"text": "Capacity"})
    seen = risk.updated_at.isoformat()
    address = reverse("quotes:risk_edit", args=[entry.project_id, risk.pk])
    mine = {**ANSWERS, "text": "Capacity", "response": "Reserve a suite", "seen": seen}
    assert client.post(address, {**mine, "response": "Theirs, saved first"}).status_code == 302
    conflict = client.post(address, mine)
    assert conflict.status_code == 409
    assert "Theirs, saved first" in conflict.content.decode()
    assert ShortlistRisk.objects.get().response == "Theirs, saved first"
    knowingly = {**mine, "seen": conflict.context["form"]["seen"].value(), "closed": "on"}
    assert client.post(address, knowingly).status_code == 302
    risk.refresh_from_db()
    assert (risk.response, risk.closed) == ("Reserve a suite", True)
    assert AuditEvent.objects.filter(verb="risk.changed").count() == 2


def test_open_risks_are_in_the_snapshot_gravest_first_and_closed_ones_are_not(entry, member):
    NeedFactory(project=entry.project)
    for text, likelihood, impact, closed in (
        ("Small", 1, 1, False),
        ("Grave", 3, 3, False),
        ("Over", 3, 3, True),
    ):
        values = {
            "text": text,
            "likelihood": likelihood,
            "impact": impact,
            "closed": closed,
            "response": "Plan B",
        }
        add_risk(actor=member.user, entry=entry, values=values)
    snapshot = build_snapshot(
        project=entry.project,
        ranking=rank_project(entry.project),
        requester=member.user,
        include_prices=True,
    )
    shown = decision.risks(snapshot)
    assert [(r["text"], r["rating_word"], r["partner"], r["response"]) for r in shown] == [
        ("Grave", "high", entry.organisation.name, "Plan B"),
        ("Small", "low", entry.organisation.name, "Plan B"),
    ]
    del snapshot["shortlist"][0]["risks"]
    assert decision.risks(snapshot) == [], "a snapshot of an earlier version"


def test_another_sponsors_risk_is_not_found(client, entry):
    foreign = ShortlistEntryFactory()
    risk = add_risk(actor=foreign.added_by, entry=foreign, values={"text": "Theirs"})
    assert client.get(reverse("quotes:risk_edit", args=[entry.project_id, risk.pk])).status_code == 404
    assert client.get(reverse("quotes:risk_edit", args=[foreign.project_id, risk.pk])).status_code == 404
