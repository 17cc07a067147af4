"""The ranking page: groups, reasons, trial weights, roles, bad input."""

import datetime as dt
import re
from decimal import Decimal

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from cmo_selector.accounts.roles import Role
from partners.scoring import default_weights
from partners.scoring.types import CRITERIA
from quotes.needs import NO_NEEDS
from quotes.ranking import rank_project
from quotes.ranking_page import BadWeights, build_page, rounded_to_100, trial_weights
from quotes.services.projects import WEIGHT_FIELDS, change_weights
from quotes.versions import version_of
from tests.factories.accounts import MembershipFactory
from tests.factories.partners import (
    CapabilityFactory,
    CommercialTermsFactory,
    FacilityFactory,
    InspectionFactory,
    ModalityFactory,
    OrganisationFactory,
    RegulatoryActionFactory,
    ServiceFactory,
)
from tests.factories.quotes import NeedFactory, ProjectFactory

WEIGHTS = {code.lower(): "10" for code in CRITERIA}


@pytest.fixture
def manager(db):
    return MembershipFactory(role=Role.MANAGER.value)


@pytest.fixture
def project(manager):
    """Needs AAV vectors; a minimum project of at most USD 6 million is a must."""
    aav, vectors = ModalityFactory(code="aav"), ServiceFactory(code="ds-viral-vector")
    project = ProjectFactory(sponsor=manager.sponsor, modality=aav, currency="USD")
    NeedFactory(project=project, rule="capability", level="must", service=vectors, modality=aav)
    NeedFactory(project=project, rule="minimum_project", level="must", quantity=6_000_000, same_site=False)
    return project


@pytest.fixture
def partners(project):
    """One that meets both musts, one too dear, one with an open warning letter, one nobody knows anything about."""
    aav, vectors = project.modality, project.needs.get(rule="capability").service
    for name, minimum in [("Niche", 2_000_000), ("Global", 15_000_000), ("Warned", 1_000_000)]:
        organisation = OrganisationFactory(name=name, slug=name.lower(), illustrative=True)
        site = FacilityFactory(organisation=organisation, name=f"{name} site")
        CapabilityFactory(facility=site, service=vectors, modality=aav, stage_from=1, stage_to=8)
        InspectionFactory(facility=site, outcome="nai", ended_on=dt.date(2025, 3, 1))
        CommercialTermsFactory(organisation=organisation, minimum_project=minimum, currency="USD")
        if name == "Warned":
            RegulatoryActionFactory(
                facility=site, kind="warning_letter", issued_on=dt.date(2025, 5, 1), closed_on=None
            )
    OrganisationFactory(name="Silent", slug="silent")


def url(project, name="ranking", *more):
    return reverse(f"quotes:{name}", args=[project.pk, *more])


def text(response):
    return re.sub(r"\s+", " ", response.content.decode())


def version(project):
    return version_of(project.weights, WEIGHT_FIELDS)


def test_saving_over_somebody_elses_weights_is_refused_and_keeps_mine_on_the_sliders(
    client, manager, project, partners
):
    client.force_login(manager.user)
    opened_with = version(project)
    theirs = rounded_to_100({**dict.fromkeys(CRITERIA, 10.0), "C1": 20.0, "C2": 0.0})
    change_weights(actor=manager.user, project=project, weights=theirs)
    mine = {**WEIGHTS, "c4": "55", "version": opened_with}
    page = text(client.post(url(project, "ranking_weights"), mine, follow=True))
    assert "somebody else changed them" in page
    assert 'name="c4" min="0" max="100" step="0.5" value="55"' in page
    project.weights.refresh_from_db()
    assert project.weights.c1 == 20


def test_partners_are_grouped_and_the_knocked_out_have_their_reason(client, manager, project, partners):
    ranking = rank_project(project)
    page = build_page(ranking, set(), project.profile)
    assert {row.result.name for row in page.knocked_out} == {"Global", "Warned"}
    assert "Silent" in {row.result.name for row in page.insufficient}
    assert page.total == 4
    client.force_login(manager.user)
    shown = text(client.get(url(project)))
    assert "Global" in shown
    assert "USD 15,000,000" in shown
    assert "warning letter" in shown.lower()
    assert "unverified must-haves" in shown


def test_a_leader_is_never_said_to_be_beyond_the_reach_of_partners_nobody_knows(
    client, manager, project, partners
):
    """With nothing on record, Silent could still score anything: the page says so beside the leader."""
    page = build_page(rank_project(project), set(), project.profile)
    silent = next(row for row in page.insufficient if row.result.name == "Silent")
    assert (silent.result.low, silent.result.high) == (0, 100)
    assert page.thin_rivals == (len(page.insufficient) if page.ranked else 0)


