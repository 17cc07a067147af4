"""What people decided in the demo: an evaluation by three people, weight sets of two functions, kept scenarios, and a
must that was let pass. All of it belongs to the antibody project of the illustrative sponsor; points are invented.
"""

from __future__ import annotations

from decimal import Decimal

from django.db import transaction

from cmo_selector.accounts.models import User
from partners.models import Organisation
from partners.scoring.types import CRITERIA, Group, Ranking, Rule
from quotes.demo_risks import load_risks
from quotes.enums import SponsorFunction
from quotes.evaluation_page import criteria_for
from quotes.models import Evaluation, Project, WeightSet
from quotes.ranking import rank_project
from quotes.services import evaluation as group
from quotes.services.overrides import override_must
from quotes.services.scenarios import keep_scenario
from quotes.services.shortlist import add_to_shortlist
from quotes.services.weight_sets import add_weight_set

PROJECT = "AB-305 antibody, Phase II to III transfer"
EVALUATORS = ("owner@alder.example", "manager@alder.example", "evaluator@alder.example")
SHORTLISTED = 3

#: function → name and points of C1 … C10
WEIGHT_SETS: dict[str, tuple[str, tuple[int, ...]]] = {
    SponsorFunction.QUALITY: ("Quality first", (14, 8, 10, 30, 5, 14, 4, 5, 8, 2)),
    SponsorFunction.FINANCE: ("Finance view", (10, 6, 10, 14, 8, 10, 24, 10, 6, 2)),
}
#: per evaluator: points of the first partner's criteria; the next ones get a little less each
POINTS = (
    (85, 80, 75, 82, 60, 70, 55, 60, 66, 80),
    (80, 70, 78, 74, 64, 72, 60, 58, 70, 76),
    (62, 74, 70, 80, 55, 40, 50, 50, 60, 72),
)
LESS = 7
#: with cost first the two leaders trade places; the slot as a must costs the third one its place
MONEY = ("Money is tight", (15, 11, 10, 12, 8, 8, 20, 9, 4, 3))
SLOT = "The slot is a must"


@transaction.atomic
def load_decisions() -> bool:
    """Only while the project has no evaluation: what people did afterwards stays. True when something was loaded."""
    project = Project.objects.select_related("sponsor", "weights").filter(name=PROJECT).first()
    if project is None or project.archived_at or Evaluation.objects.filter(project=project).exists():
        return False
    people = {user.email: user for user in User.objects.filter(email__in=EVALUATORS)}
    if len(people) < len(EVALUATORS):
        return False
    manager = people[EVALUATORS[1]]
    ranking = rank_project(project)
    _weight_sets(manager, project)
    _let_pass(manager, project, ranking)
    _scenarios(manager, project)
    _evaluate([people[email] for email in EVALUATORS], project, ranking)
    load_risks(project, actor=manager)
    return True


def _weight_sets(manager: User, project: Project) -> None:
    if WeightSet.objects.for_sponsor(project.sponsor).exists():
        return
    for function, (name, points) in WEIGHT_SETS.items():
        weights = dict(zip(CRITERIA, map(Decimal, points), strict=True))
        add_weight_set(actor=manager, sponsor=project.sponsor, name=name, function=function, weights=weights)


def _scenarios(manager: User, project: Project) -> None:
    if project.whatif_scenarios.exists():
        return
    name, points = MONEY
    weights = {code.lower(): str(value) for code, value in zip(CRITERIA, points, strict=True)}
    keep_scenario(actor=manager, project=project, name=name, changes=weights)
    slot = project.needs.filter(rule=Rule.CAPACITY).first()
    if slot is not None:
        keep_scenario(actor=manager, project=project, name=SLOT, changes={f"n.{slot.pk}": "must"})


def _let_pass(manager: User, project: Project, ranking: Ranking) -> None:
    """The nearest illustrative miss is let pass: a real company is not judged in a demo."""
    near = next((r for r in ranking.group(Group.KNOCKED_OUT) if r.near_miss and r.illustrative), None)
    if near is not None:
        override_must(
            actor=manager,
            project=project,
            organisation=Organisation.objects.get(pk=near.partner_id),
            need_key=near.fails[0].need_id,
            reason="Invented for the demo: the partner showed plans that close this gap before the need date.",
        )


def _evaluate(people: list[User], project: Project, ranking: Ranking) -> None:
    chosen = [r for r in ranking.results if r.group is not Group.KNOCKED_OUT and r.illustrative][:SHORTLISTED]
    partners = [Organisation.objects.get(pk=r.partner_id) for r in chosen]
    listed = set(project.shortlist.values_list("organisation_id", flat=True))
    for partner in partners:
        if partner.pk not in listed:
            add_to_shortlist(actor=people[1], project=project, organisation=partner)
    if not partners:
        return
    group.start_evaluation(actor=people[1], project=project)
    for person, points in zip(people, POINTS, strict=True):
        codes = criteria_for(prices=person.email != EVALUATORS[2])
        for place, partner in enumerate(partners):
            scores = {
                code: (max(0, value - LESS * place), "")
                for code, value in zip(CRITERIA, points, strict=True)
                if code in codes
            }
            group.save_scores(actor=person, project=project, organisation=partner, scores=scores)
    group.close_scoring(actor=people[1], project=project)
    group.agree_score(
        actor=people[1],
        project=project,
        organisation=partners[0],
        criterion="C6",
        points=60,
        reason="Two references were called; one delivery was late, with notice.",
    )
