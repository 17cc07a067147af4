"""EU operations in the scope of a certificate become services through the cross-walk."""

import pytest
from django.urls import reverse

from cmo_selector.audit.models import AuditEvent
from partners.curation.gmp_scope import operations, read_scope, scope_of
from partners.models import CertificateType, RegisterListing, Service, ServiceCrosswalk, TrackRecord
from partners.tasks import refresh_register_facts
from partners.vocabularies import load_vocabularies
from tests.factories import accounts
from tests.factories import partners as f

pytestmark = pytest.mark.django_db


@pytest.fixture
def curator(client):
    load_vocabularies()
    user = accounts.CuratorFactory()
    client.force_login(user)
    return user


def certificate(scope, kind="eu-gmp"):
    return f.CertificateFactory(type=CertificateType.objects.get(code=kind), scope=scope, number="DE_1")


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1.2.1.13 Tablets; 1.6.3 Chemical/physical", ["1.2.1.13", "1.6.3"]),
        ("1.1.1.4, 1.1.1.4 and (3.1)", ["1.1.1.4", "3.1"]),
        ("Part 1: 1.2.1.13.", ["1.2.1.13"]),
        ("of 1.2.2025, 2 of 3, v1.2, 4.1, 11.2", []),
        ("", []),
    ],
)
def test_numbers_of_operations_are_told_from_dates_and_other_numbers(text, numbers):
    assert operations(text) == numbers


def test_a_number_means_its_service_or_that_of_the_next_higher_level(curator):
    found = scope_of(certificate("1.2.1.13 Tablets; 1.2.1.99 Others; 1.6.3; 2.2 Import"))
    assert [service.code for service in found.services] == [
        "dp-oral-solid",
        "drug-product",
        "release-testing",
    ]
    assert found.unknown == ("2.2",)
    assert scope_of(certificate("1.2.1.13 Tablets", kind="fda-registration")).services == ()


def test_reading_a_scope_adds_services_once_and_takes_none_away(curator):
    one = certificate("1.2.1.13; 1.6.3")
    chosen = Service.objects.get(code="serialisation")
    one.scope_services.add(chosen)
    new = read_scope(actor=curator, certificate=one)
    assert {service.code for service in new.services} == {"dp-oral-solid", "release-testing"}
    assert set(one.scope_services.values_list("code", flat=True)) == {
        "serialisation", "dp-oral-solid", "release-testing",
    }  # fmt: skip
    assert read_scope(actor=curator, certificate=one).services == ()
    assert AuditEvent.objects.filter(verb="certificate.scope_read").count() == 1


def test_desk_reads_the_scope_when_it_is_saved_and_for_ticked_certificates(client, curator):
    one = certificate("")
    url = reverse("admin:partners_certificate_change", args=[one.pk])
    data = {
        "facility": one.facility_id, "type": one.type_id, "number": "DE_1", "scope": "1.5.1; 2.2",
        "source": one.source_id, "retrieved_on": one.retrieved_on, "evidence_level": one.evidence_level,
    }  # fmt: skip
    page = client.post(url, data, follow=True).content.decode()
    assert "its scope also means Primary packaging" in page
    assert "the cross-walk has nothing for 2.2" in page
    assert [service.code for service in one.scope_services.all()] == ["primary-packaging"]
    other = certificate("3.1")
    done = client.post(
        reverse("admin:partners_certificate_changelist"),
        {"action": "read_operations", "_selected_action": [one.pk, other.pk]},
        follow=True,
    ).content.decode()
    assert "its scope also means" in done
    assert [service.code for service in other.scope_services.all()] == ["ds-chemical-api"]


def test_a_changed_cross_walk_changes_the_facts_that_rest_on_it(
    client, curator, monkeypatch, django_capture_on_commit_callbacks
):
    asked = []
    monkeypatch.setattr("partners.tasks.refresh_register_facts.apply_async", lambda told: asked.append(1))
    partner = f.OrganisationFactory(illustrative=False)
    source = f.RegisterImportFactory(kind="ndc", source=f.SourceFactory(code="ndc")).source
    listing = f.RegisterListingFactory(organisation=partner, dosage_form="CAPSULE", source=source)
    refresh_register_facts.run()
    fact = TrackRecord.objects.get()
    assert (fact.dosage_form, RegisterListing.objects.get()) == (None, listing)
    form = ServiceCrosswalk.objects.get(register="fda_ndc", code="TABLET").dosage_form
    data = {"register": "fda_ndc", "code": "CAPSULE", "label": "CAPSULE", "dosage_form": form.pk}
    with django_capture_on_commit_callbacks(execute=True):
        page = client.post(reverse("admin:partners_servicecrosswalk_add"), data, follow=True)
    assert "brought up to date in the background" in page.content.decode()
    assert asked == [1]
    refresh_register_facts.run()
    fact.refresh_from_db()
    assert fact.dosage_form == form
    both = {**data, "code": "X", "label": "X", "service": Service.objects.first().pk}
    refused = client.post(reverse("admin:partners_servicecrosswalk_add"), both).content.decode()
    assert "An entry means a service or a dosage form, not both." in refused
