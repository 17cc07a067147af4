"""Adding, ordering, judging and removing partners on a shortlist."""

import pytest
from django.urls import reverse
from django.utils import timezone

from cmo_selector.accounts.roles import Role
from cmo_selector.audit.models import AuditEvent
from quotes.enums import NeedLevel, NeedRule, ShortlistStatus
from quotes.models import PartnerRelation, ShortlistEntry
from quotes.selectors import decision_log
from quotes.services.projects import add_need, archive_project, change_need, remove_need, update_project
from quotes.services.shortlist import (
    EntryGone,
    ShortlistError,
    add_to_shortlist,
    change_entry,
    move_entry,
    open_musts,
    remove_entry,
)
from tests.factories.accounts import MembershipFactory
from tests.factories.partners import OrganisationFactory
from tests.factories.quotes import NeedFactory, ProjectFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager():
    return MembershipFactory(role=Role.MANAGER.value)


@pytest.fixture
def project(manager):
    return ProjectFactory(sponsor=manager.sponsor)


@pytest.fixture
def entries(manager, project):
    """Three partners, A, B and C, in that order."""
    partners = [OrganisationFactory(name=name, slug=name.lower()) for name in "ABC"]
    return [add_to_shortlist(actor=manager.user, project=project, organisation=p)[0] for p in partners]


def order(project):
    return [(e.position, e.organisation.name) for e in project.shortlist.select_related("organisation")]


def edit_url(project, entry):
    return reverse("quotes:shortlist_edit", args=[project.pk, entry.pk])


def test_partners_are_added_at_the_end(project, entries):
    assert order(project) == [(1, "A"), (2, "B"), (3, "C")]


def test_adding_twice_keeps_one_entry(manager, project, entries):
    entry, new = add_to_shortlist(actor=manager.user, project=project, organisation=entries[1].organisation)
    assert (entry, new, project.shortlist.count()) == (entries[1], False, 3)


def test_moving_swaps_neighbours_and_stops_at_the_ends(manager, project, entries):
    assert move_entry(actor=manager.user, entry=entries[2], up=True)
    assert order(project) == [(1, "A"), (2, "C"), (3, "B")]
    assert not move_entry(actor=manager.user, entry=entries[0], up=True)
    assert not move_entry(actor=manager.user, entry=entries[1], up=False)
    assert order(project) == [(1, "A"), (2, "C"), (3, "B")]


def test_removing_closes_the_gap_and_the_log_keeps_what_was_written(manager, project, entries):
    remove_entry(actor=manager.user, entry=entries[0])
    assert order(project) == [(1, "B"), (2, "C")]
    event = AuditEvent.objects.get(verb="shortlist.removed")
    assert (event.data["position"], event.data["status"], event.sponsor_id) == (
        1,
        "shortlisted",
        project.sponsor_id,
    )


def test_a_rejection_needs_a_reason(client, manager, project, entries):
    client.force_login(manager.user)
    seen = entries[0].updated_at.isoformat()
    response = client.post(
        edit_url(project, entries[0]),
        {"status": "rejected", "reason": " ", "comment": "kept text", "seen": seen},
    )
    page = response.content.decode()
    assert response.status_code == 400
    assert "Say why the partner is rejected." in page
    assert "kept text" in page
    entries[0].refresh_from_db()
    assert entries[0].status == ShortlistStatus.SHORTLISTED


def test_a_change_is_saved_and_audited_old_to_new(manager, project, entries):
    change_entry(
        actor=manager.user,
        entry=entries[0],
        status=ShortlistStatus.REJECTED,
        reason="No slot before May",
        comment="",
        seen=entries[0].updated_at,
    )
    event = AuditEvent.objects.get(verb="shortlist.changed")
    assert event.data == {"status": ["shortlisted", "rejected"], "reason": ["", "No slot before May"]}


