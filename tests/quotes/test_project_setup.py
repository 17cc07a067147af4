"""Setting up a project in five steps: forward and back without loss, without JavaScript, refusals, conflicts."""

import datetime as dt
import re
from decimal import Decimal

import pytest
from django.urls import reverse

from cmo_selector.accounts.roles import Role
from cmo_selector.audit.models import AuditEvent
from partners.models import DosageForm
from partners.scoring.weights import default_weights
from quotes.models import Need, Project
from quotes.services.projects import add_need, archive_project, update_project
from tests.factories import partners as catalogue
from tests.factories.accounts import MembershipFactory
from tests.factories.quotes import NeedFactory, ProjectFactory
from tests.factories.rfq import make_rfq

pytestmark = pytest.mark.django_db

XSS = '<script>alert("x")</script>'


@pytest.fixture
def member(client):
    member = MembershipFactory()
    client.force_login(member.user)
    return member


@pytest.fixture
def project(member):
    return ProjectFactory(sponsor=member.sponsor, name="Vector")


def url(name: str, project: Project, *args) -> str:
    return reverse(f"quotes:{name}", args=[project.pk, *args])


def step(project: Project, name: str) -> str:
    return url("project_step", project, name)


def fields(response) -> dict:
    """What a browser would send back unchanged."""
    form = response.context["form"]
    sent = {}
    for bound in form:
        value = bound.value()
        if value is None or value is False:
            continue
        sent[bound.html_name] = "on" if value is True else value
    return sent


