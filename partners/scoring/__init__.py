"""The scoring engine: must-have screening, ten criteria on fixed value functions, honest intervals, ranking.

Pure Python and NumPy, importable without Django. Facts and briefs come in as `types`; the way through is
`assess` (facts → assessments, once) and `rank_assessed` (assessments × weights → ranking, as often as wanted).
"""

from .rank import assess, rank, rank_assessed
from .weights import check_weights, criteria_labels, default_weights, normalise

__all__ = [
    "assess",
    "check_weights",
    "criteria_labels",
    "default_weights",
    "normalise",
    "rank",
    "rank_assessed",
]
