"""Two people at once: nothing is overwritten silently, theirs stands beside the field, what was typed is kept."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from quotes.models import Award, RfqMessage, ScopeLine
from quotes.services.awards import copy_scenario
from quotes.services.rfq_messages import ask_question
from tests.factories.accounts import MembershipFactory
from tests.factories.rfq import make_rfq, priced, send
from tests.quotes.test_comparison import submitted

pytestmark = pytest.mark.django_db


@pytest.fixture
def member():
    return MembershipFactory()


@pytest.fixture
def rfq(member):
    return make_rfq(member)


@pytest.fixture
def clients(member):
    """Two people of one sponsor."""
    found = []
    for user in (member.user, MembershipFactory(sponsor=member.sponsor).user):
        client = Client()
        client.force_login(user)
        found.append(client)
    return found


def fields(page) -> dict[str, str]:
    """What the form of a page would send."""
    form = page.context["form"]
    return {name: "" if (value := form[name].value()) is None else str(value) for name in form.fields}


def text(answer) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


@pytest.mark.parametrize(
    ("name", "field", "first", "second"),
    [
        ("assumptions", "benchmark-annual_review", "1000", "2000"),
        ("scenarios", "probability", "20", "40"),
        ("scenario", "name", "Theirs", "Mine"),
    ],
)
def test_the_second_to_save_sees_what_the_first_saved_and_decides(
    member, rfq, clients, name, field, first, second
):
    args = [rfq.project_id, rfq.pk]
    if name == "scenario":
        args.append(copy_scenario(actor=member.user, scenario=rfq.scenarios.first()).pk)
    address = reverse(f"quotes:{name}", args=args)
    forms = [fields(client.get(address)) for client in clients]

    def filled(form: dict, value: str) -> dict:
        if field != "probability":
            return {**form, field: value}
        keys = [key for key in form if key.startswith("p-")]
        rest = str((100 - int(value)) / (len(keys) - 1))
        return {**form, **dict.fromkeys(keys, rest), keys[0]: value}

    assert clients[0].post(address, filled(forms[0], first)).status_code == 302
    late = clients[1].post(address, filled(forms[1], second))
    page = text(late)
    assert late.status_code == 409
    assert "Somebody else saved these figures while you were editing" in page
    assert "Saved meanwhile: " in page
    assert f"Saved meanwhile: {first}" in page
    assert f'value="{second}"' in page
    # saving again puts the second one's in its place, knowingly
    assert clients[1].post(address, filled({**forms[1], **seen_of(late)}, second)).status_code == 302
    if name == "assumptions":
        assert ScopeLine.objects.get(rfq=rfq, code="annual_review").benchmark[0] == second


def seen_of(answer) -> dict[str, str]:
    form = answer.context["form"]
    return {form.SEEN: form[form.SEEN].value()}


def test_the_second_to_award_reads_who_was_first_and_keeps_the_reason(member, rfq, clients):
    quotes = [submitted(rfq, member, name, priced()) for name in ("Aspen", "Birch")]
    for client, quote, reason in zip(clients, quotes, ("Cheapest.", "Safest of them."), strict=True):
        address = reverse("quotes:quote_award", args=[rfq.project_id, quote.pk])
        page = text(client.post(address, {"reason": reason}, follow=True))
    assert f"{member.user} has already awarded this RFQ to Aspen. Nothing was changed." in page
    assert "You wrote: “Safest of them.”" in page
    assert Award.objects.get().quote == quotes[0]


def test_the_second_to_answer_reads_the_first_answer_and_keeps_its_own(member, rfq, clients):
    (aspen,) = send(rfq, member, "Aspen")
    question = ask_question(invitation=aspen, text="Which strengths?")
    address = reverse("quotes:rfq_answer", args=[rfq.project_id, rfq.pk, question.pk])
    clients[0].post(address, {"answer": "Three."})
    page = text(clients[1].post(address, {"answer": "Four of them."}, follow=True))
    assert "Somebody else has answered this question already" in page
    assert "You wrote: “Four of them.”" in page
    assert "Three." in page
    assert RfqMessage.objects.get().answer == "Three."
