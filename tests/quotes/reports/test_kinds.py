"""The kinds of report: what each prints of one snapshot, and when it cannot be made."""

import base64
import io
import json
import re
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from django.conf import settings
from django.http import QueryDict
from django.urls import reverse
from jsonschema import Draft202012Validator
from openpyxl import load_workbook
from pypdf import PdfReader

from quotes.comparison import columns, headline_sentence, load_comparison, scenario_rows
from quotes.enums import ReportKind
from quotes.forms.tool_forms import MakeOrBuyForm
from quotes.models import Report, Rfq
from quotes.ranking import rank_project
from quotes.reports.canonical import canonical, plain, snapshot_hash
from quotes.reports.context import report_context
from quotes.reports.costs import cents, frozen_costs
from quotes.reports.decision import criteria_names
from quotes.reports.group_words import team_scores
from quotes.reports.kinds import NO_CALCULATION, NO_PRICES, NO_QUOTES, NO_RFQ, NOT_DECIDED, missing_for
from quotes.reports.make_words import SWING_WORDS, memo_context
from quotes.reports.options import ReportOptions
from quotes.reports.render import MAP_SIZE, render_html, render_pdf, to_pdf
from quotes.reports.site_words import site_parts
from quotes.reports.snapshot import build_snapshot
from quotes.reports.workbook import workbook
from quotes.tool_results import TOOLS, outcome_of
from tests.factories.partners import RestrictedPartyEntryFactory, RestrictedPartyListFactory
from tests.quotes.reports import scenario
from tests.quotes.reports.test_pdf import structure

SCHEMA = Path(settings.BASE_DIR) / "static" / "schemas" / "report-snapshot-1.json"

pytestmark = pytest.mark.django_db  # also alone, this file needs the test database


@pytest.fixture(scope="module")
def quoted(frozen_scene) -> dict:
    """Three shortlisted partners have quoted, one has the award."""
    return frozen_scene(scenario.quoted_scene)


def options_for(kind: str, snapshot: dict) -> ReportOptions:
    partner = snapshot["shortlist"][1]["partner_id"] if kind == ReportKind.DOSSIER else None
    return ReportOptions(kind=kind, partner=partner)


def text_of(pdf) -> str:
    pages = PdfReader(io.BytesIO(pdf.content)).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))


@pytest.fixture(scope="module")
def printed(quoted):
    found = {}

    def of(kind: str):
        if kind not in found:
            found[kind] = render_pdf(quoted, snapshot_hash(quoted), options=options_for(kind, quoted))
        return found[kind]

    return of


@pytest.mark.parametrize("kind", ReportKind.values)
def test_every_kind_is_a_tagged_document_with_its_own_title_and_the_snapshots_hash(printed, quoted, kind):
    pdf = printed(kind)
    reader = PdfReader(io.BytesIO(pdf.content))
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert reader.metadata.title.startswith(f"{ReportKind(kind).label}: ")
    elements = structure(reader)
    levels = [int(e["/S"][2:]) for e in elements if e["/S"] in ("/H1", "/H2", "/H3", "/H4")]
    assert levels.count(1) == 1
    assert all(level <= before + 1 for before, level in pairwise([0, *levels])), "no heading skips a level"
    assert all(e.get("/Alt") for e in elements if e["/S"] == "/Figure")
    assert snapshot_hash(quoted) in re.sub(r"\s+", "", "".join(p.extract_text() for p in reader.pages))


def test_each_kind_prints_its_own_parts(printed, quoted):
    texts = {kind: text_of(printed(kind)) for kind in ReportKind.values}
    costs = quoted["costs"]
    second = quoted["shortlist"][1]["name"]
    expected = {
        "What the programme costs with each bidder": {"decision", "comparison", "quotes", "record"},
        "Quotes line by line": {"decision", "comparison", "quotes", "record"},
        "Side by side": {"comparison"},
        "Quality timeline": {"decision", "dossier", "record"},
        "The largest scale that one site states": {"decision", "dossier", "record"},
        "What the decision turns on": {"decision", "record"},
        "To be signed by those who answer for the decision.": {"record"},
        "Best record of AAV batches, and a slot in May.": {"quotes", "record"},
        costs["sentence"]: {"decision", "comparison", "quotes", "record"},
        "From the headline to the normalised cost": {"decision", "comparison", "quotes", "record"},
        "Halden Vector Works above Calder Bay Biologics": {"decision", "comparison", "record"},
        "2 people scored, each alone. Their points put Halden Vector Works": {
            "decision",
            "comparison",
            "record",
        },
        "Two references were called.": {"decision", "comparison", "record"},
        "What the answer turns on": {"memo"},
        "Other calculations kept with the project": {"memo"},
        "Scope: what is priced": {"package"},
        "How quotes are evaluated": {"package"},
    }
    assert {part: {kind for kind, text in texts.items() if part in text} for part in expected} == expected
    assert second in texts["dossier"]
    others = {entry["name"] for entry in quoted["shortlist"]} - {second}
    assert not [name for name in others if name in texts["dossier"]]


