"""Everything that belongs to one sponsor."""

from .project import Need, Project, ProjectWeights
from .relation import PartnerRelation
from .report import Report
from .shortlist import ShortlistEntry
from .tenancy import SponsorOwned

__all__ = ["Need", "PartnerRelation", "Project", "ProjectWeights", "Report", "ShortlistEntry", "SponsorOwned"]
