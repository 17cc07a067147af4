"""All partners of a comparison onto a shortlist in one go: all or none, in their order."""

import pytest
from django.utils import timezone

from cmo_selector.accounts.roles import Role
from quotes.models import ShortlistEntry
from tests.factories import accounts
from tests.factories.partners import OrganisationFactory
from tests.factories.quotes import ProjectFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def membership(client):
    membership = accounts.MembershipFactory(role=Role.MANAGER.value)
    client.force_login(membership.user)
    return membership


@pytest.fixture
def project(membership):
    return ProjectFactory(sponsor=membership.sponsor)


def add(client, project, *slugs):
    return client.post(f"/projects/{project.pk}/shortlist/add-several/", {"partner": slugs}, follow=True)


def shortlisted(project):
    entries = ShortlistEntry.objects.filter(project=project).order_by("position")
    return [(entry.position, entry.organisation.slug) for entry in entries]


def test_all_are_added_in_order_after_those_already_there(client, project):
    for slug in ("alder", "birch", "cedar"):
        OrganisationFactory(slug=slug, name=slug.title())
    add(client, project, "birch")
    response = add(client, project, "cedar", "birch", "alder", "cedar")
    assert shortlisted(project) == [(1, "birch"), (2, "cedar"), (3, "alder")]
    assert [str(message) for message in response.context["messages"]] == [
        f"On the shortlist of {project.name}: Cedar, Alder.",
        f"Already on the shortlist of {project.name}: Birch.",
    ]


@pytest.mark.parametrize(
    "slugs", [[], ["alder", "nobody"], ["alder", "gone"], ["alder", "a b\0"], [f"p{n}" for n in range(7)]]
)
def test_none_is_added_when_one_cannot_be(client, project, slugs):
    OrganisationFactory(slug="alder")
    OrganisationFactory(slug="gone", active=False)
    assert add(client, project, *slugs).status_code == 404
    assert shortlisted(project) == []


def test_an_archived_project_takes_nobody_up_and_is_not_offered(client, project):
    for slug in ("alder", "birch"):
        OrganisationFactory(slug=slug)
    project.archived_at = timezone.now()
    project.save()
    response = add(client, project, "alder", "birch")
    assert response.redirect_chain == [(f"/projects/{project.pk}/", 302)]
    assert shortlisted(project) == []
    page = client.get("/partners/compare/?partner=alder&partner=birch").content.decode()
    assert "add-several" not in page


def test_compare_page_offers_the_projects_to_those_who_may(client, project):
    for slug in ("alder", "birch"):
        OrganisationFactory(slug=slug)
    OrganisationFactory(slug="gone", active=False)
    address = "/partners/compare/?partner=alder&partner=birch&partner=gone"
    html = client.get(address).content.decode()
    form = html.split(f'action="/projects/{project.pk}/shortlist/add-several/"')[1].split("</form>")[0]
    assert [slug in form for slug in ('value="alder"', 'value="birch"', 'value="gone"')] == [
        True,
        True,
        False,
    ]
    viewer = accounts.MembershipFactory(sponsor=project.sponsor, role=Role.VIEWER.value).user
    client.force_login(viewer)
    assert "add-several" not in client.get(address).content.decode()


def test_projects_of_another_sponsor_are_not_offered(client, membership):
    foreign = ProjectFactory()
    for slug in ("alder", "birch"):
        OrganisationFactory(slug=slug)
    assert foreign.name not in client.get("/partners/compare/?partner=alder&partner=birch").content.decode()
    assert add(client, foreign, "alder").status_code == 404
