"""Every search and every count against a brute-force reading of the same catalogue."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partners.browse import browse
from partners.models import Facility, Organisation
from quotes.models import PartnerRelation
from tests.factories import accounts
from tests.factories import partners as make
from tests.partners.facets import oracle

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()
TEXTS = ("partner", "part 07", "Partner 1", "site 1", "SITE 2 partner", "03 site", "nobody")
CHOICES = {
    "modality": oracle.MODALITIES,
    "service": tuple(oracle.SERVICES),
    "dosage_form": oracle.FORMS,
    "gmp": ("yes", "no", "unknown"),
    "bsl": ("1", "2", "3", "4"),
    "evidence": oracle.LEVELS,
    "country": (*oracle.COUNTRIES, "eu-eea", "europe-other", "north-america"),
    "certificate": oracle.CERTIFICATES,
    "actions": ("none",),
    "inspected": ("1", "3", "10"),
    "type": oracle.TYPES,
    "structure": oracle.STRUCTURES,
    "industry": oracle.INDUSTRIES,
    "sponsor_size": oracle.SIZES,
    "checked": ("6", "12", "24", "older"),
    "record": ("real", "illustrative"),
    "flag": (*oracle.FLAGS, "unflagged"),
    "tag": oracle.TAGS,
    "nda": ("sent", "signed", "expired", "unrecorded"),
}


def write(catalogue: list[oracle.Partner], sponsor, user) -> None:
    """The catalogue as rows of the database."""
    services = {}
    for code, parent in oracle.SERVICES.items():
        services[code] = make.ServiceFactory(code=code, parent=services.get(parent))
    size = make.MetricFactory(code="client_size_focus", kind="text")
    for partner in catalogue:
        dated = {"retrieved_on": partner.retrieved}
        organisation = make.OrganisationFactory(name=partner.name, illustrative=partner.illustrative, **dated)
        for code in partner.types:
            make.OrganisationTypeFactFactory(
                organisation=organisation, type=make.OrganisationTypeFactory(code=code)
            )
        for code in partner.structures:
            make.ContractStructureFactFactory(
                organisation=organisation, structure=make.ContractStructureFactory(code=code)
            )
        for code in partner.industries:
            make.IndustryFactFactory(organisation=organisation, industry=make.IndustryFactory(code=code))
        if partner.size:
            make.MetricValueFactory(organisation=organisation, metric=size, number=None, text=partner.size)
        if partner.minimum:
            amount, currency = partner.minimum
            make.CommercialTermsFactory(
                organisation=organisation, minimum_project=amount, currency=currency, **dated
            )
        status, ends = partner.nda
        PartnerRelation.objects.create(
            sponsor=sponsor, organisation=organisation, standing=partner.flag, tags=partner.tags,
            standing_reason="Late twice.", nda_status=status, nda_on=TODAY - dt.timedelta(days=400) if status else None,
            nda_expires_on=ends, updated_by=user,
        )  # fmt: skip
        for site in partner.sites:
            write_site(site, organisation, services, dated)


def write_site(site: oracle.Site, organisation, services, dated) -> None:
    place = make.FacilityFactory(
        organisation=organisation, name=site.name, country=site.country, active=site.active, **dated
    )

    def term(factory, code):
        return factory(code=code) if code else None

    for row in site.rows:
        make.CapabilityFactory(
            facility=place, modality=term(make.ModalityFactory, row.modality), service=services[row.service],
            dosage_form=term(make.DosageFormFactory, row.form), scale_unit=term(make.ScaleUnitFactory, row.unit),
            scale_min=row.low, scale_max=row.high, gmp=row.gmp, oel_ug_m3=row.oel, biosafety_level=row.bsl,
            evidence_level=row.evidence, **dated,
        )  # fmt: skip
    for kind, issued, expires in site.certificates:
        held = {"issued_on": issued, "expires_on": expires}
        if issued and expires and expires < issued:
            held["issued_on"] = None
        make.CertificateFactory(facility=place, type=make.CertificateTypeFactory(code=kind), **held, **dated)
    for slot in site.slots:
        make.CapacitySlotFactory(
            facility=place, starts_on=slot.starts, ends_on=slot.ends, status=slot.status,
            modality=term(make.ModalityFactory, slot.modality), service=services.get(slot.service),
        )  # fmt: skip
    write_ended(place, services, dated)
    if site.open_action:
        make.RegulatoryActionFactory(facility=place)
    if site.closed_action:
        make.RegulatoryActionFactory(facility=place, closed_on=TODAY)
    if site.inspected:
        make.InspectionFactory(facility=place, ended_on=site.inspected)


def write_ended(place, services, dated) -> None:
    """Facts whose validity ended, such as those that left their register: no search may find them."""
    ended = {"valid_until": TODAY - dt.timedelta(days=1), **dated}
    make.CapabilityFactory(
        facility=place, modality=make.ModalityFactory(code="t-aav"), service=services["t-vector"], gmp=True,
        oel_ug_m3="0.01", biosafety_level=3, **ended,
    )  # fmt: skip
    later = TODAY + dt.timedelta(days=700)
    make.CertificateFactory(
        facility=place, type=make.CertificateTypeFactory(code="t-gmp"), expires_on=later, **ended
    )
    make.CapacitySlotFactory(facility=place, starts_on=TODAY, ends_on=later, status="open", **ended)
    make.RegulatoryActionFactory(facility=place, **ended)
    make.InspectionFactory(facility=place, ended_on=TODAY, **ended)


@dataclass(repr=False)
class World:
    """A catalogue and the sponsor who keeps notes on it."""

    catalogue: list
    sponsor: object


@pytest.fixture(params=[1, 2])
def world(request):
    """A catalogue at random, written, with the sponsor that keeps notes on it."""
    membership = accounts.MembershipFactory()
    catalogue = oracle.draw(request.param)
    for partner in catalogue:  # a certificate that expires before its issue has no known issue date
        for site in partner.sites:
            site.certificates = [
                (kind, None if issued and expires and expires < issued else issued, expires)
                for kind, issued, expires in site.certificates
            ]
    for factory, codes in (
        (make.ModalityFactory, oracle.MODALITIES), (make.DosageFormFactory, oracle.FORMS),
        (make.ScaleUnitFactory, oracle.UNITS), (make.CertificateTypeFactory, oracle.CERTIFICATES),
        (make.OrganisationTypeFactory, oracle.TYPES), (make.ContractStructureFactory, oracle.STRUCTURES),
        (make.IndustryFactory, oracle.INDUSTRIES),
    ):  # fmt: skip
        for code in codes:
            factory(code=code)
    write(catalogue, membership.sponsor, membership.user)
    return World(catalogue, membership.sponsor)


@st.composite
def searches(draw):
    """What is asked: facet → codes, or the values of a typed one."""
    names = draw(st.sets(st.sampled_from([*CHOICES, "scale", "oel", "slot_by", "min_project"]), max_size=5))
    asked = {}
    for name in sorted(names):
        if name in CHOICES:
            asked[name] = sorted(draw(st.sets(st.sampled_from(CHOICES[name]), min_size=1, max_size=2)))
        elif name == "scale":
            low, high = draw(st.sampled_from(((200, None), (None, 50), (50, 200), (2000, 2000))))
            asked[name] = (draw(st.sampled_from(oracle.UNITS)), low, high)
        elif name == "oel":
            asked[name] = draw(st.sampled_from((Decimal("0.05"), Decimal(5), Decimal(100))))
        elif name == "slot_by":
            asked[name] = TODAY + dt.timedelta(days=draw(st.sampled_from((0, 60, 400))))
        else:
            asked[name] = (
                Decimal(draw(st.sampled_from((100_000, 1_000_000, 4_700_000)))),
                draw(st.sampled_from(("USD", "EUR"))),
            )
    if draw(st.booleans()):
        asked["network"] = True
    if text := draw(st.sampled_from(("", "", "", *TEXTS))):
        asked["q"] = text
    return asked, TODAY + dt.timedelta(days=draw(st.sampled_from((0, 0, 200))))


def address(asked, on):
    """The search as parameters."""
    params = {name: codes for name, codes in asked.items() if name in CHOICES}
    params["valid_on"] = on.isoformat()
    if "scale" in asked:
        unit, low, high = asked["scale"]
        params |= {"scale_unit": unit, "scale_min": low or "", "scale_max": high or ""}
    for name in ("oel", "slot_by", "q"):
        if name in asked:
            params[name] = str(asked[name])
    if "min_project" in asked:
        params |= {"min_project": str(asked["min_project"][0]), "currency": asked["min_project"][1]}
    if asked.get("network"):
        params["network"] = "1"
    return params


def truth(asked, on):
    """The search as the oracle reads it."""
    return {**asked, **({"certificate": (asked["certificate"], on)} if "certificate" in asked else {})}


def names_of(result):
    by_id = Organisation.objects.in_bulk(result.ids)
    return [by_id[pk].name for pk in result.ids]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(search=searches())
def test_a_search_finds_what_brute_force_finds_with_all_its_counts(world, search):
    catalogue, sponsor = world.catalogue, world.sponsor
    asked, on = search
    result = browse(address(asked, on), sponsor, prices=True)
    assert result.filter.remarks == []
    names = names_of(result)
    assert (sorted(names) if "q" in asked else names) == oracle.found(catalogue, truth(asked, on))
    assert result.count == len(result.ids)

    counted = {facet: {} for facet in CHOICES}
    for group in result.panel:
        for facet in group.facets:
            waiting = list(facet.entries)
            while waiting:
                entry = waiting.pop()
                waiting.extend(entry.children)
                counted[entry.facet][entry.term.code] = entry.count
    for facet, codes in CHOICES.items():
        for code in codes:
            alone = truth({**asked, facet: [code]}, on)
            assert counted[facet].get(code, 0) == len(oracle.found(catalogue, alone)), (facet, code)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(search=searches())
def test_usual_numbers_of_typed_facets_give_what_they_say(world, search):
    asked, on = search
    result = browse(address(asked, on), world.sponsor, prices=True)
    offers = {facet.name: facet.quick for group in result.panel for facet in group.facets if facet.quick}
    for name, quick in offers.items():
        for offer in quick:
            params = parse_qs(urlsplit(offer.url).query)
            found = browse(params, world.sponsor, prices=True)
            assert found.filter.remarks == []
            assert found.count == offer.count > 0, (name, offer.label)
            if name == "scale":
                value = (params["scale_unit"][0], int(params["scale_min"][0]), None)
            elif name == "min_project":
                value = (Decimal(params[name][0]), params["currency"][0])
            else:
                value = Decimal(params[name][0]) if name == "oel" else dt.date.fromisoformat(params[name][0])
            assert offer.count == len(oracle.found(world.catalogue, truth({**asked, name: value}, on)))
    assert set(offers) <= {"scale", "oel", "slot_by", "min_project"}


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(search=searches())
def test_sites_named_are_those_that_fulfil_the_search(world, search):
    catalogue, sponsor = world.catalogue, world.sponsor
    asked, on = search
    asked.pop("network", None)
    result = browse(address(asked, on), sponsor, prices=True)
    named = set(Facility.objects.filter(pk__in=result.sites).values_list("name", flat=True))
    assert named == set(oracle.sites_found(catalogue, truth(asked, on)))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(search=searches())
def test_reasons_for_nothing_name_filters_whose_absence_gives_that_many(world, search):
    catalogue, sponsor = world.catalogue, world.sponsor
    result = browse(address(*search), sponsor, prices=True)
    if result.count:
        assert result.reasons == []
        return
    for reason in result.reasons:
        without = browse(parse_qs(urlsplit(reason.url).query), sponsor, prices=True)
        assert without.count == reason.count > 0
    fewest = {len(reason.filters) for reason in result.reasons}
    assert len(fewest) <= 1
    singles = [
        name
        for name in search[0]
        if name != "network"
        and oracle.found(catalogue, truth({k: v for k, v in search[0].items() if k != name}, search[1]))
    ]
    assert bool(singles) == (fewest == {1})


def test_another_sponsor_sees_nothing_of_what_is_kept(world):
    other = accounts.MembershipFactory().sponsor
    result = browse({"tag": ["audited by us"]}, other)
    assert [group.label for group in result.panel] == ["One site", "The partner"]
    assert len(result.ids) == Organisation.objects.count()
    assert result.filter.remarks == ["Our tags: “audited by us” is not known here and was left out."]
    assert browse({"flag": "preferred"}, other).ids == []
    assert len(browse({"nda": "unrecorded", "flag": "unflagged"}, other).ids) == Organisation.objects.count()
    nobody = browse({"flag": "preferred"}, None)
    assert nobody.filter.remarks == ["Our flag: “preferred” is not known here and was left out."]
