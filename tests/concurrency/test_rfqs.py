"""Two people acting on one RFQ at once: one award, one answer, one revision after the other, every draft kept."""

import threading

import pytest
from django.db import connection

from quotes.models import Award, InvitationEmail, Quote, QuoteRevision, Rfq, RfqMessage
from quotes.services.awards import award_quote
from quotes.services.responses import StaleDraft, save_draft, submit_quote
from quotes.services.rfq import RfqError, StaleRfq, save_rfq
from quotes.services.rfq_mail import send_email
from quotes.services.rfq_messages import answer_question, ask_question
from tests.factories.accounts import MembershipFactory
from tests.factories.rfq import make_rfq, priced, send
from tests.quotes.test_comparison import submitted

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*jobs) -> list[Exception]:
    """Run the jobs in threads with a connection each, started together; returns what they raised."""
    raised: list[Exception] = []
    ready = threading.Barrier(len(jobs), timeout=30)

    def run(job):
        try:
            ready.wait()
            job()
        except Exception as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return raised


@pytest.fixture
def member():
    return MembershipFactory()


@pytest.fixture
def rfq(member) -> Rfq:
    return make_rfq(member)


def test_an_rfq_is_awarded_once(member, rfq):
    a, b = submitted(rfq, member, "Aspen", priced()), submitted(rfq, member, "Birch", priced())
    raised = at_once(
        lambda: award_quote(actor=member.user, quote=a, reason="First."),
        lambda: award_quote(actor=member.user, quote=b, reason="Second."),
    )
    assert [type(error) for error in raised] == [RfqError]
    assert "already awarded" in str(raised[0])
    award = Award.objects.get()
    states = dict(Quote.objects.values_list("pk", "state"))
    assert states == {a.pk: "not_awarded", b.pk: "not_awarded", award.quote_id: "awarded"}


def test_a_question_is_answered_once(member, rfq):
    (invitation,) = send(rfq, member, "Aspen")
    question = ask_question(invitation=invitation, text="How many strengths?")
    raised = at_once(
        lambda: answer_question(actor=member.user, message=question, answer="Three."),
        lambda: answer_question(actor=member.user, message=question, answer="Four."),
    )
    assert [type(error) for error in raised] == [RfqError]
    assert RfqMessage.objects.get().answer in ("Three.", "Four.")
    assert InvitationEmail.objects.filter(kind="answer").count() == 1


def test_nobody_overwrites_an_rfq_silently(member, rfq):
    raised = at_once(
        lambda: save_rfq(actor=member.user, rfq=rfq, values={"milestones": "Mine"}, edition=rfq.edition),
        lambda: save_rfq(actor=member.user, rfq=rfq, values={"milestones": "Theirs"}, edition=rfq.edition),
    )
    assert [type(error) for error in raised] == [StaleRfq]


def test_a_draft_autosaved_from_two_windows_keeps_every_field(member, rfq):
    (invitation,) = send(rfq, member, "Aspen")

    def keep(name):
        return lambda: save_draft(
            rfq=rfq, organisation=invitation.organisation, values={name: "5"}, invitation=invitation
        )

    names = ["l-tech_transfer_in-price", "l-commercial_supply-price", "l-annual_review-price", "q-headline"]
    assert at_once(*map(keep, names)) == []
    assert Quote.objects.get().draft == dict.fromkeys(names, "5")


def test_submitting_twice_at_once_makes_one_revision(member, rfq):
    (invitation,) = send(rfq, member, "Aspen")
    quote = save_draft(
        rfq=rfq, organisation=invitation.organisation, values=priced(), edition=0, invitation=invitation
    )
    edition = quote.edition
    raised = at_once(*[lambda: submit_quote(quote=quote, edition=edition, by="Aspen")] * 2)
    assert [error for error in raised if not isinstance(error, StaleDraft)] == []
    numbers = sorted(QuoteRevision.objects.values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    assert Quote.objects.get().lines.count() == 3


def test_an_e_mail_is_sent_by_one_worker_only(member, rfq, mailoutbox):
    send(rfq, member, "Aspen")
    row = InvitationEmail.objects.get()
    assert at_once(*[lambda: send_email(row.pk)] * 4) == []
    assert len(mailoutbox) == 1
