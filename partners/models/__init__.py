"""The shared vendor catalogue. No model here knows about sponsors."""

from .capability import Capability, CapacitySlot
from .change import CatalogueChange
from .commercial import CommercialTerms, Document, IndicativePrice, MetricValue, TrackRecord
from .curation import SavedFilter, VerificationTask
from .evidence import Evidenced, Source
from .exchange import ExchangeRate, ExchangeRateImport
from .facility import Equipment, Facility
from .history import Change
from .matching import MatchProposal, Merge, NotTheSame, TermMerge
from .organisation import (
    Alias,
    ContractStructureFact,
    Identifier,
    IndustryFact,
    Organisation,
    OrganisationTypeFact,
    Ownership,
    RestrictedPartyEntry,
    RestrictedPartyList,
)
from .quality import Audit, Certificate, Inspection, RegulatoryAction
from .register import RegisterEstablishment, RegisterImport, RejectedRow
from .register_records import (
    RegisterAction,
    RegisterForm483,
    RegisterInspection,
    RegisterListing,
    RegisterRow,
)
from .register_upload import RegisterUpload
from .restricted import ListedParty, PartyMatch
from .search import SearchDocument, SearchSynonym, SearchWord
from .sheet_import import SheetImport, SheetRow
from .suggestion import LinkSuggestion, Proposal
from .vocabulary import (
    CertificateType,
    ContractStructure,
    DocumentType,
    DosageForm,
    Industry,
    Metric,
    Modality,
    OrganisationType,
    ProductionSystem,
    Regulator,
    ScaleUnit,
    Service,
    ServiceCrosswalk,
    Vocabulary,
)

__all__ = [
    "Alias",
    "Audit",
    "Capability",
    "CapacitySlot",
    "CatalogueChange",
    "Certificate",
    "CertificateType",
    "Change",
    "CommercialTerms",
    "ContractStructure",
    "ContractStructureFact",
    "Document",
    "DocumentType",
    "DosageForm",
    "Equipment",
    "Evidenced",
    "ExchangeRate",
    "ExchangeRateImport",
    "Facility",
    "Identifier",
    "IndicativePrice",
    "Industry",
    "IndustryFact",
    "Inspection",
    "LinkSuggestion",
    "ListedParty",
    "MatchProposal",
    "Merge",
    "Metric",
    "MetricValue",
    "Modality",
    "NotTheSame",
    "Organisation",
    "OrganisationType",
    "OrganisationTypeFact",
    "Ownership",
    "PartyMatch",
    "ProductionSystem",
    "Proposal",
    "RegisterAction",
    "RegisterEstablishment",
    "RegisterForm483",
    "RegisterImport",
    "RegisterInspection",
    "RegisterListing",
    "RegisterRow",
    "RegisterUpload",
    "Regulator",
    "RegulatoryAction",
    "RejectedRow",
    "RestrictedPartyEntry",
    "RestrictedPartyList",
    "SavedFilter",
    "ScaleUnit",
    "SearchDocument",
    "SearchSynonym",
    "SearchWord",
    "Service",
    "ServiceCrosswalk",
    "SheetImport",
    "SheetRow",
    "Source",
    "TermMerge",
    "TrackRecord",
    "VerificationTask",
    "Vocabulary",
]
