"""Proposing, deciding, and telling the proposer."""

import datetime
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.db import DataError, IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.forms import ModelForm
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.text import slugify

from cmo_selector.accounts.models import User
from cmo_selector.audit.services import record
from cmo_selector.broker import tell
from cmo_selector.db import constraint_of
from cmo_selector.mail import server_is_away
from partners.curation.services import owner_of
from partners.enums import EvidenceLevel, ProposalKind, SuggestionState
from partners.history import recording
from partners.history.selectors import watched_models
from partners.matching import likeness
from partners.models import (
    Evidenced,
    Facility,
    Organisation,
    OrganisationType,
    OrganisationTypeFact,
    Proposal,
    Source,
)
from partners.models.organisation import RESERVED_SLUGS

from . import fields, new_facts

logger = logging.getLogger(__name__)

MOST_OPEN = 50  # proposals of one person that may wait at a time
TOLD_AT_ONCE = 100
PAUSE = datetime.timedelta(minutes=10)  # after an e-mail could not be sent, twice as long with every attempt
MOST_ATTEMPTS = 8  # the last one about a day after the first; the answer stands in the app all the same


class ProposalError(ValueError):
    """A proposal or decision that cannot be; `field` names the form field, the message says why."""

    def __init__(self, message: str, field: str | None = None):
        super().__init__(message)
        self.field = field


@transaction.atomic
def propose_correction(
    *,
    actor: User,
    fact: Evidenced,
    column: str = "",
    value: str = "",
    statement: str = "",
    source_title: str,
    source_url: str = "",
    source_dated_on: datetime.date | None = None,
) -> Proposal:
    """Keep a correction for the curators. With a column, accepting it writes the value. Raises ProposalError."""
    before = ""
    if column:
        field = next((f for f in fields.correctable(fact) if f.name == column), None)
        if field is None:
            raise ProposalError("Choose a field of the list.", "column")
        try:
            parsed = fields.parse(field, value)
        except ValidationError as error:
            raise ProposalError(" ".join(error.messages), "value") from error
        if parsed == getattr(fact, column):
            raise ProposalError("That is what the catalogue says already.", "value")
        before = fields.in_words(fact, column)
    elif not statement.strip():
        raise ProposalError("Choose the field that is wrong, or say in words what is.", "statement")
    return _kept(
        actor,
        Proposal(
            kind=ProposalKind.CORRECTION,
            organisation=owner_of(fact),
            table=fact._meta.db_table,
            object_id=fact.pk,
            about=_one_line(f"{fact._meta.verbose_name} {fact}")[:240],
            column=column,
            value_before=before[:1000],
            value=value.strip()[:1000],
            statement=statement.strip(),
            source_title=source_title.strip(),
            source_url=source_url,
            source_dated_on=source_dated_on,
        ),
    )


@transaction.atomic
def propose_fact(
    *,
    actor: User,
    organisation: Organisation,
    kind: str,
    form: ModelForm,
    statement: str = "",
    source_title: str,
    source_url: str = "",
    source_dated_on: datetime.date | None = None,
) -> Proposal:
    """Keep a fact that the catalogue lacks about a partner. `form` is valid and of `new_facts.form_of`."""
    model = new_facts.KINDS[kind].model
    what = "; ".join(value for _, value in new_facts.in_words(form))
    return _kept(
        actor,
        Proposal(
            kind=ProposalKind.NEW_FACT,
            organisation=organisation,
            table=model._meta.db_table,
            about=_one_line(f"{organisation}, {model._meta.verbose_name}: {what}")[:240],
            values=new_facts.typed(form),
            statement=statement.strip(),
            source_title=source_title.strip(),
            source_url=source_url,
            source_dated_on=source_dated_on,
        ),
    )


@transaction.atomic
def propose_partner(
    *,
    actor: User,
    name: str,
    website: str = "",
    country: str = "",
    types: Iterable[OrganisationType] = (),
    site: Mapping[str, str] | None = None,
    statement: str = "",
    source_title: str,
    source_url: str = "",
    source_dated_on: datetime.date | None = None,
) -> Proposal:
    """Keep a partner that the catalogue lacks, with its types and main site, for the curators. Raises ProposalError."""
    same = same_name(name)
    if same:
        raise ProposalError(
            f"The catalogue has “{same}” already. Suggest a correction on its page instead.", "name"
        )
    main = {key: value.strip()[:300] for key, value in (site or {}).items() if value.strip()}
    if main and not country:
        raise ProposalError("Say in which country its main site is.", "country")
    values: dict[str, Any] = {"types": sorted(term.code for term in types), "site": main}
    return _kept(
        actor,
        Proposal(
            kind=ProposalKind.NEW_PARTNER,
            about=_one_line(name)[:200],
            website=website,
            country=country,
            values={key: value for key, value in values.items() if value},
            statement=statement.strip(),
            source_title=source_title.strip(),
            source_url=source_url,
            source_dated_on=source_dated_on,
        ),
    )


