"""What a need reads and requires, how it reads as a sentence, and which needs are suggested."""

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings

from cmo_selector.templatetags.fmt import format_country
from partners.enums import MetricKind, Stage, TrackRecordKind
from partners.models import Metric, Service
from partners.scoring.places import COUNTRIES, country_name, market_name
from partners.scoring.types import Rule
from quotes import suggestion_hazards, suggestion_rules
from quotes.brief import brief_for
from quotes.enums import Market, NeedLevel, NeedRule, Profile
from quotes.models import Need, Project
from quotes.needs import RULE_FIELDS, RULES, need_label, only_read_fields, problems
from quotes.suggestions import prompts, suggested_needs
from tests.factories import partners as catalogue
from tests.factories.quotes import NeedFactory, ProjectFactory

VOCABULARIES = Path(settings.BASE_DIR) / "partners" / "data" / "vocabularies"
TODAY = dt.date(2026, 11, 24)


def shipped(name: str) -> set[str]:
    return {term["code"] for term in json.loads((VOCABULARIES / f"{name}.json").read_text())["terms"]}


@pytest.fixture
def terms(db):
    """One term of each vocabulary, labelled as the shipped ones are."""
    return {
        "service": catalogue.ServiceFactory(code="ds-viral-vector", label="Viral vector"),
        "modality": catalogue.ModalityFactory(code="aav", label="Viral vector, AAV"),
        "dosage_form": catalogue.DosageFormFactory(code="tablet", label="Tablet"),
        "production_system": catalogue.ProductionSystemFactory(code="hek293", label="HEK293, suspension"),
        "unit": catalogue.ScaleUnitFactory(code="l", label="Litre", symbol="L"),
        "certificate_type": catalogue.CertificateTypeFactory(code="eu-gmp", label="EU GMP certificate"),
        "regulator": catalogue.RegulatorFactory(code="fda", label="FDA"),
        "metric": catalogue.MetricFactory(code="otif_pct", label="On time in full", unit="%"),
        "contract_structure": catalogue.ContractStructureFactory(code="component", label="Component / part"),
    }


def test_every_rule_has_a_specification_that_names_columns_of_a_need():
    assert set(RULES) == set(NeedRule.values)
    assert set(NeedRule.values) == {rule.value for rule in Rule} - {"no_open_action", "restricted_party"}
    columns = {field.name for field in Need._meta.get_fields()}
    for spec in RULES.values():
        assert set(spec.fields) <= set(RULE_FIELDS) <= columns
        assert {*spec.required, *spec.any_of, *spec.labels, *spec.help, *spec.initial} <= set(spec.fields)


