"""Freshness, contradictions, verifying again, and the desk's first page."""

import datetime as dt
import threading

import pytest
from django.db import connection, connections, transaction
from django.urls import reverse
from django.utils import timezone

from cmo_selector import estimate
from cmo_selector.audit.models import AuditEvent
from partners import conflicts, freshness, models
from partners.curation import selectors
from partners.curation.services import (
    CurationError,
    ask_to_verify,
    finish_task,
    settle_conflict,
    verify_fact,
)
from partners.enums import EvidenceLevel, InspectionOutcome, TaskState
from tests.concurrency.waiting import until_waiting
from tests.factories import accounts
from tests.factories import partners as f

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 6, 1)


@pytest.fixture
def curator(client):
    user = accounts.CuratorFactory(name="Ida Curator")
    client.force_login(user)
    return user


def days_ago(days, on=TODAY):
    return on - dt.timedelta(days=days)


# -- freshness ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "half_life", "expected"),
    [(0, 90, 1.0), (45, 90, 0.7071), (90, 90, 0.5), (900, 90, 0.5), (900, None, 1.0), (-5, 90, 1.0)],
)
def test_credit_halves_with_the_half_life_and_never_falls_below_a_half(age, half_life, expected):
    assert freshness.credit(age, half_life) == pytest.approx(expected, abs=1e-4)


def facts_at_the_edge():
    """Pairs of a fact that is still fresh and one that is a day too old."""
    site = f.FacilityFactory(retrieved_on=days_ago(4000))
    for days, fresh in ((0, True), (1, False)):
        yield f.CapacitySlotFactory(facility=site, retrieved_on=days_ago(90 + days)), fresh
        yield (
            f.IndicativePriceFactory(organisation=site.organisation, retrieved_on=days_ago(180 + days)),
            fresh,
        )
        yield f.MetricValueFactory(organisation=site.organisation, retrieved_on=days_ago(730 + days)), fresh
        yield (
            f.InspectionFactory(
                facility=site, ended_on=days_ago(1826 + days), started_on=None, retrieved_on=TODAY
            ),
            fresh,
        )
        yield f.CertificateFactory(facility=site, issued_on=None, expires_on=days_ago(days)), fresh
        yield (
            f.CapabilityFactory(facility=site, retrieved_on=days_ago(4000), valid_until=days_ago(days)),
            fresh,
        )


def test_query_and_calculation_agree_on_what_is_stale():
    for fact, fresh in list(facts_at_the_edge()):
        assert freshness.of(fact, TODAY).stale is not fresh, fact
        picked = type(fact).objects.filter(freshness.stale(type(fact), TODAY), pk=fact.pk).exists()
        assert picked is not fresh, fact


def test_stale_queue_counts_each_kind_and_shows_the_oldest_first():
    list(facts_at_the_edge())
    older = f.CapacitySlotFactory(facility=models.Facility.objects.get(), retrieved_on=days_ago(400))
    queues = {q.model.__name__: q for q in selectors.stale_queues(TODAY, shown=1)}
    assert {name: q.number.value for name, q in queues.items()} == {
        "CapacitySlot": 2, "IndicativePrice": 1, "MetricValue": 1, "Inspection": 1, "Certificate": 1,
        "Capability": 1,
    }  # fmt: skip
    assert queues["CapacitySlot"].rows == (older,)


# -- contradictions ----------------------------------------------------------------------------------


def test_facts_that_differ_about_one_thing_are_shown_as_a_conflict():
    site, other = f.FacilityFactory(), f.SourceFactory(code="second-source")
    made = {
        "facility": site,
        "regulator": f.RegulatorFactory(),
        "ended_on": dt.date(2025, 3, 1),
        "started_on": None,
    }
    first = f.InspectionFactory(**made, outcome=InspectionOutcome.NAI)
    second = f.InspectionFactory(**made, outcome=InspectionOutcome.OAI, source=other)
    f.InspectionFactory(**{**made, "ended_on": dt.date(2024, 3, 1)}, outcome=InspectionOutcome.VAI)
    (found,) = conflicts.conflicts()
    assert (set(found.rows), found.fields) == ({first, second}, ("outcome",))
    assert conflicts.overview().number == 1
    assert conflicts.conflict_of(first) == found
    assert conflicts.conflicts(organisation=site.organisation) == [found]
    assert conflicts.conflicts(organisation=f.OrganisationFactory()) == []


