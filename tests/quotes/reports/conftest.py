"""One scenario, frozen once per module: rendering it takes seconds, reading it does not."""

import pytest

from quotes.reports.canonical import snapshot_hash
from tests.quotes.reports import scenario


@pytest.fixture(scope="session")
def frozen_scene(django_db_setup, django_db_blocker):
    """`frozen_scene(make)`: a snapshot without keeping the database open."""

    def take(make):
        with django_db_blocker.unblock():
            return scenario.frozen(make)

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
