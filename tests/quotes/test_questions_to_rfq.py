"""Questions worth asking go into an RFQ with one click, in words that fit every bidder."""

import pytest
from django.urls import reverse
from django.utils import timezone

from partners.models import Facility, Organisation
from quotes.models import Rfq
from quotes.ranking import rank_project
from quotes.rfq_enums import RfqState
from quotes.rfq_questions import neutral_texts, suggested_questions
from quotes.robustness import questions_of
from quotes.services.rfq_questions import ask_in_rfq
from tests.quotes.reports import scenario

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(db):
    return scenario.scene()


@pytest.fixture
def signed_in(client, scene):
    client.force_login(scene.user)
    return client


def offered(project):
    return list(dict.fromkeys(neutral_texts(questions_of(rank_project(project)))))


def put(client, project, texts):
    return client.post(reverse("quotes:questions_ask", args=[project.pk]), {"ask": texts}, follow=True)


def test_without_a_draft_one_is_made_and_holds_every_question(signed_in, scene):
    Rfq.objects.filter(project=scene.project).delete()
    texts = offered(scene.project)
    page = put(signed_in, scene.project, texts)
    rfq = Rfq.objects.get(project=scene.project)
    asked = [question["text"] for question in rfq.questions]
    assert rfq.state == RfqState.DRAFT
    assert set(texts) <= set(asked)
    assert len({question["id"] for question in rfq.questions}) == len(rfq.questions)
    assert f"put into the new draft RFQ “{rfq.title}”" in page.content.decode()
    assert texts[0] in page.content.decode()


def test_a_draft_takes_what_it_lacks_once(signed_in, scene):
    texts = offered(scene.project)
    draft, added, _ = ask_in_rfq(actor=scene.user, project=scene.project, texts=texts[:1])
    assert added == 1
    put(signed_in, scene.project, texts)
    again = put(signed_in, scene.project, texts)
    draft.refresh_from_db()
    asked = [question["text"] for question in draft.questions]
    assert all(asked.count(text) == 1 for text in texts)
    assert "already" in again.content.decode()
    page = signed_in.get(reverse("quotes:ranking_questions", args=[scene.project.pk])).content.decode()
    assert "in the RFQ" in page


def test_no_question_names_a_partner_or_a_site(scene):
    names = [
        *Organisation.objects.values_list("name", flat=True),
        *Facility.objects.values_list("name", flat=True),
    ]
    for text in offered(scene.project):
        assert not [name for name in names if name in text], text


def test_texts_that_the_ranking_does_not_ask_are_not_taken(signed_in, scene):
    before = Rfq.objects.count()
    page = put(signed_in, scene.project, ["Send us your other clients' prices."])
    assert "No question was put into an RFQ" in page.content.decode()
    assert Rfq.objects.count() == before


def test_an_archived_project_refuses(signed_in, scene):
    texts = offered(scene.project)
    scene.project.archived_at = timezone.now()
    scene.project.save(update_fields=["archived_at"])
    before = Rfq.objects.count()
    assert "archived" in put(signed_in, scene.project, texts).content.decode()
    assert Rfq.objects.count() == before


def test_the_rfqs_own_form_suggests_them(signed_in, scene):
    rfq, _, _ = ask_in_rfq(actor=scene.user, project=scene.project, texts=[])
    page = signed_in.get(
        reverse("quotes:rfq_step", args=[scene.project.pk, rfq.pk, "questions"])
    ).content.decode()
    suggested = suggested_questions(scene.project)
    assert suggested
    from django.utils.html import escape

    assert escape(suggested[0]) in page
