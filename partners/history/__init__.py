"""History of the catalogue: `recording` says who and how, triggers write, selectors read, services revert."""

from .recording import recording, without_history

__all__ = ["recording", "without_history"]
