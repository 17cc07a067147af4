"""Short ways to write facts, needs and briefs in tests. Every default is harmless; a test states what it is about."""

import datetime as dt
from dataclasses import replace
from itertools import count

from partners.scoring.types import (
    CRITERIA,
    ActionFact,
    Assessment,
    AuditFact,
    Brief,
    CapabilityFact,
    CertificateFact,
    CriterionScore,
    FactRef,
    InspectionFact,
    Level,
    MetricFact,
    Need,
    Outcome,
    PartnerFacts,
    PriceFact,
    RestrictionFact,
    Rule,
    RuleResult,
    SiteFacts,
    SlotFact,
    TermsFact,
    TrackRecordFact,
)

TODAY = dt.date(2026, 1, 15)
NEED_DATE = dt.date(2027, 1, 15)
AAV_PATH = ("drug-substance", "ds-viral-vector")
_pk = count(1)


def ref(
    kind="capability", label="AAV process", *, as_of=dt.date(2025, 11, 1), site="Alpha", source="Site audit"
):
    return FactRef(kind, next(_pk), label, source, as_of, "document_checked", site)


def capability(service="ds-viral-vector", path=AAV_PATH, *, label="AAV bioreactor", **fields):
    known = {"modality": "aav", "scale_min": 50.0, "scale_max": 500.0, "scale_unit": "l", "gmp": True}
    known |= {"stage_from": 1, "stage_to": 8}
    return CapabilityFact(ref(label=label), service, path, **(known | fields))


def certificate(kind="eu-gmp", *, label="EU GMP certificate", expires_on=dt.date(2028, 1, 1), **fields):
    return CertificateFact(ref("certificate", label), kind, expires_on=expires_on, **fields)


def inspection(outcome="nai", ended_on=dt.date(2024, 6, 1), agency="fda"):
    return InspectionFact(ref("inspection", "Inspection"), agency, ended_on, outcome)


def action(kind="warning_letter", issued_on=dt.date(2025, 3, 4), closed_on=None, agency="fda", **fields):
    source = ref("regulatoryaction", "Action", source="FDA warning letters")
    return ActionFact(source, agency, kind, issued_on, closed_on, **fields)


def audit(outcome="minor", audited_on=dt.date(2025, 2, 1), auditor="sponsor", standard="gmp", open_actions=0):
    source = ref("audit", "Audit", source="Questionnaire")
    return AuditFact(source, auditor, audited_on, outcome, standard, open_actions)


def slot(starts_on=dt.date(2026, 6, 1), status="open", **fields):
    return SlotFact(ref("capacityslot", "Slot"), starts_on, status=status, **fields)


def record(kind="ind_supported", number=3, **fields):
    return TrackRecordFact(ref("trackrecord", kind), kind, number, **fields)


def metric(code, number=None, *, flag=None, text="", as_of=dt.date(2025, 11, 1)):
    return MetricFact(ref("metricvalue", code, as_of=as_of), code, number, flag, text)


def terms(**fields):
    return TermsFact(ref("commercialterms", "Commercial terms"), **fields)


def price(low, high, currency="USD", basis="gmp_batch", **fields):
    return PriceFact(ref("indicativeprice", "Price"), basis, low, high, currency, **fields)


def restriction(effective_from=dt.date(2025, 1, 1), effective_until=None, effect="", name="Test list 1"):
    return RestrictionFact(ref("restrictedpartyentry", name), name, effective_from, effective_until, effect)


def site(name="Alpha", *, complete=None, country="US", pk=None, **facts):
    listed = ref("facility", "Full list", as_of=complete) if complete else None
    facts = {key: tuple(values) for key, values in facts.items()}
    return SiteFacts(pk or next(_pk), name, "Springfield", country, listed, **facts)


def partner(*sites, name="Acme", pk=None, **facts):
    pk = pk or next(_pk)
    facts.setdefault("restricted_lists", ("the restricted-party list",))
    return PartnerFacts(pk, f"partner-{pk}", name, True, tuple(sites), **facts)


def need(rule=Rule.CAPABILITY, level=Level.MUST, *, pk=None, label="AAV drug substance", **fields):
    if rule is Rule.CAPABILITY:
        fields = {"service": "ds-viral-vector", "service_path": AAV_PATH, "modality": "aav"} | fields
    return Need(pk or f"n{next(_pk)}", rule, level, label, **fields)


def brief(*needs, **fields):
    return replace(Brief(as_of=TODAY, stage=4, needs=needs, modality="aav", need_date=NEED_DATE), **fields)


def assessment(name, values, *, pk=None, fails=0, unknowns=0, mismatch=False):
    """An assessment with given criterion points; None is unknown, a pair is an interval."""
    cells = []
    for code, value in zip(CRITERIA, values, strict=True):
        low, high = (0.0, 100.0) if value is None else value if isinstance(value, tuple) else (value, value)
        cells.append(CriterionScore(code, float(low), float(high), 0.0 if value is None else 1.0))
    outcomes = [Outcome.FAIL] * fails + [Outcome.UNKNOWN] * unknowns
    rules = tuple(
        RuleResult(
            f"r{i}",
            f"Need {i}",
            Rule.CAPABILITY,
            Level.MUST,
            outcome,
            f"Reason {i}.",
            ask=f"Question {i}?",
            mismatch=mismatch and outcome is Outcome.FAIL,
        )
        for i, outcome in enumerate(outcomes)
    )
    pk = pk or next(_pk)
    return Assessment(pk, f"partner-{pk}", name, False, None, "", rules, tuple(cells))
