"""A partner behind its link: the gate, nothing of anybody else, nothing lost, submit, revise, decline."""

import datetime as dt
import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from quotes.links import new_link
from quotes.models import Invitation, InvitationEmail, Project, Quote, Rfq
from quotes.rfq_enums import InvitationState
from quotes.services.rfq_mail import owe_reminders
from quotes.services.rfq_messages import answer_question, ask_clarification, ask_question
from tests.factories.accounts import MembershipFactory
from tests.factories.files import pdf
from tests.factories.rfq import in_days, make_rfq, open_gate, priced, send

pytestmark = pytest.mark.django_db
INDICATION, PRODUCT = "Hypertension", "AB-220 tablets"


@pytest.fixture
def member():
    return MembershipFactory()


@pytest.fixture
def rfq(member):
    rfq = make_rfq(member)
    type(rfq.project).objects.filter(pk=rfq.project_id).update(indication=INDICATION, product=PRODUCT)
    rfq.project.refresh_from_db()
    return rfq


@pytest.fixture
def aspen(rfq, member) -> Invitation:
    return send(rfq, member, "Aspen")[0]


def at(name: str, token: str, **kwargs) -> str:
    return reverse(name, kwargs={"token": token, **kwargs})


def get(token: str, name: str = "respond", **kwargs):
    return Client().get(at(name, token, **kwargs))


def post(token: str, name: str, data: dict | None = None, **kwargs):
    return Client().post(at(name, token, **kwargs), data or {})


def save(token: str, typed: dict, edition: int = 0, **extra):
    return post(token, "respond_save", {**typed, "edition": edition, **extra})


def text(answer) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


# -- text that no database can hold, and odd numbers ------------------------------------------------


def test_a_null_character_is_a_bad_request_and_changes_nothing(aspen):
    token = open_gate(aspen)
    answer = post(token, "respond_ask", {"text": "When\0?"})
    assert answer.status_code == 400
    assert "character that cannot be stored" in text(answer)
    assert not aspen.messages.exists()


# -- links ----------------------------------------------------------------------------------------


def test_unknown_tampered_expired_and_revoked_links(aspen):
    token = open_gate(aspen)
    assert get(token).status_code == 200
    for wrong in ("nothing", token[:-2] + "zz", token.replace(".", ""), token + "x"):
        answer = get(wrong)
        assert (answer.status_code, "This link does not work" in text(answer)) == (404, True)
        assert "Aspen" not in text(answer)
    Invitation.objects.update(expires_at=in_days(-1))
    assert get(token).status_code == 410
    assert "This link has expired" in text(get(token))
    Invitation.objects.update(expires_at=in_days(9), state=InvitationState.REVOKED)
    assert "replaced or revoked" in text(get(token))
    assert post(token, "respond_save", priced()).status_code == 410


def test_answers_are_not_cached_indexed_or_passed_on(aspen):
    answer = get(open_gate(aspen))
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert answer.headers["Referrer-Policy"] == "same-origin"


def test_a_link_opens_nothing_of_another_bidder(rfq, member, aspen):
    (birch,) = send(rfq, member, "Birch")
    a, b = open_gate(aspen), open_gate(birch)
    save(b, priced(q_reference="BIRCH-SECRET"), submit="1")
    question = ask_question(invitation=birch, text="Which strengths?")
    ask_clarification(
        actor=member.user,
        quote=Quote.objects.get(organisation=birch.organisation),
        line=None,
        text="Birch only?",
    )
    answer_question(actor=member.user, message=question, answer="Three.")
    page = text(get(a))
    assert "Which strengths?" in page
    assert "Three." in page
    assert not [word for word in ("Birch", "BIRCH", "9 000 000", "14500") if word in page]
    assert get(a, "respond_receipt", number=1).status_code == 404
    clarification = birch.messages.get(kind="clarification")
    assert post(a, "respond_clarify", {"answer": "x"}, message_id=clarification.pk).status_code == 422
    clarification.refresh_from_db()
    assert clarification.answer == ""


# -- the gate -------------------------------------------------------------------------------------


def test_before_the_nda_nothing_confidential_is_shown_or_taken(rfq, aspen):
    token = new_link(aspen)
    page = get(token)
    assert page.status_code == 200
    assert "Project Heron" in text(page)
    for secret in (rfq.title, rfq.project.name, PRODUCT, INDICATION, "Commercial supply"):
        assert secret not in text(page)
    for name in ("respond_save", "respond_autosave", "respond_upload", "respond_ask"):
        assert post(token, name, priced()).status_code == 302
    assert get(token, "respond_sheet").status_code == 302
    assert Quote.objects.count() == 0


