"""Screening and measuring whole columns finds, number for number, what the engine finds partner by partner."""

import datetime as dt
from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partners.scoring import assess, default_weights, rank
from partners.scoring.columnar import Catalogue
from partners.scoring.large import rank_screened, screen
from partners.scoring.types import FactRef, Group, Level, Outcome, QuoteFact, Rule
from tests.partners.scoring.builders import (
    AAV_PATH,
    TODAY,
    action,
    audit,
    brief,
    capability,
    certificate,
    inspection,
    metric,
    need,
    partner,
    price,
    record,
    ref,
    restriction,
    site,
    slot,
    terms,
)

PATHS = [
    AAV_PATH,
    AAV_PATH[:1],
    ("analytical-qc", "release-testing"),
    ("process-development",),
    (),
    ("data-management",),
]
MODALITIES = [None, "aav", "mab"]
days = st.dates(dt.date(2019, 1, 1), dt.date(2029, 1, 1))
maybe_day = st.none() | days
maybe = st.none() | st.booleans()
counts = st.none() | st.integers(0, 12)


def of(*values):
    return st.sampled_from(values)


def some(strategy, most=3):
    return st.lists(strategy, max_size=most).map(tuple)


paths = of(*PATHS)
capabilities = paths.flatmap(
    lambda path: st.builds(
        capability, st.just(path[-1] if path else "tooling"), st.just(path), modality=of(*MODALITIES),
        dosage_form=of(None, "vial"), production_system=of(None, "hek"), scale_max=st.none() | of(50.0, 200.0, 2000.0),
        scale_min=st.none() | of(10.0, 300.0), scale_unit=of(None, "l", "kg"), gmp=maybe, programmes=counts,
        stage_from=st.none() | st.integers(1, 5), stage_to=st.none() | st.integers(4, 8),
        oel_ug_m3=st.none() | of(0.5, 5.0), biosafety_level=st.none() | st.integers(1, 3),
        dedicated_for=of(None, "cytotoxic", "HPAPI suite", "multi-product", "beta-lactam", "building 4"),
    )
)  # fmt: skip
certificates = st.builds(
    certificate,
    of("eu-gmp", "fda-registration", "iso-13485", "gcp-inspection", "iso-27001", "ecovadis", "iso-14001", "dea"),
    expires_on=maybe_day, schedules=of(frozenset(), frozenset({"II"}), frozenset({"III", "IV"})),
    scope_services=of(frozenset(), frozenset({"ds-viral-vector"}), frozenset({"other"})),
    scope_dosage_forms=of(frozenset(), frozenset({"vial"})),
)  # fmt: skip
inspections = st.builds(
    inspection, of("nai", "vai", "oai", "pending", "unknown"), maybe_day, of("fda", "ema", "mhra")
)
actions = st.builds(
    action, of("warning_letter", "recall"), days, closed_on=maybe_day, close_out_unknown=st.booleans()
)
audits = st.builds(
    audit, of("none", "minor", "major", "critical", "unknown"), maybe_day, of("sponsor", "qp", "third_party"),
    of(None, "gmp", "gcp", "device"), st.none() | st.integers(0, 3),
)  # fmt: skip
slots = st.builds(
    slot, days, of("open", "tentative", "reserved"), ends_on=maybe_day, modality=of(*MODALITIES), service_path=paths,
    quantity=st.none() | of(1.0, 4.0, 9.0), unit=of(None, "batches-year", "l"),
)  # fmt: skip
records = st.builds(
    record, of("ind_supported", "approval", "ppq", "tech_transfer", "programme", "trial"), counts,
    modality=of(*MODALITIES), service_path=paths, agency=of(None, "fda"), dosage_form=of(None, "vial"),
)  # fmt: skip
NUMBERS = (
    "otif_pct", "batch_success_pct", "sponsor_rating", "lead_time_weeks", "change_order_share_pct", "utilisation_pct",
    "ppm_defects", "tooling_lead_time_weeks", "repeat_business_pct", "countries_active", "sites_active",
    "patients_enrolled_per_year", "reference_clients", "time_zone_overlap_hours", "financial_strength",
    "sponsor_rating_virtual", "sponsor_rating_small", "sponsor_rating_large", "references_again_pct",
    "insurance_cover_musd", "employee_turnover_pct", "response_days", "meetings_per_month", "communication_rating",
)  # fmt: skip
YES_NO = (
    "transfer_team", "iq_oq_pq_offered", "ownership_change_24m", "business_continuity_plan", "dedicated_pm",
    "english_reporting", "pilot_study_offered", "cyber_certified", "ip_foreground_sponsor", "ip_background_licence",
    "platform_lock_in", "tooling_owned_by_sponsor", "transfer_out_offered", "export_restricted",
)  # fmt: skip
dated = st.dates(dt.date(2025, 1, 1), dt.date(2025, 1, 4))
metrics = (
    st.builds(metric, of(*NUMBERS), st.none() | st.floats(0, 120), as_of=dated)
    | st.builds(metric, of(*YES_NO), flag=maybe, as_of=dated)
    | st.builds(metric, of("financial_strength", "client_size_focus"), text=of("", "Strong", "small/mid", "odd"))
)  # fmt: skip
sites = st.builds(
    site, of("Alpha", "alpha", "Beta", "Gamma"), complete=st.none() | st.just(dt.date(2025, 6, 1)),
    country=of("US", "DE", ""), capabilities=some(capabilities), certificates=some(certificates),
    inspections=some(inspections), actions=some(actions, 2), slots=some(slots), track_record=some(records),
    metrics=some(metrics, 6), audits=some(audits, 4),
)  # fmt: skip
structures = of("toll", "end-to-end").map(lambda code: (code, ref("contractstructurefact", code)))
partners = st.lists(sites, max_size=3).flatmap(
    lambda own: st.builds(
        lambda **facts: partner(*own, **facts),
        name=of("Acme", "acme", "Borealis"), track_record=some(records), metrics=some(metrics, 6),
        contract_structures=st.lists(structures, max_size=2).map(dict),
        terms=some(st.builds(
            terms, minimum_project=st.none() | st.floats(0, 1e7), currency=of(None, "USD", "EUR"),
            payment_days=st.none() | st.integers(0, 90), cancellation_share=st.none() | st.floats(0, 1),
        )),
        prices=some(st.builds(
            price, st.floats(0.5e6, 1.5e6), st.floats(1.5e6, 3e6), of("USD", "EUR"), of("gmp_batch", "programme"),
            modality=of(*MODALITIES), service_path=paths,
        )),
        restrictions=some(st.builds(restriction, days, maybe_day), 2),
        restricted_lists=of((), ("the list",)),
    )
)  # fmt: skip

