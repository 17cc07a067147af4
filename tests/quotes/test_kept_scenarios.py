"""What-if scenarios under a name: kept with the project, compared with the base, dropped; facts go to the curators."""

import re

import pytest
from django.urls import reverse

from cmo_selector.accounts.roles import Role
from cmo_selector.audit.models import AuditEvent
from partners.scoring.types import CRITERIA
from quotes.models import WhatIfScenario
from quotes.ranking import inputs_of
from quotes.scenario_page import ROWS, Kept, compared
from quotes.services.scenarios import MOST, keep_scenario
from tests.factories.accounts import MembershipFactory
from tests.factories.quotes import WhatIfScenarioFactory
from tests.quotes.rankings import EQUAL, ranking_of
from tests.quotes.reports import scenario

pytestmark = pytest.mark.django_db
WEIGHTS = {code.lower(): "10" for code in CRITERIA}


@pytest.fixture
def scene(db):
    return scenario.scene()


@pytest.fixture
def signed_in(client, scene):
    client.force_login(scene.user)
    return client


def url(project, name="ranking_whatif", *more):
    return reverse(f"quotes:{name}", args=[project.pk, *more])


def text(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_a_scenario_is_kept_under_a_name_opened_compared_and_dropped(signed_in, scene):
    changes = {**WEIGHTS, "c1": "40"}
    response = signed_in.post(
        url(scene.project, "whatif_save"), {**changes, "scenario_name": "  Fit   first "}, follow=True
    )
    row = WhatIfScenario.objects.get()
    assert (row.name, row.changes, row.created_by) == ("Fit first", changes, scene.user)
    page = text(response)
    assert "“Fit first” is kept with this project." in page
    assert "C1 40" in page
    beside = text(signed_in.get(url(scene.project), {"compare": "kept"}))
    assert "Scenarios side by side" in beside
    assert re.search(r"Fit first: (No partner changes|.* changes? place)", beside)
    dropped = text(signed_in.post(url(scene.project, "whatif_drop", row.pk), follow=True))
    assert "“Fit first” is dropped." in dropped
    assert not WhatIfScenario.objects.exists()
    verbs = list(
        AuditEvent.objects.filter(verb__startswith="scenario.").order_by("pk").values_list("verb", flat=True)
    )
    assert verbs == ["scenario.kept", "scenario.dropped"]


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"c1": "40", "scenario_name": ""}, "Name: This field cannot be blank"),
        ({"c1": "40", "scenario_name": "x" * 61}, "Name: Ensure this value has at most 60"),
        ({"c1": "40", "scenario_name": "TAKEN"}, "There is already a scenario with that name"),
        ({"scenario_name": "Empty"}, "There is nothing to keep"),
        ({"c1": "many", "scenario_name": "Odd"}, "is not a number"),
        ({"f.capability.1.colour": "red", "scenario_name": "Odd"}, "There is no fact called"),
    ],
)
def test_what_cannot_be_kept_is_said_and_nothing_typed_is_lost(signed_in, scene, sent, said):
    WhatIfScenarioFactory(project=scene.project, name="Taken")
    response = signed_in.post(url(scene.project, "whatif_save"), sent, follow=True)
    assert said in text(response)
    assert WhatIfScenario.objects.count() == 1
    for key, value in sent.items():
        if value:
            assert value in response.request["QUERY_STRING"] or key == "scenario_name"


def test_there_is_room_for_so_many_scenarios_and_no_more(signed_in, scene):
    for _ in range(MOST):
        WhatIfScenarioFactory(project=scene.project)
    page = text(
        signed_in.post(url(scene.project, "whatif_save"), {"c1": "40", "scenario_name": "More"}, follow=True)
    )
    assert f"There are {MOST} scenarios already" in page
    assert WhatIfScenario.objects.count() == MOST


def test_another_projects_scenario_is_not_found(signed_in, scene):
    other = WhatIfScenarioFactory()
    assert signed_in.post(url(scene.project, "whatif_drop", other.pk)).status_code == 404
    assert WhatIfScenario.objects.filter(pk=other.pk).exists()


def test_a_changed_fact_can_be_proposed_as_a_correction_with_its_source(signed_in, scene):
    facts = inputs_of(scene.project).facts
    cap = next(c for p in facts for s in p.sites for c in s.capabilities if c.scale_max)
    page = signed_in.get(url(scene.project), {f"f.capability.{cap.ref.pk}.scale_max": "4321"})
    link = re.search(r'href="(/[^"]*column=scale_max[^"]*)"', page.content.decode())[1].replace("&amp;", "&")
    form = signed_in.get(link).content.decode()
    assert 'value="4321"' in form
    assert re.search(r'<option value="scale_max" selected', form)
    assert "Source" in form


def test_prices_in_a_scenario_stay_hidden_from_who_does_not_see_them(client, scene):
    partner = inputs_of(scene.project).facts[0]
    changes = {f"a.{partner.id}.minimum": "123456", "c1": "40"}
    keep_scenario(actor=scene.user, project=scene.project, name="Cheaper", changes=changes)
    keep_scenario(actor=scene.user, project=scene.project, name="Heavier", changes={"c1": "40"})
    client.force_login(MembershipFactory(sponsor=scene.project.sponsor, role=Role.EVALUATOR.value).user)
    answer = client.get(url(scene.project), {"compare": "kept"})
    page = text(answer)
    assert "an assumed price (amount withheld)" in page
    assert "123456" not in answer.content.decode(), "nor in an address"
    assert re.search(r'<a href="[^"]*c1=40">Heavier</a>', answer.content.decode())
    log = client.get(reverse("quotes:shortlist", args=[scene.project.pk])).content.decode()
    assert "Cheaper" in log
    assert "123456" not in log
    assert "Your role does not see prices" in page
    assert "Keep the scenario" not in page


def test_a_scenario_of_needs_and_facts_that_are_gone_says_so(signed_in, scene):
    WhatIfScenarioFactory(
        project=scene.project, name="Old", changes={"n.999999": "off", "f.capability.999999.scale_max": "5"}
    )
    page = text(signed_in.get(url(scene.project), {"compare": "kept"}))
    assert "a need that is gone: left out" in page
    assert "A fact that is gone: largest scale 5" in page
    assert "This project has no need “999999”; it may have been removed." in page


def test_a_partner_that_a_scenario_brings_up_is_in_the_table_beside_the_base():
    """The last one of the base is the first of the scenario: it must not be cut off by the base's order."""
    partners = {f"P{n:02}": {"C1": 90.0 - n, "C2": 10.0 + n} for n in range(ROWS + 5)}
    base = ranking_of(partners, {**EQUAL, "C1": 20.0, "C2": 0.0})
    turned = ranking_of(partners, {**EQUAL, "C1": 0.0, "C2": 20.0})
    found = compared(base, [Kept(WhatIfScenario(name="Turned"), [], turned, "", "")])
    names = [row["name"] for row in found.rows]
    assert names == [f"P{n:02}" for n in range(ROWS + 5)], "the first of either column, in the base's order"
    last = found.rows[-1]["cells"]
    assert [(c["label"], c["rank"], c["moved"]) for c in last] == [
        ("Base", ROWS + 5, False),
        ("Turned", 1, True),
    ]
    assert found.left_out == 0
    alone = compared(base, [])
    assert ([row["name"] for row in alone.rows], alone.left_out) == (names[:ROWS], 5)
