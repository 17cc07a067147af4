"""Same numbers everywhere: page, PDF, workbook, API and the live ranking say one thing about one snapshot."""

import hashlib
import io
import json
import re
from dataclasses import dataclass

import pytest
import tinyhtml5
from django.urls import reverse
from openpyxl import load_workbook
from pypdf import PdfReader

from cmo_selector.templatetags.fmt import format_interval
from quotes.models import Quote
from quotes.reports import wording
from quotes.reports.context import report_context
from quotes.reports.decision import points
from quotes.reports.options import ReportOptions
from quotes.reports.render import render_html, render_pdf
from quotes.services import reports
from tests.quotes.reports import scenario

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Printed:
    """A ranked partner's figures as people read them."""

    rank: int
    score: str
    interval: str
    coverage: str
    could_rank: str
    points: tuple[str, ...]


def of_row(row) -> Printed:
    """A row of a snapshot, or of the API."""
    return Printed(
        row["rank"],
        wording.score(row["point"]),
        format_interval(row["low"], row["high"], decimals=1),
        f"{row['coverage']:.0f}%",
        format_interval(row["best_rank"], row["worst_rank"]),
        tuple(f"{value:.1f}" for value in points(row).values()),
    )


def tables(html: str) -> dict[str, list[list[str]]]:
    """Name of the table → the text of each cell of each row of its body."""
    root = tinyhtml5.parse(html, namespace_html_elements=False)
    return {
        region.get("aria-label"): [
            [" ".join("".join(cell.itertext()).split()) for cell in row if cell.tag in ("td", "th")]
            for row in region.iter("tr")
            if row.find("td") is not None
        ]
        for region in root.iter("div")
        if region.get("role") == "region" and region.find("table") is not None
    }


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_page_pdf_workbook_api_and_live_ranking_agree_to_the_last_printed_digit(
    client, scene, settings, tmp_path
):
    settings.MEDIA_ROOT = tmp_path
    client.force_login(scene.user)
    place = [scene.project.pk]
    asked = client.post(
        reverse("api:project-reports", args=place),
        json.dumps({"appendices": []}),
        content_type="application/json",
    ).json()
    claimed = reports.claim(asked["id"])
    pdf = render_pdf(claimed.snapshot, claimed.snapshot_hash, options=ReportOptions(appendices=()))
    reports.finish(claimed, pdf.content, pdf.pages)
    links = client.get(reverse("api:project-report", args=[*place, claimed.pk])).json()["links"]

    frozen = client.get(links["snapshot"]).content
    assert hashlib.sha256(frozen).hexdigest() == claimed.snapshot_hash
    assert downloaded(client, "report_json", claimed) == frozen
    expected = {row["name"]: of_row(row) for row in json.loads(frozen)["ranked"]}
    assert len(expected) >= 8

    live = client.get(reverse("api:project-ranking", args=place)).json()
    assert {row["name"]: of_row(row) for row in live["ranked"]} == expected

    book = load_workbook(io.BytesIO(client.get(links["workbook"]).content))
    assert from_workbook(book) == expected
    assert from_workbook(load_workbook(io.BytesIO(downloaded(client, "report_xlsx", claimed)))) == expected

    page = tables(client.get(links["page"]).content.decode())
    leaders = {
        name: (int(rank), score, interval, coverage, could)
        for rank, name, score, interval, coverage, could in (
            (row[0], bare(row[1]), *row[2:]) for row in page["Leading partners"]
        )
    }
    assert len(leaders) == 5
    for name, figures in leaders.items():
        printed = expected[name]
        assert figures == (
            printed.rank,
            printed.score,
            printed.interval,
            printed.coverage,
            printed.could_rank,
        )
    by_criterion = {row[0]: (tuple(row[1:-1]), row[-1]) for row in page["Points by criterion"]}
    assert by_criterion == {name: (printed.points, printed.score) for name, printed in expected.items()}

    assert downloaded(client, "report_download", claimed) == client.get(links["pdf"]).content == pdf.content
    text = squeezed("".join(one.extract_text() for one in PdfReader(io.BytesIO(pdf.content)).pages))
    for name, printed in expected.items():
        assert squeezed(f"{name}{''.join(printed.points)}{printed.score}") in text
        assert squeezed(printed.interval) in text
        assert printed.coverage in text


