"""`manage.py rank_catalogue PROJECT [--top 50] [--json]`: a project against a catalogue of any size."""

import json
import time

from django.core.management.base import BaseCommand, CommandError

from partners.catalogue import current_catalogue
from partners.scoring.explain import shown
from partners.scoring.large import rank_screened, screen
from partners.scoring.types import Group, PartnerResult
from quotes.brief import NothingToRank, brief_for
from quotes.models import Project
from quotes.overrides import overrides_for_engine
from quotes.quote_facts import from_quotes
from quotes.ranking import Settings


class Command(BaseCommand):
    help = "Ranks every partner of the catalogue for one project from the shared columns, and shows the first ones."

    def add_arguments(self, parser):
        parser.add_argument("project", type=int, help="the project's number, as in its address")
        parser.add_argument("--top", type=int, default=50, help="how many to show in full (default 50)")
        parser.add_argument("--json", action="store_true", help="one JSON object instead of text")

    def handle(self, *args, project: int, top: int, **options):
        row = Project.objects.filter(pk=project).select_related("sponsor").first()
        if row is None:
            raise CommandError(f"There is no project {project}.", returncode=2)
        if not 1 <= top <= 1_000:
            raise CommandError("--top runs from 1 to 1,000.", returncode=2)
        try:
            brief = brief_for(row)
        except NothingToRank as nothing:
            raise CommandError(str(nothing), returncode=2) from nothing
        weights, overrides, catalogue = row.weights.as_dict(), overrides_for_engine(row), current_catalogue()
        quotes = from_quotes(row, brief)
        quoted = quotes.beside(catalogue.facts(i) for i in catalogue.places(quotes.partners))
        began = time.perf_counter()
        screened = screen(catalogue, brief, changed={p.id: p for p in quoted})
        settings = Settings.of(row)
        found = rank_screened(catalogue, screened, weights, overrides=overrides, top=top, **settings.options)
        took = time.perf_counter() - began
        told = {
            "project": row.name,
            "partners": len(catalogue),
            "sites": catalogue.sites,
            **{group.value: found.counts[group] for group in Group},
            "seconds": round(took, 2),
            "top": [_line(r) for r in found.top],
        }
        self.stdout.write(json.dumps(told, ensure_ascii=False) if options["json"] else _text(told))


def _line(result: PartnerResult) -> dict:
    figures = shown(result)
    return {
        "rank": result.rank,
        "partner": result.name,
        "score": str(figures.score),
        "low": str(figures.low),
        "high": str(figures.high),
        "coverage": str(figures.coverage),
        "best_rank": result.best_rank,
        "worst_rank": result.worst_rank,
        "lead_site": result.lead_site,
        "unverified": [rule.label for rule in result.unverified],
    }


def _text(told: dict) -> str:
    head = (
        f"{told['project']}: {told['ranked']} ranked, {told['insufficient']} with insufficient data, "
        f"{told['knocked_out']} knocked out of {told['partners']} partners ({told['seconds']} s)"
    )
    lines = [f"{r['rank']:>4}  {r['score']:>5}  {r['low']}–{r['high']}  {r['partner']}" for r in told["top"]]
    return "\n".join([head, *lines])
