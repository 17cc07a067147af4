"""Columns brought up to date by reading the partners that changed are those that reading everything gives."""

import itertools
import threading

import numpy as np
import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from partners.facets import loading
from partners.facets.building import load
from partners.models import (
    Capability,
    CatalogueChange,
    Certificate,
    CommercialTerms,
    Facility,
    Modality,
    Organisation,
    RegulatoryAction,
)
from tests.factories import partners as make

_numbers = itertools.count()
NAMES = ("Alder", "alder", "Birch", "Cedar", "Élan", "elan", "Zeta", "zz top", "Birch ")


def told(columns):
    """Everything the columns say, with ids for places and in an order of its own where order means nothing."""

    def plain(values):
        return [None if value != value else value for value in np.asarray(values).tolist()]

    partner, site = columns.partner_id.tolist(), columns.site_id.tolist()
    partners = ("illustrative", "checked", "site_count", "minimum", "currency")
    sites = ("country", "open_action", "inspected", "latitude", "longitude", "city")
    rows = ("modality", "service", "dosage_form", "gmp", "evidence", "biosafety", "scale_unit", "scale_low",
            "scale_high", "oel", "earliest")  # fmt: skip
    held = columns.certificates
    return {
        "partners": list(zip(partner, *(plain(getattr(columns, name)) for name in partners), strict=True)),
        "sites": list(
            zip(site, [partner[at] for at in columns.site_partner], *(plain(getattr(columns, n)) for n in sites),
                strict=True)
        ),
        "rows": sorted(
            zip([site[at] for at in columns.row_site], *(plain(getattr(columns, n)) for n in rows), strict=True),
            key=repr,
        ),
        "certificates": sorted(
            zip([site[at] for at in held.site], held.type.tolist(), held.issued.tolist(), held.expires.tolist(),
                strict=True)
        ),
        **{
            name: sorted((partner[owner], int(value)) for owner, value in zip(pairs.owner, pairs.value, strict=True))
            for name in ("types", "structures", "industries", "sponsor_sizes")
            for pairs in [getattr(columns, name)]
        },
        "sorted": [bool(np.all(np.diff(owners) >= 0)) for owners in (columns.site_partner, columns.row_site)],
        "terms": columns.terms,
    }  # fmt: skip


def assert_as_fresh():
    columns = loading.current()
    assert told(columns) == told(load(timezone.localdate()))
    return columns


@pytest.fixture
def catalogue(db):
    """Four partners with sites, of every kind of fact, and what new facts need."""
    for number, name in enumerate(("Alder", "Birch", "Cedar", "Zeta")):
        partner = make.OrganisationFactory(name=name, slug=f"p{number}")
        make.OrganisationTypeFactFactory(organisation=partner)
        make.IndustryFactFactory(organisation=partner)
        make.ContractStructureFactFactory(organisation=partner)
        make.CommercialTermsFactory(organisation=partner)
        for place in range(number % 3):
            site = make.FacilityFactory(organisation=partner, name=f"{name} {place}")
            make.CapabilityFactory(facility=site, modality=make.ModalityFactory(code="t-aav"))
            make.CertificateFactory(facility=site, type=make.CertificateTypeFactory(code="t-gmp"))
    make.MetricFactory(code="client_size_focus", kind="text")


def nth(model, number):
    """A row of the model, or None when there are none."""
    rows = list(model.objects.order_by("pk"))
    return rows[number % len(rows)] if rows else None


def add_partner(number):
    partner = make.OrganisationFactory(name=NAMES[number % len(NAMES)], slug=f"new-{next(_numbers)}")
    make.CapabilityFactory(facility=make.FacilityFactory(organisation=partner), oel_ug_m3=number + 1)


def delete(model):
    def change(number):
        if row := nth(model, number):
            row.delete()

    return change


def update(model, **fields):
    """One statement over some of the rows: a bulk change."""

    def change(number):
        ids = list(model.objects.order_by("pk").values_list("pk", flat=True))[:: number % 3 + 1]
        values = {name: value(number) if callable(value) else value for name, value in fields.items()}
        model.objects.filter(pk__in=ids).update(**values)

    return change


def add_fact(factory, owner, **fields):
    def change(number):
        model = Facility if owner == "facility" else Organisation
        if row := nth(model, number):
            factory(**{owner: row}, **{n: v(number) if callable(v) else v for n, v in fields.items()})

    return change


def rename(number):
    if row := nth(Organisation, number):
        Organisation.objects.filter(pk=row.pk).update(name=NAMES[number % len(NAMES)])


def move_site(number):
    site, owner = nth(Facility, number), nth(Organisation, number // 3)
    if site:
        Facility.objects.filter(pk=site.pk).update(organisation=owner, slug=f"moved-{site.pk}")


def by_hand(number):
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE partners_capability SET oel_ug_m3 = %s WHERE id %% 2 = %s", [number + 10, number % 2]
        )


