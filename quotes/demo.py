"""Everything the demo starts with: vocabularies, partners, people, sponsors and projects.

Loading twice changes nothing. Rows that are there already keep what people did with them.
"""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from cmo_selector.accounts.models import Membership, Sponsor, User
from cmo_selector.accounts.roles import CURATOR_GROUP
from partners import models as catalogue
from partners.demo import LoadedPartners, load_illustrative_partners
from partners.demo_items import months_from
from partners.importers.demo import DemoResult, load_register_demo
from partners.vocabularies import load_vocabularies
from quotes.demo_accounts import (
    ADMINISTRATOR,
    ALDER,
    BIRCH,
    CURATOR,
    DEMO_PASSWORD,
    DEMO_PEOPLE,
    DEMO_SIGN_INS,
)
from quotes.demo_decisions import load_decisions
from quotes.demo_desk import load_desk
from quotes.demo_projects import PROJECTS, DemoNeed, DemoProject
from quotes.demo_quotes import load_quotes
from quotes.demo_reports import load_schedules
from quotes.demo_searches import load_searches
from quotes.models import Project
from quotes.needs import RULES
from quotes.services.conflicts import record_conflict
from quotes.services.criteria_lock import criteria_locked
from quotes.services.evaluation import unlock_criteria
from quotes.services.projects import add_need, create_project, update_project

__all__ = ["DEMO_PASSWORD", "DEMO_SIGN_INS", "LoadedDemo", "ProductionRefused", "load_demo"]

SPONSORS: dict[str, str] = {ALDER: Sponsor.Size.VIRTUAL, BIRCH: Sponsor.Size.SMALL}
PROJECT_OWNERS: dict[str, str] = {ALDER: "manager@alder.example", BIRCH: "manager@birch.example"}

DECISION_IN_WEEKS = 8  # after the demo is loaded

# Column of a project or need → the vocabulary its code belongs to.
TERMS: dict[str, type[catalogue.Vocabulary]] = {
    "service": catalogue.Service,
    "modality": catalogue.Modality,
    "dosage_form": catalogue.DosageForm,
    "production_system": catalogue.ProductionSystem,
    "unit": catalogue.ScaleUnit,
    "scale_unit": catalogue.ScaleUnit,
    "certificate_type": catalogue.CertificateType,
    "regulator": catalogue.Regulator,
    "metric": catalogue.Metric,
    "contract_structure": catalogue.ContractStructure,
}


class ProductionRefused(RuntimeError):
    """The demo was about to be loaded into a production database."""

    def __init__(self) -> None:
        super().__init__(
            "load_demo puts fictional partners and sign-ins with a known password into the database, "
            "so it does not run with CMO_ENV=production. For the vocabularies alone use load_vocabularies."
        )


@dataclass
class LoadedDemo:
    """What loading did, in counts."""

    terms: int = 0
    illustrative: LoadedPartners | None = None
    register: DemoResult | None = None
    people: int = 0
    new_projects: list[str] = field(default_factory=list)
    new_quotes: bool = False
    new_decisions: bool = False


def load_demo(*, today: dt.date | None = None, refresh: bool = False, register: bool = True) -> LoadedDemo:
    """Load the whole demo; raises ProductionRefused in production.

    `refresh` replaces the facts of illustrative partners and moves the dates of partners and projects so that
    they count from today again; `register` False leaves the public register out.
    """
    if settings.PRODUCTION:
        raise ProductionRefused
    today = today or timezone.localdate()
    done = LoadedDemo()
    done.terms = sum(r.created + r.updated for r in load_vocabularies())
    if register:
        done.register = load_register_demo()
    done.illustrative = load_illustrative_partners(today=today, refresh=refresh)
    done.people = _load_people()
    done.new_projects = _load_projects(today, refresh=refresh)
    done.new_quotes = load_quotes(User.objects.get(email=PROJECT_OWNERS[ALDER]))
    done.new_decisions = load_decisions()
    load_desk(today=today, register=register)
    load_searches(User.objects.get(email=PROJECT_OWNERS[ALDER]))
    load_schedules(User.objects.get(email=PROJECT_OWNERS[ALDER]))
    return done