levels = st.sampled_from(Level)
numbers = st.none() | of(1.0, 2.0, 200.0)
any_need = st.one_of(
    st.builds(
        need, st.just(Rule.CAPABILITY), levels, service=of(None, "ds-viral-vector", "release-testing"),
        service_path=of((), AAV_PATH), modality=of(*MODALITIES), dosage_form=of(None, "vial"),
        production_system=of(None, "hek"), quantity=numbers, unit=of(None, "l"), stage=st.none() | st.integers(1, 8),
        gmp=st.booleans(), same_site=st.booleans(),
    ),
    st.builds(need, of(Rule.BIOSAFETY, Rule.CONTAINMENT), levels, quantity=numbers, service=of(None, "ds-viral-vector"),
              modality=of(None, "aav"), same_site=st.booleans()),
    st.builds(need, st.just(Rule.CERTIFICATE), levels, certificate_type=of(None, "eu-gmp", "iso-13485"),
              service=of(None, "ds-viral-vector"), dosage_form=of(None, "vial"), by=maybe_day, same_site=st.booleans()),
    st.builds(need, st.just(Rule.INSPECTION), levels, agency=of(None, "fda", "tga"), quantity=numbers),
    st.builds(need, st.just(Rule.CAPACITY), levels, quantity=numbers, unit=of(None, "batches-year"), by=maybe_day,
              modality=of(*MODALITIES), service=of(None, "ds-viral-vector"), same_site=st.booleans()),
    st.builds(need, st.just(Rule.TRACK_RECORD), levels, track_record_kind=of(None, "ind_supported", "approval"),
              quantity=numbers, agency=of(None, "fda"), service=of(None, "ds-viral-vector"), same_site=st.booleans()),
    st.builds(need, st.just(Rule.METRIC), levels, metric=of("otif_pct", "dedicated_pm", "nowhere"), quantity=numbers,
              at_most=st.booleans(), same_site=st.booleans()),
    st.builds(need, st.just(Rule.COUNTRY), levels, countries=of(frozenset({"US"}), frozenset({"DE", "FR"})),
              same_site=st.booleans()),
    st.builds(need, st.just(Rule.MINIMUM_PROJECT), levels, quantity=st.none() | of(0.0, 5e6), currency=of(None, "USD")),
    st.builds(need, st.just(Rule.CONTRACT_STRUCTURE), levels, contract_structure=of("toll", "licence")),
    st.builds(need, st.just(Rule.DEDICATED), levels, hazard=of("cytotoxic", "beta_lactam"), modality=of(*MODALITIES),
              service=of(None, "ds-viral-vector"), service_path=of((), AAV_PATH), same_site=st.booleans()),
    st.builds(need, st.just(Rule.SCHEDULE), levels, schedule=of("II", "V"), by=maybe_day, same_site=st.booleans()),
    st.builds(need, st.just(Rule.MARKET), levels, market=of("US", "EU", "JP", "ZZ"), by=maybe_day,
              same_site=st.booleans()),
    st.builds(need, of(Rule.NDA, Rule.CONFLICT), levels, same_site=st.just(False)),
    st.builds(need, of(Rule.NO_OPEN_ACTION, Rule.RESTRICTED_PARTY), levels),
)  # fmt: skip
briefs = st.builds(
    lambda needs, **fields: brief(*needs, **fields), st.lists(any_need, min_size=1, max_size=6),
    modality=of(*MODALITIES), markets=some(of("US", "EU", "ZZ")), federal_funding=st.booleans(),
    sponsor_size=of("", "virtual", "mid"), scale_now=st.none() | of(0.0, 200.0), scale_next=st.none() | st.just(2000.0),
    scale_unit=of(None, "l"), price_basis=of(None, "gmp_batch"), price_target=st.none() | st.just(1e6),
    price_limit=st.none() | of(1e6, 2e6), currency=of(None, "USD"), profile=of("drug", "clinical", "device"),
    need_date=maybe_day, discount=st.booleans(),
)  # fmt: skip