def test_shown_contributions_add_up_to_the_shown_score(project, partners):
    page = build_page(rank_project(project), set(), project.profile)
    rows = [*page.ranked, *page.insufficient, *page.knocked_out]
    assert len(rows) == 4
    for row in rows:
        assert sum(points for _, _, points in row.parts) == row.shown.score


def test_trying_weights_changes_the_page_and_saves_nothing(client, manager, project, partners):
    client.force_login(manager.user)
    saved = project.weights.as_dict()
    response = client.get(url(project), {**WEIGHTS, "c1": "90"})
    assert "trying weights, not saved" in text(response)
    project.weights.refresh_from_db()
    assert project.weights.as_dict() == saved


def test_weights_can_be_saved_scaled_to_100(client, manager, project, partners):
    client.force_login(manager.user)
    client.post(url(project, "ranking_weights"), {**WEIGHTS, "c1": "30", "version": version(project)})
    project.weights.refresh_from_db()
    assert project.weights.c1 == Decimal("25.00")
    assert sum(project.weights.as_dict().values()) == 100
    assert not project.weights.from_defaults


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict.fromkeys(WEIGHTS, "0"), "All weights are zero"),
        ({"c3": "-5"}, "The weight of C3 Scale and capacity, now and next stage is negative"),
        ({"c4": "much"}, "The weight of C4 Quality and regulatory record is not a number: “much”"),
        ({"c4": "nan"}, "is not a number"),
        ({"c4": "inf"}, "is not a number"),
        ({"c5": "1e400"}, "is too large"),
    ],
)
def test_weights_that_cannot_be_used_are_named_and_what_was_typed_stays(
    client, manager, project, partners, change, message
):
    client.force_login(manager.user)
    response = client.get(url(project), {**WEIGHTS, **change})
    page = text(response)
    assert response.status_code == 400
    assert message in page
    assert "Niche" in page, "the ranking with the saved weights stays in view"
    assert f'value="{next(iter(change.values()))}"' in page
    sent = {**WEIGHTS, **change, "version": version(project)}
    refused = client.post(url(project, "ranking_weights"), sent, follow=True)
    assert "Weights not saved." in text(refused)
    assert f'value="{next(iter(change.values()))}"' in text(refused), "what was typed stays"
    project.weights.refresh_from_db()
    assert project.weights.as_dict() == default_weights(project.stage, project.profile)


def test_the_fragment_is_the_same_as_in_the_page(client, manager, project, partners):
    """What htmx swaps in after a slider moved equals what a reload shows."""
    client.force_login(manager.user)
    query = {**WEIGHTS, "c1": "40"}
    fragment = client.get(url(project), query, headers={"HX-Request": "true", "HX-Target": "results"})
    page = text(client.get(url(project), query))
    assert fragment.content.decode().strip().startswith('<div id="results"')
    assert "<html" not in fragment.content.decode()

    def without_token(html):
        return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", html)

    assert without_token(text(fragment)).strip() in without_token(page)


def test_a_project_without_needs_says_what_to_do(client, manager):
    project = ProjectFactory(sponsor=manager.sponsor)
    client.force_login(manager.user)
    response = client.get(url(project))
    assert response.status_code == 200
    assert NO_NEEDS in text(response)
    assert url(project, "project_step", "needs") in text(response)


def test_an_empty_catalogue_says_so(client, manager, project):
    client.force_login(manager.user)
    assert "The catalogue has no partners yet." in text(client.get(url(project)))


def test_a_partner_opens_to_its_facts_with_source_and_date(client, manager, project, partners):
    client.force_login(manager.user)
    page = text(client.get(url(project, "ranking_partner", "niche")))
    assert "Test source" in page
    assert "2025-09-01" in page
    assert "What we do not know, and what to ask" in page


def test_an_unknown_partner_is_a_404(client, manager, project, partners):
    client.force_login(manager.user)
    assert client.get(url(project, "ranking_partner", "nobody")).status_code == 404


def test_prices_are_hidden_from_evaluators(client, project, partners):
    evaluator = MembershipFactory(sponsor=project.sponsor, role=Role.EVALUATOR.value)
    client.force_login(evaluator.user)
    for page in (client.get(url(project)), client.get(url(project, "ranking_partner", "global"))):
        assert page.status_code == 200
        assert "15,000,000" not in page.content.decode()
        assert "6,000,000" not in page.content.decode()
        assert "your role does not see prices" in page.content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_takes_the_same_queries_for_one_and_for_three_partners(
    client, manager, project, count, django_assert_num_queries
):
    for n in range(count):
        site = FacilityFactory(organisation=OrganisationFactory(slug=f"p{n}"))
        CapabilityFactory(facility=site, modality=project.modality)
    client.force_login(manager.user)
    client.get(url(project))
    with django_assert_num_queries(12):
        client.get(url(project))


