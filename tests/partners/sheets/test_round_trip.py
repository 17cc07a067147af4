"""What must hold of every list, whatever is in it: an export read back changes nothing, and neither the order of
rows and columns nor importing twice matters."""

import datetime as dt
import tempfile
from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib import admin
from django.db import models, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from partners.admin.base import CatalogueAdmin
from partners.sheets.applying import write_rows
from partners.sheets.cells import ChoiceCell, CodesCell, NumberCell, TextCell
from partners.sheets.registry import SHEETS
from partners.spreadsheets import plain_text, typed_text

from .conftest import FACTORIES, as_csv, compared, exported, table, told

pytestmark = pytest.mark.django_db

NAMES = sorted(SHEETS)
EXAMPLES = settings(
    max_examples=4,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # making a failure smaller costs minutes here
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
NASTY = st.sampled_from(
    [
        "=1+1", "'=1+1", "''=2", "+41 61 000", "-5", "@home", "'tis", " =A1", "\t=A1", "\r=A1", "\n=A1", "＝1",
        "007", "TRUE", "#N/A", "1e5", "2025-01-02", "a;b,c\"d\"", "line\r\nnext\nlast", "new", "yes", "_x0041_",
        "\x01=1", "Genève – 北京 🧬", "\ufeffx", "\u2028", "\ufffe", "v1:AAAA", "", "  ", "nothing unusual",
    ]
)  # fmt: skip
TEXTS = st.one_of(
    NASTY, st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
)


def fill(data, instance: models.Model, sheet) -> None:
    """Write something odd into every column that holds free text or a number, past the checks of the desk."""
    changes = {}
    for column in sheet.columns:
        field, widget = column.field, column.widget
        if isinstance(widget, TextCell) and not field.unique and not isinstance(field, models.SlugField):
            text = data.draw(TEXTS)[: (field.max_length or 100) - (9 if column.key else 0)]
            changes[field.name] = f"{text}{instance.pk}" if column.key else text
        elif isinstance(widget, NumberCell) and not field.choices and field.null:
            if widget.whole:
                changes[field.name] = data.draw(st.none() | st.integers(1, 4))
            else:
                places = field.decimal_places
                most = 10 ** (field.max_digits - 1) - 1
                drawn = data.draw(st.none() | st.integers(1, most))
                changes[field.name] = None if drawn is None else Decimal(drawn).scaleb(-places)
        elif isinstance(field, models.DateField) and field.null and data.draw(st.booleans()):
            changes[field.name] = dt.date(2025, 2, data.draw(st.integers(1, 28)))
        elif isinstance(field, models.BooleanField):
            changes[field.name] = data.draw(st.booleans() | st.none() if field.null else st.booleans())
        elif isinstance(widget, ChoiceCell) and not column.key:
            changes[field.name] = data.draw(st.sampled_from(list(widget.labels)))
        elif isinstance(widget, CodesCell):
            term = FACTORIES[field.related_model](code=f"term-{data.draw(st.integers(1, 3))}")
            getattr(instance, field.name).set([term])
    if changes:
        keep_constraints(sheet, changes)
        type(instance)._base_manager.filter(pk=instance.pk).update(**changes)


def keep_constraints(sheet, changes: dict) -> None:
    """The database checks too: ranges in order, units beside amounts."""
    name = sheet.name
    for low, high in (
        ("scale_min", "scale_max"), ("stage_from", "stage_to"), ("first_year", "last_year"),
        ("starts_on", "ends_on"), ("issued_on", "expires_on"), ("started_on", "ended_on"),
        ("effective_from", "effective_until"), ("issued_on", "closed_on"), ("used_from", "used_until"),
        ("owned_from", "owned_until"),
    ):  # fmt: skip
        if {low, high} & set(changes) and any(c.name == high and c.field.null for c in sheet.columns):
            changes[high] = None
    for amount in (
        "scale_min",
        "size",
        "quantity",
        "minimum_project",
        "low",
        "high",
        "latitude",
        "longitude",
    ):
        if amount in changes and name in ("capability", "equipment", "capacityslot", "facility"):
            changes[amount] = None
    if name == "commercialterms":
        changes |= {"cancellation_share": None, "currency": "USD"}
    if name == "metricvalue":
        changes["flag"] = True
    if name == "regulatoryaction":
        changes["close_out_unknown"] = False
    if name == "audit":
        changes["open_actions"] = None
    if name == "indicativeprice":
        changes["currency"] = "USD"


def made(data, name: str, number: int = 3):
    sheet = SHEETS[name].open()
    factory = FACTORIES[sheet.model]
    by_code = "code" in sheet.key_names and issubclass(sheet.model, models.Model)
    for n in range(number):
        instance = factory(code=f"code-{n}") if by_code else factory()
        fill(data, instance, sheet)
    return sheet


def test_every_list_that_curators_keep_has_a_spreadsheet():
    kept = {
        model._meta.model_name
        for model, model_admin in admin.site._registry.items()
        if isinstance(model_admin, CatalogueAdmin)
    }
    assert set(SHEETS) == kept


@EXAMPLES
@given(text=TEXTS)
def test_a_text_that_is_kept_from_being_run_comes_back_as_it_was(text):
    written = plain_text(text)
    assert typed_text(written) == text
    assert not written.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))


