"""Reading what a sponsor keeps about partners."""

from django.utils import timezone

from cmo_selector.accounts.models import Sponsor
from partners.enums import EvidenceLevel
from partners.models import Organisation
from partners.private import PrivateFacet, PrivateValue
from partners.scoring.types import ConflictFact, FactRef, NdaFact
from partners.selectors import Term
from quotes.enums import AgreementStatus, PartnerStanding
from quotes.models import ConflictCheck, PartnerRelation, Project


def relation_with(sponsor: Sponsor | None, organisation: Organisation) -> PartnerRelation | None:
    """The sponsor's own row about the partner. One query."""
    rows = PartnerRelation.objects.for_sponsor(sponsor).select_related("updated_by")
    return rows.filter(organisation=organisation).first()


def relations_of(sponsor: Sponsor | None) -> dict[int, PartnerRelation]:
    """Everything a sponsor keeps about partners, partner id → row. One query."""
    return {row.organisation_id: row for row in PartnerRelation.objects.for_sponsor(sponsor).order_by()}


def standings_of(sponsor: Sponsor | None) -> dict[int, PartnerStanding]:
    """Flagged partners of a sponsor, partner id → flag. One query."""
    flagged = PartnerRelation.objects.for_sponsor(sponsor).exclude(standing="").order_by()
    return {pk: PartnerStanding(value) for pk, value in flagged.values_list("organisation_id", "standing")}


NOT_FLAGGED, EXPIRED, NOT_RECORDED = "unflagged", "expired", "unrecorded"


def private_facets(sponsor: Sponsor | None) -> list[PrivateFacet]:
    """What a sponsor keeps about partners, as filters of the catalogue. One query."""
    rows = list(
        PartnerRelation.objects.for_sponsor(sponsor)
        .order_by()
        .values("organisation_id", "standing", "tags", *_AGREEMENT_FIELDS)
    )
    return [
        _standings(rows),
        PrivateFacet("tag", _tags(rows)),
        *(_agreements(kind, rows) for kind in ("nda", "msa")),
    ]


_AGREEMENT_FIELDS = tuple(f"{kind}_{field}" for kind in ("nda", "msa") for field in ("status", "expires_on"))


def _standings(rows: list[dict]) -> PrivateFacet:
    labels = {PartnerStanding.PREFERRED: "Preferred by us", PartnerStanding.BLOCKED: "Blocked by us"}
    values = [
        PrivateValue(
            Term(str(flag), label), frozenset(r["organisation_id"] for r in rows if r["standing"] == flag)
        )
        for flag, label in labels.items()
    ]
    flagged = frozenset(r["organisation_id"] for r in rows if r["standing"])
    return PrivateFacet(
        "flag", (*values, PrivateValue(Term(NOT_FLAGGED, "Without a flag"), flagged, others=True))
    )


def _tags(rows: list[dict]) -> tuple[PrivateValue, ...]:
    """Tags by name; the same word in other capitals is the same tag."""
    spelt: dict[str, str] = {}
    partners: dict[str, set[int]] = {}
    for row in sorted(rows, key=lambda row: row["organisation_id"]):
        for tag in row["tags"]:
            spelt.setdefault(tag.casefold(), tag)
            partners.setdefault(tag.casefold(), set()).add(row["organisation_id"])
    return tuple(PrivateValue(Term(key, spelt[key]), frozenset(partners[key])) for key in sorted(spelt))


def _agreements(kind: str, rows: list[dict]) -> PrivateFacet:
    """Partners by the status of an NDA or MSA; one that was signed and has passed its expiry is expired."""
    today = timezone.localdate()
    partners: dict[str, set[int]] = {}
    for row in rows:
        status, ends = row[f"{kind}_status"], row[f"{kind}_expires_on"]
        if status:
            lapsed = status == AgreementStatus.SIGNED and ends and ends < today
            partners.setdefault(EXPIRED if lapsed else status, set()).add(row["organisation_id"])
    labels = {**dict(AgreementStatus.choices), EXPIRED: "Expired"}
    values = [
        PrivateValue(Term(str(code), str(label)), frozenset(partners.get(code, ())))
        for code, label in labels.items()
    ]
    recorded = frozenset().union(*partners.values())
    return PrivateFacet(
        kind, (*values, PrivateValue(Term(NOT_RECORDED, "Not recorded"), recorded, others=True))
    )


def nda_facts(project: Project) -> dict[int, NdaFact]:
    """Partner id → where the sponsor's NDA with it stands, as its own notes say. One query."""
    rows = PartnerRelation.objects.for_sponsor(project.sponsor).exclude(nda_status="").order_by()
    return {
        row.organisation_id: NdaFact(
            ref=FactRef(
                kind="partnerrelation",
                pk=row.pk,
                label=f"NDA: {row.get_nda_status_display().lower()}",
                source="Our own notes on the partner",
                as_of=row.nda_on or timezone.localdate(row.updated_at),
                evidence=EvidenceLevel.DOCUMENT_CHECKED.value
                if row.nda_status == AgreementStatus.SIGNED
                else EvidenceLevel.SELF_DECLARED.value,
            ),
            status=row.nda_status,
            on=row.nda_on,
            until=row.nda_expires_on,
        )
        for row in rows
    }


def conflict_facts(project: Project) -> dict[int, ConflictFact]:
    """Partner id → what it answered about conflicts of interest for this project. One query."""
    rows = ConflictCheck.objects.for_sponsor(project.sponsor).filter(project=project)
    return {
        row.organisation_id: ConflictFact(
            ref=FactRef(
                kind="conflictcheck",
                pk=row.pk,
                label="Answer about conflicts of interest",
                source=f"Recorded by {row.recorded_by}",
                as_of=row.asked_on,
                evidence=EvidenceLevel.SELF_DECLARED.value,
            ),
            answer=row.answer,
            on=row.asked_on,
            by=str(row.recorded_by),
            note=row.note,
        )
        for row in rows.select_related("recorded_by").order_by()
    }
