"""Proposing which catalogue partner and site a register row is, and deciding on proposals.

Candidates come from the trigram index of the register (word similarity of each name a partner is known by), from
shared FEI numbers and from registrants that own sites of the partner already; `likeness` scores them. A D-U-N-S
number that agrees is no proposal but a link, which the importer sets.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.text import slugify

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from partners.enums import EvidenceLevel, MatchState, RegisterKind
from partners.history.services import HistoryError, collecting
from partners.importers.evidence import lock_evidence, refresh_evidence
from partners.importers.linking import give_numbers, link_rows_of_site, take_back
from partners.models import Facility, MatchProposal, Organisation, RegisterEstablishment

from . import likeness
from .likeness import Address

LEAST_CONFIDENCE = 75.0
SAME_SITE = 80.0  # likeness of the addresses from which a site of the partner is proposed
NAME_SIMILARITY = 0.7  # word similarity (pg_trgm) that makes a row worth scoring
NAME_ALONE = 0.9  # of the likeness of the names, when nothing else agrees
LEAST_NAME = 50.0
FEI_SCORE, REGISTRANT_SCORE = 97.0, 90.0
BATCH = 200  # partners whose rows are scored at a time


class MatchError(ValueError):
    """A proposal that cannot be decided so; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A register row and the best the catalogue has for it at one partner."""

    establishment_id: int
    organisation_id: int
    facility_id: int | None
    confidence: float
    name_score: float
    address_score: float | None
    reasons: tuple[str, ...]


_CANDIDATES = """
    WITH known AS (
        SELECT id AS organisation_id, name FROM partners_organisation WHERE id = ANY (%(partners)s)
        UNION SELECT organisation_id, name FROM partners_alias WHERE organisation_id = ANY (%(partners)s)
    ), numbers AS (
        SELECT coalesce(i.organisation_id, f.organisation_id) AS organisation_id, f.id AS facility_id,
               ltrim(i.value, '0') AS fei
        FROM partners_identifier i LEFT JOIN partners_facility f ON f.id = i.facility_id
        WHERE i.scheme = 'fei' AND coalesce(i.organisation_id, f.organisation_id) = ANY (%(partners)s)
    ), owners AS (
        SELECT DISTINCT f.organisation_id, e.registrant_duns
        FROM partners_registerestablishment e JOIN partners_facility f ON f.id = e.facility_id
        WHERE f.organisation_id = ANY (%(partners)s) AND e.registrant_duns <> ''
    )
    SELECT k.organisation_id, e.id, 'name', NULL::bigint FROM known k
        JOIN partners_registerestablishment e ON e.firm_name %%> k.name
        WHERE e.facility_id IS NULL AND e.left_on IS NULL
    UNION SELECT n.organisation_id, e.id, 'fei', n.facility_id FROM numbers n
        JOIN partners_registerestablishment e ON e.fei = n.fei AND e.fei <> ''
        WHERE e.facility_id IS NULL AND e.left_on IS NULL
    UNION SELECT o.organisation_id, e.id, 'registrant', NULL FROM owners o
        JOIN partners_registerestablishment e ON e.registrant_duns = o.registrant_duns
        WHERE e.facility_id IS NULL AND e.left_on IS NULL
