"""Telling the workers that a row waits for them. The row is the truth: a message that cannot be sent loses no work."""

from __future__ import annotations

from typing import Any

import structlog
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

logger = structlog.get_logger(__name__)


def tell(task: Any, *arguments: Any, priority: int | None = None) -> bool:
    """Send a task's message, with its route's priority unless one is given (0 is the highest).

    False, with a line in the log, when the broker does not take it; beat tells them later. Kombu translates only what
    its transports raise about connections. A broker that is full, read-only or still loading answers with an error of
    redis-py.
    """
    try:
        task.apply_async(arguments, **({} if priority is None else {"priority": priority}))
    except (OperationalError, RedisError, OSError) as error:
        logger.warning(
            "not told, it waits: the broker is out of reach",
            task=task.name, arguments=arguments, error=f"{type(error).__name__}: {error}"[:200],
        )  # fmt: skip
        return False
    return True
