"""The questions' step: what the ranking would ask is offered apart from the library, each question once."""

import datetime as dt
import re
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from quotes.forms.number_fields import LocalNumberField
from quotes.forms.rfq_forms import QuestionsForm
from quotes.models import CostScenario, Rfq
from quotes.quote_sheet import read_sheet
from quotes.rfq_templates import question_library

WORTH = ["How many batches did you release in 2025?", question_library()[0]]


@pytest.fixture
def rfq() -> Rfq:
    return Rfq(questions=[{"id": "q1", "text": "Who works on it?"}], documents=[], criteria=[], enclosures=[])


def posted(rfq: Rfq, **fields) -> QuestionsForm:
    form = QuestionsForm(
        {"edition": "0", "questions": "Who works on it?", **fields}, rfq=rfq, suggested=WORTH
    )
    assert form.is_valid(), form.errors
    return form


def test_the_rankings_questions_stand_apart_and_none_is_offered_twice(rfq):
    form = QuestionsForm(rfq=rfq, suggested=[*WORTH, "Who works on it?"])
    worth, library = ([value for value, _ in form.fields[name].choices] for name in ("worth", "library"))
    assert worth == WORTH
    assert set(worth) & set(library) == set()
    assert QuestionsForm(rfq=rfq).fields["worth"].choices == []


def test_what_is_ticked_becomes_a_question_with_an_id_of_its_own(rfq):
    found = posted(rfq, worth=[WORTH[0]], library=[question_library()[3]]).values["questions"]
    assert [row["text"] for row in found] == ["Who works on it?", WORTH[0], question_library()[3]]
    assert len({row["id"] for row in found}) == 3
    assert found[0]["id"] == "q1"


def test_documents_asked_for_and_given_are_two_lists(rfq):
    values = posted(rfq, documents="Certificates\n\nCertificates\nTimeline", enclosures="Route").values
    assert (values["documents"], values["enclosures"]) == (["Certificates", "Timeline"], ["Route"])


@pytest.mark.parametrize(
    ("column", "percent", "typed", "said"),
    [
        (Rfq.discount_rate, True, "7.1250", "Only 2 decimals are kept here. Write 7.13,"),
        (Rfq.discount_rate, True, "7.12", ""),
        (CostScenario.probability, True, "33.3330", "Only 2 decimals are kept here. Write 33.33,"),
        (Rfq.month_value, False, "123456789012345", "give a number below 100000000000000."),
        (Rfq.month_value, False, "99999999999999.99", ""),
        (CostScenario.delay_months, False, "0.25", "Only 1 decimal is kept"),
        (Rfq.dose_mg, False, "9" * 30, "too large to be meant"),
    ],
)
def test_what_a_column_cannot_keep_is_said_beside_the_field(column, percent, typed, said):
    field = LocalNumberField(column=column, percent=percent)
    if said:
        with pytest.raises(ValidationError, match=re.escape(said)):
            field.clean(typed)
    else:
        assert field.clean(typed) == Decimal(typed) / (100 if percent else 1)


def test_a_quotes_own_total_and_escalation_are_never_rounded_silently():
    typed = {
        "quote": {"currency": "USD", "assumptions": "none", "headline": "1000.12345", "escalation": "3.33333"}
    }
    sheet = read_sheet(
        typed, codes=[], questions=[], periods=1, currencies={"USD"}, today=dt.date(2026, 1, 1)
    )
    assert {name for _, name, _ in sheet.errors} == {"headline", "escalation"}
