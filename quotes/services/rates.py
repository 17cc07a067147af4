"""The exchange rates of a project, fixed for a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from django.db import transaction

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from partners.exchange import ECB, NoRate, all_rates, latest_day
from quotes.models import Award, Project, ProjectRates
from quotes.services.projects import ProjectArchived

DIGITS = Context(prec=12, rounding=ROUND_HALF_EVEN)


def default_rates(project: Project, day: dt.date | None = None) -> ProjectRates:
    """Unsaved ECB rates of a day (the newest known) for the project's currency.

    Raises NoRate when the project's own currency has none.
    """
    day = day or latest_day()
    known = all_rates(day)
    if project.currency not in known:
        raise NoRate(
            f"There is no exchange rate of {project.currency}, the project's currency, for {day}. "
            "Choose another day, or give the project another currency."
        )
    base = known[project.currency].per_euro
    rates = {
        code: str(DIGITS.divide(base, rate.per_euro))
        for code, rate in sorted(known.items())
        if code != project.currency
    }
    return ProjectRates(project=project, base=project.currency, day=day, rates=rates, typed=[], source=ECB)


def rates_of(project: Project) -> ProjectRates:
    """The project's fixed rates, or the default without saving it: of the fixed day after a change of currency, else
    of the newest.
    """
    stored = ProjectRates.objects.filter(project=project).first()
    if stored is not None and stored.base == project.currency:
        return stored
    return default_rates(project, stored.day if stored else None)


def ensure_rates(*, actor: User | None, project: Project) -> None:
    """Fix the newest rates unless the project has fixed ones: bidders are asked, so that figures no longer move by
    themselves. Raises NoRate, ProjectArchived.
    """
    stored = ProjectRates.objects.filter(project=project).first()
    if stored is None or stored.base != project.currency:
        fix_rates(actor=actor, project=project, day=stored.day if stored else None)


def frozen(rates: ProjectRates) -> dict[str, Any]:
    """The rates as plain data, for a decision that rests on them."""
    return {
        "base": rates.base,
        "day": rates.day.isoformat(),
        "rates": rates.rates,
        "typed": rates.typed,
        "source": rates.source,
    }


def decided_rates(award: Award) -> ProjectRates | None:
    """The rates a decision rested on, unsaved; None for one of before they were kept."""
    kept = award.figures.get("rates")
    if kept is None:
        return None
    return ProjectRates(**{**kept, "day": dt.date.fromisoformat(kept["day"])})


@transaction.atomic
def fix_rates(
    *,
    actor: User | None,
    project: Project,
    day: dt.date | None = None,
    typed: Mapping[str, Decimal] | None = None,
) -> ProjectRates:
    """Fix the project's rates for a day; `typed` replaces single ones. Raises NoRate, ProjectArchived."""
    current = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if current.archived_at is not None:
        raise ProjectArchived
    fresh = default_rates(current, day)
    for code, rate in (typed or {}).items():
        fresh.rates[code] = str(rate)
    fresh.typed = sorted(typed or {})
    stored, _ = ProjectRates.objects.update_or_create(
        project=current,
        defaults={
            "base": fresh.base,
            "day": fresh.day,
            "rates": fresh.rates,
            "typed": fresh.typed,
            "source": fresh.source,
            "updated_by": actor,
        },
    )
    record(
        actor=actor,
        verb="rates.fixed",
        obj=stored,
        sponsor=current.sponsor,
        data={"day": fresh.day.isoformat(), "base": fresh.base, "typed": ", ".join(fresh.typed)},
    )
    return stored
