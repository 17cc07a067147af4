"""Preparing, sending and running an RFQ: readiness, versions, links, e-mails once, deadline, questions."""

import datetime as dt
import smtplib

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from quotes.enums import AgreementStatus, ShortlistStatus
from quotes.links import find_link, new_link, token_hash
from quotes.models import (
    Invitation,
    InvitationEmail,
    InvitationLink,
    PartnerRelation,
    Rfq,
    RfqMessage,
    ShortlistEntry,
)
from quotes.readiness import readiness
from quotes.rfq_enums import TRANSITIONS, InvitationState, NdaState, RfqState
from quotes.rfq_selectors import rfq_overview, rfqs_of
from quotes.rfq_templates import best_template, catalogue, starting_lines, templates
from quotes.services.rfq import RfqError, StaleRfq, create_rfq, save_rfq
from quotes.services.rfq_mail import owe_reminders, send_due, send_email
from quotes.services.rfq_messages import answer_question, ask_question
from quotes.services.rfq_send import (
    Contact,
    extend_deadline,
    publish_changes,
    renew_link,
    revoke_invitation,
    send_rfq,
    set_rfq_state,
)
from tests.factories.accounts import MembershipFactory
from tests.factories.partners import DosageFormFactory, ModalityFactory, OrganisationFactory
from tests.factories.quotes import ProjectFactory
from tests.factories.rfq import in_days, make_rfq, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def member():
    return MembershipFactory()


@pytest.fixture
def rfq(member):
    return make_rfq(member)


# -- templates and readiness ----------------------------------------------------------------------


def test_a_cro_is_asked_about_its_study_and_a_manufacturer_about_its_batches(member):
    asked = {}
    for code in ("cro_clinical", "cro_preclinical", "biologics", "device"):
        rfq = create_rfq(
            actor=member.user, project=ProjectFactory(sponsor=member.sponsor), template=templates()[code]
        )
        asked[code] = " ".join(question["text"] for question in rfq.questions)
        assert "List every assumption you made" in asked[code]
    assert {code for code, text in asked.items() if "batch" in text or "stability" in text} == {"biologics"}
    assert {code for code, text in asked.items() if "recruitment is slow" in text} == {
        "cro_clinical",
        "cro_preclinical",
    }


def test_every_template_names_codes_of_the_catalogue_and_its_own_drivers():
    for template in templates().values():
        rows = starting_lines(template)
        drivers = {name for name, _, _ in template.drivers}
        assert [r["code"] for r in rows if r["code"] not in catalogue()] == [], template.code
        assert len({r["code"] for r in rows}) == len(rows), template.code
        assert {r["driver"] for r in rows if r["driver"]} <= drivers, template.code
        assert all(r["driver"] or len(r["quantities"]) == template.periods for r in rows)


@pytest.mark.parametrize(
    ("profile", "modality", "form", "stage", "expected"),
    [
        ("drug", "small-molecule", "tablet", 7, "commercial_solids"),
        ("drug", "small-molecule", "tablet", 3, "chemistry"),
        ("drug", "aav", "injection-solution", 2, "gene_therapy"),
        ("drug", "mab", "injection-solution", 4, "biologics"),
        ("device", None, None, 6, "device"),
        ("clinical", None, None, 4, "cro_clinical"),
    ],
)
def test_the_template_follows_profile_modality_and_stage(profile, modality, form, stage, expected):
    project = ProjectFactory(
        profile=profile,
        modality=ModalityFactory(code=modality) if modality else None,
        dosage_form=DosageFormFactory(code=form) if form else None,
        stage=stage,
    )
    assert best_template(project).code == expected


def test_a_fresh_draft_says_what_a_partner_would_ask_back_and_cannot_be_sent(member):
    project = ProjectFactory(sponsor=member.sponsor)
    rfq = create_rfq(actor=member.user, project=project, template=templates()["generic"])
    found = readiness(rfq, list(rfq.lines.all()))
    assert found.score < 50
    assert [p.step for p in found.blocked] == ["demand", "terms", "terms"]
    contact = Contact(OrganisationFactory(), "", "bids@example.org")
    with pytest.raises(RfqError, match="How much, and when"):
        send_rfq(actor=member.user, rfq=rfq, contacts=[contact], edition=rfq.edition)


