"""The whole ranking of a large catalogue from its columns: screen, score, rank, explain the first 50.

Generated facts, no two partners alike: one site each with two processes, a certificate, an inspection, a slot and
four metrics. Screening runs once per brief, ranking again after every change of a weight. Neither
reads a database.
The exponent is that of time against sites from 1,000 to 100,000; bytes are those of columns and numbers together.
"""

from __future__ import annotations

import datetime as dt
import math
import time
from collections.abc import Iterator

import numpy as np

from partners.scoring import default_weights
from partners.scoring.columnar import Catalogue
from partners.scoring.large import rank_screened, screen
from partners.scoring.types import (
    Brief,
    CapabilityFact,
    CertificateFact,
    FactRef,
    InspectionFact,
    Level,
    MetricFact,
    Need,
    PartnerFacts,
    Rule,
    SiteFacts,
    SlotFact,
)
from tests.bench import Row, median_ms

SIZES = (1_000, 10_000, 100_000)
TODAY = dt.date(2026, 1, 15)
PATH = ("drug-substance", "ds-viral-vector")
TESTS = ("analytical", "release-testing")
BRIEF = Brief(
    as_of=TODAY,
    stage=4,
    needs=(
        Need("aav", Rule.CAPABILITY, Level.MUST, "AAV at 200 L", service=PATH[1], service_path=PATH,
             modality="aav", quantity=200.0, unit="l", gmp=True, stage=4),
        Need("fda", Rule.INSPECTION, Level.SHOULD, "FDA inspected", agency="fda"),
    ),
    modality="aav", markets=("US", "EU"), need_date=dt.date(2027, 1, 1),
    scale_now=200.0, scale_next=2000.0, scale_unit="l",
)  # fmt: skip


def run() -> list[Row]:
    rows, whole = [], {}
    weights, other = default_weights(4), default_weights(7)
    for size in SIZES:
        began = time.perf_counter()
        catalogue = Catalogue.build(partners(size))
        built = time.perf_counter()
        screened = screen(catalogue, BRIEF)
        done = time.perf_counter()
        first = rank_screened(catalogue, screened, weights)
        whole[size] = time.perf_counter() - built
        again = median_ms(lambda c=catalogue, s=screened: rank_screened(c, s, other), repeat=3)
        if len(first.top) != 50:
            raise AssertionError("fewer than 50 partners were ranked: the measurement means nothing")
        name = f"{size:,} sites"
        rows += [
            Row(f"build the columns (once per catalogue version), {name}", (built - began) * 1000),
            Row(f"screen and score (once per brief), {name}", (done - built) * 1000),
            Row(f"screen, score, rank, explain 50, {name}", whole[size] * 1000),
            Row(f"rank again with other weights, explain 50, {name}", again),
            Row(f"columns on disk, {name}", catalogue.nbytes / catalogue.sites, "bytes a site"),
            Row(
                f"columns and numbers of a brief, {name}",
                (catalogue.nbytes + screened.nbytes) / catalogue.sites,
                "bytes a site",
            ),
        ]
    span = math.log(SIZES[-1] / SIZES[0])
    rows.append(
        Row("exponent of the whole ranking", math.log(whole[SIZES[-1]] / whole[SIZES[0]]) / span, "exponent")
    )
    return rows


def partners(count: int) -> Iterator[PartnerFacts]:
    """Invented partners, no two of the same shape."""
    rng = np.random.default_rng(11)
    for i in range(count):
        yield _partner(i, rng)


def _partner(i: int, rng: np.random.Generator) -> PartnerFacts:
    site = f"Site {i}"

    def ref(kind: str, label: str, number: int) -> FactRef:
        age = int(rng.integers(0, 900))
        return FactRef(
            kind, 10 * i + number, label, "Generated", TODAY - dt.timedelta(days=age), "audited", site
        )

    def number(code: str, low: float, high: float, place: int) -> MetricFact:
        return MetricFact(ref("metricvalue", code, place), code, round(float(rng.uniform(low, high)), 2))

    aav = CapabilityFact(
        ref("capability", "Viral vector · AAV", 0), PATH[1], PATH, "aav", None, None, 1, 8, 50.0,
        float(rng.integers(100, 3000)), "l", None, 2, True, int(rng.integers(0, 20)),
    )  # fmt: skip
    tests = CapabilityFact(ref("capability", "Release testing", 1), TESTS[1], TESTS, gmp=True)
    until = TODAY + dt.timedelta(days=int(rng.integers(-200, 900)))
    ended = TODAY - dt.timedelta(days=int(rng.integers(10, 2500)))
    facts = SiteFacts(
        i, site, "", ("US", "DE", "CH", "JP")[i % 4], None, (aav, tests),
        (CertificateFact(ref("certificate", "EU GMP", 2), "eu-gmp", expires_on=until),),
        (InspectionFact(ref("inspection", "FDA", 3), "fda", ended, ("nai", "vai", "oai")[int(rng.integers(0, 3))]),),
        (), (SlotFact(ref("capacityslot", "Slot", 4), TODAY + dt.timedelta(days=int(rng.integers(0, 700)))),), (),
        (number("otif_pct", 60, 100, 5), number("batch_success_pct", 80, 100, 6), number("lead_time_weeks", 4, 60, 7),
         number("change_order_share_pct", 0, 45, 8)),
    )  # fmt: skip
    return PartnerFacts(i, f"partner-{i}", f"Partner {i}", True, (facts,))
