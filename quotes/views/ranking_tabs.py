"""The deeper looks at a ranking: how firm it is, benefit against cost."""

from django.http import HttpRequest, HttpResponse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from cmo_selector.accounts.roles import Action
from quotes.access import sponsor_action
from quotes.crosscheck import METHODS, cross_check
from quotes.robustness import DRAWS, firmness_of
from quotes.robustness_page import (
    SPACE_LABELS,
    VERDICTS,
    assumption,
    flip_rows,
    heat_ranks,
    heat_rows,
    help_text,
    nearest_flip,
    verdict_sentence,
)
from quotes.value_page import value_page
from quotes.views.ranking_frame import Frame, open_frame, show_frame


@require_safe
@sponsor_action(Action.VIEW)
def robustness(request: HttpRequest, project_id: int) -> HttpResponse:
    """Rank acceptability, weight stability and the cross-check of the ranked group."""
    frame = open_frame(request, project_id, "robustness")
    if frame.ranking is None:
        return show_frame(request, frame)
    firm = firmness_of(frame.ranking, space=frame.space, draws=frame.draws, confidence=frame.draws == DRAWS)
    label, tone = VERDICTS[firm.verdict]
    return show_frame(
        request,
        frame,
        firm=firm,
        headline=verdict_sentence(firm),
        label=label,
        tone=tone,
        help=help_text(),
        assumption=assumption(firm),
        spaces=_spaces(request, frame),
        ranks=heat_ranks(firm),
        rows=heat_rows(firm, frame.ranking.weights, frame.labels),
        nearest=nearest_flip(firm, frame.labels),
        flips=flip_rows(firm, frame.labels),
        check=cross_check(frame.ranking),
        methods=METHODS,
    )


def _spaces(request: HttpRequest, frame: Frame) -> list[dict]:
    """Links to the ways of varying weights, everything else in the address kept."""
    query = {key: value for key, value in request.GET.items() if key != "space"}
    return [
        {"label": label, "url": f"?{urlencode({**query, 'space': key})}", "current": key == frame.space}
        for key, label in SPACE_LABELS.items()
    ]


@require_safe
@sponsor_action(Action.VIEW)
def value(request: HttpRequest, project_id: int) -> HttpResponse:
    """Benefit against cost with the efficient frontier."""
    frame = open_frame(request, project_id, "value")
    if frame.ranking is None:
        return show_frame(request, frame)
    found = value_page(frame.ranking)
    return show_frame(request, frame, value=found, headline=found.sentence)
