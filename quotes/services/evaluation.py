"""Writes of the group evaluation. The project's row lock orders responses and changes of criteria and weights.

The first response locks criteria and weights (`services.projects` refuses changes while `locked_at` is set); unlocking
is an act of its own with a reason, and the next response locks again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.db import transaction
from django.utils import timezone

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from partners.models import Organisation
from partners.scoring.types import CRITERIA
from quotes.models import AgreedScore, Evaluation, EvaluationScore, Project
from quotes.services.projects import lock_project
from quotes.versions import StaleVersion, version_of

SHORTEST_REASON, LONGEST_REASON = 10, 500  # characters


class EvaluationError(ValueError):
    """The evaluation does not allow this; the message says why and what to do."""


def _current(project: Project) -> Evaluation:
    """The evaluation as it is now, under the project's row lock. Raises EvaluationError and ProjectArchived."""
    locked = lock_project(project)
    row = Evaluation.objects.filter(project=locked).first()
    if row is None:
        raise EvaluationError("No evaluation has been started for this project.")
    row.project = locked
    return row


def _reason(text: str, what: str) -> str:
    text = text.strip()
    if len(text) < SHORTEST_REASON:
        raise EvaluationError(f"Say why {what}, in at least {SHORTEST_REASON} characters.")
    if len(text) > LONGEST_REASON:
        raise EvaluationError(
            f"Say why {what} in at most {LONGEST_REASON} characters; these are {len(text)}."
        )
    return text


@transaction.atomic
def start_evaluation(*, actor: User, project: Project) -> Evaluation:
    """Start it; starting twice gives the same. Raises EvaluationError without a shortlist, ProjectArchived."""
    locked = lock_project(project)
    if not locked.shortlist.exists():
        raise EvaluationError("Put the partners to evaluate on the shortlist first.")
    row, new = Evaluation.objects.get_or_create(project=locked, defaults={"started_by": actor})
    if new:
        record(actor=actor, verb="evaluation.started", obj=row, sponsor=project.sponsor)
    return row


@transaction.atomic
def save_scores(
    *,
    actor: User,
    project: Project,
    organisation: Organisation,
    scores: Mapping[str, tuple[int, str]],
    withdrawn: Collection[str] = (),
) -> None:
    """Set some of the actor's own scores: criterion → points 0 to 100 and a comment. Locks criteria and weights.
    Those of the criteria `withdrawn` are deleted.

    Raises EvaluationError when scoring is closed, the partner is not on the shortlist, or points do not fit.
    """
    row = _current(project)
    if row.closed_at is not None:
        raise EvaluationError("Scoring is closed. Ask an owner or a manager to open it again.")
    if not row.project.shortlist.filter(organisation=organisation).exists():
        raise EvaluationError(f"{organisation} is not on the shortlist.")
    if any(code not in CRITERIA or not 0 <= points <= 100 for code, (points, _) in scores.items()):
        raise EvaluationError("Points run from 0 to 100.")
    if not scores and not withdrawn:
        raise EvaluationError("Score at least one criterion.")
    own = EvaluationScore.objects.filter(evaluation=row, evaluator=actor, organisation=organisation)
    taken = ", ".join(sorted(own.filter(criterion__in=withdrawn).values_list("criterion", flat=True)))
    own.filter(criterion__in=withdrawn).delete()
    made = [
        EvaluationScore(
            evaluation=row,
            evaluator=actor,
            organisation=organisation,
            criterion=code,
            points=points,
            comment=comment.strip()[:500],
            updated_at=timezone.now(),
        )
        for code, (points, comment) in scores.items()
    ]
    EvaluationScore.objects.bulk_create(
        made,
        update_conflicts=True,
        unique_fields=["evaluation", "evaluator", "organisation", "criterion"],
        update_fields=["points", "comment", "updated_at"],
    )
    data: dict[str, object] = {"organisation": organisation.slug, "criteria": ", ".join(scores)}
    if taken:
        data["withdrawn"] = taken
    if scores and row.locked_at is None:
        row.locked_at, row.weights = timezone.now(), row.project.weights.as_dict()
        row.save(update_fields=["locked_at", "weights"])
        data["locked"] = True
    record(actor=actor, verb="evaluation.scored", obj=row, sponsor=project.sponsor, data=data)


