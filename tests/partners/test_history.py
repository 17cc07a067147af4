"""History of the catalogue: every write leaves a change with who, how and why; nothing can forge or empty it."""

import io
from decimal import Decimal

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from cmo_selector.audit.models import AuditEvent
from partners import models
from partners.enums import AliasKind, ChangeHow
from partners.history import recording, selectors, without_history
from partners.history.services import HistoryError, revert_change, undo_act
from tests.factories import accounts
from tests.factories import partners as f

pytestmark = pytest.mark.django_db


def changes(table):
    rows = models.Change.objects.filter(table=f"partners_{table}").order_by("pk")
    return [(c.kind, c.before, c.after) for c in rows]


def last(table=None):
    rows = models.Change.objects.all()
    return (rows.filter(table=f"partners_{table}") if table else rows).first()


# -- what is recorded --------------------------------------------------------------------------------


def test_every_table_of_the_catalogue_has_the_three_triggers():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "JOIN pg_proc p ON p.oid = t.tgfoid WHERE p.proname = 'partners_history' GROUP BY 1"
        )
        found = dict(cursor.fetchall())
    assert found == dict.fromkeys(selectors.watched_models(), 3)


def test_a_row_is_followed_from_creation_to_deletion_field_by_field():
    alias = f.AliasFactory(name="Quillon Works")
    alias.name, alias.kind = "Quillon Labs", AliasKind.FORMER
    alias.save()
    alias.save()  # nothing differs: no change
    number = alias.pk
    alias.delete()
    (created, changed, deleted) = changes("alias")
    assert (created[0], created[1], created[2]["name"]) == ("created", None, "Quillon Works")
    assert changed == (
        "changed",
        {"name": "Quillon Works", "kind": "alias"},
        {"name": "Quillon Labs", "kind": "former"},
    )
    assert (deleted[0], deleted[1]["name"], deleted[1]["id"], deleted[2]) == (
        "deleted", "Quillon Labs", number, None,
    )  # fmt: skip


def test_bulk_creation_bulk_update_and_a_query_by_hand_are_recorded_for_each_row():
    partner = f.OrganisationFactory()
    rows = [f.AliasFactory.build(organisation=partner, source=partner.source, name=n) for n in "abc"]
    models.Alias.objects.bulk_create(rows)
    models.Alias.objects.filter(name__in=["a", "b"]).update(kind=AliasKind.LEGAL)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM partners_alias WHERE name <> 'a'")
    assert [kind for kind, _, _ in changes("alias")] == ["created"] * 3 + ["changed"] * 2 + ["deleted"] * 2


def test_rows_that_arrive_by_copy_are_recorded():
    with connection.cursor() as cursor:
        cursor.copy_expert(
            "COPY partners_restrictedpartylist (code, name, publisher, url, effect, illustrative) FROM STDIN CSV",
            io.StringIO('dated,A list,"","",None,f\n'),
        )
    assert [after["code"] for _, _, after in changes("restrictedpartylist")] == ["dated"]


def test_links_of_a_many_to_many_field_are_part_of_the_history():
    certificate, service = f.CertificateFactory(), f.ServiceFactory()
    certificate.scope_services.add(service)
    certificate.scope_services.clear()
    organisation = certificate.facility.organisation_id
    rows = models.Change.objects.filter(table="partners_certificate_scope_services")
    assert [(c.kind, c.organisation_id) for c in rows.order_by("pk")] == [
        ("created", organisation),
        ("deleted", organisation),
    ]


def test_who_how_and_why_come_from_the_recording_and_end_with_it():
    curator = accounts.CuratorFactory(name="Ida Curator")
    f.IndustryFactory(code="outside")
    with recording(how=ChangeHow.COMMAND, why="first load"):
        f.IndustryFactory(code="one")
        with recording(actor=curator, why="a correction"):
            f.IndustryFactory(code="two")
        f.IndustryFactory(code="three")
    f.IndustryFactory(code="after")
    told = {c.after["code"]: (c.actor_name, c.how, c.why) for c in models.Change.objects.all()}
    by_hand = (told["outside"][0], ChangeHow.SQL, "")
    assert told == {
        "outside": by_hand,
        "one": ("system", "command", "first load"),
        "two": ("Ida Curator", "command", "a correction"),
        "three": ("system", "command", "first load"),
        "after": by_hand,
    }
    acts = {c.after["code"]: c.act for c in models.Change.objects.all()}
    assert acts["one"] == acts["two"] == acts["three"] != acts["after"]
    assert acts["one"] is not None
    assert acts["after"] is None


