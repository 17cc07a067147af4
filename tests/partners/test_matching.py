"""Matching register rows and merging duplicates: likeness, proposals, decisions, undo, and nothing lost on the way."""

import datetime
import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connections, transaction
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from cmo_selector.audit.models import AuditEvent
from partners import models
from partners.history.selectors import partner_changes
from partners.importers.evidence import lock_evidence
from partners.matching import duplicates, likeness, merging, proposals, references
from partners.matching.likeness import Address
from partners.matching.merging import MergeError, merge_partners, merge_sites, split, tell_apart
from partners.matching.proposals import MatchError, accept, propose, reject, undo
from partners.matching.terms import (
    TermError,
    merge_terms,
    set_synonyms,
    synonyms,
    undo_term_merge,
    usage,
)
from partners.scoring_inputs import service_paths
from partners.vocabularies import load_vocabularies
from tests.concurrency.waiting import until_waiting
from tests.factories import accounts, quotes
from tests.factories import partners as f

# -- likeness ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "least", "most"),
    [
        ("Catalent", "Catalent Pharma Solutions, LLC", 90, 100),
        ("CordenPharma", "Corden Pharma Boulder, Inc.", 90, 100),
        ("Lonza AG", "LONZA, Inc.", 100, 100),
        ("Delpharm", "Delpharm DIjon", 90, 100),
        ("Vetter Pharma", "Vetter Pharma-Fertigung GmbH & Co. KG", 85, 100),
        ("WuXi Biologics", "WuXi AppTec Inc.", 0, 85),
        ("Charles River", "River Valley Pharmacy", 0, 60),
        ("AGC Biologics", "Samsung Biologics", 0, 30),
        ("Sharp", "Sharpe Chemicals", 0, 100),
        ("", "Anything", 0, 0),
    ],
)
def test_names_of_one_company_are_alike_and_others_are_not(one, other, least, most):
    assert least <= likeness.names(one, other) <= most


@given(st.text(max_size=40), st.text(max_size=40))
def test_likeness_of_names_is_symmetric_bounded_and_certain_of_itself(one, other):
    alike = likeness.names(one, other)
    assert 0 <= alike <= 100
    assert alike == likeness.names(other, one)
    assert likeness.names(one, one) in (0.0, 100.0)


@pytest.mark.parametrize(
    ("other", "least", "most"),
    [
        (Address("US", "47403-5150", "Bloomington", "1300 S Patterson Dr"), 95, 100),
        (Address("US", "47403", "Bloomington", "1310 South Patterson Drive"), 60, 85),
        (Address("US", "60007", "Elk Grove", "25 Lively Blvd"), 0, 40),
        (Address("DE", "47403", "Bloomington", "1300 South Patterson Drive"), 0, 0),
    ],
)
def test_addresses_are_compared_part_by_part(other, least, most):
    own = Address("US", "47403", "Bloomington", "1300 South Patterson Drive")
    assert least <= likeness.addresses(own, other) <= most


def test_too_little_of_an_address_is_no_likeness():
    assert likeness.addresses(Address("US"), Address("US", "47403", "Bloomington")) is None


# -- proposals -----------------------------------------------------------------------------------------


@pytest.fixture
def curator(client, db):
    user = accounts.CuratorFactory(name="Ida Curator")
    client.force_login(user)
    return user


@pytest.fixture
def catalent(db):
    partner = f.OrganisationFactory(name="Catalent", illustrative=False)
    f.FacilityFactory(
        organisation=partner,
        name="Catalent Indiana",
        street="1300 South Patterson Drive",
        city="Bloomington",
        postal_code="47403",
        country="US",
    )
    return partner


def row(**more):
    given = {
        "firm_name": "Catalent Indiana, LLC",
        "street": "1300 S Patterson Dr",
        "city": "Bloomington",
        "postal_code": "47403",
        "country": "US",
    }
    return f.RegisterEstablishmentFactory(**{**given, **more})