def test_a_complete_rfq_is_ready(rfq):
    lines = list(rfq.lines.all())
    missing = readiness(rfq, lines)
    assert (missing.score, [p.step for p in missing.open]) == (96, ["files"])
    assert missing.open[0].ask.startswith("Where is: Master formula and specification,")
    found = readiness(rfq, lines, enclosed=rfq.enclosures)
    assert (found.score, found.open) == (100, [])


# -- saving ---------------------------------------------------------------------------------------


def test_a_stale_save_is_refused_and_nothing_is_overwritten(member, rfq):
    save_rfq(actor=member.user, rfq=rfq, values={"title": "Mine"}, edition=rfq.edition)
    with pytest.raises(StaleRfq) as stale:
        save_rfq(actor=member.user, rfq=rfq, values={"title": "Theirs"}, edition=rfq.edition)
    rfq.refresh_from_db()
    assert (rfq.title, stale.value.edition) == ("Mine", rfq.edition)


def test_more_years_are_filled_with_zeros_and_fewer_cut_off(member, rfq):
    longer = save_rfq(actor=member.user, rfq=rfq, values={"periods": 5}, edition=rfq.edition)
    assert longer.drivers[0]["base"] == ["250", "400", "400", "0", "0"]
    shorter = save_rfq(actor=member.user, rfq=longer, values={"periods": 2}, edition=longer.edition)
    assert shorter.drivers[0]["base"] == ["250", "400"]
    assert [line.quantities for line in shorter.lines.all()] == [["1", "0"], [], ["1", "1"]]


# -- sending --------------------------------------------------------------------------------------


def test_sending_freezes_a_version_and_writes_each_contact_once(member, rfq):
    a, b = send(rfq, member, "Aspen", "Birch")
    rfq.refresh_from_db()
    assert (rfq.state, rfq.versions.count(), rfq.sent_at is not None) == ("open", 1, True)
    assert rfq.versions.get().content["lines"][1]["code"] == "commercial_supply"
    assert {e.status for e in ShortlistEntry.objects.all()} == {ShortlistStatus.RFP_INVITED}
    assert (send_due(), send_due()) == (2, 0)
    assert sorted(m.to[0] for m in mail.outbox) == [a.contact_email, b.contact_email]
    for message in mail.outbox:
        assert "Project Heron" in message.subject
        assert rfq.project.name not in message.subject + message.body
        assert rfq.title not in message.subject + message.body
        assert message.reply_to == [member.user.email]


def test_only_the_hash_of_a_link_is_kept_and_it_leads_to_its_invitation(member, rfq):
    (invitation,) = send(rfq, member, "Aspen")
    token = new_link(invitation)
    stored = InvitationLink.objects.get()
    assert (stored.token_hash, token in stored.token_hash) == (token_hash(token), False)
    assert find_link(token).invitation == invitation
    assert [find_link(t) for t in (token[:-1], "x" + token, token.split(".")[0], "", "a" * 5000)] == [
        None
    ] * 5


def test_a_signed_nda_on_file_opens_the_gate_and_a_lapsed_one_does_not(member, rfq):
    for name, ends in (("On File", None), ("Lapsed", dt.date(2020, 1, 1))):
        partner = OrganisationFactory(name=name)
        PartnerRelation.objects.create(
            sponsor=member.sponsor, organisation=partner, nda_status=AgreementStatus.SIGNED,
            nda_on=dt.date(2019, 1, 1), nda_expires_on=ends, updated_by=member.user,
        )  # fmt: skip
        contact = Contact(partner, "", "bids@example.org")
        send_rfq(actor=member.user, rfq=rfq, contacts=[contact], edition=rfq.edition)
    assert {i.organisation.name: i.nda for i in rfq.invitations.all()} == {
        "On File": NdaState.ON_FILE,
        "Lapsed": NdaState.WAITING,
    }


@pytest.mark.parametrize("email", ["nobody", "a@b", "a b@example.org"])
def test_a_bad_address_is_refused_beside_its_field(member, rfq, email):
    partner = OrganisationFactory()
    with pytest.raises(RfqError, match="not an e-mail address") as error:
        send_rfq(actor=member.user, rfq=rfq, contacts=[Contact(partner, "", email)], edition=rfq.edition)
    assert error.value.field == f"email-{partner.pk}"
    assert rfq.invitations.count() == 0


