"""The catalogue in the API: the page's own filters, evidence beside every fact, tokens, and errors that can be read."""

import json
import re

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from cmo_selector.accounts.models import ApiToken
from cmo_selector.accounts.roles import Role
from cmo_selector.accounts.tokens import create_token, token_hash
from cmo_selector.audit.models import AuditEvent
from partners.browse import browse
from quotes.enums import PartnerStanding
from quotes.models import PartnerRelation
from tests.factories import partners as make
from tests.factories.accounts import CuratorFactory, MembershipFactory

pytestmark = pytest.mark.django_db
LIST = "/api/v1/partners"


@pytest.fixture
def member():
    return MembershipFactory(role=Role.MANAGER.value)


@pytest.fixture
def ask(member):
    """Asks with a token: (status, body)."""
    _, text = create_token(actor=member.user, sponsor=member.sponsor, name="Test")

    def ask(address, token=text):
        answer = Client().get(address, headers={"Authorization": f"Bearer {token}"})
        return answer.status_code, json.loads(answer.content)

    return ask


@pytest.fixture
def full():
    """A partner with a row of every kind of fact."""
    partner = make.OrganisationFactory(name="Aldermoor", slug="aldermoor")
    make.OrganisationTypeFactFactory(organisation=partner)
    make.ContractStructureFactFactory(organisation=partner)
    make.IndustryFactFactory(organisation=partner)
    make.AliasFactory(organisation=partner, name="Quillon", kind="former")
    make.RestrictedPartyEntryFactory(organisation=partner)
    make.TrackRecordFactory(organisation=partner)
    make.MetricValueFactory(organisation=partner)
    make.DocumentFactory(organisation=partner)
    make.CommercialTermsFactory(organisation=partner)
    make.IndicativePriceFactory(organisation=partner)
    site = make.FacilityFactory(organisation=partner, name="North", city="Basel", country="CH")
    make.IdentifierFactory(facility=site, value="3009998887")
    make.CapabilityFactory(
        facility=site, service=make.ServiceFactory(code="t-vector", label="Viral vector"),
        modality=make.ModalityFactory(code="t-aav", label="AAV"), scale_max="200.5",
        scale_unit=make.ScaleUnitFactory(), stage_from=1,
    )  # fmt: skip
    make.EquipmentFactory(facility=site)
    make.CertificateFactory(facility=site, expires_on="2199-01-01")
    make.InspectionFactory(facility=site)
    make.AuditFactory(facility=site)
    make.RegulatoryActionFactory(facility=site)
    make.CapacitySlotFactory(facility=site)
    return partner


# -- searching -----------------------------------------------------------------------------------------------


def test_a_mistyped_name_finds_similar_ones_and_the_answer_says_how_it_was_read(ask, full, member):
    make.OrganisationFactory(name="Zephyrium")
    _, body = ask(f"{LIST}?q=zephirium")
    assert (body["count"], body["read_as"]) == (1, ["zephyrium"])
    assert [row["name"] for row in body["results"]] == ["Zephyrium"]
    _, body = ask(f"{LIST}?q=Zephyrium")
    assert (body["count"], body["read_as"]) == (1, [])


@pytest.mark.parametrize(
    "query",
    [
        "",
        "country=CH",
        "modality=t-aav&country=CH&network=1",
        "q=quillon",
        "view=table&column=sites&sort=sites",
    ],
)
def test_list_finds_what_the_page_finds(ask, full, member, query):
    make.FacilityFactory(organisation=make.OrganisationFactory(name="Birch"), country="DE")
    status, body = ask(f"{LIST}?{query}")
    page = browse(QueryDict(query), member.sponsor, prices=True)
    assert (status, body["count"]) == (200, page.count)
    client = Client()
    client.force_login(member.user)
    cards = client.get(f"/partners/?{query}").context["cards"]
    assert [row["name"] for row in body["results"]] == [card.partner.name for card in cards]
    assert body["search_page"] == f"http://testserver{page.filter.url()}"


def test_a_partner_in_the_list_says_what_was_found_where(ask, full):
    _, body = ask(f"{LIST}?modality=t-aav&facets=1")
    [row] = body["results"]
    assert row == {
        "slug": "aldermoor",
        "name": "Aldermoor",
        "illustrative": True,
        "url": "http://testserver/api/v1/partners/aldermoor",
        "page": "http://testserver/partners/aldermoor/",
        "types": [{"code": "cdmo", "label": "Cdmo"}],
        "countries": [{"code": "CH", "label": "Switzerland"}],
        "sites": 1,
        "services": [{"code": "t-vector", "label": "Viral vector"}],
        "modalities": [{"code": "t-aav", "label": "AAV"}],
        "valid_certificates": [{"code": "test-certificate", "label": "Test certificate"}],
        "matching_sites": [
            {
                "id": full.facilities.get().pk,
                "name": "North",
                "city": "Basel",
                "country": {"code": "CH", "label": "Switzerland"},
                "meets": [],
            }
        ],
        "evidence_level": {"code": "document_checked", "label": "Document checked"},
        "checked_on": "2025-09-01",
    }
    modality = next(facet for facet in body["facets"] if facet["parameter"] == "modality")
    assert {"code": "t-aav", "label": "AAV", "count": 1, "chosen": True, "below": []} in modality["values"]


