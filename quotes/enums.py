"""Closed lists of the sponsor's side."""

from django.db import models

from partners.scoring.hazards import HAZARDS
from partners.scoring.types import Level, Rule


class Market(models.TextChoices):
    """Markets a product is meant for; each needs its own authority's acceptance."""

    US = "US", "United States"
    EU = "EU", "European Union"
    UK = "UK", "United Kingdom"
    JP = "JP", "Japan"
    CH = "CH", "Switzerland"
    CA = "CA", "Canada"
    CN = "CN", "China"
    AU = "AU", "Australia"
    BR = "BR", "Brazil"
    KR = "KR", "South Korea"


class Profile(models.TextChoices):
    """What kind of partner is looked for; it relabels criteria and sets default weights."""

    DRUG = "drug", "Drug product or substance"
    CLINICAL = "clinical", "Clinical research (CRO)"
    DEVICE = "device", "Medical device or component"


class NeedLevel(models.TextChoices):
    MUST = Level.MUST.value, "Must"
    SHOULD = Level.SHOULD.value, "Should"
    COULD = Level.COULD.value, "Could"


class NeedRule(models.TextChoices):
    """The kinds of need a user can add; the engine's own two (open action, restricted party) always run."""

    CAPABILITY = Rule.CAPABILITY.value, "Service or process"
    BIOSAFETY = Rule.BIOSAFETY.value, "Biosafety level"
    CONTAINMENT = Rule.CONTAINMENT.value, "Containment (OEL)"
    CERTIFICATE = Rule.CERTIFICATE.value, "Certificate in scope"
    INSPECTION = Rule.INSPECTION.value, "Inspection record"
    CAPACITY = Rule.CAPACITY.value, "Free capacity or slot"
    TRACK_RECORD = Rule.TRACK_RECORD.value, "Track record"
    METRIC = Rule.METRIC.value, "Measured or stated value"
    MINIMUM_PROJECT = Rule.MINIMUM_PROJECT.value, "Minimum project value"
    CONTRACT_STRUCTURE = Rule.CONTRACT_STRUCTURE.value, "Contract structure"
    COUNTRY = Rule.COUNTRY.value, "Country of the site"
    DEDICATED = Rule.DEDICATED.value, "Dedicated facility"
    SCHEDULE = Rule.SCHEDULE.value, "DEA schedule"
    MARKET = Rule.MARKET.value, "Accepted by a market’s authority"
    NDA = Rule.NDA.value, "Non-disclosure agreement"
    CONFLICT = Rule.CONFLICT.value, "No conflict of interest"


class ControlledSchedule(models.TextChoices):
    """Schedules of the United States Controlled Substances Act."""

    I = "I", "Schedule I"  # noqa: E741 - the schedule's own name
    II = "II", "Schedule II"
    III = "III", "Schedule III"
    IV = "IV", "Schedule IV"
    V = "V", "Schedule V"


HAZARD_CHOICES = [(code, hazard.label.capitalize()) for code, hazard in HAZARDS.items()]


class ConflictAnswer(models.TextChoices):
    """What a partner answered when asked about competing products and conflicts of interest."""

    NONE = "none", "None: no competing product, no other conflict"
    SAFEGUARDS = "safeguards", "A conflict, with safeguards we can accept"
    CONFLICT = "conflict", "A conflict we cannot accept"


class ShortlistStatus(models.TextChoices):
    """Engagement statuses of domain.md 3.12, in their usual order."""

    IDENTIFIED = "identified", "Identified"
    LONGLIST = "longlist", "Longlist"
    NDA_SENT = "nda_sent", "NDA sent"
    NDA_SIGNED = "nda_signed", "NDA signed"
    RFI = "rfi", "RFI"
    RFP_INVITED = "rfp_invited", "RFP invited"
    RFP_DECLINED = "rfp_declined", "RFP declined"
    RFP_RECEIVED = "rfp_received", "RFP received"
    SHORTLISTED = "shortlisted", "Shortlisted"
    AUDIT = "audit", "Site visit / audit"
    NEGOTIATION = "negotiation", "Negotiation"
    SELECTED = "selected", "Selected"
    BACKUP = "backup", "Back-up"
    REJECTED = "rejected", "Rejected"
    ON_HOLD = "on_hold", "On hold"


class PartnerStanding(models.TextChoices):
    """A sponsor's own flag on a partner; none is the empty text. It never changes a score."""

    PREFERRED = "preferred", "Preferred"
    BLOCKED = "blocked", "Blocked"