"""


def propose(*, partners: Iterable[int] | None = None) -> int:
    """Bring the open proposals of these partners (of all active real ones) up to date. Returns how many are open.

    Decided proposals are never touched, and a rejected pair is not proposed again.
    """
    if partners is None:
        real = Organisation.objects.active().filter(illustrative=False)
        partners = real.order_by("pk").values_list("pk", flat=True)
    ids = list(partners)
    for start in range(0, len(ids), BATCH):
        _propose(ids[start : start + BATCH])
    return MatchProposal.objects.filter(state=MatchState.OPEN).count()


@transaction.atomic
def _propose(ids: list[int]) -> None:
    scored = [s for s in score(ids) if s.confidence >= LEAST_CONFIDENCE]
    best: dict[int, Scored] = {}
    for one in scored:  # a row is proposed for its best partner only
        other = best.get(one.establishment_id)
        if other is None or (one.confidence, -one.organisation_id) > (
            other.confidence,
            -other.organisation_id,
        ):
            best[one.establishment_id] = one
    MatchProposal.objects.filter(organisation__in=ids, state=MatchState.OPEN).exclude(
        establishment__in=best
    ).delete()
    _update_open(best)
    MatchProposal.objects.bulk_create(
        [
            MatchProposal(
                establishment_id=s.establishment_id,
                organisation_id=s.organisation_id,
                **_stated_in(s),
            )
            for s in best.values()
            if not MatchProposal.objects.filter(
                establishment=s.establishment_id, confidence__gte=Decimal(str(s.confidence))
            )
            .exclude(organisation=s.organisation_id)
            .exclude(state=MatchState.REJECTED)
            .exists()
        ],
        update_conflicts=False,
        ignore_conflicts=True,
    )


def _update_open(best: dict[int, Scored]) -> None:
    """Open proposals say what the two records say now: sites and names change after a proposal was made."""
    rows = MatchProposal.objects.filter(establishment__in=best, state=MatchState.OPEN)
    for proposal in rows:
        now = best[proposal.establishment_id]
        if now.organisation_id != proposal.organisation_id:
            continue
        wanted = _stated_in(now)
        if any(getattr(proposal, name) != value for name, value in wanted.items()):
            # decided at this moment: then it is left alone
            MatchProposal.objects.filter(pk=proposal.pk, state=MatchState.OPEN).update(**wanted)


def _stated_in(scored: Scored) -> dict[str, Any]:
    """What a proposal says of a pair, as its columns."""
    address = scored.address_score
    return {
        "facility_id": scored.facility_id,
        "confidence": Decimal(str(scored.confidence)),
        "name_score": Decimal(str(scored.name_score)),
        "address_score": None if address is None else Decimal(str(address)).quantize(Decimal("0.1")),
        "reasons": [reason[:200] for reason in scored.reasons],
    }


def score(ids: list[int]) -> list[Scored]:
    """Every candidate row of these partners with its score; four queries, whatever their number."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL pg_trgm.word_similarity_threshold = {NAME_SIMILARITY}")
        cursor.execute(_CANDIDATES, {"partners": ids})
        found: dict[tuple[int, int], dict[str, int | None]] = defaultdict(dict)
        for organisation, establishment, way, facility in cursor.fetchall():
            found[organisation, establishment][way] = facility
    names = defaultdict(set)
    for partner in Organisation.objects.filter(pk__in=ids).prefetch_related("aliases"):
        names[partner.pk] = {partner.name, *(alias.name for alias in partner.aliases.all())}
    sites = defaultdict(list)
    for site in Facility.objects.filter(organisation__in=ids, active=True).order_by("pk"):
        sites[site.organisation_id].append(site)
    rows = RegisterEstablishment.objects.in_bulk({establishment for _, establishment in found})
    return [
        _scored(rows[establishment], organisation, names[organisation], sites[organisation], ways)
        for (organisation, establishment), ways in sorted(found.items())
    ]


def _scored(
    row: RegisterEstablishment,
    organisation: int,
    known: set[str],
    sites: list[Facility],
    ways: dict[str, int | None],
) -> Scored:
    name_score, name = max((likeness.names(row.firm_name, name), name) for name in sorted(known))
    same_name = name_score >= LEAST_NAME
    reasons = [f"Name {name_score:.0f} %: “{name}”" if same_name else "Under another name"]
    site, address_score = _nearest(row, sites)
    here = address_score is not None and address_score >= SAME_SITE
    by_fei = next((s for s in sites if s.pk == ways["fei"]), None) if "fei" in ways else None
    # A name alone may be a namesake's; what else agrees makes it surer.
    confidence = name_score * NAME_ALONE
    if "registrant" in ways:
        confidence = max(confidence, REGISTRANT_SCORE)
        reasons.append(
            f"Registered by {row.registrant_name or row.registrant_duns}, who registers its other sites"
        )
    if here and same_name:
        confidence = max(confidence, name_score)
        confidence += (100 - confidence) * address_score / 200
    if "fei" in ways:
        confidence = max(confidence, FEI_SCORE)
        reasons.append(f"The same FEI {row.fei}")
    if here:
        reasons.append(f"Address {address_score:.0f} %: {site.name}, {site.city}")
    elif address_score is None:
        reasons.append("No address of a site to compare with")
    else:
        reasons.append(f"No site at that address (nearest {address_score:.0f} %)")
    if not here:
        site = by_fei if address_score is None or address_score >= LEAST_NAME else None
    return Scored(
        row.pk,
        organisation,
        site.pk if site else None,
        round(confidence, 1),
        round(name_score, 1),
        address_score,
        tuple(reasons),
    )


def _nearest(row: RegisterEstablishment, sites: list[Facility]) -> tuple[Facility | None, float | None]:
    own = Address(row.country, row.postal_code, row.city, row.street)
    best: tuple[Facility | None, float | None] = (None, None)
    for site in sites:
        alike = likeness.addresses(own, Address(str(site.country), site.postal_code, site.city, site.street))
        if alike is not None and (best[1] is None or alike > best[1]):
            best = (site, alike)
    return best


