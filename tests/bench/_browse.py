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
import psutil
from django.utils import timezone

from partners.shown import COLUMNS

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


#: what else the catalogue's pages ask, by name: an address, or what to measure without a page
OTHERS = {
    "suggestions, beginning of a name": "/partners/suggest/?q=nord",
    "suggestions, mistyped name": "/partners/suggest/?q=nordael",
    "suggestions, city": "/partners/suggest/?q=zurihc",
    "suggestions, number": "/partners/suggest/?q=SYN9000",
    "search, mistyped name": "/partners/?q=nordael",
    "search, mistyped word that every name has": "/partners/?q=synthetik",
    "map of everything": "/partners/?view=map",
    "map of GMP AAV in the EU": "/partners/?view=map&modality=aav&gmp=yes&country=eu-eea",
    "table with every column": "/partners/?view=table&" + "&".join(f"column={code}" for code in COLUMNS),
    "last page": "/partners/?page=99999",
    "profile with similar partners": "/partners/synthetic-{first}/",
    "register, establishments": "/register/",
    "register, establishments by name": "/register/?q=nordale+biologics",
    "register, establishments mistyped": "/register/?q=nordael",
    "register, establishments in a country": "/register/?country=CH&operation=pack",
    "register, Form 483s": "/register/form-483s/?q=nordale",
    "register, letters": "/register/letters/?q=nordale&kind=warning-letter",
    "register, inspections": "/register/inspections/?q=nordale&outcome=oai",
    "register, substances": "/register/substances/?q=heparin",
}
EXPORTED = {"export, CSV": "/partners/export.csv", "export, XLSX": "/partners/export.xlsx"}
MOST_EXPORTED = 20_000  # partners of the largest file that is measured


def main(partners: int) -> None:
    django.setup()
    seeded = prepare(partners)
    from partners.facets import loading

    client = signed_in()
    began = time.perf_counter()
    columns = loading.load(timezone.localdate())
    result: dict[str, object] = {
        "seed seconds": seeded,
        "load ms": (time.perf_counter() - began) * 1000,
        "sizes": [int(a.size) for a in (columns.partner_id, columns.site_id, columns.row_site)],
        "pages": {name: measure(client, query) for name, query in SEARCHES.items()},
        "plans": {name: plans(client, f"/partners/?{query}") for name, query in FACETS.items()},
        "changed ms": changed(partners),
    }
    others = {
        name: address.format(first=f"{1:0{max(6, len(str(partners)))}}") for name, address in OTHERS.items()
    }
    result["others"] = {name: visit(client, address) for name, address in others.items()}
    result["other plans"] = {name: plans(client, address) for name, address in others.items()}
    result["exports"] = {name: export(client, address) for name, address in EXPORTED.items()}
    result["other plans"] |= {
        name: plans(client, f"{address}?modality=aav&gmp=yes") for name, address in EXPORTED.items()
    }
    print(json.dumps(result))


def prepare(partners: int) -> float | None:
    """Makes the database unless it is there; the seconds it took."""
    from django.conf import settings
    from django.core.management import call_command

    from partners.models import Organisation

    settings.EMBEDDED.ensure_running(os.environ["EMBEDDED_DB_NAME"])
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)  # pages name their files by hash
    if Organisation.objects.count() == partners:
        return None
    began = time.perf_counter()
    call_command("seed_scale", partners=str(partners), seed=str(SEED), verbosity=0, stdout=sys.stderr)
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
    kept = mock.patch.multiple(
        Counts, of=frozen(Counts.of), known=frozen(Counts.known), reaching=frozen(Counts.reaching)
    )
    page()
    for _ in range(REPEAT):  # in turn, so that a busy machine is busy for both
        current().totals.clear()
        times["with"].append(timed(page))
        with kept:
            if not times["without"]:
                page()
            times["without"].append(timed(page))
    return {"found": found, **{name: min(taken) for name, taken in times.items()}}


def visit(client, address: str) -> float:
    """Best milliseconds of a page."""

    def page():
        response = client.get(address)
        if response.status_code != 200:
            raise AssertionError(f"{address}: {response.status_code}")

    page()
    return min(timed(page) for _ in range(REPEAT))


def changed(partners: int) -> float:
    """Best milliseconds of bringing the columns up to date after one partner changed."""
    from partners.facets.loading import current
    from partners.models import Capability

    found = []
    for number in range(REPEAT):
        pk = Capability.objects.order_by("pk")[number * 7].pk
        Capability.objects.filter(pk=pk).update(note=f"bench {number}")
        found.append(timed(current))
    return min(found)


def export(client, address: str) -> dict[str, float]:
    """A file of up to MOST_EXPORTED partners, the fewest filters that give no more: its rate and the memory it took."""
    from django.http import QueryDict

    from partners.browse import browse

    queries = ("", "gmp=yes&modality=mab", "gmp=yes&modality=aav&country=eu-eea")
    counts = {query: browse(QueryDict(query), prices=True).count for query in queries}
    query = next(query for query in queries if counts[query] <= MOST_EXPORTED)
    process = psutil.Process()
    b"".join(client.get(f"{address}?q=nordale&page=1").streaming_content)  # everything is imported
    before = process.memory_info().rss
    most, size, began = before, 0, time.perf_counter()
    for piece in client.get(f"{address}?{query}").streaming_content:
        size += len(piece)
        most = max(most, process.memory_info().rss)
    seconds = time.perf_counter() - began
    return {"partners": counts[query], "ms": seconds * 1000, "size": size, "memory": most - before}


def timed(function: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    began = time.perf_counter()
    function()
    return (time.perf_counter() - began) * 1000


def frozen(method: Callable) -> Callable:
    """The method, which for one search and facet computes only once."""
    answers: dict = {}

    def ask(self, facet, *more):
        key = (facet, *map(tuple, more))
        if key not in answers:
            answers[key] = method(self, facet, *more)
        return answers[key]

    return ask


def plans(client, address: str) -> list[str]:
    """Node types of the plans of every query that the page needs, the scans with their table.

    What runs inside functions of the database is not in a plan: the tables that were read as a whole meanwhile are
    looked up in the statistics of the transaction.
    """
    from django.db import connection, transaction

    asked: list[tuple[str, object]] = []

    def note(execute, sql, params, many, context):
        if sql.lstrip().upper().startswith("SELECT"):
            asked.append((sql, params))
        return execute(sql, params, many, context)

    def get():
        response = client.get(address)
        return b"".join(response.streaming_content) if response.streaming else response.content

    get()  # the columns are in memory
    nodes: set[str] = set()
    with transaction.atomic(), connection.cursor() as cursor:
        before = scanned(cursor)
        with connection.execute_wrapper(note):
            get()
        for table, scans in scanned(cursor).items():
            if scans > before.get(table, 0):
                nodes.add(f"SEQUENTIAL SCAN OF A LARGE TABLE: {table}")
        for sql, params in asked:
            cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
            plan = cursor.fetchone()[0]
            collect(json.loads(plan) if isinstance(plan, str) else plan, nodes)
    return sorted(nodes)


def scanned(cursor) -> dict[str, int]:
    """How often this transaction has read each large table as a whole."""
    cursor.execute(
        "SELECT s.relname, s.seq_scan FROM pg_stat_xact_user_tables s JOIN pg_class c ON c.oid = s.relid "
        "WHERE c.reltuples > %s",
        [BIG],
    )
    return dict(cursor.fetchall())


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
