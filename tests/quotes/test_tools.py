"""Tools: the address holds the calculation, figures are the engine's, what is wrong stands beside its field."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from quotes.tools import advise
from quotes.views.tools import LEASE_EXAMPLE, MAKE_EXAMPLE
from tests.factories.accounts import UserFactory


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