def test_the_same_fact_twice_and_an_unknown_value_are_no_conflict():
    site = f.FacilityFactory()
    for gmp in (True, True, None):
        f.CapabilityFactory(facility=site, gmp=gmp)
    assert conflicts.conflicts() == []


def test_terms_and_prices_that_differ_are_left_out_for_those_who_may_not_see_them():
    partner = f.OrganisationFactory()
    for amount in (1, 2):
        f.IndicativePriceFactory(organisation=partner, low=amount, high=amount, service=None, modality=None)
    assert len(conflicts.conflicts(organisation=partner)) == 1
    assert conflicts.conflicts(organisation=partner, prices=False) == []


def test_keeping_one_fact_deletes_the_others_with_a_reason_that_history_keeps(curator):
    site = f.FacilityFactory()
    right, wrong = (f.CapabilityFactory(facility=site, gmp=gmp) for gmp in (True, False))
    with pytest.raises(CurationError, match="Say why"):
        settle_conflict(actor=curator, keep=right, why=" ")
    assert settle_conflict(actor=curator, keep=right, why="Seen on the certificate") == 1
    assert list(models.Capability.objects.all()) == [right]
    change = models.Change.objects.first()
    assert (change.kind, change.object_id, change.why) == ("deleted", wrong.pk, "Seen on the certificate")
    with pytest.raises(CurationError, match="Nothing contradicts"):
        settle_conflict(actor=curator, keep=right, why="again")


@pytest.mark.django_db(transaction=True)
def test_two_curators_who_settle_one_conflict_opposite_ways_keep_one_fact():
    curator, site = accounts.CuratorFactory(), f.FacilityFactory()
    facts = [f.CapabilityFactory(facility=site, gmp=gmp) for gmp in (True, False)]
    refused = []

    def settle(keep):
        try:
            settle_conflict(actor=curator, keep=keep, why="Right")
        except CurationError as error:
            refused.append(str(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=settle, args=(fact,)) for fact in facts]
    with transaction.atomic():
        list(models.Capability.objects.select_for_update(of=("self",)))
        for thread in threads:
            thread.start()
        until_waiting(2)  # both have looked
    for thread in threads:
        thread.join()
    assert (models.Capability.objects.count(), len(refused)) == (1, 1)
    assert "deleted in the meantime" in refused[0]


# -- verifying again ---------------------------------------------------------------------------------


def test_verifying_gives_a_fact_new_evidence(curator):
    fact, source = f.CertificateFactory(), f.SourceFactory(code="new")
    today = timezone.localdate()
    verify_fact(
        actor=curator, fact=fact, source=source, retrieved_on=today, evidence_level=EvidenceLevel.AUDITED
    )
    fact.refresh_from_db()
    assert (fact.source, fact.retrieved_on, fact.evidence_level) == (source, today, "audited")
    change = models.Change.objects.first()
    assert (change.table, change.actor_name, change.why) == (
        "partners_certificate", "Ida Curator", "Verified again",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"retrieved_on": dt.date(2999, 1, 1)}, "in the future"),
        ({"retrieved_on": dt.date(2020, 1, 1)}, "already holds evidence of 2025-09-01"),
        ({"valid_until": dt.date(2024, 1, 1)}, "expired before it was retrieved"),
    ],
)
def test_evidence_that_cannot_be_is_refused(curator, given, message):
    fact = f.CertificateFactory()
    evidence = {"source": fact.source, "retrieved_on": dt.date(2025, 10, 1), "evidence_level": "audited"}
    with pytest.raises(CurationError, match=message):
        verify_fact(actor=curator, fact=fact, **{**evidence, **given})


