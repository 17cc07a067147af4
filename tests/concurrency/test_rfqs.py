"""Two people acting on one RFQ at once: one award, one answer, one revision after the other, every draft kept."""

import threading
import time

import pytest
from django.db import connection, transaction

from quotes.comparison import load_comparison
from quotes.models import Award, InvitationEmail, Quote, QuoteRevision, Rfq, RfqMessage
from quotes.services.awards import award_quote
from quotes.services.responses import StaleDraft, save_draft, submit_quote
from quotes.services.rfq import RfqError, StaleRfq, lock_rfq, save_rfq
from quotes.services.rfq_mail import send_email
from quotes.services.rfq_messages import (
    answer_clarification,
    answer_question,
    ask_clarification,
    ask_question,
)
from quotes.services.rfq_send import extend_deadline
from tests.factories.accounts import MembershipFactory
from tests.factories.rfq import in_days, make_rfq, priced, send
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


def in_another_connection(job) -> None:
    assert at_once(job) == []


@pytest.mark.parametrize("first", ["extended", "submitted"])
def test_at_the_deadline_extending_and_submitting_take_turns(member, rfq, first):
    """The deadline passes while the partner submits and the sponsor extends: whoever holds the RFQ first decides."""
    (invitation,) = send(rfq, member, "Aspen")
    quote = save_draft(
        rfq=rfq, organisation=invitation.organisation, values=priced(), edition=0, invitation=invitation
    )
    Rfq.objects.update(deadline=in_days(-0.001))
    jobs = {
        "extended": lambda: extend_deadline(actor=member.user, rfq=rfq, deadline=in_days(3)),
        "submitted": lambda: submit_quote(quote=quote, edition=quote.edition, by="Aspen"),
    }
    holding, waiting = threading.Event(), []

    def hold():
        with transaction.atomic():
            lock_rfq(rfq)
            holding.set()
            jobs[first]()
            wait_for_lock()

    def follow():
        holding.wait(30)
        (second,) = jobs.keys() - {first}
        try:
            jobs[second]()
        except RfqError as error:
            waiting.append(str(error))

    raised = at_once(hold, follow)
    quote.refresh_from_db()
    if first == "extended":
        assert (raised, waiting, quote.revision) == ([], [], 1)
    else:  # too late by the old deadline: refused, the draft is kept and counts once the deadline is extended
        assert [str(error) for error in raised] == [
            "The deadline has passed or the request is closed: quotes can no longer be changed."
        ]
        assert (waiting, quote.revision, quote.draft) == ([], 0, priced())
        submit_quote(quote=quote, edition=quote.edition, by="Aspen")
        assert Quote.objects.get().revision == 1


def wait_for_lock() -> None:
    """Until another connection waits for what this one has locked."""
    for _ in range(600):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.05)
    raise AssertionError("nobody waits")


def test_a_quote_revised_while_it_is_read_is_one_revision_or_the_other(member, rfq):
    """The sponsor's page has read the quote, not yet its lines, when the partner's next revision is stored."""
    (invitation,) = send(rfq, member, "Aspen")
    quote = save_draft(
        rfq=rfq, organisation=invitation.organisation, values=priced(), edition=0, invitation=invitation
    )
    quote, _ = submit_quote(quote=quote, edition=quote.edition, by="Aspen")
    revised = {"q-currency": "EUR", "l-commercial_supply-price": "1"}

    def revise():
        saved = save_draft(
            rfq=rfq,
            organisation=invitation.organisation,
            values=revised,
            edition=quote.edition,
            invitation=invitation,
        )
        submit_quote(quote=saved, edition=saved.edition, by="Aspen")

    once = [revise]

    def meanwhile(execute, sql, params, many, context):
        if once and 'FROM "quotes_quoteline"' in sql:
            in_another_connection(once.pop())
        return execute(sql, params, many, context)

    with connection.execute_wrapper(meanwhile):
        (found,) = load_comparison(Rfq.objects.select_related("project").get(pk=rfq.pk)).quotes
    prices = {line.code: line.values.get("price") for line in found.lines.all()}
    assert (once, found.revision, found.currency, prices["commercial_supply"]) == ([], 2, "EUR", "1")


def test_two_people_extend_and_the_later_deadline_stands(member, rfq, mailoutbox):
    send(rfq, member, "Aspen")
    near, far = in_days(30), in_days(40)
    raised = at_once(
        lambda: extend_deadline(actor=member.user, rfq=rfq, deadline=near),
        lambda: extend_deadline(actor=member.user, rfq=rfq, deadline=far),
    )
    rfq.refresh_from_db()
    assert rfq.deadline == far
    assert [error.field for error in raised] in ([], ["deadline"])  # the nearer one came second
    assert InvitationEmail.objects.filter(kind="extended").count() == 2 - len(raised)


def test_a_clarification_is_answered_once(member, rfq):
    quote = submitted(rfq, member, "Aspen", priced())
    asked = ask_clarification(actor=member.user, quote=quote, line=None, text="Bottles?")
    raised = at_once(
        *[
            lambda text=text: answer_clarification(
                invitation=quote.invitation, message_id=asked.pk, answer=text
            )
            for text in ("Yes.", "No.")
        ]
    )
    assert [type(error) for error in raised] == [RfqError]
    assert RfqMessage.objects.get().answer in ("Yes.", "No.")


def test_submitting_and_awarding_at_once_awards_what_was_there(member, rfq):
    """Either the revision comes first and is awarded, or the award does and the revision is refused."""
    quote = submitted(rfq, member, "Aspen", priced())
    raised = at_once(
        lambda: award_quote(actor=member.user, quote=quote, reason="Best."),
        lambda: submit_quote(quote=quote, edition=quote.edition, by="Aspen"),
    )
    quote.refresh_from_db()
    assert quote.state == "awarded"
    assert quote.revision == 2 - len(raised)
    assert all("can no longer be changed" in str(error) for error in raised)


def test_an_e_mail_is_sent_by_one_worker_only(member, rfq, mailoutbox):
    send(rfq, member, "Aspen")
    row = InvitationEmail.objects.get()
    assert at_once(*[lambda: send_email(row.pk)] * 4) == []
    assert len(mailoutbox) == 1
