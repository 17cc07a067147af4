"""The outsourcing-readiness questionnaire: is it settled enough to ask contract partners, and what to settle first.

Questions, weights and limits are this product's own defaults, and the page says so. An unanswered question is unknown:
it opens the interval between its best and its worst answer and is never counted as no.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ANSWERS = (("yes", "Yes"), ("partly", "Partly"), ("no", "No"), ("", "Unknown"))
VALUE = {"yes": 1.0, "partly": 0.5, "no": 0.0}
READY, HALF = 75, 50  # per cent


@dataclass(frozen=True)
class Question:
    """`stops`: a partner cannot quote without it, whatever else is settled. `first` is what to do about a no."""

    code: str
    group: str
    text: str
    first: str
    weight: int = 2
    stops: bool = False


WHY, WHAT, MUCH, QUALITY, TEAM = (
    "Why outsource",
    "Product and process",
    "Demand, time and money",
    "Quality and regulation",
    "People and contract",
)
QUESTIONS: tuple[Question, ...] = (
    Question(
        "capability",
        WHY,
        "Do people, equipment or licences for this work lack in-house, or would building them take too long?",
        "Compare with an own plant first: the make-or-buy tool.",
        3,
    ),
    Question(
        "core",
        WHY,
        "Is the work outside what the company has to be best at itself?",
        "Decide what stays in-house; a hybrid, such as own testing, is an answer too.",
    ),
    Question(
        "knowledge",
        WHY,
        "Is it settled how knowledge stays with you: reports, banks, methods, the right to transfer out?",
        "Write ownership and transfer out into the terms before anybody quotes.",
    ),
    Question(
        "process",
        WHAT,
        "Is the process described well enough to be handed over: steps, yields, scale run, what is critical?",
        "Write the process description; without it partners price their own idea of it.",
        3,
        stops=True,
    ),
    Question(
        "methods",
        WHAT,
        "Are the analytical methods listed with their status?",
        "List methods as developed, qualified or validated: testing and transfer are often under-quoted.",
    ),
    Question(
        "safety",
        WHAT,
        "Are hazards known: SDS, OEL or band, biosafety level, schedule?",
        "Have the compound categorised; partners cannot bid accurately on potent compounds without it.",
        2,
        stops=True,
    ),
    Question(
        "materials",
        WHAT,
        "Is it clear who buys, owns and qualifies which material?",
        "List materials with the party that supplies each.",
    ),
    Question(
        "demand",
        MUCH,
        "Are quantities stated per year, low, base and high?",
        "State demand as ranges; prices depend on volume, and a single figure hides it.",
        3,
        stops=True,
    ),
    Question(
        "dates",
        MUCH,
        "Are the dates fixed that a partner must meet, with months left for selection and transfer?",
        "Plan back from the date of need: selection, contract, slot and transfer come before the first batch.",
    ),
    Question(
        "budget",
        MUCH,
        "Is there a budget for the whole programme: transfer, testing, stability, storage, change orders?",
        "Budget the programme and not the batch price; what is not in the headline comes on top.",
    ),
    Question(
        "markets",
        QUALITY,
        "Are markets and the authorities' expectations known?",
        "Name the markets: they decide certificates and inspections that are musts.",
    ),
    Question(
        "oversight",
        QUALITY,
        "Is there somebody to audit, release and answer for quality on your side?",
        "Name the responsible person, or buy the audit and QP service.",
        3,
    ),
    Question(
        "agreement",
        QUALITY,
        "Is there a draft of the quality agreement?",
        "Draft who does what under GMP before the award.",
        1,
    ),
    Question(
        "owner",
        TEAM,
        "Is there a project owner with time and authority to decide?",
        "Name one; partners put sponsors without a decider last.",
        3,
        stops=True,
    ),
    Question(
        "criteria",
        TEAM,
        "Are criteria and weights agreed before the first offer is opened?",
        "Fix the weights in the project; weights set after scores decide nothing.",
    ),
    Question(
        "legal",
        TEAM,
        "Are NDA, intellectual property and the terms you would not negotiate settled?",
        "Settle the NDA text and a redline list; both go out with the request.",
    ),
    Question(
        "exit",
        TEAM,
        "Is there a plan for a second source or a way out?",
        "Ask for transfer-out terms now; a change later takes a year or more.",
        1,
    ),
)


def span_words(low: float, high: float) -> str:
    return f"{low:.0f}" if low == high else f"{low:.0f} to {high:.0f}"


@dataclass(frozen=True)
class GroupScore:
    name: str
    low: float
    high: float

    @property
    def middle(self) -> float:
        return (self.low + self.high) / 2

    @property
    def span(self) -> str:
        return span_words(self.low, self.high)


@dataclass(frozen=True)
class Verdict:
    """Per cent of the weight that is settled; between `low` and `high` because of what is unknown."""

    title: str
    why: str
    low: float
    high: float
    groups: tuple[GroupScore, ...]
    first: tuple[Question, ...]
    unknown: int

    @property
    def span(self) -> str:
        return span_words(self.low, self.high)


def judge(answers: Mapping[str, str]) -> Verdict:
    """The verdict. An answer that is not yes, partly or no counts as unknown."""
    low, high = _score(QUESTIONS, answers)
    names = list(dict.fromkeys(q.group for q in QUESTIONS))
    groups = tuple(
        GroupScore(name, *_score([q for q in QUESTIONS if q.group == name], answers)) for name in names
    )
    title, why = _verdict(answers, low, high)
    open_ones = [q for q in QUESTIONS if answers.get(q.code, "") != "yes"]
    first = sorted(
        open_ones, key=lambda q: (not q.stops, -q.weight, VALUE.get(answers.get(q.code, ""), 0.25))
    )
    unknown = sum(answers.get(q.code, "") not in VALUE for q in QUESTIONS)
    return Verdict(title, why, low, high, groups, tuple(first), unknown)


def _score(questions, answers: Mapping[str, str]) -> tuple[float, float]:
    total = sum(q.weight for q in questions)
    low = sum(q.weight * VALUE.get(answers.get(q.code, ""), 0.0) for q in questions)
    high = sum(q.weight * VALUE.get(answers.get(q.code, ""), 1.0) for q in questions)
    return round(100 * low / total, 1), round(100 * high / total, 1)


def _verdict(answers: Mapping[str, str], low: float, high: float) -> tuple[str, str]:
    why_low, why_high = _score([q for q in QUESTIONS if q.group == WHY], answers)
    if why_high < HALF:
        return "Think again", "Little speaks for outsourcing. Compare with making it yourself first."
    refused = [q for q in QUESTIONS if q.stops and answers.get(q.code) == "no"]
    if refused:
        return "Not yet", "A partner cannot quote without it: " + " ".join(q.first for q in refused)
    open_stops = [q for q in QUESTIONS if q.stops and answers.get(q.code) != "yes"]
    if low >= READY and not open_stops and why_low >= HALF:
        return "Ready for an RFQ", f"At least {READY} % is settled, and nothing that stops a quote is open."
    if high < HALF:
        return "Not yet", f"Even with every unknown answered well, less than {HALF} % is settled."
    return (
        "Ready to talk, not to buy",
        "Enough for first talks (RFI). Settle the open points before asking for prices.",
    )


RULE = (
    f"Ready for an RFQ: at least {READY} % of the weight is settled, none of the questions marked “stops a quote” is "
    f"open, and at least {HALF} % speaks for outsourcing. Not yet: one of those is answered no, or less than "
    f"{HALF} % can be reached. Think again: less than half of the reasons hold. Otherwise: ready to talk. Weights and "
    "limits are this product's own defaults."
)
