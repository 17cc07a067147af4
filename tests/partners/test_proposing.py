"""Proposals: anybody may propose with a source, a curator accepts with one click, the proposer is told once."""

import re
import smtplib
import threading

import pytest
from django.core import mail
from django.db import connections
from django.urls import reverse
from django.utils import timezone

from partners import models
from partners.proposing import services
from partners.proposing.services import (
    ProposalError,
    decide,
    mark_read,
    propose_correction,
    propose_partner,
    tell_proposers,
)
from tests.factories import accounts
from tests.factories import partners as f

pytestmark = pytest.mark.django_db
SOURCE = {"source_title": "Certificate 4711", "source_url": "https://agency.example/4711"}


@pytest.fixture
def person(client):
    user = accounts.MembershipFactory(user__email="person@sponsor.example").user
    client.force_login(user)
    return user


@pytest.fixture
def curator(db):
    return accounts.CuratorFactory(name="Ida Curator")


def test_an_accepted_correction_writes_the_value_with_its_source(person, curator):
    fact = f.FacilityFactory(opened_year=1999)
    proposal = propose_correction(actor=person, fact=fact, column="opened_year", value="2004", **SOURCE)
    assert (proposal.value_before, proposal.organisation) == ("1999", fact.organisation)
    decide(actor=curator, proposal=proposal, accept=True)
    fact.refresh_from_db()
    assert (fact.opened_year, fact.source.title, fact.source.url, fact.retrieved_on, fact.evidence_level) == (
        2004, "Certificate 4711", "https://agency.example/4711", timezone.localdate(), "document_checked",
    )  # fmt: skip
    change = models.Change.objects.filter(table="partners_facility").first()
    assert (change.actor_name, change.before["opened_year"]) == ("Ida Curator", 1999)
    assert str(person) not in change.why
    with pytest.raises(ProposalError, match="already accepted"):
        decide(actor=curator, proposal=proposal, accept=False)


@pytest.mark.parametrize(
    ("column", "value", "message", "field"),
    [
        ("opened_year", "long ago", "Give a number", "value"),
        ("opened_year", "1999", "says already", "value"),
        ("slug", "x", "Choose a field of the list", "column"),
        ("evidence_level", "audited", "Choose a field of the list", "column"),
        ("capabilities_complete_on", "May", "YYYY-MM-DD", "value"),
        ("", "", "say in words", "statement"),
    ],
)
def test_a_correction_that_cannot_be_is_refused_at_its_field(person, column, value, message, field):
    fact = f.FacilityFactory(opened_year=1999)
    with pytest.raises(ProposalError, match=message) as refused:
        propose_correction(actor=person, fact=fact, column=column, value=value, **SOURCE)
    assert refused.value.field == field
    assert not models.Proposal.objects.exists()


def test_values_are_read_as_the_field_means_them(person, curator):
    capability = f.CapabilityFactory(
        gmp=None, scale_max=None, scale_unit=f.ScaleUnitFactory(), stage_from=None
    )
    for column, value in (("gmp", "Yes"), ("scale_max", "2,000.5"), ("stage_from", "Phase I")):
        proposal = propose_correction(actor=person, fact=capability, column=column, value=value, **SOURCE)
        decide(actor=curator, proposal=proposal, accept=True)
    capability.refresh_from_db()
    assert (capability.gmp, str(capability.scale_max), capability.stage_from) == (True, "2000.500", 3)


def test_a_value_that_changed_meanwhile_is_not_overwritten(person, curator):
    fact = f.FacilityFactory(opened_year=1999)
    proposal = propose_correction(actor=person, fact=fact, column="opened_year", value="2004", **SOURCE)
    models.Facility.objects.filter(pk=fact.pk).update(opened_year=2001)
    with pytest.raises(ProposalError, match="was “1999” and is “2001” now"):
        decide(actor=curator, proposal=proposal, accept=True)
    fact.refresh_from_db()
    proposal.refresh_from_db()
    assert (fact.opened_year, proposal.state) == (2001, "open")


