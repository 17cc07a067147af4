"""Needs offered one by one from a project's product, stage and market; never added unasked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from partners import models as catalogue
from quotes.enums import NeedRule, Profile
from quotes.models import Need, Project
from quotes.needs import EMPTY, need_label
from quotes.suggestion_hazards import controlled, schedule_of
from quotes.suggestion_rules import POTENT, code_of, drafts_for, programme_limit

#: columns that hold a vocabulary term, and the table of their terms
TERMS = {
    "service": catalogue.Service,
    "modality": catalogue.Modality,
    "dosage_form": catalogue.DosageForm,
    "certificate_type": catalogue.CertificateType,
    "regulator": catalogue.Regulator,
    "metric": catalogue.Metric,
}
#: two needs of one rule that agree on these ask for the same thing
IDENTITY = (*TERMS, "track_record_kind", "unit", "hazard", "schedule", "market")
#: of these, a need that names none, or is offered with none, means any
GENERAL = ("service", "modality", "dosage_form", "unit")


@dataclass(frozen=True)
class Suggestion:
    """A complete need on offer: `key` names it, `need` is unsaved."""

    key: str
    need: Need
    label: str
    why: str


@dataclass(frozen=True)
class Prompt:
    """A need that only the user can complete: a rule, and why it is worth asking."""

    rule: str
    title: str
    why: str


def suggested_needs(project: Project, existing: Iterable[Need] = ()) -> list[Suggestion]:
    """Complete needs that the project does not have yet. At most one query for each vocabulary that is used."""
    drafts = list(drafts_for(project))
    terms = {
        name: model.objects.filter(active=True).in_bulk(wanted, field_name="code")
        for name, model in TERMS.items()
        if (wanted := {draft.values[name] for draft in drafts if draft.values.get(name)})
    }
    present = list(existing)
    taken: set[tuple] = set()
    offered = []
    for draft in drafts:
        named = {name: draft.values[name] for name in TERMS if draft.values.get(name)}
        if any(code not in terms[name] for name, code in named.items()):
            continue  # the term was retired by a curator
        values = {**EMPTY, **draft.values, **{name: terms[name][code] for name, code in named.items()}}
        need = Need(project=project, rule=draft.rule, level=draft.level, **values)
        if _identity(need) in taken or any(_covers(has, need) for has in present):
            continue
        taken.add(_identity(need))
        offered.append(Suggestion(draft.key, need, need_label(need), draft.why))
    return offered


def prompts(project: Project, existing: Iterable[Need] = ()) -> list[Prompt]:
    """Rules worth adding for which a number or a choice is needed."""
    present = {need.rule for need in existing}
    found = []
    if project.profile == Profile.DRUG and code_of(project.modality) in POTENT:
        why = "Potent compounds are compared on the numeric exposure limit, because containment bands differ."
        found.append(Prompt(NeedRule.CONTAINMENT, "Exposure limit of the compound", why))
    if not programme_limit(project):
        why = "Large partners decline small programmes; give the most you would commit to."
        found.append(Prompt(NeedRule.MINIMUM_PROJECT, "Largest minimum project you accept", why))
    if project.profile == Profile.DEVICE:
        why = "A private-label vendor cannot make a component to your drawing."
        found.append(Prompt(NeedRule.CONTRACT_STRUCTURE, "Contract structure", why))
    word = controlled(project)
    if word and not schedule_of(project):
        why = f"The brief says “{word}”: sites need a DEA registration that names the schedule."
        found.append(Prompt(NeedRule.SCHEDULE, "Schedule of the substance", why))
    why = "Nothing about the product can be told before it; read from your own notes on each partner."
    found.append(Prompt(NeedRule.NDA, "Non-disclosure agreement", why))
    why = "A partner with a competing product is found out late otherwise; you record what each one answers."
    found.append(Prompt(NeedRule.CONFLICT, "Conflicts of interest", why))
    return [prompt for prompt in found if prompt.rule not in present]


def _identity(need: Need) -> tuple:
    scaled = need.rule == NeedRule.CAPABILITY and need.quantity
    return (need.rule, scaled or None, *(_value(need, name) for name in IDENTITY))


def _value(need: Need, name: str) -> object:
    return getattr(need, f"{name}_id", None) or getattr(need, name) or None


def _covers(has: Need, offer: Need) -> bool:
    """Whether a need of the project asks for what is offered, or for more: vials are a kind of fill-finish."""
    if has.rule != offer.rule:
        return False
    for name in IDENTITY:
        mine, theirs = _value(has, name), _value(offer, name)
        if mine == theirs or (name in GENERAL and not (mine and theirs)):
            continue
        if not (name == "service" and has.service and has.service.parent_id == theirs):
            return False
    if offer.rule == NeedRule.CAPABILITY:
        enough = not offer.quantity or (has.quantity is not None and has.quantity >= offer.quantity)
        return enough and bool(has.gmp or not offer.gmp)
    return True
