"""The scoring engine: must-have screening, ten criteria on fixed value functions, honest intervals, ranking.

Pure Python and NumPy, importable without Django. Facts and briefs come in as `types`; the way through is
`assess` (facts → assessments, once) and `rank_assessed` (assessments × weights → ranking, at will).
"""

from .asking import decisive_questions
from .criteria import LAYOUTS, criterion_of
from .explain import compare, group_summary, questions, separation, shown, summary
from .knockouts import default_rules
from .rank import assess, rank, rank_assessed
from .robustness import robustness
from .types import ENGINE_VERSION
from .weights import check_weights, criteria_labels, default_weights, normalise

__all__ = [
    "ENGINE_VERSION",
    "LAYOUTS",
    "assess",
    "check_weights",
    "compare",
    "criteria_labels",
    "criterion_of",
    "decisive_questions",
    "default_rules",
    "default_weights",
    "group_summary",
    "normalise",
    "questions",
    "rank",
    "rank_assessed",
    "robustness",
    "separation",
    "shown",
    "summary",
]
