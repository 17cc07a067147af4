"""Two imports of one register at once: the advisory lock lets one write and turns the other away."""

import datetime
import threading

import pytest
from django.db import IntegrityError, connection

from partners.importers import core
from partners.importers.core import run_import
from partners.importers.errors import ImportBusyError
from partners.importers.kinds import KINDS
from partners.models import RegisterForm483, RegisterImport
from tests.partners.importers.test_registers import DATA

pytestmark = pytest.mark.django_db(transaction=True)

FILE = DATA / "483s_2025-07.xlsx"
DATE = datetime.date(2025, 7, 22)


def at_once(*jobs):
    """Run the jobs in threads with a database connection each; returns what they raised."""
    raised = []

    def run(job):
        try:
            job()
        except Exception as error:
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return raised


def import_file(progress):
    run_import(
        register=KINDS["483s"], path=FILE, apply=True, file_date=DATE, progress=progress, applied_by="test"
    )


def test_without_the_lock_two_imports_write_the_same_rows(monkeypatch):
    """Proof that the race is real: both compare with the empty table, and both then insert."""
    monkeypatch.setattr(core, "_lock", lambda register: None)
    both_compared = threading.Barrier(2, timeout=100)

    def meet(step, share):
        if step == "writing":
            both_compared.wait()

    raised = at_once(lambda: import_file(meet), lambda: import_file(meet))
    assert [type(error) for error in raised] == [IntegrityError]


def test_with_the_lock_the_second_import_is_turned_away_and_writes_nothing():
    first_writes, second_done = threading.Event(), threading.Event()

    def first(step, share):
        if step == "writing":
            first_writes.set()
            assert second_done.wait(timeout=100)

    def second():
        try:
            assert first_writes.wait(timeout=100)
            import_file(lambda step, share: None)
        finally:
            second_done.set()

    raised = at_once(lambda: import_file(first), second)
    assert [type(error) for error in raised] == [ImportBusyError]
    assert str(raised[0]).startswith("Another import of the register 483s is being applied")
    assert (RegisterImport.objects.count(), RegisterForm483.objects.count()) == (1, 61)
