"""Every free text of a snapshot, whoever typed it, comes out of the renderer as text: no tag, no address, no formula.

What counts as free text is found, not listed: every string that does not look like a code, date or number. A field
added to the snapshot is therefore tested from its first day.
"""

import io
import re
import socket
from collections import Counter

import pytest
import tinyhtml5
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from pypdf import PdfReader

from quotes.reports.canonical import plain
from quotes.reports.context import report_context
from quotes.reports.options import ReportOptions
from quotes.reports.printable import clean
from quotes.reports.render import MAP_SIZE, render_html, render_pdf
from quotes.reports.workbook import workbook

pytestmark = pytest.mark.django_db  # the session's snapshot needs the database to be set up

CODE = re.compile(r"[a-z0-9_.:,+-]*|[A-Z]{1,3}|C\d+(\.\w+)?|\d{4}-\d\d-\d\d.*")
FRAGMENTS = (
    *(
        "<script>alert(1)</script>",
        "</td></tr></table>",
        "<!--",
        "-->",
        "]]>",
        "<![CDATA[",
        "</style>",
        "<style>*{}",
    ),
    *(
        "{{ s.hash }}",
        "{% now 'Y' %}",
        "{#",
        "&lt;",
        "&#60;b&#62;",
        "&",
        '"',
        "'",
        "`",
        "\\",
        "%3Cb%3E",
        "<b",
    ),
    *(
        '<img src="file:///etc/passwd">',
        '<link rel="attachment" href="file:///etc/passwd">',
        "url(http://h/x)",
    ),
    *(
        '" onload="x',
        "javascript:alert(1)",
        "http://169.254.169.254/",
        "@import 'http://h/x';",
        "static:css/app.css",
    ),
    *(
        "=HYPERLINK(1)",
        "+1",
        "@SUM(1)",
        "-2+3",
        "\u202egnp",
        "\u2066",
        "شركة",
        "e\u0301",
        "🧬\u200d",
        "\ufeff",
        "\u00ad",
    ),
)
ADDRESSES = {"href", "src", "xlink:href", "poster", "data", "action", "style", "srcset"}
texts = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=6), min_size=1, max_size=5).map(" ".join)


def filled(value, text, numbers):
    """The same structure with every free text replaced by `text` and a number that tells them apart."""
    if isinstance(value, str):
        if CODE.fullmatch(value):
            return value
        return f"{text} {numbers.setdefault(value, len(numbers))}"
    if isinstance(value, dict):
        return {key: filled(item, text, numbers) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, text, numbers) for item in value]
    return value


def document(snapshot, digest, text):
    """The parsed document of the snapshot filled with `text`, as recipient too."""
    hostile = plain(filled(snapshot, text, {}))
    options = ReportOptions(recipient=plain(text)[:80])
    context = report_context(hostile, digest, map_size=MAP_SIZE, options=options)
    html = render_html(context, {"contributions": "data:,", "map": "data:,"})
    return tinyhtml5.parse(html, namespace_html_elements=False)


def shape(root) -> Counter:
    """How often each tag stands in the document with which attributes; a comment's tag is a function."""
    return Counter((str(node.tag), *sorted(node.attrib)) for node in root.iter())


def addresses(root) -> set[str]:
    return {value for node in root.iter() for name, value in node.attrib.items() if name in ADDRESSES}


def harmless(text: str) -> str:
    """A text as long and with its white space where it was, of letters alone."""
    return re.sub(r"\S", "x", clean(plain(text)))


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_nearly_everything_that_people_wrote_counts_as_free_text(snapshot):
    numbers = {}
    filled(snapshot, "", numbers)
    names = {row["name"] for row in snapshot["ranked"]}
    assert names | {snapshot["project"]["product"], snapshot["sponsor"]["name"]} <= set(numbers)
    assert len(numbers) > 150


@settings(max_examples=12)
@given(text=texts)
def test_no_text_adds_a_tag_an_attribute_or_an_address(snapshot, digest, text):
    root, plain_root = document(snapshot, digest, text), document(snapshot, digest, harmless(text))
    assert shape(root) == shape(plain_root)
    assert addresses(root) == addresses(plain_root)


@pytest.mark.parametrize("text", FRAGMENTS)
def test_a_hostile_text_is_printed_as_it_was_typed(snapshot, digest, text):
    printed = squeezed("".join(document(snapshot, digest, text).itertext()))
    assert squeezed(clean(text)) in printed


@pytest.fixture
def no_network(monkeypatch):
    def refuse(self, address):
        raise AssertionError(f"the renderer asked the network for {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.slow
def test_the_pdf_of_a_snapshot_that_is_hostile_everywhere_asks_nobody_and_carries_nothing(
    snapshot, digest, no_network, caplog
):
    text = "".join(FRAGMENTS[:24])
    hostile = filled(snapshot, text, {})
    for fact in hostile["facts"].values():
        fact["url"] = 'javascript:alert(1)//"><script>'
    pdf = render_pdf(hostile, digest, options=ReportOptions(recipient=text[:80]))
    for mark in (b"/JavaScript", b"/Launch", b"/URI", b"/EmbeddedFile", b"/Filespec", b"root:"):
        assert mark not in pdf.content
    assert "Failed to load" not in caplog.text
    assert "Refused" not in caplog.text
    printed = squeezed("".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf.content)).pages))
    assert "<script>alert(1)</script>" in printed
    assert "{{s.hash}}" in printed


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+1+1", "-2+3", "@SUM(1)", "\t=1+1", "\r=1+1"])
def test_no_text_becomes_a_formula_in_the_workbook(snapshot, digest, text):
    book = load_workbook(io.BytesIO(workbook(filled(snapshot, text, {}), digest)))
    formulas = {
        cell.value for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"
    }
    own = load_workbook(io.BytesIO(workbook(snapshot, digest)))
    assert formulas == {
        cell.value for sheet in own for row in sheet.iter_rows() for cell in row if cell.data_type == "f"
    }
