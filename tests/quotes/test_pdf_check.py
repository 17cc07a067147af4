"""PDFs that are sent: pages and nothing else, wherever something else is hidden."""

import zlib

import pytest
from pypdf import PdfWriter
from pypdf.generic import ArrayObject, NameObject, NumberObject

from quotes import pdf_check
from quotes.pdf_check import UnreadablePdf, active_parts
from quotes.uploads import MEGABYTE, BadFile, check_file
from tests.factories.files import dictionary, pdf, written


def with_script() -> bytes:
    writer = PdfWriter()
    writer.root_object[NameObject("/OpenAction")] = dictionary(S="/JavaScript", JS="app.alert('boo')")
    return written(writer)


def with_attachment() -> bytes:
    writer = PdfWriter()
    writer.add_attachment("prices.xlsx", b"PK")
    return written(writer)


def opening(action: str) -> bytes:
    """A PDF that does something when it is opened."""
    writer = PdfWriter()
    writer.root_object[NameObject("/OpenAction")] = dictionary(S=action, F="calc.exe")
    return written(writer)


def annotated(**entries) -> bytes:
    """A PDF with one annotation on its page."""
    writer = PdfWriter()
    page = writer.add_blank_page(width=200, height=200)
    box = [NumberObject(n) for n in (0, 0, 9, 9)]
    page[NameObject("/Annots")] = ArrayObject([dictionary(Type="/Annot", Rect=box, **entries)])
    return written(writer)


def with_form() -> bytes:
    writer = PdfWriter()
    writer.root_object[NameObject("/AcroForm")] = dictionary(XFA=[], Fields=[])
    return written(writer)


def packed(script: bytes = b"<< /S /#4aavaScript /#4AS (x) >>") -> bytes:
    """A PDF by hand whose action stands in a compressed object stream, its names written in another way."""
    stream = zlib.compress(b"4 0 " + script)
    parts = [
        b"1 0 obj\n<< /Type /Catalog /Pages 2 0 R /OpenAction 4 0 R >>\nendobj\n",
        b"2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\n",
        b"3 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream\nendobj\n"
        % (len(stream), stream),
    ]
    out, offsets = b"%PDF-1.7\n", []
    for part in parts:
        offsets.append(len(out))
        out += part
    rows = [b"\x00\x00\x00\x00\x00", *(b"\x01" + n.to_bytes(3, "big") + b"\x00" for n in offsets)]
    rows += [b"\x02\x00\x00\x03\x00", b"\x01" + len(out).to_bytes(3, "big") + b"\x00"]
    table = b"".join(rows)
    head = b"5 0 obj\n<< /Type /XRef /Size 6 /W [1 3 1] /Root 1 0 R /Length %d >>\nstream\n" % len(table)
    return out + head + table + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(out)


def replaced() -> bytes:
    """A PDF whose script was taken out by an incremental save: it is still in the file."""
    return with_script().replace(b"%%EOF", b"") + pdf("newer")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (with_script, "a script"),
        (lambda: opening("/JavaScript"), "a script"),
        (packed, "a script"),
        (replaced, "a script"),
        (with_attachment, "other files inside"),
        (lambda: opening("/Launch"), "an action that opens other files or programs, or sends data"),
        (lambda: opening("/GoToR"), "an action that opens other files or programs, or sends data"),
        (lambda: opening("/SubmitForm"), "an action that opens other files or programs, or sends data"),
        (lambda: annotated(Subtype="/RichMedia"), "embedded media"),
        (lambda: annotated(Subtype="/Widget", AA=dictionary(K=dictionary(S="/JavaScript"))), "a script"),
        (with_form, "a dynamic form (XFA)"),
    ],
)
def test_what_is_more_than_pages_is_refused_and_named(content, found):
    with pytest.raises(BadFile) as refused:
        check_file("offer.pdf", content(), largest=MEGABYTE)
    assert str(refused.value) == f"The PDF has {found}. {pdf_check.REMEDY}"


def test_several_things_are_named_once_each():
    both = opening("/Launch").replace(b"%%EOF", b"") + with_script()
    assert active_parts(both) == ["a script", "an action that opens other files or programs, or sends data"]


def locked(password: str) -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(width=200, height=200)
    writer.encrypt(password, owner_password="owner", algorithm="AES-256")
    return written(writer)


@pytest.mark.parametrize(
    "content",
    [
        pdf,
        lambda: annotated(Subtype="/Link", A=dictionary(S="/URI", URI="https://example.org")),
        lambda: packed(b"<< /S /GoTo /D [0 /Fit] >>"),
        lambda: locked(""),  # printing forbidden, reading not
        lambda: pdf() + b"\r\n\x00\x00",  # what some scanners leave at the end
    ],
    ids=["pages", "a link", "a packed jump", "rights only", "rubbish at the end"],
)
def test_pages_and_links_that_are_clicked_on_are_taken(content):
    assert check_file("offer.pdf", content(), largest=MEGABYTE).kind == "pdf"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"%PDF-1.7 nothing more", "damaged"),
        (b"%PDF-1.7\n%%EOF", "damaged"),
        (pdf()[:-400], "damaged"),
        (locked("secret"), "has a password"),
    ],
)
def test_what_cannot_be_looked_into_is_refused_with_what_to_do(content, message):
    with pytest.raises(BadFile, match=message):
        check_file("offer.pdf", content, largest=MEGABYTE)


@pytest.mark.parametrize(("name", "value"), [("MOST_OBJECTS", 1), ("MOST_SECONDS", -1.0)])
def test_a_pdf_that_would_take_too_long_is_refused(monkeypatch, name, value):
    monkeypatch.setattr(pdf_check, name, value)
    with pytest.raises(UnreadablePdf, match="too complicated"):
        active_parts(pdf())


def test_a_stream_that_swells_is_not_unpacked():
    bomb = packed(b"<< /S /GoTo >>" + b" " * (100 * MEGABYTE))
    assert len(bomb) < MEGABYTE
    with pytest.raises(UnreadablePdf, match="damaged"):
        active_parts(bomb)
