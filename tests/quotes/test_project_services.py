"""Writes to projects, needs and weights: what is stored, what is logged, what is refused."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from cmo_selector.audit.models import AuditEvent
from partners.scoring.weights import default_weights
from quotes.models import Need, Project
from quotes.needs import NEED_FIELDS
from quotes.services.projects import (
    ProjectArchived,
    add_need,
    add_suggested_needs,
    archive_project,
    change_need,
    create_project,
    remove_need,
    reset_weights,
    restore_project,
    update_project,
)
from quotes.versions import StaleVersion, version_of
from tests.factories import partners as catalogue
from tests.factories.accounts import MembershipFactory
from tests.factories.quotes import NeedFactory, ProjectFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def member():
    return MembershipFactory()


@pytest.fixture
def project(member):
    return ProjectFactory(sponsor=member.sponsor, name="Vector")


def events(verb: str) -> list[dict]:
    return [event.data for event in AuditEvent.objects.filter(verb=verb).order_by("pk")]


def points(project: Project) -> dict[str, float]:
    return Project.objects.get(pk=project.pk).weights.as_dict()


def test_a_new_project_has_the_default_weights_of_its_stage_and_an_event(member):
    project = create_project(
        actor=member.user, sponsor=member.sponsor, values={"name": "Vector", "stage": 3, "markets": ["US"]}
    )
    assert points(project) == default_weights(3)
    assert project.weights.from_defaults is True
    (event,) = AuditEvent.objects.all()
    assert (event.verb, event.actor, event.sponsor, event.object_name, event.about) == (
        "project.created",
        member.user,
        member.sponsor,
        "Vector",
        f"quotes.project/{project.pk}",
    )
    assert event.data == {"name": "Vector", "stage": "Phase I", "markets": "US"}


def test_a_name_is_given_once_per_sponsor_and_nothing_is_left_of_the_second(member, project):
    with pytest.raises(IntegrityError, match="project_name_once_per_sponsor"), transaction.atomic():
        create_project(actor=member.user, sponsor=member.sponsor, values={"name": "Vector"})
    assert Project.objects.count() == 1
    assert AuditEvent.objects.count() == 0
    other = MembershipFactory()
    create_project(actor=other.user, sponsor=other.sponsor, values={"name": "Vector"})
    assert Project.objects.count() == 2


def test_an_update_logs_old_and_new_of_what_changed_only(member, project):
    values = {
        "name": "Vector",
        "scale_now": Decimal("10.126"),
        "scale_unit": catalogue.ScaleUnitFactory(label="Litre"),
        "need_date": dt.date(2027, 7, 31),
        "federal_funding": True,
    }
    change = update_project(actor=member.user, project=project, values=values)
    assert change.changed == ("scale_now", "scale_unit", "need_date", "federal_funding")
    update_project(actor=member.user, project=project, values={"scale_now": Decimal("10.127")})
    assert Project.objects.get(pk=project.pk).scale_now == Decimal("10.127")
    assert events("project.updated") == [
        {
            "changed": {
                "scale_now": ["", "10.126"],
                "scale_unit": ["", "Litre"],
                "need_date": ["", "2027-07-31"],
                "federal_funding": ["no", "yes"],
            }
        },
        {"changed": {"scale_now": ["10.126", "10.127"]}},
    ]


def test_an_update_without_a_change_writes_nothing(member, project):
    before = Project.objects.get(pk=project.pk).updated_at
    assert update_project(actor=member.user, project=project, values={"name": "Vector"}).changed == ()
    assert Project.objects.get(pk=project.pk).updated_at == before
    assert AuditEvent.objects.count() == 0


def test_a_stale_update_is_refused_whole(member, project):
    opened = version_of(project, ["name", "product"])
    update_project(actor=member.user, project=project, values={"product": "Theirs"})
    with pytest.raises(StaleVersion) as stale:
        update_project(
            actor=member.user, project=project, values={"name": "Mine", "product": "Mine"}, version=opened
        )
    assert stale.value.current.product == "Theirs"
    stored = Project.objects.get(pk=project.pk)
    assert (stored.name, stored.product) == ("Vector", "Theirs")


def test_a_change_of_other_columns_is_no_conflict(member, project):
    opened = version_of(project, ["name"])
    update_project(actor=member.user, project=project, values={"product": "Theirs"})
    update_project(actor=member.user, project=project, values={"name": "Mine"}, version=opened)
    stored = Project.objects.get(pk=project.pk)
    assert (stored.name, stored.product) == ("Mine", "Theirs")


def test_a_device_has_no_dosage_form(member, project):
    form = catalogue.DosageFormFactory()
    update_project(actor=member.user, project=project, values={"dosage_form": form})
    update_project(actor=member.user, project=project, values={"profile": "device", "dosage_form": form})
    assert Project.objects.get(pk=project.pk).dosage_form is None


def test_weights_that_were_never_edited_follow_stage_and_profile(member, project):
    change = update_project(actor=member.user, project=project, values={"stage": 5})
    assert (change.weights_followed, change.weights_kept) == (True, False)
    assert points(project) == default_weights(5)
    update_project(actor=member.user, project=project, values={"profile": "device"})
    assert points(project) == default_weights(5, "device")
    assert [event["from_defaults"] for event in events("weights.changed")] == [True, True]


def test_edited_weights_are_kept_when_the_stage_changes_and_reset_on_demand(member):
    project = ProjectFactory(sponsor=member.sponsor, weights__from_defaults=False)
    before = points(project)
    change = update_project(actor=member.user, project=project, values={"stage": 5})
    assert (change.weights_followed, change.weights_kept) == (False, True)
    assert points(project) == before
    assert reset_weights(actor=member.user, project=project) is True
    assert points(project) == default_weights(5)
    assert Project.objects.get(pk=project.pk).weights.from_defaults is True
    assert reset_weights(actor=member.user, project=project) is False


def test_only_columns_of_the_brief_can_be_set(member, project):
    with pytest.raises(TypeError, match="archived_at"):
        update_project(actor=member.user, project=project, values={"archived_at": None})


def test_a_need_is_added_at_the_end_with_its_sentence_in_the_log(member, project):
    first = NeedFactory(project=project, order=7)
    updated = Project.objects.get(pk=project.pk).updated_at
    need = add_need(
        actor=member.user,
        project=project,
        values={
            "rule": "biosafety",
            "level": "must",
            "quantity": Decimal(2),
            "countries": ["DE"],
            "note": "AAV",
        },
    )
    assert list(project.needs.all()) == [first, need]
    stored = Need.objects.get(pk=need.pk)
    assert (stored.order, stored.quantity, stored.countries, stored.note) == (8, Decimal(2), [], "AAV")
    assert Project.objects.get(pk=project.pk).updated_at > updated
    assert events("need.added") == [
        {"need": "The lead site works at biosafety level 2 or higher", "rule": "biosafety", "level": "must"}
    ]


def test_a_need_the_engine_could_not_check_is_refused(member, project):
    with pytest.raises(ValidationError) as refused:
        add_need(actor=member.user, project=project, values={"rule": "biosafety", "level": "must"})
    assert refused.value.message_dict == {"quantity": ["This is needed to check partners against it."]}
    with pytest.raises(ValidationError):
        add_need(
            actor=member.user, project=project, values={"rule": "biosafety", "level": "never", "quantity": 2}
        )
    assert Need.objects.count() == 0
    assert AuditEvent.objects.count() == 0


def test_changing_a_need_logs_both_sentences(member, project):
    need = NeedFactory(project=project, rule="biosafety", service=None, quantity=2)
    values = {"rule": "biosafety", "level": "should", "quantity": Decimal(3), "same_site": True}
    assert change_need(actor=member.user, need=need, values=values) is True
    assert change_need(actor=member.user, need=need, values=values) is False
    assert [event["changed"] for event in events("need.changed")] == [
        {
            "need": [
                "The lead site works at biosafety level 2 or higher",
                "The lead site works at biosafety level 3 or higher",
            ],
            "level": ["must", "should"],
        }
    ]


def test_a_stale_change_of_a_need_is_refused(member, project):
    need = NeedFactory(project=project, rule="biosafety", service=None, quantity=2)
    opened = version_of(need, NEED_FIELDS)
    theirs = {"rule": "biosafety", "level": "must", "quantity": Decimal(3)}
    change_need(actor=member.user, need=need, values=theirs)
    with pytest.raises(StaleVersion):
        change_need(actor=member.user, need=need, values={**theirs, "quantity": Decimal(4)}, version=opened)
    assert Need.objects.get(pk=need.pk).quantity == 3


def test_a_removed_need_stays_in_the_log(member, project):
    need = NeedFactory(project=project, rule="biosafety", service=None, quantity=2, note="why")
    remove_need(actor=member.user, need=need)
    assert not project.needs.exists()
    assert events("need.removed") == [
        {
            "need": "The lead site works at biosafety level 2 or higher",
            "rule": "biosafety",
            "level": "must",
            "note": "why",
        }
    ]


def test_suggestions_are_taken_over_once(member):
    catalogue.ServiceFactory(code="ds-plasmid")
    catalogue.ServiceFactory(code="method-development")
    project = ProjectFactory(sponsor=member.sponsor, modality=catalogue.ModalityFactory(code="aav"))
    (one,) = add_suggested_needs(actor=member.user, project=project, keys=["biosafety"])
    assert (one.rule, one.level, one.quantity) == ("biosafety", "must", 2)
    assert add_suggested_needs(actor=member.user, project=project, keys=["biosafety", "nonsense"]) == []
    rest = add_suggested_needs(actor=member.user, project=project)
    assert {need.service.code for need in rest if need.service} == {"ds-plasmid", "method-development"}
    assert add_suggested_needs(actor=member.user, project=project) == []
    orders = list(project.needs.values_list("order", flat=True))
    assert orders == sorted(set(orders))
    assert len(events("need.added")) == 1 + len(rest)


def test_an_archived_project_is_not_changed_and_can_be_restored(member, project):
    need = NeedFactory(project=project)
    archive_project(actor=member.user, project=project)
    archive_project(actor=member.user, project=project)
    for write in (
        lambda: update_project(actor=member.user, project=project, values={"name": "Other"}),
        lambda: add_need(actor=member.user, project=project, values={"rule": "country", "countries": ["DE"]}),
        lambda: change_need(actor=member.user, need=need, values={"rule": "country", "countries": ["DE"]}),
        lambda: remove_need(actor=member.user, need=need),
        lambda: reset_weights(actor=member.user, project=project),
    ):
        with pytest.raises(ProjectArchived):
            write()
    restore_project(actor=member.user, project=project)
    update_project(actor=member.user, project=project, values={"name": "Other"})
    assert list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True)) == [
        "project.archived",
        "project.restored",
        "project.updated",
    ]
