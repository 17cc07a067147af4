"""The curation desk: every model of the catalogue in Django's admin."""

from django.contrib import admin

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
    sheet_import,
    site,
    suggestion,
    term_merges,
    vocabulary,
)

admin.site.index_title = "What waits"

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
    "sheet_import",
    "site",
    "suggestion",
    "term_merges",
    "vocabulary",
]
