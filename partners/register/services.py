"""Suggesting that a row of a register belongs to a catalogue site (a listing: to a partner), and deciding on it."""

from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, models, transaction
from django.utils import timezone

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from cmo_selector.db import constraint_of
from partners.enums import EvidenceLevel, IdentifierScheme, RegisterKind, SuggestionState
from partners.importers.evidence import refresh_evidence
from partners.importers.linking import REGISTERS_OF
from partners.models import (
    Facility,
    Identifier,
    LinkSuggestion,
    Organisation,
    RegisterAction,
    RegisterEstablishment,
    RegisterForm483,
    RegisterInspection,
    RegisterListing,
)

MOST_OPEN = 50  # suggestions of one person that may wait at a time
OTHER_ACCEPTED = "Another suggestion for this row was accepted."
LINKED_ALONG = "The row was linked together with another one of the same {what}."

#: column of a suggestion → the rows it is about
ROWS: dict[str, type[models.Model]] = {
    "establishment": RegisterEstablishment,
    "form_483": RegisterForm483,
    "action": RegisterAction,
    "inspection": RegisterInspection,
    "listing": RegisterListing,
}
COLUMN_OF = {model: column for column, model in ROWS.items()}
BY_FEI = (RegisterForm483, RegisterAction, RegisterInspection)  # records that carry an FEI and no D-U-N-S


class SuggestionError(ValueError):
    """A suggestion or decision that cannot be; `field` names the form field, the message says why."""

    def __init__(self, message: str, field: str | None = None):
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Linked:
    """What accepting a suggestion linked: the row itself, and how many alike rows with it."""

    suggestion: LinkSuggestion
    along: int = 0


def owner_of(row: models.Model) -> str:
    """The column of a register row that says what of the catalogue it belongs to."""
    return "organisation" if isinstance(row, RegisterListing) else "facility"


def _lock(row: models.Model) -> Any:
    related = "organisation" if isinstance(row, RegisterListing) else "facility__organisation"
    rows = type(row)._default_manager.select_for_update(no_key=True, of=("self",))
    return rows.select_related(related).get(pk=row.pk)


def may_be_linked(target: Facility | Organisation) -> bool:
    """Whether a real register row may belong to it: offered, and of a real company."""
    partner = target if isinstance(target, Organisation) else target.organisation
    return target.active and partner.active and not partner.illustrative


@transaction.atomic
def suggest_link(
    *, actor: User, row: models.Model, target: Facility | Organisation, reason: str
) -> LinkSuggestion:
    """Keep a suggestion for the curators. Raises SuggestionError."""
    row, owner = _lock(row), owner_of(row)
    what = "partner" if owner == "organisation" else "site"
    if getattr(row, f"{owner}_id"):
        raise SuggestionError(f"This row has been linked to a catalogue {what} in the meantime.")
    if not may_be_linked(target):
        wanted = "a real company" if what == "partner" else "a site of a real company"
        raise SuggestionError(f"Choose {wanted} that the catalogue offers.", owner)
    if not reason.strip():
        raise SuggestionError("Say why the two belong together.", "reason")
    waiting = LinkSuggestion.objects.filter(proposed_by=actor, state=SuggestionState.OPEN).count()
    if waiting >= MOST_OPEN:
        raise SuggestionError(
            f"{waiting} of your suggestions still wait for a curator. Please wait for those."
        )
    try:
        with transaction.atomic():
            suggestion = LinkSuggestion.objects.create(
                **{COLUMN_OF[type(row)]: row, owner: target},
                proposed_by=actor,
                proposer_name=str(actor)[:200],
                reason=reason.strip(),
            )
    except IntegrityError as error:
        found = constraint_of(error)
        if found and found[1].name == "link_suggestion_open_once":
            raise SuggestionError(str(found[1].get_violation_error_message()), owner) from error
        raise
    data = {COLUMN_OF[type(row)]: row.pk, owner: target.pk, "reason": suggestion.reason}
    if isinstance(row, RegisterEstablishment):
        data["duns"] = row.duns
    record(actor=actor, verb="link_suggestion.made", obj=suggestion, data=data)
    return suggestion


@transaction.atomic
def decide_suggestion(*, actor: User, suggestion: LinkSuggestion, accept: bool, note: str = "") -> Linked:
    """Accept or reject. Raises SuggestionError when it is decided already, or cannot be accepted any more.

    Accepting links the row; other open suggestions for it are rejected. Rows that state the same FEI (a listing: the
    same labeler) and belong to nobody yet are linked with it, unless a curator unlinked them before.
    """
    row, owner = _lock(suggestion.row), owner_of(suggestion.row)
    current = LinkSuggestion.objects.select_related(*LinkSuggestion.ROWS, "facility__organisation").get(
        pk=suggestion.pk
    )
    if current.state != SuggestionState.OPEN:
        raise SuggestionError(f"“{current}” was already {current.get_state_display().lower()}.")
    if not accept:
        return Linked(_decide(actor, current, SuggestionState.REJECTED, note))
    target, before = current.target, getattr(row, f"{owner}_id")
    if before and before != target.pk:
        raise SuggestionError(f"“{row}” is linked to another one already: {getattr(row, owner)}.")
    if not may_be_linked(target):
        raise SuggestionError(f"“{target}” cannot be linked: it is no longer offered, or illustrative.")
    along = _link(actor, row, owner, target, {"suggestion": current.pk})
    _close_others(actor, current, row, OTHER_ACCEPTED)
    return Linked(_decide(actor, current, SuggestionState.ACCEPTED, note), along)


