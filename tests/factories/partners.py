"""Factories of the catalogue.

Vocabulary factories get or create by code: `ModalityFactory(code="aav")` twice is one row. Facts get the one
source "test-source" and the evidence level "document checked" unless told otherwise. Nothing that may stay
unknown is filled in by default.
"""

import datetime
from decimal import Decimal

import factory
from factory.django import DjangoModelFactory

from cmo_selector.accounts.models import User
from partners import models
from partners.enums import (
    ActionKind,
    ActionListing,
    AliasKind,
    AuditorKind,
    AuditOutcome,
    AuditStandard,
    EvidenceLevel,
    IdentifierScheme,
    InspectionKind,
    InspectionOutcome,
    MetricKind,
    PriceBasis,
    RegisterKind,
    SlotStatus,
    TrackRecordKind,
)

from .accounts import CuratorFactory

RETRIEVED_ON = datetime.date(2025, 9, 1)


class SourceFactory(DjangoModelFactory):
    class Meta:
        model = models.Source
        django_get_or_create = ("code",)

    code = "test-source"
    title = factory.LazyAttribute(lambda o: o.code.replace("-", " ").capitalize())
    publisher = "Test publisher"


class EvidencedFactory(DjangoModelFactory):
    class Meta:
        abstract = True

    source = factory.SubFactory(SourceFactory)
    retrieved_on = RETRIEVED_ON
    evidence_level = EvidenceLevel.DOCUMENT_CHECKED


# -- vocabularies --------------------------------------------------------------------------------


class VocabularyFactory(DjangoModelFactory):
    class Meta:
        abstract = True
        django_get_or_create = ("code",)

    label = factory.LazyAttribute(lambda o: o.code.replace("-", " ").capitalize())
    order = factory.Sequence(lambda n: n)


class OrganisationTypeFactory(VocabularyFactory):
    class Meta:
        model = models.OrganisationType

    code = "cdmo"


class ModalityFactory(VocabularyFactory):
    class Meta:
        model = models.Modality

    code = "test-modality"


class ServiceFactory(VocabularyFactory):
    """A branch of the service tree, or a node below one with `parent=`."""

    class Meta:
        model = models.Service

    code = "test-service"


class DosageFormFactory(VocabularyFactory):
    class Meta:
        model = models.DosageForm

    code = "test-dosage-form"


class ProductionSystemFactory(VocabularyFactory):
    class Meta:
        model = models.ProductionSystem

    code = "test-production-system"


class ScaleUnitFactory(VocabularyFactory):
    class Meta:
        model = models.ScaleUnit

    code = "litre"
    symbol = "L"


class IndustryFactory(VocabularyFactory):
    class Meta:
        model = models.Industry

    code = "test-industry"


class ContractStructureFactory(VocabularyFactory):
    class Meta:
        model = models.ContractStructure

    code = "test-structure"


class RegulatorFactory(VocabularyFactory):
    class Meta:
        model = models.Regulator

    code = "fda"
    market = "US"
    country = "US"


class CertificateTypeFactory(VocabularyFactory):
    class Meta:
        model = models.CertificateType

    code = "test-certificate"


class DocumentTypeFactory(VocabularyFactory):
    class Meta:
        model = models.DocumentType

    code = "test-document"


class MetricFactory(VocabularyFactory):
    class Meta:
        model = models.Metric

    code = "test-metric"
    kind = MetricKind.NUMBER
    unit = "%"
    question = "What is your value?"


class ServiceCrosswalkFactory(DjangoModelFactory):
    class Meta:
        model = models.ServiceCrosswalk

    register = "fda_spl"
    code = factory.Sequence(lambda n: f"C{n}")
    label = factory.LazyAttribute(lambda o: f"OPERATION {o.code}")
    service = factory.SubFactory(ServiceFactory)


# -- partners and sites --------------------------------------------------------------------------


class OrganisationFactory(EvidencedFactory):
    """A partner about which nothing but the name is known."""

    class Meta:
        model = models.Organisation

    name = factory.Sequence(lambda n: f"Partner {n:04d}")
    slug = factory.LazyAttribute(lambda o: "-".join(o.name.lower().replace(".", " ").split()))
    illustrative = True


