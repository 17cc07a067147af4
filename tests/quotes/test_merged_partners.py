"""Two partners that turn out to be one, where a sponsor has both on a shortlist or has asked both for a quote."""

import datetime as dt
import re

import pytest
from django.urls import reverse

from cmo_selector.accounts.roles import Role
from partners.matching.merging import merge_partners, split
from partners.matching.references import references
from partners.models import Organisation
from quotes.models import ShortlistEntry
from quotes.rfq_selectors import sendable
from quotes.services.conflicts import record_conflict
from quotes.services.evaluation import save_scores, start_evaluation
from quotes.services.responses import save_draft, submit_quote
from tests.factories.accounts import CuratorFactory, MembershipFactory
from tests.factories.partners import OrganisationFactory
from tests.factories.quotes import NeedFactory, ProjectFactory, ShortlistEntryFactory
from tests.factories.rfq import make_rfq, open_gate, priced, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager():
    return MembershipFactory(role=Role.MANAGER.value)


@pytest.fixture
def both(manager, client):
    """Keep and merged on one shortlist and in one RFQ, the merged one alone in another project."""
    client.force_login(manager.user)
    rfq = make_rfq(manager)
    NeedFactory(project=rfq.project)
    first, second = send(rfq, manager, "Aldermoor Biologics", "Aldermoor Bio")
    for invitation, price in ((first, "14500"), (second, "9900")):
        open_gate(invitation)
        quote = save_draft(
            rfq=rfq,
            organisation=invitation.organisation,
            invitation=invitation,
            values=priced(l_commercial_supply_price=price),
        )
        _, sheet = submit_quote(quote=quote, edition=quote.edition, by="Bidder")
        assert not sheet.errors
    keep, merged = first.organisation, second.organisation
    start_evaluation(actor=manager.user, project=rfq.project)
    for partner, points in ((keep, 60), (merged, 20)):
        save_scores(
            actor=manager.user, project=rfq.project, organisation=partner, scores={"C1": (points, "x")}
        )
    alone = ProjectFactory(sponsor=manager.sponsor, name="Another need")
    ShortlistEntryFactory(project=alone, organisation=merged, comment="Met in May.")
    return keep, merged, rfq, alone


def rows(partner):
    """How many rows of sponsors name the partner, by kind."""
    found = {}
    for field in references(Organisation):
        if field.model._meta.app_label == "quotes":
            number = field.model._base_manager.filter(**{field.name: partner}).count()
            if number:
                found[field.model._meta.model_name] = number
    return found


def test_what_stands_twice_stays_apart_what_stands_once_follows_and_a_split_gives_all_back(both):
    keep, merged, rfq, alone = both
    curator = CuratorFactory()
    own = {"shortlistentry": 1, "invitation": 1, "quote": 1, "evaluationscore": 1}
    before = (rows(keep), rows(merged))
    assert before == (own, {**own, "shortlistentry": 2})
    merge = merge_partners(actor=curator, keep=keep, merged=merged, why="One company")
    assert (rows(keep), rows(merged)) == ({**own, "shortlistentry": 2}, own)
    followed = ShortlistEntry.objects.get(project=alone)
    assert (followed.organisation, followed.comment) == (keep, "Met in May.")
    typed = {q.organisation.name: q.draft["l-commercial_supply-price"] for q in rfq.quotes.all()}
    assert typed == {"Aldermoor Biologics": "14500", "Aldermoor Bio": "9900"}
    assert all(q.invitation.organisation == q.organisation for q in rfq.quotes.all())
    split(actor=curator, merge=merge, why="Two after all")
    assert (rows(keep), rows(merged)) == before


def test_answers_about_conflicts_of_both_stay_apart_and_that_of_one_follows(manager):
    keep, merged = OrganisationFactory(name="Keep"), OrganisationFactory(name="Merged")
    both, alone = (ProjectFactory(sponsor=manager.sponsor) for _ in range(2))
    told = {"actor": manager.user, "asked_on": dt.date(2026, 1, 5), "answer": "none"}
    for project, partner in ((both, keep), (both, merged), (alone, merged)):
        record_conflict(**told, project=project, organisation=partner)
    before = (rows(keep), rows(merged))
    merge = merge_partners(actor=CuratorFactory(), keep=keep, merged=merged, why="One company")
    assert (rows(keep), rows(merged)) == ({"conflictcheck": 2}, {"conflictcheck": 1})
    split(actor=CuratorFactory(), merge=merge, why="Two after all")
    assert (rows(keep), rows(merged)) == before == ({"conflictcheck": 1}, {"conflictcheck": 2})


def test_pages_say_that_the_two_are_one_and_nobody_is_asked_under_the_old_name(both, client):
    keep, merged, rfq, _ = both
    merge_partners(actor=CuratorFactory(), keep=keep, merged=merged, why="One company")

    def page(name, *more):
        answer = client.get(reverse(f"quotes:{name}", args=[rfq.project.pk, *more]))
        assert answer.status_code == 200
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))

    assert "Aldermoor Bio is Aldermoor Biologics: the catalogue’s curators found" in page("shortlist")
    assert "is Aldermoor Biologics in the catalogue now; both were asked" in page("rfq", rfq.pk)
    for name in ("evaluation", "ranking", "quotes", "report_list"):
        assert page(name)
    rfq.invitations.filter(organisation=merged).delete()
    assert [entry.organisation for entry in sendable(rfq)] == []