def test_a_registers_fact_is_verified_by_its_register_and_by_another_source(curator):
    source, other = f.SourceFactory(code="drls-1", title="DRLS of June"), f.SourceFactory(code="letter")
    f.RegisterImportFactory(kind="drls", source=source)
    fact = f.CertificateFactory(
        source=source, evidence_level="public_register", retrieved_on=dt.date(2025, 6, 1)
    )
    given = {"actor": curator, "fact": fact, "retrieved_on": timezone.localdate()}
    with pytest.raises(CurationError, match="follows the register") as refused:
        verify_fact(**given, source=source, evidence_level="public_register")
    assert (refused.value.field, "“DRLS of June”" in str(refused.value)) == ("source", True)
    fact.refresh_from_db()
    assert fact.retrieved_on == dt.date(2025, 6, 1)
    verify_fact(**given, source=other, evidence_level="document_checked")
    fact.refresh_from_db()
    assert fact.source == other


def test_more_facts_than_may_be_are_refused_without_reading_them(client, curator, monkeypatch):
    for module in ("partners.admin.facts", "partners.curation.services"):
        monkeypatch.setattr(f"{module}.MOST_AT_ONCE", 1)
    slots = [f.CapacitySlotFactory(retrieved_on=dt.date(2020, 1, 1)) for _ in range(3)]
    for action in ("verified_today", "verify_again"):
        data = {"action": action, "_selected_action": [slot.pk for slot in slots]}
        page = client.post(reverse("admin:partners_capacityslot_changelist"), data, follow=True)
        assert "Choose at most 1 facts at a time." in page.content.decode()
    assert set(models.CapacitySlot.objects.values_list("retrieved_on", flat=True)) == {dt.date(2020, 1, 1)}


def test_a_fact_has_one_open_task_and_finishing_it_brings_the_evidence(curator):
    fact = f.CertificateFactory()
    assert ask_to_verify(actor=curator, facts=[fact], reason="Old", assigned_to=curator) == 1
    assert ask_to_verify(actor=curator, facts=[fact, f.CapabilityFactory()], reason="Old") == 1
    task = models.VerificationTask.objects.get(table="partners_certificate")
    with pytest.raises(CurationError, match="Give the new evidence"):
        finish_task(actor=curator, task=task, outcome="confirmed")
    done = finish_task(
        actor=curator, task=task, outcome="confirmed", source=fact.source,
        retrieved_on=timezone.localdate(), evidence_level="audited",
    )  # fmt: skip
    fact.refresh_from_db()
    assert (done.state, done.done_by, fact.evidence_level) == (TaskState.DONE, curator, "audited")
    with pytest.raises(CurationError, match="done already"):
        finish_task(actor=curator, task=task, outcome="dropped", note="x")


def test_a_fact_that_is_not_true_any_more_is_deleted_and_a_partner_is_not(curator):
    fact = f.CertificateFactory()
    task = f.VerificationTaskFactory(fact=fact)
    with pytest.raises(CurationError, match="Say in the note how you know"):
        finish_task(actor=curator, task=task, outcome="gone")
    finish_task(actor=curator, task=task, outcome="gone", note="Withdrawn by the agency")
    assert not models.Certificate.objects.exists()
    partner_task = f.VerificationTaskFactory(fact=f.OrganisationFactory())
    with pytest.raises(CurationError, match="is not deleted"):
        finish_task(actor=curator, task=partner_task, outcome="gone", note="x")


@pytest.mark.django_db(transaction=True)
def test_two_curators_who_ask_at_once_make_one_task():
    curator, fact = accounts.CuratorFactory(), f.CertificateFactory()
    start = threading.Barrier(2)

    def ask():
        try:
            start.wait(timeout=10)
            ask_to_verify(actor=curator, facts=[fact], reason="Old")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert models.VerificationTask.objects.count() == 1


# -- counting ----------------------------------------------------------------------------------------