def test_a_change_reaches_partners_as_a_new_version_announced_to_all(member, rfq):
    send(rfq, member, "Aspen", "Birch")
    send_due()
    with pytest.raises(RfqError, match="Nothing has changed"):
        publish_changes(actor=member.user, rfq=rfq, note="More detail")
    save_rfq(actor=member.user, rfq=rfq, values={"milestones": "Launch: May 2027"}, edition=rfq.edition)
    assert publish_changes(actor=member.user, rfq=rfq, note="Launch moved to May").number == 2
    assert send_due() == 2


def test_revoking_and_renewing_end_all_earlier_links(member, rfq):
    (invitation,) = send(rfq, member, "Aspen")
    old = new_link(invitation)
    fresh = renew_link(actor=member.user, invitation=invitation, email=False)
    assert find_link(old).revoked_at is not None
    assert find_link(fresh).revoked_at is None
    revoke_invitation(actor=member.user, invitation=invitation)
    assert find_link(fresh).revoked_at is not None
    invitation.refresh_from_db()
    assert invitation.state == InvitationState.REVOKED
    assert send_due() == 0  # the e-mail still owed is not sent to somebody shut out


# -- deadline -------------------------------------------------------------------------------------


def test_extending_tells_all_and_moves_the_links_with_it(member, rfq):
    (invitation,) = send(rfq, member, "Aspen")
    send_due()
    later = in_days(40)
    extend_deadline(actor=member.user, rfq=rfq, deadline=later)
    invitation.refresh_from_db()
    assert invitation.expires_at > later
    assert send_due() == 1
    assert "extended" in mail.outbox[-1].subject
    for wrong, message in ((in_days(-1), "in the past"), (in_days(30), "after the present one")):
        with pytest.raises(RfqError, match=message):
            extend_deadline(actor=member.user, rfq=rfq, deadline=wrong)


def test_reminders_go_once_to_those_who_have_not_answered(member, rfq):
    asleep, done = send(rfq, member, "Aspen", "Birch")
    type(done).objects.filter(pk=done.pk).update(state=InvitationState.SUBMITTED)
    rfq.refresh_from_db()
    for days, new in ((10, 0), (6.9, 1), (6, 0), (1.9, 1), (1, 0)):
        now = rfq.deadline - dt.timedelta(days=days)
        assert owe_reminders(now) == new, days
    reminders = InvitationEmail.objects.filter(kind="reminder")
    assert {e.invitation_id for e in reminders} == {asleep.pk}


def test_a_sealed_rfq_cannot_be_closed_early_nor_reopened_once_unsealed(member):
    rfq = make_rfq(member, sealed=True)
    send(rfq, member, "Aspen")
    with pytest.raises(RfqError, match="sealed until the deadline"):
        set_rfq_state(actor=member.user, rfq=rfq, state="closed")
    Rfq.objects.filter(pk=rfq.pk).update(deadline=in_days(-1))
    with pytest.raises(RfqError, match="unsealed already"):
        extend_deadline(actor=member.user, rfq=rfq, deadline=in_days(9))
    assert set_rfq_state(actor=member.user, rfq=rfq, state="closed").state == RfqState.CLOSED


def test_a_failing_mail_server_keeps_the_e_mail_owed_and_its_link_dead(member, rfq, monkeypatch):
    (invitation,) = send(rfq, member, "Aspen")
    row = InvitationEmail.objects.get()

    def refuse(*args, **kwargs):
        raise ConnectionRefusedError("no mail server")

    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)
    assert send_email(row.pk) is False
    row.refresh_from_db()
    assert (row.sent_at, row.attempts, row.error) == (None, 1, "ConnectionRefusedError: no mail server")
    assert invitation.links.count() == 0
    monkeypatch.undo()
    assert send_email(row.pk) is False  # the lease is a pause
    InvitationEmail.objects.update(lease_until=timezone.now() - dt.timedelta(seconds=1))
    assert send_due() == 1


def refuse_mail(monkeypatch, error):
    def refuse(*args, **kwargs):
        raise error

    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)