def test_pages_follow_each_other_without_loss(ask):
    make.OrganisationFactory.create_batch(5)
    address, names = f"{LIST}?per_page=2", []
    while address:
        status, body = ask(address)
        assert (status, body["count"], body["pages"]) == (200, 5, 3)
        names += [row["name"] for row in body["results"]]
        address = body["next"]
    assert len(set(names)) == 5
    assert body["previous"].endswith("page=2")


@pytest.mark.parametrize(
    ("query", "parameter", "message"),
    [
        ("country=Atlantis", "country", "“Atlantis” is not known here"),
        ("modalty=x", "modalty", "There is no parameter “modalty”. Did you mean “modality”?"),
        ("page=99", "page", "There is no page “99”"),
        ("page=0", "page", "greater than or equal to 1"),
        ("page=x", "page", "valid integer"),
        ("per_page=101", "per_page", "less than or equal to 100"),
        ("facets=maybe", "facets", "valid boolean"),
        ("q=" + "x" * 5000, "q", "5,000 characters"),
        ("oel=lots", "oel", "lots"),
        ("scale_min=5", "", "choose the unit"),
        ("country=%00&country=CH", "country", "not known here"),
        ("%3Cb%3E=1", "<b>", "There is no parameter “<b>”."),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(ask, full, query, parameter, message):
    status, body = ask(f"{LIST}?{query}")
    assert (status, body["error"]["status"]) == (422, 422)
    [detail] = body["error"]["details"]
    assert detail["parameter"] == parameter
    assert message in detail["message"]


@pytest.mark.parametrize("count", [1, 3])
def test_queries_do_not_grow_with_the_partners(member, full, django_assert_num_queries, count):
    for n in range(count - 1):
        make.CapabilityFactory(
            facility=make.FacilityFactory(organisation=make.OrganisationFactory(), name=f"S{n}")
        )
    client = Client()
    client.force_login(member.user)
    client.get(LIST)
    with django_assert_num_queries(10):
        assert client.get(LIST).json()["count"] == count


# -- one partner ---------------------------------------------------------------------------------------------


def facts(body):
    """Every fact of a partner and its sites."""
    for owner in (body, *body["sites"]):
        yield owner
        for rows in owner.values():
            if isinstance(rows, list):
                yield from (row for row in rows if isinstance(row, dict) and "sites" not in row)


def test_a_partner_has_every_fact_with_source_date_and_level(ask, full):
    status, body = ask(f"{LIST}/aldermoor")
    assert status == 200
    site = body["sites"][0]
    kinds = {
        name for owner in (body, site) for name, rows in owner.items() if isinstance(rows, list) and rows
    }
    assert kinds == {
        "types", "contract_structures", "industries", "aliases", "restrictions", "track_record", "metrics",
        "documents", "terms", "prices", "sites", "identifiers", "capabilities", "equipment", "certificates",
        "inspections", "audits", "regulatory_actions", "capacity",
    }  # fmt: skip
    for fact in facts(body):
        assert fact["evidence"] == {
            "source": {"code": "test-source", "title": "Test source", "publisher": "Test publisher", "url": "",
                       "dated_on": None, "illustrative": False},
            "reference": "",
            "retrieved_on": "2025-09-01",
            "level": {"code": "document_checked", "label": "Document checked"},
            "valid_until": None,
        }  # fmt: skip
    process = site["capabilities"][0]
    assert (process["scale_max"], process["scale_min"], process["gmp"]) == ("200.500", None, None)
    assert process["scale_unit"]["code"] == "litre"
    assert site["country"] == {"code": "CH", "label": "Switzerland"}
    assert body["aliases"][0]["kind"]["code"] == "former"
    assert (body["terms"][0]["minimum_project"], body["hidden"]) == ("1000000.00", [])


def test_terms_and_prices_stay_hidden_from_who_may_not_see_them(ask, full, member):
    member.role = Role.EVALUATOR.value
    member.save()
    _, body = ask(f"{LIST}/aldermoor")
    assert (body["terms"], body["prices"], body["hidden"]) == (None, None, ["terms", "prices"])
    assert "1000000" not in json.dumps(body)
    status, body = ask(f"{LIST}?min_project=5")
    assert status == 422
    assert "terms and prices are hidden for your role" in body["error"]["details"][0]["message"]


def test_own_flags_filter_for_their_sponsor_only(ask, full, member):
    stranger = MembershipFactory()
    PartnerRelation.objects.create(
        sponsor=stranger.sponsor, organisation=full, updated_by=stranger.user, standing=PartnerStanding.BLOCKED,
        standing_reason="Secret",
    )  # fmt: skip
    _, mine = ask(f"{LIST}?flag=blocked")
    _, text = create_token(actor=stranger.user, sponsor=stranger.sponsor, name="Theirs")
    _, theirs = ask(f"{LIST}?flag=blocked", token=text)
    assert (mine["count"], theirs["count"]) == (0, 1)
    assert "Secret" not in json.dumps(theirs)


# -- who may ask ---------------------------------------------------------------------------------------------


def test_strangers_are_told_how_to_ask(full):
    for headers in ({}, {"Authorization": "Bearer cmo_nothing"}, {"Authorization": "Basic eA=="}):
        answer = Client().get(LIST, headers=headers)
        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
        assert "send a token" in answer.json()["error"]["message"]


def test_addresses_and_methods_that_are_not_there_answer_in_json(ask, member):
    assert ask("/api/v1/nothing")[0] == 404
    status, body = ask(f"{LIST}/nobody")
    assert (status, body["error"]["message"]) == (404, "There is no partner “nobody”.")
    assert ask(f"{LIST}/%00")[0] == 404
    client = Client()
    client.force_login(member.user)
    assert client.post(LIST).status_code == 405


def test_token_dies_with_membership_account_and_when_it_is_taken_back(ask, full, member):
    assert ask(LIST)[0] == 200
    member.user.is_active = False
    member.user.save()
    assert ask(LIST)[0] == 401
    member.user.is_active = True
    member.user.save()
    assert ask(LIST)[0] == 200
    ApiToken.objects.update(revoked_at="2026-01-01T00:00Z")
    assert ask(LIST)[0] == 401
    ApiToken.objects.update(revoked_at=None)
    member.delete()
    assert ask(LIST)[0] == 401


def test_token_works_for_the_sponsor_it_was_made_for(ask, member):
    other = MembershipFactory(user=member.user, role=Role.EVALUATOR.value)
    _, text = create_token(actor=member.user, sponsor=other.sponsor, name="Other")
    make.CommercialTermsFactory(organisation=make.OrganisationFactory(slug="niche"))
    assert ask(f"{LIST}/niche", token=text)[1]["hidden"] == ["terms", "prices"]
    assert ask(f"{LIST}/niche")[1]["hidden"] == []


def test_token_is_shown_once_and_kept_as_a_hash(client, full):
    curator = CuratorFactory()
    client.force_login(curator)
    page = client.post(reverse("api_tokens"), {"name": "Nightly"})
    [text] = re.findall(r'<code class="secret">(cmo_[\w-]{43})</code>', page.content.decode())
    assert (page.status_code, page["Cache-Control"]) == (
        201,
        "max-age=0, no-cache, no-store, must-revalidate, private",
    )
    token = ApiToken.objects.get()
    assert (token.token_hash, token.hint, token.sponsor) == (token_hash(text), text[:8], None)
    assert text not in client.get(reverse("api_tokens")).content.decode()
    assert Client().get(LIST, headers={"Authorization": f"Bearer {text}"}).status_code == 200
    again = client.post(reverse("api_tokens"), {"name": "nightly"})
    assert (again.status_code, "You already have a token with that name." in again.content.decode()) == (
        400,
        True,
    )
    client.post(reverse("api_token_revoke", args=[token.pk]))
    assert Client().get(LIST, headers={"Authorization": f"Bearer {text}"}).status_code == 401
    assert client.post(reverse("api_tokens"), {"name": "Nightly"}).status_code == 201
    events = AuditEvent.objects.filter(verb__startswith="api_token").order_by("pk")
    assert list(events.values_list("verb", flat=True)) == [
        "api_token.created", "api_token.revoked", "api_token.created",
    ]  # fmt: skip


def test_openapi_document_names_every_filter_of_the_page():
    document = Client().get("/api/v1/openapi.json").json()
    assert {
        "/api/v1/partners",
        "/api/v1/partners/{slug}",
        "/api/v1/projects/{project_id}/ranking",
        "/api/v1/projects/{project_id}/reports",
    } <= set(document["paths"])
    parameters = {p["name"]: p for p in document["paths"]["/api/v1/partners"]["get"]["parameters"]}
    assert {"q", "modality", "country", "scale_min", "network", "page", "per_page", "facets"} <= set(
        parameters
    )
    assert parameters["country"]["schema"]["type"] == "array"
    assert document["components"]["schemas"]["Capability"]["properties"]["evidence"] == {
        "$ref": "#/components/schemas/Evidence"
    }
    assert set(document["components"]["securitySchemes"]) == {"TokenAuth", "PageSession"}