# -- deciding --------------------------------------------------------------------------------------


@transaction.atomic
def accept(*, actor: User, proposal: MatchProposal, as_new_site: bool = False) -> MatchProposal:
    """The row is that site: link it, and give the site its register numbers. Without a site, create it.

    Form 483s, letters and inspections of the same FEI are linked with it, and the facts of all of them follow.
    Raises MatchError when it is decided already, or the row was linked in the meantime.
    """
    lock_evidence()
    row = RegisterEstablishment.objects.select_for_update(no_key=True, of=("self",)).get(
        pk=proposal.establishment_id
    )
    current = _open(proposal)
    if row.facility_id:
        raise MatchError(f"“{row}” was linked to {row.facility} in the meantime.")
    if not current.organisation.active:
        raise MatchError(f"“{current.organisation}” is not active any more.")
    site = None if as_new_site else current.facility
    if site is not None and site.merged_into_id:
        site = site.merged_into
    if site is not None and not site.active:
        raise MatchError(
            f"The site “{site}” is not active any more; look for matches again, or accept it as a new site."
        )
    with collecting(actor=actor, why=f"Accepted match {current.pk} ({current.confidence} %)") as numbers:
        if site is None:
            site = _new_site(current.organisation, row)
        give_numbers(site, row)
        RegisterEstablishment.objects.filter(pk=row.pk).update(facility=site)
        others = link_rows_of_site(site.pk)
    current.facility = site if not as_new_site and current.facility_id else current.facility
    current.changes = numbers
    record(
        actor=actor,
        verb="registerestablishment.linked",
        obj=row,
        data={"facility": [None, site.pk], "match": current.pk},
    )
    for register in (RegisterKind.DRLS, *others):
        refresh_evidence(register=register, owners=[site.pk])
    return _decided(actor, current, MatchState.ACCEPTED)


@transaction.atomic
def reject(*, actor: User, proposal: MatchProposal) -> MatchProposal:
    """The row is not of that partner. Raises MatchError when it is decided already."""
    return _decided(actor, _open(proposal), MatchState.REJECTED)


@transaction.atomic
def undo(*, actor: User, proposal: MatchProposal) -> MatchProposal:
    """Take a decision back; what accepting wrote is undone too. Raises MatchError."""
    lock_evidence()
    current = MatchProposal.objects.select_for_update(of=("self",)).get(pk=proposal.pk)
    if current.state == MatchState.OPEN:
        raise MatchError("This proposal is open: there is nothing to undo.")
    if current.changes:
        try:
            take_back(actor=actor, numbers=current.changes, why=f"Undoes match {current.pk}")
        except HistoryError as error:
            raise MatchError(f"It cannot be undone: {error}") from error
    was, current.state, current.changes = current.state, MatchState.OPEN, []
    current.decided_by = current.decided_at = None
    current.save()
    record(actor=actor, verb="match.undone", obj=current, data={"state": [was, "open"]})
    return current


def _open(proposal: MatchProposal) -> MatchProposal:
    current = MatchProposal.objects.select_for_update(of=("self",)).get(pk=proposal.pk)
    if current.state != MatchState.OPEN:
        raise MatchError(f"“{current}” was already {current.get_state_display().lower()}.")
    return current


def _decided(actor: User, proposal: MatchProposal, state: MatchState) -> MatchProposal:
    proposal.state, proposal.decided_by, proposal.decided_at = state, actor, timezone.now()
    proposal.save()
    record(actor=actor, verb=f"match.{state.value}", obj=proposal)
    return proposal


def _evidence(row: RegisterEstablishment) -> dict:
    return {
        "source": row.source,
        "source_reference": row.duns,
        "retrieved_on": row.last_seen_on,
        "evidence_level": EvidenceLevel.PUBLIC_REGISTER,
    }


def _new_site(organisation: Organisation, row: RegisterEstablishment) -> Facility:
    if not row.country:
        raise MatchError(f"The register names no country for “{row}”; create the site by hand and link it.")
    base = slugify(f"{row.city} {row.firm_name}")[:110].strip("-") or row.duns
    taken = organisation.facilities.filter(slug=base).exists()
    return Facility.objects.create(
        organisation=organisation,
        slug=f"{base}-{row.duns}"[:120] if taken else base,
        name=row.firm_name[:200],
        street=row.street[:300],
        city=row.city[:120],
        region=row.region[:120],
        postal_code=row.postal_code[:40],
        country=row.country,
        **_evidence(row),
    )
