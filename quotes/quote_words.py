"""A quoted line in words: price, pricing model and conditions, in the bidder's currency."""

from __future__ import annotations

from decimal import Decimal

from cmo_selector.templatetags.fmt import format_money, format_number, format_percent
from quotes.models import Quote, QuoteLine, ScopeLine
from quotes.rfq_enums import LineState, PricingModel


def price_words(quote: Quote, line: QuoteLine, asked: ScopeLine | None) -> str:
    """One sentence without a full stop; the state for lines that are not quoted."""
    if line.state != LineState.QUOTED:
        return line.get_state_display()
    value = line.values
    currency = value.get("currency") or quote.currency
    basis = asked.get_basis_display() if asked else ""

    def money(name: str) -> str:
        return format_money(Decimal(value[name]), currency)

    parts = [_main(line, money, currency, basis)]
    if value.get("markup"):
        parts.append(f"mark-up {format_percent(Decimal(value['markup']), None)}")
    if value.get("discount"):
        parts.append(f"less {format_percent(Decimal(value['discount']), None)} discount")
    if value.get("lump_discount"):
        parts.append(f"less {money('lump_discount')} once")
    if value.get("escalation"):
        parts.append(f"escalation {format_percent(Decimal(value['escalation']), None)} a year")
    if value.get("cancellation"):
        parts.append(f"cancellation fee {format_percent(Decimal(value['cancellation']), None)} of the price")
    return "; ".join(parts)


def _main(line: QuoteLine, money, currency: str, basis: str) -> str:
    value, model = line.values, line.model
    if model == PricingModel.SHARE:
        return f"{format_percent(Decimal(value['share']), None)} of line {value['share_code']}"
    if model == PricingModel.FTE:
        months = format_number(Decimal(value.get("months", "1")))
        return f"{format_number(Decimal(value['ftes']))} FTE × {months} months × {money('price')}"
    if model == PricingModel.TIME:
        cap = f", at most {money('cap')}" if value.get("cap") else ""
        return f"{format_number(Decimal(value['hours']))} h × {money('price')}{cap}"
    if model == PricingModel.COST_PLUS:
        return " + ".join(
            f"{name} {money(name)}" for name in ("materials", "labour", "overhead") if value.get(name)
        )
    if model == PricingModel.MILESTONE:
        return f"milestone {money('price')} with {format_percent(Decimal(value['probability']), None)} probability"
    if model == PricingModel.HYBRID:
        return f"{money('fixed')} fixed and {money('price')} {basis}"
    text = tiers(value["tiers"], currency) if value.get("tiers") else f"{money('price')} {basis}"
    if model == PricingModel.FIXED:
        return f"{money('price')} fixed"
    if model == PricingModel.TAKE_OR_PAY:
        committed = ", ".join(format_number(Decimal(n)) for n in value["committed"])
        share = format_percent(Decimal(value["committed_share"]), None)
        return f"{text}; take-or-pay {share} of {committed} a year"
    return text


def tiers(rows: list[list[str]], currency: str) -> str:
    return ", ".join(
        f"from {format_number(Decimal(start))}: {format_money(Decimal(price), currency)}"
        for start, price in rows
    )