def _one_line(text: str) -> str:
    """What a proposal is about names it in lists and in the subject of an e-mail, which takes no line breaks."""
    return " ".join(text.split())


def same_name(name: str) -> Organisation | None:
    """An active real partner that goes by that name, legal forms and spelling aside."""
    key = likeness.key(name)
    if not key:
        return None
    found = Organisation.objects.active().filter(illustrative=False, name__icontains=key)[:200]
    return next((o for o in found if likeness.names(o.name, name) == 100), None)


def _kept(actor: User, proposal: Proposal) -> Proposal:
    waiting = Proposal.objects.filter(proposed_by=actor, state=SuggestionState.OPEN).count()
    if waiting >= MOST_OPEN:
        raise ProposalError(f"{waiting} of your proposals still wait for a curator. Please wait for those.")
    if not proposal.source_title:
        raise ProposalError("Say where it can be read.", "source_title")
    proposal.proposed_by, proposal.proposer_name = actor, str(actor)[:200]
    proposal.save()
    record(actor=actor, verb="proposal.made", obj=proposal)
    return proposal


@transaction.atomic
def decide(*, actor: User, proposal: Proposal, accept: bool, note: str = "") -> Proposal:
    """Accept (a named value is written, a fact or partner is made, each with the proposal's source) or reject.

    The proposer is told by e-mail after the commit. Raises ProposalError when it is decided already or cannot be
    written.
    """
    current = Proposal.objects.select_for_update(of=("self",)).get(pk=proposal.pk)
    if current.state != SuggestionState.OPEN:
        raise ProposalError(f"“{current}” was already {current.get_state_display().lower()}.")
    if accept:
        # the reason is public, so it names the proposal and not the person
        with recording(actor=actor, why=f"Proposal {current.pk}: {current.source_title}"):
            try:
                with transaction.atomic():
                    _write(current)
            except IntegrityError as error:
                found = constraint_of(error)
                reason = found[1].get_violation_error_message() if found else "It contradicts other rows."
                raise ProposalError(f"“{current}” cannot be accepted: {reason}") from error
            except ProposalError:
                raise
            except ValidationError as error:
                raise ProposalError(f"“{current}” cannot be accepted: {' '.join(error.messages)}") from error
            except (DataError, ValueError) as error:
                raise ProposalError(
                    f"“{current}” cannot be accepted: the catalogue cannot hold that value."
                ) from error
    current.state = SuggestionState.ACCEPTED if accept else SuggestionState.REJECTED
    current.decided_by, current.decided_at, current.decision_note = actor, timezone.now(), note.strip()[:300]
    current.save()
    record(actor=actor, verb=f"proposal.{current.state}", obj=current, data={"note": note} if note else {})
    transaction.on_commit(_tell_worker)
    return current


def _write(proposal: Proposal) -> None:
    if proposal.kind == ProposalKind.NEW_PARTNER:
        _write_partner(proposal)
        return
    if proposal.kind == ProposalKind.NEW_FACT:
        _write_fact(proposal)
        return
    if not proposal.column:
        return  # put in words: the curator has changed what needs changing
    model = watched_models().get(proposal.table)
    fact = (
        model and model._default_manager.select_for_update(of=("self",)).filter(pk=proposal.object_id).first()
    )
    if fact is None:
        raise ProposalError("The fact has been deleted in the meantime; reject this and say so.")
    field = fact._meta.get_field(proposal.column)
    if fields.in_words(fact, proposal.column)[:1000] != proposal.value_before:
        raise ProposalError(
            f"{field.verbose_name.capitalize()} was “{proposal.value_before or 'unknown'}” and is "
            f"“{fields.in_words(fact, proposal.column) or 'unknown'}” now; look at the fact before you decide."
        )
    setattr(fact, proposal.column, fields.parse(field, proposal.value))
    evidence = _evidence(proposal)
    for name, value in evidence.items():
        setattr(fact, name, value)
    fact.save(update_fields=[proposal.column, *evidence])