def test_row_is_proposed_for_the_site_at_its_address_or_as_a_new_one(catalent):
    here, elsewhere = (
        row(),
        row(firm_name="Catalent CTS, LLC", street="10245 Hickman Mills Dr", city="Kansas City"),
    )
    row(firm_name="Somebody Else Inc.")
    row(firm_name="Catalent of another time", left_on="2025-01-01")
    assert propose() == 2
    first, second = models.MatchProposal.objects.all()
    assert (first.establishment, first.facility) == (here, catalent.facilities.get())
    assert (second.establishment, second.organisation, second.facility) == (elsewhere, catalent, None)
    assert first.confidence > second.confidence >= proposals.LEAST_CONFIDENCE
    assert any("Address" in reason for reason in first.reasons)


def test_illustrative_partners_are_never_matched(db):
    f.OrganisationFactory(name="Catalent", illustrative=True)
    row()
    assert propose() == 0


def test_the_same_fei_and_the_same_registrant_make_candidates_of_other_names(catalent):
    site = catalent.facilities.get()
    f.IdentifierFactory(facility=site, organisation=None, scheme="fei", value="3005949964")
    linked = row(facility=site, registrant_duns="111111111")
    by_fei = row(firm_name="Cook Pharmica LLC", fei="3005949964")
    by_owner = row(
        firm_name="Masterplant BV", registrant_duns=linked.registrant_duns, country="NL", city="Meppel"
    )
    assert propose() == 2
    found = {p.establishment: p for p in models.MatchProposal.objects.all()}
    assert found[by_fei].facility == site
    assert float(found[by_fei].confidence) >= proposals.FEI_SCORE
    assert (found[by_owner].facility, float(found[by_owner].confidence)) == (None, proposals.REGISTRANT_SCORE)


def test_looking_again_changes_nothing_and_a_rejected_pair_stays_rejected(catalent, curator):
    row()
    propose()
    (proposal,) = models.MatchProposal.objects.all()
    reject(actor=curator, proposal=proposal)
    assert propose() == 0
    proposal.refresh_from_db()
    assert proposal.state == "rejected"


def test_an_open_proposal_follows_its_records_and_a_site_that_has_gone_is_not_linked(catalent, curator):
    record, site = (
        row(city="Elsewhere", street="1 Other Road", postal_code="10000"),
        catalent.facilities.get(),
    )
    propose()
    (proposal,) = models.MatchProposal.objects.all()
    assert proposal.facility is None
    models.RegisterEstablishment.objects.update(street=site.street, city=site.city, postal_code="47403")
    assert propose() == 1
    surer = models.MatchProposal.objects.get()
    assert (surer.pk, surer.facility, surer.confidence > proposal.confidence) == (proposal.pk, site, True)
    assert any("Address" in reason for reason in surer.reasons)
    site.active = False
    site.save()
    with pytest.raises(MatchError, match="not active any more"):
        accept(actor=curator, proposal=surer)
    site.merged_into = f.FacilityFactory(organisation=catalent, name="Indiana")
    site.save()
    assert accept(actor=curator, proposal=surer).facility == site.merged_into
    record.refresh_from_db()
    assert record.facility == site.merged_into


@pytest.mark.django_db(transaction=True)
def test_accepting_holds_no_row_while_it_waits_for_an_import_that_writes_facts(catalent):
    """Whoever locked a row first and then waited for the facts would wait for an import that waits for the row."""
    record, actor = row(), accounts.CuratorFactory()
    propose()
    proposal = models.MatchProposal.objects.get()
    raised = []

    def work():
        try:
            accept(actor=actor, proposal=proposal)
        except Exception as error:
            raised.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=work)
    with transaction.atomic():
        lock_evidence()
        thread.start()
        until_waiting(1)
        models.RegisterEstablishment.objects.select_for_update(nowait=True).get(pk=record.pk)
    thread.join()
    record.refresh_from_db()
    assert (raised, record.facility) == ([], catalent.facilities.get())


