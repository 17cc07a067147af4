"""C7 cost, C8 terms, C9 supply and business risk, C10 working fit."""

from __future__ import annotations

import datetime as dt

from . import matching
from .anchors import ANCHORS, DOUBTFUL, FINANCIAL, SECURITY_PROOF, SIZE_DISTANCE, SIZES, SUSTAINABILITY_PROOF
from .criteria_quality import best_proof
from .matching import Match
from .measures import Context, Measure, flag, known, metric, unknown
from .profile_words import anchor_of
from .rules_partner import restricted_party
from .rules_record import newest_metric
from .rules_site import capability
from .types import FactRef, Level, Need, Outcome, PriceFact, Rule, SiteFacts, TermsFact
from .value_functions import Linear
from .words import counted, money, number


def price(ctx: Context) -> Measure:
    """Indicative price between the project's target (100) and limit (0), same basis and currency only."""
    brief = ctx.brief
    if brief.price_target is None or brief.price_limit is None or brief.price_target == brief.price_limit:
        return unknown("the project sets no price target and limit to measure against")
    ask = f"What is the price{f' in {brief.currency}' if brief.currency else ''}?"
    quoted = _quoted(ctx)
    if quoted is not None:
        return quoted
    fitting = [
        p
        for p in ctx.partner.prices
        if p.basis == brief.price_basis
        and p.currency == brief.currency
        and matching.equal(brief.modality, p.modality) is not Match.NO
    ]
    if not fitting:
        others = ctx.partner.prices
        words = "no quote yet" + (": prices are in another currency, basis or modality" if others else "")
        return unknown(words, ask, *(p.ref for p in others))
    fact = max(fitting, key=lambda p: _closeness(ctx, p))
    low, high = Linear(worst=brief.price_limit, best=brief.price_target).interval(fact.low, fact.high)
    span = money(fact.low, fact.currency) + (f" to {number(fact.high)}" if fact.high != fact.low else "")
    anchors = f"target {number(brief.price_target)}, limit {number(brief.price_limit)}"
    return Measure(low, high, 1.0, f"indicative price {span} ({anchors})", (fact.ref,))


def _quoted(ctx: Context) -> Measure | None:
    """The newest normalised quote of this project in its basis and currency: the place of any list price."""
    brief = ctx.brief
    if brief.price_target is None or brief.price_limit is None:
        return None
    fitting = [q for q in ctx.partner.quotes if (q.basis, q.currency) == (brief.price_basis, brief.currency)]
    if not fitting:
        return None
    quote = max(fitting, key=lambda q: (q.ref.as_of or dt.date.min, q.ref.pk))
    low, high = Linear(worst=brief.price_limit, best=brief.price_target).interval(quote.low, quote.high)
    span = money(quote.low, quote.currency) + (f" to {number(quote.high)}" if quote.high != quote.low else "")
    gaps = "" if quote.complete >= 1 else f", {number(round(quote.complete * 100))} % of the scope priced"
    anchors = f"target {number(brief.price_target)}, limit {number(brief.price_limit)}"
    ask = "" if quote.complete >= 1 else "Which prices are missing from the quote?"
    words = f"normalised quote {span}{gaps} ({anchors})"
    return Measure(low, high, max(0.0, min(1.0, quote.complete)), words, (quote.ref,), ask)


def _closeness(ctx: Context, fact: PriceFact) -> tuple[int, int, dt.date, int]:
    """The price that names the modality and a service of the brief, then the newest."""
    services = {n.service for n in ctx.needs(Rule.CAPABILITY)}
    return (
        int(ctx.brief.modality is not None and fact.modality == ctx.brief.modality),
        int(bool(services & set(fact.service_path))),
        fact.ref.as_of or dt.date.min,
        fact.ref.pk,
    )


def _newest_terms(ctx: Context) -> list[TermsFact]:
    return sorted(ctx.partner.terms, key=lambda t: (t.ref.as_of or dt.date.min, t.ref.pk), reverse=True)


