"""Tools: the address holds the calculation, figures are the engine's, what is wrong stands beside its field."""

import io
import re
from decimal import Decimal

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from quotes.enums import ToolKind
from quotes.forms.tool_forms import LeaseForm, MakeOrBuyForm
from quotes.models import ToolCalculation
from quotes.outsourcing import QUESTIONS
from quotes.tool_results import lease, make
from quotes.tools import advise
from quotes.views.tools import EXAMPLES
from tests.factories.accounts import MembershipFactory, UserFactory
from tests.factories.quotes import ProjectFactory

LEASE_EXAMPLE, MAKE_EXAMPLE = EXAMPLES[ToolKind.LEASE], EXAMPLES[ToolKind.MAKE]
ADVISOR = "stage=3&work=manufacture&work=development"
READINESS = "&".join(f"{q.code}=yes" for q in QUESTIONS)
QUERIES = {"advisor": ADVISOR, "readiness": READINESS, "lease": LEASE_EXAMPLE, "make": MAKE_EXAMPLE}


def text(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


@pytest.fixture
def client(db):
    client = Client()
    client.force_login(UserFactory())
    return client


def test_lease_or_buy_shows_the_worked_example(client):
    shown = text(client.get(f"{reverse('tool_lease')}?{LEASE_EXAMPLE}"))
    assert "32,066" in shown
    assert "5.53%" in shown
    assert "Lease" in shown


def test_make_or_buy_shows_the_spread_beside_the_mean(client):
    shown = text(client.get(f"{reverse('tool_make')}?{MAKE_EXAMPLE}"))
    assert "Break-even, batches a year" in shown
    assert "Stopped half way" in shown
    assert "Cash before the first own batch 53,000,000" in shown
    assert "Months to the first own batch 30" in shown
    assert "Months to the first bought batch 14" in shown
    assert "Cost of coming later (not in the totals) 8,000,000" in shown
    assert "Hybrid, expected" in shown
    in_euro = text(client.get(f"{reverse('tool_make')}?{MAKE_EXAMPLE}&currency=EUR"))
    assert in_euro.count("EUR") == shown.count("EUR") + 4, "make, buy, hybrid and the yearly instalment"


@pytest.mark.parametrize(
    ("name", "query", "message"),
    [
        (
            "tool_lease",
            "price=1,250&years=4&lease_payment=1&tax_rate=21&debt_rate=7",
            "could be 1250 or 1.250",
        ),
        (
            "tool_lease",
            "price=5&years=0&lease_payment=1&tax_rate=21&debt_rate=7",
            "greater than or equal to 1",
        ),
        ("tool_lease", "price=5&years=4&lease_payment=-1&tax_rate=121&debt_rate=7", "more than 100 %"),
        ("tool_make", MAKE_EXAMPLE.replace("100;80;60;55;55", "100;80"), "Give 5 numbers"),
        ("tool_advisor", "stage=3", "Tick what is to be done"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(client, name, query, message):
    answer = client.get(f"{reverse(name)}?{query}")
    assert answer.status_code == 200
    assert message in text(answer)


@pytest.mark.parametrize(
    ("stage", "work", "codes"),
    [
        (7, ["manufacture"], ["cmo"]),
        (3, ["manufacture"], ["cdmo"]),
        (2, ["development", "manufacture"], ["cdmo"]),
        (1, ["discovery", "development"], ["cro-discovery", "cdmo", "crdmo"]),
        (4, ["clinical", "testing"], ["cro-clinical", "ctl"]),
        (2, ["preclinical"], ["cro-preclinical"]),
    ],
)
def test_the_advisor_follows_stage_and_work(stage, work, codes):
    assert [row.code for row in advise(stage, work)] == codes
    assert all(row.rule for row in advise(stage, work))


def bound(kind, query: str):
    form = kind(QueryDict(query))
    assert form.is_valid(), form.errors
    return form


def test_a_hybrid_of_everything_bought_is_buying():
    """The hybrid is the engine's own cost of making plus its own cost of buying, over the same years."""
    nothing = (
        "&hybrid_capex=0;0;0;0;0&hybrid_fixed=0;0;0;0;0&hybrid_cost=0;2000000;15000000;22000000;26000000"
    )
    base = MAKE_EXAMPLE[: MAKE_EXAMPLE.index("&hybrid_capex")]
    for row in make(bound(MakeOrBuyForm, base + nothing)).page["spread"]:
        assert row["hybrid"] == pytest.approx(row["buy"], rel=Decimal("1e-20"))
    assert make(bound(MakeOrBuyForm, base)).page["hybrid"] is False


def test_a_hybrid_with_a_part_missing_says_which(client):
    base = MAKE_EXAMPLE[: MAKE_EXAMPLE.index("&hybrid_fixed")]
    shown = text(client.get(f"{reverse('tool_make')}?{base}"))
    assert shown.count("A hybrid needs its own investment, own fixed cost and bought part.") >= 2


def test_without_months_the_first_year_with_batches_stands_in():
    base = MAKE_EXAMPLE[: MAKE_EXAMPLE.index("&months_make")]
    page = make(bound(MakeOrBuyForm, base)).page
    assert (page["months_make"], page["months_buy"]) == (24, None)
    assert ("Months to the first own batch (start of its year)", Decimal(24)) in page["first_rows"]


def test_keeping_the_equipment_adds_its_value_and_takes_the_price_of_it():
    query = "price=1000&years=2&lease_payment=400&tax_rate=0&debt_rate=10&residual=242"
    plain = lease(bound(LeaseForm, query)).page["result"].nal
    free = lease(bound(LeaseForm, f"{query}&buyout=0")).page
    assert free["with_buyout"] == pytest.approx(plain + 200, rel=Decimal("1e-20"))  # 242 / 1.1²
    same = lease(bound(LeaseForm, f"{query}&buyout=242")).page
    assert same["with_buyout"] == pytest.approx(plain, rel=Decimal("1e-20"))
    runway = lease(bound(LeaseForm, f"{query}&monthly_burn=100&in_advance=on")).page["runway"]
    assert runway == 6  # (1000 - 400) / 100


@pytest.mark.parametrize("kind", QUERIES)
def test_every_tool_is_exported_with_inputs_and_answer(client, kind):
    csv = client.get(f"{reverse('tool_csv', args=[kind])}?{QUERIES[kind]}")
    lines = b"".join(csv.streaming_content).decode().splitlines()
    assert lines[0].endswith("Part,What,Value")
    assert any(line.startswith("Input,") for line in lines)
    assert any(not line.startswith(("Input,", "\ufeffPart")) for line in lines)
    xlsx = client.get(f"{reverse('tool_xlsx', args=[kind])}?{QUERIES[kind]}")
    sheet = load_workbook(io.BytesIO(b"".join(xlsx.streaming_content))).active
    assert sheet.max_row == len(lines)
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)


@pytest.mark.parametrize("kind", QUERIES)
def test_every_tool_is_kept_with_a_project_and_opens_the_same(db, kind):
    member = MembershipFactory()
    project = ProjectFactory(sponsor=member.sponsor)
    client = Client()
    client.force_login(member.user)
    page = client.get(f"{reverse(f'tool_{kind}')}?{QUERIES[kind]}")
    assert 'name="query"' in page.content.decode()
    body = {"project": project.pk, "name": "Board of May", "query": QUERIES[kind]}
    kept = client.post(reverse("tool_keep", args=[kind]), body)
    assert kept.url == reverse("quotes:calculations", args=[project.pk])
    row = ToolCalculation.objects.get()
    assert row.headline
    assert client.get(row.get_absolute_url()).context["outcome"].headline == row.headline
    assert "Board of May" in text(client.get(kept.url))
    twice = client.post(reverse("tool_keep", args=[kind]), body)
    assert (twice.status_code, "already keeps a calculation" in text(twice)) == (422, True)
    assert 'value="Board of May"' in twice.content.decode()


def test_what_cannot_be_worked_out_is_not_kept(db):
    member = MembershipFactory()
    project = ProjectFactory(sponsor=member.sponsor)
    client = Client()
    client.force_login(member.user)
    for query in ("", "price=1,250&years=4"):
        body = {"project": project.pk, "name": "x", "query": query}
        assert client.post(reverse("tool_keep", args=["lease"]), body).status_code == 422
    foreign = ProjectFactory()
    body = {"project": foreign.pk, "name": "x", "query": LEASE_EXAMPLE}
    assert client.post(reverse("tool_keep", args=["lease"]), body).status_code == 422
    assert ToolCalculation.objects.count() == 0


def test_amounts_of_money_are_left_out_for_roles_without_prices(db):
    member = MembershipFactory()
    project = ProjectFactory(sponsor=member.sponsor)
    manager, evaluator = Client(), Client()
    manager.force_login(member.user)
    evaluator.force_login(MembershipFactory(sponsor=member.sponsor, role="evaluator").user)
    for kind, query in QUERIES.items():
        body = {"project": project.pk, "name": f"Kept {kind}", "query": query}
        manager.post(reverse("tool_keep", args=[kind]), body)
    address = reverse("quotes:calculations", args=[project.pk])
    seen = text(evaluator.get(address))
    assert ("Kept advisor" in seen, "Kept readiness" in seen) == (True, True)
    assert not [word for word in ("Kept lease", "Kept make", "32,066") if word in seen]
    assert "your role does not see prices" in seen


def test_a_form_can_be_opened_filled_in_without_calculating(client):
    page = client.get(f"{reverse('tool_make')}?prefill=1&cost=1;2;3")
    assert (page.context["outcome"], 'value="1;2;3"' in page.content.decode()) == (None, True)
    assert "This field is required" not in text(page)
