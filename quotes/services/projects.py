"""Writes to projects, needs and weights. Each takes the project's row lock, checks, writes and logs.

Views pass the version of the values their form was opened with; StaleVersion means that nothing was written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from cmo_selector.accounts.models import Sponsor, User
from cmo_selector.audit.services import record
from partners.scoring.types import CRITERIA
from partners.scoring.weights import default_weights
from quotes.enums import NeedRule, Profile
from quotes.models import Need, Project, ProjectWeights
from quotes.needs import NEED_FIELDS, NEED_RELATED, need_label, only_read_fields, problems
from quotes.rfq_enums import RfqState
from quotes.services.criteria_lock import (
    CRITERIA_FIELDS,
    CriteriaLocked,
    ProjectNotEditable,
    criteria_locked,
)
from quotes.services.override_lifting import lift_overrides_of
from quotes.suggestions import suggested_needs
from quotes.versions import StaleVersion, shown, version_of

PROJECT_FIELDS = (
    "name",
    "profile",
    "product",
    "indication",
    "description",
    "modality",
    "dosage_form",
    "stage",
    "markets",
    "scale_now",
    "scale_next",
    "scale_unit",
    "volumes",
    "need_date",
    "decide_by",
    "federal_funding",
    "price_basis",
    "price_target",
    "price_limit",
    "currency",
    "handover_months",
    "handover_cost",
    "transfer_months_low",
    "transfer_months_high",
    "transfer_cost",
    "discount_facts",
    "caution",
    "min_coverage",
)
CHECKED_FIELDS = tuple(name for name in NEED_FIELDS if name not in ("level", "note"))
WEIGHT_FIELDS = tuple(ProjectWeights.FIELDS.values())


class ProjectArchived(ProjectNotEditable):
    """The project is archived: it can be read and restored, not changed."""

    def __init__(self) -> None:
        super().__init__("This project is archived. Restore it before changing it.")


class AmountsInCurrency(ProjectNotEditable):
    """Amounts are stored in the project's currency; another one would re-label them without converting."""

    def __init__(self, currency: str, amounts: Iterable[str]):
        super().__init__(
            f"Amounts are stored in {currency} and would not be converted: {'; '.join(amounts)}. Clear them there, "
            "change the currency, then type them again in the new one."
        )


@dataclass(frozen=True)
class ProjectChange:
    """What an update did: the changed columns, and whether the weights followed to new defaults."""

    project: Project
    changed: tuple[str, ...]
    weights_followed: bool = False
    weights_kept: bool = False  # the defaults changed, but the weights had been edited and were kept


def _lock(project: Project) -> Project:
    """The project as it is now, locked until the end of the transaction.

    Needs and weights must be read afterwards, not joined: a joined row is the one from before the wait.
    """
    current = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    current.sponsor = project.sponsor
    if current.archived_at is not None:
        raise ProjectArchived
    return current


def lock_project(project: Project) -> Project:
    """The project locked as it is now, for the services of what hangs on it. Raises ProjectArchived."""
    return _lock(project)


def _lock_criteria(project: Project) -> Project:
    """The same for a change of needs or weights. Raises CriteriaLocked too."""
    current = _lock(project)
    if criteria_locked(current):
        raise CriteriaLocked
    return current


def _touch(project: Project) -> None:
    """The project's last change is also that of its needs and weights."""
    Project.objects.filter(pk=project.pk).update(updated_at=timezone.now())


def stage_defaults(project: Project) -> dict[str, Decimal]:
    """Default points of the project's stage and profile, criterion code → points that sum to 100."""
    return {
        code: Decimal(str(value)) for code, value in default_weights(project.stage, project.profile).items()
    }


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(values) - set(PROJECT_FIELDS)
    if unknown:
        raise TypeError(f"not a column of the project's brief: {', '.join(sorted(unknown))}")
    checked = dict(values)
    if checked.get("profile") == Profile.DEVICE and "dosage_form" in checked:
        checked["dosage_form"] = None  # a device has none
    return checked


@transaction.atomic
def create_project(*, actor: User, sponsor: Sponsor, values: Mapping[str, Any]) -> Project:
    """A draft project with the default weights of its stage. IntegrityError when the name is taken."""
    project = Project(sponsor=sponsor, created_by=actor, **_checked(values))
    project.clean_fields()
    project.save()
    points = stage_defaults(project)
    ProjectWeights.objects.create(
        project=project,
        from_defaults=True,
        **{ProjectWeights.FIELDS[code]: points[code] for code in CRITERIA},
    )
    filled = {name: shown(project, name) for name in values}
    record(
        actor=actor,
        verb="project.created",
        obj=project,
        sponsor=sponsor,
        data={name: text for name, text in filled.items() if text},
    )
    return project