def test_long_lists_are_estimated_and_short_ones_counted(monkeypatch):
    for n in range(4):
        f.IndustryFactory(code=f"i{n}")
    assert estimate.count(models.Industry.objects.all()) == 4
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE partners_industry")
    monkeypatch.setattr(estimate, "EXACT_UP_TO", 2)
    assert estimate.count(models.Industry.objects.all()) == 4  # what PostgreSQL expects
    assert estimate.count(models.Industry.objects.filter(code="i1")) == 1
    assert estimate.EstimatedPaginator(models.Industry.objects.all(), 3).num_pages == 2


# -- the desk ----------------------------------------------------------------------------------------


def test_first_page_shows_every_queue_with_the_list_that_mends_it(client, curator):
    today = timezone.localdate()
    f.CertificateFactory(issued_on=None, expires_on=today + dt.timedelta(days=30))
    f.CapacitySlotFactory(retrieved_on=today - dt.timedelta(days=200))
    f.RegisterEstablishmentFactory()
    f.LinkSuggestionFactory()
    f.CapabilityFactory(facility__country="DE", modality=f.ModalityFactory(code="aav", label="AAV"))
    f.VerificationTaskFactory(assigned_to=curator, fact=f.IndustryFactory())
    page = client.get(reverse("admin:index"))
    assert {t.title: str(t.number) for t in page.context["tiles"]} == {
        "Stale facts": "1",
        "Contradictions": "0",
        "Expiring certificates": "1",
        "Register rows without a site": "2",
        "Register matches": "0",
        "Probable duplicates": "0",
        "Suggested links": "1",
        "Open proposals": "0",
        "Listed parties to check": "0",
        "Facts to verify": "1",
    }
    for tile in page.context["tiles"]:
        assert client.get(tile.url).status_code == 200, tile.title
    coverage = page.context["coverage"].value
    assert (coverage.regions, coverage.rows) == ((("EU", "Europe"),), (("aav", "AAV", (1,)),))


@pytest.mark.parametrize("count", [1, 3])
def test_first_page_costs_the_same_queries_for_one_and_three_rows(
    client, curator, django_assert_max_num_queries, count
):
    for _ in range(count):
        f.CapacitySlotFactory(retrieved_on=dt.date(2020, 1, 1))
    client.get(reverse("admin:index"))
    with django_assert_max_num_queries(36):
        client.get(reverse("admin:index"))


def test_stale_facts_are_picked_on_their_list_and_verified_in_one_go(client, curator):
    old, new = (
        f.CapacitySlotFactory(retrieved_on=day) for day in (dt.date(2020, 1, 1), timezone.localdate())
    )
    shown = client.get(reverse("admin:partners_stale")).content.decode()
    assert f">{old.facility}: {old}</a>" in shown  # whose fact it is
    page = client.get(reverse("admin:partners_capacityslot_change", args=[old.pk])).content.decode()
    assert 'value="2020-01-01"' in page  # days are shown and typed with the year first
    url = reverse("admin:partners_capacityslot_changelist")
    listing = client.get(url, {"freshness": "stale"})
    assert list(listing.context["cl"].result_list) == [old]
    client.post(url, {"action": "verified_today", "_selected_action": [old.pk]})
    assert list(client.get(url, {"freshness": "stale"}).context["cl"].result_list) == []
    client.post(url, {"action": "verify_again", "_selected_action": [old.pk, new.pk]})
    assert models.VerificationTask.objects.filter(state="open").count() == 2


def test_a_facts_page_tells_who_entered_it_and_what_contradicts_it(client, curator):
    site = f.FacilityFactory()
    first = f.CapabilityFactory(facility=site, gmp=True)
    f.CapabilityFactory(
        facility=site, gmp=False, source=f.SourceFactory(code="other", title="Another source")
    )
    page = client.get(reverse("admin:partners_capability_change", args=[first.pk])).content.decode()
    assert "Entered 20" in page
    assert "Contradicted in gmp by: Another source" in page


