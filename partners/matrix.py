"""What a partner's sites can do, as a table of services by modalities. No queries here.

Sites are never added up: a cell names the largest scale that one site states, and lists every site behind it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from partners import wording
from partners.enums import EvidenceLevel
from partners.models import Capability, Facility, Modality, Service

LEVELS = tuple(EvidenceLevel)  # weakest first; the fill of a cell is the place in this order


@dataclass(frozen=True, slots=True)
class Process:
    """One process at one site, in words; empty words are unknown."""

    fact: Capability
    site: Facility
    scale: str
    how: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One service for one modality. Without processes it is unknown, or `not_offered` when stated as a no."""

    processes: tuple[Process, ...] = ()
    not_offered: bool = False

    @property
    def level(self) -> EvidenceLevel:
        """The strongest evidence of any process in the cell."""
        return max((EvidenceLevel(p.fact.evidence_level) for p in self.processes), key=LEVELS.index)

    @property
    def fill(self) -> int:
        """1 (self-declared) to 4 (audited)."""
        return LEVELS.index(self.level) + 1

    @property
    def icon(self) -> str:
        return f"level-{self.fill}"

    @property
    def largest(self) -> str:
        """The scale of the process that reaches highest; empty when no scale is known."""
        known = [p for p in self.processes if p.scale]
        return max(known, key=lambda p: p.fact.scale_max or p.fact.scale_min).scale if known else ""

    @property
    def sites(self) -> tuple[Facility, ...]:
        return tuple({p.site.pk: p.site for p in self.processes}.values())


@dataclass(frozen=True, slots=True)
class Row:
    service: Service
    cells: tuple[Cell, ...]

    @property
    def is_branch(self) -> bool:
        """Whether a whole branch of the service tree is stated, and not which service of it."""
        return self.service.parent_id is None


@dataclass(frozen=True, slots=True)
class Matrix:
    """`modalities` are the columns; None, if there, is the last and holds processes without a known modality."""

    modalities: tuple[Modality | None, ...]
    branches: tuple[tuple[str, tuple[Row, ...]], ...]
    has_not_offered: bool

    @property
    def one_column(self) -> bool:
        """Whether there is room to name the sites in the cells."""
        return len(self.modalities) == 1

    @property
    def rows(self) -> int:
        return sum(len(rows) for _, rows in self.branches)

    @property
    def span(self) -> int:
        """Columns of the table, the one with the services included."""
        return len(self.modalities) + 1


class Stated:
    """What processes are stated, to tell what a complete list leaves open from what it denies.

    A complete list denies a process only when nothing in it may stand for the process: not the service itself
    without a modality, not a branch above it, and nothing below it, for this modality or for an unknown one.
    """

    def __init__(self, facts: Iterable[Capability]) -> None:
        self.themselves: set[tuple[int, int | None]] = set()
        self.with_above: set[tuple[int, int | None]] = set()
        for fact in facts:
            self.themselves.add((fact.service_id, fact.modality_id))
            self.with_above |= {(pk, fact.modality_id) for pk in (fact.service_id, *_above(fact.service))}

    def denies(self, service: Service, modality_id: int | None) -> bool:
        if modality_id is None:
            return False
        for modality in (modality_id, None):
            if (service.pk, modality) in self.with_above:
                return False
            if any((pk, modality) in self.themselves for pk in _above(service)):
                return False
        return True


def _above(service: Service) -> tuple[int, ...]:
    """Keys of the branches above a service that was read with its parent; the tree has three levels."""
    parent = service.parent
    return tuple(pk for pk in (parent.pk, parent.parent_id) if pk) if parent else ()


def build_matrix(sites: Sequence[Facility]) -> Matrix | None:
    """Every service by every modality that the sites run; None when no process is known."""
    found: dict[tuple[int, int | None], list[Process]] = {}
    services: dict[int, Service] = {}
    modalities: dict[int | None, Modality | None] = {}
    for site in sites:
        for fact in site.capabilities.all():
            services[fact.service_id] = fact.service
            modalities[fact.modality_id] = fact.modality
            process = Process(fact, site, wording.scale(fact), wording.process(fact))
            found.setdefault((fact.service_id, fact.modality_id), []).append(process)
    if not found:
        return None
    complete = all(site.capabilities_complete_on for site in sites)
    stated = Stated(fact for site in sites for fact in site.capabilities.all()) if complete else None
    columns = sorted(modalities.values(), key=lambda m: (m is None, m and (m.order, m.label)))
    rows = [
        Row(service, tuple(_cell(found, service, modality, stated) for modality in columns))
        for service in sorted(services.values(), key=_place)
    ]
    return Matrix(
        tuple(columns),
        tuple(_by_branch(rows)),
        any(cell.not_offered for row in rows for cell in row.cells),
    )


def _cell(found: dict, service: Service, modality: Modality | None, stated: Stated | None) -> Cell:
    """`stated` is given when the lists of all sites are complete."""
    key = modality.pk if modality else None
    processes = found.get((service.pk, key), [])
    return Cell(tuple(processes), bool(not processes and stated and stated.denies(service, key)))


def _place(service: Service) -> tuple:
    branch = service.parent or service
    return branch.order, branch.label, service.parent_id is not None, service.order, service.label


def _by_branch(rows: Iterable[Row]) -> Iterable[tuple[str, tuple[Row, ...]]]:
    branches: dict[str, list[Row]] = {}
    for row in rows:
        branches.setdefault((row.service.parent or row.service).label, []).append(row)
    return ((label, tuple(of)) for label, of in branches.items())
