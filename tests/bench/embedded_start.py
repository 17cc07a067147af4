"""Start of the embedded PostgreSQL and Valkey: the first one initialises, the last one only finds them."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from cmo_selector.embedded import Services
from tests.bench import Row


def run() -> list[Row]:
    directory = Path(tempfile.mkdtemp(prefix="cmo-bench-"))
    directory.chmod(0o755)
    services = Services(directory / "var")
    try:
        rows = [Row("first start", _timed(services))]
        services.stop()
        rows.append(Row("later start", _timed(services)))
        rows.append(Row("already running", _timed(services)))
    finally:
        services.stop(force=True)
        shutil.rmtree(services.home, ignore_errors=True)
        shutil.rmtree(directory, ignore_errors=True)
    return rows


def _timed(services: Services) -> float:
    began = time.perf_counter()
    services.ensure_running("bench")
    return (time.perf_counter() - began) * 1000
