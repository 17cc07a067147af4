"""Who may do what: the one table. Views ask `may(role, action)`; templates get the same answer."""

from enum import StrEnum

CURATOR_GROUP = "Curators"


class Role(StrEnum):
    OWNER = "owner"
    MANAGER = "manager"
    EVALUATOR = "evaluator"
    VIEWER = "viewer"

    @classmethod
    def choices(cls) -> list[tuple[str, str]]:
        return [(r.value, r.value.capitalize()) for r in cls]


class Action(StrEnum):
    VIEW = "view"  # read projects, rankings, shortlists, finished reports of the sponsor
    COMMENT = "comment"  # comment on shortlisted partners
    EDIT_PROJECT = "edit_project"  # create and change projects, needs and weights
    EDIT_SHORTLIST = "edit_shortlist"  # add, order, remove, change status
    NOTE_PARTNERS = "note_partners"  # the sponsor's own notes, tags, flags and agreements on a partner
    EDIT_RFQ = "edit_rfq"  # prepare, send and close requests for quotation, answer questions, enter quotes
    AWARD = "award"  # decide for a quote
    REQUEST_REPORT = "request_report"  # create, cancel and retry reports
    SHARE_REPORT = "share_report"  # open a finished report to a person without an account, and close it again
    SEE_PRICES = "see_prices"  # prices, quotes, terms and every sentence about them; scores are seen by all
    EVALUATE = "evaluate"  # score shortlisted partners in a group evaluation
    UNLOCK_EVALUATION = (
        "unlock_evaluation"  # let criteria change or scoring go on although people have responded
    )
    OVERRIDE_MUST = "override_must"  # let a partner pass a failed must-have, with a reason
    MANAGE_MEMBERS = "manage_members"
    EDIT_BRAND = "edit_brand"  # logo and accent colour of the sponsor's reports


ALLOWED: dict[Role, frozenset[Action]] = {
    Role.OWNER: frozenset(Action),
    Role.MANAGER: frozenset(Action) - {Action.MANAGE_MEMBERS, Action.EDIT_BRAND},
    Role.EVALUATOR: frozenset({Action.VIEW, Action.COMMENT, Action.EVALUATE}),
    Role.VIEWER: frozenset({Action.VIEW, Action.SEE_PRICES}),
}


def roles_that_may(action: Action) -> list[str]:
    """The roles that allow an action."""
    return [role.value for role, actions in ALLOWED.items() if action in actions]


def may(role: str | Role | None, action: Action) -> bool:
    """Whether a role allows an action; no role allows nothing."""
    return role is not None and action in ALLOWED[Role(role)]
