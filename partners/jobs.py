"""Asking a worker to bring something up to date after a write. Without a broker the log says so, and nothing fails."""

from typing import Any

import structlog
from kombu.exceptions import OperationalError

logger = structlog.get_logger(__name__)


def ask_for_matches() -> bool:
    """Which partner and site new register rows are. False when the broker is out of reach."""
    from partners.tasks import propose_matches

    return _ask(propose_matches)


def ask_to_refresh_evidence() -> bool:
    """The facts of the catalogue that rest on registers. False when the broker is out of reach."""
    from partners.tasks import refresh_register_facts

    return _ask(refresh_register_facts)


def _ask(task: Any) -> bool:
    try:
        task.delay()
    except OperationalError as error:
        logger.warning("job_not_asked_for", task=task.name, error=type(error).__name__)
        return False
    return True