def test_the_nda_is_accepted_by_a_named_person(aspen):
    token = new_link(aspen)
    nobody = post(token, "respond_nda", {"accept": "1"})
    assert (nobody.status_code, "Give the name and position" in text(nobody)) == (422, True)
    unticked = post(token, "respond_nda", {"signer": "A. Signer"})
    assert (unticked.status_code, 'value="A. Signer"' in text(unticked)) == (422, True)
    assert post(token, "respond_nda", {"signer": "A. Signer, CEO", "accept": "1"}).status_code == 302
    aspen.refresh_from_db()
    assert (aspen.nda, aspen.nda_signer) == ("accepted", "A. Signer, CEO")
    assert PRODUCT in text(get(token))


@pytest.mark.parametrize(
    ("content", "status", "nda"),
    [
        (pdf("signed"), 302, "uploaded"),
        (b"%PDF-1.7 no pages", 422, "waiting"),
        (b"MZ program", 422, "waiting"),
        (b"PK\x03\x04 word/vbaProject.bin", 422, "waiting"),
        (b"%PDF-" + b"x" * (10 * 1024 * 1024), 422, "waiting"),
    ],
)
def test_a_signed_copy_is_told_by_its_content(aspen, settings, tmp_path, content, status, nda):
    settings.MEDIA_ROOT = tmp_path
    file = SimpleUploadedFile("nda.pdf", content)
    answer = post(new_link(aspen), "respond_nda", {"signer": "A. Signer", "file": file})
    aspen.refresh_from_db()
    assert (answer.status_code, aspen.nda) == (status, nda)


# -- the quote ------------------------------------------------------------------------------------


def test_every_change_is_kept_even_what_is_still_wrong(aspen):
    token = open_gate(aspen)
    first = post(token, "respond_autosave", {"l-commercial_supply-price": "1,250"})
    assert json.loads(first.content)["edition"] == 1
    post(
        token,
        "respond_autosave",
        {"q-currency": "EUR", "evil-field": "x", "l-commercial_supply-nothing": "x"},
    )
    quote = Quote.objects.get()
    assert quote.draft == {"l-commercial_supply-price": "1,250", "q-currency": "EUR"}
    page = text(get(token))
    assert 'value="1,250"' in page
    aspen.refresh_from_db()
    assert (aspen.state, quote.state) == ("drafting", "draft")


def test_submitting_with_errors_shows_them_beside_the_fields_and_keeps_everything(aspen):
    token = open_gate(aspen)
    answer = save(token, priced(l_commercial_supply_price="1,250", q_headline="-1"), submit="1")
    page = text(answer)
    assert answer.status_code == 422
    assert "2 fields to look at" in page
    assert "“1,250” could be 1250 or 1.250" in page
    assert 'id="l-commercial_supply-price-error"' in page
    assert 'value="1,250"' in page
    quote = Quote.objects.get()
    assert (quote.state, quote.revision, quote.lines.count()) == ("draft", 0, 0)


def test_submit_revise_and_receipt(aspen):
    token = open_gate(aspen)
    answer = save(token, priced(), submit="1")
    assert answer.url == at("respond_receipt", token, number=1)
    quote = Quote.objects.get()
    first = quote.revisions.get()
    assert first.content_hash in text(get(token, "respond_receipt", number=1))
    assert [(x.code, x.state, x.values.get("price")) for x in quote.lines.all()] == [
        ("tech_transfer_in", "quoted", "500000"),
        ("commercial_supply", "quoted", "14500"),
        ("annual_review", "included", None),
    ]
    again = save(token, priced(l_commercial_supply_price="14000"), edition=quote.edition, submit="1")
    assert again.url == at("respond_receipt", token, number=2)
    quote.refresh_from_db()
    assert (quote.revision, quote.state, quote.lines.count()) == (2, "submitted", 3)
    assert quote.lines.get(code="commercial_supply").values["price"] == "14000"
    assert quote.revisions.get(number=1).content == first.content
    aspen.refresh_from_db()
    assert aspen.state == "submitted"
    assert InvitationEmail.objects.filter(kind="receipt").count() == 2


def test_an_open_second_window_is_told_and_what_was_typed_is_kept(aspen):
    token = open_gate(aspen)
    save(token, priced())
    answer = save(token, priced(q_reference="from the older window"), edition=0)
    page = text(answer)
    assert answer.status_code == 409
    assert "changed in another window" in page
    assert "from the older window" in page
    edition = int(re.search(r'name="edition" value="(\d+)"', page)[1])
    assert save(token, priced(q_reference="from the older window"), edition=edition).status_code == 302
    assert Quote.objects.get().draft["q-reference"] == "from the older window"