@transaction.atomic
def close_scoring(*, actor: User, project: Project) -> None:
    """End scoring: from now on everybody may read the results. Raises EvaluationError without any score."""
    row = _current(project)
    if row.closed_at is not None:
        return
    if not row.scores.exists():
        raise EvaluationError("Nobody has scored yet, so there is nothing to close.")
    row.closed_at = timezone.now()
    row.save(update_fields=["closed_at"])
    record(actor=actor, verb="evaluation.closed", obj=row, sponsor=project.sponsor)


@transaction.atomic
def reopen_scoring(*, actor: User, project: Project, reason: str) -> None:
    """Open scoring again although results were read. Raises EvaluationError without a reason.

    Agreed scores are taken back, for they rested on the scores of before; the log keeps each with its reason.
    """
    row = _current(project)
    reason = _reason(reason, "scoring is opened again")
    if row.closed_at is None:
        return
    row.closed_at = None
    row.save(update_fields=["closed_at"])
    data: dict[str, object] = {"reason": reason}
    if taken_back := row.agreed.all().delete()[0]:
        data["agreed_scores_taken_back"] = taken_back
    record(actor=actor, verb="evaluation.reopened", obj=row, sponsor=project.sponsor, data=data)


@transaction.atomic
def unlock_criteria(*, actor: User, project: Project, reason: str) -> None:
    """Let criteria and weights change again although responses depend on them. The log keeps who and why."""
    row = _current(project)
    reason = _reason(reason, "criteria and weights are unlocked")
    if row.locked_at is None:
        return
    row.locked_at = None
    row.save(update_fields=["locked_at"])
    record(actor=actor, verb="evaluation.unlocked", obj=row, sponsor=project.sponsor, data={"reason": reason})


def agreed_version(agreed: AgreedScore | None) -> str:
    """The version of an agreed score for its form; "none" before there is any."""
    return version_of(agreed, ("points", "reason")) if agreed else "none"


@transaction.atomic
def agree_score(
    *,
    actor: User,
    project: Project,
    organisation: Organisation,
    criterion: str,
    points: int,
    reason: str,
    version: str | None = None,
) -> AgreedScore:
    """What the group agreed on, with a reason. Raises EvaluationError while scoring is open or nobody scored it.

    `version` is `agreed_version` of what the form was opened with; StaleVersion when somebody agreed otherwise since.
    """
    row = _current(project)
    reason = _reason(reason, "the group agreed on these points")
    if row.closed_at is None:
        raise EvaluationError("Close scoring first: everybody scores alone until then.")
    if not 0 <= points <= 100:
        raise EvaluationError("Points run from 0 to 100.")
    if not row.scores.filter(organisation=organisation, criterion=criterion).exists():
        raise EvaluationError("Nobody has scored this criterion, so there is nothing to agree on.")
    agreed = AgreedScore.objects.filter(
        evaluation=row, organisation=organisation, criterion=criterion
    ).first()
    if agreed and (agreed.points, agreed.reason) == (points, reason):
        return agreed  # the same sent twice
    if version is not None and version != agreed_version(agreed):
        raise StaleVersion(agreed or row)
    agreed, _ = AgreedScore.objects.update_or_create(
        evaluation=row,
        organisation=organisation,
        criterion=criterion,
        defaults={"points": points, "reason": reason, "by": actor},
    )
    record(
        actor=actor,
        verb="evaluation.agreed",
        obj=row,
        sponsor=project.sponsor,
        data={"organisation": organisation.slug, "criterion": criterion, "points": points, "reason": reason},
    )
    return agreed