@transaction.atomic
def update_project(
    *, actor: User, project: Project, values: Mapping[str, Any], version: str | None = None
) -> ProjectChange:
    """Set columns of the brief. Weights that were never edited follow stage and profile to their defaults.

    Raises StaleVersion when `version` is not that of the same columns now, AmountsInCurrency, ProjectArchived, and
    CriteriaLocked where responses of a group evaluation depend on a changed column.
    """
    current = _lock(project)
    values = _checked(values)
    if version is not None and version != version_of(current, values):
        raise StaleVersion(current)
    if values.get("currency", current.currency) != current.currency:
        _refuse_relabelling(current)
    before = {name: (version_of(current, [name]), shown(current, name)) for name in values}
    defaults_before = stage_defaults(current)
    for name, value in values.items():
        setattr(current, name, value)
    current.clean_fields()
    changed = {
        name: [text, shown(current, name)]
        for name, (digest, text) in before.items()
        if version_of(current, [name]) != digest
    }
    if not changed:
        return ProjectChange(current, ())
    locked = [name for name in changed if name in CRITERIA_FIELDS]
    if locked and criteria_locked(current):
        raise CriteriaLocked(locked)
    current.save()
    record(
        actor=actor, verb="project.updated", obj=current, sponsor=current.sponsor, data={"changed": changed}
    )
    defaults = stage_defaults(current)
    if defaults == defaults_before:
        return ProjectChange(current, tuple(changed))
    if not current.weights.from_defaults:
        return ProjectChange(current, tuple(changed), weights_kept=True)
    _set_weights(actor, current, defaults, from_defaults=True)
    return ProjectChange(current, tuple(changed), weights_followed=True)


def _refuse_relabelling(project: Project) -> None:
    """Raises AmountsInCurrency, naming the amounts outside the brief and where they are changed."""
    found = []
    for rfq in project.rfqs.prefetch_related("lines").order_by("pk"):
        if rfq.month_value is not None:
            found.append(f"the value of a month in the RFQ “{rfq.title}” (step “Demand and years”)")
        own = [line.label for line in rfq.lines.all() if line.benchmark or line.sponsor_cost]
        if own:
            more = f" and {len(own) - 3} more" if len(own) > 3 else ""
            found.append(
                f"own costs or benchmarks of {', '.join(own[:3])}{more} in “{rfq.title}” (page “Own costs and rates”)"
            )
    if project.needs.filter(rule=NeedRule.MINIMUM_PROJECT, quantity__isnull=False).exists():
        found.append("the need “minimum project value” (step “Needs”)")
    if found:
        raise AmountsInCurrency(project.currency, found)


@transaction.atomic
def archive_project(*, actor: User, project: Project) -> None:
    """Take a project out of the lists. Nothing is deleted; archiving twice does nothing.

    Raises ProjectNotEditable while bidders answer one of its RFQs.
    """
    current = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if current.archived_at is None:
        _refuse_open_rfqs(current)
        current.archived_at = timezone.now()
        current.save(update_fields=["archived_at", "updated_at"])
        record(actor=actor, verb="project.archived", obj=current, sponsor=project.sponsor)


def _refuse_open_rfqs(project: Project) -> None:
    titles = list(project.rfqs.filter(state=RfqState.OPEN).values_list("title", flat=True))
    if titles:
        names = " and ".join(f"“{title}”" for title in titles)
        raise ProjectNotEditable(
            f"Partners are asked to quote: {names} {'is' if len(titles) == 1 else 'are'} open. Close or cancel "
            f"{'it' if len(titles) == 1 else 'them'} first, then archive the project."
        )


@transaction.atomic
def restore_project(*, actor: User, project: Project) -> None:
    """Bring an archived project back into the lists."""
    current = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if current.archived_at is not None:
        current.archived_at = None
        current.save(update_fields=["archived_at", "updated_at"])
        record(actor=actor, verb="project.restored", obj=current, sponsor=project.sponsor)


# -- needs -------------------------------------------------------------------------------------------


def _filled(need: Need, values: Mapping[str, Any]) -> Need:
    """The need with its new values; ValidationError when the engine could not check it."""
    unknown = set(values) - set(NEED_FIELDS)
    if unknown:
        raise TypeError(f"not a column of a need: {', '.join(sorted(unknown))}")
    for name in ("rule", "level", "note"):
        if name in values:
            setattr(need, name, values[name])
    found = problems(need.rule, values)
    if found:
        raise ValidationError(found)
    for name, value in only_read_fields(need.rule, values).items():
        setattr(need, name, value)
    need.clean_fields(exclude=["project"])
    return need


def _next_order(project: Project) -> int:
    return (project.needs.aggregate(last=Max("order"))["last"] or 0) + 1


@transaction.atomic
def add_need(*, actor: User, project: Project, values: Mapping[str, Any]) -> Need:
    """Append a need. Columns that its rule does not read are left empty. Raises ProjectArchived."""
    current = _lock_criteria(project)
    need = _filled(Need(project=current, order=_next_order(current)), values)
    need.save()
    _logged(actor, "need.added", need, {"level": need.level})
    _touch(current)
    return need


