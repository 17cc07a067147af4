"""Normalised quotes move C7: in the project’s basis and currency, what is open as an interval, never when sealed."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from django.utils import timezone

from partners.scoring.types import Group
from quotes.comparison import load_comparison
from quotes.models import Project, Quote, Rfq
from quotes.quote_facts import FromQuotes, offer_facts, quote_facts
from quotes.ranking import inputs_of, rank_project
from tests.factories.quotes import NeedFactory, ProjectFactory
from tests.quotes.test_comparison import member, three  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture
def project(three):  # noqa: F811
    rfq, *_ = three
    project = rfq.project
    figures = [load_comparison(rfq).figures(q, load_comparison(rfq).base) for q in three[1:3]]
    highest = max(f.npv for f in figures)
    Project.objects.filter(pk=project.pk).update(
        price_basis="programme", price_target=highest / 4, price_limit=highest * 2
    )
    NeedFactory(project=project)
    return Project.objects.select_related("sponsor", "weights").get(pk=project.pk)


def cost_of(project, partner_id):
    result = next(r for r in rank_project(project).results if r.partner_id == partner_id)
    return next(c for c in result.criteria if c.code == "C7")


def test_a_quote_becomes_the_cost_of_its_partner(project, three):  # noqa: F811
    rfq, a, b, c = three
    found = quote_facts(project)
    assert set(found) == {a.organisation_id, b.organisation_id}  # the hollow bid of the third says nothing
    comparison = load_comparison(rfq)
    npv = comparison.figures(a, comparison.base).npv
    fact = found[a.organisation_id]
    assert Decimal(str((fact.low + fact.high) / 2)) == pytest.approx(npv)
    shown = cost_of(project, a.organisation_id)
    assert shown.subs[0].reason.startswith(f"Normalised quote {project.currency}")
    assert [f.kind for f in shown.subs[0].facts] == ["quote"]
    gap = found[b.organisation_id]
    assert gap.complete < 1
    assert gap.low < gap.high
    assert cost_of(project, c.organisation_id).known == 0


def test_another_basis_or_no_anchors_ask_nothing(project, three, django_assert_num_queries):  # noqa: F811
    for change in ({"price_basis": "fte_month"}, {"price_target": None}, {"price_limit": None}):
        other = Project.objects.get(pk=project.pk)
        for name, value in change.items():
            setattr(other, name, value)
        with django_assert_num_queries(0):
            assert quote_facts(other) == {}


def test_quotes_in_another_currency_than_the_anchors_are_not_compared(project):
    project.currency = "JPY" if project.currency != "JPY" else "CHF"
    assert quote_facts(project) == {}


def test_nothing_leaks_into_another_sponsors_ranking(project, three):  # noqa: F811
    other = ProjectFactory(price_basis="programme", price_target=1, price_limit=10)
    NeedFactory(project=other)
    assert all(p.quotes == () for p in inputs_of(other).facts)


def test_partners_without_a_quote_stay_as_they_are(project):
    facts = inputs_of(project).facts
    bare = tuple(replace(p, quotes=()) for p in facts)
    assert FromQuotes({}, {}).beside(bare) == bare
    assert len(rank_project(project).group(Group.KNOCKED_OUT)) == 0


def test_a_cancelled_rfq_is_left_out(project, three):  # noqa: F811
    Rfq.objects.filter(pk=three[0].pk).update(state="cancelled")
    assert quote_facts(project) == {}


def test_a_price_per_unit_is_the_programme_cost_of_one(project, three):  # noqa: F811
    rfq, a, *_ = three
    Project.objects.filter(pk=project.pk).update(price_basis="thousand_tablets")
    project.refresh_from_db()
    comparison = load_comparison(rfq)
    each = comparison.figures(a, comparison.base).npv / (1050 * 1000)  # million tablets at base demand
    fact = quote_facts(project)[a.organisation_id]
    assert (fact.basis, fact.low) == ("thousand_tablets", pytest.approx(float(each)))
    Rfq.objects.update(unit_label="box")
    assert quote_facts(project) == {}


def criterion(project, partner_id, code):
    result = next(r for r in rank_project(project).results if r.partner_id == partner_id)
    return next(s for c in result.criteria for s in c.subs if s.code == code)


def test_the_first_slot_quoted_counts_for_speed_and_the_cancellation_fee_for_terms(project, three):  # noqa: F811
    rfq, a, *_ = three
    quoted = dt.date(2030, 5, 1)
    Quote.objects.filter(pk=a.pk).update(slot_from=quoted)
    line = a.lines.filter(state="quoted").first()
    line.values = {**line.values, "cancellation": "0.5"}
    line.save()
    fact = offer_facts(project)[a.organisation_id]
    assert (fact.slot_from, fact.cancellation_share) == (quoted, 0.5)
    slot, fee = (
        criterion(project, a.organisation_id, "C5.slot"),
        criterion(project, a.organisation_id, "C8.cancellation"),
    )
    assert slot.reason.startswith("First slot quoted 1 May 2030, needed by")
    assert fee.reason.startswith("Late cancellation costs up to 50 % of a line’s price in the quote")
    assert (slot.known, fee.known) == (1.0, 1.0)
    assert {f.kind for f in (*slot.facts, *fee.facts)} == {"quote"}
    Rfq.objects.filter(pk=rfq.pk).update(
        sealed=True, deadline=timezone.now() + dt.timedelta(days=1), state="open"
    )
    assert offer_facts(project) == {}


def test_offers_take_two_queries_whatever_their_number(project, three, django_assert_num_queries):  # noqa: F811
    Quote.objects.update(slot_from=dt.date(2030, 5, 1))
    with django_assert_num_queries(2):
        assert len(offer_facts(project)) == 3
