"""The questions' step: what the ranking would ask is offered apart from the library, each question once."""

import pytest

from quotes.forms.rfq_forms import QuestionsForm
from quotes.models import Rfq
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