SENTENCES = [
    (
        {"rule": "dedicated", "hazard": "beta_lactam", "service": "service"},
        "The lead site has a facility dedicated to beta-lactams for “Viral vector”",
    ),
    (
        {"rule": "schedule", "schedule": "II", "by": dt.date(2027, 1, 31)},
        "The lead site is registered with the DEA for schedule II, valid on 2027-01-31",
    ),
    (
        {"rule": "market", "market": "US", "same_site": False},
        "One of the partner's sites is accepted by the authority of the United States",
    ),
    ({"rule": "nda"}, "A non-disclosure agreement with the partner is possible"),
    ({"rule": "conflict"}, "The partner has no competing product and no other conflict of interest"),
    (
        {
            "rule": "capability",
            "service": "service",
            "modality": "modality",
            "production_system": "production_system",
        }
        | {"gmp": True, "quantity": Decimal("200.0000"), "unit": "unit"},
        "The lead site offers “Viral vector” for “Viral vector, AAV” in “HEK293, suspension” under GMP at 200 L",
    ),
    (
        {"rule": "capability", "service": "service", "same_site": False},
        "One of the partner's sites offers “Viral vector”",
    ),
    (
        {"rule": "capability", "modality": "modality", "dosage_form": "dosage_form"},
        "The lead site works on “Viral vector, AAV” as “Tablet”",
    ),
    ({"rule": "capability", "dosage_form": "dosage_form"}, "The lead site makes “Tablet”"),
    (
        {"rule": "capability", "production_system": "production_system", "gmp": True},
        "The lead site works with “HEK293, suspension” under GMP",
    ),
    ({"rule": "biosafety", "quantity": 2}, "The lead site works at biosafety level 2 or higher"),
    (
        {"rule": "biosafety", "quantity": 3, "modality": "modality"},
        "The lead site works at biosafety level 3 or higher in “Viral vector, AAV”",
    ),
    (
        {"rule": "containment", "quantity": Decimal("0.0500")},
        "The lead site handles an occupational exposure limit of 0.05 µg/m³ or lower",
    ),
    (
        {"rule": "certificate", "certificate_type": "certificate_type", "dosage_form": "dosage_form"},
        "The lead site holds “EU GMP certificate” covering “Tablet”, valid on 2027-07-31",
    ),
    (
        {"rule": "certificate", "certificate_type": "certificate_type", "by": dt.date(2028, 1, 2)},
        "The lead site holds “EU GMP certificate”, valid on 2028-01-02",
    ),
    (
        {"rule": "inspection", "regulator": "regulator", "quantity": 5},
        "The lead site was inspected by FDA within the last 5 years, without official action (OAI)",
    ),
    (
        {"rule": "inspection", "quantity": 1},
        "The lead site was inspected by an authority within the last year, without official action (OAI)",
    ),
    (
        {"rule": "capacity", "modality": "modality"},
        "The lead site has an open slot for “Viral vector, AAV” by 2027-07-31",
    ),
    (
        {"rule": "capacity", "quantity": 1500, "unit": "unit", "by": dt.date(2027, 1, 1)},
        "The lead site has 1,500 L free by 2027-01-01",
    ),
    (
        {
            "rule": "track_record",
            "track_record_kind": "ind_supported",
            "quantity": 1,
            "regulator": "regulator",
        },
        "The lead site has supported at least 1 IND or CTA with FDA",
    ),
    (
        {"rule": "track_record", "track_record_kind": "ppq", "quantity": 3, "same_site": False},
        "The partner has completed at least 3 PPQ campaigns",
    ),
    (
        {"rule": "metric", "metric": "metric", "quantity": Decimal("95.5"), "same_site": False},
        "“On time in full” is at least 95.5% at one of the partner's sites",
    ),
    (
        {"rule": "metric", "metric": "metric", "quantity": 90, "at_most": True},
        "“On time in full” is at most 90% at the lead site",
    ),
    (
        {"rule": "metric", "metric": "metric"},
        "“On time in full” is answered with yes at the lead site",
    ),
    (
        {"rule": "minimum_project", "quantity": Decimal(6_000_000)},
        "The partner's minimum project value is at most EUR 6,000,000",
    ),
    (
        {"rule": "contract_structure", "contract_structure": "contract_structure"},
        "The partner contracts as “Component / part”",
    ),
    ({"rule": "country", "countries": ["DE"]}, "The lead site is in Germany"),
    (
        {"rule": "country", "countries": ["CH", "FR", "DE"], "same_site": False},
        "One of the partner's sites is in Switzerland, France or Germany",
    ),
]


@pytest.mark.parametrize(("values", "sentence"), SENTENCES, ids=[s for _, s in SENTENCES])
def test_a_need_reads_as_one_sentence(terms, values, sentence):
    project = Project(currency="EUR", need_date=dt.date(2027, 7, 31))
    named = {
        key: terms.get(value, value) if isinstance(value, str) else value for key, value in values.items()
    }
    named["rule"] = values["rule"]
    assert need_label(Need(project=project, **named)) == sentence


def test_without_any_date_a_certificate_is_needed_today_and_a_slot_at_any_time(terms):
    project = Project()
    certificate = Need(project=project, rule="certificate", certificate_type=terms["certificate_type"])
    assert need_label(certificate) == "The lead site holds “EU GMP certificate”, valid today"
    assert need_label(Need(project=project, rule="capacity")) == "The lead site has an open slot"


def test_every_kind_of_track_record_has_words():
    for kind in TrackRecordKind:
        need = Need(project=Project(), rule="track_record", track_record_kind=kind, quantity=2)
        assert need_label(need).startswith("The lead site ")
        assert " at least 2 " in need_label(need)


def test_the_engine_gets_the_same_sentence(terms):
    need = NeedFactory(project__currency="USD", service=terms["service"], same_site=False)
    (seen,) = brief_for(need.project).needs
    assert seen.label == need_label(need) == "One of the partner's sites offers “Viral vector”"


def test_parts_of_the_scope_that_ask_for_one_service_are_told_apart_by_their_scale(terms):
    first = NeedFactory(
        project__currency="USD", service=terms["service"], quantity=200, unit=terms["unit"], order=0
    )
    NeedFactory(project=first.project, service=terms["service"], quantity=2000, unit=terms["unit"], order=1)
    NeedFactory(project=first.project, service=terms["service"], order=2)
    titles = [need.title.replace("\u00a0", " ") for need in brief_for(first.project).needs]
    assert titles == ["Viral vector, 200 L", "Viral vector, 2,000 L", ""]
    Need.objects.exclude(pk=first.pk).delete()
    assert [need.title for need in brief_for(first.project).needs] == ["Viral vector"]


