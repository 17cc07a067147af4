"""Same amounts everywhere: quotes page, text of the printed PDF, workbook and API say one thing of one snapshot."""

import io
import json
import re
from decimal import Decimal

import pytest
from django.urls import reverse
from openpyxl import load_workbook
from pypdf import PdfReader

from cmo_selector.templatetags.fmt import format_date
from quotes.models import CostScenario, Rfq
from quotes.reports.money_words import whole
from quotes.reports.options import ReportOptions
from quotes.reports.render import render_pdf
from quotes.services import reports
from tests.quotes.reports import scenario
from tests.quotes.reports.test_same_numbers import squeezed, tables

pytestmark = pytest.mark.django_db


@pytest.fixture
def told(client, settings, tmp_path):
    """The quotes page's tables, the PDF's text, the workbook and the API's snapshot of one report."""
    settings.MEDIA_ROOT = tmp_path
    scene = scenario.quoted_scene(award=False)
    rfq = Rfq.objects.get()
    reach = ["1", *(["0.5"] * (len(rfq.years) - 1))]
    Rfq.objects.update(reach=reach, month_value=Decimal(100_000))
    assert CostScenario.objects.filter(rfq=rfq).update(probability=Decimal("0.2")) == 5
    client.force_login(scene.user)
    place = [scene.project.pk]
    asked = client.post(
        reverse("api:project-reports", args=place),
        json.dumps({"kind": "quotes", "appendices": ["quotes"]}),
        content_type="application/json",
    ).json()
    claimed = reports.claim(asked["id"])
    options = ReportOptions(kind="quotes", appendices=("quotes",))
    pdf = render_pdf(claimed.snapshot, claimed.snapshot_hash, options=options)
    reports.finish(claimed, pdf.content, pdf.pages)
    links = client.get(reverse("api:project-report", args=[*place, claimed.pk])).json()["links"]
    pages = PdfReader(io.BytesIO(client.get(links["pdf"]).content)).pages
    return {
        "page": tables(client.get(reverse("quotes:quotes", args=place)).content.decode()),
        "pdf": squeezed("".join(page.extract_text() for page in pages)),
        "book": load_workbook(io.BytesIO(client.get(links["workbook"]).content)),
        "costs": client.get(links["snapshot"]).json()["costs"],
    }


def number(text: str) -> Decimal | None:
    """ "USD 1,234" on a page → 1234."""
    found = re.search(r"[A-Z]{3}\s?([\d,]+)", text)
    return Decimal(found[1].replace(",", "")) if found else None


def rounded(amount) -> Decimal | None:
    return None if amount in (None, "unknown") else Decimal(whole(amount, "USD").split()[-1].replace(",", ""))


