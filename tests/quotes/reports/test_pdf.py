"""The PDF itself: the snapshot's figures, tags, fonts, hostile texts, and nothing fetched from anywhere."""

import io
import re

import pytest
from django.core.exceptions import SuspiciousFileOperation
from pypdf import PdfReader
from pypdf.generic import ContentStream

from cmo_selector.templatetags.fmt import format_interval
from quotes.enums import Appendix, ReportStep
from quotes.reports import wording
from quotes.reports.asked import decision_asked
from quotes.reports.canonical import snapshot_hash
from quotes.reports.context import report_context
from quotes.reports.decision import points
from quotes.reports.options import ReportOptions
from quotes.reports.printable import BIDI_CONTROLS, clean
from quotes.reports.render import (
    MAP_SIZE,
    RefusedURL,
    make_fetcher,
    render_html,
    render_pdf,
    static_file,
    to_pdf,
)
from tests.quotes.reports import scenario

pytestmark = pytest.mark.django_db  # the session's snapshot needs the database to be set up

HOSTILE = (
    '<script>alert(1)</script> & "Sons"',
    '<img src="file:///etc/passwd"><link rel="stylesheet" href="http://example.org/x.css">',
    '{{ s.hash }} {% include "x" %}',
    "x\u202egnp.exe\u202c normal",
    "شركة التصنيع الحيوي",
    "A" * 200,
)


def squeezed(text: str) -> str:
    """Text without white space: lines break where the layout wants."""
    return re.sub(r"\s+", "", text)


def text_of(reader: PdfReader) -> str:
    return squeezed("".join(page.extract_text() for page in reader.pages))


def structure(reader: PdfReader) -> list:
    """All structure elements, in document order."""
    found = []

    def walk(node):
        node = node.get_object() if hasattr(node, "get_object") else node
        if isinstance(node, list):
            for kid in node:
                walk(kid)
        elif isinstance(node, dict):
            if "/S" in node:
                found.append(node)
            walk(node.get("/K", []))

    walk(reader.trailer["/Root"]["/StructTreeRoot"]["/K"])
    return found


def fonts(reader: PdfReader) -> dict[str, bool]:
    """Font name → whether its program is in the file; fonts of embedded drawings included."""
    found = {}

    def visit(resources):
        resources = resources.get_object()
        for font in (resources.get("/Font") or {}).values():
            font = font.get_object()
            for inner in font.get("/DescendantFonts", [font]):
                descriptor = inner.get_object().get("/FontDescriptor", {}).get_object()
                found[font["/BaseFont"]] = any(
                    key in descriptor for key in ("/FontFile", "/FontFile2", "/FontFile3")
                )
        for form in (resources.get("/XObject") or {}).values():
            form = form.get_object()
            if "/Resources" in form:
                visit(form["/Resources"])

    for page in reader.pages:
        visit(page["/Resources"])
    return found


@pytest.fixture(scope="module")
def steps() -> list:
    return []


@pytest.fixture(scope="module")
def pdf(snapshot, digest, steps):
    return render_pdf(snapshot, digest, on_step=steps.append)


@pytest.fixture(scope="module")
def reader(pdf) -> PdfReader:
    return PdfReader(io.BytesIO(pdf.content))


@pytest.fixture(scope="module")
def text(reader) -> str:
    return text_of(reader)


def test_steps_are_told_before_their_work(pdf, steps):
    assert steps == [ReportStep.CHARTS, ReportStep.LAYOUT]


def test_pages_are_counted_and_numbered(pdf, reader):
    assert len(reader.pages) == pdf.pages >= 6
    for number, page in enumerate(reader.pages, 1):
        assert f"Page {number} of {pdf.pages}" in page.extract_text()


def test_every_ranked_figure_of_the_snapshot_is_printed(snapshot, text):
    for row in snapshot["ranked"]:
        interval = format_interval(row["low"], row["high"], decimals=1)
        for figure in (row["name"], wording.score(row["point"]), interval, f"{row['coverage']:.0f}%"):
            assert squeezed(figure) in text
        cells = "".join(str(value) for value in points(row).values())
        assert squeezed(f"{row['name']}{cells}{wording.score(row['point'])}") in text


