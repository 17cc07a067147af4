"""Files of an RFQ and of quotes: private, behind the gate, sealed like prices; nothing typed beside them is lost."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from quotes.attached import submitted_files
from quotes.links import new_link
from quotes.models import Attachment, Quote, Rfq
from quotes.services.attachments import (
    MOST_FILES,
    add_quote_file,
    add_rfq_file,
    remove_quote_file,
    remove_rfq_file,
)
from quotes.services.responses import save_draft, submit_quote
from quotes.services.rfq import RfqError, content_of, save_rfq
from quotes.services.rfq_send import publish_changes
from tests.factories.accounts import MembershipFactory
from tests.factories.files import pdf
from tests.factories.rfq import in_days, make_rfq, open_gate, priced, send

pytestmark = pytest.mark.django_db
PDF, OTHER_PDF = pdf("offer"), pdf("other")
CERTIFICATES = "Certificates in scope"


@pytest.fixture(autouse=True)
def storage(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def member():
    return MembershipFactory()


@pytest.fixture
def rfq(member) -> Rfq:
    return make_rfq(member, documents=[CERTIFICATES], enclosures=["Process description"])


@pytest.fixture
def aspen(rfq, member):
    return send(rfq, member, "Aspen")[0]


def drafted(invitation) -> Quote:
    return save_draft(
        rfq=invitation.rfq,
        organisation=invitation.organisation,
        values=priced(),
        edition=0,
        invitation=invitation,
    )


def signed_in(member) -> Client:
    client = Client()
    client.force_login(member.user)
    return client


def form(quote: Quote | None = None, **extra) -> dict:
    return {**priced(), "edition": quote.edition if quote else 0, **extra}


def body(answer) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


# -- the partner's page ---------------------------------------------------------------------------


def test_files_go_along_with_what_was_typed_and_come_back_only_as_downloads(aspen):
    token = open_gate(aspen)
    files = [SimpleUploadedFile("offer.pdf", PDF), SimpleUploadedFile("cert.txt", b"ISO 9001")]
    answer = Client().post(
        reverse("respond_save", args=[token]), form(files=files, document=CERTIFICATES, attach="1")
    )
    assert answer.status_code == 302
    quote = Quote.objects.get()
    assert quote.draft["l-commercial_supply-price"] == "14500"
    rows = list(quote.attachments.values_list("name", "kind", "size", "document", "used"))
    assert rows == [
        ("offer.pdf", "pdf", len(PDF), CERTIFICATES, False),
        ("cert.txt", "txt", 8, CERTIFICATES, False),
    ]
    page = Client().get(reverse("respond", args=[token])).content.decode()
    assert "offer.pdf" in page
    assert "Asked for, not there yet" not in page
    down = Client().get(reverse("respond_file", args=[token, quote.attachments.first().pk]))
    assert body(down) == PDF
    assert down["Content-Type"] == "application/pdf"
    assert down["Content-Disposition"] == 'attachment; filename="offer.pdf"'
    assert (down["X-Content-Type-Options"], "no-store" in down["Cache-Control"]) == ("nosniff", True)


def test_a_refused_file_is_named_the_good_one_and_everything_typed_are_kept(aspen):
    token = open_gate(aspen)
    files = [SimpleUploadedFile("good.pdf", PDF), SimpleUploadedFile("bad.pdf", b"MZ\x90\x00")]
    answer = Client().post(
        reverse("respond_save", args=[token]),
        form(files=files, attach="1", **{"q-reference": "typed just now"}),
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "bad.pdf: The file is none of the kinds that are taken" in page
    assert 'id="id_files" name="files"' in page
    assert 'aria-invalid="true"' in page
    assert "typed just now" in page
    assert list(Attachment.objects.values_list("name", flat=True)) == ["good.pdf"]


def test_a_file_that_is_there_already_too_many_and_too_much(aspen, monkeypatch):
    quote = drafted(aspen)
    add_quote_file(quote=quote, name="a.pdf", content=PDF)
    with pytest.raises(RfqError, match=r"b\.pdf is there already"):
        add_quote_file(quote=quote, name="b.pdf", content=PDF)
    monkeypatch.setattr("quotes.services.attachments.MOST_BYTES", len(PDF) + 1)
    with pytest.raises(RfqError, match="all files together"):
        add_quote_file(quote=quote, name="c.pdf", content=OTHER_PDF)
    monkeypatch.setattr("quotes.services.attachments.MOST_FILES", 1)
    with pytest.raises(RfqError, match="there are 1 files already"):
        add_quote_file(quote=quote, name="c.txt", content=b"3")
    assert MOST_FILES == 20


def test_removing_keeps_what_was_typed_and_takes_the_file_from_the_disk(
    aspen, storage, django_capture_on_commit_callbacks
):
    token, quote = open_gate(aspen), drafted(aspen)
    row = add_quote_file(quote=quote, name="a.pdf", content=PDF)
    path = storage / row.file.name
    assert path.exists()
    with django_capture_on_commit_callbacks(execute=True):
        answer = Client().post(
            reverse("respond_save", args=[token]),
            form(quote, remove_file=str(row.pk), **{"q-reference": "kept"}),
        )
    assert answer.status_code == 302
    assert (Attachment.objects.count(), path.exists()) == (0, False)
    assert Quote.objects.get().draft["q-reference"] == "kept"


def test_a_wrong_bid_sheet_leaves_what_was_typed_in_the_form(aspen):
    token = open_gate(aspen)
    answer = Client().post(
        reverse("respond_upload", args=[token]),
        form(sheet=SimpleUploadedFile("bid.xlsx", b"no workbook"), **{"q-reference": "typed beside it"}),
    )
    page = answer.content.decode()
    assert (answer.status_code, "no .xlsx workbook" in page, "typed beside it" in page) == (422, True, True)


def test_enter_in_a_field_saves_and_never_uploads_or_submits(aspen):
    page = Client().get(reverse("respond", args=[open_gate(aspen)])).content.decode()
    first = re.search(r'id="quote-form".*?<button ([^>]*)>', page, re.DOTALL)[1]
    assert "formaction" not in first
    assert "name=" not in first


# -- who may read what ----------------------------------------------------------------------------


def test_before_the_gate_no_file_and_no_package(rfq, member):
    add_rfq_file(actor=member.user, rfq=rfq, name="process.pdf", content=PDF)
    (invitation,) = send(rfq, member, "Aspen")
    token = new_link(invitation)
    row = Attachment.objects.get()
    for name, extra in (("respond_file", [row.pk]), ("respond_pdf", []), ("respond_xlsx", [])):
        answer = Client().get(reverse(name, args=[token, *extra]))
        assert (answer.status_code, answer.url) == (302, reverse("respond", args=[token]))


def test_a_bidder_never_reaches_a_file_of_another_one(rfq, member, aspen):
    (birch,) = send(rfq, member, "Birch")
    theirs = add_quote_file(quote=drafted(birch), name="secret.pdf", content=PDF)
    a, b = open_gate(aspen), open_gate(birch)
    assert Client().get(reverse("respond_file", args=[a, theirs.pk])).status_code == 404
    assert Client().get(reverse("respond_file", args=[b, theirs.pk])).status_code == 200
    mine = drafted(aspen)
    Client().post(reverse("respond_save", args=[a]), form(mine, remove_file=str(theirs.pk)))
    assert Attachment.objects.filter(pk=theirs.pk, removed_at=None).exists()


def test_a_sealed_quotes_files_are_sealed_with_it_and_a_draft_has_none_to_show(rfq, member, aspen):
    Rfq.objects.update(sealed=True)
    quote = drafted(aspen)
    row = add_quote_file(quote=quote, name="offer.pdf", content=PDF)
    address = reverse("quotes:quote_file", args=[rfq.project_id, quote.pk, row.pk])
    client = signed_in(member)
    assert client.get(address).status_code == 404
    submit_quote(quote=quote, edition=quote.edition, by="Aspen")
    assert client.get(address).status_code == 404
    Rfq.objects.update(deadline=in_days(-1))
    assert body(client.get(address)) == PDF
    other = MembershipFactory()
    assert signed_in(other).get(address).status_code == 404


def test_a_removed_file_stays_in_the_revision_that_was_submitted_with_it(aspen):
    quote = drafted(aspen)
    first = add_quote_file(quote=quote, name="first.pdf", content=PDF)
    quote, _ = submit_quote(quote=quote, edition=quote.edition, by="Aspen")
    names = [row["name"] for row in quote.revisions.get(number=1).content["files"]]
    assert names == ["first.pdf"]
    first.refresh_from_db()
    remove_quote_file(attachment=first)
    assert [row.name for row in submitted_files(quote)] == ["first.pdf"]  # until the next revision
    add_quote_file(quote=quote, name="second.pdf", content=OTHER_PDF)
    quote, _ = submit_quote(quote=quote, edition=quote.edition, by="Aspen")
    assert [row.name for row in submitted_files(quote)] == ["second.pdf"]
    assert quote.revisions.get(number=1).content_hash != quote.revisions.get(number=2).content_hash


def test_after_the_deadline_no_file_comes_or_goes(rfq, aspen):
    quote = drafted(aspen)
    row = add_quote_file(quote=quote, name="a.pdf", content=PDF)
    Rfq.objects.update(deadline=in_days(-1))
    with pytest.raises(RfqError, match="deadline has passed"):
        add_quote_file(quote=quote, name="b.txt", content=b"late")
    with pytest.raises(RfqError, match="deadline has passed"):
        remove_quote_file(attachment=row)


# -- the sponsor's files --------------------------------------------------------------------------


def test_enclosed_files_go_out_with_a_version_and_later_ones_with_the_next(rfq, member):
    first = add_rfq_file(
        actor=member.user, rfq=rfq, name="process.pdf", content=PDF, document="Process description"
    )
    (aspen,) = send(rfq, member, "Aspen")
    token = open_gate(aspen)
    late = add_rfq_file(actor=member.user, rfq=rfq, name="more.txt", content=b"More")
    assert Client().get(reverse("respond_file", args=[token, first.pk])).status_code == 200
    assert Client().get(reverse("respond_file", args=[token, late.pk])).status_code == 404
    publish_changes(actor=member.user, rfq=rfq, note="One file more.")
    assert Client().get(reverse("respond_file", args=[token, late.pk])).status_code == 200
    first.refresh_from_db()
    remove_rfq_file(actor=member.user, attachment=first)
    assert [row["name"] for row in content_of(rfq)["files"]] == ["more.txt"]
    assert Client().get(reverse("respond_file", args=[token, first.pk])).status_code == 200  # still version 2


def test_files_are_put_on_the_page_and_refusals_named(rfq, member):
    client = signed_in(member)
    files = [SimpleUploadedFile("p.pdf", PDF), SimpleUploadedFile("bad.docx", b"PK\x03\x04x")]
    answer = client.post(
        reverse("quotes:rfq_file_add", args=[rfq.project_id, rfq.pk]),
        {"files": files, "document": "Process description"},
        follow=True,
    )
    page = answer.content.decode()
    assert "p.pdf is enclosed." in page
    assert "bad.docx: The file is damaged" in page
    assert "Where is: Process description" not in page


def test_readiness_asks_for_documents_that_are_named_and_not_enclosed(rfq, member):
    page = signed_in(member).get(rfq.get_absolute_url()).content.decode()
    assert "Where is: Process description? No file is enclosed." in page


def test_a_version_of_before_stays_the_version_it_was(member):
    rfq = make_rfq(member, enclosures=[])
    assert {"files", "enclosures"} & set(content_of(rfq)) == set()
    rfq = save_rfq(actor=member.user, rfq=rfq, values={"enclosures": ["Route"]}, edition=rfq.edition)
    assert content_of(rfq)["enclosures"] == ["Route"]


def test_a_quote_entered_by_hand_takes_the_partners_own_pdf(rfq, member, aspen):
    client = signed_in(member)
    address = reverse("quotes:quote_enter", args=[rfq.project_id, rfq.pk, aspen.organisation.slug])
    answer = client.post(address, form(files=[SimpleUploadedFile("mail.pdf", PDF)], submit="1"))
    assert answer.status_code == 302
    quote = Quote.objects.get()
    assert [row.name for row in submitted_files(quote)] == ["mail.pdf"]
    page = client.get(reverse("quotes:quote", args=[rfq.project_id, quote.pk])).content.decode()
    assert "mail.pdf" in page
    assert f"Asked for and not sent: {CERTIFICATES}." in page
    # the partner cannot read what the sponsor kept with it
    row = Attachment.objects.get()
    assert Client().get(reverse("respond_file", args=[open_gate(aspen), row.pk])).status_code == 404


def test_the_signed_nda_is_read_by_those_who_run_the_rfq(rfq, member, aspen):
    token = new_link(aspen)
    Client().post(
        reverse("respond_nda", args=[token]),
        {"signer": "A. Signer", "file": SimpleUploadedFile("signed.exe", pdf("signed"))},
    )
    answer = signed_in(member).get(reverse("quotes:rfq_nda", args=[rfq.project_id, rfq.pk, aspen.pk]))
    assert body(answer) == pdf("signed")
    assert answer["Content-Disposition"] == f'attachment; filename="nda-{aspen.organisation.slug}.pdf"'
    assert answer["Content-Type"] == "application/pdf"


@pytest.mark.parametrize("count", [1, 3])
def test_the_partners_page_asks_the_same_number_of_queries_for_one_file_and_for_three(aspen, count):
    token, quote = open_gate(aspen), drafted(aspen)
    for number in range(count):
        add_quote_file(quote=quote, name=f"{number}.txt", content=str(number).encode())
    with CaptureQueriesContext(
        connection,
    ) as found:
        assert Client().get(reverse("respond", args=[token])).status_code == 200
    assert len(found) == 7


def test_files_that_old_versions_still_name_count_towards_a_second_limit(member, monkeypatch):
    monkeypatch.setattr("quotes.services.attachments.MOST_KEPT_FILES", 3)
    rfq = make_rfq(member)
    for number in range(3):
        row = add_rfq_file(actor=member.user, rfq=rfq, name="plan.txt", content=f"Plan {number}".encode())
        type(row).objects.filter(pk=row.pk).update(used=True)
        row.refresh_from_db()
        remove_rfq_file(actor=member.user, attachment=row)
    with pytest.raises(RfqError, match="with the files of earlier versions, which stay readable, there are"):
        add_rfq_file(actor=member.user, rfq=rfq, name="plan.txt", content=b"Plan 4")
