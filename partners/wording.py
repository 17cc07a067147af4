"""A catalogue fact in a few words, for pages, comparisons and exports alike."""

from cmo_selector.templatetags.fmt import format_interval, format_number
from partners.enums import Stage
from partners.models import Capability, CapacitySlot, IndicativePrice, TrackRecord

GMP = {True: "GMP", False: "not GMP", None: ""}


def process(fact: Capability) -> str:
    """How a process is run: form, system, stages, GMP. Empty when nothing of it is known."""
    parts = (
        fact.dosage_form.label if fact.dosage_form else "",
        fact.production_system.label if fact.production_system else "",
        stages(fact),
        GMP[fact.gmp],
    )
    return ", ".join(filter(None, parts))


def stages(fact: Capability) -> str:
    """The stages of a process, "Phase I to Phase II"; an end that nobody stated is called unknown."""
    if not fact.stage_from and not fact.stage_to:
        return ""
    labels = [Stage(stage).label if stage else "unknown" for stage in (fact.stage_from, fact.stage_to)]
    return " to ".join(dict.fromkeys(labels))


def scale(fact: Capability) -> str:
    """The scale range of a process with its unit; empty when unknown."""
    if fact.scale_min is None and fact.scale_max is None:
        return ""
    return format_interval(fact.scale_min, fact.scale_max, fact.scale_unit.symbol)


def quantity(slot: CapacitySlot) -> str:
    """How much is free in a slot; empty when unknown."""
    return "" if slot.quantity is None else format_number(slot.quantity, slot.unit.symbol)


def scope(fact: CapacitySlot | TrackRecord | IndicativePrice) -> str:
    """What a fact is about: its service, modality, dosage form and agency. Empty when none is stated."""
    terms = (getattr(fact, name, None) for name in ("service", "modality", "dosage_form", "regulator"))
    return " · ".join(term.label for term in terms if term)
