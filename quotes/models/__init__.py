"""Everything that belongs to one sponsor."""

from .attachment import Attachment
from .conflict import ConflictCheck
from .evaluation import AgreedScore, Evaluation, EvaluationScore
from .fx import ProjectRates
from .invitation import Invitation, InvitationEmail, InvitationLink, RfqMessage
from .override import MustOverride
from .project import Need, Project, ProjectWeights
from .quote import Award, CostScenario, Quote, QuoteLine, QuoteRevision
from .relation import PartnerRelation
from .report import Report
from .rfq import Rfq, RfqVersion, ScopeLine
from .risk import ShortlistRisk
from .scenario import WhatIfScenario
from .schedule import ReportSchedule
from .search import SavedSearch, SearchDigest
from .share import ReportShare, ShareView
from .shortlist import ShortlistEntry
from .tenancy import SponsorOwned
from .tool import ToolCalculation
from .weight_set import WeightSet

__all__ = [
    "AgreedScore",
    "Attachment",
    "Award",
    "ConflictCheck",
    "CostScenario",
    "Evaluation",
    "EvaluationScore",
    "Invitation",
    "InvitationEmail",
    "InvitationLink",
    "MustOverride",
    "Need",
    "PartnerRelation",
    "Project",
    "ProjectRates",
    "ProjectWeights",
    "Quote",
    "QuoteLine",
    "QuoteRevision",
    "Report",
    "ReportSchedule",
    "ReportShare",
    "Rfq",
    "RfqMessage",
    "RfqVersion",
    "SavedSearch",
    "ScopeLine",
    "SearchDigest",
    "ShareView",
    "ShortlistEntry",
    "ShortlistRisk",
    "SponsorOwned",
    "ToolCalculation",
    "WeightSet",
    "WhatIfScenario",
]
