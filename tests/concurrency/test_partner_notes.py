"""Two people saving notes on one partner at once: one wins, the other is told, nothing is lost silently."""

import pytest

from cmo_selector.audit.models import AuditEvent
from quotes.models import PartnerRelation
from quotes.services.relations import save_relation
from quotes.versions import StaleVersion
from tests.concurrency.test_shortlist import at_once
from tests.factories.accounts import MembershipFactory
from tests.factories.partners import OrganisationFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("first", [True, False], ids=["no row yet", "row there"])
def test_of_two_saves_at_once_one_is_a_conflict(first):
    member, partner = MembershipFactory(), OrganisationFactory()

    def save(notes, seen):
        save_relation(
            actor=member.user,
            sponsor=member.sponsor,
            organisation=partner,
            values={"notes": notes},
            seen=seen,
        )

    if not first:
        save("before", 0)
    seen = 0 if first else 1
    raised = at_once(*[lambda n=n: save(f"from {n}", seen) for n in range(4)])
    assert [type(error) for error in raised] == [StaleVersion] * 3
    row = PartnerRelation.objects.get()
    assert row.version == seen + 1
    assert row.notes.startswith("from ")
    assert AuditEvent.objects.filter(verb="partner_relation.changed").count() == seen + 1
