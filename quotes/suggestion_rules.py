"""Which needs a product, stage and market usually bring with them. Conventions of this product.

Vocabulary terms are named by their codes here; suggestions.py looks them up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from partners.enums import PriceBasis, Stage, TrackRecordKind
from quotes.enums import Market, NeedLevel, NeedRule, Profile
from quotes.models import Project
from quotes.suggestion_hazards import hazard_of, schedule_of

MUST, SHOULD, COULD = NeedLevel.MUST, NeedLevel.SHOULD, NeedLevel.COULD

#: modality code → service code of its main process
MAIN_SERVICE: dict[str, str] = {
    "small-molecule": "ds-chemical-api",
    "amino-lipid": "ds-chemical-api",
    "hpapi": "ds-hpapi",
    "peptide": "ds-peptide",
    "oligonucleotide": "ds-oligonucleotide",
    "radiopharmaceutical": "ds-radiolabelling",
    "mab": "ds-mammalian",
    "multispecific": "ds-mammalian",
    "fc-fusion": "ds-mammalian",
    "adc": "ds-conjugation",
    "aav": "ds-viral-vector",
    "lentivirus": "ds-viral-vector",
    "adenovirus-oncolytic": "ds-viral-vector",
    "plasmid-dna": "ds-plasmid",
    "mrna": "ds-mrna-ivt",
    "mrna-lnp": "ds-mrna-ivt",
    "cell-autologous": "ds-cell-processing",
    "cell-allogeneic": "ds-cell-processing",
    "ipsc-derived": "ds-cell-processing",
    "live-biotherapeutic": "ds-fermentation",
    "phage": "ds-fermentation",
}
#: for these, with a dosage form, the work looked for is the finished form and not the substance
FORM_FIRST = frozenset(
    {"small-molecule", "hpapi", "generic", "otc", "supplement", "cosmetic", "animal-health"}
)
LIVE_VIRUS = frozenset({"aav", "lentivirus", "adenovirus-oncolytic", "vaccine-live-viral"})
POTENT = frozenset({"hpapi", "adc"})

#: dosage form code → service code
FORM_SERVICE: dict[str, str] = {
    "tablet": "dp-oral-solid",
    "tablet-ir": "dp-oral-solid",
    "tablet-mr": "dp-oral-solid",
    "tablet-odt": "dp-oral-solid",
    "tablet-coated": "dp-oral-solid",
    "tablet-effervescent": "dp-oral-solid",
    "capsule-hard": "dp-oral-solid",
    "capsule-soft": "dp-gummy-softgel",
    "gummy": "dp-gummy-softgel",
    "powder-sachet": "dp-oral-solid",
    "granule": "dp-oral-solid",
    "oral-solution": "dp-liquid",
    "oral-suspension": "dp-liquid",
    "ear-drops": "dp-liquid",
    "cream": "dp-semisolid",
    "ointment": "dp-semisolid",
    "gel": "dp-semisolid",
    "patch": "dp-transdermal",
    "suppository": "dp-suppository",
    "nasal-spray": "dp-inhalation-nasal",
    "mdi": "dp-inhalation-nasal",
    "dpi": "dp-inhalation-nasal",
    "nebuliser": "dp-inhalation-nasal",
    "eye-drops": "dp-ophthalmic",
    "implant": "dp-implant-depot",
    "injection-solution": "fill-finish",
    "injection-suspension": "fill-finish",
    "injection-emulsion": "fill-finish",
    "injection-lyophilisate": "ff-lyophilisation",
    "injection-liposome": "fill-finish",
    "injection-lnp": "lnp-formulation",
    "cell-suspension": "ff-bag",
}

#: market → certificate that proves its authority's acceptance of the site
MARKET_CERTIFICATE: dict[str, str] = {
    Market.EU: "eu-gmp",
    Market.UK: "uk-gmp",
    Market.JP: "jp-accreditation",
}


@dataclass(frozen=True)
class Draft:
    """A need on offer: `values` holds codes where a column holds a vocabulary term."""

    key: str
    rule: str
    level: str
    why: str
    values: dict[str, Any] = field(default_factory=dict)


def code_of(term: Any) -> str:
    """A term's code, "" without one."""
    return term.code if term else ""


def programme_limit(project: Project) -> bool:
    """Whether the project says the most that the whole programme may cost."""
    return project.price_basis == PriceBasis.PROGRAMME and bool(project.price_limit)


def drafts_for(project: Project) -> Iterator[Draft]:
    """Everything on offer for a project, in the order of the page."""
    profile = {Profile.DRUG: _drug, Profile.CLINICAL: _clinical, Profile.DEVICE: _device}[project.profile]
    yield from profile(project)
    if project.need_date:
        yield Draft(
            "slot",
            NeedRule.CAPACITY,
            MUST,
            "Work must be able to start by the need date of the project.",
            {"modality": code_of(project.modality) if project.profile == Profile.DRUG else None},
        )
    if programme_limit(project):
        yield Draft(
            "minimum-project",
            NeedRule.MINIMUM_PROJECT,
            MUST,
            "Your worst acceptable price for the programme: a higher minimum cannot be met.",
            {"quantity": project.price_limit},
        )


