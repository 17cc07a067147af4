"""The curation desk: every model of the catalogue in Django's admin."""

from . import (
    commercial,
    curation,
    exchange,
    history,
    matching,
    organisation,
    proposal,
    quality,
    register,
    register_upload,
    restricted,
    search,
    site,
    suggestion,
    vocabulary,
)

__all__ = [
    "commercial",
    "curation",
    "exchange",
    "history",
    "matching",
    "organisation",
    "proposal",
    "quality",
    "register",
    "register_upload",
    "restricted",
    "search",
    "site",
    "suggestion",
    "vocabulary",
]
