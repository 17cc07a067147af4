"""Closed lists that code decides on. Everything a curator may extend is a vocabulary table instead."""

from django.db import models


class EvidenceLevel(models.TextChoices):
    """How far a fact has been checked, weakest first."""

    SELF_DECLARED = "self_declared", "Self-declared"
    DOCUMENT_CHECKED = "document_checked", "Document checked"
    PUBLIC_REGISTER = "public_register", "Public register"
    AUDITED = "audited", "Audited"


class Stage(models.IntegerChoices):
    """Product stage, in the order of development."""

    DISCOVERY = 1, "Discovery / preclinical"
    IND_ENABLING = 2, "IND-enabling"
    PHASE_1 = 3, "Phase I"
    PHASE_2 = 4, "Phase II"
    PHASE_3 = 5, "Phase III"
    REGISTRATION = 6, "Registration / PPQ"
    COMMERCIAL = 7, "Commercial"
    LIFECYCLE = 8, "Post-approval / lifecycle"


class AliasKind(models.TextChoices):
    ALIAS = "alias", "Also known as"
    FORMER = "former", "Former name"
    LEGAL = "legal", "Legal name"
    TRADING = "dba", "Doing business as"


class IdentifierScheme(models.TextChoices):
    """`FEI` may name several sites' rows; every other scheme names one thing only."""

    FEI = "fei", "FDA FEI"
    DUNS = "duns", "D-U-N-S"
    EMA_ORG = "ema_org", "EMA OMS organisation"
    EMA_LOC = "ema_loc", "EMA OMS location"
    LEI = "lei", "LEI"
    EUDRAGMDP = "eudragmdp", "EudraGMDP document"


class InspectionOutcome(models.TextChoices):
    NAI = "nai", "No action indicated (NAI)"
    VAI = "vai", "Voluntary action indicated (VAI)"
    OAI = "oai", "Official action indicated (OAI)"
    PENDING = "pending", "Not classified yet"
    UNKNOWN = "unknown", "Classification unknown"


class InspectionKind(models.TextChoices):
    SURVEILLANCE = "surveillance", "Surveillance"
    PRE_APPROVAL = "pai", "Pre-approval"
    FOR_CAUSE = "for_cause", "For cause"
    GCP = "gcp", "GCP"
    GLP = "glp", "GLP"


class AuditorKind(models.TextChoices):
    """Who audited a site, other than an authority."""

    SPONSOR = "sponsor", "Sponsor or customer"
    QUALIFIED_PERSON = "qp", "Qualified person"
    THIRD_PARTY = "third_party", "Third party"


class AuditStandard(models.TextChoices):
    """The practice an audit was held against."""

    GMP = "gmp", "GMP"
    GCP = "gcp", "GCP"
    GLP = "glp", "GLP"
    GDP = "gdp", "GDP"
    DEVICE = "device", "ISO 13485 / device QMS"


class AuditOutcome(models.TextChoices):
    """The gravest finding of an audit."""

    NONE = "none", "No findings"
    MINOR = "minor", "Minor findings"
    MAJOR = "major", "Major findings"
    CRITICAL = "critical", "Critical findings"
    UNKNOWN = "unknown", "Outcome unknown"


class ActionKind(models.TextChoices):
    WARNING_LETTER = "warning_letter", "Warning letter"
    UNTITLED_LETTER = "untitled_letter", "Untitled letter"
    IMPORT_ALERT = "import_alert", "Import alert"
    IMPORT_REFUSAL = "import_refusal", "Import refusal"
    CONSENT_DECREE = "consent_decree", "Consent decree"
    INJUNCTION = "injunction", "Injunction"
    SEIZURE = "seizure", "Seizure"
    RECALL = "recall", "Recall"
    NON_COMPLIANCE = "non_compliance", "EU statement of non-compliance"
    LICENCE_SUSPENSION = "licence_suspension", "Licence suspension"


class SlotStatus(models.TextChoices):
    OPEN = "open", "Open"
    TENTATIVE = "tentative", "Tentatively held"
    RESERVED = "reserved", "Reserved"


class TrackRecordKind(models.TextChoices):
    PROGRAMME = "programme", "Programmes run"
    IND_SUPPORTED = "ind_supported", "INDs / CTAs supported"
    PPQ = "ppq", "PPQ campaigns completed"
    APPROVAL = "approval", "Marketing approvals supplied from here"
    TECH_TRANSFER = "tech_transfer", "Technology transfers completed"
    SITE_TRANSFER = "site_transfer", "Commercial site transfers completed"
    TRIAL = "trial", "Clinical trials run"
    LISTING = "listing", "Product listings"