def test_accepting_links_the_row_and_gives_the_site_its_numbers_and_undoing_takes_both_back(
    catalent, curator
):
    establishment, site = row(fei="3005949964"), catalent.facilities.get()
    propose()
    (proposal,) = models.MatchProposal.objects.all()
    accept(actor=curator, proposal=proposal)
    establishment.refresh_from_db()
    assert establishment.facility == site
    assert {(i.scheme, i.value, i.evidence_level) for i in site.identifiers.all()} == {
        ("duns", establishment.duns, "public_register"),
        ("fei", "3005949964", "public_register"),
    }
    with pytest.raises(MatchError, match="already accepted"):
        accept(actor=curator, proposal=proposal)
    undo(actor=curator, proposal=proposal)
    establishment.refresh_from_db()
    proposal.refresh_from_db()
    assert (establishment.facility, site.identifiers.count(), proposal.state) == (None, 0, "open")


def test_accepting_without_a_site_makes_it_from_the_register(catalent, curator):
    establishment = row(firm_name="Catalent CTS, LLC", street="10245 Hickman Mills Dr", city="Kansas City")
    propose()
    accept(actor=curator, proposal=models.MatchProposal.objects.get())
    site = catalent.facilities.get(city="Kansas City")
    assert (site.name, site.street, str(site.country), site.evidence_level, site.source) == (
        "Catalent CTS, LLC", "10245 Hickman Mills Dr", "US", "public_register", establishment.source,
    )  # fmt: skip
    undo(actor=curator, proposal=models.MatchProposal.objects.get())
    assert not catalent.facilities.filter(city="Kansas City").exists()


def test_accepting_gives_the_site_what_the_register_states_and_undoing_takes_it_back(catalent, curator):
    load_vocabularies()
    f.RegisterImportFactory()
    row(
        firm_name="Catalent CTS, LLC",
        street="10245 Hickman Mills Dr",
        city="Kansas City",
        operations=["PACK"],
    )
    propose()
    accept(actor=curator, proposal=models.MatchProposal.objects.get())
    site = catalent.facilities.get(city="Kansas City")
    assert list(site.capabilities.values_list("service__code", "note")) == [
        ("packaging-supply", "Registered as: PACK")
    ]
    assert list(site.certificates.values_list("type__code", flat=True)) == ["fda-registration"]
    undo(actor=curator, proposal=models.MatchProposal.objects.get())
    assert not catalent.facilities.filter(city="Kansas City").exists()
    assert not models.Capability.objects.exists()


def test_accepting_links_what_other_registers_say_of_the_same_fei_and_undoing_takes_that_back(
    catalent, curator
):
    load_vocabularies()
    for kind in ("drls", "483s", "warning-letters", "inspections"):
        f.RegisterImportFactory(kind=kind, source=f.SourceFactory(code=kind))

    def of(kind):
        return {"source": models.Source.objects.get(code=kind), "fei": "3005949964"}

    row(firm_name="Catalent CTS, LLC", city="Kansas City", street="10245 Hickman Mills Dr", **of("drls"))
    f.RegisterForm483Factory(**of("483s"))
    f.RegisterForm483Factory(source=models.Source.objects.get(code="483s"), fei="1")
    f.RegisterActionFactory(case_id="600001", **of("warning-letters"))
    f.RegisterInspectionFactory(**of("inspections"))
    refused = f.RegisterForm483Factory(link_refused=True, **of("483s"))
    propose()
    (proposal,) = models.MatchProposal.objects.all()
    accept(actor=curator, proposal=proposal)
    site = catalent.facilities.get(city="Kansas City")
    assert {
        model.__name__: model.objects.filter(facility=site).count()
        for model in (models.RegisterForm483, models.RegisterAction, models.RegisterInspection)
    } == {"RegisterForm483": 1, "RegisterAction": 1, "RegisterInspection": 1}
    assert (site.inspections.count(), site.actions.count(), site.certificates.count()) == (2, 1, 1)
    refused.refresh_from_db()
    assert refused.facility is None
    # a newer file says more of a linked row: the decision can be taken back all the same
    models.RegisterForm483.objects.filter(facility=site).update(firm_name="Catalent CTS LLC (KC)")
    undo(actor=curator, proposal=proposal)
    assert not catalent.facilities.filter(city="Kansas City").exists()
    for model in (models.RegisterForm483, models.RegisterAction, models.RegisterInspection):
        assert not model.objects.exclude(facility=None).exists()
    for model in (models.Inspection, models.RegulatoryAction, models.Capability):
        assert not model.objects.exists()


