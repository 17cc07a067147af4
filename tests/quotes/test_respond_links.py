"""Links that no longer open, and bad input behind those that do: a clear message, and nothing typed is lost."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from quotes.models import Invitation, Quote, RfqMessage
from quotes.services.awards import award_quote
from quotes.services.rfq_messages import answer_clarification, ask_clarification
from quotes.services.rfq_send import renew_link, revoke_invitation
from tests.factories.accounts import MembershipFactory
from tests.factories.rfq import in_days, make_rfq, open_gate, priced, send
from tests.quotes.test_respond_pages import at, get, post, save, text

pytestmark = pytest.mark.django_db
TYPED = "typed just before"


@pytest.fixture
def member():
    return MembershipFactory()


@pytest.fixture
def rfq(member):
    return make_rfq(member)


@pytest.fixture
def aspen(rfq, member) -> Invitation:
    return send(rfq, member, "Aspen")[0]


# -- links ----------------------------------------------------------------------------------------


def expire(member, invitation):
    Invitation.objects.update(expires_at=in_days(-1))


def revoke(member, invitation):
    revoke_invitation(actor=member.user, invitation=invitation)


def supersede(member, invitation):
    renew_link(actor=member.user, invitation=invitation, email=False)


@pytest.mark.parametrize(
    ("ended", "heading"),
    [
        (expire, "This link has expired"),
        (revoke, "This link was replaced or revoked"),
        (supersede, "This link was replaced or revoked"),
    ],
)
def test_a_link_that_ended_takes_nothing_says_why_and_gives_back_what_was_typed(
    aspen, member, ended, heading
):
    token = open_gate(aspen)
    save(token, priced())
    before = Quote.objects.values().get()
    ended(member, aspen)
    late = save(token, priced(q_reference=TYPED), edition=1, submit="1")
    page = text(late)
    assert (late.status_code, heading in page, member.user.email in page) == (410, True, True)
    assert f"<dt>Your reference</dt><dd>{TYPED}</dd>" in page
    assert "<dt>Line commercial_supply, price or rate</dt><dd>14500</dd>" in page
    assert f"<dt>Your text</dt><dd>{TYPED}</dd>" in text(post(token, "respond_ask", {"text": TYPED}))
    for name, extra in (
        ("respond", {}),
        ("respond_sheet", {}),
        ("respond_pdf", {}),
        ("respond_receipt", {"number": 1}),
    ):
        assert get(token, name, **extra).status_code == 410
    assert post(token, "respond_autosave", {"q-reference": "x"}).status_code == 410
    assert Quote.objects.values().get() == before
    assert RfqMessage.objects.count() == 0


def test_a_superseded_link_ends_and_the_new_one_goes_on_with_the_same_draft(aspen, member):
    old = open_gate(aspen)
    save(old, priced(q_reference="kept"))
    new = renew_link(actor=member.user, invitation=aspen, email=False)
    assert get(old).status_code == 410
    assert 'value="kept"' in text(get(new))
    assert save(new, priced(), edition=1, submit="1").url == at("respond_receipt", new, number=1)


def test_a_link_used_again_after_submitting_revises_until_the_decision_and_then_only_reads(aspen, member):
    token = open_gate(aspen)
    save(token, priced(), submit="1")
    again = get(token)
    assert (again.status_code, "You can revise and submit again" in text(again)) == (200, True)
    assert save(token, priced(q_reference="second"), edition=1, submit="1").url.endswith("/2/")
    award_quote(actor=member.user, quote=Quote.objects.get(), reason="Best.")
    late = save(token, priced(q_reference=TYPED), edition=2, submit="1")
    page = text(late)
    assert (late.status_code, "quotes can no longer be changed" in page, TYPED in page) == (422, True, True)
    assert Quote.objects.get().revision == 2
    assert get(token, "respond_receipt", number=2).status_code == 200


def test_a_token_of_another_link_or_another_signature_opens_nothing(rfq, aspen, member):
    (birch,) = send(rfq, member, "Birch")
    a, b = open_gate(aspen), open_gate(birch)
    mixed = f"{a.split('.')[0]}.{b.split('.')[1]}"
    for wrong in (mixed, a.upper(), a[1:], f"{a}%00", f"{a[:-1]}{'A' if a[-1] != 'A' else 'B'}", "." * 300):
        answer = post(wrong, "respond_save", priced(q_reference=TYPED))
        assert answer.status_code == 404
        assert "Aspen" not in text(answer)
        assert TYPED in text(answer)
    assert Quote.objects.count() == 0


# -- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "typed", "message"),
    [
        ("l-commercial_supply-tiers", "0-300: 9; 250: 8", "The tiers overlap: one ends at 300, the next"),
        ("l-commercial_supply-tiers", "300: 9; 0: 8", "The tiers overlap: 0 does not come after 300."),
        ("q-currency", "XYZ", "“XYZ” is not a currency with a rate on the project&#x27;s day."),
        ("l-commercial_supply-currency", "RUBEL", "“RUBEL” is not a currency with a rate"),
        ("l-commercial_supply-price", "-14500", "A price is not negative. Give the full price here"),
        ("l-tech_transfer_in-price", "1.250", "“1.250” could be 1250 or 1.250. Write 1250, or"),
        ("q-headline", "EUR 5", "“EUR 5” is not a number. Write digits only"),
        ("q-valid_until", "2020-01-31", "The quote&#x27;s validity is over already."),
        ("l-commercial_supply-lump_discount", "-5", "A price is not negative."),
    ],
)
def test_a_bad_figure_is_named_beside_its_field_and_stays_as_typed(aspen, field, typed, message):
    token = open_gate(aspen)
    extra = (
        {"l-commercial_supply-model": "tiers", "l-commercial_supply-price": ""} if "tiers" in field else {}
    )
    answer = save(token, {**priced(), **extra, field: typed}, submit="1")
    page = text(answer)
    assert answer.status_code == 422
    (beside,) = re.findall(rf'id="{field}-error">(.*?)</p>', page)
    assert message in beside
    shown = re.search(rf'<input[^>]* id="{field}"[^>]*>|<select[^>]* id="{field}".*?</select>', page)[0]
    assert 'aria-invalid="true"' in shown
    assert f'value="{typed}" selected' in shown or f'value="{typed}"' in shown
    assert Quote.objects.get().draft[field] == typed


@pytest.mark.parametrize(("typed", "price"), [("1.250,50", "1250.50"), ("1,250.50", "1250.50")])
def test_local_numbers_are_understood_and_stored_as_one_number(aspen, typed, price):
    save(open_gate(aspen), priced(l_commercial_supply_price=typed), submit="1")
    assert Quote.objects.get().lines.get(code="commercial_supply").values["price"] == price


def test_a_bid_sheet_of_another_request_is_refused_beside_its_field(rfq, aspen, member):
    other = make_rfq(member, project=rfq.project, title="Another")
    (elsewhere,) = send(other, member, "Birch")
    foreign = get(open_gate(elsewhere), "respond_sheet").content
    answer = post(
        open_gate(aspen),
        "respond_upload",
        {"sheet": SimpleUploadedFile("bid.xlsx", foreign), "q-reference": TYPED},
    )
    page = text(answer)
    assert answer.status_code == 422
    assert "another request or another partner" in re.search(r'id="sheet-error">(.*?)</p>', page)[1]
    assert TYPED in page
    assert Quote.objects.count() == 0


def test_an_answer_to_a_clarification_that_comes_second_is_given_back(aspen, member):
    token = open_gate(aspen)
    save(token, priced(), submit="1")
    asked = ask_clarification(actor=member.user, quote=Quote.objects.get(), line=None, text="Bottles?")
    empty = post(token, "respond_clarify", {"answer": " "}, message_id=asked.pk)
    assert (empty.status_code, f'id="clarify-{asked.pk}-error">Write your answer.' in text(empty)) == (
        422,
        True,
    )
    answer_clarification(invitation=aspen, message_id=asked.pk, answer="Yes.")
    late = text(post(token, "respond_clarify", {"answer": TYPED}, message_id=asked.pk))
    assert "This was answered already. You wrote: “typed just before”" in late
    assert "Yes." in late


# -- the sponsor's own page -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "field", "typed", "message"),
    [
        ("rfq_extend", "deadline", "2020-01-01T12:00", "The deadline is in the past."),
        ("rfq_extend", "deadline", "soon", "Write the new deadline as a day and time"),
        ("rfq_publish", "note", "A word more.", "Nothing has changed since the last version."),
    ],
)
def test_a_deadline_in_the_past_and_a_change_that_is_none_are_refused_in_place(
    rfq, aspen, member, client, name, field, typed, message
):
    client.force_login(member.user)
    before = type(rfq).objects.values().get(pk=rfq.pk)
    answer = client.post(reverse(f"quotes:{name}", args=[rfq.project_id, rfq.pk]), {field: typed})
    page = text(answer)
    assert answer.status_code == 422
    assert message in re.search(rf'id="{field}_error">(.*?)</p>', page)[1]
    assert f'value="{typed}"' in page
    assert type(rfq).objects.values().get(pk=rfq.pk) == before
