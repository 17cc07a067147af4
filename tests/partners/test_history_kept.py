"""History and audit log in a database set up like production's: whatever a session says, nothing is taken away."""

# ruff: noqa: S608  names written here only

import os

import psycopg2
import pytest
from django.db import connection
from psycopg2 import errors, sql

pytestmark = pytest.mark.django_db

SWITCHES = ("partners.history_may_be_emptied", "audit.may_be_emptied")


def guards(table: str) -> list[str]:
    """The statements that make the triggers of a table which refuse changes, and their functions, as migrated."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT pg_get_functiondef(t.tgfoid) FROM pg_trigger t "
            "WHERE t.tgrelid = %s::regclass AND NOT t.tgisinternal",
            [table],
        )
        functions = [row[0] for row in cursor.fetchall()]
        cursor.execute(
            "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal",
            [table],
        )
        return [*functions, *(row[0] for row in cursor.fetchall())]


@pytest.fixture(scope="module")
def production():
    """A connection to a database whose name is not a test's. Made and dropped beside the test's own."""
    name = sql.Identifier(f"kept_{os.getpid()}")
    parameters = {k: v for k, v in connection.get_connection_params().items() if k != "cursor_factory"}
    maintenance = psycopg2.connect(**{**parameters, "dbname": "postgres"})
    maintenance.autocommit = True
    with maintenance.cursor() as cursor:
        cursor.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(name))
    database = psycopg2.connect(**{**parameters, "dbname": name.string})
    database.autocommit = True
    yield database
    database.close()
    with maintenance.cursor() as cursor:
        cursor.execute(sql.SQL("DROP DATABASE {}").format(name))
    maintenance.close()


@pytest.mark.parametrize("table", ["partners_change", "audit_auditevent"])
def test_in_production_no_session_can_change_delete_or_empty_what_is_recorded(production, table):
    statements = guards(table)
    assert sum("TRUNCATE" in text and text.startswith("CREATE TRIGGER") for text in statements) == 1
    with production.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {table} (id integer); INSERT INTO {table} VALUES (1)")
        for statement in statements:
            cursor.execute(statement)
        for switch in SWITCHES:
            cursor.execute(f"SET {switch} = 'on'")
        for attempt in (f"UPDATE {table} SET id = 2", f"DELETE FROM {table}", f"TRUNCATE {table}"):
            with pytest.raises(errors.IntegrityConstraintViolation, match="cannot be changed or deleted"):
                cursor.execute(attempt)
        cursor.execute(f"INSERT INTO {table} VALUES (2)")
        cursor.execute(f"SELECT array_agg(id ORDER BY id) FROM {table}")
        assert cursor.fetchone() == ([1, 2],)
