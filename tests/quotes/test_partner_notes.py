"""What a sponsor keeps to itself about a partner: seen and changed by its own people only."""

import datetime as dt
from io import BytesIO

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from openpyxl import load_workbook

from cmo_selector.accounts.roles import Role
from cmo_selector.audit.models import AuditEvent
from quotes.models import PartnerRelation
from quotes.relations import standings_of
from quotes.services.relations import save_relation
from quotes.versions import StaleVersion
from tests.factories.accounts import CuratorFactory, MembershipFactory
from tests.factories.partners import CapabilityFactory, FacilityFactory, OrganisationFactory
from tests.factories.quotes import NeedFactory, ProjectFactory, ProjectWeightsFactory

pytestmark = pytest.mark.django_db
HOSTILE = '<script>alert("x")</script>'


@pytest.fixture
def manager():
    return MembershipFactory(role=Role.MANAGER.value)


@pytest.fixture
def partner():
    return OrganisationFactory(slug="niche", name="Niche")


def page(partner):
    return reverse("quotes:partner_notes", args=[partner.slug])


def keep(member, partner, seen=0, **values):
    return save_relation(
        actor=member.user, sponsor=member.sponsor, organisation=partner, values=values, seen=seen
    )


FILLED = {
    "standing": "blocked",
    "standing_reason": "Lost a batch record.",
    "tags": "second source,  Audited , audited",
    "notes": "Call Tuesday.\nAsk for the slot.",
    "nda_status": "signed",
    "nda_on": "2025-01-15",
    "nda_expires_on": "2025-06-30",
    "msa_status": "negotiation",
    "msa_on": "",
    "msa_expires_on": "",
    "version": "0",
}


def test_notes_are_saved_shown_on_the_profile_and_audited(client, manager, partner):
    client.force_login(manager.user)
    assert "Nothing kept yet" in client.get(partner.get_absolute_url()).content.decode()
    response = client.post(page(partner), FILLED)
    assert (response.status_code, response.url) == (302, partner.get_absolute_url())
    row = PartnerRelation.objects.get()
    assert (row.sponsor, row.organisation, row.updated_by, row.version) == (
        manager.sponsor, partner, manager.user, 1,
    )  # fmt: skip
    assert row.tags == ["second source", "Audited"]
    shown = client.get(partner.get_absolute_url()).content.decode()
    for words in ("Blocked by us", "Lost a batch record.", "second source", "Ask for the slot.",
                  "Signed on", "2025-06-30", "Expired", "In negotiation"):  # fmt: skip
        assert words in shown
    event = AuditEvent.objects.get(verb="partner_relation.changed")
    assert event.sponsor == manager.sponsor
    assert event.data["nda_status"] == ["", "Signed"]
    assert event.data["tags"] == ["", "second source, Audited"]


def test_another_sponsor_sees_nothing_of_it(client, manager, partner):
    keep(manager, partner, standing="preferred", notes="Our secret plan", tags=["secret tag"])
    other = MembershipFactory(role=Role.OWNER.value)
    project = ranked_project(other, partner)
    client.force_login(other.user)
    addresses = [
        partner.get_absolute_url(),
        page(partner),
        reverse("quotes:ranking", args=[project.pk]),
    ]
    for address in addresses:
        response = client.get(address)
        html = response.content.decode()
        assert response.status_code == 200
        assert "secret" not in html
        assert "Preferred by us" not in html
    # the other sponsor's own save makes a row of its own
    assert client.post(page(partner), {"notes": "Theirs", "version": "0"}).status_code == 302
    kept = dict(PartnerRelation.objects.values_list("sponsor__name", "notes"))
    assert kept == {manager.sponsor.name: "Our secret plan", other.sponsor.name: "Theirs"}


def test_people_without_a_sponsor_see_nothing_of_it(client, manager, partner):
    keep(manager, partner, notes="Our secret plan")
    client.force_login(CuratorFactory())
    html = client.get(partner.get_absolute_url()).content.decode()
    assert "secret" not in html
    assert "Our notes" not in html