def test_a_second_look_for_matches_waits_for_the_first_and_then_looks_again(db, monkeypatch):
    from partners import tasks

    again = []
    monkeypatch.setattr(tasks.propose_matches, "apply_async", lambda **options: again.append(options))
    other = connections["default"].copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [tasks.MATCHING_LOCK])
        tasks.propose_matches.run()
        cursor.execute("SELECT pg_advisory_unlock(hashtext(%s))", [tasks.MATCHING_LOCK])
    other.close()
    assert again == [{"countdown": tasks.LOOK_AGAIN}]
    tasks.propose_matches.run()
    assert len(again) == 1


def test_a_row_that_was_linked_meanwhile_is_not_linked_again(catalent, curator):
    establishment = row()
    propose()
    other = f.FacilityFactory()
    models.RegisterEstablishment.objects.filter(pk=establishment.pk).update(facility=other)
    with pytest.raises(MatchError, match="was linked to"):
        accept(actor=curator, proposal=models.MatchProposal.objects.get())


# -- merging -------------------------------------------------------------------------------------------


@pytest.fixture
def twins(db):
    """Two records of one company, each with a site, facts and other people's rows."""
    keep = f.OrganisationFactory(name="Aldermoor Biologics", slug="aldermoor", website="")
    merged = f.OrganisationFactory(
        name="Aldermoor Bio", slug="aldermoor-bio", website="https://aldermoor.example"
    )
    kind = f.OrganisationTypeFactory()
    for partner in (keep, merged):
        site = f.FacilityFactory(organisation=partner, slug="works", name="Works")
        f.CapabilityFactory(facility=site)
        f.OrganisationTypeFactFactory(organisation=partner, type=kind)
        f.OwnershipFactory(organisation=partner, owner="Family")
    f.AliasFactory(organisation=merged, name="Quillon Works")
    f.OwnershipFactory(organisation=merged, owner="A fund", owned_from=datetime.date(2020, 6, 1))
    return keep, merged


def state():
    """Every row of the catalogue and of the sponsors' side that could be lost or changed by a merge."""
    tables = {
        field.model
        for kind in (models.Organisation, models.Facility)
        for field in references.references(kind)
    }
    tables |= {models.Organisation, models.Facility}
    silent = {"updated_at", "version"}
    return {
        table.__name__: [
            {name: value for name, value in row.items() if name not in silent}
            for row in table._base_manager.order_by("pk").values()
        ]
        for table in tables
    }


def test_merge_moves_everything_and_split_puts_it_back_exactly(twins, curator):
    keep, merged = twins
    relation = quotes.PartnerRelationFactory(organisation=merged, notes="Met in May.")
    before = state()
    merge = merge_partners(actor=curator, keep=keep, merged=merged, why="The same address")
    keep.refresh_from_db()
    merged.refresh_from_db()
    relation.refresh_from_db()
    assert {site.slug for site in keep.facilities.all()} == {"works", "works-2"}
    assert {alias.name for alias in keep.aliases.all()} == {"Quillon Works", "Aldermoor Bio"}
    assert (merged.active, merged.merged_into, keep.website) == (False, keep, "https://aldermoor.example")
    assert relation.organisation == keep
    assert [owner.owner for owner in keep.owners.all()] == ["A fund", "Family"]
    assert [owner.owner for owner in merged.owners.all()] == ["Family"]  # which both have
    # the type both have stays with the merged record
    assert (keep.type_facts.count(), merged.type_facts.count()) == (1, 1)
    assert {e.thing for e in partner_changes(keep, prices=True, limit=8)} >= {"Facility", "Alias"}
    split(actor=curator, merge=merge, why="Two companies after all")
    assert state() == before
    with pytest.raises(MergeError, match="taken back already"):
        split(actor=curator, merge=merge, why="again")


