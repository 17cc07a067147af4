"""Members of a sponsor: who may see and change them, and that an owner always remains."""

import re

import pytest
from django.urls import reverse

from cmo_selector.accounts.models import Membership, User
from cmo_selector.accounts.roles import Role
from cmo_selector.audit.models import AuditEvent
from tests.factories.accounts import MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    return MembershipFactory(role=Role.OWNER.value)


def roles(sponsor):
    return {m.user.email: m.role for m in sponsor.memberships.select_related("user")}


def test_an_owner_adds_a_new_person_who_gets_a_link_and_can_sign_in(client, owner, mailoutbox):
    client.force_login(owner.user)
    client.post(reverse("team"), {"email": "new@example.org", "role": "evaluator"})
    assert roles(owner.sponsor)["new@example.org"] == "evaluator"
    (mail,) = mailoutbox
    assert mail.to == ["new@example.org"]
    client.logout()
    link = re.search(r"https?://testserver(/accounts/\S+)", mail.body).group(1)
    page = client.get(link, follow=True)
    password = "a quite long passphrase 7"
    client.post(page.redirect_chain[-1][0], {"password1": password, "password2": password})
    assert User.objects.get(email="new@example.org").check_password(password)
    assert AuditEvent.objects.get(verb="member.added").data == {"role": "evaluator"}


def test_a_mail_server_that_refuses_leaves_a_member_and_a_link_to_send_again(
    client, owner, mailoutbox, monkeypatch
):
    client.force_login(owner.user)

    def refuse(*args, **kwargs):
        raise ConnectionRefusedError("no mail server")

    with monkeypatch.context() as broken:
        broken.setattr("django.core.mail.EmailMessage.send", refuse)
        answer = client.post(reverse("team"), {"email": "new@example.org", "role": "viewer"}, follow=True)
        html = answer.content.decode()
        assert (answer.status_code, "could not be sent" in html, "Send the link again" in html) == (
            200,
            True,
            True,
        )
        member = Membership.objects.get(user__email="new@example.org")
        again = reverse("team_link", args=[member.pk])
        assert "does not answer" in client.post(again, follow=True).content.decode()
    assert "on its way to new@example.org" in client.post(again, follow=True).content.decode()
    assert [mail.to for mail in mailoutbox] == [["new@example.org"]]


def test_a_member_of_another_sponsor_can_be_added_and_keeps_the_other(client, owner, mailoutbox):
    other = MembershipFactory(user__email="both@example.org", role=Role.VIEWER.value)
    client.force_login(owner.user)
    client.post(reverse("team"), {"email": "BOTH@example.org", "role": "manager"})
    assert {m.sponsor_id: m.role for m in other.user.memberships.all()} == {
        other.sponsor_id: "viewer",
        owner.sponsor_id: "manager",
    }
    assert mailoutbox == []


def test_adding_a_member_twice_says_so_and_keeps_what_was_typed(client, owner):
    client.force_login(owner.user)
    response = client.post(reverse("team"), {"email": owner.user.email, "role": "viewer"})
    page = response.content.decode()
    assert response.status_code == 400
    assert "is already a member" in page
    assert f'value="{owner.user.email}"' in page


@pytest.mark.parametrize(
    "data", [{"email": "no-address", "role": "viewer"}, {"email": "a@example.org", "role": "king"}]
)
def test_a_bad_address_or_role_is_refused(client, owner, data):
    client.force_login(owner.user)
    assert client.post(reverse("team"), data).status_code == 400
    assert owner.sponsor.memberships.count() == 1


def test_the_last_owner_cannot_leave_or_step_down(client, owner):
    client.force_login(owner.user)
    client.post(reverse("team_change", args=[owner.pk]), {"role": "viewer"})
    response = client.post(reverse("team_remove", args=[owner.pk]), follow=True)
    assert "needs at least one owner" in response.content.decode()
    assert roles(owner.sponsor) == {owner.user.email: "owner"}


def test_a_second_owner_lets_the_first_step_down(client, owner):
    second = MembershipFactory(sponsor=owner.sponsor, role=Role.VIEWER.value)
    client.force_login(owner.user)
    client.post(reverse("team_change", args=[second.pk]), {"role": "owner"})
    client.post(reverse("team_change", args=[owner.pk]), {"role": "viewer"})
    assert roles(owner.sponsor) == {owner.user.email: "viewer", second.user.email: "owner"}


def test_removing_a_member_ends_access_and_keeps_the_account(client, owner):
    member = MembershipFactory(sponsor=owner.sponsor)
    client.force_login(owner.user)
    client.post(reverse("team_remove", args=[member.pk]))
    assert not Membership.objects.filter(pk=member.pk).exists()
    assert User.objects.filter(pk=member.user_id).exists()


def test_a_member_of_another_sponsor_cannot_be_touched(client, owner):
    foreign = MembershipFactory(role=Role.OWNER.value)
    client.force_login(owner.user)
    assert client.post(reverse("team_change", args=[foreign.pk]), {"role": "viewer"}).status_code == 404
    assert client.post(reverse("team_remove", args=[foreign.pk])).status_code == 404
    foreign.refresh_from_db()
    assert foreign.role == "owner"


def test_everybody_sees_the_team_and_only_owners_change_it(client, owner):
    viewer = MembershipFactory(sponsor=owner.sponsor, role=Role.VIEWER.value)
    client.force_login(viewer.user)
    page = client.get(reverse("team")).content.decode()
    assert owner.user.email in page
    assert "Add member" not in page
    assert client.post(reverse("team"), {"email": "x@example.org", "role": "viewer"}).status_code == 403
