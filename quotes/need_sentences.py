"""The one wording of a need: list, ranking, report and admin show the same sentence."""

from __future__ import annotations

from decimal import Decimal

from django_countries import countries as all_countries

from cmo_selector.templatetags.fmt import format_date, format_money, format_number
from partners.enums import TrackRecordKind
from partners.scoring.places import WITH_ARTICLE
from quotes.enums import NeedRule
from quotes.models import Need

INSPECTION_YEARS = 5  # default reach of an inspection need, editable on the form

#: kind → (verb, one, several)
DONE: dict[str, tuple[str, str, str]] = {
    TrackRecordKind.PROGRAMME: ("has run", "programme", "programmes"),
    TrackRecordKind.IND_SUPPORTED: ("has supported", "IND or CTA", "INDs or CTAs"),
    TrackRecordKind.PPQ: ("has completed", "PPQ campaign", "PPQ campaigns"),
    TrackRecordKind.APPROVAL: ("has supplied", "marketing approval", "marketing approvals"),
    TrackRecordKind.TECH_TRANSFER: ("has completed", "technology transfer", "technology transfers"),
    TrackRecordKind.SITE_TRANSFER: ("has completed", "commercial site transfer", "commercial site transfers"),
    TrackRecordKind.TRIAL: ("has run", "clinical trial", "clinical trials"),
    TrackRecordKind.LISTING: ("has", "product listing", "product listings"),
}


def need_label(need: Need) -> str:
    """The need as one sentence, without a full stop. Reads its related rows, and its project's currency and date."""
    where = "The lead site" if need.same_site else "One of the partner's sites"
    return _SENTENCES[need.rule](need, where)


def _term(term: object) -> str:
    """A vocabulary term as it is written there; quoted, because terms hold commas and capitals of their own."""
    return f"“{term}”"


def amount(need: Need) -> str:
    """The quantity with its unit's symbol; no trailing zeros."""
    return format_number(need.quantity, need.unit.symbol if need.unit else "")


def _joined(parts: list[str], word: str) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {word} {parts[-1]}"


def _day(need: Need) -> str:
    day = need.by or need.project.need_date
    return format_date(day) if day else ""


def _about(need: Need, word: str) -> str:
    """The service and modality a rule is narrowed to, after a joining word; empty when the need names neither."""
    subject = [_term(part) for part in (need.service, need.modality) if part]
    return f" {word} {' for '.join(subject)}" if subject else ""


def _capability(need: Need, where: str) -> str:
    system = f" in {_term(need.production_system)}" if need.production_system else ""
    form = f" as {_term(need.dosage_form)}" if need.dosage_form else ""
    modality = f" for {_term(need.modality)}" if need.modality else ""
    if need.service:
        text = f"{where} offers {_term(need.service)}{modality}{form}{system}"
    elif need.modality:
        text = f"{where} works on {_term(need.modality)}{form}{system}"
    elif need.dosage_form:
        text = f"{where} makes {_term(need.dosage_form)}{system}"
    else:
        text = f"{where} works with {_term(need.production_system)}"
    text += " under GMP" if need.gmp else ""
    return text + (f" at {amount(need)}" if need.quantity is not None else "")


def _biosafety(need: Need, where: str) -> str:
    return f"{where} works at biosafety level {format_number(need.quantity)} or higher{_about(need, 'in')}"


def _containment(need: Need, where: str) -> str:
    limit = format_number(need.quantity, "µg/m³")
    return f"{where} handles an occupational exposure limit of {limit} or lower{_about(need, 'in')}"


def _certificate(need: Need, where: str) -> str:
    text = f"{where} holds {_term(need.certificate_type)}"
    scope = [_term(part) for part in (need.service, need.dosage_form) if part]
    text += f" covering {_joined(scope, 'and')}" if scope else ""
    day = _day(need)
    return text + (f", valid on {day}" if day else ", valid today")


def _inspection(need: Need, where: str) -> str:
    years = need.quantity if need.quantity is not None else INSPECTION_YEARS
    reach = "year" if years == 1 else f"{format_number(years)} years"
    by = need.regulator or "an authority"
    return f"{where} was inspected by {by} within the last {reach}, without official action (OAI)"


def _capacity(need: Need, where: str) -> str:
    what = f"{amount(need)} free" if need.quantity is not None else "an open slot"
    day = _day(need)
    return f"{where} has {what}{_about(need, 'for')}" + (f" by {day}" if day else "")


def _track_record(need: Need, where: str) -> str:
    verb, one, several = DONE[need.track_record_kind]
    count = need.quantity if need.quantity is not None else Decimal(1)
    who = where if need.same_site else "The partner"
    text = f"{who} {verb} at least {format_number(count)} {one if count == 1 else several}"
    about = [_term(part) for part in (need.service, need.modality, need.dosage_form) if part]
    text += f" in {_joined(about, 'and')}" if about else ""
    return text + (f" with {need.regulator}" if need.regulator else "")


def _metric(need: Need, where: str) -> str:
    place = "at the lead site" if need.same_site else "at one of the partner's sites"
    if need.quantity is None:
        return f"{_term(need.metric)} is answered with yes {place}"
    bound = "at most" if need.at_most else "at least"
    return f"{_term(need.metric)} is {bound} {format_number(need.quantity, need.metric.unit)} {place}"


def _minimum_project(need: Need, where: str) -> str:
    return (
        f"The partner's minimum project value is at most {format_money(need.quantity, need.project.currency)}"
    )


def _contract_structure(need: Need, where: str) -> str:
    return f"The partner contracts as {_term(need.contract_structure)}"


def _country(need: Need, where: str) -> str:
    names = [all_countries.name(code) or code for code in need.countries]
    return f"{where} is in {_joined(names, 'or')}"


def _dedicated(need: Need, where: str) -> str:
    what = need.get_hazard_display().lower()
    return f"{where} has a facility dedicated to {what}{_about(need, 'for')}"


def _schedule(need: Need, where: str) -> str:
    day = _day(need)
    valid = f", valid on {day}" if day else ", valid today"
    return f"{where} is registered with the DEA for schedule {need.schedule}{valid}"


def _market(need: Need, where: str) -> str:
    the = "the " if need.market in WITH_ARTICLE else ""
    return f"{where} is accepted by the authority of {the}{need.get_market_display()}"


def _nda(need: Need, where: str) -> str:
    return "A non-disclosure agreement with the partner is possible"


def _conflict(need: Need, where: str) -> str:
    return "The partner has no competing product and no other conflict of interest"


_SENTENCES = {
    NeedRule.CAPABILITY: _capability,
    NeedRule.BIOSAFETY: _biosafety,
    NeedRule.CONTAINMENT: _containment,
    NeedRule.CERTIFICATE: _certificate,
    NeedRule.INSPECTION: _inspection,
    NeedRule.CAPACITY: _capacity,
    NeedRule.TRACK_RECORD: _track_record,
    NeedRule.METRIC: _metric,
    NeedRule.MINIMUM_PROJECT: _minimum_project,
    NeedRule.CONTRACT_STRUCTURE: _contract_structure,
    NeedRule.COUNTRY: _country,
    NeedRule.DEDICATED: _dedicated,
    NeedRule.SCHEDULE: _schedule,
    NeedRule.MARKET: _market,
    NeedRule.NDA: _nda,
    NeedRule.CONFLICT: _conflict,
}
