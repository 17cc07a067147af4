"""Who owned a partner when: dated facts of their own, on the profile, in the comparison and in the API."""

import datetime

import pytest
from django.db import IntegrityError, transaction

from cmo_selector.accounts.roles import Role
from cmo_selector.db import constraint_of
from partners.history.selectors import partner_changes
from partners.models import Alias, Change, Ownership
from partners.profile import build_profile
from partners.selectors import partner_profile
from tests.factories import accounts
from tests.factories import partners as make

pytestmark = pytest.mark.django_db
DAY = datetime.date(2020, 6, 1)


def day(days):
    return DAY + datetime.timedelta(days=days)


@pytest.mark.parametrize(
    ("start", "end", "holds"),
    [(None, None, True), (0, None, True), (None, 0, True), (0, 0, True), (1, None, False), (None, -1, False)],
)  # fmt: skip
def test_owner_on_a_day_is_the_same_in_python_and_in_the_database(start, end, holds):
    row = make.OwnershipFactory(
        owned_from=None if start is None else day(start), owned_until=None if end is None else day(end)
    )
    assert row.holds_on(DAY) is holds
    assert Ownership.objects.current(DAY).filter(pk=row.pk).exists() is holds


@pytest.mark.parametrize(
    ("model", "fields", "constraint"),
    [
        (Ownership, {"owner": "Fund", "owned_from": day(1), "owned_until": day(0)}, "ownership_ends_after_start"),
        (Ownership, {"owner": ""}, "ownership_names_owner"),
        (Ownership, {"owner": "Family"}, "ownership_once"),
        (Alias, {"name": "Quillon", "used_from": day(1), "used_until": day(0)}, "alias_ends_after_start"),
    ],
)  # fmt: skip
def test_the_database_keeps_dates_in_order_and_owners_named_once(model, fields, constraint):
    partner = make.OrganisationFactory()
    make.OwnershipFactory(organisation=partner, owner="Family")
    fact = {"organisation": partner, "source": make.SourceFactory(), "retrieved_on": DAY}
    with pytest.raises(IntegrityError) as error, transaction.atomic():
        model.objects.create(**fact, **fields)
    found = constraint_of(error.value)
    assert found[1].name == constraint
    assert str(found[1].get_violation_error_message()).endswith(".")


def test_profile_names_the_owner_of_today_first_and_asks_when_only_earlier_ones_are_known(client):
    partner = make.OrganisationFactory()
    make.OwnershipFactory(organisation=partner, owner="Founders", owned_until=day(0))
    profile = build_profile(partner_profile(partner.slug, prices=False), [], prices=False)
    assert "Ownership" in [gap.area for gap in profile.gaps]
    make.OwnershipFactory(organisation=partner, owner="Announced buyer", owned_from=datetime.date(2999, 1, 1))
    make.OwnershipFactory(organisation=partner, owner="A fund", owned_from=day(1))
    make.AliasFactory(organisation=partner, kind="former", name="First", used_until=day(-900))
    make.AliasFactory(
        organisation=partner, kind="former", name="Second", used_from=day(-900), used_until=day(0)
    )
    profile = build_profile(partner_profile(partner.slug, prices=False), [], prices=False)
    assert [owner.owner for owner in profile.owners] == ["A fund", "Announced buyer", "Founders"]
    assert [alias.name for alias in profile.former_names] == ["Second", "First"]
    assert "Ownership" not in [gap.area for gap in profile.gaps]
    member = accounts.MembershipFactory(role=Role.MANAGER.value)
    client.force_login(member.user)
    html = client.get(partner.get_absolute_url()).content.decode()
    assert html.index("A fund") < html.index("2020-06-02") < html.index("Founders")
    assert f'href="/proposals/correct/ownership/{partner.owners.get(owner="A fund").pk}/"' in html


def test_a_change_of_owner_is_in_the_partners_history():
    partner = make.OrganisationFactory()
    row = make.OwnershipFactory(organisation=partner, owner="Family")
    Ownership.objects.filter(pk=row.pk).update(owned_until=DAY)
    newest = partner_changes(partner, prices=False, limit=1)[0]
    assert (newest.title, [(line.label, line.before, line.after) for line in newest.lines]) == (
        "Ownership changed: Family", [("Owned until", "unknown", "2020-06-01")],
    )  # fmt: skip
    assert Change.objects.filter(table="partners_ownership", organisation_id=partner.pk).count() == 2
