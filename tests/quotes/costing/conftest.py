"""The engine has neither database nor cache, so its tests need none."""

import pytest


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    """Replaces the suite's fixture of the same name, which empties the real cache."""