def _drug(project: Project) -> Iterator[Draft]:
    modality, form = code_of(project.modality), code_of(project.dosage_form)
    gmp = project.stage >= Stage.IND_ENABLING
    form_service = FORM_SERVICE.get(form)
    by_form = form_service is not None and (modality in FORM_FIRST or not modality)
    scale = {"quantity": project.scale_now, "unit": project.scale_unit} if project.scale_now else {}
    main: dict[str, Any] = {}
    if by_form:
        main = {"service": form_service, "gmp": gmp}
    elif modality:
        main = {"service": MAIN_SERVICE.get(modality, "drug-substance"), "modality": modality, "gmp": gmp}
    if main:
        reason = "The main process at the lead site" + (
            ", under GMP from the first clinical batch on." if gmp else "."
        )
        yield Draft("main-process", NeedRule.CAPABILITY, MUST, reason, {**main, **scale})
        if project.scale_next and project.scale_next != project.scale_now:
            yield Draft(
                "next-scale",
                NeedRule.CAPABILITY,
                SHOULD,
                "The scale of the next stage: without it a transfer follows.",
                {**main, "quantity": project.scale_next, "unit": project.scale_unit},
            )
    if form_service and not by_form:
        yield Draft(
            "finished-form",
            NeedRule.CAPABILITY,
            SHOULD,
            "Making and finishing the dosage form without a second partner.",
            {"service": form_service, "gmp": gmp, "same_site": False},
        )
    if modality in LIVE_VIRUS:
        yield Draft(
            "biosafety",
            NeedRule.BIOSAFETY,
            MUST,
            "Viral vectors and live viruses are usually handled at level 2; confirm with your biosafety officer.",
            {"quantity": 2, "modality": modality},
        )
    yield from _special(modality)
    yield from _facility(project, modality)
    yield from _by_stage(project, modality)
    yield from _markets(project)


def _facility(project: Project, modality: str) -> Iterator[Draft]:
    """A facility kept apart and a registration, where the product calls for them; a must from the first GMP batch."""
    hazard = hazard_of(project, modality)
    if hazard:
        level = MUST if project.stage >= Stage.IND_ENABLING else SHOULD
        yield Draft("dedicated", NeedRule.DEDICATED, level, hazard[1], {"hazard": hazard[0]})
    schedule = schedule_of(project)
    if schedule:
        yield Draft(
            "dea-schedule",
            NeedRule.SCHEDULE,
            MUST,
            "The brief names the schedule: without a registration for it the substance cannot be handled in the "
            "United States.",
            {"schedule": schedule},
        )


def _special(modality: str) -> Iterator[Draft]:
    if modality == "mrna-lnp":
        yield Draft(
            "lnp",
            NeedRule.CAPABILITY,
            SHOULD,
            "The lipid nanoparticle step.",
            {"service": "lnp-microfluidic"},
        )
        yield Draft(
            "sterile-filtration",
            NeedRule.CAPABILITY,
            SHOULD,
            "LNPs are sterilised by filtration.",
            {"service": "sterile-filtration"},
        )
        yield Draft(
            "cold-storage",
            NeedRule.METRIC,
            SHOULD,
            "mRNA-LNP is kept frozen.",
            {"metric": "storage_minus_80c"},
        )
    if modality in {"aav", "lentivirus"}:
        yield Draft(
            "plasmid",
            NeedRule.CAPABILITY,
            SHOULD,
            "Plasmid from the same partner saves a hand-over.",
            {"service": "ds-plasmid", "same_site": False},
        )
        yield Draft(
            "pilot",
            NeedRule.METRIC,
            COULD,
            "A pilot study shows yield before the full commitment.",
            {"metric": "pilot_study_offered", "same_site": False},
        )