def test_sites_are_frozen_as_the_partners_page_shows_them(quoted):
    key = quoted["detail_order"][0]
    frozen_one = quoted["site_records"][key]
    assert [(entry["kind"], entry["on"], entry["until"]) for entry in frozen_one["quality"]] == [
        ("Inspection", "2024-05-17", None),
        ("Certificate", None, "2027-06-30"),
    ]
    assert frozen_one["matrix"]["rows"] == [
        {
            "branch": "Drug substance",
            "service": "Viral vector",
            "cells": [
                {
                    "known": "yes",
                    "evidence": "Document checked",
                    "scale": "50–500 L",
                    "sites": ["Lund site"],
                }
            ],
        }
    ]
    parts = site_parts(quoted, key)
    (mark,) = parts["timeline"]["marks"]
    assert (mark["shape"], mark["words"]) == (
        "circle",
        "Inspection by Fda, No action indicated (NAI), 2024-05-17",
    )
    assert site_parts({**quoted, "site_records": {}}, key)["quality"] == []


def test_leadership_part_with_costs_keeps_to_six_pages(quoted):
    pdf = render_pdf(quoted, snapshot_hash(quoted), options=ReportOptions(appendices=()))
    assert 2 <= pdf.pages <= 6


def test_costs_say_what_is_missing_and_whose_figures_they_are(quoted):
    by_name = {quote["name"]: quote for quote in quoted["costs"]["quotes"]}
    gap = by_name["Calder Bay Biologics"]
    base = quoted["costs"]["base"]
    assert (gap["scenarios"][base]["comparable"], gap["worst_regret"]) == (False, None)
    assert [line["source"] for line in gap["lines"]] == ["quoted", "quoted", "unpriced"]
    own = by_name["Northmoor Gene Manufacturing"]
    assert own["lines"][2]["source_words"] == "own work, its cost not given"
    assert (own["currency"], sorted(quoted["costs"]["rates"]["used"])) == ("EUR", ["EUR"])
    winner = by_name["Halden Vector Works"]
    steps = winner["waterfall"]
    assert (steps[0]["kind"], steps[-1]["kind"]) == ("total", "total")
    total = sum(Decimal(step["amount"]) for step in steps[:-1])
    assert abs(total - Decimal(steps[-1]["amount"])) <= Decimal("0.03")
    assert steps[-1]["amount"] == winner["scenarios"][base]["npv"]


def test_costs_are_those_of_the_comparison_page(db):
    scene = scenario.quoted_scene(award=False)
    found = load_comparison(Rfq.objects.get(project=scene.project))
    frozen_now = frozen_costs(scene.project)
    assert frozen_now["sentence"] == headline_sentence(found)
    for row in scenario_rows(found, columns(found, found.base)):
        for quote, npv, regret, wins, comparable in row.cells:
            figures = next(q for q in frozen_now["quotes"] if q["quote_id"] == quote.pk)["scenarios"][
                str(row.scenario.pk)
            ]
            assert figures["npv"] == cents(npv)
            assert (figures["regret"], figures["wins"], figures["comparable"]) == (
                cents(regret),
                wins,
                comparable,
            )


def test_the_awarded_quote_and_the_winners_are_shown_however_little_room_there_is(db, monkeypatch):
    scene = scenario.quoted_scene()
    every = frozen_costs(scene.project)
    monkeypatch.setattr("quotes.reports.costs.QUOTES", 1)
    shown = {quote["partner_id"] for quote in frozen_costs(scene.project)["quotes"]}
    ids = {quote["quote_id"]: quote["partner_id"] for quote in every["quotes"]}
    needed = {row["winner"] for row in every["scenarios"] if row["winner"]} | {every["award"]["quote_id"]}
    assert shown == {ids[quote] for quote in needed}
    assert len(ids) == 3


