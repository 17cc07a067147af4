"""Letting a failed must-have pass: by role, with a reason that every report shows, and taking it back."""

from __future__ import annotations

from django.db import transaction

from cmo_selector.accounts.models import Membership, User
from cmo_selector.accounts.roles import Action, Role, may
from cmo_selector.audit.services import record
from partners.models import Organisation
from partners.scoring import assess
from partners.scoring.overrides import overridable
from partners.scoring.types import RuleResult
from partners.scoring_inputs import load_partner_facts
from quotes.brief import brief_for
from quotes.models import MustOverride, Project
from quotes.models.override import BUILT_IN
from quotes.quote_facts import from_quotes
from quotes.services.override_lifting import lift
from quotes.services.projects import ProjectArchived

SHORTEST_REASON, LONGEST_REASON = 10, 2000  # characters: "ok" is no reason


class OverrideError(ValueError):
    """An override that is not allowed; `field` names the form field, the message says what to do."""

    def __init__(self, message: str, field: str | None = None):
        super().__init__(message)
        self.field = field


def failed_musts(*, project: Project, organisation: Organisation) -> list[RuleResult]:
    """The must-haves that this partner fails, overrides left aside. Raises NothingToRank without needs."""
    brief = brief_for(project)
    facts = load_partner_facts(Organisation.objects.filter(pk=organisation.pk))
    (assessment,) = assess(from_quotes(project, brief).beside(facts), brief)
    return [rule for rule in assessment.rules if overridable(rule)]


@transaction.atomic
def override_must(
    *, actor: User, project: Project, organisation: Organisation, need_key: str, reason: str
) -> MustOverride:
    """Let a failed must pass for one partner of one project.

    `need_key` is the need's id as the ranking shows it ("17", "no-open-action", "restricted-party"). Raises
    OverrideError when the actor's role does not allow it, the reason is too short, the must does not fail (an unknown
    one is to be verified), or it is let pass already; ProjectArchived.
    """
    role = _role(actor, project)
    _lock(project)
    reason = reason.strip()
    if len(reason) < SHORTEST_REASON:
        raise OverrideError(
            f"Say why the must is let pass, in at least {SHORTEST_REASON} characters. Every report shows it.",
            "reason",
        )
    if len(reason) > LONGEST_REASON:
        raise OverrideError(
            f"Say it in at most {LONGEST_REASON:,} characters; these are {len(reason):,}. Every report prints it.",
            "reason",
        )
    failed = {rule.need_id: rule for rule in failed_musts(project=project, organisation=organisation)}
    if need_key not in failed:
        raise OverrideError("This must-have does not fail for this partner, so there is nothing to let pass.")
    built_in = {key: rule for rule, key in BUILT_IN.items()}
    target = (
        {"need": None, "rule": built_in[need_key].value}
        if need_key in built_in
        else {"need_id": int(need_key), "rule": ""}
    )
    rows = MustOverride.objects.for_sponsor(project.sponsor)
    if rows.filter(project=project, organisation=organisation, lifted_at=None, **target).exists():
        raise OverrideError("This must is already let pass for this partner.")
    row = MustOverride.objects.create(
        project=project,
        organisation=organisation,
        reason=reason,
        failed_because=failed[need_key].reason,
        by=actor,
        role=role,
        **target,
    )
    record(
        actor=actor,
        verb="must_override.set",
        obj=row,
        sponsor=project.sponsor,
        data=_told(row, failed[need_key]),
    )
    return row


@transaction.atomic
def lift_override(*, actor: User, override: MustOverride) -> MustOverride:
    """Take an override back: the must counts again. The row stays. Raises OverrideError and ProjectArchived."""
    _role(actor, override.project)
    _lock(override.project)
    row = MustOverride.objects.select_for_update(of=("self",), no_key=True).get(pk=override.pk)
    if row.lifted_at is not None:
        raise OverrideError("This override has been lifted already.")
    lift(actor=actor, override=row)
    return row


def _told(row: MustOverride, rule: RuleResult) -> dict[str, str]:
    return {
        "organisation": row.organisation.slug,
        "rule": rule.rule.value,
        "need": rule.label,
        "reason": row.reason,
        "note": rule.reason,
        "role": row.role,
    }


def _role(actor: User, project: Project) -> str:
    """The actor's role at the project's sponsor, when it may override."""
    roles = Membership.objects.filter(user=actor, sponsor=project.sponsor_id).values_list("role", flat=True)
    for role in roles:
        if may(role, Action.OVERRIDE_MUST):
            return Role(role).value
    raise OverrideError("Your role does not allow letting a must-have pass. Ask an owner or a manager.")


def _lock(project: Project) -> None:
    current = Project.objects.select_for_update(no_key=True).only("archived_at").get(pk=project.pk)
    if current.archived_at is not None:
        raise ProjectArchived