def test_a_conflict_is_settled_on_the_desk(client, curator):
    site = f.FacilityFactory()
    right, _ = (f.CapabilityFactory(facility=site, gmp=gmp) for gmp in (True, False))
    url = reverse("admin:partners_conflicts")
    assert "Test service" in client.get(url).content.decode()
    client.post(url, {"keep": "nonsense", "why": "x"})
    assert models.Capability.objects.count() == 2
    client.post(url, {"keep": f"capability:{right.pk}", "why": "Seen"})
    assert list(models.Capability.objects.all()) == [right]


def test_a_task_is_finished_on_its_page_and_what_was_typed_stays(client, curator):
    task = f.VerificationTaskFactory()
    page = reverse("admin:partners_verificationtask_change", args=[task.pk])
    assert "What looking again led to" in client.get(page).content.decode()
    url = reverse("admin:partners_verificationtask_finish", args=[task.pk])
    refused = client.post(url, {"outcome": "gone", "note": ""})
    assert "Say in the note how you know" in refused.content.decode()
    done = client.post(
        url,
        {"outcome": "confirmed", "source": f.SourceFactory().pk, "retrieved_on": str(timezone.localdate()),
         "evidence_level": "audited"},
    )  # fmt: skip
    task.refresh_from_db()
    assert (done.status_code, task.state, task.outcome) == (302, "done", "confirmed")


def test_open_tasks_that_are_ticked_become_ones_own_and_the_log_says_so(client, curator):
    mine, other, closed = (f.VerificationTaskFactory() for _ in range(3))
    models.VerificationTask.objects.filter(pk=mine.pk).update(assigned_to=curator)
    finish_task(actor=curator, task=closed, outcome="dropped", note="x")
    listed = reverse("admin:partners_verificationtask_changelist")
    ticked = {"action": "assign_to_me", "_selected_action": [mine.pk, other.pk, closed.pk]}
    assert "1 more open task is yours now." in client.post(listed, ticked, follow=True).content.decode()
    assert (
        "None of them is open and somebody else&#x27;s"
        in client.post(listed, ticked, follow=True).content.decode()
    )
    tasks = models.VerificationTask.objects
    assert set(tasks.filter(assigned_to=curator)) == {mine, other}
    events = AuditEvent.objects.filter(verb="verification.assigned")
    assert [(event.actor, event.object_id) for event in events] == [(curator, str(other.pk))]


def test_filters_are_saved_for_oneself_under_a_name(client, curator):
    url = reverse("admin:partners_certificate_changelist")
    save = reverse("admin:partners_certificate_save_filter")
    assert client.get(save).status_code == 405
    answer = client.post(save, {"name": "Soon", "query": "freshness=expiring&q=gmp"})
    assert answer.url == f"{url}?freshness=expiring&q=gmp"
    twice = client.post(save, {"name": "Soon", "query": "q=x"}, follow=True)
    assert "already have a saved filter of that name" in twice.content.decode()
    assert [s.name for s in client.get(url).context["saved_filters"]] == ["Soon"]
    other = f.SavedFilterFactory(user=accounts.CuratorFactory())
    client.post(save, {"delete": other.pk})
    client.post(save, {"delete": models.SavedFilter.objects.get(user=curator).pk})
    assert list(models.SavedFilter.objects.all()) == [other]


def test_no_form_of_the_desk_loads_a_whole_table_into_a_select(client):
    from django.contrib import admin

    heavy = []
    for model, desk in admin.site._registry.items():
        if model._meta.app_label != "partners":
            continue
        inlines = [i(model, admin.site) for i in desk.inlines]
        for part in (desk, *inlines):
            shown = set(_flat(part.fields or getattr(part, "main_fields", ()) or ()))
            fixed = {*part.autocomplete_fields, *part.raw_id_fields, *part.readonly_fields}
            own = getattr(part, "fk_name", None)
            for field in part.model._meta.get_fields():
                if not (field.is_relation and field.concrete) or field.name in fixed or field.name == own:
                    continue
                if field.name in shown and field.related_model is not model:
                    heavy.append(f"{type(part).__name__}.{field.name}")
    assert heavy == []


def _flat(fields):
    for name in fields:
        if isinstance(name, (tuple, list)):
            yield from _flat(name)
        else:
            yield name