@transaction.atomic
def change_need(*, actor: User, need: Need, values: Mapping[str, Any], version: str | None = None) -> bool:
    """Set a need's values; whether anything changed. Another check lifts what was let pass of the old one.

    Raises StaleVersion, ProjectArchived, CriteriaLocked, Need.DoesNotExist.
    """
    project = _lock_criteria(need.project)
    current = Need.objects.select_related(*NEED_RELATED).get(pk=need.pk)
    current.project = project
    if version is not None and version != version_of(current, NEED_FIELDS):
        raise StaleVersion(current)
    digest, was = version_of(current, NEED_FIELDS), {"need": need_label(current), "level": current.level}
    note, checked = current.note, version_of(current, CHECKED_FIELDS)
    _filled(current, values)
    if version_of(current, NEED_FIELDS) == digest:
        return False
    current.save()
    if version_of(current, CHECKED_FIELDS) != checked:
        lift_overrides_of(actor=actor, need=current, because="the need was changed")
    now = {"need": need_label(current), "level": current.level}
    changed = {key: [was[key], now[key]] for key in now if was[key] != now[key]}
    if note != current.note:
        changed["note"] = [note, current.note]
    _logged(actor, "need.changed", current, {"changed": changed})
    _touch(project)
    return True


@transaction.atomic
def remove_need(*, actor: User, need: Need) -> None:
    """Delete a need; the log keeps its sentence. Raises ProjectArchived, Need.DoesNotExist when it is gone."""
    project = _lock_criteria(need.project)
    current = Need.objects.select_related(*NEED_RELATED).get(pk=need.pk)
    current.project = project
    lift_overrides_of(actor=actor, need=current, because="the need was removed")
    _logged(actor, "need.removed", current, {"level": current.level, "note": current.note})
    current.delete()
    _touch(project)


@transaction.atomic
def add_suggested_needs(*, actor: User, project: Project, keys: Iterable[str] | None = None) -> list[Need]:
    """Add suggested needs by key, or all of them; those the project has already are left alone."""
    current = _lock_criteria(project)
    existing = list(current.needs.select_related(*NEED_RELATED))
    wanted = None if keys is None else set(keys)
    order = _next_order(current)
    added = []
    for suggestion in suggested_needs(current, existing):
        if wanted is not None and suggestion.key not in wanted:
            continue
        need = suggestion.need
        need.project, need.order = current, order + len(added)
        need.save()
        _logged(actor, "need.added", need, {"level": need.level, "suggested": suggestion.key})
        added.append(need)
    if added:
        _touch(current)
    return added


def _logged(actor: User, verb: str, need: Need, data: dict[str, Any]) -> None:
    record(
        actor=actor,
        verb=verb,
        obj=need,
        sponsor=need.project.sponsor,
        data={"need": need_label(need), "rule": need.rule, **data},
    )


# -- weights -----------------------------------------------------------------------------------------


def _set_weights(
    actor: User, project: Project, points: Mapping[str, Decimal], *, from_defaults: bool
) -> bool:
    weights = project.weights
    before = {code: getattr(weights, name) for code, name in ProjectWeights.FIELDS.items()}
    changed = {
        code: [str(before[code]), str(points[code])] for code in CRITERIA if before[code] != points[code]
    }
    if not changed and weights.from_defaults == from_defaults:
        return False
    for code, name in ProjectWeights.FIELDS.items():
        setattr(weights, name, points[code])
    weights.from_defaults = from_defaults
    if changed:
        weights.approved_by = weights.approved_at = None
    weights.save()
    record(
        actor=actor,
        verb="weights.changed",
        obj=weights,
        sponsor=project.sponsor,
        data={"changed": changed, "from_defaults": from_defaults},
    )
    _touch(project)
    return True


@transaction.atomic
def change_weights(
    *, actor: User, project: Project, weights: Mapping[str, Decimal], version: str | None = None
) -> bool:
    """Set the ten weights, criterion code → points with two decimals that sum to exactly 100.

    Returns whether anything changed. Points that equal the stage's defaults count as defaults again, and follow
    the stage from then on. Raises ValueError for a set that does not fit, StaleVersion and ProjectArchived.
    """
    if set(weights) != set(CRITERIA):
        raise ValueError("Give exactly the ten criteria C1 to C10.")
    if any(not value.is_finite() or value < 0 for value in weights.values()) or sum(weights.values()) != 100:
        raise ValueError("The ten weights must be numbers from 0 that sum to 100.")
    current = _lock_criteria(project)
    points = {ProjectWeights.FIELDS[code]: value for code, value in weights.items()}
    same = all(getattr(current.weights, name) == value for name, value in points.items())
    if version is not None and version != version_of(current.weights, WEIGHT_FIELDS) and not same:
        raise StaleVersion(current.weights)  # a form sent twice is no conflict with itself
    return _set_weights(actor, current, weights, from_defaults=dict(weights) == stage_defaults(current))


@transaction.atomic
def reset_weights(*, actor: User, project: Project) -> bool:
    """Back to the defaults of stage and profile; whether that changed anything."""
    current = _lock_criteria(project)
    return _set_weights(actor, current, stage_defaults(current), from_defaults=True)