def metric(kind: str) -> Metric:
    return Metric(label="Measure", kind=kind)


PROBLEMS = [
    ("nonsense", {}, {"rule": "Choose what kind of need this is."}),
    ("capability", {}, {"service": "Give a service, modality, dosage form or production system."}),
    ("capability", {"modality": 1, "quantity": Decimal(200)}, {"unit": "Give the unit of the amount."}),
    (
        "capability",
        {"modality": 1, "unit": 1},
        {"quantity": "Give the amount that goes with the unit, or leave both empty."},
    ),
    (
        "capability",
        {"modality": 1, "unit": 1, "quantity": Decimal(0)},
        {"quantity": "Enter a number above zero."},
    ),
    ("biosafety", {}, {"quantity": "This is needed to check partners against it."}),
    ("biosafety", {"quantity": Decimal(5)}, {"quantity": "Enter a whole number from 1 to 4."}),
    ("biosafety", {"quantity": Decimal("2.5")}, {"quantity": "Enter a whole number from 1 to 4."}),
    ("biosafety", {"quantity": Decimal("NaN")}, {"quantity": "Enter a number."}),
    ("containment", {"quantity": Decimal(0)}, {"quantity": "Enter a number above zero."}),
    ("certificate", {}, {"certificate_type": "This is needed to check partners against it."}),
    ("certificate", {"certificate_type": 1, "by": TODAY - dt.timedelta(1)}, {"by": "This day has passed."}),
    ("inspection", {"quantity": Decimal(0)}, {"quantity": "Enter a whole number from 1 to 20."}),
    (
        "track_record",
        {"track_record_kind": "", "quantity": None},
        {
            "track_record_kind": "This is needed to check partners against it.",
            "quantity": "This is needed to check partners against it.",
        },
    ),
    (
        "metric",
        {"metric": metric("number")},
        {"quantity": "“Measure” is a number: give the value to reach."},
    ),
    (
        "metric",
        {"metric": metric("flag"), "quantity": Decimal(1)},
        {"quantity": "“Measure” is answered with yes or no: leave the value empty."},
    ),
    ("metric", {"metric": metric("text")}, {"metric": "“Measure” is a text and cannot be checked."}),
    ("minimum_project", {"quantity": Decimal(-5)}, {"quantity": "Enter a number above zero."}),
    ("country", {"countries": []}, {"countries": "This is needed to check partners against it."}),
]


@pytest.mark.parametrize(("rule", "values", "expected"), PROBLEMS)
def test_what_the_engine_could_not_check_is_named_at_its_field(rule, values, expected):
    assert problems(rule, values, today=TODAY) == expected


@pytest.mark.parametrize(
    ("rule", "values"),
    [
        ("capability", {"production_system": 1}),
        ("capability", {"service": 1, "quantity": Decimal(200), "unit": 1}),
        ("certificate", {"certificate_type": 1, "by": TODAY}),
        ("capacity", {}),
        ("inspection", {"quantity": Decimal(5)}),
        ("metric", {"metric": metric("flag"), "quantity": None}),
        ("metric", {"metric": metric("number"), "quantity": Decimal(0)}),
    ],
)
def test_values_that_can_be_checked_have_no_problem(rule, values):
    assert problems(rule, values, today=TODAY) == {}


def test_columns_that_the_rule_does_not_read_are_emptied():
    typed = {"quantity": Decimal(6), "service": 1, "gmp": True, "countries": ["DE"], "same_site": False}
    kept = only_read_fields("minimum_project", typed)
    assert set(kept) == set(RULE_FIELDS)
    assert {name: value for name, value in kept.items() if value not in (None, "", [], False)} == {
        "quantity": Decimal(6),
        "same_site": True,
    }


# -- suggestions ---------------------------------------------------------------------------------------


