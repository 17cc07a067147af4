"""What nobody knows about a partner yet, and what to ask to find out."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from partners.models import Facility, Metric, Organisation


@dataclass(frozen=True, slots=True)
class Gap:
    """An area without a fact. `sites` names the sites it concerns; empty for the partner as a whole."""

    area: str
    question: str
    sites: tuple[str, ...] = ()
    is_measure: bool = False  # one of the many figures a partner may state, such as on time in full


#: area, question, rows of a site that would answer it
SITE_AREAS = (
    ("Capabilities", "Which processes do you run here: modality, stages and scale?", "capabilities"),
    (
        "Certificates",
        "Which certificates and licences does the site hold, with scope and expiry?",
        "certificates",
    ),
    (
        "Inspections",
        "Which agencies inspected the site in the last five years, with what outcome?",
        "inspections",
    ),
    (
        "Audits",
        "When did sponsors or third parties last audit the site, with what findings, and what is still open?",
        "audits",
    ),
    ("Equipment", "Which main equipment does the site have, and of what size?", "equipment"),
    ("Free capacity", "From when is capacity free, for which process, and how much?", "slots"),
)


def find_gaps(partner: Organisation, metrics: Sequence[Metric], *, prices: bool) -> list[Gap]:
    """Every empty area of a record, the partner's own first, then those of its sites."""
    return [
        *_partner_gaps(partner, prices),
        *_site_gaps(partner.facilities.all()),
        *_metric_gaps(partner, metrics),
    ]


def _partner_gaps(partner: Organisation, prices: bool) -> Iterator[Gap]:
    facts = (
        ("Organisation type", "Are you a CMO, a CDMO, a CRO or several of them?", partner.type_facts.all()),
        ("Contract structures", "How do you contract: end to end, by component, as private label?",
         partner.structure_facts.all()),
        ("Industries", "Which industries do you serve?", partner.industry_facts.all()),
        ("Ownership", "Who owns the company, and is a change of owner expected?",
         any(owner.owned_until is None for owner in partner.owners.all())),
        ("Sites", "Which sites do you run, and where?", partner.facilities.all()),
        ("Track record", "How many programmes, approvals and transfers have you completed, of what kind?",
         partner.track_record.all()),
        ("Documents", "Which quality documents can you share under a confidentiality agreement?",
         partner.documents.all()),
    )  # fmt: skip
    yield from (Gap(area, question) for area, question, known in facts if not known)
    if not prices:
        return  # nothing was read, so nothing can be called unknown
    terms = list(partner.terms.all())
    if not any(t.minimum_project is not None for t in terms):
        yield Gap("Minimum project", "What is the smallest project you take on, in which currency?")
    if not any(t.payment_days is not None or t.payment_note for t in terms):
        yield Gap("Payment terms", "What are your payment terms and milestones?")
    if not any(t.cancellation_notice_months is not None or t.cancellation_note for t in terms):
        yield Gap("Cancellation terms", "What does cancelling or postponing cost, by notice given?")
    if not partner.prices.all():
        yield Gap("Indicative prices", "Within which range would a programme or a batch cost?")


def _site_gaps(sites: Iterable[Facility]) -> Iterator[Gap]:
    sites = list(sites)
    for area, question, rows in SITE_AREAS:
        empty = tuple(site.name for site in sites if not getattr(site, rows).all())
        if empty:
            yield Gap(area, question, empty)
    open_lists = tuple(s.name for s in sites if s.capabilities.all() and not s.capabilities_complete_on)
    if open_lists:
        yield Gap(
            "Completeness",
            "Is the list of processes complete? If so, what is not listed is a no.",
            open_lists,
        )


def _metric_gaps(partner: Organisation, metrics: Sequence[Metric]) -> Iterator[Gap]:
    known = {value.metric_id for value in partner.metric_values.all()}
    yield from (
        Gap(metric.label, metric.question, is_measure=True) for metric in metrics if metric.pk not in known
    )