def test_notes_of_a_sponsor_on_both_are_put_together_and_taken_apart(twins, curator):
    keep, merged = twins
    own = quotes.PartnerRelationFactory(organisation=keep, notes="Good team.", tags=["aav"])
    quotes.PartnerRelationFactory(
        sponsor=own.sponsor, organisation=merged, notes="Slow answers.", tags=["aav", "slow"],
        standing="blocked", standing_reason="Open claim",
    )  # fmt: skip
    merge = merge_partners(actor=curator, keep=keep, merged=merged, why="x")
    own.refresh_from_db()
    assert (own.notes, own.tags, own.standing, own.standing_reason) == (
        "Good team.\n\nFrom Aldermoor Bio: Slow answers.", ["aav", "slow"], "blocked", "Open claim",
    )  # fmt: skip
    split(actor=curator, merge=merge, why="x")
    own.refresh_from_db()
    assert (own.notes, own.tags, own.standing) == ("Good team.", ["aav"], "")


def test_address_of_the_merged_partner_leads_to_the_other(twins, curator, client):
    keep, merged = twins
    merge_partners(actor=curator, keep=keep, merged=merged, why="x")
    answer = client.get(reverse("partners:profile", args=[merged.slug]))
    assert (answer.status_code, answer.url) == (302, keep.get_absolute_url())


def test_what_cannot_be_merged_is_refused_in_words(twins, curator):
    keep, merged = twins
    real = f.OrganisationFactory(illustrative=False)
    for other, why, message in (
        (keep, "x", "with itself"), (merged, " ", "Say why"), (real, "x", "never the same"),
    ):  # fmt: skip
        with pytest.raises(MergeError, match=message):
            merge_partners(actor=curator, keep=keep, merged=other, why=why)
    merge_partners(actor=curator, keep=keep, merged=merged, why="x")
    with pytest.raises(MergeError, match="has been merged into"):
        merge_partners(actor=curator, keep=f.OrganisationFactory(), merged=merged, why="x")


def test_a_merge_that_was_built_upon_is_not_split_by_half(twins, curator):
    keep, merged = twins
    merge = merge_partners(actor=curator, keep=keep, merged=merged, why="x")
    models.Organisation.objects.filter(pk=keep.pk).update(website="https://new.example")
    before = state()
    with pytest.raises(MergeError, match="Changed again since: website"):
        split(actor=curator, merge=merge, why="x")
    assert state() == before


def test_sites_of_one_partner_merge_and_split(curator):
    keep = f.FacilityFactory(name="Works", city="")
    merged = f.FacilityFactory(name="Works 1", city="Bern", organisation=keep.organisation)
    f.CapabilityFactory(facility=merged)
    establishment = f.RegisterEstablishmentFactory(facility=merged)
    before = state()
    merge = merge_sites(actor=curator, keep=keep, merged=merged, why="One plant")
    keep.refresh_from_db()
    establishment.refresh_from_db()
    assert (keep.city, keep.capabilities.count(), establishment.facility) == ("Bern", 1, keep)
    split(actor=curator, merge=merge, why="Two plants")
    assert state() == before
    with pytest.raises(MergeError, match="belong to different partners"):
        merge_sites(actor=curator, keep=keep, merged=f.FacilityFactory(), why="x")


def test_alike_partners_are_found_until_they_are_told_apart(curator):
    names = ("Aldermoor Biologics", "Aldermoor Biologics Ltd.")
    one, other = (f.OrganisationFactory(name=name) for name in names)
    f.OrganisationFactory(name="Quillon")
    f.OrganisationFactory(name="Aldermoor Biologics", slug="real", illustrative=False)
    assert [(p.first, p.second) for p in duplicates.partner_pairs()] == [(one.pk, other.pk)]
    tell_apart(actor=curator, one=other, other=one)
    assert duplicates.partner_pairs() == []


@pytest.mark.django_db
def test_sites_of_one_partner_at_one_address_are_found():
    place = {"street": "Hauptstrasse 12", "city": "Bern", "postal_code": "3011", "country": "CH"}
    one = f.FacilityFactory(**place)
    other = f.FacilityFactory(organisation=one.organisation, **{**place, "street": "Hauptstr. 12"})
    f.FacilityFactory(organisation=one.organisation, **{**place, "street": "Hauptstrasse 120"})
    f.FacilityFactory(**place)
    assert [(p.first, p.second) for p in duplicates.site_pairs()] == [(one.pk, other.pk)]