def test_without_prices_no_amount_of_a_quote_is_in_the_snapshot(db):
    scene = scenario.quoted_scene()
    ranking = rank_project(scene.project, as_of=scenario.TODAY)
    snapshot = build_snapshot(
        project=scene.project, ranking=ranking, requester=scene.user, include_prices=False
    )
    assert snapshot["costs"] is None
    assert "Best record of AAV batches" not in canonical(snapshot).decode()
    assert snapshot["make_or_buy"] is None
    assert {missing_for(snapshot, ReportOptions(kind=kind)) for kind in ("quotes", "memo")} == {NO_PRICES}
    assert missing_for(snapshot, ReportOptions(kind=ReportKind.RECORD)) == NOT_DECIDED


def test_a_kind_without_its_content_is_refused_beside_the_field_and_creates_nothing(client, scene):
    client.force_login(scene.user)
    address = reverse("quotes:report_create", args=[scene.project.pk])
    for kind, reason in (
        ("quotes", NO_QUOTES),
        ("record", NOT_DECIDED),
        ("memo", NO_CALCULATION),
        ("package", NO_RFQ),
    ):
        page = client.post(address, {"kind": kind, "paper": "a4"})
        assert (page.status_code, page.context["form"].errors["kind"]) == (422, [reason])
    page = client.post(address, {"kind": "dossier", "paper": "a4"})
    assert page.context["form"].errors["partner"] == ["Choose the partner that the dossier is about."]
    stranger = scene.partners["kansai"].pk
    page = client.post(address, {"kind": "dossier", "paper": "a4", "partner": stranger})
    assert list(page.context["form"].errors) == ["partner"]
    assert Report.objects.count() == 0


def test_kinds_of_one_snapshot_are_reports_of_their_own(client, scene):
    client.force_login(scene.user)
    address = reverse("quotes:report_create", args=[scene.project.pk])
    partner = scene.partners["calder"].pk
    client.post(address, {"kind": "comparison", "paper": "a4"})
    client.post(address, {"kind": "dossier", "paper": "a4", "partner": partner, "appendices": ["fit"]})
    client.post(address, {"kind": "dossier", "paper": "a4", "partner": partner})
    rows = Report.objects.order_by("pk")
    assert [(r.kind, r.about_partner, r.appendices) for r in rows] == [
        ("comparison", None, []),
        ("dossier", partner, []),
    ]
    assert len({r.snapshot_hash for r in rows}) == 1
    assert rows[1].title == "Partner dossier: Calder Bay Biologics for AAV-101 first GMP campaign"


def test_workbook_of_quotes_adds_up(quoted):
    book = load_workbook(io.BytesIO(workbook(quoted, snapshot_hash(quoted))))
    names = [q["name"] for q in quoted["costs"]["quotes"]]
    totals = list(book["Programme cost, USD"].iter_rows(min_row=2, values_only=True))
    base = quoted["costs"]["base"]
    assert [row[0] for row in totals] == names
    assert [Decimal(str(row[2])) for row in totals] == [
        Decimal(q["scenarios"][base]["npv"]) for q in quoted["costs"]["quotes"]
    ]
    lines = list(book["Quote lines"].iter_rows(min_row=2, values_only=True))
    assert lines[-1][2] == "=SUM(C2:C4)"
    first = [Decimal(str(row[2])) for row in lines[:-1] if row[2] != "included"]
    assert abs(sum(first) - Decimal(str(totals[0][2]))) <= Decimal("0.02")
    assert book["Scenarios"].max_row == 1 + len(quoted["costs"]["scenarios"])


