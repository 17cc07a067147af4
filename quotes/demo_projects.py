"""The demo's projects: the five journeys at one sponsor, one more project at the other.

Every figure is an input of the scenario, not a benchmark. Vocabulary terms are named by code, dates as months
from the day of loading.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from partners.enums import PriceBasis, Stage, TrackRecordKind
from quotes.demo_accounts import ALDER, BIRCH
from quotes.enums import Market, NeedLevel, NeedRule, Profile


@dataclass(frozen=True)
class DemoNeed:
    """One need: rule, level and the columns that the rule reads."""

    level: str
    rule: str
    values: dict[str, Any]


@dataclass(frozen=True)
class DemoProject:
    """A project's brief, when the work must start, and its needs in order."""

    sponsor: str
    brief: dict[str, Any]
    need_in_months: int
    needs: tuple[DemoNeed, ...]
    answers: tuple[
        tuple[str, str, str], ...
    ] = ()  # partner, its answer on conflicts of interest, what it said


def must(rule: str, **values: Any) -> DemoNeed:
    return DemoNeed(NeedLevel.MUST, rule, values)


def should(rule: str, **values: Any) -> DemoNeed:
    return DemoNeed(NeedLevel.SHOULD, rule, values)


def could(rule: str, **values: Any) -> DemoNeed:
    return DemoNeed(NeedLevel.COULD, rule, values)


CAPABILITY, CERTIFICATE, METRIC = NeedRule.CAPABILITY, NeedRule.CERTIFICATE, NeedRule.METRIC
CAPACITY, TRACK_RECORD = NeedRule.CAPACITY, NeedRule.TRACK_RECORD

AAV = DemoProject(
    ALDER,
    {
        "name": "AB-101 AAV gene therapy, first clinical material",
        "product": "AB-101, AAV gene therapy",
        "indication": "Inherited retinal disease",
        "description": (
            "Virtual start-up. One partner for plasmid, vector at 200 L, empty/full and potency methods and a "
            "small fill; a tox batch and two GMP batches, so that the IND can be filed in 14 months."
        ),
        "profile": Profile.DRUG,
        "modality": "aav",
        "dosage_form": "injection-solution",
        "stage": Stage.IND_ENABLING,
        "markets": [Market.US],
        "scale_now": Decimal(200),
        "scale_next": Decimal(500),
        "scale_unit": "l",
        "volumes": "1 tox batch and 2 GMP batches at 200 L; 500 vials filled. IND in 14 months.",
        "price_basis": PriceBasis.GMP_BATCH,
        "price_target": Decimal(900_000),
        "price_limit": Decimal(2_000_000),
        "currency": "USD",
        "handover_cost": Decimal(250_000),
        "transfer_cost": Decimal(2_500_000),
    },
    8,
    (
        must(
            CAPABILITY,
            service="ds-viral-vector",
            modality="aav",
            production_system="hek293-suspension",
            gmp=True,
            quantity=200,
            unit="l",
        ),
        must(NeedRule.BIOSAFETY, quantity=2),
        must(CAPACITY, service="ds-viral-vector", modality="aav"),
        must(
            TRACK_RECORD,
            track_record_kind=TrackRecordKind.IND_SUPPORTED,
            quantity=1,
            modality="aav",
            regulator="fda",
            same_site=False,
        ),
        must(NeedRule.MINIMUM_PROJECT, quantity=6_000_000),
        should(CAPABILITY, service="ds-plasmid", modality="plasmid-dna", gmp=True, same_site=False),
        should(CAPABILITY, service="ff-vial", modality="aav", gmp=True, quantity=500, unit="vials-batch"),
        should(METRIC, metric="pilot_study_offered", same_site=False),
        should(CAPABILITY, service="empty-full-ratio", modality="aav", same_site=False),
        should(CAPABILITY, service="potency-assay", modality="aav", same_site=False),
    ),
)