def _by_stage(project: Project, modality: str) -> Iterator[Draft]:
    stage = project.stage
    about = {"modality": modality or None}
    if stage == Stage.DISCOVERY:
        yield Draft(
            "glp-tox",
            NeedRule.CAPABILITY,
            SHOULD,
            "GLP toxicology comes before the first clinical trial.",
            {"service": "toxicology-glp", "same_site": False},
        )
    if stage <= Stage.PHASE_2:
        yield Draft(
            "methods",
            NeedRule.CAPABILITY,
            SHOULD,
            "Methods are still being developed at this stage.",
            {"service": "method-development", "same_site": False},
        )
    if stage in (Stage.IND_ENABLING, Stage.PHASE_1):
        agency = "fda" if Market.US in project.markets else None
        yield Draft(
            "ind",
            NeedRule.TRACK_RECORD,
            SHOULD,
            "Experience with the first regulatory file for this modality.",
            {
                **about,
                "track_record_kind": TrackRecordKind.IND_SUPPORTED,
                "quantity": 1,
                "regulator": agency,
                "same_site": False,
            },
        )
    if stage in (Stage.PHASE_3, Stage.REGISTRATION):
        yield Draft(
            "ppq",
            NeedRule.TRACK_RECORD,
            SHOULD,
            "Process validation has been done at this very site.",
            {"track_record_kind": TrackRecordKind.PPQ, "quantity": 1, **about},
        )
    if stage in (Stage.PHASE_3, Stage.REGISTRATION, Stage.LIFECYCLE):
        yield Draft(
            "transfer-team",
            NeedRule.METRIC,
            SHOULD,
            "A transfer is ahead; a named team shortens it.",
            {"metric": "transfer_team"},
        )
    if stage == Stage.COMMERCIAL:
        yield Draft(
            "approval",
            NeedRule.TRACK_RECORD,
            SHOULD,
            "A site that already supplies an approved product.",
            {"track_record_kind": TrackRecordKind.APPROVAL, "quantity": 1},
        )
    if stage >= Stage.COMMERCIAL:
        yield Draft(
            "site-transfer",
            NeedRule.TRACK_RECORD,
            SHOULD,
            "A registered product has been moved to this site before.",
            {"track_record_kind": TrackRecordKind.SITE_TRANSFER, "quantity": 1},
        )
        yield Draft(
            "serialisation",
            NeedRule.CAPABILITY,
            SHOULD,
            "Packs for the US and EU carry serial numbers.",
            {"service": "serialisation", "same_site": False},
        )


def _markets(project: Project) -> Iterator[Draft]:
    stage = project.stage
    if stage >= Stage.PHASE_1:
        for market, certificate in MARKET_CERTIFICATE.items():
            if market in project.markets:
                yield Draft(
                    f"certificate-{market.lower()}",
                    NeedRule.CERTIFICATE,
                    MUST if stage >= Stage.REGISTRATION else SHOULD,
                    f"Shows that the site is accepted for the market {Market(market).label}.",
                    {"certificate_type": certificate},
                )
    if stage >= Stage.PHASE_3:
        for market in project.markets:
            if market not in MARKET_CERTIFICATE and market != Market.US:  # these have checks of their own
                yield Draft(
                    f"market-{market.lower()}",
                    NeedRule.MARKET,
                    MUST if stage >= Stage.REGISTRATION else SHOULD,
                    "The product is to be sold there: its authority must accept the site.",
                    {"market": market},
                )
    if Market.US in project.markets and stage >= Stage.PHASE_2:
        yield Draft(
            "fda-inspection",
            NeedRule.INSPECTION,
            MUST if stage >= Stage.REGISTRATION else SHOULD,
            "A pre-approval inspection will be of that site; its record is the best forecast.",
            {"regulator": "fda", "quantity": 5},
        )


def _clinical(project: Project) -> Iterator[Draft]:
    unit = project.stage == Stage.PHASE_1
    yield Draft(
        "main-process",
        NeedRule.CAPABILITY,
        MUST,
        "The kind of work looked for.",
        {"service": "phase-1-unit" if unit else "clinical", "same_site": False},
    )
    for key, service in (
        ("monitoring", "monitoring"),
        ("data", "data-management"),
        ("safety", "pharmacovigilance"),
    ):
        yield Draft(
            key,
            NeedRule.CAPABILITY,
            SHOULD,
            "Every trial needs it; from one partner it is one hand-over less.",
            {"service": service, "same_site": False},
        )
    yield Draft(
        "trials",
        NeedRule.TRACK_RECORD,
        SHOULD,
        "Trials run before.",
        {"track_record_kind": TrackRecordKind.TRIAL, "quantity": 1, "same_site": False},
    )
    yield Draft(
        "gcp",
        NeedRule.CERTIFICATE,
        SHOULD,
        "An authority has looked at how trials are run there.",
        {"certificate_type": "gcp-inspection", "same_site": False},
    )


def _device(project: Project) -> Iterator[Draft]:
    yield Draft(
        "iso-13485",
        NeedRule.CERTIFICATE,
        MUST,
        "The quality system of medical devices; read the scope.",
        {"certificate_type": "iso-13485"},
    )
    yield Draft(
        "iq-oq-pq",
        NeedRule.METRIC,
        SHOULD,
        "Moulds and lines are qualified before they supply.",
        {"metric": "iq_oq_pq_offered"},
    )
    yield Draft(
        "design-transfer",
        NeedRule.CAPABILITY,
        SHOULD,
        "Turning the design into a process that can be repeated.",
        {"service": "design-transfer", "same_site": False},
    )
    if Market.US in project.markets and project.stage >= Stage.REGISTRATION:
        yield Draft(
            "fda-device",
            NeedRule.CERTIFICATE,
            SHOULD,
            "Device establishments that supply the United States register each year.",
            {"certificate_type": "fda-device-registration"},
        )