def test_saving_over_somebody_elses_change_is_refused_and_shows_both(client, manager, project, entries):
    entry = entries[0]
    stale = entry.updated_at.isoformat()
    change_entry(
        actor=manager.user,
        entry=entry,
        status=entry.status,
        reason="",
        comment="theirs",
        seen=entry.updated_at,
    )
    client.force_login(manager.user)
    posted = {"status": "shortlisted", "reason": "", "comment": "mine", "seen": stale}
    response = client.post(edit_url(project, entry), posted)
    page = response.content.decode()
    assert response.status_code == 400
    assert "Somebody else changed this entry" in page
    assert "theirs" in page
    assert "mine" in page
    entry.refresh_from_db()
    assert entry.comment == "theirs"
    # The second save is made knowingly: the form now carries the version that is shown.
    again = client.post(edit_url(project, entry), {**posted, "seen": entry.updated_at.isoformat()})
    entry.refresh_from_db()
    assert (again.status_code, entry.comment) == (302, "mine")


@pytest.mark.parametrize("seen", ["", "yesterday", "2026-01-01T00:00:00"])
def test_a_form_without_its_version_is_refused(client, manager, project, entries, seen):
    client.force_login(manager.user)
    response = client.post(edit_url(project, entries[0]), {"status": "audit", "comment": "", "seen": seen})
    assert response.status_code == 400


def test_a_partner_with_an_unverified_must_cannot_be_selected(manager, entries):
    """Nothing is on record about the partner, so its open actions were never looked up."""
    from tests.factories.quotes import NeedFactory

    NeedFactory(project=entries[0].project)
    with pytest.raises(ShortlistError, match="must-have\\(s\\) are not verified") as refused:
        change_entry(
            actor=manager.user,
            entry=entries[0],
            status=ShortlistStatus.SELECTED,
            reason="Best fit",
            comment="",
            seen=entries[0].updated_at,
        )
    assert refused.value.field == "status"


def test_nobody_can_be_selected_while_the_project_has_no_needs(manager, entries):
    with pytest.raises(ShortlistError, match="at least one need") as refused:
        change_entry(
            actor=manager.user,
            entry=entries[0],
            status=ShortlistStatus.SELECTED,
            reason="Best fit",
            comment="",
            seen=entries[0].updated_at,
        )
    assert refused.value.field == "status"


def test_an_evaluator_comments_and_changes_nothing_else(client, project, entries):
    evaluator = MembershipFactory(sponsor=project.sponsor, role=Role.EVALUATOR.value)
    client.force_login(evaluator.user)
    response = client.post(
        edit_url(project, entries[0]),
        {
            "status": "rejected",
            "reason": "no",
            "comment": "good vectors",
            "seen": entries[0].updated_at.isoformat(),
        },
    )
    entries[0].refresh_from_db()
    assert response.status_code == 302
    assert (entries[0].status, entries[0].reason, entries[0].comment) == ("shortlisted", "", "good vectors")


def test_adding_an_unknown_partner_is_a_404(client, manager, project):
    client.force_login(manager.user)
    for slug in ("nobody", "", "x" * 5000, "a\x00b"):
        response = client.post(reverse("quotes:shortlist_add", args=[project.pk]), {"partner": slug})
        assert response.status_code == 404
    assert project.shortlist.count() == 0


def test_add_returns_to_our_own_pages_only(client, manager, project):
    partner = OrganisationFactory(name="A", slug="a")
    client.force_login(manager.user)
    url = reverse("quotes:shortlist_add", args=[project.pk])
    away = client.post(url, {"partner": partner.slug, "next": "https://elsewhere.example/"})
    back = client.post(url, {"partner": partner.slug, "next": f"/projects/{project.pk}/ranking/"})
    assert (away.url, back.url) == (f"/projects/{project.pk}/shortlist/", f"/projects/{project.pk}/ranking/")


def test_an_entry_of_another_project_is_a_404(client, manager, project, entries):
    other = ProjectFactory(sponsor=manager.sponsor)
    client.force_login(manager.user)
    assert client.get(edit_url(other, entries[0])).status_code == 404
    assert client.post(reverse("quotes:shortlist_remove", args=[other.pk, entries[0].pk])).status_code == 404
    assert ShortlistEntry.objects.count() == 3