def minimum_project(ctx: Context) -> Measure | None:
    """Minimum project over the amount accepted: half of it 100, one and a half times 0."""
    needs = [n for n in ctx.needs(Rule.MINIMUM_PROJECT) if n.quantity]
    if not needs:
        return None
    need, anchor = needs[0], ANCHORS["minimum_project"]
    currency = need.currency or ctx.brief.currency
    for terms in _newest_terms(ctx):
        if terms.minimum_project is not None and terms.currency == currency and need.quantity:
            words = (
                f"minimum project {money(terms.minimum_project, currency)}, {number(need.quantity)} accepted"
            )
            return known(anchor.function.at(terms.minimum_project / need.quantity), words, terms.ref)
    return unknown(f"minimum project in {currency or 'the brief’s currency'}: unknown", anchor.ask)


def change_orders(ctx: Context) -> Measure:
    return metric(ctx, "change_order_share_pct")


def cancellation(ctx: Context) -> Measure:
    anchor = anchor_of("cancellation_share", ctx.brief.profile)
    offer = ctx.offer("cancellation_share")
    if offer is not None and offer.cancellation_share is not None:
        quoted = number(offer.cancellation_share * 100)
        words = f"late cancellation costs up to {quoted} % of a line’s price in the quote"
        return known(anchor.function.at(offer.cancellation_share), words, offer.ref)
    for terms in _newest_terms(ctx):
        if terms.cancellation_share is not None:
            months = terms.cancellation_notice_months
            notice = f" (notice {counted(months, 'month')})" if months is not None else ""
            share = number(terms.cancellation_share * 100)
            words = f"late cancellation costs {share} % {anchor.unit}{notice}"
            return known(anchor.function.at(terms.cancellation_share), words, terms.ref)
    return unknown("cancellation fee: unknown", anchor.ask)


def payment(ctx: Context) -> Measure:
    anchor = ANCHORS["payment_days"]
    for terms in _newest_terms(ctx):
        if terms.payment_days is not None:
            words = f"payment within {counted(terms.payment_days, 'day')}"
            return known(anchor.function.at(terms.payment_days), words, terms.ref)
    return unknown("payment term: unknown", anchor.ask)


def foreground(ctx: Context) -> Measure:
    return flag(ctx, "ip_foreground_sponsor")


def background(ctx: Context) -> Measure:
    return flag(ctx, "ip_background_licence")


def lock_in(ctx: Context) -> Measure:
    return flag(ctx, "platform_lock_in")


def tooling_ownership(ctx: Context) -> Measure:
    return flag(ctx, "tooling_owned_by_sponsor")


def transfer_out(ctx: Context) -> Measure:
    return flag(ctx, "transfer_out_offered")


def able_sites(ctx: Context) -> Measure | None:
    """How many of the partner's sites can do the work: a single site is a single point of failure."""
    needs = [n for n in ctx.needs(Rule.CAPABILITY) if n.level is Level.MUST and n.same_site]
    if not needs:
        if ctx.brief.modality is None:
            return None
        needs = [Need("modality", Rule.CAPABILITY, Level.MUST, "the modality", modality=ctx.brief.modality)]
    able, perhaps, against = [], [], []
    for site in ctx.partner.sites:
        verdicts = [capability(need, ctx.brief, ctx.partner, site) for need in needs]
        outcomes = {verdict.outcome for verdict in verdicts}
        against += [ref for v in verdicts if v.outcome is Outcome.FAIL for ref in v.facts]
        if outcomes <= {Outcome.PASS, Outcome.CONDITIONAL}:
            able.append(site)
        elif Outcome.FAIL not in outcomes:
            perhaps.append(site)
    return _site_points(able, perhaps, needs, tuple(dict.fromkeys(against)) if ctx.partner.sites else None)


def _site_points(
    able: list[SiteFacts],
    perhaps: list[SiteFacts],
    needs: list[Need],
    against: tuple[FactRef, ...] | None,
) -> Measure:
    """`against` are the facts by which sites fail; None when no site is known."""
    anchor = ANCHORS["able_sites"]
    if against is not None and not able and not perhaps:
        return known(anchor.function.at(0), "no site of the partner can do the work as asked", *against)
    if not able:
        return unknown("no site of the partner is known to be able to do the work", anchor.ask)
    more = f", perhaps {number(len(perhaps))} more" if perhaps else ""
    facts = tuple(
        cap.ref
        for site in able
        for cap in site.capabilities
        if any(matching.capability(need, cap) is Match.YES for need in needs)
    )
    return Measure(
        anchor.function.at(len(able)),
        anchor.function.at(len(able) + len(perhaps)),
        DOUBTFUL if perhaps else 1.0,
        f"{counted(len(able), 'site')} able to do the work{more}",
        facts,
        anchor.ask if perhaps else "",
    )


