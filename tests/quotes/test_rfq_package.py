"""The package of an RFQ as PDF and workbook: everything a bidder is asked, tagged, safe, the same as the page."""

import io

import pytest
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook
from pypdf import PdfReader

from quotes.models import Project
from quotes.rfq_package import Cover, counted, package_html, package_pdf, package_xlsx
from quotes.services.attachments import add_rfq_file
from quotes.services.rfq import content_of, save_rfq
from quotes.services.rfq_messages import answer_question, ask_question
from tests.factories.accounts import MembershipFactory
from tests.factories.rfq import make_rfq, open_gate, send
from tests.quotes.reports.test_pdf import HOSTILE, fonts, squeezed, structure, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def storage(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def member():
    return MembershipFactory()


@pytest.fixture
def rfq(member):
    return make_rfq(member, documents=["Certificates in scope"], enclosures=["Route description"])


def body(answer) -> bytes:
    return b"".join(answer.streaming_content)


def test_the_partners_pdf_says_what_how_much_when_and_how_to_answer(rfq, member):
    add_rfq_file(actor=member.user, rfq=rfq, name="route.txt", content=b"Route", document="Route description")
    Project.objects.filter(pk=rfq.project_id).update(markets=["US", "JP"])
    rfq.project.refresh_from_db()
    (aspen,) = send(rfq, member, "Aspen")
    question = ask_question(invitation=aspen, text="How many strengths?")
    answer_question(actor=member.user, message=question, answer="Three.")
    ask_question(invitation=aspen, text="Still open?")
    answer = Client().get(reverse("respond_pdf", args=[open_gate(aspen)]))
    assert answer["Content-Disposition"].endswith('second-source-of-tablets-version-1.pdf"')
    reader = PdfReader(io.BytesIO(body(answer)))
    text = text_of(reader)
    for words in (
        "Second source of tablets", "for Aspen", "Version 1", "Quotes are due by", "NDA on file",
        "1250 (million tablets)".replace("1250", "1,050"), "Technology transfer in", "2027: 1", "Certificates in scope",
        "route.txt", "How many strengths?", "Three.", "Both sides keep what they learn", "Launch: March 2027",
        "List every assumption", "Technical fit and experience", "Markets United States, Japan",
    ):  # fmt: skip
        assert squeezed(words) in text, words
    assert squeezed("Still open?") not in text
    assert f"Page 1 of {len(reader.pages)}" in reader.pages[0].extract_text()


def test_the_pdf_is_tagged_named_and_carries_its_fonts(rfq):
    content = package_pdf(content_of(rfq), Cover(sponsor="Acme", deadline=None, contact="x"))
    reader = PdfReader(io.BytesIO(content))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en-GB"
    assert reader.metadata.title == rfq.title
    tags = {str(element["/S"]) for element in structure(reader)}
    assert {"/H1", "/H2", "/Table", "/TH", "/TD"} <= tags
    embedded = fonts(reader)
    assert embedded
    assert all(embedded.values())


def test_hostile_texts_are_printed_and_reach_nothing(rfq, member):
    rfq = save_rfq(
        actor=member.user,
        rfq=rfq,
        values={
            "sections": {"background": " ".join(HOSTILE)},
            "questions": [{"id": "q1", "text": HOSTILE[0]}],
            "title": HOSTILE[1][:160],
        },
        edition=rfq.edition,
    )
    html = package_html(content_of(rfq), Cover(sponsor=HOSTILE[0], deadline=None, contact=HOSTILE[1]))
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<img" not in html
    assert "\u202e" not in html
    assert package_pdf(content_of(rfq), Cover(sponsor="x", deadline=None, contact="x")).startswith(b"%PDF-")


def test_a_draft_says_so_and_a_version_is_printed_as_it_was_sent(rfq, member):
    client = Client()
    client.force_login(member.user)
    address = reverse("quotes:rfq_pdf", args=[rfq.project_id, rfq.pk])
    assert squeezed("Draft, not sent") in text_of(PdfReader(io.BytesIO(body(client.get(address)))))
    send(rfq, member, "Aspen")
    rfq.refresh_from_db()
    save_rfq(actor=member.user, rfq=rfq, values={"milestones": "Changed since"}, edition=rfq.edition)
    text = text_of(PdfReader(io.BytesIO(body(client.get(f"{address}?version=1")))))
    assert (squeezed("Version 1") in text, squeezed("Changed since") in text) == (True, False)
    assert client.get(f"{address}?version=x").status_code == 404


def test_the_workbook_has_the_same_request_and_runs_nothing(rfq, member):
    rfq = save_rfq(actor=member.user, rfq=rfq, values={"milestones": "=HYPERLINK(1)"}, edition=rfq.edition)
    content = package_xlsx(
        content_of(rfq), Cover(sponsor="Acme", deadline=rfq.deadline, contact="x", sealed=True)
    )
    book = load_workbook(io.BytesIO(content))
    assert book.sheetnames == [
        "Request", "Demand", "Scope", "Questions", "Documents", "Evaluation", "Answers", "Response sheet",
    ]  # fmt: skip
    request = {row[0].value: row[1].value for row in book["Request"].iter_rows(min_row=2)}
    assert (request["Request for quotation"], request["Milestones"]) == (rfq.title, "'=HYPERLINK(1)")
    assert request["Sealed until then"] == "yes"
    demand = [[cell.value for cell in row] for row in book["Demand"].iter_rows(min_row=2)]
    assert demand[1] == ["Million tablets", "million", "base", 250, 400, 400]
    scope = [[cell.value for cell in row] for row in book["Scope"].iter_rows(min_row=2)]
    assert scope[0][:2] + scope[0][4:] == [
        "tech_transfer_in", "Technology transfer in", "lump sum", "Fixed", "quantities typed", 1, 0, 0,
    ]  # fmt: skip
    assert scope[1][6:] == ["Million tablets", 250, 400, 400]
    documents = [[cell.value for cell in row][:3] for row in book["Documents"].iter_rows(min_row=2)]
    assert documents == [
        ["sponsor", "Route description", "no file enclosed"],
        ["bidder", "Certificates in scope", "sent with the quote"],
    ]
    assert all(cell.data_type != "f" for sheet in book for row in sheet.iter_rows() for cell in row)


def test_many_years_stay_on_the_paper(member):
    rfq = make_rfq(member, periods=15)
    content = package_pdf(content_of(rfq), Cover(sponsor="Acme", deadline=None, contact="x"))
    text = text_of(PdfReader(io.BytesIO(content)))
    assert all(str(year) in text for year in range(2027, 2042))


def test_quantities_in_words():
    line = {"counted_by": "", "per_year": ["1", "0", "2"], "total": "3"}
    assert counted(line, [2027, 2028, 2029]) == "2027: 1; 2029: 2"
    assert counted({**line, "per_year": ["0", "0", "0"]}, [2027, 2028, 2029]) == "none: a rate is asked for"
    assert counted({**line, "counted_by": "Batches"}, [2027, 2028, 2029]) == "3 (batches)"
