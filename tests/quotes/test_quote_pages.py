"""The comparison as people see it: gaps in their own colour, drill-down, clarification, award, entry by hand."""

import datetime as dt
import re
from decimal import Decimal

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from cmo_selector.accounts.roles import Role
from partners.models import Organisation
from quotes.comparison import load_comparison
from quotes.models import Award, CostScenario, Invitation, ProjectRates, Quote, Rfq, RfqMessage
from quotes.quote_facts import offer_facts
from quotes.services.attachments import add_quote_file
from quotes.services.awards import (
    award_quote,
    copy_scenario,
    save_assumptions,
    save_probabilities,
    save_scenario,
)
from quotes.services.rates import fix_rates
from quotes.services.responses import decline, save_draft, submit_quote
from quotes.services.rfq import RfqError
from quotes.services.rfq_mail import send_due
from quotes.services.rfq_send import renew_link
from tests.factories.accounts import MembershipFactory
from tests.factories.partners import FacilityFactory, OrganisationFactory
from tests.factories.quotes import NeedFactory
from tests.factories.rfq import in_days, make_rfq, priced, send
from tests.quotes.test_comparison import submitted

pytestmark = pytest.mark.django_db


def text(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


@pytest.fixture
def member():
    return MembershipFactory()


@pytest.fixture
def client(member):
    client = Client()
    client.force_login(member.user)
    return client


@pytest.fixture
def rfq(member) -> Rfq:
    """Aspen complete; Birch cheaper, without the transfer."""
    rfq = make_rfq(member)
    submitted(rfq, member, "Aspen", priced(l_commercial_supply_assumption="Bulk only."))
    submitted(
        rfq,
        member,
        "Birch",
        priced(l_tech_transfer_in_state="", l_tech_transfer_in_price="", l_commercial_supply_price="14000"),
    )
    return rfq


def page(client, rfq, name: str = "quotes:quotes", **query):
    return client.get(reverse(name, args=[rfq.project_id]), {"rfq": rfq.pk, **query})


def test_the_table_shows_gaps_in_their_own_colour_with_their_share(client, rfq):
    answer = page(client, rfq)
    assert answer.status_code == 200
    shown = text(answer)
    assert "Birch costs least in the base scenario" in shown
    assert "USD 500,000 gap: median of the others Ask Birch about Technology transfer in" in shown
    assert "USD 500,000 is ours, not theirs" in shown
    assert answer.content.decode().count("plugged") >= 2
    assert "NPV per 1,000 tablets" in shown
    assert "Exchange rates of" in shown


def test_a_bidder_that_fails_a_must_is_named_with_the_reason_however_cheap(client, rfq):
    birch = Organisation.objects.get(name="Birch")
    FacilityFactory(organisation=birch, name="Birch Works", country="DE")
    assert "Knocked out by a must-have" not in text(page(client, rfq)), "no needs yet"
    NeedFactory(project=rfq.project, rule="country", service=None, countries=["US"])
    shown = text(page(client, rfq))
    assert "Birch costs least in the base scenario" in shown
    _, _, alert = shown.partition("Knocked out by a must-have, whatever the price")
    assert alert.strip().startswith("Birch :")
    assert "Birch Works is in Germany; asked for: United States of America." in alert[:250]


def test_another_scenario_is_chosen_by_address(client, rfq):
    low = CostScenario.objects.get(rfq=rfq, name="Low")
    base, chosen = text(page(client, rfq)), text(page(client, rfq, scenario=low.pk))
    assert base != chosen
    assert page(client, rfq, scenario="nonsense").status_code == 200
    wrong = client.get(reverse("quotes:quotes", args=[rfq.project_id]), {"rfq": "nonsense"})
    assert wrong.status_code == 404


def test_a_click_leads_to_the_line_its_words_and_its_assumption(client, rfq):
    quote = Quote.objects.get(organisation__name="Aspen")
    shown = text(client.get(reverse("quotes:quote", args=[rfq.project_id, quote.pk])))
    assert "USD 14,500 per unit" in shown
    assert "Bulk only." in shown
    assert "From the headline to the normalised cost" in shown
    assert (
        f'href="/projects/{rfq.project_id}/quotes/{quote.pk}/?scenario=' in page(client, rfq).content.decode()
    )


def test_a_clarification_is_asked_from_a_gap_with_one_click_and_once(client, rfq):
    send_due()
    mail.outbox.clear()
    birch = Quote.objects.get(organisation__name="Birch")
    url = reverse("quotes:quote_clarify", args=[rfq.project_id, birch.pk])
    for _ in range(2):
        answer = client.post(url, {"code": "tech_transfer_in", "from": "table"})
        assert answer.url == f"/projects/{rfq.project_id}/quotes/?rfq={rfq.pk}"
    message = RfqMessage.objects.get()
    assert message.text.startswith("“Technology transfer in” has no price in your quote.")
    assert send_due() == 1
    assert mail.outbox[0].to == ["bids@birch.example"]
    assert "asked" in text(page(client, rfq))


def test_the_value_page_names_what_the_ranking_does_not_score(client, rfq):
    answer = page(client, rfq, "quotes:quotes_value")
    assert answer.status_code == 200
    assert "needs" in text(answer)  # a project without needs has no ranking, and says so


def test_award_with_a_reason_then_everything_is_closed(client, rfq):
    quote = Quote.objects.get(organisation__name="Birch")
    url = reverse("quotes:quote_award", args=[rfq.project_id, quote.pk])
    silent = client.post(url, {"reason": ""}, follow=True)
    assert "Say why this partner gets the award" in text(silent)
    done = client.post(url, {"reason": "Lowest normalised cost."}, follow=True)
    assert "awarded this RFQ to Birch" in text(done)
    again = client.post(url, {"reason": "Twice."}, follow=True)
    assert "has already awarded this RFQ to Birch" in text(again)
    assert Award.objects.get().reason == "Lowest normalised cost."


def test_evaluators_see_no_price_anywhere(rfq, member):
    evaluator = MembershipFactory(sponsor=member.sponsor, role=Role.EVALUATOR.value)
    client = Client()
    client.force_login(evaluator.user)
    assert page(client, rfq).status_code == 403
    shown = text(client.get(reverse("quotes:rfq", args=[rfq.project_id, rfq.pk])))
    assert "14,500" not in shown
    assert "Compare quotes" not in shown
    log = text(client.get(reverse("quotes:shortlist", args=[rfq.project_id])))
    assert not [figure for figure in ("14500", "14,500", "500000", "9 000 000") if figure in log]


def test_sealed_prices_stay_closed_for_everybody(client, member):
    rfq = make_rfq(member, sealed=True)
    quote = submitted(rfq, member, "Aspen", priced())
    assert "Sealed until the deadline" in text(page(client, rfq))
    assert client.get(reverse("quotes:quote", args=[rfq.project_id, quote.pk])).status_code == 404
    by_hand = client.get(reverse("quotes:quote_enter", args=[rfq.project_id, rfq.pk, "aspen"]), follow=True)
    assert "cannot be entered by hand" in text(by_hand)
    Rfq.objects.update(deadline=in_days(-1))
    assert "USD 500,000" in text(page(client, rfq))


def test_without_quotes_the_page_says_what_to_do(client, member):
    rfq = make_rfq(member)
    assert "No quotes yet" in text(client.get(reverse("quotes:quotes", args=[rfq.project_id])))
    send(rfq, member, "Aspen")
    assert "No quote received yet" in text(page(client, rfq))


# -- entry by hand --------------------------------------------------------------------------------


def test_a_quote_that_came_by_e_mail_is_entered_by_hand(client, member):
    rfq = make_rfq(member)
    send(rfq, member, "Aspen")
    OrganisationFactory(name="Cedar")
    url = reverse("quotes:quote_enter", args=[rfq.project_id, rfq.pk, "cedar"])
    wrong = client.post(url, {**priced(l_commercial_supply_price="1,250"), "edition": "0", "submit": "1"})
    assert (wrong.status_code, "could be 1250 or 1.250" in text(wrong)) == (422, True)
    edition = Quote.objects.get().edition
    done = client.post(url, {**priced(), "edition": edition, "submit": "1"})
    assert done.status_code == 302
    quote = Quote.objects.get()
    assert (quote.state, quote.entered_by, quote.invitation) == ("submitted", member.user, None)
    assert "entered by hand" in text(client.get(reverse("quotes:quote", args=[rfq.project_id, quote.pk])))


# -- scenarios and assumptions --------------------------------------------------------------------


def test_scenarios_are_copied_changed_and_given_probabilities(client, rfq):
    base = CostScenario.objects.get(rfq=rfq, name="Base")
    copied = client.post(reverse("quotes:scenario_copy", args=[rfq.project_id, rfq.pk, base.pk]))
    edit = client.get(copied.url)
    assert edit.status_code == 200
    form = {
        "edition": "0",
        "name": "Half",
        "delay_months": "",
        "n-supply-0": "1,250",
        "n-supply-1": "2",
        "n-supply-2": "3",
    }
    wrong = client.post(copied.url, form)
    assert (wrong.status_code, "could be 1250" in text(wrong)) == (422, True)
    assert client.post(copied.url, {**form, "n-supply-0": "125,5"}).status_code == 302
    half = CostScenario.objects.get(name="Half")
    assert half.drivers == {"supply": ["125.5", "2", "3"]}
    listed = reverse("quotes:scenarios", args=[rfq.project_id, rfq.pk])
    some = client.post(listed, {f"p-{base.pk}": "100"})
    assert "Give every scenario a probability, or none" in text(some)
    every = {f"p-{s.pk}": "0" for s in rfq.scenarios.all()} | {f"p-{base.pk}": "100"}
    assert client.post(listed, every).status_code == 302
    assert "Expected over the scenarios" in text(page(client, rfq))
    client.post(reverse("quotes:scenario_delete", args=[rfq.project_id, rfq.pk, half.pk]))
    client.post(reverse("quotes:scenario_delete", args=[rfq.project_id, rfq.pk, base.pk]))
    assert list(rfq.scenarios.values_list("name", flat=True)) == [
        "Low",
        "Base",
        "High",
        "Stop early",
        "Delay",
    ]


def test_own_costs_benchmarks_and_the_day_of_the_rates(client, rfq):
    url = reverse("quotes:assumptions", args=[rfq.project_id, rfq.pk])
    assert client.get(url).status_code == 200
    wrong = client.post(url, {"day": "2099-01-01", "benchmark-annual_review": "1; 2; 3; 4"})
    assert wrong.status_code == 422
    assert "cannot lie in the future" in text(wrong)
    assert "4 quantities for 3 years" in text(wrong)
    assert (
        client.post(url, {"day": "2020-01-02", "sponsor_cost-annual_review": "35.000,50; 2"}).status_code
        == 302
    )
    line = rfq.lines.get(code="annual_review")
    assert [Decimal(n) for n in line.sponsor_cost] == [Decimal("35000.50"), 2, 0]
    assert "Exchange rates of 2020-01-02" in text(page(client, rfq))
    first = client.post(url, {"day": "0001-01-01"})
    assert (first.status_code, "rates begin on 1999-01-04" in text(first)) == (422, True)


# -- the builder's pages --------------------------------------------------------------------------


def test_the_steps_save_keep_what_was_typed_and_refuse_a_stale_version(client, member):
    rfq = make_rfq(member)
    url = reverse("quotes:rfq_step", args=[rfq.project_id, rfq.pk, "terms"])
    past = client.post(url, {"edition": rfq.edition, "deadline": "2020-01-01T12:00", "nda_text": "Typed."})
    assert past.status_code == 422
    assert "The deadline is in the past" in text(past)
    assert "Typed." in text(past)
    good = {"deadline": "2099-01-01T12:00", "nda_required": "on", "nda_text": "Mine."}
    assert client.post(url, {"edition": rfq.edition, **good}).status_code == 302
    stale = client.post(url, {"edition": rfq.edition, **good, "nda_text": "Theirs."})
    assert stale.status_code == 409
    assert "Somebody else saved this RFQ" in text(stale)
    assert "Theirs." in text(stale)
    assert Rfq.objects.get(pk=rfq.pk).nda_text == "Mine."


def test_scope_and_demand_in_local_numbers(client, member):
    rfq = make_rfq(member)
    url = reverse("quotes:rfq_step", args=[rfq.project_id, rfq.pk, "demand"])
    body = {"edition": rfq.edition, "first_year": "2027", "periods": "3", "discount_rate": "7,5"}
    cells = {f"d-supply-{kind}-{t}": "1.250,5" for kind in ("low", "base", "high") for t in range(3)}
    assert (
        client.post(url, {**body, **cells, "new_label": "Pallets", "new_unit": "pallets"}).status_code == 302
    )
    rfq.refresh_from_db()
    assert (rfq.discount_rate, rfq.drivers[0]["base"]) == (Decimal("0.075"), ["1250.5"] * 3)
    assert (rfq.drivers[1]["name"], rfq.drivers[1]["base"]) == ("pallets", ["0", "0", "0"])
    removed = client.post(url, {**body, **cells, "edition": rfq.edition, "x-supply": "on"})
    assert "Lines of the scope are counted by it" in text(removed)
    scope = reverse("quotes:rfq_step", args=[rfq.project_id, rfq.pk, "scope"])
    row = {
        "label": "Transfer",
        "package": "Start",
        "basis": "lump",
        "treatment": "fixed",
        "quantities": "1; 2",
    }
    typed = {f"l-tech_transfer_in-{k}": v for k, v in row.items()}
    gone = {
        f"l-{c}-{k}": v
        for c in ("commercial_supply", "annual_review")
        for k, v in {**row, "remove": "on"}.items()
    }
    assert (
        client.post(scope, {"edition": rfq.edition, **typed, **gone, "add": ["storage"]}).status_code == 302
    )
    assert [(x.code, x.quantities) for x in rfq.lines.all()] == [
        ("tech_transfer_in", ["1", "2", "0"]),
        ("storage", ["1", "0", "0"]),
    ]


def test_sending_from_the_page(client, member):
    rfq = make_rfq(member)
    url = reverse("quotes:rfq_send", args=[rfq.project_id, rfq.pk])
    assert "Nobody left to invite" in text(client.get(url))
    project = rfq.project
    partner = OrganisationFactory(name="Aspen")
    project.shortlist.create(organisation=partner, position=1, added_by=member.user)
    nobody = client.post(url, {"edition": rfq.edition})
    assert "Tick at least one partner" in text(nobody)
    wrong = {"edition": rfq.edition, f"pick-{partner.pk}": "on", f"email-{partner.pk}": "nobody"}
    assert "“nobody” is not an e-mail address" in text(client.post(url, wrong))
    assert client.post(url, {**wrong, f"email-{partner.pk}": "bids@aspen.example"}).status_code == 302
    invitation = rfq.invitations.get()
    shown = client.post(reverse("quotes:rfq_link", args=[project.pk, rfq.pk, invitation.pk]), {"how": "show"})
    link = re.search(r'value="(http[^"]+/respond/[^"]+)"', shown.content.decode())[1]
    assert Client().get(link[link.index("/respond/") :]).status_code == 200


# -- withdrawn, let in again, decided -------------------------------------------------------------


def test_a_withdrawn_quote_is_named_and_counts_nowhere(client, rfq, member):
    birch = Quote.objects.get(organisation__name="Birch")
    assert load_comparison(rfq).winner(load_comparison(rfq).base) == birch
    decline(invitation=birch.invitation, reason="Our line is sold.")
    birch.refresh_from_db()
    found = load_comparison(Rfq.objects.get(pk=rfq.pk))
    assert (birch.state, [q.organisation.name for q in found.quotes]) == ("withdrawn", ["Aspen"])
    assert found.winner(found.base).organisation.name == "Aspen"
    assert birch.organisation_id not in offer_facts(rfq.project)
    shown = text(page(client, rfq))
    assert "Birch has withdrawn its quote: Our line is sold." in shown
    assert "Aspen costs least" in shown
    own = client.get(reverse("quotes:quote", args=[rfq.project_id, birch.pk]))
    assert (own.status_code, "Withdrawn by the bidder" in text(own)) == (200, True)
    with pytest.raises(RfqError, match="Birch has withdrawn its quote"):
        award_quote(actor=member.user, quote=birch, reason="Cheapest.")
    renew_link(
        actor=member.user, invitation=birch.invitation
    )  # let in again: its old price still does not count
    assert [q.organisation.name for q in load_comparison(rfq).quotes] == ["Aspen"]
    birch.refresh_from_db()
    again = Invitation.objects.get(pk=birch.invitation_id)
    assert (again.state, again.decline_reason) == ("invited", "")
    birch.invitation = again
    submit_quote(quote=birch, edition=birch.edition, by="Birch")
    assert len(load_comparison(rfq).quotes) == 2


def test_a_declined_partners_quote_can_be_typed_in_without_reading_its_draft(client, member):
    rfq = make_rfq(member)
    (invitation,) = send(rfq, member, "Aspen")
    typed = priced(q_reference="ASPEN-SECRET")
    quote = save_draft(
        rfq=rfq, organisation=invitation.organisation, values=typed, edition=0, invitation=invitation
    )
    add_quote_file(quote=quote, name="secret.txt", content=b"Secret")
    enter = reverse("quotes:quote_enter", args=[rfq.project_id, rfq.pk, invitation.organisation.slug])
    assert client.get(enter).status_code == 302  # it still answers itself
    assert "Enter quote" not in text(client.get(rfq.get_absolute_url()))
    decline(invitation=invitation, reason="Too busy for the form.")
    assert "Enter quote" in text(client.get(rfq.get_absolute_url()))
    shown = client.get(enter).content.decode()
    assert ["ASPEN-SECRET" in shown, "secret.txt" in shown] == [False, False]
    answer = client.post(enter, {**priced(q_reference="By e-mail"), "edition": "0", "submit": "1"})
    assert answer.status_code == 302, text(answer)
    quote.refresh_from_db()
    assert (quote.state, quote.reference, quote.entered_by, quote.invitation) == (
        "submitted", "By e-mail", member.user, None,
    )  # fmt: skip
    assert "files" not in quote.revisions.get().content


def test_rates_are_fixed_with_the_sending_and_a_decision_keeps_its_figures(client, rfq, member):
    fixed = ProjectRates.objects.get(project=rfq.project)
    aspen = Quote.objects.get(organisation__name="Aspen")
    scenario = rfq.scenarios.first()
    award_quote(actor=member.user, quote=aspen, reason="Complete.")
    awarded = Rfq.objects.get(pk=rfq.pk)
    for change in (
        lambda: save_assumptions(actor=member.user, rfq=awarded, rows={}),
        lambda: save_probabilities(actor=member.user, rfq=awarded, values={}),
        lambda: save_scenario(actor=member.user, scenario=scenario, values={"name": "Other"}, edition=0),
        lambda: copy_scenario(actor=member.user, scenario=scenario),
    ):
        with pytest.raises(RfqError, match="stay as the decision rested on them"):
            change()
    address = reverse("quotes:assumptions", args=[rfq.project_id, rfq.pk])
    refused = client.post(address, {"day": "2020-01-02"})
    assert (refused.status_code, "stay as the decision" in text(refused)) == (422, True)
    fix_rates(
        actor=member.user, project=rfq.project, day=dt.date(2020, 1, 2)
    )  # for another RFQ of the project
    assert load_comparison(awarded).rates.day == fixed.day