def test_after_the_deadline_nothing_can_be_changed_but_everything_is_read(rfq, aspen):
    token = open_gate(aspen)
    save(token, priced(), submit="1")
    Rfq.objects.update(deadline=in_days(-0.01))
    late = save(token, priced(l_commercial_supply_price="1"), edition=1, submit="1")
    assert (late.status_code, "deadline has passed" in text(late)) == (422, True)
    assert post(token, "respond_autosave", {"q-reference": "x"}).status_code == 409
    assert Quote.objects.get().revision == 1
    assert get(token).status_code == 200
    assert get(token, "respond_receipt", number=1).status_code == 200


def test_declining_takes_a_reason_and_ends_answering(aspen):
    token = new_link(aspen)
    silent = post(token, "respond_decline", {"reason": " "})
    assert (silent.status_code, "Say why you decline" in text(silent)) == (422, True)
    assert post(token, "respond_decline", {"reason": "No free line."}).status_code == 302
    aspen.refresh_from_db()
    assert (aspen.state, aspen.decline_reason) == ("declined", "No free line.")
    aspen.rfq.project.shortlist.get().refresh_from_db()
    assert aspen.rfq.project.shortlist.get().status == "rfp_declined"


def test_only_what_was_asked_for_is_kept_and_the_rest_is_named(rfq, member, aspen):
    token = open_gate(aspen)
    flood = {f"a-x{n}": "y" * 100 for n in range(40)} | {"l-nothing-price": "9"}
    answer = Client().post(at("respond_save", token), {**priced(), **flood, "edition": 0}, follow=True)
    assert "Not kept, because the request does not ask for it: “x0”" in text(answer)
    assert Quote.objects.get().draft == priced()
    told = post(token, "respond_autosave", {"l-nothing-price": "9"}).json()
    assert told["refused"] == "Not kept, because the request does not ask for it: “nothing”."
    # a line that a later version drops stops nobody
    Quote.objects.update(draft={**priced(), "l-dropped-price": "9"})
    assert save(token, priced(), edition=Quote.objects.get().edition, submit="1").status_code == 302


# -- the bid sheet through the page ---------------------------------------------------------------


def test_the_sheet_goes_down_and_up_again(aspen):
    token = open_gate(aspen)
    save(token, priced(l_commercial_supply_price="1,250"))
    down = get(token, "respond_sheet")
    assert down.headers["Content-Disposition"].endswith('.xlsx"')
    Quote.objects.update(draft={})
    up = post(token, "respond_upload", {"sheet": SimpleUploadedFile("bid.xlsx", down.content)})
    assert up.status_code == 200
    assert "“1,250” could be" in text(up)  # errors stand in place at once
    assert Quote.objects.get().draft == priced(l_commercial_supply_price="1,250")


def test_a_sheet_of_another_partner_is_refused_and_nothing_changes(rfq, member, aspen):
    (birch,) = send(rfq, member, "Birch")
    foreign = get(open_gate(birch), "respond_sheet").content
    answer = post(open_gate(aspen), "respond_upload", {"sheet": SimpleUploadedFile("bid.xlsx", foreign)})
    assert (answer.status_code, "another request or another partner" in text(answer)) == (422, True)
    assert Quote.objects.count() == 0


# -- queries --------------------------------------------------------------------------------------


def test_the_page_takes_the_same_queries_whatever_was_asked(
    rfq, member, aspen, django_assert_max_num_queries
):
    token = open_gate(aspen)
    save(token, priced(), submit="1")
    with django_assert_max_num_queries(9) as few:
        get(token)
    for number in range(3):
        ask_question(invitation=aspen, text=f"Question {number}?")
    with django_assert_max_num_queries(9) as many:
        get(token)
    assert len(few) == len(many)


def test_a_request_whose_project_was_archived_refuses_in_words_and_drops_nothing(rfq, member, aspen):
    token = open_gate(aspen)
    save(token, priced())
    quote = Quote.objects.get()
    clarification = ask_clarification(actor=member.user, quote=quote, line=None, text="Which slots?")
    Project.objects.update(archived_at=timezone.now())
    assert owe_reminders(rfq.deadline - dt.timedelta(days=1)) == 0
    for name, data, more in (
        ("respond_save", {"q-reference": "R-77", "edition": quote.edition}, {}),
        ("respond_save", {"q-reference": "R-77", "edition": quote.edition, "submit": "1"}, {}),
        ("respond_ask", {"text": "R-77"}, {}),
        ("respond_clarify", {"answer": "R-77"}, {"message_id": clarification.pk}),
        ("respond_decline", {"reason": "R-77"}, {}),
    ):
        answer = post(token, name, data, **more)
        page = text(answer)
        assert (answer.status_code, "put this request away" in page, "R-77" in page) == (422, True, True), (
            name
        )
    answer = post(token, "respond_autosave", {"q-reference": "R-77"})
    assert (answer.status_code, "put this request away" in answer.json()["error"]) == (409, True)
    quote.refresh_from_db()
    assert (quote.state, "q-reference" in quote.draft) == ("draft", False)
