"""Who belongs to a sponsor. Every write is audited, and a sponsor never loses its last owner."""

from django.db import transaction

from cmo_selector.audit.services import record

from .models import Membership, Sponsor, User
from .roles import Role


class MembershipError(ValueError):
    """A change of membership that is not allowed; the message says why and what to do."""


def _lock(sponsor: Sponsor) -> None:
    Sponsor.objects.select_for_update(no_key=True).only("pk").get(pk=sponsor.pk)


@transaction.atomic
def add_member(*, actor: User, sponsor: Sponsor, email: str, role: Role) -> tuple[Membership, bool]:
    """Make the person with that address a member; an account without password is created when there is none.

    Returns the membership and whether the account is new. Raises MembershipError for somebody who is a member.
    """
    _lock(sponsor)
    user = User.objects.filter(email__iexact=email).first()
    new = user is None
    if new:
        user = User.objects.create_user(email)
    elif Membership.objects.filter(user=user, sponsor=sponsor).exists():
        raise MembershipError(f"{email} is already a member. Change the role in the list instead.")
    membership = Membership.objects.create(user=user, sponsor=sponsor, role=role)
    record(actor=actor, verb="member.added", obj=membership, sponsor=sponsor, data={"role": str(role)})
    return membership, new


@transaction.atomic
def change_role(*, actor: User, membership: Membership, role: Role) -> None:
    """Give a member another role. Raises MembershipError when the last owner would be lost."""
    _lock(membership.sponsor)
    membership.refresh_from_db()
    if membership.role == role:
        return
    _keep_an_owner(membership)
    before, membership.role = membership.role, role
    membership.save(update_fields=["role"])
    record(
        actor=actor,
        verb="member.role_changed",
        obj=membership,
        sponsor=membership.sponsor,
        data={"role": [before, str(role)]},
    )


@transaction.atomic
def remove_member(*, actor: User, membership: Membership) -> None:
    """End a membership; the account stays. Raises MembershipError when the last owner would be lost."""
    _lock(membership.sponsor)
    membership.refresh_from_db()
    _keep_an_owner(membership)
    record(
        actor=actor,
        verb="member.removed",
        obj=membership,
        sponsor=membership.sponsor,
        data={"role": membership.role},
    )
    membership.delete()


def _keep_an_owner(membership: Membership) -> None:
    owners = Membership.objects.filter(sponsor=membership.sponsor, role=Role.OWNER).exclude(pk=membership.pk)
    if membership.role == Role.OWNER and not owners.exists():
        raise MembershipError("A sponsor needs at least one owner. Make somebody else an owner first.")