class MetricKind(models.TextChoices):
    NUMBER = "number", "Number"
    FLAG = "flag", "Yes / no"
    TEXT = "text", "Text"


class PriceBasis(models.TextChoices):
    PROGRAMME = "programme", "per programme"
    GMP_BATCH = "gmp_batch", "per GMP batch"
    THOUSAND_TABLETS = "thousand_tablets", "per 1,000 tablets"
    THOUSAND_PARTS = "thousand_parts", "per 1,000 parts"
    PATIENT = "patient", "per patient"
    FTE_MONTH = "fte_month", "per FTE-month"


class RegisterKind(models.TextChoices):
    DRLS = "drls", "FDA drug establishment registration"
    FORM_483S = "483s", "FDA published Form 483s"
    WARNING_LETTERS = "warning-letters", "FDA warning letters"
    COMPLIANCE_ACTIONS = "compliance-actions", "FDA compliance actions"
    NDC = "ndc", "FDA NDC directory, unfinished drugs"
    INSPECTIONS = "inspections", "FDA inspection classifications"


class ActionListing(models.TextChoices):
    """The list of FDA a letter or action was read from."""

    DASHBOARD_LETTERS = "letters-with-fei", "Data Dashboard, warning letters"
    POSTED_LETTERS = "letters-as-posted", "Warning letters as posted on fda.gov"
    COMPLIANCE_ACTIONS = "compliance-actions", "Data Dashboard, compliance actions"


class UploadState(models.TextChoices):
    """Where the job of an uploaded file stands."""

    WAITING = "waiting", "Waiting for a worker"
    RUNNING = "running", "Running"
    READY = "ready", "Read, not applied yet"
    DONE = "done", "Applied"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class UploadAim(models.TextChoices):
    PREVIEW = "preview", "Preview"
    APPLY = "apply", "Apply"


class RowOutcome(models.TextChoices):
    """What a row of a curator's spreadsheet does."""

    CREATED = "created", "Created"
    CHANGED = "changed", "Changed"
    UNCHANGED = "unchanged", "Unchanged"
    CONFLICT = "conflict", "In conflict"
    REJECTED = "rejected", "Rejected"


class ConflictChoice(models.TextChoices):
    """What becomes of rows that changed in the catalogue since the spreadsheet was exported."""

    KEEP = "keep", "Keep what the catalogue says now"
    OVERWRITE = "overwrite", "Write what the file says"


class SuggestionState(models.TextChoices):
    OPEN = "open", "Open"
    ACCEPTED = "accepted", "Accepted"
    REJECTED = "rejected", "Rejected"


class RowChange(models.TextChoices):
    """What an import does with one row."""

    CREATED = "created", "Created"
    UPDATED = "updated", "Updated"
    UNCHANGED = "unchanged", "Unchanged"
    REJECTED = "rejected", "Rejected"


class ChangeKind(models.TextChoices):
    """What happened to a row of the catalogue."""

    CREATED = "created", "Created"
    CHANGED = "changed", "Changed"
    DELETED = "deleted", "Deleted"


class ChangeHow(models.TextChoices):
    """The way by which a change reached the catalogue."""

    PAGE = "page", "Page"
    DESK = "desk", "Curation desk"
    IMPORT = "import", "Import"
    API = "api", "API"
    COMMAND = "command", "Command"
    JOB = "job", "Background job"
    SQL = "sql", "SQL, or a program that does not say"


class TaskState(models.TextChoices):
    OPEN = "open", "Open"
    DONE = "done", "Done"
    DROPPED = "dropped", "Dropped"


class VerifyOutcome(models.TextChoices):
    """What looking at a fact again led to."""

    CONFIRMED = "confirmed", "Confirmed"
    CHANGED = "changed", "Changed"
    GONE = "gone", "Not true any more"
    DROPPED = "dropped", "Not verified"


class MatchState(models.TextChoices):
    OPEN = "open", "Open"
    ACCEPTED = "accepted", "Accepted"
    REJECTED = "rejected", "Rejected"


class ProposalKind(models.TextChoices):
    CORRECTION = "correction", "Correction"
    NEW_PARTNER = "new_partner", "New partner"
    NEW_FACT = "new_fact", "Missing fact"