@pytest.mark.parametrize("role", [Role.EVALUATOR, Role.VIEWER])
def test_readers_read_and_cannot_change(client, manager, partner, role):
    keep(manager, partner, notes="For the team")
    client.force_login(MembershipFactory(sponsor=manager.sponsor, role=role.value).user)
    html = client.get(partner.get_absolute_url()).content.decode()
    assert "For the team" in html
    assert page(partner) not in html
    assert client.get(page(partner)).status_code == 403
    assert client.post(page(partner), FILLED).status_code == 403
    assert PartnerRelation.objects.get().notes == "For the team"


@pytest.mark.parametrize("role", [Role.OWNER, Role.MANAGER])
def test_owners_and_managers_change(client, partner, role):
    client.force_login(MembershipFactory(role=role.value).user)
    assert client.get(page(partner)).status_code == 200
    assert client.post(page(partner), FILLED).status_code == 302


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"standing_reason": " "}, "Say why the partner is blocked."),
        ({"standing": "friend"}, "Select a valid choice"),
        ({"nda_on": ""}, "Give the day on which the NDA was signed."),
        ({"nda_on": "soon"}, "Enter a valid date."),
        ({"nda_expires_on": "2024-12-31"}, "The NDA cannot expire before the day of its status."),
        ({"msa_status": "signed"}, "Give the day on which the MSA was signed."),
        ({"tags": ", ".join(f"tag {n}" for n in range(21))}, "21 tags are too many"),
        ({"tags": "t" * 41}, "A tag has at most 40 characters"),
        ({"notes": "n" * 10_001}, "at most 10000 characters"),
        ({"notes": "a\x00b"}, "Null characters are not allowed."),
        ({"version": ""}, "Open the page again"),
        ({"version": "-1"}, "Open the page again"),
        ({"version": "x"}, "Open the page again"),
    ],
)
def test_bad_input_is_refused_once_with_everything_kept(client, manager, partner, change, message):
    client.force_login(manager.user)
    response = client.post(page(partner), {**FILLED, **change})
    html = response.content.decode()
    assert response.status_code == 400
    errors = [e for field in response.context["form"].errors.values() for e in field]
    assert len(errors) == 1
    assert message in errors[0]
    assert "notes" in change or "Call Tuesday." in html
    assert not PartnerRelation.objects.exists()


def test_what_was_written_is_escaped(client, manager, partner):
    keep(manager, partner, notes=HOSTILE, tags=[HOSTILE], standing="blocked", standing_reason=HOSTILE)
    client.force_login(manager.user)
    for address in (partner.get_absolute_url(), page(partner)):
        html = client.get(address).content.decode()
        assert "alert(" in html
        assert HOSTILE not in html


def test_saving_over_somebody_elses_change_is_refused_and_shows_both(client, manager, partner):
    keep(manager, partner, notes="theirs")
    client.force_login(manager.user)
    mine = {**FILLED, "notes": "mine"}
    response = client.post(page(partner), mine)  # opened before there was a row
    html = response.content.decode()
    assert response.status_code == 400
    assert "Somebody else of your organisation saved these notes" in html
    assert "theirs" in html
    assert "mine" in html
    assert PartnerRelation.objects.get().notes == "theirs"
    version = response.context["form"]["version"].value()
    assert client.post(page(partner), {**mine, "version": version}).status_code == 302
    assert PartnerRelation.objects.get().notes == "mine"


def test_a_save_that_changes_nothing_leaves_no_trace(manager, partner):
    assert keep(manager, partner, notes="", tags=[]) is None
    assert not PartnerRelation.objects.exists()
    row = keep(manager, partner, notes="kept")
    again = keep(manager, partner, seen=row.version, notes="kept")
    assert again.version == 1
    assert AuditEvent.objects.filter(verb="partner_relation.changed").count() == 1


def test_a_stale_first_save_leaves_the_row_as_it_is(manager, partner):
    keep(manager, partner, notes="first")
    with pytest.raises(StaleVersion):
        keep(manager, partner, seen=7, notes="second")
    assert PartnerRelation.objects.get().notes == "first"


