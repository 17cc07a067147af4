"""When the jobs of beat last ran. Without beat, or a worker of its short jobs, nothing that is lost is taken back."""

from __future__ import annotations

import contextlib
import time

from django.core.cache import cache
from redis.exceptions import RedisError

KEY = "last-sweep"


def note_sweep() -> None:
    """A sweep has ended. One that cannot be noted has swept all the same."""
    with contextlib.suppress(RedisError, OSError):
        cache.set(KEY, time.time(), None)


def last_sweep() -> float | None:
    """When the last sweep ended, as a Unix time; None when that is not known. Raises when the cache is away."""
    return cache.get(KEY)