def test_a_change_on_the_desk_names_the_curator_and_the_desk(client):
    curator = accounts.CuratorFactory(name="Ida Curator")
    client.force_login(curator)
    industry = f.IndustryFactory()
    client.post(
        reverse("admin:partners_industry_change", args=[industry.pk]), {"label": "Biotech", "order": "3"}
    )
    change = last("industry")
    assert (change.actor_id, change.actor_name, change.how, change.after["label"]) == (
        curator.pk, "Ida Curator", "desk", "Biotech",
    )  # fmt: skip


def test_a_change_belongs_to_the_partner_of_its_site_and_to_the_one_it_was_moved_from():
    site, other = f.FacilityFactory(), f.OrganisationFactory()
    capability = f.CapabilityFactory(facility=site)
    assert last("capability").organisation_id == site.organisation_id
    former = site.organisation_id
    site.organisation = other
    site.save()
    change = last("facility")
    assert (change.organisation_id, change.organisation_before_id) == (other.pk, former)
    capability.delete()
    assert last("capability").organisation_id == other.pk


# -- history is kept -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE partners_change SET actor_name = 'nobody'",
        "DELETE FROM partners_change",
        "SET LOCAL partners.history_may_be_emptied = 'off'; TRUNCATE partners_change",
    ],
)
def test_history_can_be_neither_changed_nor_deleted(statement):
    f.IndustryFactory()
    refused = pytest.raises(IntegrityError, match="cannot be changed or deleted")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert models.Change.objects.filter(table="partners_industry").count() == 1


def test_synthetic_rows_may_go_without_history_but_leave_one_line():
    f.SourceFactory()
    with transaction.atomic(), without_history():
        models.Industry.objects.bulk_create(
            [models.Industry(code=f"i{n}", label=f"Industry {n}") for n in range(5)]
        )
        models.Industry.objects.filter(code="i1").update(label="Renamed")
    f.IndustryFactory(code="after")
    rows = models.Change.objects.filter(table="partners_industry").order_by("pk")
    assert [(c.kind, c.object_id is None, c.after.get("rows"), c.after.get("label")) for c in rows] == [
        ("created", True, 5, None),
        ("changed", False, None, "Renamed"),
        ("created", False, None, "After"),
    ]
    (entry,) = selectors.describe(rows[:1])
    assert entry.name == "5 synthetic rows, without their values"


@pytest.mark.django_db(transaction=True)
def test_going_without_history_needs_a_transaction():
    with pytest.raises(RuntimeError, match="needs a transaction"), without_history():
        pass


# -- in words ------------------------------------------------------------------------------------------


def test_changes_are_told_in_words():
    unit, modality = f.ScaleUnitFactory(code="l", label="litres"), f.ModalityFactory(code="aav", label="AAV")
    capability = f.CapabilityFactory(gmp=None, scale_max=None)
    models.Capability.objects.filter(pk=capability.pk).update(
        modality=modality, gmp=True, scale_max=Decimal("2000.500"), scale_unit=unit, stage_from=3
    )
    (entry,) = selectors.describe([last("capability")])
    assert (entry.thing, entry.kind, entry.name) == ("Capability", "Changed", "Test service · AAV")
    assert {(line.label, line.before, line.after) for line in entry.lines} == {
        ("Modality", "unknown", "AAV"),
        ("Gmp", "unknown", "yes"),
        ("Scale max", "unknown", "2,000.5"),
        ("Scale unit", "unknown", "litres"),
        ("Stage from", "unknown", "Phase I"),
    }