def test_every_code_in_the_suggestions_is_a_shipped_term():
    modalities = {*suggestion_rules.MAIN_SERVICE, *suggestion_rules.FORM_FIRST}
    modalities |= suggestion_rules.LIVE_VIRUS | suggestion_rules.POTENT | set(suggestion_hazards.HAZARD_OF)
    assert modalities <= shipped("modalities")
    services = {*suggestion_rules.MAIN_SERVICE.values(), *suggestion_rules.FORM_SERVICE.values()}
    assert services <= shipped("services")
    assert set(suggestion_rules.FORM_SERVICE) <= shipped("dosage_forms")
    assert set(suggestion_rules.MARKET_CERTIFICATE.values()) <= shipped("certificate_types")
    tables = {
        "service": "services",
        "modality": "modalities",
        "certificate_type": "certificate_types",
        "regulator": "regulators",
        "metric": "metrics",
    }
    seen = set()
    for profile in Profile:
        for stage in Stage:
            for modality in ("mrna-lnp", "aav", "generic"):
                project = Project(
                    profile=profile, stage=stage, markets=["US", "EU", "UK", "JP"], need_date=TODAY
                )
                project.modality = Need._meta.get_field("modality").related_model(code=modality)
                for draft in suggestion_rules.drafts_for(project):
                    seen |= {(tables[name], draft.values[name]) for name in tables if draft.values.get(name)}
    assert {(table, code) for table, code in seen if code not in shipped(table)} == set()
    assert len(seen) > 25


@pytest.fixture
def vocabulary(db):
    """The terms that suggestions for a viral vector use."""
    for code in ("ds-viral-vector", "ds-plasmid", "method-development", "fill-finish"):
        catalogue.ServiceFactory(code=code)
    catalogue.MetricFactory(code="pilot_study_offered", kind=MetricKind.FLAG)
    catalogue.RegulatorFactory(code="fda", label="FDA")
    catalogue.CertificateTypeFactory(code="eu-gmp", label="EU GMP certificate")


def offers(project, existing=()):
    return {s.key: (s.need.level, s.label) for s in suggested_needs(project, existing)}


@pytest.mark.django_db
@pytest.mark.usefixtures("vocabulary")
def test_a_viral_vector_before_the_ind_gets_its_usual_needs():
    project = ProjectFactory(
        modality=catalogue.ModalityFactory(code="aav", label="AAV"),
        dosage_form=catalogue.DosageFormFactory(code="injection-solution"),
        stage=Stage.IND_ENABLING,
        markets=["US", "EU"],
        need_date=dt.date(2027, 7, 31),
        scale_now=200,
        scale_next=500,
        scale_unit=catalogue.ScaleUnitFactory(code="l", symbol="L"),
    )
    assert offers(project) == {
        "main-process": ("must", "The lead site offers “Ds viral vector” for “AAV” under GMP at 200 L"),
        "next-scale": ("should", "The lead site offers “Ds viral vector” for “AAV” under GMP at 500 L"),
        "finished-form": ("should", "One of the partner's sites offers “Fill finish” under GMP"),
        "biosafety": ("must", "The lead site works at biosafety level 2 or higher in “AAV”"),
        "plasmid": ("should", "One of the partner's sites offers “Ds plasmid”"),
        "pilot": ("could", "“Pilot_study_offered” is answered with yes at one of the partner's sites"),
        "methods": ("should", "One of the partner's sites offers “Method development”"),
        "ind": ("should", "The partner has supported at least 1 IND or CTA in “AAV” with FDA"),
        "slot": ("must", "The lead site has an open slot for “AAV” by 2027-07-31"),
    }


@pytest.mark.django_db
@pytest.mark.usefixtures("vocabulary")
def test_the_european_certificate_becomes_a_must_before_approval():
    project = ProjectFactory(stage=Stage.PHASE_2, markets=["EU"], modality=None)
    assert offers(project)["certificate-eu"][0] == NeedLevel.SHOULD
    project.stage = Stage.REGISTRATION
    assert offers(project)["certificate-eu"][0] == NeedLevel.MUST
    project.markets = ["US"]
    assert "certificate-eu" not in offers(project)


@pytest.mark.django_db
@pytest.mark.usefixtures("vocabulary")
def test_what_the_project_has_already_and_retired_terms_are_not_offered():
    project = ProjectFactory(modality=catalogue.ModalityFactory(code="aav"))
    assert {"main-process", "biosafety", "plasmid"} <= set(offers(project))
    existing = NeedFactory(
        project=project, rule="biosafety", quantity=3, service=None, modality=project.modality
    )
    service = catalogue.ServiceFactory(code="ds-plasmid")
    service.active = False
    service.save()
    assert {"biosafety", "plasmid"} & set(offers(project, [existing])) == set()
    assert "main-process" in offers(project, [existing])


