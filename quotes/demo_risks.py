"""The demo's risk register, and who approved its weights. Risks are invented, as the partners are."""

from __future__ import annotations

from cmo_selector.accounts.models import User
from quotes.enums import RiskLevel
from quotes.models import Project
from quotes.services.approval import approve_weights
from quotes.services.projects import WEIGHT_FIELDS
from quotes.services.risks import add_risk
from quotes.versions import version_of

APPROVER = "owner@alder.example"
LOW, MEDIUM, HIGH = RiskLevel.LOW, RiskLevel.MEDIUM, RiskLevel.HIGH

#: project → partner's slug, risk, likelihood, impact, what is done about it, who looks after it
RISKS: dict[str, tuple[tuple[str, str, int, int, str, str], ...]] = {
    "AB-220 generic tablets, second source": (
        (
            "castelvero-solidi",
            "Take-or-pay of 80 % of 400 million tablets a year: lower demand is paid for all the same",
            MEDIUM,
            HIGH,
            "Negotiate a band of 60 to 80 % for the first two years before signing.",
            "Sourcing",
        ),
        (
            "castelvero-solidi",
            "Prices in EUR against a budget in USD",
            MEDIUM,
            MEDIUM,
            "Finance hedges the firm part of the volume.",
            "Finance",
        ),
        (
            "kaverinadi-generics-works",
            "The EU GMP certificate lapses soon after the work starts",
            LOW,
            HIGH,
            "Ask for the date of the next EU inspection with the quality agreement.",
            "Quality",
        ),
        (
            "sahyora-formulations",
            "Official action indicated (OAI) and a warning letter at the site that would do the work",
            HIGH,
            HIGH,
            "",
            "Quality",
        ),
    ),
    "AB-305 antibody, Phase II to III transfer": (
        (
            "vattermark-biologics",
            "12,000 L only as six reactors of 2,000 L: that pooled harvests are comparable is still to be shown",
            MEDIUM,
            HIGH,
            "Comparability protocol before the transfer; ask for data of an earlier pooled campaign.",
            "CMC",
        ),
        (
            "songcheon-river-biologics",
            "Comparability needs a bridging study if the cell bank is thawed elsewhere",
            MEDIUM,
            MEDIUM,
            "",
            "",
        ),
    ),
}  # fmt: skip


def load_risks(project: Project, *, actor: User) -> None:
    """Risks of the shortlisted partners, and the approval of the weights as they stand."""
    entries = {entry.organisation.slug: entry for entry in project.shortlist.select_related("organisation")}
    for slug, text, likelihood, impact, response, owner in RISKS[project.name]:
        if slug in entries:
            add_risk(
                actor=actor,
                entry=entries[slug],
                values={
                    "text": text,
                    "likelihood": likelihood,
                    "impact": impact,
                    "response": response,
                    "owner": owner,
                },
            )
    approver = User.objects.filter(email=APPROVER).first() or actor
    approve_weights(actor=approver, project=project, version=version_of(project.weights, WEIGHT_FIELDS))