class OrganisationTypeFactFactory(EvidencedFactory):
    class Meta:
        model = models.OrganisationTypeFact

    organisation = factory.SubFactory(OrganisationFactory)
    type = factory.SubFactory(OrganisationTypeFactory)


class ContractStructureFactFactory(EvidencedFactory):
    class Meta:
        model = models.ContractStructureFact

    organisation = factory.SubFactory(OrganisationFactory)
    structure = factory.SubFactory(ContractStructureFactory)


class IndustryFactFactory(EvidencedFactory):
    class Meta:
        model = models.IndustryFact

    organisation = factory.SubFactory(OrganisationFactory)
    industry = factory.SubFactory(IndustryFactory)


class AliasFactory(EvidencedFactory):
    class Meta:
        model = models.Alias

    organisation = factory.SubFactory(OrganisationFactory)
    name = factory.Sequence(lambda n: f"Alias {n}")
    kind = AliasKind.ALIAS


class OwnershipFactory(EvidencedFactory):
    class Meta:
        model = models.Ownership

    organisation = factory.SubFactory(OrganisationFactory)
    owner = "Family owned"


class FacilityFactory(EvidencedFactory):
    """A site in Switzerland of which only the name is known."""

    class Meta:
        model = models.Facility

    organisation = factory.SubFactory(OrganisationFactory)
    name = factory.Sequence(lambda n: f"Site {n:04d}")
    slug = factory.LazyAttribute(lambda o: "-".join(o.name.lower().split()))
    country = "CH"


class IdentifierFactory(EvidencedFactory):
    """An identifier of a site; for one of a partner pass `facility=None, organisation=…`."""

    class Meta:
        model = models.Identifier

    facility = factory.SubFactory(FacilityFactory)
    scheme = IdentifierScheme.FEI
    value = factory.Sequence(lambda n: f"{3000000000 + n}")


class EquipmentFactory(EvidencedFactory):
    class Meta:
        model = models.Equipment

    facility = factory.SubFactory(FacilityFactory)
    name = factory.Sequence(lambda n: f"Equipment {n}")


class RestrictedPartyListFactory(DjangoModelFactory):
    class Meta:
        model = models.RestrictedPartyList
        django_get_or_create = ("code",)

    code = "test-list"
    name = factory.LazyAttribute(lambda o: o.code.replace("-", " ").capitalize())
    effect = "Federal money may not buy from parties on it."


class RestrictedPartyEntryFactory(EvidencedFactory):
    class Meta:
        model = models.RestrictedPartyEntry

    list = factory.SubFactory(RestrictedPartyListFactory)
    organisation = factory.SubFactory(OrganisationFactory)
    name_on_list = factory.LazyAttribute(lambda o: o.organisation.name)
    effective_from = datetime.date(2025, 1, 1)


# -- what a site can do --------------------------------------------------------------------------


class CapabilityFactory(EvidencedFactory):
    class Meta:
        model = models.Capability

    facility = factory.SubFactory(FacilityFactory)
    service = factory.SubFactory(ServiceFactory)


class CapacitySlotFactory(EvidencedFactory):
    class Meta:
        model = models.CapacitySlot

    facility = factory.SubFactory(FacilityFactory)
    starts_on = datetime.date(2026, 3, 1)
    status = SlotStatus.OPEN


# -- quality -------------------------------------------------------------------------------------


class CertificateFactory(EvidencedFactory):
    class Meta:
        model = models.Certificate

    facility = factory.SubFactory(FacilityFactory)
    type = factory.SubFactory(CertificateTypeFactory)


class InspectionFactory(EvidencedFactory):
    class Meta:
        model = models.Inspection

    facility = factory.SubFactory(FacilityFactory)
    regulator = factory.SubFactory(RegulatorFactory)
    kind = InspectionKind.SURVEILLANCE
    ended_on = datetime.date(2024, 5, 17)
    outcome = InspectionOutcome.NAI


class AuditFactory(EvidencedFactory):
    class Meta:
        model = models.Audit

    facility = factory.SubFactory(FacilityFactory)
    auditor = AuditorKind.SPONSOR
    standard = AuditStandard.GMP
    audited_on = datetime.date(2025, 6, 12)
    outcome = AuditOutcome.MINOR
    open_actions = 1


