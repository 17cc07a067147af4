"""Snapshots as earlier versions of this product froze them: printed again with the same figures.

`frozen/` holds one canonical snapshot of each shape, named by the day and hour of the version that made it.
"""

import gzip
import hashlib
import io
import json
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from quotes.enums import ReportKind
from quotes.reports import wording
from quotes.reports.canonical import canonical, snapshot_hash
from quotes.reports.changes import changes_between
from quotes.reports.kinds import missing_for
from quotes.reports.options import ReportOptions
from quotes.reports.render import render_pdf
from quotes.reports.workbook import workbook

FROZEN = sorted((Path(__file__).parent / "frozen").glob("*.json.gz"))


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.fixture(params=FROZEN, ids=lambda path: path.name.partition(".")[0])
def older(request) -> bytes:
    return gzip.decompress(request.param.read_bytes())


def test_an_older_snapshot_is_canonical_and_keeps_its_hash(older):
    s = json.loads(older)
    assert canonical(s) in (older, older.decode())
    assert snapshot_hash(s) == hashlib.sha256(older).hexdigest()


def test_every_kind_of_an_older_snapshot_is_printed_again_with_its_figures(older):
    s = json.loads(older)
    kinds = []
    for kind in ReportKind:
        partner = int(s["detail_order"][0]) if kind == ReportKind.DOSSIER else None
        options = ReportOptions(kind=kind.value, partner=partner)
        if kind != ReportKind.DECISION:  # which has printed the appendices of all
            options = replace(options, appendices=())
        if missing_for(s, options):
            continue
        pdf = render_pdf(s, snapshot_hash(s), options=options)
        text = squeezed("".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf.content)).pages))
        assert snapshot_hash(s) in text
        kinds.append(kind)
        if kind == ReportKind.DECISION:
            for row in s["ranked"]:
                assert squeezed(row["name"]) in text
                assert squeezed(wording.score(row["point"])) in text
    assert {ReportKind.DECISION, ReportKind.COMPARISON, ReportKind.DOSSIER} <= set(kinds)
    assert (ReportKind.QUOTES in kinds) == bool(s.get("costs"))


def test_the_workbook_of_an_older_snapshot_holds_its_ranking(older):
    s = json.loads(older)
    book = load_workbook(io.BytesIO(workbook(s, snapshot_hash(s))))
    names = [row[1] for row in book["Ranking"].iter_rows(min_row=2, values_only=True)]
    assert names[: len(s["ranked"])] == [row["name"] for row in s["ranked"]]


@pytest.mark.parametrize(("old", "new"), list(pairwise(FROZEN)), ids=lambda path: path.name[:15])
def test_what_was_frozen_before_a_part_existed_is_compared_without_it(old, new):
    one, two = (json.loads(gzip.decompress(path.read_bytes())) for path in (old, new))
    codes = {group.code for group in changes_between(one, two)}
    assert changes_between(one, one) == []
    assert not codes & {part for part in ("records", "firmness", "scope", "withdrawn") if _missing(part, one)}


def _missing(code: str, s: dict) -> bool:
    key = {"records": "site_records", "firmness": "firmness", "scope": "networks", "withdrawn": "withdrawn"}[
        code
    ]
    return key not in s
