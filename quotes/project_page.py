"""What the pages of a project show: its brief in words, its needs in groups, warnings and the next step.

No queries here, except through rows that were handed over with their relations loaded.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.urls import reverse
from django.utils import timezone

from cmo_selector.templatetags.fmt import format_date, format_money, format_number
from partners.scoring.weights import criteria_labels
from quotes.enums import Market, NeedLevel, Profile
from quotes.models import Need, Project
from quotes.needs import NO_NEEDS, need_label
from quotes.prices import HIDDEN, PRICE_RULES
from quotes.rfq_enums import RfqState

STEPS: tuple[tuple[str, str], ...] = (
    ("product", "Product"),
    ("stage", "Stage and markets"),
    ("needs", "Needs"),
    ("weights", "Weights"),
    ("review", "Review"),
)
FEDERAL = {
    True: "Yes: restricted parties are knocked out",
    False: "No: restricted parties are marked with a warning",
}


@dataclass(frozen=True)
class BriefRow:
    """One line of the brief; `value` None is unknown."""

    label: str
    value: str | None


@dataclass(frozen=True)
class NeedRow:
    need: Need
    label: str
    note: str


@dataclass(frozen=True)
class NeedGroup:
    level: str
    title: str
    note: str
    rows: list[NeedRow]


@dataclass(frozen=True)
class Gap:
    """Something that weakens the ranking; `stops` when there can be none at all."""

    text: str
    step: str
    stops: bool = False


@dataclass(frozen=True)
class WeightBar:
    """One criterion's points and the width of its bar in per cent."""

    code: str
    label: str
    points: float
    width: str


@dataclass(frozen=True)
class NextAction:
    label: str
    why: str
    href: str


def step_links(project: Project) -> list[tuple[str, str]]:
    """Labels and addresses of the wizard's steps."""
    return [(label, reverse("quotes:project_step", args=[project.pk, step])) for step, label in STEPS]


def neighbour(step: str, offset: int) -> str | None:
    """The step before (-1) or after (1); None at the ends."""
    names = [name for name, _ in STEPS]
    at = names.index(step) + offset
    return names[at] if 0 <= at < len(names) else None


def need_groups(needs: Iterable[Need], *, prices: bool = True) -> list[NeedGroup]:
    """The three levels with their needs as sentences. Without `prices`, amounts of money stay hidden."""
    notes = {
        NeedLevel.MUST: "A partner that fails one is knocked out; unknown stays in, marked as unverified.",
        NeedLevel.SHOULD: "They move the score.",
        NeedLevel.COULD: "They move the score a little.",
    }
    rows = [_need_row(need, prices) for need in needs]
    return [
        NeedGroup(level.value, level.label, notes[level], [row for row in rows if row.need.level == level])
        for level in NeedLevel
    ]


def _need_row(need: Need, prices: bool) -> NeedRow:
    if prices or need.rule not in PRICE_RULES:
        return NeedRow(need, need_label(need), need.note)
    return NeedRow(need, _hidden(need), HIDDEN if need.note else "")


def _hidden(need: Need) -> str:
    return f"{need.get_rule_display()}: amount hidden, your role does not see prices"


def brief_rows(project: Project, *, prices: bool = True) -> list[BriefRow]:
    """The project's brief, in the words of its profile."""
    device = project.profile == Profile.DEVICE
    rows = [
        BriefRow("Partner wanted for", project.get_profile_display()),
        BriefRow("Device or component" if device else "Product", project.product or None),
        BriefRow("Intended use" if device else "Indication", project.indication or None),
        BriefRow(
            "Device class" if device else "Modality", str(project.modality) if project.modality else None
        ),
    ]
    if not device:
        rows.append(BriefRow("Dosage form", str(project.dosage_form) if project.dosage_form else None))
    markets = ", ".join(Market(code).label for code in project.markets)
    rows += [
        BriefRow("Stage", project.get_stage_display()),
        BriefRow("Markets", markets or None),
        BriefRow("Work must start by", format_date(project.need_date) if project.need_date else None),
        BriefRow("Decision wanted by", format_date(project.decide_by) if project.decide_by else "not set"),
        BriefRow("Scale now", _scale(project, project.scale_now)),
        BriefRow("Scale of the next stage", _scale(project, project.scale_next)),
        BriefRow("Volumes", project.volumes or None),
        BriefRow("United States federal money", FEDERAL[project.federal_funding]),
        BriefRow("Price", _price(project) if prices else HIDDEN),
        BriefRow(
            "What is unknown",
            f"caution {format_number(project.caution)} (0 the middle of an interval, 1 its lowest end); ranked from "
            f"{format_number(project.min_coverage, '%')} coverage",
        ),
        BriefRow("What a partner needs to know", project.description or None),
    ]
    return rows