class RegulatoryActionFactory(EvidencedFactory):
    """An open warning letter."""

    class Meta:
        model = models.RegulatoryAction

    facility = factory.SubFactory(FacilityFactory)
    regulator = factory.SubFactory(RegulatorFactory)
    kind = ActionKind.WARNING_LETTER
    issued_on = datetime.date(2025, 2, 3)


# -- commerce ------------------------------------------------------------------------------------


class CommercialTermsFactory(EvidencedFactory):
    class Meta:
        model = models.CommercialTerms

    organisation = factory.SubFactory(OrganisationFactory)
    minimum_project = Decimal(1_000_000)
    currency = "USD"


class IndicativePriceFactory(EvidencedFactory):
    class Meta:
        model = models.IndicativePrice

    organisation = factory.SubFactory(OrganisationFactory)
    basis = PriceBasis.GMP_BATCH
    low = Decimal(400_000)
    high = Decimal(650_000)
    currency = "USD"


class TrackRecordFactory(EvidencedFactory):
    class Meta:
        model = models.TrackRecord

    organisation = factory.SubFactory(OrganisationFactory)
    kind = TrackRecordKind.APPROVAL
    count = 3


class MetricValueFactory(EvidencedFactory):
    class Meta:
        model = models.MetricValue

    organisation = factory.SubFactory(OrganisationFactory)
    metric = factory.SubFactory(MetricFactory)
    number = Decimal(95)


class DocumentFactory(EvidencedFactory):
    class Meta:
        model = models.Document

    organisation = factory.SubFactory(OrganisationFactory)
    type = factory.SubFactory(DocumentTypeFactory)
    title = factory.Sequence(lambda n: f"Document {n}")


# -- registers -----------------------------------------------------------------------------------


class RegisterEstablishmentFactory(DjangoModelFactory):
    class Meta:
        model = models.RegisterEstablishment

    duns = factory.Sequence(lambda n: f"{100000000 + n}")
    fei = factory.Sequence(lambda n: f"{3100000000 + n}")
    firm_name = factory.Sequence(lambda n: f"Registered establishment {n}")
    address = "1 Test Street, Basel, Switzerland (CHE)"
    country = "CH"
    operations = factory.LazyFunction(lambda: ["MANUFACTURE"])
    source = factory.SubFactory(SourceFactory, code="test-register")
    first_seen_on = RETRIEVED_ON
    last_seen_on = RETRIEVED_ON


class RegisterRowFactory(DjangoModelFactory):
    class Meta:
        abstract = True

    key = factory.Sequence(lambda n: f"key-{n}")
    fei = factory.Sequence(lambda n: f"{3200000000 + n}")
    firm_name = factory.Sequence(lambda n: f"Firm of a register {n}")
    source = factory.SubFactory(SourceFactory, code="test-register")
    first_seen_on = RETRIEVED_ON
    last_seen_on = RETRIEVED_ON


class RegisterForm483Factory(RegisterRowFactory):
    class Meta:
        model = models.RegisterForm483

    document = factory.Sequence(lambda n: f"{100000 + n}")
    record_type = "483"
    recorded_on = datetime.date(2024, 3, 1)
    posted_on = datetime.date(2024, 4, 1)
    url = factory.LazyAttribute(lambda o: f"https://www.fda.gov/media/{o.document}/download")


class RegisterActionFactory(RegisterRowFactory):
    class Meta:
        model = models.RegisterAction

    listing = ActionListing.DASHBOARD_LETTERS
    country = "US"
    country_name = "United States"
    product_type = "Drugs"
    action_type = "Warning Letter"
    kind = ActionKind.WARNING_LETTER
    issued_on = datetime.date(2024, 5, 1)
    case_id = factory.Sequence(lambda n: f"{600000 + n}")


class RegisterInspectionFactory(RegisterRowFactory):
    class Meta:
        model = models.RegisterInspection

    inspection_id = factory.Sequence(lambda n: f"{1300000 + n}")
    ended_on = datetime.date(2025, 3, 14)
    outcome = InspectionOutcome.NAI
    project_area = "Drug Quality Assurance"
    product_type = "Drugs"


