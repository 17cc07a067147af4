"""Beside ranking and programme cost: networks, the next stage, chances, bids taken back, the choice of a memo."""

import datetime as dt
import io
import json
import re
from decimal import Decimal

import pytest
from django.urls import reverse
from openpyxl import load_workbook
from pypdf import PdfReader

from quotes.comparison import columns, load_comparison
from quotes.models import Invitation, Quote, Rfq, ToolCalculation
from quotes.reports import wording
from quotes.reports.ahead_words import place
from quotes.reports.canonical import plain, snapshot_hash
from quotes.reports.costs import cents
from quotes.reports.kinds import NO_CALCULATION
from quotes.reports.money_words import whole
from quotes.reports.options import ReportOptions
from quotes.reports.render import render_pdf
from quotes.reports.site_words import MOST_LANES, site_parts
from quotes.reports.workbook import workbook
from quotes.rfq_enums import QuoteState
from quotes.services import reports
from tests.factories.quotes import ProjectFactory
from tests.quotes.reports import scenario
from tests.quotes.reports.test_same_numbers import squeezed

pytestmark = pytest.mark.django_db


def printed(snapshot, **options) -> str:
    """The text of the printed PDF."""
    pdf = render_pdf(snapshot, snapshot_hash(snapshot), options=ReportOptions(**options))
    return squeezed("".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf.content)).pages))


def test_networks_and_the_next_stage_are_the_same_on_page_pdf_workbook_and_api(client, scene):
    client.force_login(scene.user)
    at = [scene.project.pk]
    asked = reports.request_report(
        actor=scene.user, project=scene.project, options=ReportOptions(appendices=("ahead",))
    )
    frozen = asked.snapshot
    networks = client.get(reverse("api:project-networks", args=at)).json()
    runway = client.get(reverse("api:project-runway", args=at)).json()

    def of_network(row):
        return row["label"], row["sentence"], row["point"], [(p["part"], p["site"]) for p in row["parts"]]

    expected = [of_network(row) for row in frozen["networks"]["networks"]]
    assert len(expected) >= 3
    assert [of_network(row) for row in networks["networks"]] == expected
    steps = [
        (row["partner"], place(row["now"]), place(row["next"]), row["sentence"]) for row in runway["partners"]
    ]
    assert steps == [
        (row["partner"], place(row["now"]), place(row["next"]), row["sentence"])
        for row in frozen["runway"]["partners"]
    ]
    assert any(row["transfer"] for row in frozen["runway"]["partners"])

    page = squeezed(re.sub(r"<[^>]+>", " ", client.get(reverse("quotes:networks", args=at)).content.decode()))
    pdf = printed(frozen, appendices=("ahead",))
    for label, sentence, point, parts in expected:
        assert squeezed(sentence) in page
        assert squeezed(f"{label}: {wording.score(point)} points") in pdf
        assert all(squeezed(part) in pdf and squeezed(site) in pdf for part, site in parts)
    table = client.get(reverse("quotes:runway", args=at)).content.decode()
    shown = squeezed(re.sub(r"<[^>]+>", " ", table))
    listed = {entry["name"] for entry in frozen["shortlist"]}
    for partner, now, later, sentence in steps:
        assert squeezed(sentence) in shown
        if now.startswith("rank") or partner in listed:
            assert squeezed(partner) in pdf
            assert squeezed(now) in pdf
            assert squeezed(later) in pdf
    told = [partner for partner, now, _, _ in steps if now.startswith("rank") or partner in listed]
    assert 0 < len(told) < len(steps)
    assert squeezed("Ranked and shortlisted partners; the others with too little data") in pdf

    book = load_workbook(io.BytesIO(workbook(frozen, asked.snapshot_hash)))
    sheet = list(book["Networks"].iter_rows(min_row=2, values_only=True))
    assert [(row[1], row[10], row[13]) for row in sheet] == [
        (label, part, site) for label, _, _, parts in expected for part, site in parts
    ]
    ahead = list(book["Next stage"].iter_rows(min_row=2, values_only=True))
    assert [(row[0], row[2], row[4], row[-1]) for row in ahead] == steps


