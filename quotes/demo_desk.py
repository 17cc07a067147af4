"""What waits on the demo's curation desk: matches of the register, a user's proposal, facts to verify."""

import datetime as dt

from django.db import transaction

from cmo_selector.accounts.models import User
from partners import freshness
from partners.curation.services import ask_to_verify
from partners.matching.proposals import propose
from partners.models import Certificate, Facility, MatchProposal, Proposal, VerificationTask
from partners.proposing.services import propose_correction
from quotes.demo_accounts import CURATOR

PROPOSER = "manager@alder.example"


@transaction.atomic
def load_desk(*, today: dt.date, register: bool) -> None:
    """Each only while there is none of its kind: what curators did with them stays."""
    if register and not MatchProposal.objects.exists():
        propose()
    if not Proposal.objects.exists():
        site = Facility.objects.filter(organisation__illustrative=True, active=True).order_by("pk").first()
        if site is not None:
            propose_correction(
                actor=User.objects.get(email=PROPOSER),
                fact=site,
                column="opened_year",
                value=str((site.opened_year or 2010) + 1),
                statement="The site opened a year later than the catalogue says.",
                source_title="Illustrative company brochure",
            )
    if not VerificationTask.objects.exists():
        curator = User.objects.get(email=CURATOR)
        expiring = Certificate.objects.filter(
            freshness.expiring(Certificate, today), facility__organisation__illustrative=True
        ).select_related("facility__organisation", "type", "source")
        ask_to_verify(
            actor=curator,
            facts=expiring.order_by("expires_on", "pk")[:3],
            reason="Expires soon: ask for the new certificate",
            assigned_to=curator,
            due_on=today + dt.timedelta(days=30),
        )
