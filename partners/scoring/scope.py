"""Which work a brief asks for, and which needs of a site go with which part of it.

One model for the ranking, the networks and the columns. Work (a capability, a free slot) can be handed over to another
site. What a site is or holds (certificate, inspection, country, containment, open action) cannot: it is judged where
the part of the work that it goes with is done.
"""

from __future__ import annotations

from .types import Brief, Level, Need, Rule

WORK = frozenset({Rule.CAPABILITY, Rule.CAPACITY})


def scope_parts(brief: Brief) -> tuple[Need, ...]:
    """The capability needs that make up the scope, musts and shoulds, in the brief's order."""
    return tuple(n for n in brief.needs if n.rule is Rule.CAPABILITY and n.level is not Level.COULD)


def main_part(brief: Brief) -> Need | None:
    """The part the project is about: the first must in its modality, else the first must, else the first part."""
    parts = scope_parts(brief)
    musts = [n for n in parts if n.level is Level.MUST]
    own = [n for n in musts if brief.modality and n.modality == brief.modality]
    return next(iter([*own, *musts, *parts]), None)


def main_must(brief: Brief) -> Need | None:
    """The main part where it is a must of one site: who has no record of it does not lead."""
    main = main_part(brief)
    return main if main is not None and main.level is Level.MUST and main.same_site else None


def parts_of(need: Need, brief: Brief) -> tuple[Need, ...]:
    """The parts a site's need goes with: those of the service it names, else the main part."""
    named = tuple(part for part in scope_parts(brief) if _names(need, part))
    main = main_part(brief)
    return named or ((main,) if main is not None else ())


def _names(need: Need, part: Need) -> bool:
    if need.service is None:
        return False
    return need.service in (part.service, *part.service_path) or part.service in need.service_path


def conditions_of(need: Need, brief: Brief) -> tuple[Need, ...]:
    """What another site must not fail to be given a piece of work: the musts of a site that go with the same parts."""
    if need.rule is Rule.CAPABILITY:
        return tuple(
            n
            for n in brief.needs
            if n.rule not in WORK and n.level is Level.MUST and need in parts_of(n, brief)
        )
    parts = parts_of(need, brief)
    beside = (n for n in brief.needs if n.rule not in WORK and n.level is Level.MUST)
    return (*parts, *(n for n in beside if set(parts_of(n, brief)) & set(parts)))
