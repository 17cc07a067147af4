"""E-mails about saved searches with a real worker, a real broker and several beats at once."""

import datetime as dt
import threading
import time

import pytest
from django.db import connection
from django.utils import timezone

from cmo_selector.audit.models import AuditEvent
from quotes.enums import DigestState
from quotes.models import SavedSearch, SearchDigest
from quotes.services import digests
from quotes.services.searches import save_search
from quotes.tasks import send_search_digest
from tests.factories import partners as make
from tests.factories.accounts import MembershipFactory

pytestmark = pytest.mark.django_db(transaction=True)
ENOUGH = 120  # seconds, on a busy machine


@pytest.fixture
def due():
    """A followed search that has something new to tell, and whose moment has come."""
    member = MembershipFactory()
    make.FacilityFactory(organisation=make.OrganisationFactory(name="Known"), country="CH")
    search = save_search(
        actor=member.user,
        sponsor=member.sponsor,
        name="Swiss",
        query="country=CH",
        digest="daily",
        prices=True,
    )
    SavedSearch.objects.update(next_digest_at=timezone.now() - dt.timedelta(minutes=1))
    make.FacilityFactory(organisation=make.OrganisationFactory(name="Fresh"), country="CH")
    return search


def test_of_many_beats_and_workers_at_once_one_owes_and_one_claims(due, monkeypatch):
    monkeypatch.setattr(
        digests, "dispatch", lambda pk: True
    )  # nobody is told: the threads below are the workers
    start, owed, won = threading.Barrier(6, timeout=20), [], []

    def work():
        try:
            start.wait()
            owed.extend(digests.owe_digests())
            start.wait()
            row = SearchDigest.objects.get()
            if digests.claim(row.pk) is not None:
                won.append(row.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=40)
    assert (len(owed), len(won), SearchDigest.objects.count()) == (1, 1, 1)


@pytest.mark.worker
def test_a_real_worker_sends_what_beat_owes_and_a_second_message_changes_nothing(due, celery_worker_process):
    [owed] = digests.sweep().owed
    send_search_digest.delay(owed)
    deadline = time.monotonic() + ENOUGH
    while SearchDigest.objects.get().state != DigestState.SENT and time.monotonic() < deadline:
        time.sleep(0.2)
    send_search_digest.delay(owed)
    row = SearchDigest.objects.get()
    assert (row.state, row.attempts, row.content["new"]) == (
        DigestState.SENT,
        1,
        [SavedSearch.objects.get().known_partners[-1]],
    )
    assert AuditEvent.objects.filter(verb="search_digest.sent").count() == 1