def _write_partner(proposal: Proposal) -> None:
    same = same_name(proposal.about)
    if same:
        raise ProposalError(f"“{same}” is in the catalogue already; reject this and say so.")
    evidence = _evidence(proposal)
    partner = Organisation.objects.create(
        name=proposal.about,
        slug=_free_slug(proposal.about),
        website=proposal.website,
        **evidence,
    )
    terms = OrganisationType.objects.filter(code__in=proposal.values.get("types", ()), active=True)
    OrganisationTypeFact.objects.bulk_create(
        [OrganisationTypeFact(organisation=partner, type=term, **evidence) for term in terms]
    )
    if proposal.country:
        site = proposal.values.get("site", {})
        name = (site.get("name") or site.get("city") or partner.name)[:200]
        Facility.objects.create(
            organisation=partner,
            slug=new_facts.free_site_slug(partner, name),
            name=name,
            street=site.get("street", "")[:300],
            city=site.get("city", "")[:120],
            postal_code=site.get("postal_code", "")[:40],
            country=proposal.country,
            **evidence,
        )
    proposal.organisation = partner


def _write_fact(proposal: Proposal) -> None:
    kind = new_facts.KINDS[new_facts.KIND_OF_TABLE[proposal.table]]
    form = new_facts.form_of(kind, proposal.organisation, proposal.values)
    if not form.is_valid():
        name, errors = next(iter(form.errors.items()))
        label = form.fields[name].label if name in form.fields else ""
        raise ProposalError(
            f"“{proposal}” cannot be accepted as it stands: {f'{label}: ' if label else ''}{errors[0]}"
        )
    fact = form.save(commit=False)
    if isinstance(fact, Facility):
        fact.slug = new_facts.free_site_slug(proposal.organisation, fact.name)
    for name, value in _evidence(proposal).items():
        setattr(fact, name, value)
    fact.save()


def _evidence(proposal: Proposal) -> dict:
    source, _ = Source.objects.get_or_create(
        code=f"proposal-{proposal.pk}",
        defaults={
            "title": proposal.source_title,
            "url": proposal.source_url,
            "dated_on": proposal.source_dated_on,
            "note": "Named by a user; looked at by the curator who accepted the proposal.",
        },
    )
    return {
        "source": source,
        "source_reference": "",
        "retrieved_on": timezone.localdate(),
        "evidence_level": EvidenceLevel.DOCUMENT_CHECKED,
    }


def _free_slug(name: str) -> str:
    base = slugify(name)[:100] or "partner"
    slug, number = base, 1
    while slug in RESERVED_SLUGS or Organisation.objects.filter(slug=slug).exists():
        number += 1
        slug = f"{base}-{number}"
    return slug


# -- telling ---------------------------------------------------------------------------------------


def mark_read(*, actor: User) -> int:
    """The proposer has seen the answers that were given so far. Returns how many were new."""
    new = Proposal.objects.filter(proposed_by=actor, read_at=None).exclude(state=SuggestionState.OPEN)
    return new.update(read_at=timezone.now())


def _tell_worker() -> None:
    from partners.tasks import tell_proposers

    tell(tell_proposers)


def tell_proposers() -> int:
    """E-mail those whose proposals were decided; returns how many. A row is locked while its e-mail goes out: nobody
    gets two. One that cannot be sent is tried again after a pause and keeps none of the others back."""
    sent, now = 0, timezone.now()
    for _ in range(TOLD_AT_ONCE):
        with transaction.atomic():
            proposal = _owed(now).select_for_update(skip_locked=True, of=("self",)).first()
            if proposal is None:
                break
            to = proposal.proposed_by
            if to and to.is_active:
                try:
                    _send(proposal, to.email)
                except (OSError, ValueError) as error:  # refused, or no e-mail can be made of it
                    _not_told(proposal, error)
                    if server_is_away(error):
                        break
                    continue
                sent += 1
            proposal.told_at = timezone.now()
            proposal.save(update_fields=["told_at"])
    return sent


def _owed(now: datetime.datetime) -> QuerySet[Proposal]:
    due = Q(tell_after=None) | Q(tell_after__lte=now)
    owed = Proposal.objects.exclude(state=SuggestionState.OPEN).filter(due, told_at=None)
    return owed.filter(tell_attempts__lt=MOST_ATTEMPTS).order_by("decided_at", "pk")


def _send(proposal: Proposal, address: str) -> None:
    text = render_to_string("emails/proposal_decided.txt", {"proposal": proposal})
    state = proposal.get_state_display().lower()
    send_mail(_one_line(f"Your proposal was {state}: {proposal.about}")[:200], text, None, [address])


def _not_told(proposal: Proposal, error: Exception) -> None:
    """Try again after a pause; after `MOST_ATTEMPTS` the answer stands in the app alone."""
    proposal.tell_after = timezone.now() + PAUSE * 2**proposal.tell_attempts
    proposal.tell_attempts += 1
    proposal.save(update_fields=["tell_after", "tell_attempts"])
    reason = f"{type(error).__name__}: {error}"[:300]
    logger.warning("proposal %s: its proposer could not be told (%s)", proposal.pk, reason)
