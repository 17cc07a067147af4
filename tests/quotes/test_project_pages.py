"""The list of projects and a project's overview: what they show to whom, at how many queries."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from cmo_selector.accounts.roles import Role
from quotes.enums import ReportState, ShortlistStatus
from quotes.models import Project, Rfq
from quotes.project_page import gaps
from quotes.project_selectors import needs_of
from quotes.rfq_enums import RfqState
from quotes.services.responses import save_draft, submit_quote
from quotes.services.rfq_messages import answer_question, ask_question
from tests.factories import partners as catalogue
from tests.factories.accounts import MembershipFactory
from tests.factories.quotes import NeedFactory, ProjectFactory, ReportFactory, ShortlistEntryFactory
from tests.factories.rfq import in_days, make_rfq, priced, send

pytestmark = pytest.mark.django_db

XSS = '<img src=x onerror="alert(1)">'


@pytest.fixture
def member(client):
    member = MembershipFactory()
    client.force_login(member.user)
    return member


def listed(client, **query) -> list[dict]:
    return client.get(reverse("quotes:project_list"), query).context["rows"]


def test_without_projects_the_list_gives_three_first_steps_and_a_way_to_start(client, member):
    ProjectFactory(name="Somebody else's")
    html = client.get(reverse("quotes:project_list")).content.decode()
    assert "No projects yet" in html
    assert html.count("<li><strong>") == 3
    assert f'href="{reverse("quotes:project_new")}"' in html
    assert "Somebody else" not in html


def test_who_may_not_start_a_project_is_told_who_may(client):
    member = MembershipFactory(role=Role.VIEWER, sponsor__name="Alder")
    client.force_login(member.user)
    html = client.get(reverse("quotes:project_list")).content.decode()
    assert "an owner or manager of Alder starts them" in html
    assert reverse("quotes:project_new") not in html


def test_each_project_says_what_comes_next(client, member):
    new, ranked, listed_, unreported, done = (ProjectFactory(sponsor=member.sponsor, name=n) for n in "abcde")
    for project in (ranked, listed_, unreported, done):
        NeedFactory.create_batch(2, project=project)
    for project in (listed_, unreported, done):
        ShortlistEntryFactory.create_batch(3, project=project)
    for project in (unreported, done):
        make_rfq(member, project=project)
    Rfq.objects.update(state=RfqState.AWARDED)
    ReportFactory(project=unreported, state=ReportState.QUEUED)
    ReportFactory(project=done, done=True)
    rows = {row["project"].name: row for row in listed(client)}
    shown = {
        name: (row["project"].need_count, row["project"].shortlist_count, row["next"].label, row["next"].href)
        for name, row in rows.items()
    }
    assert shown == {
        "a": (0, 0, "Add needs", reverse("quotes:project_step", args=[new.pk, "needs"])),
        "b": (2, 0, "Read the ranking", reverse("quotes:ranking", args=[ranked.pk])),
        "c": (2, 3, "Ask for quotes", reverse("quotes:rfq_list", args=[listed_.pk])),
        "d": (2, 3, "Create the report", reverse("quotes:report_list", args=[unreported.pk])),
        "e": (2, 3, "Follow up the shortlist", reverse("quotes:shortlist", args=[done.pk])),
    }


def test_an_rfq_says_what_it_waits_for(client, member):
    """A draft wants sending, a question an answer, a passed deadline a decision; while partners work, the report."""
    project = ProjectFactory(sponsor=member.sponsor)
    NeedFactory(project=project)
    rfq = make_rfq(member, project=project)

    def label() -> str:
        (row,) = listed(client)
        return row["next"].label

    ShortlistEntryFactory(project=project)
    assert label() == "Send the RFQ"
    (invitation,) = send(rfq, member, "Aspen")
    assert label() == "Create the report"
    question = ask_question(invitation=invitation, text="Which strengths?")
    assert label() == "Answer questions"
    answer_question(actor=member.user, message=question, answer="Three.")
    Rfq.objects.update(deadline=in_days(-1))
    assert label() == "Extend or ask others"
    Rfq.objects.update(deadline=in_days(5))
    quote = save_draft(
        rfq=rfq, organisation=invitation.organisation, values=priced(), edition=0, invitation=invitation
    )
    submit_quote(quote=quote, edition=quote.edition, by="Aspen")
    Rfq.objects.update(deadline=in_days(-1))
    assert label() == "Compare quotes and award"
    Rfq.objects.update(state=RfqState.CANCELLED)
    assert label() == "Ask for quotes"


def test_the_last_change_comes_first(client, member):
    first, second = (ProjectFactory(sponsor=member.sponsor, name=name) for name in ("first", "second"))
    assert [row["project"] for row in listed(client)] == [second, first]
    first.save()
    assert [row["project"] for row in listed(client)] == [first, second]


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_takes_the_same_queries_for_one_and_for_three(
    client, member, count, django_assert_num_queries
):
    for _ in range(count):
        project = ProjectFactory(sponsor=member.sponsor)
        NeedFactory.create_batch(count, project=project)
        ShortlistEntryFactory.create_batch(count, project=project)
    with django_assert_num_queries(
        6
    ):  # session, person, memberships, modalities, number of projects, projects
        assert len(listed(client)) == count


@pytest.mark.parametrize("count", [1, 3])
def test_the_overview_takes_the_same_queries_for_one_and_for_three(
    client, member, count, django_assert_num_queries
):
    project = ProjectFactory(sponsor=member.sponsor)
    NeedFactory.create_batch(count, project=project)
    ShortlistEntryFactory.create_batch(count, project=project)
    ReportFactory.create_batch(count, project=project)
    with django_assert_num_queries(
        8
    ):  # session, person, memberships, project, needs, shortlist, reports, RFQs
        client.get(project.get_absolute_url())


def test_archived_projects_leave_the_list_and_come_back(client, member):
    project = ProjectFactory(sponsor=member.sponsor, name="Over")
    archive = reverse("quotes:project_archive", args=[project.pk])
    assert client.get(archive).status_code == 405
    assert client.post(archive).url == reverse("quotes:project_list")
    assert listed(client) == []
    html = client.get(reverse("quotes:project_list"), {"archived": "1"}).content.decode()
    assert "Over" in html
    html = client.get(project.get_absolute_url()).content.decode()
    assert "This project is archived" in html
    assert "/setup/" not in html
    client.post(archive, {"restore": "1"})
    assert [row["project"] for row in listed(client)] == [project]


def full_project(sponsor):
    project = ProjectFactory(
        sponsor=sponsor,
        name="Vector",
        product=XSS,
        modality=catalogue.ModalityFactory(code="aav", label="Viral vector, AAV"),
        markets=["US", "EU"],
        scale_now=200,
        scale_unit=catalogue.ScaleUnitFactory(symbol="L"),
        federal_funding=True,
        price_basis="programme",
        price_target=4_000_000,
        price_limit=6_000_000,
    )
    NeedFactory(project=project, rule="minimum_project", service=None, quantity=6_000_000)
    NeedFactory(project=project, rule="biosafety", service=None, quantity=2, level="should", note=XSS)
    ShortlistEntryFactory(
        project=project,
        organisation=catalogue.OrganisationFactory(name="Partner & Sons"),
        status=ShortlistStatus.AUDIT,
    )
    ReportFactory(project=project, title="First report", done=True)
    return project


def test_the_overview_shows_brief_needs_weights_shortlist_and_reports(client, member):
    project = full_project(member.sponsor)
    response = client.get(project.get_absolute_url())
    html = response.content.decode()
    brief = {row.label: row.value for row in response.context["brief"]}
    assert brief == {
        "Partner wanted for": "Drug product or substance",
        "Product": XSS,
        "Indication": None,
        "Modality": "Viral vector, AAV",
        "Dosage form": None,
        "Stage": "IND-enabling",
        "Markets": "United States, European Union",
        "Work must start by": None,
        "Decision wanted by": "not set",
        "Scale now": "200 L",
        "Scale of the next stage": None,
        "Volumes": None,
        "United States federal money": "Yes: restricted parties are knocked out",
        "Price": "target USD 4,000,000, worst acceptable USD 6,000,000 per programme",
        "What a partner needs to know": None,
        "What is unknown": "caution 0 (0 the middle of an interval, 1 its lowest end); ranked from 60% coverage",
    }
    assert [(group.level, [row.label for row in group.rows]) for group in response.context["groups"]] == [
        ("must", ["The partner's minimum project value is at most USD 6,000,000"]),
        ("should", ["The lead site works at biosafety level 2 or higher"]),
        ("could", []),
    ]
    bars = {bar.code: (bar.points, bar.width) for bar in response.context["bars"]}
    assert (bars["C1"], bars["C3"]) == ((22.0, "100.0"), (5.0, "22.7"))
    assert html.count('class="unknown"') == 6
    for text in ("Partner &amp; Sons", "Site visit / audit", "First report", "Edit needs", "Archive project"):
        assert text in html
    assert XSS not in html
    assert response.context["next"].label == "Ask for quotes"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EVALUATOR])
def test_who_may_only_read_sees_no_button_that_changes(client, role):
    member = MembershipFactory(role=role)
    client.force_login(member.user)
    project = full_project(member.sponsor)
    html = client.get(project.get_absolute_url()).content.decode()
    for address in ("/setup/", "/weights/", "/archive/", "/needs/"):
        assert address not in html
    assert reverse("quotes:ranking", args=[project.pk]) in html


def test_an_evaluator_sees_no_price(client):
    member = MembershipFactory(role=Role.EVALUATOR)
    client.force_login(member.user)
    project = full_project(member.sponsor)
    html = client.get(project.get_absolute_url()).content.decode()
    assert "6,000,000" not in html
    assert "4,000,000" not in html
    assert "Hidden: your role does not see prices." in html
    assert "Minimum project value: amount hidden" in html


def test_a_foreign_project_is_a_404_and_a_person_without_sponsor_a_403(client, member):
    assert client.get(ProjectFactory().get_absolute_url()).status_code == 404
    client.force_login(MembershipFactory().user)
    assert client.get(ProjectFactory(sponsor=member.sponsor).get_absolute_url()).status_code == 404
    curator = MembershipFactory().user
    curator.memberships.all().delete()
    client.force_login(curator)
    assert client.get(reverse("quotes:project_list")).status_code == 403


def test_a_device_is_described_in_its_own_words(client, member):
    project = ProjectFactory(sponsor=member.sponsor, profile="device", product="Connector")
    response = client.get(project.get_absolute_url())
    labels = [row.label for row in response.context["brief"]]
    assert labels[:4] == ["Partner wanted for", "Device or component", "Intended use", "Device class"]
    assert "Dosage form" not in labels
    assert response.context["bars"][1].label == "Design for manufacture and design transfer"


def test_gaps_name_what_weakens_the_ranking_and_where_to_mend_it():
    project = ProjectFactory(modality=None)
    texts = {gap.text.split(":")[0].split(",")[0]: (gap.step, gap.stops) for gap in gaps(project, [])}
    assert texts == {
        "A project needs at least one need before it can be ranked.": ("needs", True),
        "Without a target and a worst acceptable price": ("stage", False),
        "Without a day by which work must start": ("stage", False),
        "Without markets": ("stage", False),
        "Without a scale": ("stage", False),
        "Without a modality": ("product", False),
    }
    NeedFactory(project=project, level="should")
    Project.objects.filter(pk=project.pk).update(
        need_date=dt.date(2020, 1, 1), price_target=1, price_limit=2, markets=["US"]
    )
    project = Project.objects.get(pk=project.pk)
    assert [gap.text for gap in gaps(project, needs_of(project))][:2] == [
        "No need is a must: only the two fixed rules can knock a partner out.",
        "The day by which work must start has passed.",
    ]


def test_long_lists_have_pages(client, member, monkeypatch):
    monkeypatch.setattr("quotes.project_selectors.PER_PAGE", 2)
    for name in "abcde":
        ProjectFactory(
            sponsor=member.sponsor, name=name, archived_at=timezone.now() if name in "abc" else None
        )
    ProjectFactory(sponsor=member.sponsor, name="f")
    assert [row["project"].name for row in listed(client)] == ["f", "e"]
    assert [row["project"].name for row in listed(client, page="2")] == ["d"]
    archived = client.get(reverse("quotes:project_list"), {"archived": "1", "page": "2"})
    assert len(archived.context["archived"]) == 1
    assert "archived=1&amp;page=1" in archived.content.decode()