class RegisterListingFactory(DjangoModelFactory):
    class Meta:
        model = models.RegisterListing

    key = factory.Sequence(lambda n: f"0001-{n:04}_guid")
    product_ndc = factory.Sequence(lambda n: f"0001-{n:04}")
    product_type = "BULK INGREDIENT"
    name = "Testosterone"
    dosage_form = "POWDER"
    started_on = datetime.date(2015, 4, 1)
    category = "BULK INGREDIENT"
    labeler = "Labeler AG"
    substances = factory.LazyFunction(lambda: ["TESTOSTERONE"])
    strengths = factory.LazyFunction(lambda: ["1"])
    units = factory.LazyFunction(lambda: ["kg/kg"])
    source = factory.SubFactory(SourceFactory, code="test-register")
    first_seen_on = RETRIEVED_ON
    last_seen_on = RETRIEVED_ON


class LinkSuggestionFactory(DjangoModelFactory):
    """An open suggestion that a real company's site is the establishment."""

    class Meta:
        model = models.LinkSuggestion

    establishment = factory.SubFactory(RegisterEstablishmentFactory)
    facility = factory.SubFactory(FacilityFactory, organisation__illustrative=False)
    proposer_name = "Somebody"
    reason = "The same address."


class RegisterImportFactory(DjangoModelFactory):
    class Meta:
        model = models.RegisterImport

    kind = RegisterKind.DRLS
    source = factory.SubFactory(SourceFactory, code="test-register")
    file_name = "register.csv"
    sha256 = "0" * 64
    rows = 2
    created = 1
    updated = 0
    unchanged = 0
    rejected = 1


class RegisterUploadFactory(DjangoModelFactory):
    """A file that waits to be read; it is not stored."""

    class Meta:
        model = models.RegisterUpload

    kind = RegisterKind.DRLS
    file_name = "register.csv"
    size = 1000


class RejectedRowFactory(DjangoModelFactory):
    class Meta:
        model = models.RejectedRow

    run = factory.SubFactory(RegisterImportFactory)
    line = factory.Sequence(lambda n: n + 2)
    reason = "The D-U-N-S number is missing."
    raw = factory.LazyFunction(lambda: {"FIRM_NAME": "Registered establishment"})


class SheetImportFactory(DjangoModelFactory):
    """A spreadsheet of capabilities that waits to be read; it is not stored."""

    class Meta:
        model = models.SheetImport

    sheet = "capability"
    file_name = "capabilities.xlsx"
    size = 1000


class SheetRowFactory(DjangoModelFactory):
    """A rejected row of a spreadsheet."""

    class Meta:
        model = models.SheetRow

    job = factory.SubFactory(SheetImportFactory)
    line = factory.Sequence(lambda n: n + 2)
    outcome = "rejected"
    name = "helvia/basel · fill-finish"
    faults = factory.LazyFunction(lambda: [{"cell": "C2", "column": "modality", "text": "there is none"}])


# -- search --------------------------------------------------------------------------------------


class SearchDocumentFactory(DjangoModelFactory):
    """The document that the database wrote when the partner was made."""

    class Meta:
        model = models.SearchDocument
        django_get_or_create = ("organisation",)

    organisation = factory.SubFactory(OrganisationFactory)


class SearchWordFactory(DjangoModelFactory):
    """A word as the documents write it."""

    class Meta:
        model = models.SearchWord

    word = factory.Sequence("word{}".format)


class SearchSynonymFactory(DjangoModelFactory):
    class Meta:
        model = models.SearchSynonym

    group = "test-group"
    phrase = factory.Sequence("phrase {}".format)


# -- history -------------------------------------------------------------------------------------


class ChangeFactory(DjangoModelFactory):
    """A change as the triggers write it: an industry that has just been created."""

    class Meta:
        model = models.Change

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        IndustryFactory(code=f"industry-{model_class.objects.count()}")
        return model_class.objects.first()


class CatalogueChangeFactory(DjangoModelFactory):
    class Meta:
        model = models.CatalogueChange

    stamp = factory.Sequence(lambda n: n + 1)
    partners = [1]


# -- curation ------------------------------------------------------------------------------------


class VerificationTaskFactory(DjangoModelFactory):
    """An open task to verify a certificate."""

    class Meta:
        model = models.VerificationTask

    class Params:
        fact = factory.SubFactory(CertificateFactory)

    table = factory.LazyAttribute(lambda o: o.fact._meta.db_table)
    object_id = factory.LazyAttribute(lambda o: o.fact.pk)
    title = factory.LazyAttribute(lambda o: f"{o.fact._meta.verbose_name}: {o.fact}")
    reason = "It looks old."


