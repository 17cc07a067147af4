"""The audit log only grows."""

import pytest
from django.db import IntegrityError, connection, transaction

from cmo_selector.audit.models import AuditEvent
from cmo_selector.audit.services import record
from tests.factories.accounts import MembershipFactory


@pytest.fixture
def event(db):
    member = MembershipFactory(user__name="Manager of Alder")
    with transaction.atomic():
        return record(
            actor=member.user, verb="sponsor.renamed", obj=member.sponsor, data={"name": ["", "Alder"]}
        )


def test_an_event_copies_the_names_it_speaks_of(event):
    assert (event.actor_name, event.object_type, event.about) == (
        "Manager of Alder",
        "accounts.sponsor",
        f"accounts.sponsor/{event.object_id}",
    )
    assert event.details == "name: none → Alder"


def test_the_database_refuses_to_change_an_event(event):
    with pytest.raises(IntegrityError, match="cannot be changed or deleted"), transaction.atomic():
        AuditEvent.objects.filter(pk=event.pk).update(verb="nothing.happened")
    assert AuditEvent.objects.get().verb == "sponsor.renamed"


def test_the_database_refuses_to_delete_an_event(event):
    with pytest.raises(IntegrityError, match="cannot be changed or deleted"), transaction.atomic():
        AuditEvent.objects.all().delete()
    assert AuditEvent.objects.count() == 1


def test_the_database_refuses_to_empty_the_log(event):
    refused = pytest.raises(IntegrityError, match="cannot be changed or deleted")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL audit.may_be_emptied = 'off'; TRUNCATE audit_auditevent")
    assert AuditEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_refused():
    sponsor = MembershipFactory().sponsor
    with pytest.raises(RuntimeError, match="in the transaction"):
        record(actor=None, verb="sponsor.seen", obj=sponsor)