def test_chances_and_coming_late_stand_beside_the_programme_cost_on_page_pdf_and_workbook(client):
    scene = scenario.quoted_scene()
    reach = ["1", *(["0.5"] * (len(Rfq.objects.get().years) - 1))]
    Rfq.objects.update(reach=reach, month_value=Decimal(100_000))
    client.force_login(scene.user)
    found = load_comparison(Rfq.objects.get())
    by_name = {column.quote.organisation.name: column for column in columns(found, found.base)}
    report = reports.request_report(
        actor=scene.user, project=scene.project, options=ReportOptions(kind="quotes", appendices=("quotes",))
    )
    costs, names = report.snapshot["costs"], list(by_name)
    adjusted = {q["name"]: q["scenarios"][costs["base"]]["adjusted"] for q in costs["quotes"]}
    assert adjusted == {name: plain(cents(column.adjusted)) for name, column in by_name.items()}
    late = {q["name"]: q["late"] and q["late"]["days"] for q in costs["quotes"]}
    assert late == {name: column.late and column.late.days for name, column in by_name.items()}
    assert None in late.values(), "a bidder that names no slot is not said to be in time"
    page = client.get(reverse("quotes:quotes", args=[scene.project.pk])).content.decode()
    pdf = printed(report.snapshot, kind="quotes", appendices=("quotes",))
    for name in names:
        shown = squeezed(whole(adjusted[name], costs["currency"]))
        assert shown in squeezed(page)
        assert squeezed("success-adjusted") + shown in pdf
    assert squeezed("Cost of coming late") in pdf
    (base,) = {q["name"]: q for q in costs["quotes"] if q["ending"]}.keys() & {names[0]}
    rows = next(q["ending"] for q in costs["quotes"] if q["name"] == base)
    assert [row["reached"] for row in rows] == reach[: len(rows)]
    total = Decimal(0)
    before = Decimal(1)
    for row in rows:
        reached, factor = Decimal(row["reached"]), Decimal(row["discount"])
        due = reached * Decimal(row["cash"]) + (before - reached) * Decimal(row["fee"])
        total += (due + (1 - reached) * Decimal(row["commitment"])) * factor
        before = reached
    assert abs(total - Decimal(adjusted[base])) < Decimal("0.05")


def test_bids_taken_back_are_printed_with_the_reason_and_never_of_a_sealed_rfq(client):
    scene = scenario.quoted_scene(award=False)
    gone = Quote.objects.get(organisation=scene.partners["calder"])
    Quote.objects.filter(pk=gone.pk).update(state=QuoteState.WITHDRAWN)
    Invitation.objects.filter(pk=gone.invitation_id).update(decline_reason="The line is sold out.")
    report = reports.request_report(actor=scene.user, project=scene.project, options=ReportOptions())
    (row,) = report.snapshot["withdrawn"]
    assert (row["name"], row["reason"]) == (scene.partners["calder"].name, "The line is sold out.")
    assert squeezed("The line is sold out.") in printed(report.snapshot)
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(days=3)
    Rfq.objects.update(state="open", sealed=True, deadline=soon)
    sealed = reports.request_report(actor=scene.user, project=scene.project, options=ReportOptions())
    assert sealed.snapshot["withdrawn"] == []


def test_a_memo_is_about_the_calculation_that_was_chosen_by_form_and_by_api(client):
    scene = scenario.quoted_scene()
    client.force_login(scene.user)
    first, newest = (ToolCalculation.objects.get(name=name) for name in ("First look", "Board of May"))
    asked = client.post(
        reverse("quotes:report_create", args=[scene.project.pk]),
        {"kind": "memo", "paper": "a4", "calculation": first.pk},
    )
    assert asked.status_code == 302, asked.content.decode()
    chosen = scene.project.reports.latest("pk").snapshot["make_or_buy"]
    assert (chosen["name"], [row["name"] for row in chosen["earlier"]]) == ("First look", ["Board of May"])

    def by_api(**changes):
        return client.post(
            reverse("api:project-reports", args=[scene.project.pk]),
            json.dumps({"kind": "memo", **changes}),
            content_type="application/json",
        )

    told = by_api(calculation=newest.pk).json()
    assert scene.project.reports.get(pk=told["id"]).snapshot["make_or_buy"]["name"] == "Board of May"
    elsewhere = ProjectFactory()
    scenario.keep_make_or_buy(elsewhere, elsewhere.created_by)
    foreign = elsewhere.calculations.first().pk
    refused = by_api(calculation=foreign)
    assert (refused.status_code, refused.json()["error"]["message"]) == (409, NO_CALCULATION)
    misplaced = by_api(kind="decision", calculation=first.pk)
    assert (misplaced.status_code, misplaced.json()["error"]["message"]) == (
        422,
        "A make-or-buy memo is about one calculation, and nothing else is.",
    )


def test_marks_of_the_quality_timeline_that_would_lie_upon_each_other_get_lanes_of_their_own():
    def certificate(n, on, until):
        return {
            "kind": "Certificate", "mark": "Certificate", "title": f"Certificate {n}", "state": "valid", "tone": "good",
            "on": on, "until": until, "site": "Lund", "source": "Register", "retrieved_on": "2026-01-02", "url": "",
        }  # fmt: skip

    def marks(*entries):
        records = {"1": {"quality": list(entries), "quality_more": 0, "matrix": None}}
        return site_parts({"site_records": records, "as_of": "2026-01-15"}, "1")["timeline"]

    apart = marks(certificate(1, "2020-01-01", "2021-01-01"), certificate(2, "2023-01-01", "2024-01-01"))
    assert len({mark["y"] for mark in apart["marks"]}) == 1
    three = [certificate(n, f"202{n}-01-01", "2027-01-01") for n in range(3)]
    together = marks(*three)
    assert len({mark["y"] for mark in together["marks"]}) == 3
    assert together["height"] > apart["height"]
    many = marks(*(certificate(n, "2024-01-01", "2027-01-01") for n in range(30)))
    assert len({mark["y"] for mark in many["marks"]}) == MOST_LANES
    assert many["words"].startswith("30 dated entries")