@pytest.mark.parametrize("count", [1, 3])
def test_the_shortlist_page_takes_the_same_queries_for_one_and_for_three(
    client, manager, project, count, django_assert_num_queries
):
    for n in range(count):
        add_to_shortlist(actor=manager.user, project=project, organisation=OrganisationFactory(slug=f"p{n}"))
    client.force_login(manager.user)
    with django_assert_num_queries(7):
        client.get(reverse("quotes:shortlist", args=[project.pk]))


def test_what_people_write_comes_out_as_text(client, manager, project, entries):
    entry = entries[0]
    change_entry(
        actor=manager.user,
        entry=entry,
        status=entry.status,
        reason="<script>alert(1)</script>",
        comment="<img src=x onerror=alert(1)>",
        seen=entry.updated_at,
    )
    client.force_login(manager.user)
    page = client.get(reverse("quotes:shortlist", args=[project.pk])).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<img src=x" not in page


def test_a_partner_is_added_from_its_profile(client, manager, project):
    partner = OrganisationFactory(name="A", slug="a")
    client.force_login(manager.user)
    profile = client.get(partner.get_absolute_url()).content.decode()
    assert f"Add to “{project.name}”" in profile
    client.post(reverse("quotes:shortlist_add", args=[project.pk]), {"partner": "a", "next": "/partners/a/"})
    after = client.get(partner.get_absolute_url()).content.decode()
    assert f"On the shortlist of “{project.name}”" in after
    assert f"Add to “{project.name}”" not in after


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EVALUATOR])
def test_people_who_may_not_shortlist_see_no_menu_on_a_profile(client, project, role):
    member = MembershipFactory(sponsor=project.sponsor, role=role.value)
    client.force_login(member.user)
    page = client.get(OrganisationFactory(slug="a").get_absolute_url()).content.decode()
    assert project.name not in page


def test_a_profile_never_names_another_sponsors_projects(client, project):
    stranger = MembershipFactory(role=Role.MANAGER.value)
    client.force_login(stranger.user)
    assert project.name not in client.get(OrganisationFactory(slug="a").get_absolute_url()).content.decode()


def test_the_decision_log_hides_prices_from_evaluators_and_nobody_else(client, manager, project):
    update_project(
        actor=manager.user, project=project, values={"price_target": 876_543, "price_limit": 1_987_654}
    )
    values = {"rule": NeedRule.MINIMUM_PROJECT, "level": NeedLevel.MUST}
    need = add_need(actor=manager.user, project=project, values={**values, "quantity": 6_543_210})
    change_need(actor=manager.user, need=need, values={**values, "quantity": 7_654_321})
    remove_need(actor=manager.user, need=need)
    amounts = {"876,543", "1,987,654", "6,543,210", "7,654,321"}
    shown = {}
    for role in Role:
        client.force_login(MembershipFactory(sponsor=project.sponsor, role=role.value).user)
        page = client.get(reverse("quotes:shortlist", args=[project.pk])).content.decode()
        shown[role] = {amount for amount in amounts if amount in page}
        assert "Need removed: Must: Minimum project value" in page
        assert ("Hidden: your role does not see prices." in page) is (role is Role.EVALUATOR)
    assert shown == {role: set() if role is Role.EVALUATOR else amounts for role in Role}


def test_the_decision_log_reads_as_sentences(manager, project, entries):
    update_project(actor=manager.user, project=project, values={"product": "AB-9", "federal_funding": True})
    change_entry(
        actor=manager.user,
        entry=entries[0],
        status=ShortlistStatus.RFP_INVITED,
        reason="",
        comment="",
        seen=entries[0].updated_at,
    )
    newest, before = decision_log(project, prices=True)[:2]
    assert newest.details == "status: Shortlisted → RFP invited"
    assert before.details == "product: none → AB-9; federal funding: no → yes"


