"""Requests for quotation made by the real services, ready to send or sent."""

import datetime as dt

from django.utils import timezone

from quotes.links import new_link
from quotes.models import Invitation, Rfq
from quotes.rfq_templates import templates
from quotes.services.rfq import create_rfq, save_rfq, save_scope
from quotes.services.rfq_send import Contact, send_rfq
from tests.factories.accounts import MembershipFactory
from tests.factories.partners import OrganisationFactory
from tests.factories.quotes import ProjectFactory, ShortlistEntryFactory

WORDS = "Film-coated tablets of 10 mg in three strengths, granulated wet, two years of routine supply behind them."
SCOPE = (
    # code, label, basis, treatment, driver, quantities
    ("tech_transfer_in", "Technology transfer in", "lump", "fixed", "", ["1", "0", "0"]),
    ("commercial_supply", "Commercial supply", "unit", "variable", "supply", []),
    ("annual_review", "Annual product review", "year", "fixed", "", ["1", "1", "1"]),
)


def in_days(days: float) -> dt.datetime:
    return timezone.now() + dt.timedelta(days=days)


def make_rfq(member=None, *, ready: bool = True, **values) -> Rfq:
    """A draft of three years and three lines, counted by one driver; `ready` fills in what sending asks for."""
    member = member or MembershipFactory()
    project = values.pop("project", None) or ProjectFactory(
        sponsor=member.sponsor, name=f"Project of {member.pk}"
    )
    rfq = create_rfq(actor=member.user, project=project, template=templates()["commercial_solids"])
    base = {
        "title": "Second source of tablets",
        "code_name": "Project Heron",
        "first_year": 2027,
        "periods": 3,
        "drivers": [
            {
                "name": "supply",
                "label": "Million tablets",
                "unit": "million",
                "low": ["120", "150", "180"],
                "base": ["250", "400", "400"],
                "high": ["400", "550", "600"],
            }
        ],
        "unit_driver": "supply",
        "unit_size": "0.001",
        "unit_label": "1,000 tablets",
        "batch_driver": "",
        "nda_text": "Both sides keep what they learn to themselves.",
        "deadline": in_days(20) if ready else None,
        "milestones": "Launch: March 2027",
        "sections": dict.fromkeys(
            ("background", "process", "analytics", "materials", "safety", "quality"), WORDS
        ),
    }
    rfq = save_rfq(actor=member.user, rfq=rfq, values={**base, **values}, edition=rfq.edition)
    rows = [
        {
            "code": code, "label": label, "package": "Supply", "deliverable": "Goods", "basis": basis,
            "treatment": treatment, "driver": driver, "quantities": quantities,
        }
        for code, label, basis, treatment, driver, quantities in SCOPE
    ]  # fmt: skip
    return save_scope(actor=member.user, rfq=rfq, rows=rows, edition=rfq.edition)


def send(rfq: Rfq, member, *names: str) -> list[Invitation]:
    """Invite partners of these names, put on the shortlist first. E-mails stay owed until `send_due`."""
    contacts = []
    for name in names:
        partner = OrganisationFactory(name=name)
        ShortlistEntryFactory(project=rfq.project, organisation=partner, added_by=member.user)
        contacts.append(Contact(partner, "", f"bids@{partner.slug}.example"))
    return send_rfq(actor=member.user, rfq=rfq, contacts=contacts, edition=rfq.edition)


def open_gate(invitation: Invitation) -> str:
    """A working link of a partner whose NDA is on file."""
    Invitation.objects.filter(pk=invitation.pk).update(nda="on_file")
    return new_link(invitation)


def priced(**fields: str) -> dict[str, str]:
    """A complete quote as form fields; keyword `l_commercial_supply_price="9"` sets or adds one."""
    typed = {
        "q-currency": "USD",
        "q-headline": "9 000 000",
        "q-assumptions": "none",
        "l-tech_transfer_in-state": "quoted",
        "l-tech_transfer_in-price": "500000",
        "l-commercial_supply-price": "14500",
        "l-annual_review-state": "included",
    }
    for name, text in fields.items():
        kind, rest = name.split("_", 1)
        if kind == "l":
            code = max((c[0] for c in SCOPE if rest.startswith(c[0])), key=len)
            typed[f"l-{code}-{rest[len(code) + 1 :]}"] = text
        else:
            typed[f"{kind}-{rest}"] = text
    return typed
