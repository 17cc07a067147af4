"""The ten weights: the page, what it refuses, scaling, defaults, and two people saving at once."""

import threading
from decimal import Decimal

import pytest
from django.db import connection
from django.urls import reverse

from cmo_selector.audit.models import AuditEvent
from partners.scoring.types import CRITERIA
from partners.scoring.weights import default_weights
from quotes.models import Project, ProjectWeights
from quotes.services.projects import WEIGHT_FIELDS, change_weights
from quotes.versions import StaleVersion, version_of
from tests.factories.accounts import MembershipFactory
from tests.factories.quotes import ProjectFactory

NAMES = [code.lower() for code in CRITERIA]
EVEN = dict.fromkeys(NAMES, "10")


@pytest.fixture
def member(db):
    return MembershipFactory()


@pytest.fixture
def project(member):
    return ProjectFactory(sponsor=member.sponsor)


@pytest.fixture
def page(client, member, project):
    """Sends weights to the page; what is not given is what the page was opened with."""
    client.force_login(member.user)
    url = reverse("quotes:weights", args=[project.pk])

    def send(typed: dict[str, str], **more: str):
        version = version_of(ProjectWeights.objects.get(project=project), WEIGHT_FIELDS)
        return client.post(url, {**EVEN, "version": version, **typed, **more})

    send.url = url
    return send


def stored(project: Project) -> dict[str, float]:
    return ProjectWeights.objects.get(project=project).as_dict()


def test_the_page_shows_each_criterion_with_its_default_and_its_weight(client, page, project):
    response = client.get(page.url)
    form = response.context["form"]
    assert [(row.code, row.label, float(row.default)) for row in form.rows] == [
        (code, label, default_weights(project.stage)[code]) for code, label in CRITERIA.items()
    ]
    assert [row.field.value() for row in form.rows] == ["22", "20", "5", "8", "16", "7", "8", "5", "3", "6"]
    assert form.total == "100"
    html = response.content.decode()
    assert "conventions of this product" in html
    assert html.count("data-weight=") == 10


def test_a_device_words_its_criteria_in_its_own_way(client, page, project):
    project.profile = "device"
    project.save()
    labels = [row.label for row in client.get(page.url).context["form"].rows]
    assert labels[1] == "Design for manufacture and design transfer"
    assert labels[5] == "Defect rate and on-time delivery"


def test_weights_are_saved_and_logged(client, page, project):
    response = page({}, action="save")
    assert response.status_code == 302
    assert response.url == reverse("quotes:project", args=[project.pk])
    assert stored(project) == dict.fromkeys(CRITERIA, 10.0)
    weights = ProjectWeights.objects.get(project=project)
    assert weights.from_defaults is False
    (event,) = AuditEvent.objects.filter(verb="weights.changed")
    assert event.data["from_defaults"] is False
    assert event.data["changed"]["C1"] == ["22.00", "10"]
    assert event.about == f"quotes.project/{project.pk}"


REFUSED = [
    ({"c1": "6"}, None, "The weights add up to 96, not to 100: add 4, or scale them to 100."),
    ({"c1": "14.5"}, None, "The weights add up to 104.5, not to 100: take away 4.5, or scale them to 100."),
    (
        {"c1": "10.02"},
        None,
        "The weights add up to 100.02, not to 100: take away 0.02, or scale them to 100.",
    ),
    (dict.fromkeys(NAMES, "0"), None, "All weights are zero: give at least one criterion a weight."),
    ({"c3": "-10", "c4": "30"}, "c3", "A weight must not be negative."),
    ({"c3": "NaN"}, "c3", "Enter a number."),
    ({"c3": "Infinity"}, "c3", "Enter a number."),
    ({"c3": "much"}, "c3", "Enter a number."),
    ({"c3": ""}, "c3", "Enter a number; 0 if this should not count."),
    ({"c3": "10.005"}, "c3", "Use at most two decimals."),
    ({"c3": "1e30"}, "c3", "Ensure that there are no more than 9 digits in total."),
]


@pytest.mark.parametrize(("typed", "field", "message"), REFUSED, ids=[m for _, _, m in REFUSED])
def test_a_set_that_does_not_fit_is_refused_and_stays_as_typed(page, project, typed, field, message):
    response = page(typed, action="save")
    assert response.status_code == 422
    form = response.context["form"]
    assert form.errors == {field or "__all__": [message]}
    shown = {name: form[name].value() for name in NAMES}
    assert shown == {**EVEN, **typed}
    assert stored(project) == default_weights(project.stage)
    html = response.content.decode()
    assert message in html
    if field:
        assert f'href="#id_{field}"' in html
    assert not AuditEvent.objects.exists()


