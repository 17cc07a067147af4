"""Asking a worker to bring something up to date after a write. Without a broker the log says so, and nothing fails."""

from cmo_selector.broker import tell


def ask_for_matches() -> bool:
    """Which partner and site new register rows are. False when the broker is out of reach."""
    from partners.tasks import propose_matches

    return tell(propose_matches)


def ask_to_refresh_evidence() -> bool:
    """The facts of the catalogue that rest on registers. False when the broker is out of reach."""
    from partners.tasks import refresh_register_facts

    return tell(refresh_register_facts)