def test_printed_contributions_add_up_to_the_printed_score(snapshot):
    for row in snapshot["ranked"]:
        assert str(sum(points(row).values())) == wording.score(row["point"])


def test_question_answer_and_caveats_are_on_the_first_page(snapshot, reader):
    first = squeezed(reader.pages[0].extract_text())
    asked = decision_asked(snapshot)["text"]
    for words in (wording.question(snapshot), asked, wording.headline(snapshot), *wording.caveats(snapshot)):
        assert squeezed(words) in first


def test_how_firm_the_order_is_stands_in_the_text(snapshot, text):
    robustness = snapshot["firmness"]["robustness"]
    for words in (robustness["sentence"], robustness["nearest_flip"], robustness["assumption"]):
        assert squeezed(words) in text
    for row in robustness["near"][:10]:
        assert squeezed(row["name"]) in text


def test_everyone_who_is_out_is_listed_with_the_reason(snapshot, text):
    for row in snapshot["knocked_out"]:
        assert squeezed(row["name"]) in text
        for fail in row["fails"]:
            assert squeezed(f"{fail['label']}: {fail['reason']}") in text


def test_facts_are_printed_with_source_evidence_and_date(snapshot, text):
    for fact in snapshot["facts"].values():
        assert squeezed(f"{fact['evidence_label']}{fact['source']}{fact['as_of']}") in text


def test_weights_needs_comments_and_open_questions_are_printed(snapshot, text):
    for need in snapshot["needs"]:
        assert squeezed(need["label"]) in text
    for code, label in snapshot["weights"]["labels"].items():
        assert squeezed(f"{code} {label}") in text
    assert squeezed("Best technical fit so far; ask for the slot in writing.") in text
    asked = {sub["ask"] for d in snapshot["details"].values() for c in d["criteria"] for sub in c["subs"]} - {
        ""
    }
    assert sum(squeezed(ask) in text for ask in asked) >= 5


def test_hash_date_and_requester_are_on_record(snapshot, digest, text):
    assert digest in text
    assert f"Snapshot{digest[:12]}" in text
    assert squeezed(f"Requested by {snapshot['requested_by']['name']}") in text
    assert snapshot["as_of"] in text


def test_illustrative_partners_are_labelled_in_every_table(snapshot, digest):
    html = render_html(
        report_context(snapshot, digest, map_size=MAP_SIZE), {"contributions": "data:,", "map": "data:,"}
    )
    tables = re.findall(r"<table.*?</table>", html, re.DOTALL)
    naming = [t for t in tables if any(row["name"] in t for row in snapshot["ranked"])]
    assert len(naming) >= 7
    assert all("illustrative" in table for table in naming)


def test_title_language_and_marks_make_it_an_accessible_document(snapshot, reader):
    root = reader.trailer["/Root"]
    assert reader.metadata.title == snapshot["title"]
    assert root["/Lang"] == "en-GB"
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert b"pdfuaid:part" in root["/Metadata"].get_data()


def test_structure_has_headings_tables_with_headers_and_described_pictures(reader):
    elements = structure(reader)
    kinds = [element["/S"] for element in elements]
    assert kinds.count("/H1") == 1
    assert kinds.count("/H2") >= 6
    assert kinds.count("/Table") >= 10
    assert kinds.count("/TH") > kinds.count("/Table")
    figures = [element for element in elements if element["/S"] == "/Figure"]
    assert len(figures) > 10
    assert all(figure.get("/Alt") for figure in figures)


def test_bookmarks_lead_to_the_parts(reader):
    def titles(items):
        for item in items:
            yield from titles(item) if isinstance(item, list) else [item.title]

    found = list(titles(reader.outline))
    parts = [
        "How the partners compare",
        "What the decision turns on",
        "What was asked, and what it weighs",
        "Record",
    ]
    missing = (Appendix.QUOTES, Appendix.EVALUATION)  # there are no quotes, and nobody scored
    shown = [appendix.label for appendix in Appendix if appendix not in missing]
    appendices = [f"Appendix {letter} {label}" for letter, label in zip("ABCDEFGH", shown, strict=True)]
    assert [title for title in found if title in parts or title.startswith("Appendix")] == [
        *parts,
        *appendices,
    ]