def test_a_broken_rule_is_told_and_nothing_is_written(person, curator):
    fact = f.CapabilityFactory(stage_from=5, stage_to=6)
    proposal = propose_correction(actor=person, fact=fact, column="stage_to", value="Phase I", **SOURCE)
    with pytest.raises(ProposalError, match="last stage comes before the first"):
        decide(actor=curator, proposal=proposal, accept=True)
    fact.refresh_from_db()
    assert (fact.stage_to, models.Source.objects.filter(code__startswith="proposal-").count()) == (6, 0)


def test_an_accepted_partner_is_made_with_its_source_and_known_ones_are_refused(person, curator):
    f.OrganisationFactory(name="Aldermoor Biologics Ltd", illustrative=False)
    with pytest.raises(ProposalError, match="has “Aldermoor Biologics Ltd” already"):
        propose_partner(actor=person, name="ALDERMOOR Biologics, Inc.", **SOURCE)
    proposal = propose_partner(actor=person, name="Compare", website="https://compare.example", **SOURCE)
    decide(actor=curator, proposal=proposal, accept=True)
    made = models.Organisation.objects.get(name="Compare")
    proposal.refresh_from_db()
    assert (made.slug, made.illustrative, made.source.title, proposal.organisation) == (
        "compare-2", False, "Certificate 4711", made,
    )  # fmt: skip


def test_a_term_is_corrected_by_its_label_however_it_is_spelt(person, curator):
    fill, vial = (
        f.ServiceFactory(code=code, label=label) for code, label in (("f", "Filling"), ("v", "Vials"))
    )
    f.ServiceFactory(code="old", label="Ampoules", active=False)
    fact = f.CapabilityFactory(service=fill)
    for value, message in (
        ("Ampoules", "“Ampoules” is not a term of the catalogue."),
        ("vial", "Did you mean “Vials”"),
        ("FILLING", "says already"),
    ):
        with pytest.raises(ProposalError, match=re.escape(message)):
            propose_correction(actor=person, fact=fact, column="service", value=value, **SOURCE)
    proposal = propose_correction(actor=person, fact=fact, column="service", value=" vials ", **SOURCE)
    assert (proposal.value_before, proposal.value) == ("Filling", "vials")
    decide(actor=curator, proposal=proposal, accept=True)
    fact.refresh_from_db()
    assert (fact.service, fact.source.title) == (vial, "Certificate 4711")


def missing(client, partner, of, **data):
    url = reverse("proposals:new_fact", args=[partner.slug, of])
    return client.post(url, {"source_title": "Certificate 4711", **data})


