"""The curation desk: every page opens, searches, costs the same number of queries, and refuses nonsense."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import transaction
from django.urls import reverse

from cmo_selector.accounts.models import User
from cmo_selector.audit.models import AuditEvent
from cmo_selector.audit.services import record
from partners.matching.references import references
from partners.models import Certificate, Organisation, Service
from tests.factories import accounts, partners

pytestmark = pytest.mark.django_db

WORKINGS = {"cataloguechange", "searchword"}  # marks and words of the database for its own use
CATALOGUE = sorted(
    (m for m in apps.get_app_config("partners").get_models() if m._meta.model_name not in WORKINGS),
    key=lambda m: m._meta.model_name,
)
PLATFORM = [User, *(apps.get_model("accounts", name) for name in ("Sponsor", "Membership")), AuditEvent]
READ_ONLY = {
    *(
        "registerestablishment",
        "registerimport",
        "rejectedrow",
        "sheetrow",
        "linksuggestion",
        "searchdocument",
        "change",
    ),
    *("registerform483", "registeraction", "registerinspection", "registerlisting"),
    "auditevent",
    *("matchproposal", "merge", "termmerge", "proposal", "partymatch", "exchangerate", "exchangerateimport"),
}
NOT_ADDED = READ_ONLY | {"notthesame", "verificationtask", "savedfilter"}  # made on other pages
FACTORIES = {
    factory._meta.model: factory
    for module in (accounts, partners)
    for factory in vars(module).values()
    if hasattr(factory, "_meta") and getattr(factory._meta, "model", None) and not factory._meta.abstract
}


def url(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.fixture
def curator(client):
    user = accounts.CuratorFactory()
    client.force_login(user)
    return user


@pytest.fixture
def superuser(client):
    user = accounts.SuperuserFactory()
    client.force_login(user)
    return user


def test_every_catalogue_model_is_on_the_desk():
    missing = [m for m in CATALOGUE if not m._meta.auto_created and m not in admin.site._registry]
    assert missing == []


@pytest.mark.parametrize("model", CATALOGUE, ids=lambda m: m._meta.model_name)
def test_curator_opens_list_search_row_and_add_page(client, curator, model):
    row = FACTORIES[model]()
    listing = client.get(url(model, "changelist"))
    assert (listing.status_code, list(listing.context["cl"].result_list)[:1]) == (200, [row])
    assert client.get(url(model, "changelist"), {"q": "no such thing 4711"}).context["cl"].result_count == 0
    assert client.get(url(model, "change", row.pk)).status_code == 200
    expected = 403 if model._meta.model_name in NOT_ADDED else 200
    assert client.get(url(model, "add")).status_code == expected


@pytest.mark.parametrize("model", [*CATALOGUE, *PLATFORM], ids=lambda m: m._meta.model_name)
def test_superuser_opens_list_search_and_add_page(client, superuser, model):
    assert client.get(url(model, "changelist")).status_code == 200
    assert client.get(url(model, "changelist"), {"q": "no such thing 4711"}).status_code == 200
    expected = 403 if model._meta.model_name in NOT_ADDED else 200
    assert client.get(url(model, "add")).status_code == expected


@pytest.mark.parametrize("model", PLATFORM, ids=lambda m: m._meta.model_name)
def test_curator_sees_neither_people_nor_the_audit_log(client, curator, model):
    assert client.get(url(model, "changelist")).status_code == 403


def test_desk_is_closed_to_a_sponsors_people(client):
    client.force_login(accounts.MembershipFactory().user)
    for page in (reverse("admin:index"), url(Organisation, "changelist")):
        response = client.get(page)
        assert (response.status_code, response.url.split("?")[0]) == (302, reverse("admin:login"))


MAIN_LISTS = {
    "organisation": 8,
    "facility": 8,
    "capability": 8,
    "certificate": 8,
    "inspection": 8,
    "registerestablishment": 8,
    "service": 9 + len(references(Service)),  # and how often each term is used, by kind of row
    "metricvalue": 8,
    "identifier": 8,
    "change": 8,
    "matchproposal": 8,
    "merge": 7,
    "partymatch": 8,
    "proposal": 8,
    "verificationtask": 8,
}


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("name", MAIN_LISTS)
def test_list_costs_the_same_queries_for_one_and_three_rows(
    client, superuser, django_assert_num_queries, name, count
):
    model = apps.get_model("partners", name)
    for n in range(count):
        if name == "service":
            partners.ServiceFactory(code=f"leaf-{n}", parent=partners.ServiceFactory(code="branch"))
        else:
            FACTORIES[model]()
    client.get(url(model, "changelist"))  # content types are cached after the first page
    with django_assert_num_queries(MAIN_LISTS[name]):
        response = client.get(url(model, "changelist"))
    assert len(response.context["cl"].result_list) >= count


def test_search_finds_a_partner_by_alias_and_by_identifier(client, curator):
    wanted = partners.OrganisationFactory(name="Aldermoor Biologics")
    partners.AliasFactory(organisation=wanted, name="Quillon Works")
    partners.IdentifierFactory(facility=None, organisation=wanted, value="3009998887")
    partners.OrganisationFactory(name="Somebody Else")
    for text in ("aldermoor", "quillon", "3009998887"):
        found = client.get(url(Organisation, "changelist"), {"q": text}).context["cl"].result_list
        assert list(found) == [wanted]


# -- writing -----------------------------------------------------------------------------------------


def management(*prefixes):
    return {
        f"{prefix}-{key}": value
        for prefix in prefixes
        for key, value in (
            ("TOTAL_FORMS", 0),
            ("INITIAL_FORMS", 0),
            ("MIN_NUM_FORMS", 0),
            ("MAX_NUM_FORMS", 99),
        )
    }


def evidence(**more):
    return {
        "source": partners.SourceFactory().pk,
        "retrieved_on": "2025-09-01",
        "evidence_level": "audited",
        **more,
    }


ORGANISATION_INLINES = (
    "type_facts", "structure_facts", "industry_facts", "owners", "aliases", "identifiers", "facilities",
)  # fmt: skip


def test_curator_adds_a_partner_with_a_type_and_the_log_says_so(client, curator):
    kind = partners.OrganisationTypeFactory(code="cmo")
    data = {
        **evidence(name="Aldermoor Biologics", slug="aldermoor", active="on"),
        **management(*ORGANISATION_INLINES),
        "type_facts-TOTAL_FORMS": 1,
        **{f"type_facts-0-{k}": v for k, v in evidence(type=kind.pk).items()},
    }
    response = client.post(url(Organisation, "add"), data)
    assert response.status_code == 302, response.context["errors"]
    partner = Organisation.objects.get()
    assert [fact.type for fact in partner.type_facts.all()] == [kind]
    event = AuditEvent.objects.get()
    assert (event.actor, event.verb, event.object_name) == (
        curator,
        "organisation.added",
        "Aldermoor Biologics",
    )


@pytest.mark.parametrize(
    ("model", "data", "message"),
    [
        (
            "capability",
            {"scale_min": "100", "scale_max": "50"},
            "The largest scale is below the smallest scale.",
        ),
        ("capability", {"scale_min": "100"}, "Give the unit of the scale."),
        ("capability", {"biosafety_level": "7"}, "Biosafety level is 1, 2, 3 or 4."),
        ("capability", {"stage_from": "5", "stage_to": "2"}, "The last stage comes before the first stage."),
        (
            "certificate",
            {"issued_on": "2025-01-02", "expires_on": "2025-01-01"},
            "The certificate expires before it was issued.",
        ),
    ],
)
def test_violated_constraint_is_a_message_on_the_form(client, curator, model, data, message):
    site = partners.FacilityFactory()
    model = apps.get_model("partners", model)
    terms = {"service": partners.ServiceFactory().pk, "type": partners.CertificateTypeFactory().pk}
    response = client.post(url(model, "add"), {**evidence(facility=site.pk), **terms, **data})
    assert response.status_code == 200
    assert message in response.content.decode()
    assert not model.objects.exists()
    assert not AuditEvent.objects.exists()


def test_second_fact_with_the_same_term_is_a_message_on_the_form(client, curator):
    fact = partners.OrganisationTypeFactFactory()
    data = evidence(organisation=fact.organisation_id, type=fact.type_id)
    response = client.post(url(type(fact), "add"), data)
    assert "This partner already has that type." in response.content.decode()
    assert type(fact).objects.count() == 1


def test_identifier_for_partner_and_site_at_once_is_refused(client, curator):
    site = partners.FacilityFactory()
    model = apps.get_model("partners", "identifier")
    data = evidence(facility=site.pk, organisation=site.organisation_id, scheme="duns", value="123456789")
    response = client.post(url(model, "add"), data)
    assert "not to both" in response.content.decode()


def test_order_of_a_vocabulary_is_changed_in_the_list(client, curator):
    Service.objects.all().delete()
    service = partners.ServiceFactory(code="fill", order=5)
    data = {
        "form-TOTAL_FORMS": 1,
        "form-INITIAL_FORMS": 1,
        "form-0-id": service.pk,
        "form-0-order": 2,
        "form-0-active": "on",
        "_save": "Save",
    }
    assert client.post(url(Service, "changelist"), data).status_code == 302
    service.refresh_from_db()
    assert service.order == 2
    assert AuditEvent.objects.get().verb == "service.changed"


def test_deleting_several_rows_is_logged_row_by_row(client, curator):
    rows = partners.CertificateFactory.create_batch(2)
    data = {"action": "delete_selected", "_selected_action": [row.pk for row in rows], "post": "yes"}
    assert client.post(url(Certificate, "changelist"), data).status_code == 302
    assert not Certificate.objects.exists()
    assert sorted(AuditEvent.objects.values_list("verb", "object_id")) == sorted(
        ("certificate.deleted", str(row.pk)) for row in rows
    )


@pytest.mark.parametrize("name", sorted(READ_ONLY - {"auditevent"}))
def test_register_rows_can_be_neither_changed_nor_deleted(client, superuser, name):
    model = apps.get_model("partners", name)
    row = FACTORIES[model]()
    assert client.post(url(model, "change", row.pk), {"reason": "x"}).status_code == 403
    assert client.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert model.objects.filter(pk=row.pk).exists()


def test_audit_log_is_read_only_even_for_a_superuser(client, superuser):
    with transaction.atomic():
        event = record(actor=superuser, verb="test.happened", obj=superuser)
    page = client.get(url(AuditEvent, "change", event.pk))
    assert (page.status_code, "test.happened" in page.content.decode()) == (200, True)
    assert client.post(url(AuditEvent, "change", event.pk), {"verb": "x"}).status_code == 403
    assert client.post(url(AuditEvent, "delete", event.pk), {"post": "yes"}).status_code == 403


def test_superuser_adds_a_person_by_e_mail_who_can_sign_in(client, superuser):
    data = {
        "email": "New.Person@example.org",
        "name": "New Person",
        "usable_password": "true",
        "password1": accounts.PASSWORD,
        "password2": accounts.PASSWORD,
    }
    response = client.post(url(User, "add"), data)
    assert response.status_code == 302, response.context["errors"]
    assert client.login(email="new.person@example.org", password=accounts.PASSWORD)


def test_second_account_with_the_same_e_mail_in_other_letters_is_refused(client, superuser):
    accounts.UserFactory(email="person@example.org")
    data = {"email": "PERSON@example.org", "usable_password": "true"}
    data |= {"password1": accounts.PASSWORD, "password2": accounts.PASSWORD}
    response = client.post(url(User, "add"), data)
    assert "There is already an account with that e-mail address." in response.content.decode()


def test_superuser_sets_a_password(client, superuser):
    person = accounts.UserFactory()
    page = reverse("admin:auth_user_password_change", args=[person.pk])
    assert client.get(page).status_code == 200
    password = "another horse battery staple"
    data = {"usable_password": "true", "password1": password, "password2": password}
    assert client.post(page, data).status_code == 302
    person.refresh_from_db()
    assert person.check_password(password)


def test_history_page_of_a_partner_names_who_changed_it(client, curator):
    industry = partners.IndustryFactory(label="Old label")
    data = {"label": "New label", "order": 1, "active": "on"}
    assert client.post(url(type(industry), "change", industry.pk), data).status_code == 302
    history = client.get(url(type(industry), "history", industry.pk))
    assert curator.name in history.content.decode()