def test_a_hundredth_off_is_accepted_and_stored_as_exactly_100(page, project):
    assert page({"c1": "10.01"}, action="save").status_code == 302
    assert page({"c1": "9.99"}, action="save").status_code == 302
    weights = ProjectWeights.objects.get(project=project)
    assert sum(getattr(weights, name) for name in NAMES) == Decimal(100)


def test_scaling_shows_the_scaled_set_without_saving_it(page, project):
    ranks = {name: str(10 - n) for n, name in enumerate(NAMES)}  # 10, 9, … 1: sum 55
    response = page(ranks, action="scale")
    assert response.status_code == 200
    form = response.context["form"]
    shown = [Decimal(form[name].value()) for name in NAMES]
    assert sum(shown) == 100
    assert shown[0] == Decimal("18.18")
    assert form.total == "100"
    assert "Save them to keep them" in response.content.decode()
    assert stored(project) == default_weights(project.stage)
    assert page(dict(zip(NAMES, map(str, shown), strict=True)), action="save").status_code == 302
    assert stored(project)["C1"] == 18.18


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        (
            dict.fromkeys(NAMES, "0"),
            {"__all__": ["All weights are zero: give at least one criterion a weight."]},
        ),
        ({"c2": "-1"}, {"c2": ["A weight must not be negative."]}),
        ({"c2": "x"}, {"c2": ["Enter a number."]}),
    ],
)
def test_what_cannot_be_scaled_says_why(page, typed, errors):
    response = page(typed, action="scale")
    assert response.status_code == 422
    assert response.context["form"].errors == errors


def test_reset_brings_the_defaults_back(page, project):
    page({}, action="save")
    response = page({}, action="reset")
    assert (response.status_code, response.url) == (302, page.url)
    assert stored(project) == default_weights(project.stage)
    assert ProjectWeights.objects.get(project=project).from_defaults is True


def test_typing_the_defaults_makes_them_defaults_again(page, project):
    page({}, action="save")
    defaults = {code.lower(): f"{value:g}" for code, value in default_weights(project.stage).items()}
    page(defaults, action="save")
    assert ProjectWeights.objects.get(project=project).from_defaults is True


def test_a_stale_save_shows_both_sets_and_overwrites_nothing(client, member, page, project):
    opened = client.get(page.url).context["form"]["version"].value()
    theirs = {code: Decimal(value) for code, value in zip(CRITERIA, [19, 1, *[10] * 8], strict=True)}
    change_weights(actor=member.user, project=project, weights=theirs)
    response = page({"version": opened}, action="save")
    assert response.status_code == 409
    assert [(c.label, c.theirs, c.mine) for c in response.context["conflicts"]] == [
        ("C1 Technical and modality fit", "19", "10"),
        ("C2 Development, analytical and transfer depth", "1", "10"),
    ]
    assert stored(project)["C1"] == 19
    again = {"version": response.context["form"]["version"].value()}
    assert page(again, action="save").status_code == 302
    assert stored(project)["C1"] == 10


@pytest.mark.parametrize(
    "weights",
    [
        dict.fromkeys(CRITERIA, Decimal(9)),
        {**dict.fromkeys(CRITERIA, Decimal(10)), "C1": Decimal("NaN")},
        {**dict.fromkeys(CRITERIA, Decimal(10)), "C1": Decimal(-10), "C2": Decimal(30)},
        dict.fromkeys(list(CRITERIA)[:9], Decimal(10)),
    ],
)
def test_the_service_itself_refuses_a_set_that_does_not_fit(member, project, weights):
    with pytest.raises(ValueError, match="ten"):
        change_weights(actor=member.user, project=project, weights=weights)
    assert stored(project) == default_weights(project.stage)


@pytest.mark.django_db(transaction=True)
def test_of_two_people_saving_the_same_version_one_is_told():
    member = MembershipFactory()
    project = ProjectFactory(sponsor=member.sponsor)
    opened = version_of(project.weights, WEIGHT_FIELDS)
    barrier = threading.Barrier(2)
    outcomes: list[str] = []

    def save(heavy: str) -> None:
        weights = {**dict.fromkeys(CRITERIA, Decimal(5)), heavy: Decimal(55)}
        try:
            barrier.wait()
            change_weights(actor=member.user, project=project, weights=weights, version=opened)
            outcomes.append(heavy)
        except StaleVersion:
            outcomes.append("stale")
        finally:
            connection.close()

    threads = [threading.Thread(target=save, args=(code,)) for code in ("C1", "C2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("stale") == 1
    (winner,) = set(outcomes) - {"stale"}
    assert stored(project)[winner] == 55