def test_missing_facts_are_proposed_on_a_page_and_accepted_with_one_click(client, person, curator):
    site = f.FacilityFactory(city="Bern")
    partner = site.organisation
    service, unit = f.ServiceFactory(code="fill", label="Filling"), f.ScaleUnitFactory(code="l")
    kind, regulator = f.CertificateTypeFactory(code="iso"), f.RegulatorFactory(code="fda")
    for name in ("site", "capability", "certificate", "inspection", "type", "name"):
        assert client.get(reverse("proposals:new_fact", args=[partner.slug, name])).status_code == 200
    refused = missing(client, partner, "capability", facility=site.pk, scale_min="much")
    assert refused.status_code == 400
    assert "Enter a number" in refused.content.decode()
    assert 'value="much"' in refused.content.decode()
    proposed = [
        ("site", {"name": "Plant 2", "city": "Lyon", "country": "FR"}),
        ("capability", {"facility": site.pk, "service": service.pk, "scale_min": "50", "scale_max": "200",
                        "scale_unit": unit.pk, "gmp": "true"}),
        ("certificate", {"facility": site.pk, "type": kind.pk, "number": "X 1", "expires_on": "2030-01-31"}),
        ("inspection", {"facility": site.pk, "regulator": regulator.pk, "ended_on": "2025-03-01",
                        "outcome": "nai"}),
        ("type", {"type": f.OrganisationTypeFactory(code="cmo", label="CMO").pk}),
        ("name", {"name": "Quillon Works", "kind": "alias"}),
    ]  # fmt: skip
    for name, data in proposed:
        answer = missing(client, partner, name, **data)
        assert (answer.status_code, answer.url) == (302, partner.get_absolute_url()), name
    assert models.Proposal.objects.filter(kind="new_fact", state="open").count() == len(proposed)
    client.force_login(curator)
    capability = models.Proposal.objects.get(table="partners_capability")
    page = client.get(reverse("admin:partners_proposal_change", args=[capability.pk])).content.decode()
    for line in ("Service: <strong>Filling</strong>", "Scale max: <strong>200</strong>", "Gmp: <strong>yes"):
        assert line in page
    for proposal in models.Proposal.objects.all():
        client.post(reverse("admin:partners_proposal_decide", args=[proposal.pk]), {"what": "accept"})
    new = partner.facilities.exclude(pk=site.pk).get()
    assert (new.name, new.slug, str(new.country)) == ("Plant 2", "plant-2", "FR")
    made = site.capabilities.get()
    assert (made.service, made.scale_max, made.gmp, made.source.title, made.evidence_level) == (
        service, 200, True, "Certificate 4711", "document_checked",
    )  # fmt: skip
    assert (site.certificates.get().number, site.inspections.get().outcome) == ("X 1", "nai")
    assert (partner.type_facts.get().type.code, partner.aliases.get().name) == ("cmo", "Quillon Works")
    assert models.Change.objects.filter(table="partners_capability").first().actor_name == "Ida Curator"


def test_a_missing_fact_that_is_not_possible_any_more_is_told_and_stays_open(client, person, curator):
    site, term = f.FacilityFactory(), f.OrganisationTypeFactory(code="cmo", label="CMO")
    partner = site.organisation
    missing(client, partner, "type", type=term.pk)
    proposal = models.Proposal.objects.get()
    f.OrganisationTypeFactFactory(organisation=partner, type=term)
    with pytest.raises(ProposalError, match="cannot be accepted"):
        decide(actor=curator, proposal=proposal, accept=True)
    term.active = False
    term.save()
    with pytest.raises(ProposalError, match="cannot be accepted as it stands: Type: Select a valid choice"):
        decide(actor=curator, proposal=proposal, accept=True)
    proposal.refresh_from_db()
    assert (proposal.state, partner.type_facts.count()) == ("open", 1)
    bare = f.OrganisationFactory(slug="bare")
    page = client.get(reverse("proposals:new_fact", args=["bare", "capability"])).content.decode()
    assert "No site is known yet" in page
    assert bare.active


def test_a_new_partner_comes_with_its_types_and_its_main_site(client, person, curator):
    term = f.OrganisationTypeFactory(code="cdmo", label="CDMO")
    data = {
        "name": "Aldermoor", "types": [term.pk], "city": "Bern", "street": "Works 1", "source_title": "Website",
    }  # fmt: skip
    refused = client.post(reverse("proposals:new_partner"), data)
    assert "Say in which country its main site is." in refused.content.decode()
    client.post(reverse("proposals:new_partner"), {**data, "country": "CH"})
    proposal = models.Proposal.objects.get()
    client.force_login(curator)
    page = client.get(reverse("admin:partners_proposal_change", args=[proposal.pk])).content.decode()
    assert "Type: <strong>CDMO</strong>" in page
    assert "Main site, city: <strong>Bern</strong>" in page
    decide(actor=curator, proposal=proposal, accept=True)
    partner = models.Organisation.objects.get(name="Aldermoor")
    site = partner.facilities.get()
    assert (site.name, site.street, site.city, str(site.country), site.source) == (
        "Bern", "Works 1", "Bern", "CH", partner.source,
    )  # fmt: skip
    assert partner.type_facts.get().type == term


