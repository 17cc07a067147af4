"""Closed lists of requests for quotation and quotes, with the transitions each status allows, as data."""

from collections.abc import Iterable

from django.db import models


class RfqState(models.TextChoices):
    DRAFT = "draft", "Draft"
    OPEN = "open", "Open for quotes"
    CLOSED = "closed", "Closed"
    AWARDED = "awarded", "Awarded"
    CANCELLED = "cancelled", "Cancelled"


class InvitationState(models.TextChoices):
    INVITED = "invited", "Invited"
    DRAFTING = "drafting", "Working on a quote"
    SUBMITTED = "submitted", "Quote received"
    DECLINED = "declined", "Declined"
    REVOKED = "revoked", "Revoked"


class QuoteState(models.TextChoices):
    DRAFT = "draft", "Draft"
    SUBMITTED = "submitted", "Submitted"
    AWARDED = "awarded", "Awarded"
    NOT_AWARDED = "not_awarded", "Not awarded"
    WITHDRAWN = "withdrawn", "Withdrawn"  # the bidder declined after it had submitted


TRANSITIONS: dict[type[models.TextChoices], dict[str, frozenset[str]]] = {
    RfqState: {
        RfqState.DRAFT: frozenset({RfqState.OPEN, RfqState.CANCELLED}),
        RfqState.OPEN: frozenset({RfqState.CLOSED, RfqState.AWARDED, RfqState.CANCELLED}),
        RfqState.CLOSED: frozenset({RfqState.OPEN, RfqState.AWARDED, RfqState.CANCELLED}),
        RfqState.AWARDED: frozenset(),
        RfqState.CANCELLED: frozenset(),
    },
    InvitationState: {
        InvitationState.INVITED: frozenset(
            {
                InvitationState.DRAFTING,
                InvitationState.SUBMITTED,
                InvitationState.DECLINED,
                InvitationState.REVOKED,
            }
        ),
        InvitationState.DRAFTING: frozenset(
            {InvitationState.SUBMITTED, InvitationState.DECLINED, InvitationState.REVOKED}
        ),
        # revising keeps "submitted": the last revision counts until the next one is sent
        InvitationState.SUBMITTED: frozenset({InvitationState.DECLINED, InvitationState.REVOKED}),
        InvitationState.DECLINED: frozenset({InvitationState.INVITED, InvitationState.REVOKED}),
        # a bidder let in again has still submitted what it had
        InvitationState.REVOKED: frozenset({InvitationState.INVITED, InvitationState.SUBMITTED}),
    },
    QuoteState: {
        QuoteState.DRAFT: frozenset({QuoteState.SUBMITTED}),
        QuoteState.SUBMITTED: frozenset({QuoteState.AWARDED, QuoteState.NOT_AWARDED, QuoteState.WITHDRAWN}),
        QuoteState.WITHDRAWN: frozenset({QuoteState.SUBMITTED}),
        QuoteState.AWARDED: frozenset(),
        QuoteState.NOT_AWARDED: frozenset(),
    },
}


def allowed(kind: type[models.TextChoices], old: str, new: str) -> bool:
    """Whether a status may follow another; staying is always allowed."""
    return old == new or new in TRANSITIONS[kind][old]


class NdaState(models.TextChoices):
    NOT_NEEDED = "not_needed", "No NDA asked for"
    WAITING = "waiting", "NDA waited for"
    ON_FILE = "on_file", "NDA on file"
    ACCEPTED = "accepted", "NDA accepted"
    UPLOADED = "uploaded", "Signed NDA uploaded"


NDA_PASSED = frozenset({NdaState.NOT_NEEDED, NdaState.ON_FILE, NdaState.ACCEPTED, NdaState.UPLOADED})


class EmailKind(models.TextChoices):
    INVITATION = "invitation", "Invitation"
    REMINDER = "reminder", "Reminder"
    EXTENDED = "extended", "Deadline extended"
    AMENDED = "amended", "Request changed"
    ANSWER = "answer", "Answer to a question"
    CLARIFICATION = "clarification", "Clarification asked for"
    RECEIPT = "receipt", "Receipt of a quote"


class EmailState(models.TextChoices):
    QUEUED = "queued", "Waits"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Sent"
    UNCONFIRMED = "unconfirmed", "Perhaps not sent"
    FAILED = "failed", "Not sent"
    DROPPED = "dropped", "No longer wanted"


class MessageKind(models.TextChoices):
    QUESTION = "question", "Question of a partner"  # the answer goes to all
    CLARIFICATION = "clarification", "Clarification asked of a partner"  # stays between the two


class LineState(models.TextChoices):
    """What a bidder says about a line; the empty text is a line nobody has touched."""

    QUOTED = "quoted", "Quoted"
    INCLUDED = "included", "Included in another line"
    EXCLUDED = "excluded", "Excluded: the sponsor does it"
    NOT_QUOTED = "not_quoted", "Not quoted"


class PricingModel(models.TextChoices):
    UNIT = "unit", "Price per unit or batch"
    FIXED = "fixed", "Fixed price"
    FTE = "fte", "FTE (people × rate × months)"
    TIME = "time", "Time and materials (hours × rate, cap)"
    TIERS = "tiers", "Price tiers by yearly volume"
    COST_PLUS = "cost_plus", "Cost-plus"
    MILESTONE = "milestone", "Milestone"
    TAKE_OR_PAY = "take_or_pay", "Take-or-pay / reserved capacity"
    HYBRID = "hybrid", "Hybrid (fixed part and price per unit)"
    SHARE = "share", "Per cent of another line"


class Demand(models.TextChoices):
    """Where a scenario's quantities come from."""

    LOW = "low", "Low demand"
    BASE = "base", "Base demand"
    HIGH = "high", "High demand"
    STOP = "stop", "Base, stopped half way"
    DELAY = "delay", "Base, delayed"


class Basis(models.TextChoices):
    LUMP = "lump", "lump sum"
    BATCH = "batch", "per batch"
    UNIT = "unit", "per unit"
    HOUR = "hour", "per hour"
    FTE_MONTH = "fte_month", "per FTE-month"
    MONTH = "month", "per month"
    TEST = "test", "per test"
    PULL = "pull", "per pull"
    SHARE = "share", "% of another line"
    YEAR = "year", "per year"
    SITE = "site", "per site"
    PATIENT = "patient", "per patient"
    VISIT = "visit", "per visit"


class Treatment(models.TextChoices):
    FIXED = "fixed", "Fixed"
    VARIABLE = "variable", "Variable"
    PASS_THROUGH = "pass_through", "Pass-through"
    CONTINGENT = "contingent", "Contingent"


def free_name(wanted: str, taken: Iterable[str]) -> str:
    """The name, with a number behind it when it is taken."""
    taken, number, free = set(taken), 1, wanted
    while free in taken:
        number += 1
        free = f"{wanted}_{number}"
    return free