class SavedFilterFactory(DjangoModelFactory):
    class Meta:
        model = models.SavedFilter

    user = factory.LazyFunction(lambda: User.objects.filter(is_staff=True).first() or CuratorFactory())
    page = "partners_certificate"
    name = factory.Sequence("Filter {}".format)
    query = "freshness=stale"


# -- matching ------------------------------------------------------------------------------------


class MatchProposalFactory(DjangoModelFactory):
    """An open proposal that a register row is a site of a real partner."""

    class Meta:
        model = models.MatchProposal

    establishment = factory.SubFactory(RegisterEstablishmentFactory)
    facility = factory.SubFactory(FacilityFactory, organisation__illustrative=False)
    organisation = factory.LazyAttribute(lambda o: o.facility.organisation)
    confidence = 90
    name_score = 88
    reasons = factory.LazyFunction(lambda: ["Name 88 %"])


class TermMergeFactory(DjangoModelFactory):
    """The record of a merge of two terms; nothing was moved."""

    class Meta:
        model = models.TermMerge

    vocabulary = "modality"
    kept_id = factory.LazyFunction(lambda: ModalityFactory(code="vector").pk)
    merged_id = factory.LazyFunction(lambda: ModalityFactory(code="vectors").pk)
    kept_label = "Viral vector"
    merged_label = "Viral vectors"
    why = "Spelt twice."
    moved = factory.LazyFunction(lambda: {"partners.capability.modality": [1]})
    changes = factory.LazyFunction(lambda: [1])
    merged_by = factory.SubFactory("tests.factories.accounts.CuratorFactory")


class MergeFactory(DjangoModelFactory):
    """The record of a merge of two partners; nothing was moved."""

    class Meta:
        model = models.Merge

    kept_partner = factory.SubFactory(OrganisationFactory)
    merged_partner = factory.SubFactory(OrganisationFactory)
    why = "The same company."
    changes = factory.LazyFunction(lambda: [1])
    moved = factory.LazyFunction(lambda: {"partners.alias.organisation": [1]})
    kept_copies = factory.LazyFunction(lambda: {"none": {}})
    merged_by = factory.SubFactory("tests.factories.accounts.CuratorFactory")


class NotTheSameFactory(DjangoModelFactory):
    class Meta:
        model = models.NotTheSame

    first = factory.SubFactory(OrganisationFactory)
    second = factory.SubFactory(OrganisationFactory)
    decided_by = factory.SubFactory("tests.factories.accounts.CuratorFactory")


class ProposalFactory(DjangoModelFactory):
    """An open proposal of a partner the catalogue lacks."""

    class Meta:
        model = models.Proposal

    kind = "new_partner"
    about = "Quillon Works"
    source_title = "Its website"
    proposer_name = "Somebody"


# -- restricted parties --------------------------------------------------------------------------


class ListedPartyFactory(EvidencedFactory):
    class Meta:
        model = models.ListedParty

    list = factory.SubFactory(RestrictedPartyListFactory)
    name = factory.Sequence("Listed party {}".format)
    effective_from = datetime.date(2025, 12, 18)


class PartyMatchFactory(DjangoModelFactory):
    """An open proposal that a partner is a listed party."""

    class Meta:
        model = models.PartyMatch

    party = factory.SubFactory(ListedPartyFactory)
    organisation = factory.SubFactory(OrganisationFactory)
    confidence = 85
    reasons = factory.LazyFunction(lambda: ["Name 85 %"])


# -- exchange rates ------------------------------------------------------------------------------


class ExchangeRateFactory(DjangoModelFactory):
    class Meta:
        model = models.ExchangeRate

    day = factory.Sequence(lambda n: RETRIEVED_ON + datetime.timedelta(days=n))
    currency = "USD"
    per_euro = Decimal("1.17")


class ExchangeRateImportFactory(DjangoModelFactory):
    class Meta:
        model = models.ExchangeRateImport

    file_name = "eurofxref.csv"
    rejected = factory.LazyFunction(lambda: ["line 3: no date"])
    sha256 = "0" * 64
    first_day = RETRIEVED_ON
    last_day = RETRIEVED_ON
    rows = 1
    created = 1
    updated = 0
    unchanged = 0