class AgreementStatus(models.TextChoices):
    """Where an NDA or MSA stands; not recorded is the empty text and shown as unknown."""

    NONE = "none", "None"
    SENT = "sent", "Sent"
    NEGOTIATION = "negotiation", "In negotiation"
    SIGNED = "signed", "Signed"
    DECLINED = "declined", "Declined"
    ENDED = "ended", "Ended"


class QualificationStatus(models.TextChoices):
    """How far a sponsor's own quality unit has qualified a partner; not recorded is the empty text."""

    NONE = "none", "Not qualified"
    PLANNED = "planned", "Audit planned"
    AUDITED = "audited", "Audited, being decided"
    CONDITIONAL = "conditional", "Qualified with conditions"
    QUALIFIED = "qualified", "Qualified"
    REFUSED = "refused", "Refused"


QUALIFIED = (QualificationStatus.QUALIFIED, QualificationStatus.CONDITIONAL)


class SponsorFunction(models.TextChoices):
    """Whose view a named weight set is."""

    CMC = "cmc", "CMC"
    QUALITY = "quality", "Quality"
    REGULATORY = "regulatory", "Regulatory"
    CLINICAL = "clinical", "Clinical"
    SUPPLY = "supply", "Supply chain"
    PROCUREMENT = "procurement", "Procurement"
    FINANCE = "finance", "Finance"
    LEADERSHIP = "leadership", "Leadership"
    OTHER = "other", "Other"


class ReportState(models.TextChoices):
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    STOPPED = "stopped", "Cancelled"


class ReportStep(models.TextChoices):
    """Real steps of a report job, in order."""

    WAITING = "waiting", "Waiting for a worker"
    CHARTS = "charts", "Drawing charts"
    LAYOUT = "layout", "Laying out pages"
    STORING = "storing", "Storing the file"
    FINISHED = "finished", "Finished"


class Paper(models.TextChoices):
    """Paper of a PDF; the text column is the same on both."""

    A4 = "a4", "A4"
    LETTER = "letter", "US Letter"


class ReportKind(models.TextChoices):
    """What is printed of one frozen snapshot."""

    DECISION = "decision", "Decision report"
    COMPARISON = "comparison", "Shortlist side by side"
    DOSSIER = "dossier", "Partner dossier"
    PACKAGE = "package", "RFQ package"
    QUOTES = "quotes", "Quote comparison"
    MEMO = "memo", "Make-or-buy memo"
    RECORD = "record", "Decision record"


class ReportRhythm(models.TextChoices):
    """When a scheduled report is asked for."""

    WEEKLY = "weekly", "Every week"
    CHANGE = "change", "When something changes"


class Appendix(models.TextChoices):
    """What may follow the leadership part of a decision report, in this order."""

    QUOTES = "quotes", "Quotes line by line"
    WHY = "why", "Why the leader is above the next"
    EVALUATION = "evaluation", "How the team scored"
    FIT = "fit", "Need by need, partner by partner"
    AHEAD = "ahead", "The whole scope, and the next stage"
    EXCLUDED = "excluded", "Everyone who is out, and why"
    QUESTIONS = "questions", "What we do not know, and what to ask"
    SITES = "sites", "Where the sites are"
    PARTNERS = "partners", "Partners in detail, with their facts"
    METHOD = "method", "Method, limits and sources"


class ShareEvent(models.TextChoices):
    """What happened to a shared link."""

    DOWNLOAD = "download", "PDF downloaded"
    WRONG = "wrong", "Wrong passcode"


class DigestRhythm(models.TextChoices):
    """How often a saved search is followed by e-mail."""

    NONE = "none", "No e-mail"
    DAILY = "daily", "Every day"
    WEEKLY = "weekly", "Every Monday"


class DigestState(models.TextChoices):
    """Where a digest stands. Queued, running and sending are open; the others are final."""

    QUEUED = "queued", "waiting"
    RUNNING = "running", "being written"
    SENDING = "sending", "being sent"
    SENT = "sent", "sent"
    EMPTY = "empty", "nothing new"
    STOPPED = "stopped", "not wanted any more"
    UNCONFIRMED = "unconfirmed", "perhaps not delivered"
    FAILED = "failed", "failed"


class RiskLevel(models.IntegerChoices):
    """Likelihood and impact in a risk register."""

    LOW = 1, "Low"
    MEDIUM = 2, "Medium"
    HIGH = 3, "High"


class ToolKind(models.TextChoices):
    """The tools whose calculations a project may keep."""

    ADVISOR = "advisor", "Partner type"
    READINESS = "readiness", "Outsourcing readiness"
    MAKE = "make", "Make or buy"
    LEASE = "lease", "Lease or buy"


MONEY_TOOLS = (ToolKind.MAKE, ToolKind.LEASE)  # for roles that see prices
