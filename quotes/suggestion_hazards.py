"""Which special facility or registration a product calls for, by its modality or by a word in its description."""

from __future__ import annotations

import re

from partners.scoring.schedules import SCHEDULES, schedules_of
from quotes.models import Project

#: modality code → what its facility is kept apart for
HAZARD_OF: dict[str, str] = {
    "hpapi": "cytotoxic",
    "adc": "cytotoxic",
    "radiopharmaceutical": "radioactive",
    "adenovirus-oncolytic": "live_virus",
    "vaccine-live-viral": "live_virus",
}
#: what its facility is kept apart for → words of a description that name it
HAZARD_WORDS: dict[str, str] = {
    "beta_lactam": r"\b(?:beta[ -]?lactams?|penicillins?|cephalosporins?|carbapenems?|\w+cillin|cef\w{4,})\b",
    "hormone": r"\b(?:sex hormones?|hormonal|estradiol|testosterone|progest\w+)\b",
    "cytotoxic": r"\b(?:cytotoxic|cytostatic|antineoplastic)\w*\b",
    "spore_former": r"\b(?:botulinum|clostridi\w+|spore[ -]form\w+)\b",
    "radioactive": r"\b(?:radioactive|radiolabel\w+|radioligand\w*)\b",
}
CONTROLLED = r"\b(?:controlled substance|narcotic|opioid|cannabi\w+|psilocybin|ketamine|amphetamine)s?\b"
SCHEDULED = r"\b(?:[Ss]chedules? (?:I{1,3}|IV|V)|C-?(?:II|III|IV|V))\b"


def words_about(project: Project) -> str:
    """What the project says of its product."""
    return " ".join((project.product, project.indication, project.description, project.volumes))


def hazard_of(project: Project, modality: str) -> tuple[str, str] | None:
    """What the facility must be kept apart for, and why; None when nothing says so."""
    text = words_about(project)
    for hazard, pattern in HAZARD_WORDS.items():
        if found := re.search(pattern, text, re.IGNORECASE):
            return (
                hazard,
                f"The brief says “{found.group()}”: such material is made in a facility of its own.",
            )
    if modality in HAZARD_OF:
        return HAZARD_OF[
            modality
        ], "This modality contaminates others at traces: a facility of its own is usual."
    return None


def schedule_of(project: Project) -> str:
    """The strictest schedule that the brief names, "" for none."""
    text = words_about(project)
    named = schedules_of(text) if re.search(SCHEDULED, text) else frozenset()
    return next((schedule for schedule in SCHEDULES if schedule in named), "")


def controlled(project: Project) -> str:
    """The word by which the brief says that the substance is controlled, "" for none."""
    found = re.search(CONTROLLED, words_about(project), re.IGNORECASE)
    return found.group() if found else ""
