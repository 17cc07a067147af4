"""What a response of the group evaluation locks: everything from which criteria, musts, anchors and weights follow.

Services ask under the project's row lock, so that of a first response and a change at the same moment the second one
sees the other. Letting a must pass for one partner stays possible: it changes no criterion and is an act with a reason.
"""

from __future__ import annotations

from collections.abc import Iterable

from quotes.models import Evaluation, Project

#: columns of the brief that the engine scores against; the rest (names, texts, hand-over and transfer) stays open
CRITERIA_FIELDS = frozenset(
    {
        "profile",
        "modality",
        "stage",
        "markets",
        "need_date",
        "federal_funding",
        "scale_now",
        "scale_next",
        "scale_unit",
        "price_basis",
        "price_target",
        "price_limit",
        "currency",
        "discount_facts",
        "caution",
        "min_coverage",
    }
)


class ProjectNotEditable(ValueError):
    """The project does not take this change; the message says why and what to do."""


class CriteriaLocked(ProjectNotEditable):
    """Responses of a group evaluation depend on this: it changes only after an unlocking. `fields` are columns."""

    def __init__(self, fields: Iterable[str] = ()) -> None:
        self.fields = tuple(fields)
        super().__init__(locked_sentence(self.fields))


def locked_sentence(fields: Iterable[str] = ()) -> str:
    """Since when, what stays as it is, and who can unlock it where."""
    names = [str(Project._meta.get_field(name).verbose_name) for name in fields]
    kept = f" Of the brief {', '.join(names)} cannot change until then." if names else ""
    return (
        "Criteria and weights are locked since the first response to the group evaluation. You, or another owner or "
        f"manager, can unlock them on the page “Evaluation”, with a reason that the log keeps.{kept}"
    )


def criteria_locked(project: Project) -> bool:
    """Whether a response depends on the criteria as they are. One query."""
    return Evaluation.objects.filter(project=project, locked_at__isnull=False).exists()
