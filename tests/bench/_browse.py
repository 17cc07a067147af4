"""Measures browsing on one synthetic database and prints JSON: `python -m tests.bench._browse PARTNERS`.

A process of its own for each size, because a process keeps the columns of one catalogue. The database is made on
first use and kept: EMBEDDED_DB_NAME names it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from unittest import mock

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cmo_selector.settings")

import django

SEED = 7
REPEAT = 9
BIG = 10_000  # rows; a sequential scan of fewer is what a planner should choose
SEARCHES = {
    "no filter": "",
    "CDMO": "type=cdmo",
    "GMP": "gmp=yes",
    "EU and EEA": "country=eu-eea",
    "GMP AAV at 200 L in the EU": "modality=aav&gmp=yes&scale_unit=l&scale_min=200&scale_max=200&country=eu-eea",
    "the same, a network of sites": (
        "modality=aav&gmp=yes&scale_unit=l&scale_min=200&scale_max=200&country=eu-eea&network=1"
    ),
    "text “nordale”": "q=nordale",
}
FACETS = {
    "text": "q=nordale",
    "type": "type=cdmo",
    "industry": "industry=biotech",
    "modality": "modality=aav",
    "service": "service=drug-substance",
    "dosage form": "dosage_form=tablet",
    "region and country": "country=eu-eea",
    "certificate valid on a date": "certificate=eu-gmp&valid_on=2027-01-01",
    "contract structure": "structure=end-to-end",
    "evidence level": "evidence=audited",
    "freshness": "checked=12",
    "no open action": "actions=none",
    "inspected within 3 years": "inspected=3",
    "scale": "scale_unit=l&scale_min=200",
    "OEL": "oel=1",
    "capacity by a date": "slot_by=2027-03-01",
    "minimum project": "min_project=1000000&currency=USD",
    "sponsor size": "sponsor_size=virtual",
    "GMP": "gmp=yes",
    "real or illustrative": "record=illustrative",
    "own flag": "flag=preferred",
    "own tag": "tag=audited",
    "own NDA": "nda=signed",
}


def main(partners: int) -> None:
    django.setup()
    seeded = prepare(partners)
    from partners.facets import loading

    client = signed_in()
    began = time.perf_counter()
    columns = loading.load(loading.timezone.localdate())
    result: dict[str, object] = {
        "seed seconds": seeded,
        "load ms": (time.perf_counter() - began) * 1000,
        "sizes": [int(a.size) for a in (columns.partner_id, columns.site_id, columns.row_site)],
        "pages": {name: measure(client, query) for name, query in SEARCHES.items()},
        "plans": {name: plans(client, query) for name, query in FACETS.items()},
    }
    print(json.dumps(result))


def prepare(partners: int) -> float | None:
    """Makes the database unless it is there; the seconds it took."""
    from django.conf import settings
    from django.core.management import call_command

    from partners.models import Organisation

    settings.EMBEDDED.ensure_running(os.environ["EMBEDDED_DB_NAME"])
    call_command("migrate", verbosity=0)
    if Organisation.objects.count() == partners:
        return None
    began = time.perf_counter()
    call_command("seed_scale", partners=str(partners), seed=str(SEED), verbosity=0)
    return time.perf_counter() - began


def signed_in():
    """A client of a sourcing manager who keeps notes on some partners."""
    from django.conf import settings
    from django.test import Client

    from cmo_selector.accounts.models import Membership, Sponsor, User
    from partners.models import Organisation
    from quotes.models import PartnerRelation

    settings.ALLOWED_HOSTS.append("testserver")
    user, _ = User.objects.get_or_create(email="bench@example.org", defaults={"name": "Bench"})
    sponsor, _ = Sponsor.objects.get_or_create(name="Bench (illustrative)", illustrative=True)
    Membership.objects.get_or_create(user=user, sponsor=sponsor, defaults={"role": "manager"})
    for organisation in Organisation.objects.order_by("pk")[:200]:
        PartnerRelation.objects.get_or_create(
            sponsor=sponsor,
            organisation=organisation,
            defaults={
                "standing": "preferred",
                "tags": ["audited"],
                "nda_status": "signed",
                "nda_on": "2026-01-01",
                "updated_by": user,
            },
        )
    client = Client()
    client.force_login(user)
    return client


def measure(client, query: str) -> dict[str, float]:
    """Best milliseconds of the page, of the same page with its counts taken for granted, and what is found."""
    from django.http import QueryDict

    from partners.browse import browse
    from partners.facets.counting import Counts
    from partners.facets.loading import current

    def page():
        response = client.get(f"/partners/?{query}")
        if response.status_code != 200:
            raise AssertionError(f"{query}: {response.status_code}")
        return response

    found = browse(QueryDict(query), prices=True).count
    times: dict[str, list[float]] = {"with": [], "without": []}
    kept = mock.patch.multiple(Counts, of=frozen(Counts.of), known=frozen(Counts.known))
    page()
    for _ in range(REPEAT):  # in turn, so that a busy machine is busy for both
        current().totals.clear()
        times["with"].append(timed(page))
        with kept:
            if not times["without"]:
                page()
            times["without"].append(timed(page))
    return {"found": found, **{name: min(taken) for name, taken in times.items()}}


def timed(function: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    began = time.perf_counter()
    function()
    return (time.perf_counter() - began) * 1000


def frozen(method: Callable) -> Callable:
    """The method, which for one search and facet computes only once."""
    answers: dict = {}

    def ask(self, facet):
        if facet not in answers:
            answers[facet] = method(self, facet)
        return answers[facet]

    return ask


def plans(client, query: str) -> list[str]:
    """Node types of the plans of every query that the page needs, the scans with their table."""
    from django.db import connection

    asked: list[tuple[str, object]] = []

    def note(execute, sql, params, many, context):
        if sql.lstrip().upper().startswith("SELECT"):
            asked.append((sql, params))
        return execute(sql, params, many, context)

    client.get(f"/partners/?{query}")  # the columns are in memory
    with connection.execute_wrapper(note):
        client.get(f"/partners/?{query}")
    nodes: set[str] = set()
    with connection.cursor() as cursor:
        for sql, params in asked:
            cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
            plan = cursor.fetchone()[0]
            collect(json.loads(plan) if isinstance(plan, str) else plan, nodes)
        for node in list(nodes):
            kind, _, table = node.partition(" on ")
            if kind == "Seq Scan":
                cursor.execute("SELECT reltuples FROM pg_class WHERE relname = %s", [table])
                if cursor.fetchone()[0] > BIG:
                    nodes.add(f"SEQUENTIAL SCAN OF A LARGE TABLE: {table}")
    return sorted(nodes)


def collect(plan, nodes: set[str]) -> None:
    for part in plan if isinstance(plan, list) else [plan]:
        node = part.get("Plan", part)
        name = node["Node Type"]
        table = node.get("Relation Name") or node.get("Index Name")
        nodes.add(f"{name} on {table}" if table else name)
        for below in node.get("Plans", ()):
            collect(below, nodes)


if __name__ == "__main__":
    main(int(sys.argv[1]))