def test_a_refused_e_mail_is_tried_until_the_deadline_and_shown_with_send_again(
    member, rfq, client, monkeypatch
):
    send(rfq, member, "Aspen")
    row = InvitationEmail.objects.get()
    with monkeypatch.context() as broken:
        refuse_mail(broken, ConnectionRefusedError("no mail server"))
        pauses = []
        for _ in range(14):  # more than an hour of outage
            InvitationEmail.objects.update(lease_until=None)
            assert send_due() == 0
            row.refresh_from_db()
            pauses.append(round((row.lease_until - timezone.now()).total_seconds() / 60))
    assert (row.state, pauses) == ("queued", [5 * n for n in range(1, 13)] + [60, 60])
    client.force_login(member.user)
    html = client.get(rfq.get_absolute_url()).content.decode()
    assert "not sent yet, asked 14 times" in html
    again = reverse("quotes:rfq_email_again", args=[rfq.project_id, rfq.pk, row.pk])
    client.post(again)
    assert send_due() == 1
    assert "Send again" not in client.get(rfq.get_absolute_url()).content.decode()
    InvitationEmail.objects.update(
        state="queued", sent_at=None, error="ConnectionRefusedError: no mail server"
    )
    Rfq.objects.update(deadline=timezone.now())
    assert send_due() == 0
    row.refresh_from_db()
    assert (row.state, row.error[:24]) == ("failed", "The deadline has passed.")
    assert b"of no use any more: The deadline has passed." in client.post(again, follow=True).content


def test_an_address_refused_for_good_is_a_failure_at_once(member, rfq, monkeypatch):
    send(rfq, member, "Aspen")
    refuse_mail(monkeypatch, smtplib.SMTPRecipientsRefused({"bids@aspen.example": (550, b"unknown")}))
    assert send_due() == 0
    assert InvitationEmail.objects.get().state == "failed"


def test_an_e_mail_is_not_sent_once_its_reason_has_gone(member, rfq):
    asleep, done, out = send(rfq, member, "Aspen", "Birch", "Cedar")
    send_due()
    rfq.refresh_from_db()
    owe_reminders(rfq.deadline - dt.timedelta(days=1))
    Invitation.objects.filter(pk=done.pk).update(state="submitted")
    Invitation.objects.filter(pk=out.pk).update(state="declined", decline_reason="No slot")
    assert send_due() == 1
    found = {e.invitation_id: (e.state, e.error) for e in InvitationEmail.objects.filter(kind="reminder")}
    assert found == {
        asleep.pk: ("sent", ""),
        done.pk: ("dropped", "The partner has answered."),
        out.pk: ("dropped", "The partner has declined."),
    }
    for number, note in ((2, "Launch in May"), (3, "Launch in June")):
        rfq.refresh_from_db()
        save_rfq(actor=member.user, rfq=rfq, values={"milestones": note}, edition=rfq.edition)
        publish_changes(actor=member.user, rfq=rfq, note=note)
        assert rfq.versions.first().number == number
    Invitation.objects.update(nda="on_file")
    mail.outbox.clear()
    send_due()
    told = [message.body for message in mail.outbox if message.to == [asleep.contact_email]]
    assert ["(version 2)" in told[0], "in May" in told[0], "(version 3)" in told[1]] == [True] * 3
    (late,) = send(Rfq.objects.get(pk=rfq.pk), member, "Dogwood")
    set_rfq_state(actor=member.user, rfq=rfq, state="cancelled")
    assert send_due() == 0
    assert late.emails.get().error == "The RFQ was cancelled."


def test_one_bad_row_does_not_keep_the_others_waiting(member, rfq):
    broken, _ = send(rfq, member, "Aspen", "Birch")
    broken.emails.update(kind="amended", key="vX")
    assert send_due() == 1
    row = broken.emails.get()
    assert (row.state, row.error.split(":")[0]) == ("queued", "ValueError")


def test_a_worker_that_died_while_sending_leaves_the_choice_to_a_person(member, rfq):
    (invitation,) = send(rfq, member, "Aspen")
    InvitationEmail.objects.update(state="sending", lease_until=timezone.now() - dt.timedelta(seconds=1))
    assert send_due() == 0
    row = invitation.emails.get()
    assert (row.state, row.trouble.split(".")[0]) == ("unconfirmed", "perhaps not sent")