TABLETS = DemoProject(
    ALDER,
    {
        "name": "AB-220 generic tablets, second source",
        "product": "AB-220, film-coated tablets",
        "indication": "Hypertension",
        "description": (
            "Second source for a marketed generic: 400 M tablets a year for the US and the EU, bottles and "
            "blisters, serialised. OEB 2."
        ),
        "profile": Profile.DRUG,
        "modality": "small-molecule",
        "dosage_form": "tablet",
        "stage": Stage.COMMERCIAL,
        "markets": [Market.US, Market.EU],
        "scale_now": Decimal(400_000_000),
        "scale_next": Decimal(500_000_000),
        "scale_unit": "tablets-year",
        "volumes": "400 M tablets a year; low case 250 M, high case 500 M.",
        "price_basis": PriceBasis.THOUSAND_TABLETS,
        "price_target": Decimal(6),
        "price_limit": Decimal(20),
        "currency": "USD",
    },
    9,
    (
        must(
            CAPABILITY,
            service="dp-oral-solid",
            modality="small-molecule",
            dosage_form="tablet",
            gmp=True,
            quantity=400_000_000,
            unit="tablets-year",
        ),
        must(NeedRule.INSPECTION, regulator="fda", quantity=5),
        must(CERTIFICATE, certificate_type="eu-gmp", service="dp-oral-solid", dosage_form="tablet"),
        must(CAPACITY, service="dp-oral-solid", quantity=500_000_000, unit="tablets-year"),
        must(TRACK_RECORD, track_record_kind=TrackRecordKind.SITE_TRANSFER, quantity=1, same_site=False),
        should(CAPABILITY, service="serialisation"),
        should(CAPABILITY, service="bottle-packaging"),
        should(CAPABILITY, service="blister-packaging"),
        should(NeedRule.CONTRACT_STRUCTURE, contract_structure="second-source"),
        could(NeedRule.CONTAINMENT, quantity=100),
    ),
)

ANTIBODY = DemoProject(
    ALDER,
    {
        "name": "AB-305 antibody, Phase II to III transfer",
        "product": "AB-305, monoclonal antibody",
        "indication": "Ulcerative colitis",
        "description": (
            "The Phase II material comes from Merrowdale Biologics at 2,000 L. Phase III and launch need "
            "10,000 to 15,000 L or six reactors of 2,000 L, comparability, and PPQ in 30 months."
        ),
        "profile": Profile.DRUG,
        "modality": "mab",
        "dosage_form": "injection-solution",
        "stage": Stage.PHASE_2,
        "markets": [Market.US, Market.EU],
        "scale_now": Decimal(2_000),
        "scale_next": Decimal(12_000),
        "scale_unit": "l",
        "volumes": "4 batches at 2,000 L for Phase III; 20 to 30 batches a year at launch. PPQ in 30 months.",
        "price_basis": PriceBasis.GMP_BATCH,
        "price_target": Decimal(1_100_000),
        "price_limit": Decimal(2_500_000),
        "currency": "USD",
    },
    12,
    (
        must(
            CAPABILITY,
            service="ds-mammalian",
            modality="mab",
            production_system="cho",
            gmp=True,
            quantity=2_000,
            unit="l",
        ),
        must(TRACK_RECORD, track_record_kind=TrackRecordKind.PPQ, quantity=1, modality="mab"),
        must(METRIC, metric="transfer_team", same_site=False),
        should(CAPABILITY, service="ds-mammalian", modality="mab", gmp=True, quantity=12_000, unit="l"),
        should(
            TRACK_RECORD,
            track_record_kind=TrackRecordKind.APPROVAL,
            quantity=1,
            modality="mab",
            regulator="fda",
        ),
        should(CAPABILITY, service="comparability", modality="mab"),
        should(CAPACITY, service="ds-mammalian", modality="mab", quantity=2_000, unit="l"),
        should(CERTIFICATE, certificate_type="eu-gmp", service="ds-mammalian"),
        could(NeedRule.CONTRACT_STRUCTURE, contract_structure="capacity-reservation"),
    ),
)

CONNECTOR = DemoProject(
    ALDER,
    {
        "name": "AB-D12 catheter connector, moulded part",
        "product": "AB-D12, catheter connector",
        "indication": "Vascular access",
        "description": (
            "Class II device component made to drawing, 1.2 M parts a year in a clean room of ISO 7; tools "
            "within 14 weeks of design freeze."
        ),
        "profile": Profile.DEVICE,
        "modality": "device-us-2",
        "stage": Stage.REGISTRATION,
        "markets": [Market.US, Market.EU],
        "scale_now": Decimal(1_200_000),
        "scale_next": Decimal(2_000_000),
        "scale_unit": "parts-year",
        "volumes": "1.2 M parts a year from year two; 300,000 in the launch year.",
        "price_basis": PriceBasis.THOUSAND_PARTS,
        "price_target": Decimal(250),
        "price_limit": Decimal(700),
        "currency": "USD",
    },
    5,
    (
        must(NeedRule.CONTRACT_STRUCTURE, contract_structure="component"),
        must(
            CAPABILITY,
            service="component-moulding",
            modality="device-us-2",
            quantity=1_200_000,
            unit="parts-year",
        ),
        must(CERTIFICATE, certificate_type="iso-13485", service="component-moulding"),
        must(METRIC, metric="cleanroom_iso_class", quantity=7, at_most=True, same_site=True),
        must(METRIC, metric="tooling_lead_time_weeks", quantity=14, at_most=True, same_site=True),
        must(METRIC, metric="iq_oq_pq_offered", same_site=True),
        should(METRIC, metric="ppm_defects", quantity=100, at_most=True, same_site=True),
        should(CERTIFICATE, certificate_type="fda-device-registration"),
        could(CAPABILITY, service="device-assembly", modality="device-us-2", same_site=False),
    ),
)