def test_no_weights_in_the_query_means_the_saved_ones():
    assert trial_weights({}) is None
    assert trial_weights({"page": "2", "c1": " "}) is None


@given(st.lists(st.decimals(0, 1000, places=2), min_size=10, max_size=10).filter(any))
def test_any_points_are_scaled_to_100_and_rounded_without_loss(points):
    weights = trial_weights({code.lower(): str(value) for code, value in zip(CRITERIA, points, strict=True)})
    rounded = rounded_to_100(weights)
    assert sum(rounded.values()) == 100
    assert all(abs(float(rounded[code]) - weights[code]) <= 0.01 + 1e-9 for code in CRITERIA)


@given(st.dictionaries(st.sampled_from([c.lower() for c in CRITERIA]), st.text(max_size=12), min_size=1))
def test_whatever_is_typed_gives_weights_or_a_message(query):
    try:
        weights = trial_weights(query)
    except BadWeights:
        return
    assert weights is None or abs(sum(weights.values()) - 100) < 1e-6


def test_a_partners_page_shows_confidence_below_its_coverage_for_facts_that_were_only_declared(
    client, manager, project, partners
):
    client.force_login(manager.user)
    said = text(client.get(url(project, "ranking_partner", "niche")))
    assert "Confidence" in said
    assert "shown only, not in the score" in said


def test_without_javascript_the_sliders_put_no_token_into_the_address(client, manager, project):
    client.force_login(manager.user)
    page = client.get(reverse("quotes:ranking", args=[project.pk]), {**WEIGHTS, "c1": "30"}).content.decode()
    sliders = re.search(r'<form class="ranking-weights".*?</form>', page, re.S)[0]
    assert 'method="get"' in sliders
    assert "csrfmiddlewaretoken" not in sliders
    saving = re.search(r'<form id="save-weights" method="post".*?</form>', page, re.S)[0]
    assert "csrfmiddlewaretoken" in saving
    assert dict(re.findall(r'name="(c\d+)" value="([^"]*)"', saving)) == {**WEIGHTS, "c1": "30"}


def test_a_long_group_is_folded_and_all_of_it_is_one_link_away(
    client, manager, project, partners, monkeypatch
):
    monkeypatch.setattr("quotes.views.ranking.LISTED", 1)
    client.force_login(manager.user)
    whole = build_page(rank_project(project), set(), project.profile)
    response = client.get(url(project), WEIGHTS)
    page = response.context["page"]
    assert [len(rows) for rows in (page.ranked, page.insufficient, page.knocked_out)] == [
        min(1, len(rows)) for rows in (whole.ranked, whole.insufficient, whole.knocked_out)
    ]
    assert (page.folded["knocked_out"], page.headline, page.total) == (1, whole.headline, whole.total)
    assert "1 more knocked out." in text(response)
    shown = client.get(response.context["all_url"])
    assert len(shown.context["page"].knocked_out) == 2
    assert shown.context["trial"], "the weights that are tried stay"
    assert ("show", "all") in shown.context["carried"], "moving a slider keeps the whole list"


def test_saved_weights_lead_back_to_the_tab_with_what_else_stood_in_its_address(
    client, manager, project, partners
):
    client.force_login(manager.user)
    scenario = {"n.1": "off", **WEIGHTS}
    page = client.get(url(project, "ranking_whatif"), scenario)
    here = page.context["here"]
    assert here == f"{url(project, 'ranking_whatif')}?n.1=off"
    assert f'name="next" value="{here}"' in text(page)
    sent = {**WEIGHTS, "version": version(project), "next": here}
    saved = client.post(url(project, "ranking_weights"), sent)
    assert (saved.status_code, saved.url) == (302, here)
    refused = client.post(url(project, "ranking_weights"), {**sent, "c1": "-1"})
    assert refused.url.startswith(f"{here}&c1=-1&c2=")
    for elsewhere in ("https://example.org/", "/projects/", "//example.org/x"):
        project.weights.refresh_from_db()
        away = client.post(
            url(project, "ranking_weights"), {**sent, "version": version(project), "next": elsewhere}
        )
        assert away.url.partition("?")[0] == url(project)
