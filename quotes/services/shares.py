"""Sharing a report with a person who has no account: making, opening and revoking a link."""

from __future__ import annotations

import datetime as dt

from django.contrib.auth.hashers import check_password, make_password
from django.core.signing import BadSignature
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from cmo_selector.accounts.models import Membership, Sponsor, User
from cmo_selector.accounts.roles import Action, roles_that_may
from cmo_selector.audit.services import record
from quotes.enums import ReportState, ShareEvent
from quotes.models import Report, ReportShare, ShareView
from quotes.models.share import SIGNER
from quotes.services import reports

MOST_WRONG = 5  # wrong passcodes within `WRONG_WITHIN`, after which a link waits
WRONG_WITHIN = dt.timedelta(minutes=15)
MOST_WRONG_EVER = 50  # after which the link is closed and its maker told: somebody is guessing


class NotShareable(ValueError):
    """Only a finished report can be shared."""


class TooManyTries(Exception):
    """Too many wrong passcodes in a short time."""


def share_report(
    *, actor: User, report: Report, recipient: str, days: int, passcode: str = ""
) -> ReportShare:
    """Make a link for `recipient`, valid for `days`, to a copy of this report that carries the recipient's name.

    The copy is printed from the same frozen snapshot: no figure differs. Raises NotShareable.
    """
    with transaction.atomic():
        current = Report.objects.select_for_update(no_key=True, of=("self",)).get(pk=report.pk)
        if current.state != ReportState.DONE:
            raise NotShareable("Only a finished report can be shared. Wait until its PDF is ready.")
        copy = reports.copy_for(actor=actor, report=current, recipient=recipient)
        now = timezone.now()
        share = ReportShare.objects.create(
            report=copy,
            recipient=recipient,
            passcode=make_password(passcode) if passcode else "",
            created_by=actor,
            created_at=now,
            expires_at=now + dt.timedelta(days=days),
        )
        record(
            actor=actor,
            verb="report.shared",
            obj=copy,
            sponsor=copy.project.sponsor,
            data={"recipient": recipient, "days": days, "passcode": bool(passcode)},
        )
    return share


@transaction.atomic
def revoke_share(*, actor: User, share: ReportShare) -> bool:
    """Close the link for good. False when it was closed before."""
    closed = ReportShare.objects.filter(pk=share.pk, revoked_at=None).update(revoked_at=timezone.now())
    if closed:
        record(
            actor=actor,
            verb="report.share_revoked",
            obj=share.report,
            sponsor=share.report.project.sponsor,
            data={"recipient": share.recipient},
        )
    return bool(closed)


def with_maker(links: QuerySet[ReportShare]) -> QuerySet[ReportShare]:
    """Adds `maker_may`: whether whoever made the link may still share reports of the organisation."""
    roles = roles_that_may(Action.SHARE_REPORT)
    membership = Membership.objects.filter(
        user=OuterRef("created_by"),
        sponsor=OuterRef("report__project__sponsor"),
        role__in=roles,
        user__is_active=True,
    )
    return links.annotate(maker_may=Exists(membership))


def open_links(sponsor: Sponsor) -> QuerySet[ReportShare]:
    """Every link of the organisation that has not been closed and has not expired, the last to end first."""
    links = ReportShare.objects.for_sponsor(sponsor).filter(revoked_at=None, expires_at__gt=timezone.now())
    downloads = Count("views", filter=Q(views__event=ShareEvent.DOWNLOAD))
    found = with_maker(links).select_related("report__project", "created_by").defer("report__snapshot")
    return found.annotate(downloads=downloads).order_by("-expires_at", "-pk")


def share_of(token: str) -> ReportShare | None:
    """The open link with this token. None when it is forged, expired or revoked: a visitor is told no difference.

    A link is as good as the rights of whoever made it: it opens nothing while that person may not share reports of
    the organisation. Archiving the project ends its work, not the reading of what was decided: links stay open.
    """
    try:
        pk, nonce = SIGNER.unsign_object(token)
    except (BadSignature, ValueError, TypeError):
        return None
    shares = ReportShare.objects.select_related("report__project__sponsor").defer("report__snapshot")
    share = with_maker(shares).filter(pk=pk, nonce=nonce).first()
    return share if share is not None and share.open and share.maker_may else None


def try_passcode(share: ReportShare, passcode: str) -> bool:
    """Whether the passcode opens the link; a wrong one is counted. Raises TooManyTries.

    After `MOST_WRONG_EVER` of them the link is closed.
    """
    with transaction.atomic():
        # One at a time for each link, so that tries made at once are counted too.
        locked = ReportShare.objects.select_for_update().get(pk=share.pk)
        since = timezone.now() - WRONG_WITHIN
        wrong = ShareView.objects.filter(share=share, event=ShareEvent.WRONG)
        if locked.revoked_at is not None or wrong.filter(at__gt=since).count() >= MOST_WRONG:
            raise TooManyTries
        if check_password(passcode, share.passcode):
            return True
        note(share, ShareEvent.WRONG)
        if wrong.count() >= MOST_WRONG_EVER:
            _close_guessed(share)
    return False


def _close_guessed(share: ReportShare) -> None:
    now = timezone.now()
    ReportShare.objects.filter(pk=share.pk).update(revoked_at=now, guessed_at=now)
    record(
        actor=None,
        verb="report.share_guessed",
        obj=share.report,
        sponsor=share.report.project.sponsor,
        data={"recipient": share.recipient, "wrong": MOST_WRONG_EVER},
    )


def note(share: ReportShare, event: str) -> None:
    """Add a line to the link's view log."""
    ShareView.objects.create(share=share, event=event)