def test_every_font_is_embedded_and_text_is_set_in_inter(reader):
    embedded = fonts(reader)
    assert embedded
    assert all(embedded.values()), embedded
    assert any("Inter" in name for name in embedded)


def test_charts_are_vectors(reader):
    operators = set()
    images = 0
    for page in reader.pages:
        for form in (page["/Resources"].get("/XObject") or {}).values():
            form = form.get_object()
            images += form["/Subtype"] == "/Image"
            if form["/Subtype"] == "/Form":
                operators |= {operator for _, operator in ContentStream(form, reader).operations}
        operators |= {operator for _, operator in ContentStream(page.get_contents(), reader).operations}
    assert images == 0
    assert {b"l", b"c", b"f"} & operators


@pytest.mark.parametrize(("paper", "points"), [("a4", (595, 842)), ("letter", (612, 792))])
def test_leadership_part_alone_is_two_to_six_pages_on_either_paper(snapshot, digest, paper, points):
    options = ReportOptions(paper=paper, appendices=(), recipient="Board of directors")
    short = PdfReader(io.BytesIO(render_pdf(snapshot, digest, options=options).content))
    assert 2 <= len(short.pages) <= 6
    for page in short.pages:
        assert (round(page.mediabox.width), round(page.mediabox.height)) == points
        assert "Copy for Board of directors" in " ".join(page.extract_text().split())
    first = squeezed(short.pages[0].extract_text())
    assert all(squeezed(row["name"]) in first for row in snapshot["ranked"][:5])
    text = text_of(short)
    assert squeezed("No open risk is noted of any shortlisted partner.") in text
    assert squeezed("Approved by: nobody yet.") in text
    older = {
        **snapshot,
        "shortlist": [{k: v for k, v in e.items() if k != "risks"} for e in snapshot["shortlist"]],
    }
    html = render_html(report_context(older, digest, map_size=MAP_SIZE, options=options), {})
    assert "No open risk is noted" not in html, "nobody knows what was noted then"
    assert "Appendix" not in text
    assert squeezed(wording.headline(snapshot)) in text
    assert digest in text
    nearest = snapshot["knocked_out"][0]
    assert squeezed(f"{nearest['fails'][0]['label']}: {nearest['fails'][0]['reason']}") in text
    behind = snapshot["ranked"][0]["point"] - snapshot["ranked"][1]["point"]
    assert squeezed(f"{behind:.1f} points behind") in text


def test_appendices_are_lettered_in_their_order_and_only_those_asked_for_are_printed(snapshot, digest):
    options = ReportOptions(appendices=("method", "fit"))
    assert options.appendices == ("fit", "method")
    context = report_context(snapshot, digest, map_size=MAP_SIZE, options=options)
    assert [(part["letter"], part["code"]) for part in context["appendices"]] == [
        ("A", "fit"),
        ("B", "method"),
    ]
    html = render_html(context, {"contributions": "data:,", "map": "data:,"})
    assert re.findall(r'<span class="letter">(.*?)</span> (.*?)</h2>', html) == [
        ("Appendix A", Appendix.FIT.label),
        ("Appendix B", Appendix.METHOD.label),
    ]


def test_an_unknown_paper_or_appendix_is_refused():
    for wrong in ({"kind": "essay"}, {"paper": "a5"}, {"appendices": ("gossip",)}):
        with pytest.raises(ValueError, match="Unknown kind, paper or appendix"):
            ReportOptions(**wrong)


def test_no_action_script_or_outside_link_is_in_the_file(pdf):
    for mark in (b"/JavaScript", b"/Launch", b"/URI", b"/EmbeddedFile"):
        assert mark not in pdf.content


def test_same_snapshot_gives_the_same_pages(snapshot, digest, pdf, text):
    again = render_pdf(snapshot, digest)
    assert again.pages == pdf.pages
    assert text_of(PdfReader(io.BytesIO(again.content))) == text


# -- unusual content --------------------------------------------------------------------------------