def _link(actor: User, row: Any, owner: str, target: Facility | Organisation, why: dict[str, Any]) -> int:
    """Link a row and those alike; their facts follow. Returns how many were linked along."""
    before = getattr(row, f"{owner}_id")
    type(row)._default_manager.filter(pk=row.pk).update(**{owner: target}, **_not_refused(row))
    verb = "registerestablishment.linked" if isinstance(row, RegisterEstablishment) else "register_row.linked"
    record(actor=actor, verb=verb, obj=row, data={owner: [before, target.pk], **why})
    if isinstance(row, RegisterEstablishment):
        refresh_evidence(register=RegisterKind.DRLS, owners=[target.pk])
        return 0
    along, touched = 0, {type(row)}
    for model, alike in _alike(row, target):
        found = alike.select_for_update(no_key=True, of=("self",)).order_by("pk")
        rows = list(found)
        model._default_manager.filter(pk__in=[other.pk for other in rows]).update(**{owner: target})
        for other in rows:
            record(actor=actor, verb="register_row.linked", obj=other, data={owner: [None, target.pk], **why})
            _close_open(actor, other, target)
        along += len(rows)
        touched |= {model} if rows else set()
    for model in touched:
        for kind in REGISTERS_OF[model]:
            refresh_evidence(register=kind, owners=[target.pk])
    return along


def _not_refused(row: Any) -> dict[str, bool]:
    """A curator who links a row takes back an earlier unlinking."""
    return {} if isinstance(row, RegisterEstablishment) else {"link_refused": False}


def _alike(row: Any, target: Facility | Organisation) -> list[tuple[type[models.Model], models.QuerySet]]:
    """Rows that must belong where this one does: of the same FEI, or of the same labeler."""
    if isinstance(row, RegisterListing):
        return [(RegisterListing, _free(RegisterListing).filter(labeler=row.labeler))]
    if not row.fei or not _only_site_with_fei(row, target):
        return []
    return [(model, _free(model).filter(fei=row.fei)) for model in BY_FEI]  # the row itself is linked by now


def _free(model: type[models.Model]) -> models.QuerySet:
    owner = "organisation" if model is RegisterListing else "facility"
    return model._default_manager.filter(**{f"{owner}__isnull": True}, link_refused=False)


def _only_site_with_fei(row: Any, site: Facility) -> bool:
    """Gives the site the row's FEI, by which the next import links; False when other real sites bear it too."""
    same = Identifier.objects.filter(scheme=IdentifierScheme.FEI, value=row.fei)
    if not same.filter(facility=site).exists():
        Identifier.objects.create(
            facility=site,
            scheme=IdentifierScheme.FEI,
            value=row.fei,
            source=row.source,
            source_reference=row.key[:160],
            retrieved_on=row.last_seen_on,
            evidence_level=EvidenceLevel.PUBLIC_REGISTER,
        )
    others = same.filter(facility__isnull=False, facility__organisation__illustrative=False)
    return not others.exclude(facility=site).exists()


def _close_open(actor: User, row: Any, target: Facility | Organisation) -> None:
    """Answer the open suggestions for a row that was linked along with another."""
    note = LINKED_ALONG.format(what="labeler" if isinstance(row, RegisterListing) else "FEI")
    for other in row.suggestions.filter(state=SuggestionState.OPEN):
        right = getattr(other, f"{owner_of(row)}_id") == target.pk
        _decide(actor, other, SuggestionState.ACCEPTED if right else SuggestionState.REJECTED, note)


def _close_others(actor: User, accepted: LinkSuggestion, row: Any, note: str) -> None:
    for other in row.suggestions.filter(state=SuggestionState.OPEN).exclude(pk=accepted.pk):
        _decide(actor, other, SuggestionState.REJECTED, note)


def _decide(actor: User, suggestion: LinkSuggestion, state: SuggestionState, note: str) -> LinkSuggestion:
    suggestion.state, suggestion.decided_by, suggestion.decided_at = state, actor, timezone.now()
    suggestion.decision_note = note
    suggestion.save(update_fields=["state", "decided_by", "decided_at", "decision_note"])
    record(
        actor=actor,
        verb=f"link_suggestion.{state.value}",
        obj=suggestion,
        data={"state": [SuggestionState.OPEN.value, state.value], **({"note": note} if note else {})},
    )
    return suggestion
