"""The curation desk: every model of the catalogue in Django's admin."""

from . import (
    commercial,
    history,
    organisation,
    quality,
    register,
    register_upload,
    search,
    site,
    suggestion,
    vocabulary,
)

__all__ = [
    "commercial",
    "history",
    "organisation",
    "quality",
    "register",
    "register_upload",
    "search",
    "site",
    "suggestion",
    "vocabulary",
]