VACCINE = DemoProject(
    ALDER,
    {
        "name": "AB-440 mRNA-LNP vaccine, Phase I",
        "product": "AB-440, mRNA-LNP vaccine",
        "indication": "Respiratory infection",
        "description": (
            "Phase I material paid in part by a federal grant: no partner on a restricted-party list. "
            "Microfluidic mixing, sterile filtration and storage at -80 °C are needed at one site."
        ),
        "profile": Profile.DRUG,
        "modality": "mrna-lnp",
        "dosage_form": "injection-lnp",
        "stage": Stage.PHASE_1,
        "markets": [Market.US],
        "federal_funding": True,
        "scale_now": Decimal(20),
        "scale_next": Decimal(100),
        "scale_unit": "g-batch",
        "volumes": "2 GMP batches of 20 g; 3,000 vials.",
        "price_basis": PriceBasis.GMP_BATCH,
        "price_target": Decimal(500_000),
        "price_limit": Decimal(1_500_000),
        "currency": "USD",
    },
    7,
    (
        must(
            CAPABILITY, service="lnp-formulation", modality="mrna-lnp", gmp=True, quantity=20, unit="g-batch"
        ),
        must(METRIC, metric="lnp_microfluidic_mixing", same_site=True),
        must(CAPABILITY, service="sterile-filtration", modality="mrna-lnp", gmp=True),
        must(METRIC, metric="storage_minus_80c", same_site=True),
        should(CAPABILITY, service="ds-mrna-ivt", modality="mrna-lnp", gmp=True),
        should(CAPABILITY, service="ff-vial", modality="mrna-lnp", gmp=True),
        should(CAPACITY, modality="mrna-lnp"),
        should(
            TRACK_RECORD,
            track_record_kind=TrackRecordKind.IND_SUPPORTED,
            quantity=1,
            modality="mrna-lnp",
            regulator="fda",
            same_site=False,
        ),
        could(METRIC, metric="pilot_study_offered", same_site=False),
    ),
)

CONJUGATE = DemoProject(
    BIRCH,
    {
        "name": "BT-210 antibody-drug conjugate, Phase I",
        "product": "BT-210, antibody-drug conjugate",
        "indication": "Solid tumours",
        "description": "Payload and conjugation at one contained site; the antibody is supplied.",
        "profile": Profile.DRUG,
        "modality": "adc",
        "dosage_form": "injection-lyophilisate",
        "stage": Stage.PHASE_1,
        "markets": [Market.US, Market.EU],
        "scale_now": Decimal(200),
        "scale_next": Decimal(1_000),
        "scale_unit": "g-batch",
        "volumes": "2 GMP batches of 200 g.",
        "currency": "USD",
    },
    10,
    (
        must(CAPABILITY, service="ds-conjugation", modality="adc", gmp=True, quantity=200, unit="g-batch"),
        must(NeedRule.CONTAINMENT, quantity=Decimal("0.1")),
        must(NeedRule.DEDICATED, hazard="cytotoxic"),
        must(NeedRule.CONFLICT),
        should(CAPABILITY, service="ds-hpapi", modality="hpapi", gmp=True),
        should(CAPACITY, modality="adc"),
        should(NeedRule.MARKET, market=Market.US),
    ),
    answers=(
        (
            "Rhonefels Potent Chemistry",
            "safeguards",
            "Makes the payload of another sponsor's conjugate; a separate team and suite are offered.",
        ),
    ),
)

PROJECTS: tuple[DemoProject, ...] = (AAV, TABLETS, ANTIBODY, CONNECTOR, VACCINE, CONJUGATE)