def test_one_person_cannot_flood_the_curators(person, monkeypatch):
    monkeypatch.setattr(services, "MOST_OPEN", 1)
    propose_partner(actor=person, name="One", **SOURCE)
    with pytest.raises(ProposalError, match="still wait"):
        propose_partner(actor=person, name="Two", **SOURCE)


def test_the_proposer_is_told_once_by_e_mail_and_in_the_app(person, curator, client):
    proposal = propose_partner(actor=person, name="Quillon Works", **SOURCE)
    assert tell_proposers() == 0
    decide(actor=curator, proposal=proposal, accept=False, note="It does no contract work.")
    assert (tell_proposers(), tell_proposers()) == (1, 0)
    (message,) = mail.outbox
    assert (message.to, message.subject) == ([person.email], "Your proposal was rejected: Quillon Works")
    assert "It does no contract work." in message.body
    assert "1 of your proposals was decided" in client.get(reverse("proposals:own")).content.decode()
    client.post(reverse("proposals:read"))
    assert "since you last looked" not in client.get(reverse("proposals:own")).content.decode()
    assert mark_read(actor=person) == 0


@pytest.mark.parametrize(
    ("fault", "rounds"),
    [
        (
            smtplib.SMTPRecipientsRefused({}),
            (1, 0),
        ),  # about this e-mail: the next one goes out in the same round
        (OSError("the mail server is away"), (0, 1)),  # about the server: it is asked once in a round
    ],
)
def test_an_e_mail_that_cannot_be_sent_is_tried_again_and_keeps_none_back(
    person, curator, monkeypatch, fault, rounds
):
    for name in ("First", "Second"):
        decide(actor=curator, proposal=propose_partner(actor=person, name=name, **SOURCE), accept=False)
    send = services.send_mail

    def refuse(subject, *args):
        if "First" in subject:
            raise fault
        send(subject, *args)

    monkeypatch.setattr(services, "send_mail", refuse)
    assert (tell_proposers(), tell_proposers()) == rounds
    first = models.Proposal.objects.get(about="First")
    assert (first.told_at, first.tell_attempts, first.tell_after > timezone.now()) == (None, 1, True)
    monkeypatch.undo()
    models.Proposal.objects.update(tell_after=timezone.now())
    assert (tell_proposers(), [m.subject for m in mail.outbox]) == (
        1, ["Your proposal was rejected: Second", "Your proposal was rejected: First"],
    )  # fmt: skip
    models.Proposal.objects.update(told_at=None, tell_attempts=services.MOST_ATTEMPTS)
    assert tell_proposers() == 0


def test_line_breaks_in_what_is_proposed_do_not_stop_the_answer(person, curator):
    proposal = propose_partner(actor=person, name="Quillon\r\nWorks", **SOURCE)
    assert proposal.about == "Quillon Works"
    models.Proposal.objects.update(about="Quillon\nof old")
    proposal.refresh_from_db()
    decide(actor=curator, proposal=proposal, accept=False)
    assert (tell_proposers(), mail.outbox[0].subject) == (1, "Your proposal was rejected: Quillon of old")


def test_what_is_needed_cannot_be_proposed_away(person, curator):
    capability, site = f.CapabilityFactory(), f.FacilityFactory(name="Hall 1", city="Bern")
    for fact, column in ((capability, "service"), (site, "name")):
        with pytest.raises(ProposalError, match="cannot be empty") as refused:
            propose_correction(actor=person, fact=fact, column=column, value=" ", **SOURCE)
        assert refused.value.field == "value"
    proposal = propose_correction(actor=person, fact=site, column="city", value="", **SOURCE)
    decide(actor=curator, proposal=proposal, accept=True)
    site.refresh_from_db()
    assert site.city == ""