@pytest.mark.django_db
@pytest.mark.usefixtures("vocabulary")
def test_a_need_that_asks_for_the_same_or_more_covers_what_would_be_offered():
    aav = catalogue.ModalityFactory(code="aav")
    project = ProjectFactory(
        modality=aav,
        dosage_form=catalogue.DosageFormFactory(code="injection-solution"),
        stage=Stage.IND_ENABLING,
        need_date=TODAY,
        scale_now=200,
        scale_next=500,
        scale_unit=catalogue.ScaleUnitFactory(code="l", symbol="L"),
    )
    narrow = {"project": project, "modality": None, "unit": None, "quantity": None}
    vials = catalogue.ServiceFactory(code="vials", parent=Service.objects.get(code="fill-finish"))
    plasmid = Service.objects.get(code="ds-plasmid")
    wanted = {"finished-form", "biosafety", "plasmid", "main-process", "next-scale"}
    assert wanted <= set(offers(project))

    covering = [
        NeedFactory(**{**narrow, "quantity": 2}, rule="biosafety", service=None),
        NeedFactory(**{**narrow, "modality": aav}, rule="capability", service=vials, gmp=True),
        NeedFactory(**narrow, rule="capability", service=plasmid, gmp=True),
        NeedFactory(
            project=project,
            rule="capability",
            service=Service.objects.get(code="ds-viral-vector"),
            modality=aav,
            unit=project.scale_unit,
            quantity=200,
            gmp=True,
        ),
    ]
    assert wanted & set(offers(project, covering)) == {"next-scale"}, "500 L is more than 200 L"

    weaker = [NeedFactory(**narrow, rule="capability", service=vials, gmp=False)]
    assert "finished-form" in offers(project, weaker), "without GMP it asks for less"


@pytest.mark.django_db
def test_a_device_is_never_offered_drug_needs():
    catalogue.CertificateTypeFactory(code="iso-13485", label="ISO 13485")
    project = ProjectFactory(profile=Profile.DEVICE, stage=Stage.REGISTRATION, markets=["EU"])
    assert offers(project) == {"iso-13485": ("must", "The lead site holds “ISO 13485”, valid today")}
    asked = ["minimum_project", "contract_structure", "nda", "conflict"]
    assert [prompt.rule for prompt in prompts(project)] == asked


@pytest.mark.django_db
def test_special_products_are_offered_their_facility_registration_and_markets():
    project = ProjectFactory(
        modality=catalogue.ModalityFactory(code="hpapi"), stage=Stage.DISCOVERY, markets=["CH", "EU"]
    )
    assert offers(project)["dedicated"] == (
        "should",
        "The lead site has a facility dedicated to cytotoxic compounds",
    )
    project.stage, project.description = Stage.REGISTRATION, "Amoxicillin, a Schedule II opioid for a test."
    found = offers(project)
    assert {key: found[key] for key in ("dedicated", "dea-schedule", "market-ch")} == {
        "dedicated": ("must", "The lead site has a facility dedicated to beta-lactams"),
        "dea-schedule": ("must", "The lead site is registered with the DEA for schedule II, valid today"),
        "market-ch": ("must", "The lead site is accepted by the authority of Switzerland"),
    }
    assert "market-eu" not in found, "its certificate is offered instead"
    had = NeedFactory(project=project, rule="dedicated", hazard="beta_lactam", service=None, modality=None)
    assert "dedicated" not in offers(project, [had])
    project.description = "An opioid; schedule 2 batches a year."
    assert "dea-schedule" not in offers(project)
    assert "schedule" in [prompt.rule for prompt in prompts(project)]


@pytest.mark.django_db
def test_the_worst_price_of_the_whole_programme_is_offered_as_minimum_project():
    project = ProjectFactory(modality=None, price_basis="programme", price_limit=6_000_000)
    assert offers(project)["minimum-project"] == (
        "must",
        "The partner's minimum project value is at most USD 6,000,000",
    )
    assert [prompt.rule for prompt in prompts(project)] == ["nda", "conflict"]


@pytest.mark.django_db
@pytest.mark.usefixtures("vocabulary")
def test_suggestions_read_each_vocabulary_once(django_assert_num_queries):
    project = ProjectFactory(
        modality=catalogue.ModalityFactory(code="aav"),
        stage=Stage.PHASE_1,
        markets=["US", "EU"],
        need_date=TODAY,
    )
    with django_assert_num_queries(5):
        assert len(suggested_needs(project)) == 8


def test_the_engine_calls_countries_and_markets_as_the_pages_do():
    assert {code: country_name(code) for code in COUNTRIES} == {
        code: format_country(code) for code in COUNTRIES
    }
    assert {market: market_name(market) for market in Market.values} == dict(Market.choices)