@pytest.mark.parametrize("seen", ["", "yesterday", "2026-01-01T00:00:00", "2026-99-99T00:00:00+00:00"])
def test_a_form_without_a_readable_version_is_refused_with_what_was_typed(
    client, manager, project, entries, seen
):
    client.force_login(manager.user)
    data = {"status": "audit", "reason": "", "comment": "typed", "seen": seen}
    response = client.post(edit_url(project, entries[0]), data)
    assert response.status_code == 400
    assert "typed" in response.content.decode()
    entries[0].refresh_from_db()
    assert entries[0].status == ShortlistStatus.SHORTLISTED


def test_the_shortlist_of_an_archived_project_is_left_as_it_is(client, manager, project, entries):
    archive_project(actor=manager.user, project=project)
    OrganisationFactory(slug="d")
    client.force_login(manager.user)
    first, seen = entries[0], entries[0].updated_at.isoformat()
    attempts = {
        reverse("quotes:shortlist_add", args=[project.pk]): {"partner": "d"},
        edit_url(project, first): {"status": "audit", "reason": "", "comment": "late", "seen": seen},
        reverse("quotes:shortlist_move", args=[project.pk, first.pk]): {"direction": "down"},
        reverse("quotes:shortlist_remove", args=[project.pk, first.pk]): {},
    }
    for address, data in attempts.items():
        page = client.post(address, data, follow=True)
        assert page.redirect_chain == [(project.get_absolute_url(), 302)]
        assert "This project is archived. Restore it before changing it." in page.content.decode()
    assert order(project) == [(1, "A"), (2, "B"), (3, "C")]
    first.refresh_from_db()
    assert (first.status, first.comment) == (ShortlistStatus.SHORTLISTED, "")


def test_an_entry_that_somebody_else_took_off_is_told_and_nothing_typed_is_lost(
    client, manager, project, entries
):
    """Both between two requests and between the look at the row and the project's lock."""
    client.force_login(manager.user)
    gone = entries[1]
    held = ShortlistEntry.objects.select_related("organisation", "project__sponsor").get(pk=gone.pk)
    remove_entry(actor=manager.user, entry=gone)
    for change in (
        lambda: remove_entry(actor=manager.user, entry=held),
        lambda: move_entry(actor=manager.user, entry=held, up=True),
        lambda: change_entry(
            actor=manager.user, entry=held, status="rfi", reason="", comment="", seen=held.updated_at
        ),
    ):
        with pytest.raises(EntryGone, match="B is not on the shortlist any more"):
            change()
    typed = {"status": "rfi", "comment": "Call on Monday", "seen": held.updated_at.isoformat()}
    for name, data in (
        ("shortlist_remove", {}), ("shortlist_move", {"direction": "up"}), ("shortlist_edit", typed)
    ):  # fmt: skip
        response = client.post(reverse(f"quotes:{name}", args=[project.pk, held.pk]), data, follow=True)
        assert response.status_code == 200
        assert "not on the shortlist any more" in response.content.decode()
    assert "Your comment was: “Call on Monday”" in response.content.decode()
    assert client.get(edit_url(project, held)).status_code == 404
    assert order(project) == [(1, "A"), (2, "C")]


def test_a_must_about_the_sponsors_own_dealings_is_read_from_them_when_a_partner_is_selected(
    client, manager, project, entries
):
    NeedFactory(project=project, level=NeedLevel.MUST, rule=NeedRule.NDA, service=None, modality=None)
    entry = entries[0]
    musts = {r.rule for r in open_musts(project=project, organisation=entry.organisation)}
    assert "nda" in musts
    PartnerRelation.objects.create(
        sponsor=project.sponsor,
        organisation=entry.organisation,
        nda_status="signed",
        nda_on=timezone.localdate(),
        updated_by=manager.user,
    )
    assert "nda" not in {r.rule for r in open_musts(project=project, organisation=entry.organisation)}


def test_a_partner_that_left_the_catalogue_is_named_without_a_link_to_nowhere(
    client, manager, project, entries
):
    client.force_login(manager.user)
    organisation = entries[0].organisation
    organisation.active = False
    organisation.save()
    page = client.get(reverse("quotes:shortlist", args=[project.pk])).content.decode()
    assert "no longer in the catalogue" in page
    assert reverse("quotes:ranking_partner", args=[project.pk, organisation.slug]) not in page
