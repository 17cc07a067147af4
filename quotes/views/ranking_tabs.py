"""The deeper looks at a ranking: how firm it is, why one is above another, cost, other weights, questions."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from cmo_selector.accounts.roles import Action, may
from partners.scoring.profiles import Profile
from partners.scoring.types import Group, PartnerResult, Ranking
from quotes.access import get_project, sponsor_action
from quotes.brief import NothingToRank
from quotes.crosscheck import METHODS, cross_check
from quotes.enums import SponsorFunction
from quotes.models import Project
from quotes.profiles_page import named_profiles, profiles_page
from quotes.quote_facts import quote_facts
from quotes.ranking_page import BadWeights, rounded_to_100, trial_weights
from quotes.rfq_enums import RfqState
from quotes.rfq_questions import neutral_texts
from quotes.robustness import DRAWS, firmness_of, questions_of, questions_sentence
from quotes.robustness_page import (
    SPACE_LABELS,
    VERDICTS,
    assumption,
    flip_rows,
    heat_ranks,
    heat_rows,
    help_text,
    nearest_flip,
    of_100,
    verdict_sentence,
)
from quotes.selectors import weight_sets_of
from quotes.services import rfq_questions as services
from quotes.services.projects import ProjectArchived
from quotes.services.rfq import RfqError
from quotes.value_page import value_page
from quotes.views.ranking_frame import Frame, kept_query, open_frame, ranking_for, show_frame
from quotes.why_page import choose, why_page


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
        {
            "key": key,
            "label": label,
            "url": f"?{urlencode({**query, 'space': key})}",
            "current": key == frame.space,
        }
        for key, label in SPACE_LABELS.items()
    ]


@require_safe
@sponsor_action(Action.VIEW)
def value(request: HttpRequest, project_id: int) -> HttpResponse:
    """Benefit against cost with the efficient frontier."""
    frame = open_frame(request, project_id, "value")
    if frame.ranking is None:
        return show_frame(request, frame)
    quotes = quote_facts(frame.project) if may(request.membership.role, Action.SEE_PRICES) else {}
    found = value_page(frame.ranking, quotes)
    return show_frame(request, frame, value=found, headline=found.sentence)


@require_safe
@sponsor_action(Action.VIEW)
def why(request: HttpRequest, project_id: int) -> HttpResponse:
    """Any two partners: where the points come from, how often which is ahead, what would have to change."""
    frame = open_frame(request, project_id, "why")
    if frame.ranking is None:
        return show_frame(request, frame)
    found, problem, pair = None, "", None
    try:
        pair = choose(frame.ranking, request.GET.get("a", ""), request.GET.get("b", ""))
    except ValueError as bad:
        problem = str(bad)
    if pair:
        found = why_page(frame.ranking, pair, frame.labels, frame.space)
    chosen = (
        {"a": pair[0].slug, "b": pair[1].slug}
        if pair
        else {"a": request.GET.get("a"), "b": request.GET.get("b")}
    )
    return show_frame(
        request,
        frame,
        status=400 if problem else 200,
        why=found,
        problem=problem,
        chosen=chosen,
        choices=_choices(frame.ranking),
        fields=(("a", "Partner"), ("b", "Against")),
        headline=found.sentence if found else problem or "Two partners are needed",
    )


def _choices(ranking: Ranking) -> list[tuple[str, tuple[PartnerResult, ...]]]:
    names = {
        Group.RANKED: "Ranked",
        Group.INSUFFICIENT: "Insufficient data",
        Group.KNOCKED_OUT: "Knocked out",
    }
    return [(label, ranking.group(group)) for group, label in names.items() if ranking.group(group)]


@require_safe
@sponsor_action(Action.VIEW)
def profiles(request: HttpRequest, project_id: int) -> HttpResponse:
    """Ranks under the stage's weights, the next stage's and other profiles, beside each other."""
    frame = open_frame(request, project_id, "profiles")
    if frame.ranking is None:
        return show_frame(request, frame)
    sets = list(weight_sets_of(request.sponsor))
    page = profiles_page(frame.project, frame.ranking, frame.labels, named_profiles(sets))
    points = rounded_to_100(frame.ranking.weights)
    return show_frame(
        request,
        frame,
        headline=page.sentence,
        profiles=[_profile(frame.project, p) for p in page.profiles],
        rows=page.rows,
        ranked=page.ranked,
        weight_rows=page.weight_rows,
        sets=sets,
        functions=SponsorFunction.choices,
        keep={
            "fields": [(code.lower(), f"{value:f}") for code, value in points.items()],
            "set_name": request.GET.get("set_name", ""),
            "set_function": request.GET.get("set_function", ""),
        },
    )


def _profile(project: Project, profile: Profile) -> dict[str, str]:
    """A column's head with the address that tries its weights on the list."""
    query = urlencode({code.lower(): f"{value:g}" for code, value in profile.weights.items()})
    own = profile.code == "own"
    url = "" if own else f"{reverse('quotes:ranking', args=[project.pk])}?{query}"
    return {"label": profile.label, "note": profile.note, "url": url}


