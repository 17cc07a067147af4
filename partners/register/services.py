"""Suggesting that a row of a register belongs to a catalogue site (a listing: to a partner), and deciding on it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, models, transaction
from django.utils import timezone

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from cmo_selector.db import constraint_of
from partners.enums import ActionListing, IdentifierScheme, SuggestionState
from partners.history.services import HistoryError, collecting
from partners.importers.evidence import lock_evidence, refresh_evidence
from partners.importers.linking import (
    REGISTERS_OF,
    give_numbers,
    only_site_with_fei,
    posted_letters_of,
    take_back,
)
from partners.models import (
    Facility,
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
ASKED_AGAIN = "The same link was suggested again and waits for an answer. Decide on that suggestion."

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

    Accepting links the row; other open suggestions for it are rejected. Rows that state the same FEI, letters of the
    same case and, for a listing, rows of the same labeler are linked with it when they belong to nobody yet, unless
    a curator unlinked them before. `undo_suggestion` takes all of it back.
    """
    lock_evidence()
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
    with collecting(actor=actor, why=f"Accepted suggested link {current.pk}") as numbers:
        touched = _link(actor, row, owner, target, current)
    current.changes = numbers
    for model in touched:
        for register in REGISTERS_OF[model]:
            refresh_evidence(register=register, owners=[target.pk])
    _close_others(actor, current, row, OTHER_ACCEPTED)
    along = sum(touched.values()) - 1
    return Linked(_decide(actor, current, SuggestionState.ACCEPTED, note), along)


@transaction.atomic
def undo_suggestion(*, actor: User, suggestion: LinkSuggestion) -> int:
    """Take a decision back: the suggestion waits again, and so do those that were answered along with it.

    What accepting wrote is undone: the links of the row and of those linked with it, their facts, and the site's new
    numbers. Returns how many rows are unlinked. Raises SuggestionError.
    """
    lock_evidence()
    current = LinkSuggestion.objects.select_for_update(of=("self",)).get(pk=suggestion.pk)
    if current.state == SuggestionState.OPEN:
        raise SuggestionError(f"“{current}” is open: there is nothing to undo.")
    if current.closed_by_id:
        raise SuggestionError(f"“{current}” was answered along with another one: undo “{current.closed_by}”.")
    if current.state == SuggestionState.ACCEPTED and not current.changes:
        raise SuggestionError(
            f"What accepting “{current}” changed was not recorded: unlink the row in its list."
        )
    try:
        rows = take_back(actor=actor, numbers=current.changes, why=f"Undoes suggested link {current.pk}")
    except HistoryError as error:
        raise SuggestionError(f"It cannot be undone: {error}") from error
    for one in (current, *current.closed.select_for_update(of=("self",)).order_by("pk")):
        _reopen(actor, one)
    return rows


def _reopen(actor: User, suggestion: LinkSuggestion) -> None:
    was = suggestion.state
    suggestion.state, suggestion.decided_by, suggestion.decided_at = SuggestionState.OPEN, None, None
    suggestion.decision_note, suggestion.changes, suggestion.closed_by = "", [], None
    try:
        with transaction.atomic():
            suggestion.save()
    except IntegrityError as error:
        found = constraint_of(error)
        if found and found[1].name == "link_suggestion_open_once":
            raise SuggestionError(ASKED_AGAIN) from error
        raise
    record(
        actor=actor,
        verb="link_suggestion.undone",
        obj=suggestion,
        data={"state": [was, SuggestionState.OPEN.value]},
    )


def _link(
    actor: User, row: Any, owner: str, target: Facility | Organisation, suggestion: LinkSuggestion
) -> dict[type[models.Model], int]:
    """Link a row and those alike. Returns how many rows of each register that were."""
    why = {"suggestion": suggestion.pk}
    before = getattr(row, f"{owner}_id")
    type(row)._default_manager.filter(pk=row.pk).update(**{owner: target}, **_not_refused(row))
    record(actor=actor, verb=_verb(row), obj=row, data={owner: [before, target.pk], **why})
    touched: dict[type[models.Model], int] = {type(row): 1}
    for model, alike in _alike(row, target):
        found = list(alike.select_for_update(no_key=True, of=("self",)).order_by("pk"))
        model._default_manager.filter(pk__in=[other.pk for other in found]).update(**{owner: target})
        for other in found:
            record(actor=actor, verb=_verb(other), obj=other, data={owner: [None, target.pk], **why})
            _close_open(actor, other, target, suggestion)
        if found:
            touched[model] = touched.get(model, 0) + len(found)
    return touched


