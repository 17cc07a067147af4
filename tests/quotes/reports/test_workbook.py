"""The workbook of a report: every part of the snapshot, totals as formulas, nothing that runs. For its figures see
test_same_numbers.
"""

import io
import json

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from cmo_selector.accounts.roles import Role
from partners.scoring.types import CRITERIA
from quotes.models import Report
from quotes.reports import wording
from quotes.reports.workbook import workbook
from quotes.services import reports
from tests.factories.accounts import MembershipFactory


@pytest.fixture(scope="module")
def book(snapshot, digest):
    return load_workbook(io.BytesIO(workbook(snapshot, digest)))


def rows(book, name: str) -> list[tuple]:
    return list(book[name].iter_rows(min_row=2, values_only=True))


def test_contributions_add_up_to_the_score_by_a_formula(snapshot, book):
    for line, (row, ranked) in enumerate(
        zip(rows(book, "Contributions"), snapshot["ranked"], strict=True), 2
    ):
        *_, total = row
        assert total == f"=SUM(C{line}:L{line})"
        assert len(row[2:-1]) == len(CRITERIA)
        assert f"{sum(row[2:-1]):.1f}" == wording.score(ranked["point"])


def test_weights_are_summed_by_a_formula(snapshot, book):
    *each, total = rows(book, "Weights")
    assert [row[1] for row in each] == [snapshot["weights"]["values"][code] for code in CRITERIA]
    assert total == ("Sum", "=SUM(B2:B11)", "=SUM(C2:C11)")


def test_every_fact_need_and_failed_must_is_listed(snapshot, book):
    assert [row[0] for row in rows(book, "Facts")] == list(snapshot["facts"])
    assert all(row[3] and row[4] and row[6] for row in rows(book, "Facts")), "evidence, source and date"
    assert [row[1] for row in rows(book, "Needs")] == [rule["label"] for rule in snapshot["rules"]]
    expected = [(r["name"], f["label"], f["reason"]) for r in snapshot["knocked_out"] for f in r["fails"]]
    assert [(row[0], row[3], row[4]) for row in rows(book, "Knocked out")] == expected


def test_what_somebody_typed_is_never_a_formula(snapshot, digest):
    hostile = json.loads(json.dumps(snapshot))
    hostile["ranked"][0]["name"] = '=HYPERLINK("http://example.org")'
    hostile["knocked_out"][0]["fails"][0]["reason"] = "@SUM(1)"
    book = load_workbook(io.BytesIO(workbook(hostile, digest)))
    formulas = {
        cell.value for sheet in book for line in sheet.iter_rows() for cell in line if cell.data_type == "f"
    }
    assert all(text.startswith("=SUM(") for text in formulas)
    assert book["Ranking"]["B2"].value == '\'=HYPERLINK("http://example.org")'
    assert book["Knocked out"]["E2"].value == "'@SUM(1)"


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["report_xlsx", "report_json"])
def test_figures_made_from_prices_are_closed_to_roles_without_them(client, scene, name):
    report = reports.request_report(actor=scene.user, project=scene.project)
    evaluator = MembershipFactory(sponsor=scene.sponsor, role=Role.EVALUATOR)
    client.force_login(evaluator.user)
    address = reverse(f"quotes:{name}", args=[scene.project.pk, report.pk])
    assert client.get(address).status_code == 403
    Report.objects.filter(pk=report.pk).update(snapshot={"prices_included": False, "schema": "older"})
    assert client.get(address).status_code == 404, "a format of another version"