def test_a_deleted_row_keeps_the_name_its_values_make():
    site = f.FacilityFactory(name="Bern works", organisation=f.OrganisationFactory(name="Aldermoor"))
    site.delete()
    (entry,) = selectors.describe([last("facility")])
    assert entry.title == "Facility deleted: Bern works (Aldermoor)"


def test_the_public_history_of_a_partner_names_no_curator_and_holds_no_prices_unasked():
    partner = f.OrganisationFactory()
    with recording(how=ChangeHow.DESK, actor=accounts.CuratorFactory(name="Ida Curator")):
        f.AliasFactory(organisation=partner)
        f.IndicativePriceFactory(organisation=partner)
    f.AliasFactory()  # another partner's
    plain = selectors.partner_changes(partner, prices=False)
    assert [(e.thing, e.who, e.how) for e in plain[:1]] == [("Alias", "A curator", "Curation desk")]
    assert {e.thing for e in plain} == {"Alias", "Organisation"}
    assert {e.thing for e in selectors.partner_changes(partner, prices=True)} == {
        "Alias", "Organisation", "Indicative price",
    }  # fmt: skip


@pytest.mark.parametrize("count", [1, 3])
def test_a_partners_history_costs_the_same_queries_for_one_and_three_rows(django_assert_num_queries, count):
    partner = f.OrganisationFactory()
    for _ in range(count):
        f.CertificateFactory(facility=f.FacilityFactory(organisation=partner))
    with django_assert_num_queries(6):  # changes; partner, sites, certificates, their type and source
        assert len(selectors.partner_changes(partner, prices=True)) == 1 + 2 * count


# -- taking back ---------------------------------------------------------------------------------------


@pytest.fixture
def curator(client):
    user = accounts.CuratorFactory(name="Ida Curator")
    client.force_login(user)
    return user


def test_a_change_taken_back_is_a_change_of_its_own(curator):
    site = f.FacilityFactory(city="Bern", opened_year=1999)
    models.Facility.objects.filter(pk=site.pk).update(city="Basel", opened_year=None)
    revert_change(actor=curator, change=last("facility"), why="Misread")
    site.refresh_from_db()
    change = last("facility")
    assert (site.city, site.opened_year) == ("Bern", 1999)
    assert (change.before["city"], change.after["city"], change.actor_name, change.why) == (
        "Basel", "Bern", "Ida Curator", "Misread",
    )  # fmt: skip
    assert AuditEvent.objects.filter(verb="history.reverted", actor=curator).count() == 1


def test_a_change_from_before_a_column_went_is_taken_back_in_what_there_still_is(curator):
    site = f.FacilityFactory(city="Bern")
    models.Facility.objects.filter(pk=site.pk).update(city="Basel")
    change = last("facility")
    change.pk, change.before, change.after = None, {"gone": 1, "city": "Bern"}, {"gone": 2, "city": "Basel"}
    change.save(force_insert=True)
    revert_change(actor=curator, change=change)
    site.refresh_from_db()
    assert site.city == "Bern"


def test_a_deletion_taken_back_restores_the_row_with_its_number(curator):
    row = f.RegisterEstablishmentFactory(operations=["PACK", "LABEL, RELABEL"])
    before = models.RegisterEstablishment.objects.filter(pk=row.pk).values().get()
    row.delete()
    revert_change(actor=curator, change=last("registerestablishment"), why="By mistake")
    assert models.RegisterEstablishment.objects.filter(pk=before["id"]).values().get() == before


def test_a_creation_taken_back_deletes_the_row_unless_others_need_it(curator):
    site = f.FacilityFactory()
    change = last("facility")
    capability = f.CapabilityFactory(facility=site)
    with pytest.raises(HistoryError, match="Other rows of the catalogue need this row"):
        revert_change(actor=curator, change=change, why="x")
    assert models.Facility.objects.filter(pk=site.pk).exists()
    capability.delete()
    revert_change(actor=curator, change=change, why="x")
    assert not models.Facility.objects.filter(pk=site.pk).exists()


