"""How a report is printed: paper, appendices, for whom. It never changes a figure, so it is no part of the snapshot."""

from __future__ import annotations

from dataclasses import dataclass

from quotes.enums import Appendix, Paper

EVERYTHING: tuple[str, ...] = tuple(Appendix.values)


@dataclass(frozen=True)
class ReportOptions:
    """`appendices` in the order of `Appendix`, whatever order they were asked for in; `recipient` may be empty."""

    paper: str = Paper.A4
    appendices: tuple[str, ...] = EVERYTHING
    recipient: str = ""

    def __post_init__(self) -> None:
        if self.paper not in Paper.values or set(self.appendices) - set(EVERYTHING):
            raise ValueError(f"Unknown paper or appendix: {self.paper}, {', '.join(self.appendices)}")
        in_order = tuple(name for name in EVERYTHING if name in self.appendices)
        object.__setattr__(self, "appendices", in_order)
