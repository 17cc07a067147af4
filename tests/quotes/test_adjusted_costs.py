"""What stands beside the programme cost: chances of success, coming late, batches needed, own past prices."""

import datetime as dt
from decimal import Decimal

import pytest

from quotes.adjusted import EndCosts, batches_wanted, lateness, success_adjusted
from quotes.comparison import load_comparison
from quotes.models import Project, Quote, Rfq
from quotes.past_prices import past_prices
from quotes.services.rates import rates_of
from tests.factories.accounts import MembershipFactory
from tests.factories.quotes import ProjectFactory
from tests.factories.rfq import make_rfq, priced
from tests.quotes.test_comparison import submitted


@pytest.fixture
def member():
    return MembershipFactory()


@pytest.mark.django_db
def test_success_adjusted_cost_weighs_each_year_and_adds_the_fee_for_ending(member):
    """By hand: years reached with 100, 50, 20 %; the fee is 40 % of 14,500 × the base quantity of the year missed."""
    rfq = make_rfq(member, discount_rate=Decimal(0), reach=["1", "0.5", "0.2"])
    quote = submitted(rfq, member, "Aspen", priced(l_commercial_supply_cancellation="40"))
    found = load_comparison(Rfq.objects.select_related("project").get(pk=rfq.pk))
    figures = found.figures(found.quotes[0], found.base)
    assert list(figures.cash) == [500_000 + 250 * 14_500, 400 * 14_500, 400 * 14_500]
    fee = Decimal("0.4") * 400 * 14_500
    assert found.ending[quote.pk] == EndCosts([Decimal("0.4") * 250 * 14_500, fee, fee], [0, 0, 0])
    by_hand = (
        figures.cash[0]
        + figures.cash[1] / 2
        + figures.cash[2] / 5
        + fee * Decimal("0.5")
        + fee * Decimal("0.3")
    )
    assert success_adjusted(found, found.quotes[0], figures) == by_hand


@pytest.mark.django_db
def test_what_take_or_pay_bills_in_the_years_that_are_not_reached_is_expected_too(member):
    """By hand: 80 % of 300 million is paid at 100 in every year, whether the programme is still there or not; 10 %
    handling of it follows. The other quote has no commitment and the same prices."""
    rfq = make_rfq(member, discount_rate=Decimal(0), reach=["1", "0.5", "0.2"])
    bound = submitted(
        rfq,
        member,
        "Aspen",
        priced(
            l_commercial_supply_model="take_or_pay",
            l_commercial_supply_price="100",
            l_commercial_supply_committed="300",
            l_commercial_supply_committed_share="80",
            l_annual_review_state="quoted",
            l_annual_review_model="share",
            l_annual_review_share_code="commercial_supply",
            l_annual_review_share="10",
        ),
    )
    free = submitted(rfq, member, "Birch", priced(l_commercial_supply_price="100"))
    found = load_comparison(Rfq.objects.select_related("project").get(pk=rfq.pk))
    due = Decimal("0.8") * 300 * 100 * Decimal("1.1")
    assert found.ending[bound.pk] == EndCosts([0, 0, 0], [due, due, due])
    assert found.ending[free.pk] == EndCosts([0, 0, 0], [0, 0, 0])
    cash = [Decimal(500_000 + 250 * 110), Decimal(400 * 110), Decimal(400 * 110)]
    by_hand = cash[0] + cash[1] / 2 + cash[2] / 5 + due / 2 + due * Decimal("0.8")
    assert success_adjusted(found, bound, found.figures(bound, found.base)) == by_hand


@pytest.mark.django_db
def test_certain_years_change_nothing_and_no_chances_give_no_figure(member):
    rfq = make_rfq(member, reach=["1", "1", "1"])
    submitted(rfq, member, "Aspen", priced(l_commercial_supply_cancellation="40"))
    found = load_comparison(Rfq.objects.select_related("project").get(pk=rfq.pk))
    figures = found.figures(found.quotes[0], found.base)
    assert success_adjusted(found, found.quotes[0], figures) == figures.npv
    Rfq.objects.update(reach=[])
    found = load_comparison(Rfq.objects.select_related("project").get(pk=rfq.pk))
    assert success_adjusted(found, found.quotes[0], figures) is None


def test_coming_late_is_counted_from_the_day_of_need():
    project = Project(need_date=dt.date(2027, 3, 1))
    rfq = Rfq(project=project, month_value=Decimal(100_000))
    late = lateness(rfq, Quote(slot_from=dt.date(2027, 6, 1)))
    assert (late.days, round(late.months, 2), round(late.cost)) == (92, Decimal("3.02"), 302_259)
    early = lateness(rfq, Quote(slot_from=dt.date(2027, 1, 1)))
    assert (early.days, early.months, early.cost) == (0, 0, 0)
    a_day = lateness(rfq, Quote(slot_from=dt.date(2027, 3, 2)))
    assert (a_day.days, round(a_day.cost)) == (1, 3_285)
    assert lateness(rfq, Quote()) is None
    assert lateness(Rfq(project=Project()), Quote(slot_from=dt.date(2027, 6, 1))) is None


def test_batches_wanted_cover_need_overage_failures():
    rfq = Rfq(
        needed_grams=Decimal(10_000),
        grams_per_batch=Decimal(4200),
        p_success=Decimal("0.9"),
        overage=Decimal("0.1"),
    )
    assert batches_wanted(rfq) == 3  # 11,000 / 3,780
    assert batches_wanted(Rfq(needed_grams=Decimal(1), grams_per_batch=Decimal(4200))) is None


@pytest.mark.django_db
def test_own_past_prices_are_net_of_discounts_and_never_of_a_sealed_request(member):
    project = ProjectFactory(sponsor=member.sponsor)
    for number, name in enumerate(("Aspen", "Birch", "Cedar")):
        last = make_rfq(member, project=project, title=f"RFQ {number}")
        submitted(last, member, name, priced(l_commercial_supply_discount="10"))
    rates = rates_of(last.project)
    price = past_prices(last, list(last.lines.all()), rates)["commercial_supply"]
    assert (price.median, price.count) == (Decimal("13050.0"), 2)
    Rfq.objects.filter(title="RFQ 0").update(sealed=True)
    assert past_prices(last, list(last.lines.all()), rates) == {}  # one left, and one is an anecdote
