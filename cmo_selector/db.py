"""Violated constraints as form errors, by the constraint's name; and work that only one process does at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.apps import apps
from django.db import IntegrityError, InterfaceError, OperationalError, connection, models, transaction
from django.forms import BaseForm


def constraint_of(error: IntegrityError) -> tuple[type[models.Model], models.BaseConstraint] | None:
    """The model and declared constraint that an IntegrityError names; None when it is not one of ours."""
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
    for model in apps.get_models():
        for constraint in model._meta.constraints:
            if constraint.name == name:
                return model, constraint
    return None


def _columns(constraint: models.BaseConstraint) -> list[str]:
    """The model fields a unique constraint is about, those inside expressions such as Lower("email") too."""
    names = list(getattr(constraint, "fields", ()))
    waiting = list(getattr(constraint, "expressions", ()))
    while waiting:
        expression = waiting.pop()
        if isinstance(expression, models.F):
            names.append(expression.name)
        else:
            waiting.extend(expression.get_source_expressions())
    return names


@contextmanager
def constraint_errors(form: BaseForm) -> Iterator[None]:
    """Write inside a savepoint; a violated constraint of ours becomes an error of `form`.

    Ask `form.errors` afterwards. The error stands at the field when the constraint is about exactly
    one field of the form, else above the form. Errors that name no declared constraint are raised.

        with constraint_errors(form):
            project = create_project(...)
        if form.errors: ...show the form again, everything typed is still there
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        found = constraint_of(error)
        if found is None:
            raise
        _, constraint = found
        shown = [name for name in _columns(constraint) if name in form.fields]
        form.add_error(shown[0] if len(shown) == 1 else None, constraint.get_violation_error_message())


@contextmanager
def only_one(name: str) -> Iterator[bool]:
    """Whether nobody else, on any machine, is inside with this name. Ends with the connection at the latest.

    with only_one("round") as alone:
        if alone: ...
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [name])
        (alone,) = cursor.fetchone()
    try:
        yield alone
    finally:
        if alone:
            with suppress(OperationalError, InterfaceError), connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtext(%s))", [name])