def _verb(row: models.Model) -> str:
    return "registerestablishment.linked" if isinstance(row, RegisterEstablishment) else "register_row.linked"


def _not_refused(row: Any) -> dict[str, bool]:
    """A curator who links a row takes back an earlier unlinking."""
    return {} if isinstance(row, RegisterEstablishment) else {"link_refused": False}


def _alike(row: Any, target: Facility | Organisation) -> Iterator[tuple[type[models.Model], models.QuerySet]]:
    """Rows that must belong where this one does: of the same labeler, or of the same FEI or case. The row itself is
    linked by now; each set is asked for after the one before it was linked."""
    if isinstance(row, RegisterListing):
        yield RegisterListing, _free(RegisterListing).filter(labeler=row.labeler)
        return
    if bearing := _bears_fei(row):
        give_numbers(target, bearing)
        if only_site_with_fei(bearing.fei, target):
            for model in BY_FEI:
                yield model, _free(model).filter(fei=bearing.fei)
            # a site that has a D-U-N-S number is no other establishment
            if not target.identifiers.filter(scheme=IdentifierScheme.DUNS).exists():
                yield RegisterEstablishment, _free(RegisterEstablishment).filter(fei=bearing.fei)
    yield RegisterAction, posted_letters_of(target)


def _bears_fei(row: Any) -> Any | None:
    """The row, or for a letter as posted the row of its case in a list with FEI numbers; None without an FEI."""
    if row.fei or not isinstance(row, RegisterAction) or not row.case_id:
        return row if row.fei else None
    of_case = RegisterAction.objects.filter(
        case_id=row.case_id, kind=row.kind, issued_on=row.issued_on, left_on=None
    ).exclude(listing=ActionListing.POSTED_LETTERS)
    numbers = {other.fei for other in of_case}
    return of_case.order_by("pk").first() if len(numbers) == 1 and "" not in numbers else None


def _free(model: type[models.Model]) -> models.QuerySet:
    owner = "organisation" if model is RegisterListing else "facility"
    refused = {} if model is RegisterEstablishment else {"link_refused": False}
    return model._default_manager.filter(**{f"{owner}__isnull": True}, **refused)


def _close_open(actor: User, row: Any, target: Facility | Organisation, by: LinkSuggestion) -> None:
    """Answer the open suggestions for a row that was linked along with another."""
    what = "labeler" if isinstance(row, RegisterListing) else "FEI or case"
    for other in row.suggestions.filter(state=SuggestionState.OPEN):
        right = getattr(other, f"{owner_of(row)}_id") == target.pk
        other.closed_by = by
        state = SuggestionState.ACCEPTED if right else SuggestionState.REJECTED
        _decide(actor, other, state, LINKED_ALONG.format(what=what))


def _close_others(actor: User, accepted: LinkSuggestion, row: Any, note: str) -> None:
    for other in row.suggestions.filter(state=SuggestionState.OPEN).exclude(pk=accepted.pk):
        other.closed_by = accepted
        _decide(actor, other, SuggestionState.REJECTED, note)


def _decide(actor: User, suggestion: LinkSuggestion, state: SuggestionState, note: str) -> LinkSuggestion:
    suggestion.state, suggestion.decided_by, suggestion.decided_at = state, actor, timezone.now()
    suggestion.decision_note = note
    suggestion.save()
    record(
        actor=actor,
        verb=f"link_suggestion.{state.value}",
        obj=suggestion,
        data={"state": [SuggestionState.OPEN.value, state.value], **({"note": note} if note else {})},
    )
    return suggestion