LEVELS_OF_EVIDENCE = ("self_declared", "document_checked", "audited", "hearsay")


def aged(node):
    """The same facts, each of an evidence level and an age of its own."""
    if isinstance(node, FactRef):
        day = TODAY - dt.timedelta(days=node.pk * 37 % 2900 - 100)
        happened = (
            day - dt.timedelta(days=400) if node.kind in ("inspection", "audit") and node.pk % 3 else None
        )
        read = node.as_of if node.kind in ("certificate", "metricvalue") else day if node.pk % 5 else None
        return replace(node, evidence=LEVELS_OF_EVIDENCE[node.pk % 4], as_of=read, happened_on=happened)
    if isinstance(node, tuple):
        return tuple(map(aged, node))
    if isinstance(node, dict):
        return {key: aged(value) for key, value in node.items()}
    if is_dataclass(node):
        return replace(node, **{f.name: aged(getattr(node, f.name)) for f in fields(node)})
    return node


def same_as_one_by_one(facts, asked):
    stored = Catalogue.build(facts)
    found = screen(stored, asked)
    for i, one in enumerate(assess(facts, asked)):
        expected = [(c.code, c.low, c.high, c.known) for c in one.criteria]
        measured = zip(found.low[i].tolist(), found.high[i].tolist(), found.known[i].tolist(), strict=True)
        assert [(c.code, *m) for c, m in zip(one.criteria, measured, strict=True)] == expected
        musts = [r for r in one.rules if r.level is Level.MUST]
        assert (int(found.fails[i]), int(found.mismatches[i]), int(found.unverified[i])) == (
            sum(r.outcome is Outcome.FAIL for r in musts),
            sum(r.outcome is Outcome.FAIL and r.mismatch for r in musts),
            sum(r.outcome is Outcome.UNKNOWN for r in musts),
        )


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(st.lists(partners.map(aged), max_size=6), briefs)
def test_whole_columns_say_bit_for_bit_what_the_engine_says_partner_by_partner(facts, asked):
    same_as_one_by_one(facts, asked)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(st.lists(partners, max_size=6), briefs, st.sampled_from([0.0, 40.0]), st.sampled_from([0.0, 0.7]))