def test_an_older_proposal_that_cannot_be_written_keeps_no_other_back(client, person, curator):
    site = f.FacilityFactory(name="Hall 1", city="Bern", opened_year=1999)
    bad = propose_correction(actor=person, fact=site, column="name", value="Hall 2", **SOURCE)
    good = propose_correction(actor=person, fact=site, column="city", value="Basel", **SOURCE)
    wide = propose_correction(actor=person, fact=site, column="opened_year", value="2004", **SOURCE)
    models.Proposal.objects.filter(pk=bad.pk).update(value="")
    models.Proposal.objects.filter(pk=wide.pk).update(value="long ago")
    client.force_login(curator)
    chosen = {"action": "accept", "_selected_action": [bad.pk, good.pk, wide.pk]}
    page = client.post(reverse("admin:partners_proposal_changelist"), chosen, follow=True).content.decode()
    assert "cannot be accepted: Name cannot be empty" in page
    site.refresh_from_db()
    assert (site.name, site.city, site.opened_year) == ("Hall 1", "Basel", 1999)
    assert set(models.Proposal.objects.filter(state="open")) == {bad, wide}


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_one_e_mail_between_them(monkeypatch):
    person, curator = accounts.MembershipFactory().user, accounts.CuratorFactory()
    decide(actor=curator, proposal=propose_partner(actor=person, name="Q", **SOURCE), accept=False)
    mail.outbox.clear()
    models.Proposal.objects.update(told_at=None)
    start, sent = threading.Barrier(2), []

    def work():
        try:
            start.wait(timeout=10)
            sent.append(tell_proposers())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sorted(sent), len(mail.outbox)) == ([0, 1], 1)


# -- pages ---------------------------------------------------------------------------------------------


def test_a_correction_is_proposed_from_the_evidence_of_a_fact(client, person):
    fact = f.FacilityFactory(city="Bern")
    url = reverse("proposals:correct", args=["facility", fact.pk])
    assert url in client.get(fact.organisation.get_absolute_url()).content.decode()
    refused = client.post(url, {"column": "city", "value": "Basel", "source_title": ""})
    assert (refused.status_code, 'value="Basel"' in refused.content.decode()) == (400, True)
    done = client.post(url, {"column": "city", "value": "Basel", "source_title": "Its website"})
    assert done.url == fact.organisation.get_absolute_url()
    assert models.Proposal.objects.get().value == "Basel"


def test_prices_can_only_be_corrected_by_those_who_see_them(client):
    price = f.IndicativePriceFactory()
    url = reverse("proposals:correct", args=["indicativeprice", price.pk])
    for role, expected in (("evaluator", 404), ("manager", 200)):
        client.force_login(accounts.MembershipFactory(role=role).user)
        assert client.get(url).status_code == expected


@pytest.mark.parametrize("count", [1, 3])
def test_own_proposals_cost_the_same_queries_for_one_and_three(
    client, person, django_assert_max_num_queries, count
):
    for n in range(count):
        f.ProposalFactory(proposed_by=person, about=f"Partner {n}", organisation=f.OrganisationFactory())
    f.ProposalFactory(about="Somebody else's")
    with django_assert_max_num_queries(8):
        page = client.get(reverse("proposals:own"))
    assert page.context["page"].paginator.count == count


def test_curator_accepts_with_one_click_and_the_next_opens(client, person, curator):
    fact = f.FacilityFactory(city="Bern")
    first = propose_correction(actor=person, fact=fact, column="city", value="Basel", **SOURCE)
    second = propose_partner(actor=person, name="Quillon Works", **SOURCE)
    client.force_login(curator)
    page = client.get(reverse("admin:partners_proposal_change", args=[first.pk]))
    assert (page.status_code, page.context["may_decide"], page.context["fact"]) == (200, True, fact)
    answer = client.post(reverse("admin:partners_proposal_decide", args=[first.pk]), {"what": "accept"})
    assert answer.url == reverse("admin:partners_proposal_change", args=[second.pk])
    fact.refresh_from_db()
    assert fact.city == "Basel"
    client.post(
        reverse("admin:partners_proposal_changelist"), {"action": "reject", "_selected_action": [second.pk]}
    )
    second.refresh_from_db()
    assert second.state == "rejected"
