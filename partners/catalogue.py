"""The facts of the whole catalogue as this transaction sees it, from columns that all processes of a host share.

`current_catalogue` costs one query while nothing has changed. A changed catalogue is read once, by one process: the
others wait for its files, then map them. Whoever finds no directory to write to reads the facts for itself.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.models import Count, Sum
from django.db.models.functions import Coalesce

from partners.models import CatalogueChange, Organisation
from partners.scoring.columnar import FORMAT, Catalogue
from partners.scoring.types import ENGINE_VERSION, PartnerFacts
from partners.scoring_inputs import load_partner_facts

logger = logging.getLogger(__name__)

CHUNK = 1_000  # partners read at once while building
KEPT_VERSIONS = 2
IN_MEMORY = 3_000  # partners up to which the put-together facts are kept in the process as well

_lock = threading.Lock()
_kept: tuple[str, Catalogue] | None = None
_facts: tuple[str, tuple[PartnerFacts, ...]] | None = None


def catalogue_version() -> str:
    """Names the catalogue that this transaction sees; different whenever it is different. One query."""
    marks = CatalogueChange.objects.aggregate(count=Count("pk"), sum=Coalesce(Sum("stamp"), 0))
    parts = (
        connection.settings_dict["NAME"],
        marks["count"],
        marks["sum"],
        FORMAT,
        ENGINE_VERSION,
        sys.version,
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:24]


@dataclass(frozen=True)
class Current:
    """The catalogue of one version: its columns, and everybody's facts put together from them."""

    version: str
    columns: Catalogue

    @property
    def facts(self) -> tuple[PartnerFacts, ...]:
        """In the order of the names; kept in this process while the catalogue stays as it is and is not large."""
        global _facts
        if _facts and _facts[0] == self.version:
            return _facts[1]
        facts = tuple(self.columns)
        if len(facts) <= IN_MEMORY:
            _facts = (self.version, facts)
        return facts


def current() -> Current:
    """The catalogue as it is now. One query while nothing has changed."""
    version = catalogue_version()
    return Current(version, _catalogue(version))


def current_catalogue() -> Catalogue:
    """The columns of the catalogue as it is now."""
    return current().columns


def current_facts() -> tuple[PartnerFacts, ...]:
    """All active partners' facts."""
    return current().facts


def _catalogue(version: str) -> Catalogue:
    global _kept
    if _kept and _kept[0] == version:
        return _kept[1]
    with _lock:
        if not (_kept and _kept[0] == version):
            _kept = (version, _shared(version))
        return _kept[1]


def _shared(version: str) -> Catalogue:
    root = Path(settings.VAR_DIR) / "catalogue"
    place = root / version
    try:
        root.mkdir(parents=True, exist_ok=True)
        if place.is_dir():
            return Catalogue.load(place)
        with (root / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not place.is_dir():
                _write(Catalogue.build(_read()), place)
                _tidy(root, place)
            return Catalogue.load(place)
    except OSError as error:
        logger.warning("The catalogue's columns cannot be shared: %s", error)
        return Catalogue.build(_read())


def _read() -> Iterator[PartnerFacts]:
    ids = list(Organisation.objects.active().order_by("name", "pk").values_list("pk", flat=True))
    for begin in range(0, len(ids), CHUNK):
        yield from load_partner_facts(Organisation.objects.filter(pk__in=ids[begin : begin + CHUNK]))


def _write(catalogue: Catalogue, place: Path) -> None:
    """All columns or none: the directory gets its name when it is complete."""
    beside = place.with_name(f"{place.name}.{os.getpid()}")
    shutil.rmtree(beside, ignore_errors=True)
    catalogue.save(beside)
    beside.rename(place)


def _tidy(root: Path, newest: Path) -> None:
    """Old versions go; a process that has mapped one keeps it until it lets go."""
    others = [p for p in root.iterdir() if p.is_dir() and p != newest]
    for old in sorted(others, key=lambda p: p.stat().st_mtime, reverse=True)[KEPT_VERSIONS - 1 :]:
        shutil.rmtree(old, ignore_errors=True)
