"""One scenario, frozen once per module: rendering it takes seconds, reading it does not."""

import pytest
from django.db import transaction

from quotes.ranking import rank_project
from quotes.reports.canonical import snapshot_hash
from quotes.reports.snapshot import build_snapshot
from tests.quotes.reports import scenario


class _Undo(Exception):
    """Rolls back the rows a frozen snapshot was taken from."""


def frozen(make) -> dict:
    """The snapshot of the project that `make()` creates; nothing stays in the database."""
    try:
        with transaction.atomic():
            scene = make()
            ranking = rank_project(scene.project, as_of=scenario.TODAY)
            snapshot = build_snapshot(
                project=scene.project, ranking=ranking, requester=scene.user, include_prices=True
            )
            raise _Undo
    except _Undo:
        return snapshot


@pytest.fixture(scope="session")
def frozen_scene(django_db_setup, django_db_blocker):
    """`frozen_scene(make)`: a snapshot without keeping the database open."""

    def take(make):
        with django_db_blocker.unblock():
            return frozen(make)

    return take


@pytest.fixture(scope="session")
def snapshot(frozen_scene) -> dict:
    """Eight ranked partners, two with too little data, four knocked out, three on the shortlist."""
    return frozen_scene(scenario.scene)


@pytest.fixture(scope="session")
def digest(snapshot) -> str:
    return snapshot_hash(snapshot)


@pytest.fixture
def scene(db) -> scenario.Scene:
    return scenario.scene()