def test_a_change_that_was_changed_again_is_not_taken_back(curator):
    alias = f.AliasFactory(name="one")
    for name in ("two", "three"):
        models.Alias.objects.filter(pk=alias.pk).update(name=name)
    second = models.Change.objects.filter(table="partners_alias", after__name="two").get()
    with pytest.raises(HistoryError, match="Changed again since: name"):
        revert_change(actor=curator, change=second, why="x")
    alias.refresh_from_db()
    assert alias.name == "three"


def test_a_broken_rule_is_told_in_its_own_words(curator):
    partner = f.OrganisationFactory()
    alias = f.AliasFactory(organisation=partner, name="one")
    models.Alias.objects.filter(pk=alias.pk).update(name="two")
    change = last("alias")
    f.AliasFactory(organisation=partner, name="one")
    with pytest.raises(HistoryError, match="This partner already has that name"):
        revert_change(actor=curator, change=change, why="x")


def test_an_act_is_undone_as_a_whole_or_not_at_all(curator):
    with recording(how=ChangeHow.COMMAND):
        site = f.FacilityFactory()
        capability = f.CapabilityFactory(facility=site)
        models.Capability.objects.filter(pk=capability.pk).update(note="read on site")
    act = last("capability").act
    models.Capability.objects.filter(pk=capability.pk).update(note="later")
    with pytest.raises(HistoryError, match="note"):
        undo_act(actor=curator, act=act, why="x")
    assert models.Capability.objects.get(pk=capability.pk).note == "later"
    revert_change(actor=curator, change=last("capability"), why="x")
    assert undo_act(actor=curator, act=act, why="x") == models.Change.objects.filter(act=act).count()
    assert not models.Facility.objects.filter(pk=site.pk).exists()


# -- pages -----------------------------------------------------------------------------------------------


def test_curator_reads_a_rows_history_and_takes_a_change_back(client, curator):
    alias = f.AliasFactory(name="one")
    models.Alias.objects.filter(pk=alias.pk).update(name="two")
    page = client.get(reverse("admin:partners_alias_history", args=[alias.pk]))
    assert [e.kind for e in page.context["entries"]] == ["Changed", "Created"]
    change = last("alias")
    shown = client.get(reverse("admin:partners_change_change", args=[change.pk]))
    assert (shown.status_code, shown.context["may_revert"]) == (200, True)
    url = reverse("admin:partners_change_revert", args=[change.pk])
    assert client.get(url).status_code == 405
    without_reason = client.post(url, {"what": "change", "why": " "})
    assert "Say why the change is taken back." in without_reason.content.decode()
    done = client.post(url, {"what": "change", "why": "Misread"})
    assert done.status_code == 302
    alias.refresh_from_db()
    assert (alias.name, last("alias").how) == ("one", "desk")


def test_register_rows_are_not_taken_back_on_the_desk(client, curator):
    f.RegisterEstablishmentFactory()
    change = last("registerestablishment")
    assert (
        client.get(reverse("admin:partners_change_change", args=[change.pk])).context["may_revert"] is False
    )
    assert (
        client.post(reverse("admin:partners_change_revert", args=[change.pk]), {"why": "x"}).status_code
        == 403
    )


def test_history_is_closed_to_a_sponsors_people(client):
    client.force_login(accounts.MembershipFactory().user)
    change = f.ChangeFactory()
    response = client.post(reverse("admin:partners_change_revert", args=[change.pk]), {"why": "x"})
    assert (response.status_code, response.url.split("?")[0]) == (302, reverse("admin:login"))


def test_no_model_of_the_catalogue_is_left_out_by_accident():
    every = {m._meta.model_name for m in apps.get_app_config("partners").get_models()}
    assert every >= selectors.UNWATCHED


def test_an_error_inside_a_load_without_history_is_told_and_not_hidden():
    broken = "INSERT INTO partners_alias (name) VALUES ('nobody')"
    with (
        pytest.raises(IntegrityError, match="null value"),
        transaction.atomic(),
        without_history(),
        connection.cursor() as cursor,
    ):
        cursor.execute(broken)
