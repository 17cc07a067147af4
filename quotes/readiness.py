"""How ready an RFQ is to be sent: what a CDMO would ask back, each point with its weight and where to mend it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone

from quotes.models import Rfq, ScopeLine
from quotes.rfq_templates import KEY_SECTIONS, SECTIONS

ENOUGH_WORDS = 12  # a section shorter than this will be asked about
MANY_LINES_WITHOUT_DELIVERABLE = 3


@dataclass(frozen=True)
class Point:
    """One point: `ask` is what a partner would ask back while it is open; `blocks` stops sending."""

    ask: str
    step: str
    weight: int
    done: bool
    blocks: bool = False


@dataclass(frozen=True)
class Readiness:
    points: tuple[Point, ...]

    @property
    def score(self) -> int:
        """Per cent of the weight that is done."""
        total = sum(point.weight for point in self.points)
        return round(100 * sum(point.weight for point in self.points if point.done) / total)

    @property
    def open(self) -> list[Point]:
        """Open points: what stops sending first, then the heaviest."""
        return sorted((p for p in self.points if not p.done), key=lambda p: (not p.blocks, -p.weight))

    @property
    def blocked(self) -> list[Point]:
        return [point for point in self.open if point.blocks]


def readiness(rfq: Rfq, lines: Sequence[ScopeLine], enclosed: Collection[str] = ()) -> Readiness:
    """The checks, without queries beyond the project that came with the RFQ.

    `enclosed` are the documents that files are there for.
    """
    points = [
        Point("What exactly is in scope? There is no line to price.", "scope", 12, bool(lines), blocks=True),
        Point(
            "How much, and when? No demand driver has a base quantity.",
            "demand",
            12,
            _has_demand(rfq, "base") or not rfq.drivers,
            blocks=True,
        ),
        Point(
            "By when, and how should we answer? There is no deadline in the future.",
            "terms",
            8,
            rfq.deadline is not None and rfq.deadline > timezone.now(),
            blocks=True,
        ),
        Point(
            "How firm is the demand? Low and high cases are not stated.",
            "demand",
            7,
            _has_demand(rfq, "low") and _has_demand(rfq, "high"),
        ),
        Point(
            "Some lines have no quantity: we could only quote rates for them.",
            "scope",
            8,
            bool(lines) and not _without_quantity(rfq, lines),
        ),
        Point(
            "What do you expect to receive? Deliverables are not described.",
            "scope",
            4,
            sum(not line.deliverable for line in lines) < MANY_LINES_WITHOUT_DELIVERABLE,
        ),
        *_section_points(rfq),
        Point("When do you need it? There are no milestones.", "demand", 6, bool(rfq.milestones.strip())),
        Point("Which documents do you expect from us? None are listed.", "questions", 3, bool(rfq.documents)),
        Point(
            _enclosure_words(rfq, enclosed),
            "files",
            4,
            bool(rfq.enclosures) and not _not_enclosed(rfq, enclosed),
        ),
        Point(
            "How will you decide? The criteria and their weights are not stated or do not sum to 100.",
            "questions",
            5,
            sum(Decimal(str(c["weight"])) for c in rfq.criteria) == 100,
        ),
        Point(
            "Which assumptions may we make? The two standard questions are missing.",
            "questions",
            4,
            any("assumption" in q["text"].lower() for q in rfq.questions),
        ),
        Point(
            "Which product is it? Modality or dosage form of the project is unknown.",
            "project",
            4,
            bool(rfq.project.modality_id or rfq.project.dosage_form_id),
        ),
    ]
    if rfq.nda_required:
        points.append(
            Point(
                "Which confidentiality terms? There is no NDA text.",
                "terms",
                5,
                bool(rfq.nda_text.strip()),
                True,
            )
        )
    return Readiness(tuple(points))


def _section_points(rfq: Rfq) -> Iterable[Point]:
    titles = {key: title for key, title, _ in SECTIONS}
    weights = {"process": 7, "safety": 6, "background": 5}
    for key in KEY_SECTIONS:
        words = len(rfq.sections.get(key, "").split())
        ask = f"{titles[key]}: " + (
            "nothing is said." if not words else "only a few words; we would ask for more."
        )
        yield Point(ask, "brief", weights.get(key, 4), words >= ENOUGH_WORDS)


def _not_enclosed(rfq: Rfq, enclosed: Collection[str]) -> list[str]:
    return [name for name in rfq.enclosures if name not in enclosed]


def _enclosure_words(rfq: Rfq, enclosed: Collection[str]) -> str:
    if not rfq.enclosures:
        return "Which documents do we get? None are listed."
    missing = _not_enclosed(rfq, enclosed)
    return f"Where is: {', '.join(missing[:3])}{' …' if len(missing) > 3 else ''}? No file is enclosed."


def _has_demand(rfq: Rfq, kind: str) -> bool:
    return any(Decimal(n) > 0 for driver in rfq.drivers for n in driver.get(kind) or [])


def _without_quantity(rfq: Rfq, lines: Sequence[ScopeLine]) -> list[ScopeLine]:
    names = {driver["name"] for driver in rfq.drivers}
    return [
        line
        for line in lines
        if not (line.driver in names if line.driver else any(Decimal(q) > 0 for q in line.quantities))
    ]
