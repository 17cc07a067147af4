"""Two people acting on one shortlist at once: positions stay 1, 2, 3 … because the project's row is locked."""

import threading

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Max

from quotes.models import ShortlistEntry
from quotes.services.shortlist import add_to_shortlist
from tests.factories.accounts import MembershipFactory
from tests.factories.partners import OrganisationFactory
from tests.factories.quotes import ProjectFactory

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*jobs):
    """Run the jobs in threads with a database connection each; returns what they raised."""
    raised = []

    def run(job):
        try:
            job()
        except Exception as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return raised


@pytest.fixture
def scene():
    member = MembershipFactory()
    project = ProjectFactory(sponsor=member.sponsor)
    return member.user, project, [OrganisationFactory(slug=f"partner-{n}") for n in range(6)]


def test_without_the_lock_two_people_take_the_same_position(scene):
    """Proof that the race is real: reading the last position without the lock collides at the commit."""
    user, project, partners = scene
    both_have_read = threading.Barrier(2, timeout=10)

    def careless(partner):
        with transaction.atomic():
            last = project.shortlist.aggregate(last=Max("position"))["last"] or 0
            both_have_read.wait()
            ShortlistEntry.objects.create(
                project=project, organisation=partner, position=last + 1, added_by=user
            )

    raised = at_once(lambda: careless(partners[0]), lambda: careless(partners[1]))
    assert [type(error) for error in raised] == [IntegrityError]


def test_with_the_lock_everybody_gets_a_position(scene):
    user, project, partners = scene
    jobs = [
        lambda p=partner: add_to_shortlist(actor=user, project=project, organisation=p)
        for partner in partners
    ]
    assert at_once(*jobs) == []
    assert sorted(project.shortlist.values_list("position", flat=True)) == [1, 2, 3, 4, 5, 6]


def test_the_same_partner_added_twice_at_once_is_there_once(scene):
    user, project, partners = scene
    jobs = [lambda: add_to_shortlist(actor=user, project=project, organisation=partners[0])] * 4
    assert at_once(*jobs) == []
    assert list(project.shortlist.values_list("position", flat=True)) == [1]
