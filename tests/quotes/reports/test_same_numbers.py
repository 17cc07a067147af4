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
from quotes.reports import wording
from quotes.reports.decision import points
from quotes.reports.options import ReportOptions
from quotes.reports.render import render_pdf
from quotes.services import reports

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
