"""Files that are sent: told by content, and refused when opening them could run something or reach out."""

import io
import zipfile

import pytest
from openpyxl import Workbook

from quotes.uploads import MEGABYTE, BadFile, FileKind, check_file, clean_name, kind_of

TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
RELS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" '
    'Target="{target}" TargetMode="External"/></Relationships>'
)


def office(main: str = "word/document.xml", **parts: str) -> bytes:
    """A file with the parts of a Word, Excel or PowerPoint document; `__` in a name stands for a slash."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", TYPES)
        archive.writestr(main, "<x/>")
        for name, text in parts.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), text)
    return out.getvalue()


def workbook() -> bytes:
    out = io.BytesIO()
    Workbook().save(out)
    return out.getvalue()


def relation(kind: str, target: str) -> bytes:
    return office(word___rels__document_dot_xml_dot_rels=RELS.format(kind=kind, target=target))


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7 x", FileKind.PDF),
        (b"\x89PNG\r\n\x1a\nx", FileKind.PNG),
        (b"\xff\xd8\xff\xe0x", FileKind.JPEG),
        (office(), FileKind.DOCX),
        (workbook(), FileKind.XLSX),
        (office("ppt/presentation.xml"), FileKind.PPTX),
        ("Größe;Preis\n1;2".encode(), FileKind.TEXT),
        (b"MZ\x90\x00 program", None),
        (b"\x7fELF", None),
        (office("anything.bin"), None),
    ],
)
def test_a_file_is_what_its_content_says(content, kind):
    assert kind_of(content) == kind


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"%PDF-" + b"x" * MEGABYTE, "larger than 1 MB"),
        (b"MZ\x90\x00", "none of the kinds that are taken. Send PDF"),
        (b"\xd0\xcf\x11\xe0old", "before 2007 or has a password"),
        (b"PK\x03\x04broken", "damaged"),
        (office(word__vbaProject_dot_bin="x"), "macros"),
        (office("xl/workbook.xml", xl__macrosheets__sheet1_dot_xml="x"), "macros"),
        (office("xl/workbook.xml", xl__externalLinks__externalLink1_dot_xml="x"), "links to other files"),
        (office("xl/workbook.xml", xl__connections_dot_xml="x"), "links to other files"),
        (office(word__embeddings__oleObject1_dot_bin="x"), "embedded"),
        (relation("attachedTemplate", "http://example.org/t.dotm"), "links to other files"),
        (relation("oleObject", "file:///c:/x.xlsx"), "links to other files"),
    ],
)
def test_what_could_run_or_reach_out_is_refused_with_what_to_send(content, why):
    with pytest.raises(BadFile, match=why):
        check_file("offer.pdf", content, largest=MEGABYTE)


def test_a_link_that_a_reader_clicks_on_is_harmless():
    assert check_file("a.docx", relation("hyperlink", "https://example.org"), largest=MEGABYTE).kind == "docx"


def test_an_archive_that_swells_is_refused_before_it_is_unpacked():
    bomb = office(word__media__x_dot_bin="0" * (201 * MEGABYTE))
    assert len(bomb) < MEGABYTE
    with pytest.raises(BadFile, match="far larger unpacked"):
        kind_of(bomb)


@pytest.mark.parametrize(
    ("given", "kind", "name"),
    [
        ("Offer 7.PDF", FileKind.PDF, "Offer_7.pdf"),
        ("report.pdf.exe", FileKind.PDF, "report.pdf.pdf"),
        ("../../etc/passwd", FileKind.TEXT, "passwd.txt"),
        ("C:\\temp\\prices.csv", FileKind.TEXT, "prices.csv"),
        ("x\u202efdp.exe", FileKind.DOCX, "xfdp.docx"),
        ("photo.jpeg", FileKind.JPEG, "photo.jpeg"),
        ("", FileKind.PNG, "file.png"),
        ("...", FileKind.PNG, "file.png"),
        ("a" * 400 + ".pdf", FileKind.PDF, "a" * 120 + ".pdf"),
    ],
)
def test_a_name_leads_nowhere_and_ends_as_the_content_does(given, kind, name):
    assert clean_name(given, kind) == name
