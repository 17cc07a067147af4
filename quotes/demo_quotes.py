"""The demo's RFQ: second source of tablets, with fictional partners' quotes typed through the real services.

Every figure is an input of the scenario, none a benchmark. The take-or-pay clause wins at base demand and loses when
demand is low; the lowest headline leaves packaging and testing out.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.db import transaction
from django.http import QueryDict
from django.utils import timezone

from cmo_selector.accounts.models import User
from partners.models import Organisation
from quotes.demo_risks import load_risks
from quotes.enums import ToolKind
from quotes.models import Invitation, Project, Rfq
from quotes.rfq_templates import templates
from quotes.services.attachments import add_quote_file, add_rfq_file
from quotes.services.awards import save_assumptions
from quotes.services.rates import fix_rates
from quotes.services.responses import accept_nda, decline, save_draft, submit_quote
from quotes.services.rfq import create_rfq, save_rfq, save_scope
from quotes.services.rfq_messages import answer_question, ask_question
from quotes.services.rfq_send import Contact, send_rfq
from quotes.services.shortlist import add_to_shortlist
from quotes.services.tools import keep_calculation
from quotes.tool_results import TOOLS, outcome_of

PROJECT = "AB-220 generic tablets, second source"
TITLE = "AB-220 tablets: commercial supply from 2028"
DEADLINE_DAYS = 21

#: tool, name, inputs; figures are inputs of the scenario
CALCULATIONS = (
    (
        ToolKind.READINESS,
        "Ready for the second source?",
        "capability=yes&core=yes&knowledge=partly&process=yes&methods=yes&safety=yes&materials=yes&demand=yes&dates=partly"
        "&budget=&markets=yes&oversight=yes&agreement=no&owner=yes&criteria=yes&legal=partly&exit=yes",
    ),
    (
        ToolKind.LEASE,
        "Serialisation line",
        "price=5600000&years=4&lease_payment=1640000&tax_rate=21&debt_rate=7",
    ),
    (
        ToolKind.MAKE,
        "Own tablet line or a second source?",
        "currency=USD&discount_rate=8&tax_rate=21&batches=0;60;100;110;110&probability=100;100;95;95;90&capex=18000000;4000000;0;0;0"
        "&life_years=12&fixed=1000000;4500000;4500000;4500000;4500000&fixed_per_year=4500000&variable_per_batch=62000"
        "&depreciation=0;1833000;1833000;1833000;1833000&residual=6000000&cost=500000;7200000;11600000;12700000;12700000"
        "&price_per_batch=115000&months_make=26&months_buy=11&month_value=150000&hybrid_capex=5000000;1000000;0;0;0"
        "&hybrid_fixed=200000;1200000;1200000;1200000;1200000&hybrid_variable=18000"
        "&hybrid_cost=400000;4900000;7900000;8600000;8600000",
    ),
)

SECTIONS = {
    "background": "Second source for a marketed generic, 400 million film-coated tablets a year for the United States "
    "and the European Union, bottles and blisters, serialised.",
    "target_profile": "Film-coated tablets of 5, 10 and 20 mg; 36 months of shelf life; bottles of 100 and "
    "blisters of 28.",
    "process": "High-shear granulation, fluid-bed drying, compression at 200,000 an hour, film coating; batches of "
    "4 million tablets; yield 98 %; no special containment (OEB 2).",
    "analytics": "Assay, related substances, dissolution and uniformity by validated HPLC methods, to be transferred; "
    "nitrosamine risk assessment closed without a finding.",
    "materials": "The active substance is supplied by the sponsor free of charge; excipients and packaging materials "
    "are bought by the partner at cost with a stated handling mark-up.",
    "safety": "OEL 150 µg/m³, OEB 2; SDS in the data room; not a controlled substance; no beta-lactam or hormone.",
    "forecast": "Illustrative. 400 million tablets a year from the second year on, half of it firm. The sponsor "
    "expects the supply of the five years to take place with 100, 95, 95, 90 and 90 % probability.",
    "quality": "EU GMP certificate for tablets and an FDA inspection within five years that was not OAI; quality "
    "agreement before transfer; audit of the site within three months of award.",
}
SCOPE = (
    (
        "tech_transfer_in",
        "Site transfer",
        "Transfer protocol and report",
        "lump",
        "fixed",
        "",
        [1, 0, 0, 0, 0],
    ),
    ("ppq_batch", "Site transfer", "Three PPQ batches with report", "batch", "variable", "", [3, 0, 0, 0, 0]),
    ("method_validation", "Site transfer", "Methods transferred", "lump", "fixed", "", [1, 0, 0, 0, 0]),
    ("commercial_supply", "Commercial supply", "Released bulk tablets", "unit", "variable", "supply_m", []),
    ("packaging", "Commercial supply", "Packed and serialised goods", "unit", "variable", "supply_m", []),
    ("raw_materials", "Commercial supply", "Excipients", "unit", "pass_through", "supply_m", []),
    ("release_testing", "Commercial supply", "Certificates of analysis", "unit", "variable", "supply_m", []),
    (
        "stability",
        "Quality",
        "Ongoing stability, three batches a year",
        "year",
        "variable",
        "",
        [1, 1, 1, 1, 1],
    ),
    ("annual_review", "Quality", "Annual product review", "year", "fixed", "", [0, 1, 1, 1, 1]),
    ("storage", "Quality", "Storage until call-off", "month", "variable", "", [0, 12, 12, 12, 12]),
)
LABELS = {
    "tech_transfer_in": "Technology transfer in",
    "ppq_batch": "PPQ batch with protocol and report",
    "method_validation": "Method transfer",
    "commercial_supply": "Commercial supply, million tablets",
    "packaging": "Packaging and serialisation, million tablets",
    "raw_materials": "Excipients at cost, million tablets",
    "release_testing": "Release testing, million tablets",
    "stability": "Stability",
    "annual_review": "Annual product review",
    "storage": "Storage",
}
#: first slot offered, in days after the project's day of need; the fourth partner states none
SLOTS = {"castelvero-solidi": -60, "kaverinadi-generics-works": -10, "tidewater-point-solids": 75}
#: chances that a year is reached: transfer and PPQ succeed, the product stays on the market
REACH = ["1", "0.95", "0.95", "0.9", "0.9"]
SUPPLY = {"low": [0, 250, 250, 250, 250], "base": [0, 400, 400, 400, 400], "high": [0, 450, 500, 500, 500]}

#: slug → (quote fields, line fields); a line that is a text is its state, one that is absent is a gap
QUOTES: dict[str, tuple[dict[str, str], dict[str, dict[str, str] | str]]] = {
    "castelvero-solidi": (
        {
            "reference": "CS-2207-A",
            "currency": "EUR",
            "headline": "16.400.000,00",
            "escalation": "2",
            "slots": "Line 4; 14 weeks for a first order",
            "assumptions": "Batches of 4 million. 80 % of 400 million a year is taken or paid.",
            "exclusions": "Active substance; destruction of rejected material.",
        },
        {
            "tech_transfer_in": {"price": "260000"},
            "ppq_batch": {"price": "95000"},
            "method_validation": {"price": "60000"},
            "commercial_supply": {
                "model": "take_or_pay",
                "price": "7100",
                "committed": "0; 400; 400; 400; 400",
                "committed_share": "80",
                "cancellation": "40",
                "assumption": "Commitment fixed for four years.",
            },
            "packaging": {"price": "2300"},
            "raw_materials": {"price": "900", "markup": "5"},
            "release_testing": "included",
            "stability": {"price": "70000"},
            "annual_review": "included",
            "storage": {"price": "4500"},
        },
    ),
    "kaverinadi-generics-works": (
        {
            "reference": "KGW-118",
            "currency": "USD",
            "headline": "18,900,000.00",
            "escalation": "3",
            "slots": "Two lines, one of them kept free for you",
            "assumptions": "Tiers by calendar year; prices hold for call-offs of at least 8 million.",
            "exclusions": "Active substance; import duty.",
        },
        {
            "tech_transfer_in": {"price": "190000"},
            "ppq_batch": {"price": "70000"},
            "method_validation": {"price": "45000"},
            "commercial_supply": {
                "model": "tiers",
                "tiers": "0-299: 8900; 300-449: 8300; 450+: 7950",
                "cancellation": "20",
                "assumption": "No minimum.",
            },
            "packaging": {"price": "2650"},
            "raw_materials": {"price": "950", "markup": "8"},
            "release_testing": {"price": "340"},
            "stability": {"price": "52000"},
            "annual_review": {"price": "18000"},
            "storage": {"price": "3800"},
        },
    ),
    "tidewater-point-solids": (
        {
            "reference": "TPS 26-0451",
            "currency": "USD",
            "headline": "23,800,000.00",
            "escalation": "2.5",
            "slots": "One campaign a quarter",
            "assumptions": "All-in price in our standard bottle.",
            "exclusions": "Blister packing is done by the sponsor's packer.",
        },
        {
            "tech_transfer_in": {"price": "410000"},
            "ppq_batch": {"price": "130000"},
            "method_validation": "included",
            "commercial_supply": {"price": "13900", "assumption": "Bottles included."},
            "packaging": "excluded",
            "raw_materials": "included",
            "release_testing": "included",
            "stability": {"model": "hybrid", "fixed": "40000", "price": "60000"},
            "annual_review": "included",
            "storage": "included",
        },
    ),
    "sahyora-formulations": (
        {
            "reference": "SF/RFQ/990",
            "currency": "USD",
            "headline": "10,900,000.00",
            "assumptions": "Conversion only. Testing and packing at the rates of our general price list.",
            "exclusions": "Everything that is not listed.",
        },
        {
            "tech_transfer_in": {"price": "120000"},
            "ppq_batch": {"price": "45000"},
            "commercial_supply": {"price": "5400"},
            "raw_materials": {"price": "880", "markup": "15"},
            "annual_review": {"price": "12000"},
        },
    ),
}
DECLINING = ("ribatejo-formas-solidas", "No free line before 2029.")


@transaction.atomic
def load_quotes(owner: User) -> bool:
    """The RFQ with its partners, quotes, questions and assumptions; False when it is there already."""
    projects = Project.objects.select_related("sponsor", "modality", "dosage_form")
    project = projects.filter(name=PROJECT, sponsor__memberships__user=owner, archived_at=None).first()
    if project is None or Rfq.objects.filter(project=project, title=TITLE).exists():
        return False  # renamed, archived or there already: people's own work is left alone
    rfq = _rfq(owner, project)
    slugs = [*QUOTES, DECLINING[0]]
    partners = {row.slug: row for row in Organisation.objects.filter(slug__in=slugs)}
    for slug in slugs:
        add_to_shortlist(actor=owner, project=project, organisation=partners[slug])
    contacts = [Contact(partners[slug], "Business development", f"bids@{slug}.example") for slug in slugs]
    invitations = {
        i.organisation.slug: i for i in send_rfq(actor=owner, rfq=rfq, contacts=contacts, edition=rfq.edition)
    }
    for slug, (quote, lines) in QUOTES.items():
        _answer(invitations[slug], quote, lines)
    decline(invitation=invitations[DECLINING[0]], reason=DECLINING[1])
    asked = ask_question(
        invitation=invitations["castelvero-solidi"], text="Is the coating aqueous or organic?"
    )
    answer_question(actor=owner, message=asked, answer="Aqueous, for all three strengths.")
    ask_question(invitation=invitations["kaverinadi-generics-works"], text="May PPQ batches be sold?")
    years = rfq.periods
    save_assumptions(
        actor=owner,
        rfq=rfq,
        rows={
            "packaging": {
                "benchmark": None,
                "sponsor_cost": _per_year([0, 980_000, 980_000, 980_000, 980_000], years),
            }
        },
    )
    for kind, name, query in CALCULATIONS:
        _keep(owner, project, kind, name, query)
    load_risks(project, actor=owner)
    return True


def _keep(owner: User, project: Project, kind: ToolKind, name: str, query: str) -> None:
    tool = TOOLS[kind]
    answer = outcome_of(tool, tool.form(QueryDict(query)))
    if answer is None:
        raise ValueError(f"The demo's calculation “{name}” cannot be worked out")
    keep_calculation(
        actor=owner, project=project, tool=kind, name=name, query=query, headline=answer.headline
    )


def _per_year(amounts: list[int], years: int) -> list[str]:
    return [str(amount) for amount in amounts[:years]]


def _rfq(owner: User, project: Project) -> Rfq:
    fix_rates(actor=owner, project=project)
    rfq = create_rfq(actor=owner, project=project, template=templates()["commercial_solids"])
    first = timezone.localdate().year + 1
    values = {
        "title": TITLE,
        "code_name": "Project Heron",
        "sections": SECTIONS,
        "milestones": f"Award: March {first}\nPPQ: September {first}\nFirst commercial delivery: January {first + 1}",
        "first_year": first,
        "periods": 5,
        "drivers": [
            {
                "name": "supply_m",
                "label": "Tablets supplied",
                "unit": "million tablets",
                **{kind: [str(n) for n in row] for kind, row in SUPPLY.items()},
            }
        ],
        "unit_driver": "supply_m",
        "unit_size": Decimal("0.001"),
        "unit_label": "1,000 tablets",
        "month_value": Decimal(150_000),
        "discount_rate": Decimal("0.08"),
        "reach": REACH,
        "nda_text": "Illustrative text. Each side keeps what it learns from the other confidential for five years and "
        "uses it for this request only.",
        "deadline": timezone.now() + dt.timedelta(days=DEADLINE_DAYS),
    }
    rfq = save_rfq(actor=owner, rfq=rfq, values=values, edition=rfq.edition)
    text = f"Illustrative. {SECTIONS['process']}\n\n{SECTIONS['analytics']}\n"
    add_rfq_file(
        actor=owner,
        rfq=rfq,
        name="AB-220 formula and specification.txt",
        content=text.encode(),
        document=rfq.enclosures[0],
    )
    rows = [
        {
            "code": code,
            "label": LABELS[code],
            "package": package,
            "deliverable": deliverable,
            "basis": basis,
            "treatment": treatment,
            "driver": driver,
            "quantities": [str(n) for n in quantities],
        }
        for code, package, deliverable, basis, treatment, driver, quantities in SCOPE
    ]
    return save_scope(actor=owner, rfq=rfq, rows=rows, edition=rfq.edition)


def _answer(invitation: Invitation, quote: dict[str, str], lines: dict[str, dict[str, str] | str]) -> None:
    accept_nda(invitation=invitation, signer="Business development (illustrative)")
    valid = (timezone.localdate() + dt.timedelta(days=180)).isoformat()
    slot, need = SLOTS.get(invitation.organisation.slug), invitation.rfq.project.need_date
    typed = {"q-valid_until": valid, **{f"q-{name}": text for name, text in quote.items()}}
    if slot is not None and need is not None:
        typed["q-slot_from"] = (need + dt.timedelta(days=slot)).isoformat()
    for code, line in lines.items():
        fields = {"state": line} if isinstance(line, str) else line
        typed |= {f"l-{code}-{name}": text for name, text in fields.items()}
    draft = save_draft(
        rfq=invitation.rfq,
        organisation=invitation.organisation,
        values=typed,
        edition=0,
        invitation=invitation,
    )
    words = f"Illustrative. Offer {quote['reference']}: assumptions and exclusions as in the form."
    add_quote_file(
        quote=draft,
        name=f"offer-{quote['reference']}.txt",
        content=words.encode(),
        document="List of assumptions and exclusions",
    )
    _, sheet = submit_quote(quote=draft, edition=draft.edition, by="Business development (illustrative)")
    if sheet.errors:
        raise ValueError(f"The demo's quote of {invitation.organisation} cannot be read: {sheet.errors}")