@transaction.atomic
def _load_people() -> int:
    """Sponsors, sign-ins with a confirmed address, memberships and staff rights; how many people are new."""
    sponsors = {
        name: Sponsor.objects.get_or_create(name=name, defaults={"size": size, "illustrative": True})[0]
        for name, size in SPONSORS.items()
    }
    curators, _ = Group.objects.get_or_create(name=CURATOR_GROUP)
    existing = set(User.objects.filter(email__in=[p[0] for p in DEMO_PEOPLE]).values_list("email", flat=True))
    for email, name, _, sponsor, role in DEMO_PEOPLE:
        if email in existing:
            continue
        user = User.objects.create_user(
            email,
            DEMO_PASSWORD,
            name=name,
            is_staff=sponsor is None,
            is_superuser=email == ADMINISTRATOR,
        )
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
        if sponsor:
            Membership.objects.create(user=user, sponsor=sponsors[sponsor], role=role)
        if email == CURATOR:
            user.groups.add(curators)
    return len(DEMO_PEOPLE) - len(existing)


@transaction.atomic
def _load_projects(today: dt.date, *, refresh: bool) -> list[str]:
    """Create the missing demo projects with needs and default weights; returns their names."""
    terms = {column: {t.code: t for t in model.objects.all()} for column, model in TERMS.items()}
    created = []
    for demo in PROJECTS:
        actor = User.objects.get(email=PROJECT_OWNERS[demo.sponsor])
        sponsor = Sponsor.objects.get(name=demo.sponsor)
        days = {
            "need_date": months_from(today, demo.need_in_months),
            "decide_by": today + dt.timedelta(weeks=DECISION_IN_WEEKS),
        }
        existing = Project.objects.for_sponsor(sponsor).filter(name=demo.brief["name"]).first()
        if existing is None:
            _create(demo, sponsor, actor, days, terms, today)
            created.append(demo.brief["name"])
        elif refresh and existing.archived_at is None:
            _move(existing, days, actor)
    return created


def _move(project: Project, days: dict[str, dt.date], actor: User) -> None:
    """Other days, after an unlocking where responses depend on the brief; the next one locks it again."""
    if days["need_date"] != project.need_date and criteria_locked(project):
        unlock_criteria(actor=actor, project=project, reason="The demonstration’s dates follow the calendar.")
    update_project(actor=actor, project=project, values=days)


def _create(
    demo: DemoProject,
    sponsor: Sponsor,
    actor: User,
    days: dict[str, dt.date],
    terms: dict[str, dict[str, Any]],
    today: dt.date,
) -> None:
    values = {**_resolved(demo.brief, terms), **days}
    project = create_project(actor=actor, sponsor=sponsor, values=values)
    for need in demo.needs:
        add_need(actor=actor, project=project, values=_need_values(need, terms))
    for name, answer, note in demo.answers:
        record_conflict(
            actor=actor,
            project=project,
            organisation=catalogue.Organisation.objects.get(name=name, illustrative=True),
            answer=answer,
            asked_on=today - dt.timedelta(days=20),
            note=note,
        )


def _need_values(need: DemoNeed, terms: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """All columns that the rule reads: those the demo names, the rest as the form would start them."""
    spec = RULES[need.rule]
    unused = set(need.values) - set(spec.fields)
    if unused:
        raise ValueError(f"A {need.rule} need does not read {', '.join(sorted(unused))}.")
    given = _resolved(need.values, terms)
    if "same_site" in spec.fields:
        given.setdefault("same_site", True)
    return {"rule": need.rule, "level": need.level, **given}


def _resolved(values: dict[str, Any], terms: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Codes replaced by rows of their vocabularies. KeyError names a code that does not exist."""
    return {name: terms[name][value] if name in terms else value for name, value in values.items()}