@require_safe
@sponsor_action(Action.VIEW)
def questions(request: HttpRequest, project_id: int) -> HttpResponse:
    """What to ask whom, by how much the answer could change the first place."""
    frame = open_frame(request, project_id, "questions")
    if frame.ranking is None:
        return show_frame(request, frame)
    slugs = {r.partner_id: r for r in frame.ranking.results}
    found = questions_of(frame.ranking)
    draft = frame.project.rfqs.filter(state=RfqState.DRAFT).order_by("-pk").first()
    already = {question["text"] for question in draft.questions} if draft else set()
    rows = [
        {
            "ask": q.ask,
            "text": text,
            "asked": text in already,
            "partner": q.partner,
            "slug": slugs[q.partner_id].slug,
            "illustrative": slugs[q.partner_id].illustrative,
            "now": of_100(q.first_now),
            "best": of_100(q.first_best),
            "worst": of_100(q.first_worst),
            "turns": q.turns,
            "must": q.must,
            "stake": q.stake,
        }
        for q, text in zip(found, neutral_texts(found), strict=True)
    ]
    headline = questions_sentence(frame.ranking, found)
    open_rows = [row for row in rows if not row["asked"]]
    return show_frame(request, frame, headline=headline, questions=rows, draft=draft, open_rows=open_rows)


@require_POST
@sponsor_action(Action.EDIT_RFQ)
def ask_in_rfq(request: HttpRequest, project_id: int) -> HttpResponse:
    """Put the chosen questions into the draft RFQ. Only what the ranking asks is taken."""
    project = get_project(request, project_id)
    page = reverse("quotes:ranking_questions", args=[project.pk])
    tried = kept_query(request.POST)
    page += f"?{urlencode(tried)}" if tried else ""
    try:
        ranked = ranking_for(request, project, trial_weights(request.POST))
        offered = neutral_texts(questions_of(ranked))
    except (BadWeights, NothingToRank) as refused:
        messages.error(request, str(refused))
        return redirect(page)
    wanted = set(request.POST.getlist("ask"))
    texts = [text for text in offered if text in wanted]
    if not texts:
        messages.error(request, "No question was put into an RFQ: choose at least one that is still open.")
        return redirect(page)
    try:
        rfq, added, made = services.ask_in_rfq(actor=request.user, project=project, texts=texts)
    except (ProjectArchived, RfqError) as refused:
        messages.error(request, str(refused))
        return redirect(page)
    where = f"the new draft RFQ “{rfq.title}”" if made else f"the draft RFQ “{rfq.title}”"
    counted = f"{added} question{'' if added == 1 else 's'}"
    messages.success(
        request, f"{counted} put into {where}." if added else f"All of them are in {where} already."
    )
    return redirect("quotes:rfq_step", project.pk, rfq.pk, "questions")