CHANGES = {
    "add partner": add_partner,
    "rename": rename,
    "delete partner": delete(Organisation),
    "activate": update(Organisation, active=True),
    "retire": add_fact(lambda organisation: Organisation.objects.filter(pk=organisation.pk).update(active=False),
                       "organisation"),
    "check again": update(Organisation, retrieved_on="2026-01-02"),
    "delete site": delete(Facility),
    "close site": update(Facility, active=False),
    "open sites": update(Facility, active=True, country="DE"),
    "move site": move_site,
    "add process": add_fact(make.CapabilityFactory, "facility", biosafety_level=2),
    "delete process": delete(Capability),
    "gmp": update(Capability, gmp=lambda n: (True, False, None)[n % 3]),
    "by hand": by_hand,
    "slot": add_fact(make.CapacitySlotFactory, "facility", starts_on="2199-01-01", status="open"),
    "certificate": add_fact(make.CertificateFactory, "facility", expires_on="2198-01-01"),
    "delete certificate": delete(Certificate),
    "inspection": add_fact(make.InspectionFactory, "facility"),
    "action": add_fact(make.RegulatoryActionFactory, "facility"),
    "close out": update(RegulatoryAction, closed_on="2026-01-01"),
    "terms": add_fact(make.CommercialTermsFactory, "organisation", minimum_project=lambda n: 1000 * n + 1),
    "delete terms": delete(CommercialTerms),
    "new term": lambda number: make.ModalityFactory(label=f"Label {number}"),
    "rename term": update(Modality, label=lambda n: f"Renamed {n}"),
}  # fmt: skip

one_change = st.tuples(st.sampled_from(sorted(CHANGES)), st.integers(0, 60))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.lists(one_change, min_size=1, max_size=5), st.sampled_from(("kept", "kept", "undone"))),
        min_size=1,
        max_size=3,
    )
)
def test_after_any_changes_kept_or_rolled_back_nothing_differs_from_a_fresh_reading(catalogue, steps):
    for changes, end in steps:
        with transaction.atomic():
            for name, number in changes:
                CHANGES[name](number)
            if end == "undone":
                assert_as_fresh()  # also what a transaction has not committed yet
                transaction.set_rollback(True)
        assert_as_fresh()


def test_a_change_of_one_partner_reads_no_other_and_no_vocabulary(catalogue, django_assert_num_queries):
    before = assert_as_fresh()
    Capability.objects.filter(pk=Capability.objects.first().pk).update(gmp=False)
    # catalogue unchanged?; savepoint, time limit, marks; eleven tables, who stands before; marks again; release
    with django_assert_num_queries(18):
        after = loading.current()
    assert after is not before
    assert after.terms is before.terms  # nothing but what changed was read
    assert assert_as_fresh() is after


def test_a_statement_that_changes_no_row_and_facts_browsing_does_not_read_cost_nothing(catalogue):
    before = assert_as_fresh()
    Organisation.objects.filter(name="nobody").update(active=False)
    assert loading.current() is before
    make.TrackRecordFactory(organisation=Organisation.objects.first(), modality=None)
    after = loading.current()
    assert after.partner_id is before.partner_id


@pytest.mark.parametrize("changed", ["vocabulary", "many"])
def test_what_concerns_all_partners_is_read_as_a_whole(catalogue, changed):
    before = assert_as_fresh()
    if changed == "vocabulary":
        Modality.objects.update(label="Other words")
    else:
        facts = {"source": Organisation.objects.first().source, "retrieved_on": "2025-01-01"}
        Organisation.objects.bulk_create(
            [Organisation(name=f"Bulk {n}", slug=f"bulk-{n}", **facts) for n in range(501)]
        )
    assert CatalogueChange.objects.filter(partners=None).exists()
    after = assert_as_fresh()
    assert after.terms is not before.terms


def test_a_process_that_missed_so_many_changes_that_marks_were_put_together_reads_everything(catalogue):
    before = assert_as_fresh()
    Organisation.objects.filter(name="Birch").update(name="Renamed meanwhile")
    with connection.cursor() as cursor:
        cursor.execute("SELECT partners_catalogue_mark(ARRAY[0]::bigint[]) FROM generate_series(1, 6000)")
    assert CatalogueChange.objects.count() < 5000
    after = assert_as_fresh()
    assert after.terms is not before.terms
    assert not CatalogueChange.objects.filter(
        partners__contains=[Organisation.objects.get(name="Alder").pk]
    ).exists()


def test_a_partner_renamed_moves_to_its_place_by_name(catalogue):
    loading.current()
    Organisation.objects.filter(name="Zeta").update(name="AAA")
    Organisation.objects.filter(name="Alder").update(name="Zzz")
    make.OrganisationFactory(name="Birches")
    names = dict(Organisation.objects.values_list("pk", "name"))
    assert [names[pk] for pk in assert_as_fresh().partner_id.tolist()] == [
        "AAA",
        "Birch",
        "Birches",
        "Cedar",
        "Zzz",
    ]


@pytest.mark.django_db(transaction=True)
def test_columns_are_right_after_edits_by_others_while_they_are_read():
    partners = make.OrganisationFactory.create_batch(12)
    for partner in partners:
        make.CapabilityFactory(facility=make.FacilityFactory(organisation=partner))
    loading.current()
    failures = []

    def edit(first):
        try:
            for number in range(15):
                own = partners[(first + number) % len(partners)]
                Organisation.objects.filter(pk=own.pk).update(name=f"{NAMES[number % len(NAMES)]} {first}")
                Facility.objects.filter(organisation=own).update(country=("DE", "FR", "US")[number % 3])
                try:
                    with transaction.atomic():
                        Organisation.objects.filter(pk=own.pk).update(name="never")
                        if number % 2:
                            raise ValueError
                except ValueError:
                    pass
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    writers = [threading.Thread(target=edit, args=(first,)) for first in (0, 6)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        loading.current()
    for writer in writers:
        writer.join()
    assert failures == []
    assert_as_fresh()