def test_only_known_columns_are_written(manager, partner):
    with pytest.raises(TypeError, match="not kept about a partner: sponsor"):
        keep(manager, partner, sponsor="x")


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"standing": "blocked"}, "relation_blocked_has_reason"),
        ({"nda_status": "signed"}, "relation_nda_signed_has_date"),
        ({"msa_status": "signed"}, "relation_msa_signed_has_date"),
        (
            {"nda_on": dt.date(2025, 2, 1), "nda_expires_on": dt.date(2025, 1, 1)},
            "relation_nda_ends_after_it_began",
        ),
        (
            {"msa_on": dt.date(2025, 2, 1), "msa_expires_on": dt.date(2025, 1, 1)},
            "relation_msa_ends_after_it_began",
        ),
    ],
)
def test_the_database_itself_refuses_what_must_never_be(manager, partner, values, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        PartnerRelation.objects.create(
            sponsor=manager.sponsor, organisation=partner, updated_by=manager.user, **values
        )


def ranked_project(member, *partners):
    project = ProjectFactory(sponsor=member.sponsor)
    if not hasattr(project, "weights"):
        ProjectWeightsFactory(project=project)
    NeedFactory(project=project, level="could")
    for partner in partners:
        CapabilityFactory(facility=FacilityFactory(organisation=partner), modality=project.modality)
    return project


def test_flags_stand_on_the_ranking_and_change_no_score(client, manager, partner):
    blocked = OrganisationFactory(slug="blocked", name="Other")
    project = ranked_project(manager, partner, blocked)
    client.force_login(manager.user)
    address = reverse("quotes:ranking", args=[project.pk])

    def scores():
        ranking = client.get(address).context["page"].ranking
        return [(r.partner_id, r.low, r.point, r.high, r.group) for r in ranking.results]

    before = scores()
    keep(manager, partner, standing="preferred")
    keep(manager, blocked, standing="blocked", standing_reason="Lost a batch record.")
    html = client.get(address).content.decode()
    assert (html.count("Preferred by us"), html.count("Blocked by us")) == (1, 1)
    assert scores() == before
    assert standings_of(None) == {}


@pytest.mark.parametrize("count", [1, 3])
def test_queries_do_not_grow_with_flags_and_tags(client, manager, partner, count, django_assert_num_queries):
    for n in range(count):
        keep(manager, OrganisationFactory(), standing="preferred", tags=[f"t{i}" for i in range(n + 1)])
    keep(manager, partner, tags=["a"] * 1 + [f"t{n}" for n in range(count)])
    client.force_login(manager.user)
    with django_assert_num_queries(1):
        assert len(standings_of(manager.sponsor)) == count
    with django_assert_num_queries(5):  # session, person, memberships; partner, notes
        client.get(page(partner))


# -- on cards and side by side -----------------------------------------------------------------------------


def test_cards_and_comparison_show_what_we_keep_and_only_to_us(client, manager, partner):
    other = OrganisationFactory(slug="other", name="Other")
    kept = {**FILLED, "standing": "preferred", "standing_reason": HOSTILE, "tags": "Zebra, Quay"}
    client.force_login(manager.user)
    assert client.post(page(partner), kept).status_code == 302
    compare = reverse("partners:compare") + "?partner=niche&partner=other"
    shown = ("Preferred by us", "Zebra", "Quay")

    for address in (reverse("partners:list"), compare):
        html = client.get(address).content.decode()
        assert all(words in html for words in shown), address
        assert HOSTILE not in html
    assert "NDA expired 2025-06-30" in client.get(reverse("partners:list")).content.decode()
    html = client.get(compare).content.decode()
    assert "Call Tuesday.<br>Ask for the slot." in html
    assert "they are not exported" in html
    workbook = client.get(reverse("partners:compare_xlsx") + "?partner=niche&partner=other").content
    cells = {str(c.value) for sheet in load_workbook(BytesIO(workbook)) for row in sheet for c in row}
    assert not any("Preferred" in text or "Tuesday" in text for text in cells)

    for stranger in (MembershipFactory(role=Role.MANAGER.value).user, CuratorFactory()):
        client.force_login(stranger)
        for address in (reverse("partners:list"), compare, other.get_absolute_url()):
            html = client.get(address).content.decode()
            assert not any(words in html for words in ("Zebra", "Quay", "Call Tuesday", "Our notes:")), (
                address
            )
