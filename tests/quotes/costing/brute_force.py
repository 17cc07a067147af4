"""The programme family once more, slowly and exactly: fractions, straight from the document, no shared code.

Every amount is worked out from the definitions each time it is asked for; nothing is ordered, cached or rounded.
The square root of mid_year is only taken of rates whose 1 + r is the square of a fraction.
"""

from __future__ import annotations

from fractions import Fraction
from math import isqrt


def exactly(value):
    return value if isinstance(value, Fraction) else Fraction(str(value))


def root(value: Fraction) -> Fraction:
    found = Fraction(isqrt(value.numerator), isqrt(value.denominator))
    assert found * found == value
    return found


class Brute:
    """Answers for one programme input."""

    def __init__(self, data):
        self.data = data
        self.periods = range(data["periods"])
        self.quotes = {quote["name"]: quote for quote in data["quotes"]}

    # -- a single amount ----------------------------------------------------------------------

    def lines(self, quote, code):
        return [line for line in quote["lines"] if line["code"] == code]

    def state(self, quote, code):
        lines = self.lines(quote, code)
        return lines[0].get("state", "quoted") if lines else "not_quoted"

    def is_gap(self, quote, code):
        return code in self.data["scope"] and self.state(quote, code) == "not_quoted"

    def quantity(self, line, scenario, t, which="drivers"):
        if "per_period" in line["quantity"]:
            return exactly(line["quantity"]["per_period"][t]) if which == "drivers" else Fraction(0)
        names = line["quantity"].get("drivers") or [line["quantity"]["driver"]]
        amounts = scenario.get(which, {})
        return sum((exactly(amounts[name][t]) for name in names if name in amounts), Fraction(0))

    def billed(self, line, scenario, t):
        needed = self.quantity(line, scenario, t)
        promise = line.get("take_or_pay")
        if promise:
            return max(needed, exactly(promise["share"]) * exactly(promise["committed"][t]))
        return needed

    def price(self, line, billed):
        if "unit_price" in line:
            return exactly(line["unit_price"])
        reached = [tier for tier in line["tiers"] if exactly(tier["from"]) <= billed]
        return exactly((reached or line["tiers"])[-1 if reached else 0]["unit_price"])

    def rate(self, quote, line):
        currency = line.get("currency", quote["currency"])
        return Fraction(1) if currency == self.data["base_currency"] else exactly(self.data["fx"][currency])

    def quoted(self, quote, code, scenario, t):
        """Base-currency cash of a quoted code without anything that rests on a plug."""
        if self.state(quote, code) != "quoted":
            return Fraction(0)
        amount = Fraction(0)
        for line in self.lines(quote, code):
            markup = 1 + exactly(line.get("markup", 0))
            if "share_of" in line["quantity"]:
                base = self.quoted(quote, line["quantity"]["share_of"], scenario, t)
                amount += exactly(line["quantity"]["share"]) * base * markup
                continue
            so_far = [self.amount(quote, line, scenario, s) for s in range(t + 1)]
            discount = exactly(line.get("discount", 0)) * self.rate(quote, line)
            used = [min(discount, sum(so_far[:s], Fraction(0))) for s in (t, t + 1)]
            amount += so_far[t] - (used[1] - used[0])
            fee = exactly(quote.get("cancellation", {}).get(code, 0))
            cancelled = self.quantity(line, scenario, t, "cancelled")
            amount += fee * cancelled * self.unit(quote, line, scenario, t)
        return amount

    def unit(self, quote, line, scenario, t):
        """What one unit costs in a year, in base currency and without markup."""
        growth = (1 + exactly(line.get("escalation", quote.get("escalation", 0)))) ** t
        return self.price(line, self.billed(line, scenario, t)) * growth * self.rate(quote, line)

    def amount(self, quote, line, scenario, t):
        """What is billed in a year before any lump-sum discount."""
        markup = 1 + exactly(line.get("markup", 0))
        return self.billed(line, scenario, t) * markup * self.unit(quote, line, scenario, t)

    def rests_on_gap(self, quote, code):
        if self.state(quote, code) != "quoted":
            return self.is_gap(quote, code)
        bases = [line["quantity"].get("share_of") for line in self.lines(quote, code)]
        return any(self.rests_on_gap(quote, base) for base in bases if base)

    def samples(self, quote, code):
        others = [other for name, other in self.quotes.items() if name != quote["name"]]
        quoted = [other for other in others if self.state(other, code) == "quoted"]
        return [other for other in quoted if not self.rests_on_gap(other, code)]

    def is_unpriced(self, quote, code):
        nothing_else = not self.samples(quote, code) and code not in self.data.get("benchmarks", {})
        return self.is_gap(quote, code) and nothing_else

    def plugged(self, quote, code, scenario, t):
        """What of a code's cash is a plug, or a share of one."""
        if self.is_gap(quote, code):
            samples = sorted(self.quoted(other, code, scenario, t) for other in self.samples(quote, code))
            if samples:
                return (samples[(len(samples) - 1) // 2] + samples[len(samples) // 2]) / 2
            return exactly(self.data.get("benchmarks", {}).get(code, [0] * len(self.periods))[t])
        amount = Fraction(0)
        if self.state(quote, code) == "quoted":
            for line in self.lines(quote, code):
                if "share_of" in line["quantity"]:
                    base = self.plugged(quote, line["quantity"]["share_of"], scenario, t)
                    amount += exactly(line["quantity"]["share"]) * base * (1 + exactly(line.get("markup", 0)))
        return amount

    # -- a quote in a scenario ----------------------------------------------------------------

    def sponsor(self, quote, code, t):
        if self.state(quote, code) != "excluded" or code not in self.data.get("sponsor_costs", {}):
            return Fraction(0)
        return exactly(self.data["sponsor_costs"][code][t])

    def npv(self, amounts):
        growth = 1 + exactly(self.data["discount_rate"])
        half = root(growth) if self.data.get("mid_year") else 1
        return sum((amount / (growth**t * half) for t, amount in enumerate(amounts)), Fraction(0))

    def scenario(self, quote, scenario):
        scope = self.data["scope"]
        plugged = [sum(self.plugged(quote, c, scenario, t) for c in scope) for t in self.periods]
        own = [
            sum(self.quoted(quote, c, scenario, t) + self.sponsor(quote, c, t) for c in scope)
            for t in self.periods
        ]
        cash = [mine + ours for mine, ours in zip(own, plugged, strict=True)]
        npv = self.npv(cash)
        share = self.npv(plugged) / npv if npv else Fraction(0)
        unpriced = [code for code in scope if self.is_unpriced(quote, code)]
        found = {
            "name": scenario["name"],
            "cash": cash,
            "plugged_cash": plugged,
            "nominal": sum(cash),
            "npv": npv,
            "plugged_share": share,
            "gaps": [code for code in scope if self.is_gap(quote, code)],
            "unpriced": unpriced,
            "excluded": [code for code in scope if self.state(quote, code) == "excluded"],
            "comparable": share <= Fraction(1, 4) and not unpriced,
        }
        return found | self.unit_costs(npv, scenario)

    def unit_costs(self, npv, scenario):
        given = self.data.get("yield")
        if not given:
            return {}
        batches = sum(map(exactly, scenario["drivers"][given["batch_driver"]])) * exactly(given["p_success"])
        counts = {"per_released_batch": batches}
        if "grams_per_batch" in given:
            counts["per_gram"] = batches * exactly(given["grams_per_batch"])
            if "dose_mg" in given:
                loss = exactly(given.get("fill_loss", 0))
                counts["per_dose"] = counts["per_gram"] * 1000 / exactly(given["dose_mg"]) * (1 - loss)
        return {name: npv / count if count else None for name, count in counts.items()}

    # -- everything ---------------------------------------------------------------------------

    def answer(self):
        """The answer in the shape of the reference cases."""
        quotes = [self.quote(quote) for quote in self.quotes.values()]
        winners, regret = {}, {name: {} for name in self.quotes}
        for index, scenario in enumerate(self.data["scenarios"]):
            costs = {quote["name"]: quote["scenarios"][index] for quote in quotes}
            ranked = sorted((cost["npv"], name) for name, cost in costs.items() if cost["comparable"])
            winners[scenario["name"]] = ranked[0][1] if ranked else None
            for name, cost in costs.items():
                counts = ranked and cost["comparable"]
                regret[name][scenario["name"]] = cost["npv"] - ranked[0][0] if counts else None
        return {"quotes": quotes, "winners": winners, "regret": regret}

    def quote(self, quote):
        scenarios = [self.scenario(quote, scenario) for scenario in self.data["scenarios"]]
        weights = [scenario.get("probability") for scenario in self.data["scenarios"]]
        headline = quote.get("headline")
        found = {
            "name": quote["name"],
            "headline": None if headline is None else exactly(headline) * self.rate(quote, {}),
            "scenarios": scenarios,
        }
        if None not in weights:
            pairs = zip(weights, scenarios, strict=True)
            found["expected_npv"] = sum(exactly(weight) * cost["npv"] for weight, cost in pairs)
        return found