def _scale(project: Project, value: Decimal | None) -> str | None:
    return (
        None
        if value is None
        else format_number(value, project.scale_unit.symbol if project.scale_unit else "")
    )


def _price(project: Project) -> str | None:
    parts = []
    if project.price_target is not None:
        parts.append(f"target {format_money(project.price_target, project.currency)}")
    if project.price_limit is not None:
        parts.append(f"worst acceptable {format_money(project.price_limit, project.currency)}")
    if not parts:
        return None
    return f"{', '.join(parts)} {project.get_price_basis_display()}".strip()


def weight_bars(project: Project) -> list[WeightBar]:
    """The ten criteria as the profile words them; the longest bar is the heaviest weight."""
    labels, points = criteria_labels(project.profile), project.weights.as_dict()
    longest = max(points.values())
    return [
        WeightBar(code, labels[code], points[code], f"{100 * points[code] / longest:.1f}") for code in labels
    ]


def gaps(project: Project, needs: list[Need]) -> list[Gap]:
    """What is missing from a project before it is ranked, the worst first."""
    found: list[Gap] = []
    if not needs:
        found.append(Gap(NO_NEEDS, "needs", stops=True))
    elif not any(need.level == NeedLevel.MUST for need in needs):
        found.append(Gap("No need is a must: only the two fixed rules can knock a partner out.", "needs"))
    if project.price_target is None or project.price_limit is None:
        found.append(
            Gap(
                "Without a target and a worst acceptable price, cost stays unknown for every partner.",
                "stage",
            )
        )
    if project.need_date is None:
        found.append(
            Gap("Without a day by which work must start, free slots are not compared with it.", "stage")
        )
    elif project.need_date < timezone.localdate():
        found.append(Gap("The day by which work must start has passed.", "stage"))
    if not project.markets:
        found.append(Gap("Without markets, no authority's certificates can be asked for.", "stage"))
    if project.scale_now is None:
        found.append(Gap("Without a scale, the fit of a partner's equipment stays unknown.", "stage"))
    if project.profile == Profile.DRUG and project.modality is None:
        found.append(Gap("Without a modality, technical fit is judged by services only.", "product"))
    return found


def next_action(project: Project) -> NextAction | None:
    """What to do next, along the chain shortlist → RFQ → cost → report. Needs what `quotes.selectors.projects_of` adds.

    None for an archived project. It leads only to pages that every role may read.
    """
    if project.archived_at is not None:
        return None
    if not project.need_count:
        href = reverse("quotes:project_step", args=[project.pk, "needs"])
        return NextAction("Add needs", "There is nothing to check partners against yet.", href)
    if not project.shortlist_count:
        href = reverse("quotes:ranking", args=[project.pk])
        return NextAction("Read the ranking", "Nobody is on the shortlist yet.", href)
    if found := _rfq_action(project):
        return found
    if not project.report_count:
        href = reverse("quotes:report_list", args=[project.pk])
        return NextAction("Create the report", "The shortlist is not in a report yet.", href)
    href = reverse("quotes:shortlist", args=[project.pk])
    return NextAction("Follow up the shortlist", "The report is there.", href)


def _rfq_action(project: Project) -> NextAction | None:
    """What the newest RFQ asks for; an RFQ itself once the shortlist stands. None when it waits for partners."""
    list_url = reverse("quotes:rfq_list", args=[project.pk])
    if not project.rfq_state:
        return NextAction(
            "Ask for quotes", "The shortlist stands; an RFQ makes its prices comparable.", list_url
        )
    href = reverse("quotes:rfq", args=[project.pk, project.rfq_id])
    past = project.rfq_deadline is not None and project.rfq_deadline <= timezone.now()
    if project.rfq_state == RfqState.DRAFT:
        return NextAction("Send the RFQ", "It is a draft; no partner has it yet.", href)
    if project.rfq_state == RfqState.OPEN and project.question_count:
        many = project.question_count
        words = f"{many} question{'s wait' if many > 1 else ' waits'} for an answer to all partners."
        return NextAction("Answer questions", words, f"{href}#questions")
    if project.rfq_state == RfqState.CLOSED or (project.rfq_state == RfqState.OPEN and past):
        if project.quote_count:
            return NextAction("Compare quotes and award", "The deadline has passed.", href)
        return NextAction("Extend or ask others", "The deadline has passed without a quote.", href)
    return None