def test_every_group_comes_in_the_order_of_the_ranking_of_the_facts(facts, asked, least, caution):
    stored = Catalogue.build(facts)
    options = {"min_coverage": least, "caution": caution}
    large = rank_screened(stored, screen(stored, asked), default_weights(4), others=10, **options)
    small = rank(facts, asked, default_weights(4), **options)
    assert large.first == {group: small.group(group) for group in Group}
    assert large.counts == {group: len(small.group(group)) for group in Group}


def test_quotes_are_judged_partner_by_partner_and_discounted_facts_in_columns():
    facts = [
        partner(site(capabilities=[capability()], metrics=[metric("otif_pct", 90.0)]), name=f"P{i}")
        for i in range(5)
    ]
    asked = brief(need(), price_basis="programme", price_target=1e6, price_limit=2e6, currency="USD")
    stored = Catalogue.build(facts)
    quoted = replace(facts[2], quotes=(QuoteFact(ref("quote"), "programme", 1.2e6, 1.4e6, "USD", 0.9),))
    changed = screen(stored, asked, changed={quoted.id: quoted})
    ranked = rank_screened(stored, changed, default_weights(4), min_coverage=0)
    beside = [quoted if p.id == quoted.id else p for p in facts]
    assert ranked.top == rank(beside, asked, default_weights(4), min_coverage=0).group(Group.RANKED)
    stale = replace(asked, discount=True, as_of=TODAY)
    ranked = rank_screened(stored, screen(stored, stale), default_weights(4), min_coverage=0)
    assert ranked.top == rank(facts, stale, default_weights(4), min_coverage=0).group(Group.RANKED)


def test_many_blocks_and_codes_that_nobody_holds(monkeypatch):
    from partners.scoring import large

    monkeypatch.setattr(large, "BLOCKS_AT_ONCE", 1)
    facts = [
        partner(site(capabilities=[capability(scale_max=float(i))]), name=f"P{i:04d}") for i in range(600)
    ]
    same_as_one_by_one(
        facts, brief(need(quantity=300, unit="l"), need(Rule.CERTIFICATE, certificate_type="nobody-has-it"))
    )


def test_a_brief_with_two_needs_of_one_id_or_an_unknown_profile_is_refused():
    stored = Catalogue.build([partner(site())])
    with pytest.raises(ValueError, match="same id"):
        screen(stored, brief(need(pk="a"), need(pk="a")))
    with pytest.raises(ValueError, match="Unknown profile"):
        screen(stored, brief(need(), profile="space"))
    assert np.array_equal(screen(Catalogue.build([]), brief(need())).low, np.zeros((0, 10)))
