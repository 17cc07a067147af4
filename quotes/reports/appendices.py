"""Which appendices a document has, and their letters. One without content is left out, and no letter is skipped."""

from __future__ import annotations

from collections.abc import Mapping
from string import ascii_uppercase
from typing import Any

from quotes.enums import Appendix

from .ahead_words import something_ahead
from .options import ReportOptions


def chosen(
    options: ReportOptions,
    s: Mapping[str, Any],
    *,
    partners: list[Any],
    questions: list[Any],
    why: list[Any],
    team: Any,
) -> list[dict[str, str]]:
    """Code, letter, title and anchor of each appendix that was asked for and has something to say."""
    has_content = {
        Appendix.QUOTES: bool(s.get("costs")),
        Appendix.WHY: bool(why),
        Appendix.EVALUATION: team is not None,
        Appendix.FIT: bool(partners or s["ranked"]),
        Appendix.AHEAD: something_ahead(s),
        Appendix.EXCLUDED: bool(s["knocked_out"] or s["insufficient"]),
        Appendix.QUESTIONS: bool(questions),
        Appendix.SITES: bool(s["sites"]),
        Appendix.PARTNERS: bool(partners),
        Appendix.METHOD: True,
    }
    codes = [Appendix(code) for code in options.appendices if has_content[Appendix(code)]]
    return [
        {"code": code.value, "letter": letter, "title": code.label, "template": TEMPLATES[code]}
        for letter, code in zip(ascii_uppercase, codes, strict=False)
    ]


TEMPLATES = {code: f"quotes/reports/pdf/{code.value}.html" for code in Appendix}
