"""`rank_catalogue`: the columns' ranking of a project at the command line, equal to the page's."""

import json

import pytest
from django.core.management import CommandError, call_command

from partners.scoring.explain import shown
from partners.scoring.types import Group
from quotes.ranking import rank_project
from tests.factories.partners import (
    CapabilityFactory,
    FacilityFactory,
    MetricValueFactory,
    OrganisationFactory,
)
from tests.factories.quotes import NeedFactory, ProjectFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    project = ProjectFactory()
    need = NeedFactory(project=project, modality=project.modality)
    for name in ("Acme", "Birch"):
        site = FacilityFactory(organisation=OrganisationFactory(name=name), name=f"{name} site")
        CapabilityFactory(
            facility=site, service=need.service, modality=project.modality, stage_from=1, stage_to=8
        )
        MetricValueFactory(organisation=site.organisation)
    OrganisationFactory(name="Bare")
    return project


def test_it_says_what_the_page_says(project, capsys):
    call_command("rank_catalogue", project.pk, json=True)
    told = json.loads(capsys.readouterr().out)
    found = rank_project(project)
    assert {g.value: told[g.value] for g in Group} == {g.value: len(found.group(g)) for g in Group}
    assert [(r["partner"], r["score"]) for r in told["top"]] == [
        (r.name, str(shown(r).score)) for r in found.group(Group.RANKED)
    ]
    assert (told["partners"], told["sites"]) == (3, 2)


def test_text_has_one_line_for_the_counts(project, capsys):
    call_command("rank_catalogue", project.pk)
    assert "knocked out of 3 partners" in capsys.readouterr().out.splitlines()[0]


@pytest.mark.parametrize(
    ("arguments", "words"), [((0,), "There is no project 0"), ((None, "--top=0"), "--top runs from 1")]
)
def test_bad_input_is_one_line_and_status_2(project, arguments, words):
    number, *rest = arguments
    with pytest.raises(CommandError, match=words) as refused:
        call_command("rank_catalogue", str(project.pk if number is None else number), *rest)
    assert refused.value.returncode == 2


def test_a_project_without_needs_says_so():
    with pytest.raises(CommandError, match="need"):
        call_command("rank_catalogue", str(ProjectFactory().pk))