@pytest.mark.parametrize("name", NAMES)
@EXAMPLES
@given(data=st.data())
def test_export_read_back_changes_nothing(name, data):
    with transaction.atomic(), tempfile.TemporaryDirectory() as folder:
        made(data, name)
        for kind in ("csv", "xlsx"):
            results = compared(name, exported(name, kind), Path(folder), kind)
            assert told(results) == [("unchanged", {}, [])] * 3
        transaction.set_rollback(True)


def rows_of(name: str) -> list[list[str]]:
    """The catalogue's rows of a list, without their numbers."""
    return sorted(row[:-1] for row in table(exported(name)))


def write(name: str, content: bytes, folder: Path) -> None:
    """Write what a file would do, rejected rows left out."""
    from partners.models import SheetImport
    from partners.sheets import imports
    from partners.sheets.reading import SheetReader

    job = SheetImport.objects.create(sheet=name, file_name="list.csv", size=1, state="running")
    path = folder / "list.csv"
    path.write_bytes(content)
    sheet = SHEETS[name].open()
    with SheetReader(path, sheet) as reader:
        comparer = imports.Comparer(sheet, set(reader.headings.at))
        imports._keep(job, reader, comparer.compare(list(reader)), {})
    write_rows(sheet, imports.writable(job, "keep"), progress=lambda step, share: None, batch_size=2)


@pytest.mark.parametrize("name", NAMES)
@EXAMPLES
@given(data=st.data())
def test_rows_and_columns_in_any_order_and_twice_give_the_same_catalogue(name, data):
    """A list of which half the rows are new ones, without versions, and the others changed."""
    with transaction.atomic(), tempfile.TemporaryDirectory() as folder:
        sheet = made(data, name, 4)
        header, *rows = table(exported(name))
        free = next(
            (c for c in sheet.columns if isinstance(c.widget, TextCell) and not c.key and c.name != "code"),
            None,
        )
        for row in rows[:2]:
            row[-1] = ""
            if free and free.field.max_length != 3:
                row[header.index(free.heading)] = "https://example.org/a" if "url" in free.name else "Other"
        sheet.model._base_manager.filter(
            pk__in=sheet.model._base_manager.order_by("pk").values("pk")[:1]
        ).delete()
        order = data.draw(st.permutations(range(len(rows))))
        columns = data.draw(st.permutations(range(len(header))))
        plain = as_csv([header, *rows])
        mixed = as_csv([[row[i] for i in columns] for row in [header, *(rows[i] for i in order)]])
        found = []
        for files in ((plain,), (mixed,), (plain, plain), (mixed, plain)):
            point = transaction.savepoint()
            for file in files:
                write(name, file, Path(folder))
            found.append(rows_of(name))
            transaction.savepoint_rollback(point)
        assert found[1:] == found[:1] * 3
        transaction.set_rollback(True)
