"""How a report is printed: kind, paper, appendices, for whom. It changes no figure; no snapshot holds it."""

from __future__ import annotations

from dataclasses import dataclass

from quotes.enums import Appendix, Paper, ReportKind

EVERYTHING: tuple[str, ...] = tuple(Appendix.values)
#: what may follow each kind; a choice that a kind does not have is dropped
APPENDICES: dict[str, tuple[str, ...]] = {
    ReportKind.DECISION: EVERYTHING,
    ReportKind.COMPARISON: (
        Appendix.QUOTES,
        Appendix.WHY,
        Appendix.EVALUATION,
        Appendix.FIT,
        Appendix.AHEAD,
        Appendix.QUESTIONS,
        Appendix.SITES,
        Appendix.METHOD,
    ),
    ReportKind.DOSSIER: (),
    ReportKind.PACKAGE: (),
    ReportKind.QUOTES: (),
    ReportKind.MEMO: (),
    ReportKind.RECORD: EVERYTHING,
}


@dataclass(frozen=True)
class ReportOptions:
    """`appendices` in the order of `Appendix`, whatever order they were asked for in; `recipient` may be empty.

    `partner` is the id of the partner a dossier is about, and None for every other kind.
    """

    kind: str = ReportKind.DECISION
    paper: str = Paper.A4
    appendices: tuple[str, ...] = EVERYTHING
    recipient: str = ""
    partner: int | None = None

    def __post_init__(self) -> None:
        known = self.kind in ReportKind.values and self.paper in Paper.values
        if not known or set(self.appendices) - set(EVERYTHING):
            raise ValueError(f"Unknown kind, paper or appendix: {self.kind}, {self.paper}, {self.appendices}")
        if (self.partner is None) is (self.kind == ReportKind.DOSSIER):
            raise ValueError("A dossier is about one partner, and nothing else is.")
        in_order = tuple(name for name in APPENDICES[self.kind] if name in self.appendices)
        object.__setattr__(self, "appendices", in_order)
