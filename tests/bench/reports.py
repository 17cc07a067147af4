"""Making report PDFs: what the job adds to bare WeasyPrint, pages per second, two workers against one, and memory.

The snapshot is that of the tests' gene-therapy project: fourteen partners, eight ranked, three on the shortlist. “Job”
is the whole of it as a worker does it, from the claim of the row to its file and audit entry: charts, HTML, layout,
storing. “Bare” is `HTML(…).write_pdf()` of the very same HTML, finished charts included, and nothing else. Both run in
processes that have made one before, in turns, so that a busy machine slows both alike; a worker's first report, which
starts its renderer, is a line of its own. Memory is resident memory of the processes that make the PDFs, the largest at
its largest, over reports that are in turns short and with every appendix.
"""

from __future__ import annotations

import multiprocessing
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import Row

ROUNDS = 5
TURNS = 3  # of one worker and then two
BATCH = 8  # reports per worker when two are compared with one
MANY = 50
FORK = multiprocessing.get_context("fork")


def run() -> list[Row]:
    from django.core.management import call_command
    from django.db import connection, transaction
    from django.test import override_settings

    from quotes import tasks
    from quotes.reports.options import EVERYTHING

    call_command("migrate", verbosity=0)
    tasks.warm_up()
    with tempfile.TemporaryDirectory() as media, override_settings(MEDIA_ROOT=media):
        desk = Desk.open()
        try:
            short, full = compare(desk, ()), compare(desk, EVERYTHING)
            turns = [(rate(desk, 1), rate(desk, 2)) for _ in range(TURNS)]
            halves = desk.ask(MANY // 2, ()), desk.ask(MANY // 2, EVERYTHING)
            memory = elsewhere(peaks, [pk for pair in zip(*halves, strict=True) for pk in pair])
        finally:
            with transaction.atomic():
                desk.close()
            connection.close()
    one, two = (statistics.median(side) for side in zip(*turns, strict=True))
    return [
        *rows("leadership part", short),
        *rows("every appendix", full),
        Row(f"one worker, {BATCH} leadership parts", one, "reports/s"),
        Row(f"two workers, {2 * BATCH} leadership parts", two, "reports/s"),
        Row("two workers ÷ one, at least 1.7", statistics.median(b / a for a, b in turns), "times"),
        Row(f"most memory of a PDF's process, reports 1 to {MANY // 2}", memory.renderer_half, "MB"),
        Row(f"most memory of a PDF's process, reports 1 to {MANY}, at most 400", memory.renderer, "MB"),
        Row(f"the worker itself after {MANY // 2} reports", memory.worker_half, "MB"),
        Row(f"the worker itself after {MANY} reports", memory.worker, "MB"),
    ]


@dataclass
class Desk:
    """A project of its own in the benchmarks' database, and reports asked for from one snapshot."""

    snapshot: Mapping[str, Any]
    project: Any
    user: Any

    @classmethod
    def open(cls) -> Desk:
        from cmo_selector.accounts.models import Sponsor, User
        from quotes.models import Project
        from tests.quotes.reports import scenario

        stamp = time.time_ns()
        user = User.objects.create(email=f"bench-{stamp}@example.org")
        sponsor = Sponsor.objects.create(name=f"Benchmark {stamp}")
        project = Project.objects.create(sponsor=sponsor, name="AAV-101", created_by=user)
        return cls(scenario.frozen(scenario.scene), project, user)

    def ask(self, count: int, appendices: Sequence[str]) -> list[int]:
        from quotes.models import Report
        from quotes.reports.canonical import snapshot_hash

        digest = snapshot_hash(self.snapshot)
        made = [
            Report(
                project=self.project,
                title="Benchmark",
                snapshot=self.snapshot,
                snapshot_hash=digest,
                engine_version="bench",
                appendices=list(appendices),
                requested_by=self.user,
            )
            for _ in range(count)
        ]
        return [report.pk for report in Report.objects.bulk_create(made)]

    def close(self) -> None:
        sponsor = self.project.sponsor
        self.project.reports.all().delete()
        for row in (self.project, sponsor, self.user):
            row.delete()


class Hand:
    """A forked process that works for as long as it is needed, with a database connection of its own."""

    def __init__(self) -> None:
        from django.db import connection

        connection.close()
        self.ours, theirs = FORK.Pipe()
        self.process = FORK.Process(target=self._serve, args=(theirs,))
        self.process.start()
        theirs.close()

    @staticmethod
    def _serve(theirs: Any) -> None:
        from quotes import tasks

        while (asked := theirs.recv()) is not None:
            work, arguments = asked
            theirs.send(work(*arguments))
        tasks.end_renderer()

    def begin(self, work: Callable[..., Any], *arguments: Any) -> None:
        self.ours.send((work, arguments))

    def answer(self) -> Any:
        return self.ours.recv()

    def do(self, work: Callable[..., Any], *arguments: Any) -> Any:
        self.begin(work, *arguments)
        return self.answer()

    def leave(self) -> None:
        self.ours.send(None)
        self.process.join()


def elsewhere(work: Callable[..., Any], *arguments: Any) -> Any:
    """What `work(*arguments)` returns in a process of its own."""
    return all_elsewhere([(work, arguments)])[0]


def all_elsewhere(jobs: Sequence[tuple[Callable[..., Any], tuple[Any, ...]]]) -> list[Any]:
    """The same for several at once."""
    hands = [Hand() for _ in jobs]
    for hand, (work, arguments) in zip(hands, jobs, strict=True):
        hand.begin(work, *arguments)
    answers = [hand.answer() for hand in hands]
    for hand in hands:
        hand.leave()
    return answers


# -- what the workers do ------------------------------------------------------------------------------


def make(pk: int) -> tuple[float, int]:
    """Seconds and pages of one report's job."""
    from quotes.models import Report
    from quotes.tasks import render_report

    began = time.perf_counter()
    render_report(pk)
    seconds = time.perf_counter() - began
    state, pages, error = Report.objects.values_list("state", "pages", "error").get(pk=pk)
    if state != "done":
        raise RuntimeError(f"the report was not made: {error}")
    return seconds, pages


def make_all(pks: Sequence[int]) -> None:
    for pk in pks:
        make(pk)


def html_of(desk: Desk, appendices: Sequence[str]) -> str:
    from quotes.reports import render
    from quotes.reports.canonical import snapshot_hash
    from quotes.reports.context import report_context
    from quotes.reports.options import ReportOptions

    digest, options = snapshot_hash(desk.snapshot), ReportOptions(appendices=tuple(appendices))
    context = report_context(desk.snapshot, digest, map_size=render.MAP_SIZE, options=options)
    return render.render_html(context, render.draw_charts(context))


def bare(html: str) -> float:
    """Seconds that WeasyPrint alone needs for the same HTML."""
    from weasyprint import HTML

    from quotes.reports.render import STATIC_SCHEME, make_fetcher

    began = time.perf_counter()
    HTML(string=html, url_fetcher=make_fetcher(), base_url=STATIC_SCHEME).write_pdf(pdf_variant="pdf/ua-1")
    return time.perf_counter() - began


@dataclass(frozen=True)
class Memory:
    """Megabytes, after half of the reports and after all."""

    renderer_half: float
    renderer: float
    worker_half: float
    worker: float


def peaks(pks: Sequence[int]) -> Memory:
    half = len(pks) // 2
    make_all(pks[:half])
    first = renderers(), itself()
    make_all(pks[half:])
    return Memory(first[0], renderers(), first[1], itself())


def renderers() -> float:
    """The most that a renderer of this process has held, whether it lives or not."""
    from quotes import tasks

    ended = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    pid = tasks.renderer().pid
    status = Path(f"/proc/{pid}/status").read_text() if pid else ""
    living = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")]
    return max(ended, *living, 0) / 1024


def itself() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024 / 1024


# -- comparing ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Compared:
    first: float  # seconds of a worker's first report
    job: float  # of the others
    bare: float
    ratio: float  # of those measured in one turn
    pages: int


def compare(desk: Desk, appendices: Sequence[str]) -> Compared:
    html = elsewhere(html_of, desk, appendices)
    worker, alone = Hand(), Hand()
    jobs, bares = [], []
    try:
        for pk in desk.ask(1 + ROUNDS, appendices):
            jobs.append(worker.do(make, pk))
            bares.append(alone.do(bare, html))
    finally:
        worker.leave()
        alone.leave()
    seconds = [seconds for seconds, _ in jobs]
    ratios = [job / only for job, only in zip(seconds[1:], bares[1:], strict=True)]
    median = statistics.median
    return Compared(seconds[0], median(seconds[1:]), median(bares[1:]), median(ratios), jobs[0][1])


def rows(name: str, found: Compared) -> list[Row]:
    name = f"{name} ({found.pages} pages)"
    return [
        Row(f"{name}: bare WeasyPrint", found.bare, "s"),
        Row(f"{name}: the whole job", found.job, "s"),
        Row(f"{name}: job ÷ bare, at most 1.2", found.ratio, "times"),
        Row(f"{name}: the first job of a worker", found.first, "s"),
        Row(f"{name}: pages of the job", found.pages / found.job, "pages/s"),
    ]


def rate(desk: Desk, workers: int) -> float:
    """Reports per second of so many workers at once."""
    pks = desk.ask(BATCH * workers, ())
    began = time.perf_counter()
    all_elsewhere([(make_all, (pks[n::workers],)) for n in range(workers)])
    return len(pks) / (time.perf_counter() - began)