def financial_strength(ctx: Context) -> Measure:
    """Strong, adequate or weak; a number of 100 where one is given."""
    fact = newest_metric("financial_strength", ctx.partner, ctx.lead)
    if fact is not None and fact.number is None:
        points = FINANCIAL.at(fact.text.strip().lower())
        if points is not None:
            return known(points, f"financial strength: {fact.text.strip().lower()}", fact.ref)
    return metric(ctx, "financial_strength")


def ownership(ctx: Context) -> Measure:
    """A listing on a restricted-party list, or else a change of ownership in 24 months."""
    rule = Need("restricted-party", Rule.RESTRICTED_PARTY, Level.MUST, "Not on a restricted-party list")
    listed = restricted_party(rule, ctx.brief, ctx.partner)
    if listed.outcome is Outcome.FAIL:
        return known(0.0, listed.reason, *listed.facts)
    if listed.outcome is Outcome.CONDITIONAL:
        return known(30.0, listed.reason, *listed.facts)
    return flag(ctx, "ownership_change_24m")


def trade(ctx: Context) -> Measure:
    return flag(ctx, "export_restricted")


def continuity(ctx: Context) -> Measure:
    return flag(ctx, "business_continuity_plan")


def insurance(ctx: Context) -> Measure:
    return metric(ctx, "insurance_cover_musd")


def staff(ctx: Context) -> Measure:
    return metric(ctx, "employee_turnover_pct")


def security(ctx: Context) -> Measure:
    """Certified information security: as stated, else by a certificate of the lead site."""
    stated = flag(ctx, "cyber_certified")
    if stated.known:
        return stated
    return best_proof(ctx, SECURITY_PROOF, stated.ask) or stated


def sustainability(ctx: Context) -> Measure:
    """An audit or rating of how the lead site treats environment and people; ISO 14001 covers the first only."""
    ask = f"Is there an EcoVadis rating, a PSCI audit or an ISO 14001 certificate of {ctx.where}?"
    return best_proof(ctx, SUSTAINABILITY_PROOF, ask) or unknown(
        "environmental and social audit: unknown", ask
    )


def size_match(ctx: Context) -> Measure | None:
    """Steps between the sponsor's size and the sizes the partner mostly serves."""
    if ctx.brief.sponsor_size not in SIZES:
        return None
    own = SIZES.index(ctx.brief.sponsor_size)
    ask = "Which size of sponsor do most clients have: virtual, small, mid or large?"
    fact = newest_metric("client_size_focus", ctx.partner, ctx.lead)
    words = (fact.text if fact else "").lower().replace(",", " ").replace("/", " ").split()
    served = [SIZES.index(word) for word in words if word in SIZES]
    if fact is None or not served:
        return unknown("client size focus: unknown", ask, *([fact.ref] if fact else []))
    steps = min(abs(own - size) for size in served)
    focus = ", ".join(SIZES[size] for size in sorted(served))
    return known(
        SIZE_DISTANCE[steps], f"serves {focus} sponsors, this one is {ctx.brief.sponsor_size}", fact.ref
    )


def project_manager(ctx: Context) -> Measure:
    return flag(ctx, "dedicated_pm")


def references(ctx: Context) -> Measure:
    return metric(ctx, "reference_clients")


def response_time(ctx: Context) -> Measure:
    return metric(ctx, "response_days")


def meetings(ctx: Context) -> Measure:
    return metric(ctx, "meetings_per_month")


def communication(ctx: Context) -> Measure:
    return metric(ctx, "communication_rating")


def working_hours(ctx: Context) -> Measure:
    return metric(ctx, "time_zone_overlap_hours")


def english(ctx: Context) -> Measure:
    return flag(ctx, "english_reporting")