def test_a_line_that_nobody_has_priced_reads_alike_on_page_pdf_workbook_and_api(client):
    scene = scenario.quoted_scene(award=False)
    client.force_login(scene.user)
    place = [scene.project.pk]
    headlines = Quote.objects.filter(organisation=scene.partners["calder"])
    headlines.update(headline=None)
    page = client.get(reverse("quotes:quotes", args=place))
    cells = {cell.quote.organisation.name: cell for cell in page.context["rows"][-1].cells}
    on_page = {name: (cell.instead, cell.words, cell.npv) for name, cell in cells.items()}
    halden, calder, northmoor = (scene.partners[key].name for key in ("halden", "calder", "northmoor"))
    assert on_page == {
        halden: ("included", "included", 0),
        calder: ("no price", "gap: no price", None),
        northmoor: ("unknown", "own work, its cost not given", None),
    }
    html = client.get(reverse("quotes:quote", args=[*place, headlines.get().pk])).content.decode()
    assert tables(html)["From the headline to the normalised cost"][0] == [
        "No headline stated",
        "unknown",
        "–",
    ]

    report = reports.request_report(
        actor=scene.user, project=scene.project, options=ReportOptions(kind="quotes", appendices=("quotes",))
    )
    links = client.get(reverse("api:project-report", args=[*place, report.pk])).json()["links"]
    quotes = client.get(links["snapshot"]).json()["costs"]["quotes"]
    assert {q["name"]: q["lines"][-1]["npv"] for q in quotes} == {halden: "0", calder: None, northmoor: None}

    sheet = list(load_workbook(io.BytesIO(client.get(links["workbook"]).content))["Quote lines"].values)
    head, last, total = sheet[0], sheet[-2], sheet[-1]
    for name in (halden, calder, northmoor):
        column = next(n for n, text in enumerate(head) if text.startswith(name))
        assert last[column] == on_page[name][0]
        assert total[column].startswith("=SUM(")
        noted = "–" if name == halden else "without 1\u00a0line that nobody has priced"
        assert total[column + 1] == noted

    context = report_context(
        report.snapshot, report.snapshot_hash, map_size=(600, 300), options=report.options
    )
    (line,) = context["costs"]["line_rows"][-1]["rows"][-1:]
    printed = dict(zip((q["name"] for q in quotes), (cell["amount"] for cell in line["cells"]), strict=True))
    assert printed == {name: said[0] for name, said in on_page.items()}
    text = squeezed(re.sub(r"<[^>]+>", " ", render_html(context, {"contributions": "", "map": ""})))
    assert "Noheadlinestated:unknown" in text


def downloaded(client, name: str, report) -> bytes:
    """What the page's own link hands over."""
    return b"".join(
        client.get(reverse(f"quotes:{name}", args=[report.project_id, report.pk])).streaming_content
    )


def bare(name: str) -> str:
    """A partner's name without the mark of an invented one."""
    return re.sub(r"\s*(illustrative|ill\.|Illustrative.*)$", "", name).strip()


def from_workbook(book) -> dict[str, Printed]:
    ranking = list(book["Ranking"].iter_rows(min_row=2, values_only=True))
    contributions = list(book["Contributions"].iter_rows(min_row=2, values_only=True))
    return {
        row[1]: Printed(
            row[0],
            f"{row[4]:.1f}",
            format_interval(row[5], row[6], decimals=1),
            f"{row[7]:.0f}%",
            format_interval(row[8], row[9]),
            tuple(f"{value:.1f}" for value in parts[2:-1]),
        )
        for row, parts in zip(ranking, contributions, strict=True)
    }