def hostile_scene():
    scene = scenario.scene()
    for organisation, name in zip(scene.partners.values(), HOSTILE, strict=False):
        organisation.name = name
        organisation.save()
    project = scene.project
    project.name = "<h1>Project</h1> \u202eevil"
    project.product = "<b>product</b>"
    project.description = '</section><style>*{display:none}</style><img src="http://169.254.169.254/">'
    project.save()
    project.shortlist.filter(position=1).update(comment=HOSTILE[1], reason=HOSTILE[0])
    return scene


def test_hostile_texts_come_out_as_text(frozen_scene, caplog):
    snapshot = frozen_scene(hostile_scene)
    pdf = render_pdf(snapshot, snapshot_hash(snapshot))
    text = text_of(PdfReader(io.BytesIO(pdf.content)))
    for name in HOSTILE[:3]:
        assert squeezed(name) in text
    assert squeezed('</section><style>*{display:none}</style><img src="http://169.254.169.254/">') in text
    assert "xgnp.exenormal" in text
    assert "/URI" not in pdf.content.decode("latin-1")
    assert "Failed to load" not in caplog.text


def test_pictographs_are_kept_and_break_nothing(frozen_scene):
    def with_pictographs():
        scene = scenario.scene()
        scene.project.product = "🧬 Gene\u200dworks"
        scene.project.save()
        return scene

    snapshot = frozen_scene(with_pictographs)
    context = report_context(snapshot, snapshot_hash(snapshot), map_size=MAP_SIZE)
    html = render_html(context, {"contributions": "", "map": ""})
    assert "Which manufacturing partner for 🧬 Gene\u200dworks?" in html
    assert to_pdf(html).content.startswith(b"%PDF-1.7")


def test_text_fit_for_print_has_no_control_characters_and_keeps_right_to_left_to_itself():
    assert clean("x\u202egnp.exe\u202c \x07\x00end") == "xgnp.exe end"
    assert clean({"a": ["شركة"]}) == {"a": ["\u2068شركة\u2069"]}
    assert not BIDI_CONTROLS.search(clean("\u2066a\u2069\u200f"))


def alone():
    scene = scenario.scene(with_shortlist=False)
    for key, organisation in scene.partners.items():
        organisation.active = key == "halden"
        organisation.save()
    return scene


def nobody():
    scene = scenario.scene(with_shortlist=False)
    for key, organisation in scene.partners.items():
        organisation.active = key in ("small", "thin-1")
        organisation.save()
    return scene


def empty_catalogue():
    scene = scenario.scene(with_shortlist=False)
    for organisation in scene.partners.values():
        organisation.active = False
        organisation.save()
    return scene


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (alone, "Halden Vector Works (illustrative) is the only partner that can be ranked"),
        (nobody, "No partner can be recommended yet"),
        (empty_catalogue, "the catalogue holds no partner to assess"),
    ],
    ids=["one ranked", "none ranked", "none at all"],
)
def test_thin_results_are_reported_too(frozen_scene, make, expected):
    snapshot = frozen_scene(make)
    pdf = render_pdf(snapshot, snapshot_hash(snapshot))
    assert squeezed(expected) in text_of(PdfReader(io.BytesIO(pdf.content)))


# -- what the renderer may read ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/x.css",
        "https://example.org/x.css",
        "file:///etc/passwd",
        "ftp://example.org/x",
        "static.css",
        "//example.org/x",
        "STATIC:css/tokens.css",
    ],
)
def test_fetcher_refuses_everything_but_our_own_files(url):
    with pytest.raises(RefusedURL):
        make_fetcher().fetch(url)


@pytest.mark.parametrize("name", ["../manage.py", "css/../../manage.py", "/etc/passwd", "no/such.css"])
def test_static_names_cannot_leave_the_static_files(name):
    with pytest.raises((FileNotFoundError, SuspiciousFileOperation)):
        static_file(name)


def test_fetcher_reads_our_own_files_and_data_addresses():
    fetcher = make_fetcher()
    assert b"@page" in fetcher.fetch("static:css/report-pdf.css").read()
    assert fetcher.fetch("data:text/plain,hello").read() == b"hello"


def test_collected_files_serve_where_there_is_no_node_modules(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    (tmp_path / "vendor").mkdir()
    (tmp_path / "vendor" / "only-collected.css").write_text("x")
    assert static_file("vendor/only-collected.css").read_text() == "x"
