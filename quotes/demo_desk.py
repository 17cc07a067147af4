"""What waits on the demo's curation desk: matches of the register, a user's proposals, facts to verify."""

import datetime as dt

from django.db import transaction

from cmo_selector.accounts.models import User
from partners import freshness
from partners.curation.services import ask_to_verify
from partners.matching.proposals import propose
from partners.models import (
    Certificate,
    CertificateType,
    Facility,
    LinkSuggestion,
    MatchProposal,
    Organisation,
    Proposal,
    RegisterListing,
    VerificationTask,
)
from partners.proposing.new_facts import KINDS, form_of
from partners.proposing.services import propose_correction, propose_fact
from partners.register.services import suggest_link
from quotes.demo_accounts import CURATOR

PROPOSER = "manager@alder.example"


def _propose_certificate(site: Facility) -> None:
    """A missing fact, as somebody would propose it on the partner's page."""
    kind = CertificateType.objects.filter(code="iso-9001").first() or CertificateType.objects.first()
    if kind is None:
        return
    form = form_of(
        KINDS["certificate"],
        site.organisation,
        {"facility": site.pk, "type": kind.pk, "number": "ILLUSTRATIVE 4711"},
    )
    if form.is_valid():
        propose_fact(
            actor=User.objects.get(email=PROPOSER),
            organisation=site.organisation,
            kind="certificate",
            form=form,
            source_title="Illustrative certificate on the company's website",
        )


@transaction.atomic
def load_desk(*, today: dt.date, register: bool) -> None:
    """Each only while there is none of its kind: what curators did with them stays."""
    if register and not MatchProposal.objects.exists():
        propose()
    if register and not LinkSuggestion.objects.exists():
        _suggest_labeler()
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
            _propose_certificate(site)
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


def _suggest_labeler() -> None:
    """The first labeler without a partner whose name goes on from a partner's is suggested to be that partner."""
    free = RegisterListing.objects.filter(organisation=None, left_on=None).order_by("labeler", "pk")
    for partner in Organisation.objects.active().filter(illustrative=False).order_by("name"):
        listing = free.filter(labeler__istartswith=f"{partner.name} ").first()
        if listing is not None:
            suggest_link(
                actor=User.objects.get(email=PROPOSER),
                row=listing,
                target=partner,
                reason="The labeler’s name goes on from the partner’s. Please check with the company.",
            )
            return
