"""Suggesting that a register establishment is a catalogue site, and deciding on it."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from partners.enums import RegisterKind, SuggestionState
from partners.importers.evidence import refresh_evidence
from partners.models import Facility, LinkSuggestion, RegisterEstablishment

MOST_OPEN = 50  # suggestions of one person that may wait at a time
OTHER_ACCEPTED = "Another suggestion for this establishment was accepted."


class SuggestionError(ValueError):
    """A suggestion or decision that cannot be; `field` names the form field, the message says why."""

    def __init__(self, message: str, field: str | None = None):
        super().__init__(message)
        self.field = field


def _lock(establishment_id: int) -> RegisterEstablishment:
    rows = RegisterEstablishment.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("facility__organisation").get(pk=establishment_id)


@transaction.atomic
def suggest_link(
    *, actor: User, establishment: RegisterEstablishment, facility: Facility, reason: str
) -> LinkSuggestion:
    """Keep a suggestion for the curators. Raises SuggestionError."""
    row = _lock(establishment.pk)
    if row.facility_id:
        raise SuggestionError("This establishment has been linked to a catalogue site in the meantime.")
    if not facility.active or not facility.organisation.active or facility.organisation.illustrative:
        raise SuggestionError("Choose a site of a real company that the catalogue offers.", "facility")
    if not reason.strip():
        raise SuggestionError("Say why the two are the same place.", "reason")
    waiting = LinkSuggestion.objects.filter(proposed_by=actor, state=SuggestionState.OPEN).count()
    if waiting >= MOST_OPEN:
        raise SuggestionError(
            f"{waiting} of your suggestions still wait for a curator. Please wait for those."
        )
    try:
        with transaction.atomic():
            suggestion = LinkSuggestion.objects.create(
                establishment=row,
                facility=facility,
                proposed_by=actor,
                proposer_name=str(actor)[:200],
                reason=reason.strip(),
            )
    except IntegrityError as error:
        if (
            getattr(getattr(error.__cause__, "diag", None), "constraint_name", "")
            == "link_suggestion_open_once"
        ):
            raise SuggestionError(
                "This site is already suggested and waits for a curator.", "facility"
            ) from error
        raise
    record(
        actor=actor,
        verb="link_suggestion.made",
        obj=suggestion,
        data={"duns": row.duns, "facility": facility.pk, "reason": suggestion.reason},
    )
    return suggestion


@transaction.atomic
def decide_suggestion(
    *, actor: User, suggestion: LinkSuggestion, accept: bool, note: str = ""
) -> LinkSuggestion:
    """Accept (the establishment is linked, other open suggestions for it are rejected) or reject.

    Raises SuggestionError when it is decided already, or cannot be accepted any more.
    """
    row = _lock(suggestion.establishment_id)
    current = LinkSuggestion.objects.select_related("facility__organisation").get(pk=suggestion.pk)
    if current.state != SuggestionState.OPEN:
        raise SuggestionError(f"“{current}” was already {current.get_state_display().lower()}.")
    if not accept:
        return _decide(actor, current, SuggestionState.REJECTED, note)
    if row.facility_id and row.facility_id != current.facility_id:
        raise SuggestionError(f"“{row}” is linked to another site already: {row.facility}.")
    if not current.facility.active or current.facility.organisation.illustrative:
        raise SuggestionError(f"“{current.facility}” is not a site that may be linked.")
    RegisterEstablishment.objects.filter(pk=row.pk).update(facility=current.facility)
    record(
        actor=actor,
        verb="registerestablishment.linked",
        obj=row,
        data={"facility": [row.facility_id, current.facility_id], "suggestion": current.pk},
    )
    refresh_evidence(register=RegisterKind.DRLS, owners=[current.facility_id])
    for other in row.suggestions.filter(state=SuggestionState.OPEN).exclude(pk=current.pk):
        _decide(actor, other, SuggestionState.REJECTED, OTHER_ACCEPTED)
    return _decide(actor, current, SuggestionState.ACCEPTED, note)


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