def messages(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


# -- the whole way -------------------------------------------------------------------------------------


def test_the_five_steps_lead_from_nothing_to_a_project_that_can_be_ranked(client, member):
    aav = catalogue.ModalityFactory(code="aav", label="Viral vector, AAV")
    litre = catalogue.ScaleUnitFactory(code="l", label="Litre", symbol="L")
    assert client.get(reverse("quotes:project_new")).status_code == 200
    assert Project.objects.count() == 0

    response = client.post(
        reverse("quotes:project_new"),
        {
            "name": "ALD-101",
            "profile": "drug",
            "product": "Vector",
            "modality": aav.pk,
            "volumes": "3 batches",
        },
    )
    project = Project.objects.get()
    assert (project.sponsor, project.created_by) == (member.sponsor, member.user)
    assert response.url == step(project, "stage")

    sent = fields(client.get(step(project, "stage")))
    sent |= {"stage": "3", "markets": ["US", "EU"], "need_date": "2099-07-31", "federal_funding": "on"}
    sent |= {"scale_now": "200", "scale_unit": litre.pk, "price_basis": "programme", "price_limit": "6000000"}
    response = client.post(step(project, "stage"), sent, follow=True)
    assert response.redirect_chain == [(step(project, "needs"), 302)]
    assert messages(response) == [
        "The weights follow: they are now the defaults for Phase I, drug product or substance."
    ]

    assert client.get(url("need_add", project)).status_code == 200
    assert client.get(url("need_add", project), {"rule": "biosafety"}).status_code == 200
    response = client.post(
        url("need_add", project), {"rule": "biosafety", "quantity": "2", "level": "must", "same_site": "on"}
    )
    assert response.url == step(project, "needs")

    sent = fields(client.get(step(project, "weights")))
    response = client.post(step(project, "weights"), {**sent, "c1": "18", "c2": "18"})
    assert response.url == step(project, "review")

    response = client.get(step(project, "review"))
    html = response.content.decode()
    assert "The lead site works at biosafety level 2 or higher" in html
    assert f'href="{url("ranking", project)}"' in html
    assert [gap.text for gap in response.context["gaps"]] == [
        "Without a target and a worst acceptable price, cost stays unknown for every partner."
    ]
    project.refresh_from_db()
    assert (project.stage, project.markets, project.need_date) == (3, ["US", "EU"], dt.date(2099, 7, 31))
    assert (project.scale_now, project.scale_unit, project.federal_funding) == (Decimal(200), litre, True)
    assert (project.price_basis, project.price_limit) == ("programme", Decimal(6_000_000))
    assert project.weights.as_dict() == {**default_weights(3), "C1": 18.0, "C2": 18.0}


@pytest.mark.parametrize("name", ["product", "stage"])
def test_a_reloaded_step_sent_back_unchanged_changes_nothing(client, member, name):
    project = ProjectFactory(
        sponsor=member.sponsor,
        dosage_form=catalogue.DosageFormFactory(),
        markets=["US", "JP"],
        need_date=dt.date(2020, 1, 1),  # a day that has passed since may stay
        scale_now=Decimal("200.500"),
        scale_unit=catalogue.ScaleUnitFactory(),
        federal_funding=True,
        price_basis="gmp_batch",
        price_target=Decimal("1000000.50"),
        price_limit=2_000_000,
        currency="EUR",
    )
    before = Project.objects.filter(pk=project.pk).values().get()
    response = client.post(step(project, name), fields(client.get(step(project, name))))
    assert response.status_code == 302
    assert Project.objects.filter(pk=project.pk).values().get() == before


@pytest.mark.parametrize(
    ("name", "go", "target"),
    [
        ("product", "next", "stage"),
        ("stage", "next", "needs"),
        ("stage", "back", "product"),
        ("weights", "next", "review"),
        ("weights", "back", "needs"),
        ("product", "back", "product"),
    ],
)
def test_each_button_saves_and_leads_on(client, project, name, go, target):
    sent = fields(client.get(step(project, name)))
    assert client.post(step(project, name), {**sent, "go": go}).url == step(project, target)
    assert client.post(step(project, name), {**sent, "go": "close"}).url == url("project", project)


def test_every_step_links_to_every_other(client, project):
    for name in ("product", "stage", "needs", "weights", "review"):
        html = client.get(step(project, name)).content.decode()
        others = {"product", "stage", "needs", "weights", "review"} - {name}
        assert {other for other in others if f'href="{step(project, other)}"' in html} == others


# -- step 1 --------------------------------------------------------------------------------------------


def test_a_project_needs_a_name_and_keeps_what_was_typed(client, member):
    response = client.post(reverse("quotes:project_new"), {"name": " ", "profile": "drug", "product": "Kept"})
    assert response.status_code == 422
    assert response.context["form"].errors == {"name": ["This field is required."]}
    assert 'value="Kept"' in response.content.decode()
    assert Project.objects.count() == 0


def test_a_taken_name_is_an_error_of_the_form_and_nothing_is_lost(client, member, project):
    response = client.post(
        reverse("quotes:project_new"), {"name": "Vector", "profile": "drug", "product": "Kept"}
    )
    assert response.status_code == 422
    assert response.context["form"].errors == {"name": ["There is already a project with that name."]}
    assert 'value="Kept"' in response.content.decode()
    assert Project.objects.count() == 1


def test_another_sponsors_project_may_have_the_same_name(client, member):
    ProjectFactory(name="Vector")
    assert (
        client.post(reverse("quotes:project_new"), {"name": "Vector", "profile": "drug"}).status_code == 302
    )


def test_a_device_hides_and_drops_the_dosage_form(client, project):
    form = catalogue.DosageFormFactory()
    Project.objects.filter(pk=project.pk).update(dosage_form=form)
    sent = fields(client.get(step(project, "product")))
    assert sent["dosage_form"] == form.pk
    client.post(step(project, "product"), {**sent, "profile": "device"})
    project.refresh_from_db()
    assert (project.profile, project.dosage_form) == ("device", None)
    html = client.get(step(project, "product")).content.decode()
    assert re.search(r'data-show-for="drug clinical" hidden>', html)
    assert "Intended use" in html


def test_a_retired_term_stays_on_the_project_that_has_it_and_is_not_offered_to_others(
    client, member, project
):
    retired = catalogue.DosageFormFactory(code="old", label="Old form", active=False)
    Project.objects.filter(pk=project.pk).update(dosage_form=retired)
    assert "Old form" in client.get(step(project, "product")).content.decode()
    assert "Old form" not in client.get(reverse("quotes:project_new")).content.decode()
    other = ProjectFactory(sponsor=member.sponsor)
    sent = {**fields(client.get(step(other, "product"))), "dosage_form": retired.pk}
    assert client.post(step(other, "product"), sent).status_code == 422
    assert DosageForm.objects.filter(pk=retired.pk).exists()


# -- step 2 --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"need_date": "2020-01-01"}, {"need_date": ["This day has passed."]}),
        ({"need_date": "soon"}, {"need_date": ["Enter a day such as 2027-03-31."]}),
        ({"scale_now": "200"}, {"scale_unit": ["Give the unit of the scale."]}),
        ({"scale_now": "-2"}, {"scale_now": ["Enter a number above zero, or leave it empty."]}),
        ({"scale_next": "0"}, {"scale_next": ["Enter a number above zero, or leave it empty."]}),
        (
            {"markets": ["US", "XX"]},
            {"markets": ["Select a valid choice. XX is not one of the available choices."]},
        ),
        ({"stage": "99"}, {"stage": ["Select a valid choice. 99 is not one of the available choices."]}),
        (
            {"currency": "DOGE"},
            {"currency": ["Select a valid choice. DOGE is not one of the available choices."]},
        ),
        ({"price_limit": "5"}, {"price_basis": ["Say what the price is for."]}),
        (
            {"price_basis": "programme", "price_target": "10", "price_limit": "10"},
            {"price_limit": ["The worst acceptable price must be above the target price."]},
        ),
        (
            {"price_basis": "programme", "price_target": "-1"},
            {"price_target": ["A price must not be negative."]},
        ),
        (
            {"price_basis": "programme", "price_limit": "-1"},
            {"price_limit": ["Enter a price above zero, or leave it empty."]},
        ),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(client, project, typed, errors):
    sent = {**fields(client.get(step(project, "stage"))), **typed}
    response = client.post(step(project, "stage"), sent)
    assert response.status_code == 422
    assert response.context["form"].errors == errors
    (name,) = typed.keys() if len(typed) == 1 else [None]
    if name and isinstance(typed[name], str):
        assert response.context["form"][name].value() == typed[name]
    assert not AuditEvent.objects.exists()


def test_edited_weights_are_kept_when_the_stage_changes_and_the_page_says_so(client, member):
    project = ProjectFactory(sponsor=member.sponsor, weights__from_defaults=False)
    before = project.weights.as_dict()
    sent = {**fields(client.get(step(project, "stage"))), "stage": "7"}
    response = client.post(step(project, "stage"), sent, follow=True)
    (message,) = messages(response)
    assert message.startswith("Your edited weights were kept.")
    assert Project.objects.get(pk=project.pk).weights.as_dict() == before
    client.post(step(project, "weights"), {"action": "reset"})
    assert Project.objects.get(pk=project.pk).weights.as_dict() == default_weights(7)


def test_the_currency_stays_while_amounts_elsewhere_are_in_it(client, member):
    rfq = make_rfq(member, month_value=Decimal(500_000))
    project = rfq.project
    rfq.lines.filter(code="annual_review").update(sponsor_cost=["9000", "9000", "9000"])
    NeedFactory(project=project, rule="minimum_project", quantity=250_000)
    sent = {**fields(client.get(step(project, "stage"))), "currency": "EUR", "need_date": "2099-05-05"}
    response = client.post(step(project, "stage"), sent)
    (why,) = response.context["form"].errors["currency"]
    assert response.status_code == 422
    for named in (
        "the value of a month in the RFQ",
        "own costs or benchmarks of Annual product review",
        "minimum project",
    ):
        assert named in why
    assert 'value="2099-05-05"' in response.content.decode()  # nothing typed is lost
    assert Project.objects.get(pk=project.pk).currency == "USD"
    project.needs.all().delete()
    rfq.lines.update(sponsor_cost=None)
    type(rfq).objects.update(month_value=None)
    assert client.post(step(project, "stage"), sent).status_code == 302
    assert Project.objects.get(pk=project.pk).currency == "EUR"


# -- two people ------------------------------------------------------------------------------------------


def test_a_stale_step_shows_both_values_and_a_second_save_decides(client, member, project):
    sent = {**fields(client.get(step(project, "product"))), "product": "Mine", "indication": "Same"}
    update_project(
        actor=member.user, project=project, values={"product": f"Theirs {XSS}", "indication": "Same"}
    )
    response = client.post(step(project, "product"), sent)
    assert response.status_code == 409
    assert [(c.label, c.theirs, c.mine) for c in response.context["conflicts"]] == [
        ("Product", f"Theirs {XSS}", "Mine")
    ]
    html = response.content.decode()
    assert XSS not in html
    assert 'value="Mine"' in html
    assert Project.objects.get(pk=project.pk).product == f"Theirs {XSS}"
    again = client.post(
        step(project, "product"), {**sent, "version": response.context["form"]["version"].value()}
    )
    assert again.status_code == 302
    assert Project.objects.get(pk=project.pk).product == "Mine"


def test_a_need_added_meanwhile_is_no_conflict_of_the_brief(client, member, project):
    sent = {**fields(client.get(step(project, "product"))), "product": "Mine"}
    add_need(actor=member.user, project=project, values={"rule": "biosafety", "level": "must", "quantity": 2})
    assert client.post(step(project, "product"), sent).status_code == 302


# -- step 5 and refusals -----------------------------------------------------------------------------------


def test_without_needs_the_review_says_what_is_missing_and_does_not_lead_to_the_ranking(client, project):
    html = client.get(step(project, "review")).content.decode()
    assert "A project needs at least one need before it can be ranked." in html
    assert url("ranking", project) not in html


@pytest.mark.parametrize("name", ["needs", "review"])
def test_steps_without_a_form_take_no_post(client, project, name):
    assert client.post(step(project, name)).status_code == 405


def test_what_is_not_there_is_a_404(client, member, project):
    foreign = NeedFactory()
    elsewhere = NeedFactory(project=ProjectFactory(sponsor=member.sponsor))
    assert client.get(step(project, "payment")).status_code == 404
    for need in (foreign, elsewhere):
        assert client.get(url("need_edit", project, need.pk)).status_code == 404
        assert client.post(url("need_delete", project, need.pk)).status_code == 404
    for name, args in (
        ("project_step", ["product"]),
        ("need_add", []),
        ("weights", []),
        ("need_edit", [foreign.pk]),
    ):
        assert client.get(url(name, foreign.project, *args)).status_code == 404
    assert client.post(url("project_archive", foreign.project)).status_code == 404
    assert Need.objects.count() == 2


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EVALUATOR])
def test_who_may_only_read_cannot_change_anything(client, role):
    member = MembershipFactory(role=role)
    client.force_login(member.user)
    need = NeedFactory(project__sponsor=member.sponsor)
    project = need.project
    before = Project.objects.values().get()
    for name, args in (
        ("project_step", ["product"]),
        ("project_step", ["weights"]),
        ("need_add", []),
        ("need_edit", [need.pk]),
        ("need_delete", [need.pk]),
        ("weights", []),
        ("project_archive", []),
    ):
        assert client.post(url(name, project, *args), {"name": "Changed"}).status_code == 403
    assert client.post(reverse("quotes:project_new"), {"name": "New", "profile": "drug"}).status_code == 403
    assert Project.objects.values().get() == before
    assert Need.objects.count() == 1


def test_an_archived_project_leads_back_to_its_overview_and_keeps_what_was_sent_too_late(
    client, member, project
):
    sent = {**fields(client.get(step(project, "product"))), "product": "Late"}
    archive_project(actor=member.user, project=project)
    assert client.get(step(project, "product")).url == url("project", project)
    response = client.post(step(project, "product"), sent)
    assert response.status_code == 409
    assert "This project is archived. Restore it before changing it." in response.content.decode()
    assert 'value="Late"' in response.content.decode()
    assert Project.objects.get(pk=project.pk).product == ""
