"""Proposing which partner a listed party may be, and deciding. Only a curator's yes makes an entry on a partner."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from partners.enums import MatchState
from partners.history import recording
from partners.matching import likeness
from partners.models import (
    Alias,
    Facility,
    ListedParty,
    Organisation,
    PartyMatch,
    RestrictedPartyEntry,
    RestrictedPartyList,
)

LEAST_CONFIDENCE = 80.0
OTHER_COUNTRY = 0.85  # a partner without a site in the party's country is less likely it


class PartyError(ValueError):
    """A match that cannot be decided so; the message says why."""


@transaction.atomic
def propose_matches(*, party_list: RestrictedPartyList) -> int:
    """Compare the parties that have effect now or later with every active partner's names. Returns how many are new.

    Illustrative lists are compared with illustrative partners only, real ones with real ones. Proposals that are
    there already, decided or not, are left alone.
    """
    names: dict[int, set[str]] = defaultdict(set)
    partners = Organisation.objects.active().filter(illustrative=party_list.illustrative)
    for pk, name in partners.values_list("pk", "name"):
        names[pk].add(name)
    for pk, name in Alias.objects.filter(organisation__in=names).values_list("organisation_id", "name"):
        names[pk].add(name)
    by_key: dict[str, set[int]] = defaultdict(set)
    for pk, known in names.items():
        for name in known:
            by_key[likeness.key(name)].add(pk)
    places: dict[int, set[str]] = defaultdict(set)
    sites = Facility.objects.filter(organisation__in=names, active=True)
    for pk, country in sites.values_list("organisation_id", "country"):
        places[pk].add(country)
    today = timezone.localdate()
    made = []
    for party in party_list.parties.all():
        if party.effective_until and party.effective_until < today:
            continue
        for pk in by_key.get(likeness.key(party.name), ()):
            if match := _match(party, pk, names[pk], places[pk]):
                made.append(match)
    before = PartyMatch.objects.count()
    PartyMatch.objects.bulk_create(made, ignore_conflicts=True)
    return PartyMatch.objects.count() - before


def _match(party: ListedParty, pk: int, known: set[str], places: set[str]) -> PartyMatch | None:
    alike, name = max((likeness.names(party.name, name), name) for name in sorted(known))
    reasons = [f"Name {alike:.0f} %: “{name}”"]
    if party.country and places:
        if party.country in places:
            reasons.append(f"A site in {party.country}")
        else:
            alike *= OTHER_COUNTRY
            reasons.append(f"No site in {party.country}")
    if alike < LEAST_CONFIDENCE:
        return None
    return PartyMatch(
        party=party,
        organisation_id=pk,
        confidence=Decimal(str(round(alike, 1))),
        reasons=[r[:200] for r in reasons],
    )


@transaction.atomic
def accept(*, actor: User, match: PartyMatch) -> PartyMatch:
    """The partner is that party: it gets an entry with the list's dates and source. Raises PartyError."""
    current = _open(match)
    party, partner = current.party, current.organisation
    with recording(actor=actor, why=f"Restricted-party match {current.pk} accepted"):
        try:
            with transaction.atomic():
                current.entry = RestrictedPartyEntry.objects.create(
                    list=party.list, organisation=partner, **_stated_of(party)
                )
        except IntegrityError as error:  # another match of theirs was accepted, perhaps this moment
            raise PartyError(
                f"“{partner}” is on that list already; change its entry, or reject this."
            ) from error
    return _decided(actor, current, MatchState.ACCEPTED)


def _stated_of(party: ListedParty) -> dict[str, Any]:
    """What the list states of a party, as the columns of an entry."""
    return {
        "name_on_list": party.name,
        "effective_from": party.effective_from,
        "effective_until": party.effective_until,
        "source_id": party.source_id,
        "source_reference": party.source_reference,
        "retrieved_on": party.retrieved_on,
        "evidence_level": party.evidence_level,
    }


@transaction.atomic
def follow_parties(*, party_list: RestrictedPartyList) -> list[RestrictedPartyEntry]:
    """Entries that accepted matches made say what the list says of their party now; returns those that changed."""
    accepted = PartyMatch.objects.filter(
        party__list=party_list, state=MatchState.ACCEPTED, entry__isnull=False
    )
    accepted = accepted.select_for_update(of=("self",)).select_related("party", "entry__organisation")
    changed = []
    for match in accepted.order_by("pk"):
        wanted = _stated_of(match.party)
        if all(getattr(match.entry, name) == value for name, value in wanted.items()):
            continue
        for name, value in wanted.items():
            setattr(match.entry, name, value)
        match.entry.save(update_fields=[*wanted])
        changed.append(match.entry)
    return changed


@transaction.atomic
def reject(*, actor: User, match: PartyMatch) -> PartyMatch:
    """The partner is not that party; it is not proposed again. Raises PartyError."""
    return _decided(actor, _open(match), MatchState.REJECTED)


@transaction.atomic
def undo(*, actor: User, match: PartyMatch) -> PartyMatch:
    """Take a decision back; the entry it made goes. Raises PartyError."""
    current = PartyMatch.objects.select_for_update(of=("self",)).get(pk=match.pk)
    if current.state == MatchState.OPEN:
        raise PartyError("This proposal is open: there is nothing to undo.")
    with recording(actor=actor, why=f"Restricted-party match {current.pk} undone"):
        if current.entry_id:
            RestrictedPartyEntry.objects.filter(pk=current.entry_id).delete()
    current.entry, current.state, current.decided_by, current.decided_at = None, MatchState.OPEN, None, None
    current.save()
    record(actor=actor, verb="party_match.undone", obj=current)
    return current


def _open(match: PartyMatch) -> PartyMatch:
    rows = PartyMatch.objects.select_for_update(of=("self",)).select_related("party__list", "organisation")
    current = rows.get(pk=match.pk)
    if current.state != MatchState.OPEN:
        raise PartyError(f"“{current}” was already {current.get_state_display().lower()}.")
    return current


def _decided(actor: User, match: PartyMatch, state: MatchState) -> PartyMatch:
    match.state, match.decided_by, match.decided_at = state, actor, timezone.now()
    match.save()
    record(actor=actor, verb=f"party_match.{state.value}", obj=match)
    return match
