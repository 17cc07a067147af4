"""The harness every test runs in: strict, private to its process, with a real broker and browser.

* Warnings are errors (pyproject.toml), undefined variables in our templates fail (settings_test.py).
* Uploads go to a temporary MEDIA_ROOT; the cache is emptied between tests.
* `browser_page` is Debian's Chromium on a live server. Without Chromium such a test is skipped,
  or fails when REQUIRE_BROWSER=1 (`make test` and `.ci/run` set it).
* `celery_worker_process` is a real worker on this process's test database and corner of the broker.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.core.cache import cache
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
WORKER_START_SECONDS = 40

# How long an example takes says nothing about whether it is right. In CI the examples are the same at every run.
hypothesis_settings.register_profile(
    "suite",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
hypothesis_settings.load_profile("suite")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker) -> None:
    """The test database without autovacuum.

    Tests roll back, so autovacuum finds every table empty and tells the planner so, which then joins whatever a
    later test loads in nested loops: minutes instead of seconds.
    """
    from django.db import connection

    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
        tables = [connection.ops.quote_name(name) for (name,) in cursor.fetchall()]
        cursor.execute("".join(f"ALTER TABLE {table} SET (autovacuum_enabled = off);" for table in tables))


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    yield
    cache.clear()


# -- browser ----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Debian's Chromium (or the one CHROMIUM names)."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
    if Path(path).exists():
        return path
    message = f"Chromium is not at {path}: apt-get install chromium, or set CHROMIUM"
    if os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def browser(chromium_path: str):
    """One Chromium for the session; every test gets a context of its own."""
    from playwright.sync_api import sync_playwright

    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright runs an event loop in this thread, and Django would refuse the ORM in it.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        chromium = playwright.chromium.launch(executable_path=chromium_path, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def browser_page(browser, live_server):
    """A page at 1280 x 800 whose relative addresses lead to the live server.

    The test fails when a script of the page failed or the Content-Security-Policy refused something.
    """
    context = browser.new_context(base_url=live_server.url, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(15_000)
    page = context.new_page()
    problems: list[str] = []

    def note(message) -> None:
        # A refused form answers 4xx, which Chromium reports as a console error; tests assert those.
        if message.type == "error" and "Failed to load resource" not in message.text:
            problems.append(message.text)

    context.on("console", note)
    context.on("weberror", lambda error: problems.append(str(error.error)))
    page.problems = problems
    yield page
    context.close()
    assert problems == []


# -- jobs -------------------------------------------------------------------------------------


def _empty_broker() -> None:
    """Remove what this process's tests left in the broker."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.flushdb()


@pytest.fixture(scope="module")
def celery_worker_process(django_db_setup, django_db_blocker, tmp_path_factory):
    """A real Celery worker, as its own process, on the test database. Use with transactional tests.

    It ends with the module: a worker that lived on would do the jobs that other tests mean to do themselves.
    """
    from django.db import connection

    from cmo_selector.celery import app

    _empty_broker()
    log = tmp_path_factory.mktemp("celery") / "worker.log"
    environment = {
        **os.environ,
        "CMO_PROCESS": "worker",
        "CMO_WORKER_TEST_DATABASE": connection.settings_dict["NAME"],
        "DJANGO_SETTINGS_MODULE": "cmo_selector.settings_test",
        "MEDIA_ROOT": str(settings.MEDIA_ROOT),
        "PYTHONWARNINGS": "default",
    }
    options = [
        "-Q",
        ",".join(settings.QUEUES),
        "-c",
        "1",
        "-l",
        "INFO",
        "--without-gossip",
        "--without-mingle",
    ]
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "cmo_selector", "worker", *options],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + WORKER_START_SECONDS
        while not app.control.ping(timeout=0.5, limit=1):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"The Celery worker did not start:\n{log.read_text()[-4000:]}")
        process.log = log
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _empty_broker()
