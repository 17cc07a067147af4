"""What must hold of every import, whatever the file: tried on samples of true rows in any order."""

import datetime
import tempfile
from pathlib import Path

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partners.importers.core import run_import
from partners.importers.kinds import KINDS
from tests.partners.importers.test_registers import FILES, MODELS, stored, table, written

pytestmark = pytest.mark.django_db

EXAMPLES = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
OLD, NEW = datetime.date(2024, 5, 21), datetime.date(2025, 7, 22)
SHUFFLED = ["483s of 2025", "letters with FEI", "letters as posted", "actions", "ndc", "inspections"]


def catalogue(name: str, *tables: tuple[list[list], datetime.date]) -> list[dict]:
    """What the register's table holds after the files one after the other; nothing is left behind."""
    with transaction.atomic(), tempfile.TemporaryDirectory() as folder:
        for number, (rows, date) in enumerate(tables):
            run_import(
                register=KINDS[FILES[name][0]],
                path=written(rows, Path(folder) / f"{number}.csv"),
                apply=True,
                file_date=date,
                allow_closing=True,
                sample=0,
            )
        found = stored(name)
        transaction.set_rollback(True)
    return found


@pytest.mark.parametrize("name", SHUFFLED)
@EXAMPLES
@given(data=st.data())
def test_any_order_of_rows_and_columns_gives_the_same_catalogue(name, data):
    header, *rows = table(name)
    chosen = data.draw(st.lists(st.sampled_from(range(len(rows))), min_size=1, max_size=12))
    rows = [rows[i] for i in chosen]  # with repetitions
    order = data.draw(st.permutations(range(len(rows))))
    columns = data.draw(st.permutations(range(len(header))))
    shuffled = [[row[i] for i in columns] for row in [header, *(rows[i] for i in order)]]
    assert catalogue(name, (shuffled, NEW)) == catalogue(name, ([header, *rows], NEW))


@pytest.mark.parametrize("name", SHUFFLED)
def test_contradicting_rows_are_all_rejected_in_any_order(name):
    header, first, *rows = table(name)
    column = {"483s": 2, "ndc": 3}.get(FILES[name][0], 3 if name == "letters as posted" else 1)
    other = [("Another name" if i == column else value) for i, value in enumerate(first)]
    one = catalogue(name, ([header, first, other, *rows[:3]], NEW))
    two = catalogue(name, ([header, *rows[:3], other, first], NEW))
    assert one == two
    assert len(one) == 3


@EXAMPLES
@given(data=st.data())
def test_importing_twice_equals_once_and_newer_after_older_equals_newer_and_what_closed(data):
    name = "483s of 2025"
    old_header, *old = table("483s of 2024")
    new_header, *new = table(name)
    indices = st.lists(st.sampled_from(range(50)), min_size=1, max_size=15, unique=True)
    old, new = ([rows[i] for i in data.draw(indices)] for rows in (old, new))
    alone = catalogue(name, ([new_header, *new], NEW))
    assert catalogue(name, ([new_header, *new], NEW), ([new_header, *new], NEW)) == alone
    both = catalogue(name, ([old_header, *old], OLD), ([new_header, *new], NEW))
    assert [row for row in both if row["left_on"] is None] == alone
    assert {row["left_on"] for row in both} <= {None, NEW}
    assert len(both) - len(alone) <= len(old)
    assert MODELS["483s"].objects.count() == 0