def merge_at_once(curator, pairs):
    """Each merge in a thread of its own, all at the same moment. Returns the errors."""
    start, errors = threading.Barrier(len(pairs)), []

    def run(keep, merged):
        try:
            start.wait(timeout=10)
            merge_partners(actor=curator, keep=keep, merged=merged, why="x")
        except MergeError as error:
            errors.append(str(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


@pytest.mark.django_db(transaction=True)
def test_two_curators_who_merge_the_same_pair_the_other_way_round_get_one_merge():
    curator = accounts.CuratorFactory()
    a, b = f.OrganisationFactory(name="A"), f.OrganisationFactory(name="B")
    errors = merge_at_once(curator, [(a, b), (b, a)])
    assert len(errors) == 1
    assert "has been merged into" in errors[0]
    assert models.Merge.objects.count() == 1
    assert sorted(models.Organisation.objects.values_list("active", flat=True)) == [False, True]


def test_without_the_lock_the_same_pair_would_be_merged_both_ways(curator, monkeypatch):
    """The race that the lock closes: both read before either writes, and no active record is left."""
    a, b = f.OrganisationFactory(name="A"), f.OrganisationFactory(name="B")

    def read_before(model, keep, merged, why):
        return keep, merged

    monkeypatch.setattr(merging, "_locked", read_before)
    first, second = (
        list(models.Organisation.objects.filter(pk__in=[a.pk, b.pk]).order_by("pk")) for _ in "12"
    )
    merge_partners(actor=curator, keep=first[0], merged=first[1], why="x")
    merge_partners(actor=curator, keep=second[1], merged=second[0], why="x")
    assert list(models.Organisation.objects.values_list("active", flat=True)) == [False, False]


# -- pages ---------------------------------------------------------------------------------------------


def test_curator_works_through_the_queue_side_by_side(catalent, curator, client):
    row()
    row(firm_name="Catalent CTS, LLC", street="10245 Hickman Mills Dr", city="Kansas City")
    propose()
    first, second = models.MatchProposal.objects.all()
    listing = client.get(reverse("admin:partners_matchproposal_changelist"), {"state__exact": "open"})
    assert list(listing.context["cl"].result_list) == [first, second]
    page = client.get(reverse("admin:partners_matchproposal_change", args=[first.pk]))
    marks = {r.label: r.mark for r in page.context["rows"]}
    assert (marks["City"], marks["Street"], marks["FEI"]) == ("the same", "differs", "cannot be compared")
    decide = reverse("admin:partners_matchproposal_decide", args=[first.pk])
    assert client.get(decide).status_code == 405
    answer = client.post(decide, {"what": "accept"})
    assert answer.url == reverse("admin:partners_matchproposal_change", args=[second.pk])
    client.post(decide, {"what": "undo"})
    first.refresh_from_db()
    assert first.state == "open"
    client.post(
        reverse("admin:partners_matchproposal_changelist"),
        {"action": "reject", "_selected_action": [first.pk, second.pk]},
    )
    assert set(models.MatchProposal.objects.values_list("state", flat=True)) == {"rejected"}


def test_curator_finds_duplicates_compares_merges_and_splits(twins, curator, client):
    keep, merged = twins
    merged.name = "Aldermoor Biologics Inc."
    merged.save()
    found = client.get(reverse("admin:partners_duplicates"))
    assert "Aldermoor Biologics and Aldermoor Biologics Inc." in found.content.decode()
    ticked = client.post(
        reverse("admin:partners_organisation_changelist"),
        {"action": "compare_two", "_selected_action": [keep.pk, merged.pk]},
    )
    page = client.get(ticked.url)
    assert (page.status_code, {r.label: r.mark for r in page.context["rows"]}["Name"]) == (200, "differs")
    url = reverse("admin:partners_merge_compare")
    data = {"kind": "partner", "a": keep.pk, "b": merged.pk, "keep": keep.pk, "what": "merge"}
    assert "Say why they are one." in client.post(url, {**data, "why": ""}).content.decode()
    done = client.post(url, {**data, "why": "One company"})
    merge = models.Merge.objects.get()
    assert done.url == reverse("admin:partners_merge_change", args=[merge.pk])
    assert "moved" in client.get(done.url).content.decode()
    client.post(reverse("admin:partners_merge_split", args=[merge.pk]), {"why": "Two"})
    merged.refresh_from_db()
    assert (merged.active, merged.merged_into) == (True, None)
    client.post(url, {**data, "what": "apart"})
    assert models.NotTheSame.objects.count() == 1
    assert client.get(url, {"kind": "partner", "a": "x", "b": ""}).status_code == 302


def test_who_may_only_look_may_not_decide(catalent, client):
    client.force_login(accounts.UserFactory(is_staff=True))
    row()
    propose()
    proposal = models.MatchProposal.objects.get()
    decide = reverse("admin:partners_matchproposal_decide", args=[proposal.pk])
    assert client.post(decide, {"what": "accept"}).status_code == 403
    assert client.post(reverse("admin:partners_merge_compare"), {}).status_code == 403


# -- terms ---------------------------------------------------------------------------------------------


def test_two_terms_become_one_everywhere_and_the_history_keeps_what_was_dropped(curator):
    keep, merged = f.ServiceFactory(code="fill", label="Filling"), f.ServiceFactory(code="fil", label="Fill")
    child = f.ServiceFactory(code="vials", parent=merged)
    capability = f.CapabilityFactory(service=merged)
    need = quotes.NeedFactory(service=merged)
    certificate = f.CertificateFactory()
    certificate.scope_services.add(keep, merged)
    moved = merge_terms(actor=curator, keep=keep, merged=merged, why="Spelt twice").moved
    for row in (child, capability, need, merged):
        row.refresh_from_db()
    assert (child.parent, capability.service, need.service, merged.active) == (keep, keep, keep, False)
    assert list(certificate.scope_services.all()) == [keep]
    assert moved == {
        "partners.service.parent": [child.pk],
        "partners.capability.service": [capability.pk],
        "quotes.need.service": [need.pk],
    }
    assert synonyms(keep) == ["Fill"]
    assert usage(models.Service, [keep.pk, merged.pk])[merged.pk] == 0
    dropped = models.Change.objects.filter(table="partners_certificate_scope_services", kind="deleted")
    assert [c.why for c in dropped] == ["Merged “Fill” into “Filling”: Spelt twice"]


def test_a_branch_merged_into_its_own_child_leaves_no_circle(curator):
    branch = f.ServiceFactory(code="branch")
    leaf = f.ServiceFactory(code="leaf", parent=branch)
    merge_terms(actor=curator, keep=leaf, merged=branch, why="x")
    leaf.refresh_from_db()
    assert leaf.parent is None


def test_no_service_can_be_put_below_itself_and_a_ring_that_is_there_ends_a_path(curator):
    top = f.ServiceFactory(code="top", label="Top")
    middle = f.ServiceFactory(code="middle", label="Middle", parent=top)
    low = f.ServiceFactory(code="low", label="Low", parent=middle)
    for parent in (top, low):
        with pytest.raises(ValidationError, match="stands below “Top”; choose another parent"):
            models.Service(pk=top.pk, code="top", label="Top", parent=parent).clean()
    low.clean()
    merge_terms(actor=curator, keep=low, merged=top, why="One")
    assert dict(models.Service.objects.values_list("code", "parent__code")) == {
        "top": None, "middle": "low", "low": None,
    }  # fmt: skip
    models.Service.objects.filter(pk=low.pk).update(parent=middle)
    assert service_paths() == {
        top.pk: ("top",), middle.pk: ("low", "middle"), low.pk: ("middle", "low"),
    }  # fmt: skip


def vocabulary_state():
    """Everything that merging two services can change."""
    tables = {field.model for field in references.references(models.Service)} | {
        models.Service,
        models.SearchSynonym,
    }
    return {
        table.__name__: [
            {name: value for name, value in row.items() if name != "updated_at"}
            for row in table._base_manager.order_by("pk").values()
        ]
        for table in tables
    }


def test_a_merge_of_terms_is_taken_back_with_everything_it_moved_dropped_and_renamed(client, curator):
    branch = f.ServiceFactory(code="fil", label="Fill")
    keep = f.ServiceFactory(code="fill", label="Filling", parent=branch)
    set_synonyms(actor=curator, term=branch, phrases=["aseptic fill"])
    f.ServiceFactory(code="vials", parent=branch)
    f.CapabilityFactory(service=branch)
    quotes.NeedFactory(service=branch)
    certificate = f.CertificateFactory()
    certificate.scope_services.add(keep, branch)
    before = vocabulary_state()
    merge = merge_terms(actor=curator, keep=keep, merged=branch, why="Spelt twice")
    assert vocabulary_state() != before
    url = reverse("admin:partners_termmerge_undo", args=[merge.pk])
    assert "Say why they are two after all." in client.post(url, {"why": " "}).content.decode()
    answer = client.post(url, {"why": "Vials are filled, bottles too"}, follow=True)
    assert "3 rows moved back" in answer.content.decode()
    assert vocabulary_state() == before
    assert AuditEvent.objects.filter(verb="service.split").get().data["moved"] == 3
    with pytest.raises(TermError, match="taken back already"):
        undo_term_merge(actor=curator, merge=merge, why="again")


def test_what_was_changed_after_a_merge_of_terms_stays_and_later_merges_go_first(curator):
    one, two, three = (f.ModalityFactory(code=code, label=code.upper()) for code in ("a", "b", "c"))
    moved, edited = f.CapabilityFactory(modality=two), f.CapabilityFactory(modality=two)
    first = merge_terms(actor=curator, keep=one, merged=two, why="x")
    other = f.ModalityFactory(code="d")
    models.Capability.objects.filter(pk=edited.pk).update(modality=other)
    second = merge_terms(actor=curator, keep=three, merged=one, why="x")
    with pytest.raises(TermError, match="“A” became “C” since: take that merge back first"):
        undo_term_merge(actor=curator, merge=first, why="x")
    assert undo_term_merge(actor=curator, merge=second, why="x") == 1
    assert undo_term_merge(actor=curator, merge=first, why="x") == 1
    moved.refresh_from_db()
    edited.refresh_from_db()
    assert (moved.modality, edited.modality) == (two, other)


def test_terms_of_two_vocabularies_are_not_merged(curator):
    with pytest.raises(TermError, match="one vocabulary"):
        merge_terms(actor=curator, keep=f.ServiceFactory(), merged=f.ModalityFactory(), why="x")


def test_curator_sees_use_sets_synonyms_and_merges_two_terms_on_the_list(client, curator):
    one, other = (f.IndustryFactory(code=code, label=code.title()) for code in ("pharma", "drugs"))
    f.IndustryFactFactory(industry=other)
    url = reverse("admin:partners_industry_changelist")
    assert {t.code: t.used for t in client.get(url).context["cl"].result_list} == {"pharma": 0, "drugs": 1}
    client.post(
        reverse("admin:partners_industry_change", args=[one.pk]),
        {"label": "Pharma", "order": 1, "active": "on", "synonyms": "medicines\nRx\n\n"},
    )
    assert synonyms(one) == ["Rx", "medicines"]
    ticked = client.post(url, {"action": "merge_two", "_selected_action": [one.pk, other.pk]})
    page = client.get(ticked.url)
    assert [used for _, used in page.context["terms"]] in ([0, 1], [1, 0])
    data = {"a": one.pk, "b": other.pk, "keep": one.pk}
    merge = reverse("admin:partners_industry_merge")
    assert "Say why the two are one." in client.post(merge, {**data, "why": " "}).content.decode()
    done = client.post(merge, {**data, "why": "The same"})
    assert (done.status_code, done.url) == (
        302,
        reverse("admin:partners_termmerge_change", args=[models.TermMerge.objects.get().pk]),
    )
    assert (models.IndustryFact.objects.get().industry, synonyms(one)) == (one, ["Drugs", "Rx", "medicines"])


def test_retired_terms_are_not_offered_anew(client, curator):
    f.IndustryFactory(code="old", label="Old pharma", active=False)
    new = f.IndustryFactory(code="new", label="New pharma")
    asked = {
        "app_label": "partners",
        "model_name": "industryfact",
        "field_name": "industry",
        "term": "pharma",
    }
    found = client.get(reverse("admin:autocomplete"), asked).json()["results"]
    assert [row["id"] for row in found] == [str(new.pk)]
