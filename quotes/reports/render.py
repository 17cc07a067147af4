"""Snapshot → HTML → PDF. Reads our own static files and nothing else: no network, no other file, no database.

WeasyPrint and vl-convert are imported inside the functions, so that web processes never load them and a Celery
parent never starts vl-convert before it forks.
"""

from __future__ import annotations

import io
import json
import logging
import mimetypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string

from quotes.enums import ReportKind, ReportStep

from . import charts, kinds
from .context import report_context
from .options import ReportOptions

logger = logging.getLogger(__name__)

TEMPLATE = "quotes/reports/pdf/report.html"
STATIC_SCHEME = "static:"
TOPOLOGY = "vendor/world-atlas/countries-110m.json"
MAP_SIZE = (658, 300)  # CSS pixels at 96 per inch; the text column is 174 mm wide


@dataclass(frozen=True)
class Pdf:
    content: bytes
    pages: int


class RefusedURL(ValueError):
    """The document asked for something that is not one of our own static files."""


def static_file(name: str) -> Path:
    """The file behind a static name: from the finders, else from the collected files. Raises FileNotFoundError."""
    if found := finders.find(name):
        return Path(found)
    root = Path(settings.STATIC_ROOT).resolve()
    collected = (root / name).resolve()
    if collected.is_relative_to(root) and collected.is_file():
        return collected
    raise FileNotFoundError(f"There is no static file {name}")


def make_fetcher() -> Any:
    """A WeasyPrint URL fetcher for `static:` names and `data:` URLs; everything else raises RefusedURL."""
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class OwnFilesOnly(URLFetcher):
        def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
            if url.startswith("data:"):
                return super().fetch(url, headers)
            if not url.startswith(STATIC_SCHEME):
                raise RefusedURL(f"Reports read only our own static files, not {url[:80]}")
            path = static_file(unquote(url.removeprefix(STATIC_SCHEME)))
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            return URLFetcherResponse(url, path.read_bytes(), {"Content-Type": kind})

    return OwnFilesOnly(allowed_protocols=("data",), allow_redirects=False)


Draw = Callable[[Mapping[str, Mapping[str, Any]]], Mapping[str, str]]  # name → specification, name → SVG text


def draw_here(specs: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """The charts, drawn in this process (see charts.py for which may)."""
    return {name: charts.svg(spec) for name, spec in specs.items()}


def draw_charts(context: Mapping[str, Any], draw: Draw = draw_here) -> dict[str, str]:
    """The document's charts as data URIs; empty for one that it does not show."""
    specs: dict[str, Mapping[str, Any]] = {}
    if context["chart_rows"] and context["kind"] == ReportKind.DECISION:
        specs["contributions"] = charts.contribution_spec(
            context["chart_rows"], context["labels"], width=430, paper=True
        )
    if context["markers"] and (context["kind"] == ReportKind.DOSSIER or "sites" in context["appendix_codes"]):
        topology = json.loads(static_file(TOPOLOGY).read_text(encoding="utf-8"))
        width, height = MAP_SIZE
        specs["map"] = charts.sites_spec(context["markers"], topology, width=width, height=height)
    drawn = {name: charts.data_uri(text) for name, text in draw(specs).items()} if specs else {}
    return {"contributions": "", "map": "", **drawn}


def render_html(context: Mapping[str, Any], drawn: Mapping[str, str]) -> str:
    template = kinds.PACKAGE_DOCUMENT if context["kind"] == ReportKind.PACKAGE else TEMPLATE
    return render_to_string(template, {**context, "charts": drawn})


def render_pdf(
    snapshot: Mapping[str, Any],
    snapshot_hash: str,
    *,
    options: ReportOptions | None = None,
    previous: Mapping[str, Any] | None = None,
    on_step: Callable[[str], None] = lambda step: None,
    fonts: Any = None,
    draw: Draw = draw_here,
) -> Pdf:
    """The tagged PDF/UA document of a snapshot. `on_step` hears each ReportStep before its work begins.

    With `previous`, an earlier snapshot, it opens with what changed since. `fonts` as for `to_pdf`, `draw` as for
    `draw_charts`.
    """
    on_step(ReportStep.CHARTS)
    context = report_context(snapshot, snapshot_hash, map_size=MAP_SIZE, options=options, previous=previous)
    drawn = draw_charts(context, draw)
    on_step(ReportStep.LAYOUT)
    return to_pdf(render_html(context, drawn), fonts)


@cache
def worker_fonts() -> Any:
    """Fonts that a process without other threads keeps from one document to the next: unpacking them takes long."""
    from weasyprint.text.fonts import FontConfiguration

    return FontConfiguration()


def to_pdf(html: str, fonts: Any = None) -> Pdf:
    """Lay out HTML and write it as PDF/UA-1, with `fonts` (a FontConfiguration) or some of its own."""
    from weasyprint import HTML
    from weasyprint.text.fonts import FontConfiguration

    document = HTML(string=html, url_fetcher=make_fetcher(), base_url=STATIC_SCHEME).render(
        font_config=fonts or FontConfiguration(), pdf_variant="pdf/ua-1", presentational_hints=False
    )
    target = io.BytesIO()
    document.write_pdf(target, pdf_variant="pdf/ua-1")
    return Pdf(target.getvalue(), len(document.pages))