def test_the_memo_is_the_tools_own_answer_with_what_it_turns_on(quoted):
    memo = quoted["make_or_buy"]
    query = scenario.EXAMPLES["make"].replace("variable_per_batch=700000", "variable_per_batch=350000")
    outcome = outcome_of(TOOLS["make"], MakeOrBuyForm(QueryDict(query)))
    assert (memo["name"], memo["advice"]) == ("Board of May", outcome.page["advice"])
    assert [(row["name"], row["cheapest"], row["costs"]) for row in memo["spread"]] == [
        (
            row["name"],
            row["cheapest"],
            {way: plain(cents(row[way])) for way in ("make", "buy", "hybrid")},
        )
        for row in outcome.page["spread"]
    ]
    (earlier,) = memo["earlier"]
    assert (earlier["name"], earlier["costs"] == memo["costs"]) == ("First look", False)
    shown = memo_context(quoted)
    assert shown["sentence"].startswith("By expected cost ")
    assert {row["label"] for row in shown["swing_rows"]} == set(SWING_WORDS.values())
    assert shown["year_parts"][0]["rows"][1]["cells"] == ["100%", "80%", "60%", "55%", "55%"]
    assert ("Discount rate", "12%") in [pair for line in shown["stated_pairs"] for pair in line]
    book = load_workbook(io.BytesIO(workbook(quoted, snapshot_hash(quoted))))
    first, *_ = book["Make or buy"].iter_rows(min_row=2, values_only=True)
    assert [Decimal(str(n)) for n in first[2:5]] == [
        Decimal(memo["costs"][w]) for w in ("make", "buy", "hybrid")
    ]
    assert memo_context({**quoted, "make_or_buy": None}) is None
    assert (memo["currency"], "EUR" in shown["sentence"]) == ("", False)
    in_euro = memo_context({**quoted, "make_or_buy": {**memo, "currency": "EUR"}})["sentence"]
    assert in_euro.count("EUR\u00a0") == len(memo["costs"])
    assert in_euro.replace("EUR\u00a0", "") == shown["sentence"]


def test_the_teams_scores_are_those_of_the_evaluation_page(quoted):
    labels = criteria_names(quoted)
    team = team_scores(quoted, labels)
    first = {row["code"]: row["cells"][0] for row in team["rows"]}
    assert first["C1"] == {"counts": "65.0", "spread": "50–80, ±15.0", "wide": True, "agreed": False}
    assert first["C6"] == {
        "counts": "72.0",
        "spread": "mean 65.0; 50–80, ±15.0",
        "wide": True,
        "agreed": True,
    }
    (agreed,) = team["agreed"]
    assert (agreed["points"], agreed["mean"], agreed["reason"]) == (
        "72",
        "65.0 (50–80)",
        "Two references were called.",
    )
    assert team["ranks"] == ["1", "2", "3"]
    book = load_workbook(io.BytesIO(workbook(quoted, snapshot_hash(quoted))))
    lines = list(book["Evaluation"].iter_rows(min_row=2, values_only=True))
    assert [line[8] for line in lines if line[8] != "none"] == [72]
    assert lines[0][10] == '=IF(ISNUMBER(I2),I2,IF(ISNUMBER(D2),D2,"not scored"))'
    opened = {**quoted["firmness"], "evaluation": {**quoted["firmness"]["evaluation"], "closed_at": None}}
    assert team_scores({**quoted, "firmness": opened}, labels) is None


def test_snapshots_follow_their_published_schema(quoted, snapshot, db):
    validator = Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    scene = scenario.scene()
    listed = RestrictedPartyListFactory()
    RestrictedPartyEntryFactory(list=listed, organisation=scene.partners["halden"])
    ranking = rank_project(scene.project, as_of=scenario.TODAY)
    withheld = build_snapshot(
        project=scene.project, ranking=ranking, requester=scene.user, include_prices=False
    )
    for frozen_one in (quoted, snapshot, withheld):
        assert [error.json_path for error in validator.iter_errors(frozen_one)] == []
    broken = {**quoted, "prices_included": "yes", "ranked": [{"name": 1}]}
    paths = {error.json_path for error in validator.iter_errors(broken)}
    assert {"$.prices_included", "$.ranked[0]", "$.ranked[0].name"} <= paths


def test_the_sponsors_colour_and_logo_are_on_the_first_page_and_nothing_else_gets_in(quoted):
    logo = "data:image/svg+xml;base64," + base64.b64encode(
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 10"><rect width="40" height="10"/></svg>'
    ).decode("ascii")
    branded = {**quoted, "brand": {"accent": "#5c4a88", "logo": logo}}
    options = ReportOptions(kind="quotes")
    context = report_context(branded, "0" * 64, map_size=MAP_SIZE, options=options)
    html = render_html(context, {"contributions": "", "map": ""})
    assert f'src="{logo}"' in html
    assert "--c-accent: #5c4a88; --c-accent-strong: #463867; --c-accent-soft: #ebe9f1;" in html
    assert to_pdf(html).pages >= 2
    hostile = {**quoted, "brand": {"accent": "red}</style><script>", "logo": "http://evil.example/x.png"}}
    context = report_context(hostile, "0" * 64, map_size=MAP_SIZE, options=options)
    html = render_html(context, {"contributions": "", "map": ""})
    assert "evil.example" not in html
    assert "<script>" not in html
    assert "--c-accent:" not in html
