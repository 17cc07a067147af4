"""What the sites of the partners shown in full can do, and their quality record, as the partner's page shows both."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from partners.matrix import Cell, Matrix, build_matrix
from partners.quality_record import Entry, quality_record
from partners.selectors import partner_records

ENTRIES = 30  # of one partner, the newest


def frozen_sites(slugs: Mapping[str, int], as_of: dt.date) -> dict[str, dict[str, Any]]:
    """Partner id → {"quality": …, "quality_more": …, "matrix": … or None}. A fixed number of queries."""
    found = {}
    for partner in partner_records(slugs, prices=False):
        sites = list(partner.facilities.all())
        entries = quality_record(sites, as_of)
        matrix = build_matrix(sites)
        found[str(slugs[partner.slug])] = {
            "quality": [_entry(entry) for entry in entries[:ENTRIES]],
            "quality_more": max(0, len(entries) - ENTRIES),
            "matrix": _matrix(matrix) if matrix else None,
        }
    return found


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "on": entry.on,
        "until": entry.until,
        "kind": entry.kind,
        "mark": entry.mark,
        "title": entry.title,
        "site": entry.site.name,
        "state": entry.state.label,
        "tone": entry.state.tone,
        "source": entry.fact.source.title,
        "url": entry.fact.source.url,
        "retrieved_on": entry.fact.retrieved_on,
    }


def _matrix(matrix: Matrix) -> dict[str, Any]:
    return {
        "modalities": [modality.label if modality else "modality unknown" for modality in matrix.modalities],
        "rows": [
            {
                "branch": branch,
                "service": row.service.label,
                "cells": [_cell(cell) for cell in row.cells],
            }
            for branch, rows in matrix.branches
            for row in rows
        ],
    }


def _cell(cell: Cell) -> dict[str, Any]:
    if not cell.processes:
        return {"known": "no" if cell.not_offered else "unknown", "evidence": "", "scale": "", "sites": []}
    return {
        "known": "yes",
        "evidence": cell.level.label,
        "scale": cell.largest,
        "sites": [site.name for site in cell.sites],
    }
