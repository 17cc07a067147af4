"""A whole installation of its own for a test that breaks it: PostgreSQL, broker, workers and beat, all real.

The database is a copy of the suite's (dumped and restored, which is quicker than migrating), under the alias
`plant`. Leases are short, so that recovery can be waited for.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis
from django.db import Error, connection, connections
from django.db.models import QuerySet
from kombu import Connection

from cmo_selector import env
from cmo_selector.accounts.models import Sponsor, User
from cmo_selector.audit.models import AuditEvent
from cmo_selector.embedded import Services
from quotes.enums import ReportState, ReportStep
from quotes.models import Project, Report
from quotes.tasks import render_report

ROOT = Path(__file__).resolve().parents[2]
ALIAS = "plant"
LEASE, SWEEP = 30, 1  # seconds
# process of the Procfile: what it takes
QUEUES = dict(re.findall(r"^(\w+): .* --queues (\S+)", (ROOT / "Procfile").read_text(), re.MULTILINE))
ENOUGH = 600  # seconds, on a busy machine
ENDED = (ReportState.DONE, ReportState.FAILED, ReportState.STOPPED)


def children_of(process: psutil.Process) -> list[psutil.Process]:
    """Those of a process that may end at this very moment."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.children()
    return []


class Plant:
    """`start_worker` and `beat` start processes; `ask` makes reports; `ended` waits for them."""

    def __init__(self) -> None:
        self.base = Path(tempfile.mkdtemp(prefix="cmo-plant-"))
        self.base.chmod(0o755)
        self.media = self.base / "media"
        self.media.mkdir()
        self.services = Services(self.base / "var")
        self.processes: dict[str, subprocess.Popen] = {}

    def build(self) -> None:
        self.services.ensure_running("plant")
        program = self.services._postgres_program
        source = connection.settings_dict
        dump = subprocess.run(
            [program("pg_dump"), "-Fc", "-h", source["HOST"], "-U", source["USER"], source["NAME"]],
            env={**os.environ, "PGPASSWORD": source["PASSWORD"], "PGPORT": str(source["PORT"] or 5432)},
            capture_output=True,
            check=True,
        ).stdout
        own = self.services.database("plant")
        subprocess.run(
            [program("pg_restore"), "--no-owner", "-h", own["HOST"], "-U", own["USER"], "-d", "plant"],
            input=dump,
            capture_output=True,
            check=True,
        )
        connections.settings[ALIAS] = {**source, **own, "TEST": source["TEST"], "CONN_MAX_AGE": 0}
        user = User(email="asks@example.org", name="Sourcing manager")
        user.save(using=ALIAS)
        sponsor = Sponsor.objects.using(ALIAS).create(name="Lantern Gene Therapeutics")
        self.project = Project.objects.using(ALIAS).create(sponsor=sponsor, name="AAV-101", created_by=user)
        self.user = user

    def clean(self) -> None:
        for name in list(self.processes):
            self.kill(name)
        connections[ALIAS].close()
        del connections[ALIAS], connections.settings[ALIAS]
        self.services.stop(force=True)
        shutil.rmtree(self.services.home, ignore_errors=True)
        shutil.rmtree(self.services.sockets, ignore_errors=True)
        shutil.rmtree(self.base, ignore_errors=True)

    # -- processes ----------------------------------------------------------------------------

    def _start(self, name: str, arguments: list[str], variables: Mapping[str, str]) -> None:
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("DJANGO_", "CMO_"))},
            "CMO_ENV": "demo",
            "CMO_PROCESS": "worker",
            "CMO_VAR_DIR": str(self.base / "var"),
            "DATABASE_URL": self.services.database_url("plant"),
            "REDIS_URL": self.services.redis_url,
            "MEDIA_ROOT": str(self.media),
            "REPORT_LEASE_SECONDS": str(LEASE),
            "REPORT_SWEEP_SECONDS": str(SWEEP),
            **variables,
        }
        with (self.base / f"{name}.log").open("w") as log:  # an earlier one of this name was ready too
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "cmo_selector", *arguments],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def start_worker(self, name: str, process: str = "render", slots: int = 1, **variables: str) -> None:
        """A worker that takes the queues of this process of the Procfile."""
        options = ["-Q", QUEUES[process], "-c", str(slots), "-l", "INFO", "-n", f"{name}@plant"]
        self._start(name, ["worker", *options, "--without-mingle"], variables)
        self.until(lambda: "ready." in self.log(name), f"worker {name} is ready")

    def start_beat(self) -> None:
        self._start("beat", ["beat", "-l", "INFO", "-s", str(self.base / "schedule")], {})

    @contextlib.contextmanager
    def holding(self, rows: QuerySet) -> Iterator[None]:
        """Somebody else keeps these rows locked."""
        other = connections[ALIAS].copy()
        try:
            other.set_autocommit(False)
            query, parameters = rows.using(ALIAS).values("pk").query.sql_with_params()
            with other.cursor() as cursor:
                cursor.execute(f"{query} FOR UPDATE", parameters)
            yield
        finally:
            other.close()

    def log(self, name: str) -> str:
        return (self.base / f"{name}.log").read_text(errors="replace")

    def kill(self, name: str) -> None:
        """kill -9 of the process and of all that it started."""
        process = self.processes.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def children(self, name: str) -> list[psutil.Process]:
        """The processes of a worker's pool."""
        return children_of(psutil.Process(self.processes[name].pid))

    def renderers(self, name: str) -> list[psutil.Process]:
        """The processes that make PDFs for a worker, or wait for the next."""
        return [one for child in self.children(name) for one in children_of(child)]

    # -- reports ------------------------------------------------------------------------------

    def ask(
        self, snapshot: Mapping[str, Any], count: int = 1, *, times: int = 1, appendices: Iterable[str] = ()
    ) -> list[int]:
        """Queue reports of a snapshot; each is told to the workers `times` times (0: its message is lost)."""
        rows = [
            Report(
                project=self.project,
                title="Decision report",
                snapshot=snapshot,
                snapshot_hash="0" * 64,
                engine_version="1",
                appendices=list(appendices),
                requested_by=self.user,
            )
            for _ in range(count)
        ]
        ids = [row.pk for row in Report.objects.using(ALIAS).bulk_create(rows)]
        if times:
            for pk in ids * times:
                self.send(render_report, pk)
        return ids

    def send(self, task: Any, *arguments: Any) -> None:
        """Tell the plant's workers."""
        with Connection(env.celery_broker_url(self.services.redis_url)) as broker:
            task.apply_async(arguments, connection=broker, retry=False)

    def rows(self, ids: Iterable[int]) -> list[Report]:
        return list(Report.objects.using(ALIAS).defer("snapshot").filter(pk__in=list(ids)).order_by("pk"))

    def row(self, pk: int) -> Report:
        return self.rows([pk])[0]

    def until_begun(self, ids: Iterable[int]) -> None:
        """Until a renderer lays out one of the reports."""
        self.until(
            lambda: any(
                row.state == ReportState.RUNNING and row.step == ReportStep.LAYOUT for row in self.rows(ids)
            ),
            "it is being made",
        )

    def ended(self, ids: Iterable[int]) -> list[Report]:
        """The rows once all have ended; fails when that takes too long."""
        self.until(lambda: all(row.state in ENDED for row in self.rows(ids)), "all reports have ended")
        return self.rows(ids)

    def recovered(
        self, ids: Iterable[int], what: str, meanwhile: Callable[[], None] = lambda: None
    ) -> list[Report]:
        """The rows, all ended within the lease, counted from now, when the fault is over. What it took is printed."""
        began = time.monotonic()
        found: list[list[Report]] = []
        self.until(lambda: found.append(self.rows(ids)) or True, f"the database answers after {what}")
        left = sum(row.state not in ENDED for row in found[-1])
        meanwhile()
        self.until(
            lambda: all(row.state in ENDED for row in self.rows(ids)),
            f"all reports have ended after {what}",
            seconds=LEASE - (time.monotonic() - began),
        )
        print(f"after {what}: {left} open reports ended within {time.monotonic() - began:.1f} s")
        return self.rows(ids)

    def until(self, true: Callable[[], object], what: str, seconds: float = ENOUGH) -> None:
        deadline = time.monotonic() + seconds
        while True:
            try:
                if true():
                    return
            except Error:
                connections[ALIAS].close()  # it dates from before the database's restart
            except redis.RedisError:
                pass
            if time.monotonic() > deadline:
                logs = "\n".join(
                    f"--- {path.stem}\n{path.read_text()[-3000:]}" for path in self.base.glob("*.log")
                )
                pytest.fail(f"not within {seconds} s: {what}\n{logs}")
            time.sleep(0.1)

    def files(self) -> set[str]:
        """Names of all stored files, as the rows name them."""
        return {str(path.relative_to(self.media)) for path in self.media.rglob("*") if path.is_file()}

    def assert_done_once(self, rows: list[Report]) -> None:
        """Every report is done, was finished once, and has its one file whole."""
        assert {row.state for row in rows} == {ReportState.DONE}, [
            (row.pk, row.state, row.error) for row in rows
        ]
        finished = AuditEvent.objects.using(ALIAS).filter(verb="report.finished")
        events = list(finished.values_list("object_id", flat=True))
        for row in rows:
            assert events.count(str(row.pk)) == 1
            stored = (self.media / row.file.name).read_bytes()
            assert hashlib.sha256(stored).hexdigest() == row.file_sha256
            folder = Path(row.file.name).parent
            assert [f"{folder}/{path.name}" for path in (self.media / folder).iterdir()] == [row.file.name]