def test_nobody_is_reminded_of_what_they_were_told_a_moment_ago(member, rfq):
    send(rfq, member, "Aspen")
    rfq.refresh_from_db()
    InvitationEmail.objects.update(created_at=in_days(-30))
    Invitation.objects.update(created_at=in_days(-30))
    type(rfq).objects.update(deadline=in_days(1))
    send(Rfq.objects.get(pk=rfq.pk), member, "Birch")
    assert owe_reminders() == 1  # Aspen's; Birch was invited just now
    extend_deadline(actor=member.user, rfq=rfq, deadline=in_days(5))
    assert owe_reminders() == 0  # both have just been told the new deadline
    assert owe_reminders(in_days(4)) == 2


# -- questions ------------------------------------------------------------------------------------


def test_an_answer_goes_to_all_without_saying_who_asked(member, rfq):
    a, _ = send(rfq, member, "Aspen", "Birch")
    send_due()
    question = ask_question(invitation=a, text="How many strengths?")
    answer_question(actor=member.user, message=question, answer="Three.")
    assert send_due() == 2
    assert not any("Aspen" in m.body and m.to != [a.contact_email] for m in mail.outbox[2:])
    with pytest.raises(RfqError, match="answered this question already"):
        answer_question(actor=member.user, message=question, answer="Four.")
    assert RfqMessage.objects.get().answer == "Three."


# -- statuses and reads ---------------------------------------------------------------------------


def test_every_status_says_what_may_follow():
    for kind, table in TRANSITIONS.items():
        assert set(table) == set(kind.values)
        assert all(follower in kind.values for followers in table.values() for follower in followers)


def test_pages_read_with_the_same_queries_for_one_and_three(member, rfq, django_assert_num_queries):
    send(rfq, member, "Aspen")
    for names in ((), ("Birch", "Cedar")):
        if names:
            send(rfq, member, *names)
        fresh = Rfq.objects.select_related("project").get(pk=rfq.pk)
        with django_assert_num_queries(6):
            assert rfq_overview(fresh).readiness.score == 96
        with django_assert_num_queries(1):
            list(rfqs_of(rfq.project))


# -- what bidders rely on -------------------------------------------------------------------------


def test_deadline_and_seal_of_a_sent_rfq_change_only_through_extend(member, client):
    rfq = make_rfq(member, sealed=True)
    send(rfq, member, "Aspen")
    rfq.refresh_from_db()
    for values in ({"sealed": False}, {"deadline": timezone.now()}, {"deadline": in_days(90)}):
        with pytest.raises(RfqError, match="Extend for all") as refused:
            save_rfq(actor=member.user, rfq=rfq, values=values, edition=rfq.edition)
        assert [refused.value.field] == list(values)
    client.force_login(member.user)
    address = reverse("quotes:rfq_step", args=[rfq.project_id, rfq.pk, "terms"])
    terms = {"edition": rfq.edition, "nda_text": "Both keep it."}  # browsers send no disabled input
    assert client.post(address, {**terms, "nda_required": "on"}).status_code == 302
    after = Rfq.objects.get(pk=rfq.pk)
    assert (after.nda_text, after.sealed, after.deadline) == ("Both keep it.", True, rfq.deadline)
    html = client.post(
        address, {**terms, "edition": after.edition, "deadline": "2099-01-01T12:00"}
    ).content.decode()
    assert html.count("“Extend for all” on the RFQ&#x27;s page") >= 2
    assert not Rfq.objects.filter(deadline__year=2099).exists()
    extend = reverse("quotes:rfq_extend", args=[rfq.project_id, rfq.pk])
    for typed, shown in (
        ("tomorrow", "You wrote: “tomorrow”"),
        ("2001-02-03T04:05", 'value="2001-02-03T04:05"'),
    ):
        assert shown in client.post(extend, {"deadline": typed}, follow=True).content.decode()


def test_a_project_with_an_open_rfq_is_not_archived(member, client):
    rfq = make_rfq(member)
    send(rfq, member, "Aspen")
    client.force_login(member.user)
    archive = reverse("quotes:project_archive", args=[rfq.project_id])
    html = client.post(archive, follow=True).content.decode()
    assert "“Second source of tablets” is open. Close or cancel it first" in html
    set_rfq_state(actor=member.user, rfq=rfq, state="closed")
    assert client.post(archive).url == reverse("quotes:project_list")