def test_totals_of_every_bidder_agree(told):
    costs = told["costs"]
    base, currency = costs["base"], costs["currency"]
    quotes = {quote["name"]: quote for quote in costs["quotes"]}
    assert len(quotes) == 3
    rows = {row[0].split(" Each year")[0]: row[1:] for row in told["page"]["Normalised programme cost"]}
    (title,) = [name for name in told["book"].sheetnames if name.startswith("Programme cost")]
    sheet = told["book"][title]
    head = [cell.value for cell in sheet[1]]
    in_book = {
        row[0]: dict(zip(head, row, strict=True)) for row in sheet.iter_rows(min_row=2, values_only=True)
    }
    assert list(in_book) == list(quotes)

    def cell(label: str, place: int) -> str:
        (found,) = [cells for name, cells in rows.items() if name.startswith(label)]
        return found[place]

    (regrets,) = [row for row in told["page"]["Cost and regret by scenario"] if row[0] == "Greatest regret"]
    for place, (name, quote) in enumerate(quotes.items()):
        figures, late, book = quote["scenarios"][base], quote["late"], in_book[name]
        for label, column, amount in (
            ("Programme cost (NPV)", "Programme cost (NPV)", figures["npv"]),
            ("Headline of the bidder", "Headline", quote["headline"]),
            ("Expected over the scenarios", "Expected", quote["expected"]),
            ("Success-adjusted (NPV)", "Success-adjusted cost", figures["adjusted"]),
        ):
            assert number(cell(label, place)) == rounded(amount), (name, label)
            assert rounded(book[column]) == rounded(amount), (name, column)
            if amount is not None:
                assert squeezed(whole(amount, currency)) in told["pdf"], (name, label)
        assert (
            number(regrets[1 + place]) == rounded(quote["worst_regret"]) == rounded(book["Greatest regret"])
        )
        if late is None:
            assert (cell("First slot", place), book["Days late"]) == ("not stated", "unknown")
        else:
            assert book["Days late"] == late["days"]
            assert rounded(book["Cost of coming late"]) == rounded(late["cost"])
            assert rounded(book["Programme cost with it"]) == rounded(late["with_it"])
            shown = cell("Cost of coming late", place)
            assert [rounded(late["cost"]), rounded(late["with_it"])] == [
                Decimal(amount.replace(",", "")) for amount in re.findall(r"USD\s?([\d,]+)", shown)
            ]
            assert squeezed(whole(late["with_it"], currency)) in told["pdf"]
        for day in (quote["slot_from"], quote["valid_until"]):
            if day:
                assert format_date(day) in told["pdf"]
    assert {quote["late"] is None for quote in quotes.values()} == {True, False}, "both ways are looked at"


def test_every_scenario_of_every_bidder_agrees_and_so_does_who_is_lowest(told):
    costs = told["costs"]
    names = {quote["quote_id"]: quote["name"] for quote in costs["quotes"]}
    page = {row[0].split(" and ")[0]: row[1:] for row in told["page"]["Cost and regret by scenario"]}
    sheet = told["book"]["Scenarios"]
    book = {row[0]: row for row in sheet.iter_rows(min_row=2, values_only=True)}
    assert len(costs["scenarios"]) >= 3
    for row in costs["scenarios"]:
        frozen = [rounded(quote["scenarios"][row["id"]]["npv"]) for quote in costs["quotes"]]
        (shown,) = [cells for name, cells in page.items() if name.startswith(row["name"])]
        assert [number(text) for text in shown[:-1]] == frozen
        assert [rounded(amount) for amount in book[row["name"]][2:-1]] == frozen
        assert shown[-1] == book[row["name"]][-1] == names.get(row["winner"], "nobody")
        for quote in costs["quotes"]:
            assert squeezed(whole(quote["scenarios"][row["id"]]["npv"], costs["currency"])) in told["pdf"]
        winners = [name for name, text in zip(names.values(), shown[:-1], strict=True) if "lowest" in text]
        assert winners == [names[row["winner"]]] if row["winner"] else not winners


def test_every_line_of_every_bidder_agrees_and_adds_up(told):
    costs = told["costs"]
    page = told["page"]["Normalised programme cost"]
    book = list(told["book"]["Quote lines"].iter_rows(min_row=2, values_only=True))
    assert len(costs["lines"]) == len(book) - 1 >= 3
    for index, line in enumerate(costs["lines"]):
        (shown,) = [row for row in page if row[0].startswith(f"{line['label']}")]
        for place, quote in enumerate(costs["quotes"]):
            amount = quote["lines"][index]["npv"]
            in_book = book[index][2 + 3 * place]
            if isinstance(in_book, str):  # no amount: page and workbook say the same word instead
                assert shown[1 + place].startswith(in_book)
                assert squeezed(in_book) in told["pdf"]
            else:
                assert number(shown[1 + place]) == rounded(amount) == rounded(in_book)
                assert squeezed(whole(amount, costs["currency"])) in told["pdf"]
    for quote in costs["quotes"]:
        total = sum(Decimal(line["npv"] or 0) for line in quote["lines"])
        assert abs(total - Decimal(quote["scenarios"][costs["base"]]["npv"])) <= Decimal("0.03")
