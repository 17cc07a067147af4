"""NDA, MSA and qualification of a partner: kept once, shown when an RFQ is sent, deciding about the gate."""

import datetime as dt
import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from quotes.models import Invitation, PartnerRelation
from quotes.services.responses import accept_nda
from quotes.services.rfq import RfqError
from quotes.services.rfq_send import keep_nda_on_file, nda_to_start
from tests.factories.accounts import MembershipFactory
from tests.factories.quotes import ShortlistEntryFactory
from tests.factories.rfq import make_rfq, send

pytestmark = pytest.mark.django_db
YESTERDAY, NEXT_YEAR = timezone.localdate() - dt.timedelta(1), timezone.localdate() + dt.timedelta(365)


@pytest.fixture
def member():
    return MembershipFactory()


@pytest.fixture
def rfq(member):
    return make_rfq(member)


def relation(rfq, member, partner, **values) -> PartnerRelation:
    return PartnerRelation.objects.create(
        sponsor=rfq.project.sponsor, organisation=partner, updated_by=member.user, **values
    )


def send_page(rfq, member, **values) -> str:
    """What the send page says beside a shortlisted partner."""
    entry = ShortlistEntryFactory(project=rfq.project, added_by=member.user)
    if values:
        relation(rfq, member, entry.organisation, **values)
    client = Client()
    client.force_login(member.user)
    page = client.get(reverse("quotes:rfq_send", args=[rfq.project_id, rfq.pk])).content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, ["NDA first."]),
        (
            {"nda_status": "signed", "nda_on": YESTERDAY, "nda_expires_on": NEXT_YEAR},
            ["NDA: signed until", "NDA in force: straight to the content."],
        ),
        (
            {"nda_status": "signed", "nda_on": YESTERDAY, "nda_expires_on": YESTERDAY},
            ["NDA: expired on", "NDA first."],
        ),
        (
            {"msa_status": "negotiation", "qualification_status": "qualified", "qualification_on": YESTERDAY},
            ["MSA: in negotiation", "Qualification: qualified", "NDA first."],
        ),
        ({"standing": "blocked", "standing_reason": "Late twice."}, ["Blocked by us", "Late twice."]),
    ],
)
def test_the_send_page_says_what_there_is_with_a_partner(rfq, member, values, words):
    page = send_page(rfq, member, **values)
    assert [word for word in words if word not in page] == []


def test_an_nda_accepted_here_is_kept_by_a_person_and_opens_the_next_request(rfq, member):
    (aspen,) = send(rfq, member, "Aspen")
    with pytest.raises(RfqError, match="has not signed"):
        keep_nda_on_file(actor=member.user, invitation=aspen)
    accept_nda(invitation=aspen, signer="A. Signer, CEO")
    aspen.refresh_from_db()
    client = Client()
    client.force_login(member.user)
    address = reverse("quotes:rfq_keep_nda", args=[rfq.project_id, rfq.pk, aspen.pk])
    assert client.post(address).status_code == 302
    kept = PartnerRelation.objects.get()
    assert (kept.nda_status, kept.nda_on, kept.version) == ("signed", timezone.localdate(aspen.nda_at), 1)
    with pytest.raises(RfqError, match="in your notes already"):
        keep_nda_on_file(actor=member.user, invitation=aspen)
    other = make_rfq(member, project=rfq.project, title="Another")
    second = Invitation(rfq=other, organisation=aspen.organisation)
    assert nda_to_start(other, second.organisation) == "on_file"


def test_a_qualified_partner_has_a_day_and_an_end_after_it(member):
    client = Client()
    client.force_login(member.user)
    partner = ShortlistEntryFactory().organisation
    address = reverse("quotes:partner_notes", args=[partner.slug])
    bad = client.post(address, {"version": "0", "qualification_status": "qualified"})
    assert (bad.status_code, "Give the day on which the partner was qualified." in bad.content.decode()) == (
        400,
        True,
    )
    good = {
        "version": "0",
        "qualification_status": "conditional",
        "qualification_on": "2026-05-01",
        "qualification_expires_on": "2028-05-01",
    }
    assert client.post(address, good).status_code == 302
    agreement = PartnerRelation.objects.get().agreements[2]
    assert (agreement["label"], agreement["status"], agreement["in_force"]) == (
        "Qualification", "Qualified with conditions", True,
    )  # fmt: skip
