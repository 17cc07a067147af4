"""Everything that belongs to one sponsor."""

from .project import Need, Project, ProjectWeights
from .report import Report
from .shortlist import ShortlistEntry
from .tenancy import SponsorOwned

__all__ = ["Need", "Project", "ProjectWeights", "Report", "ShortlistEntry", "SponsorOwned"]
