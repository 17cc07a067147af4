"""The demo: one command that can run again, people who can sign in, journeys that show what they promise."""

import datetime as dt
from io import StringIO

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import connection

from cmo_selector.accounts.models import Membership, Sponsor, User
from partners.models import Organisation
from partners.scoring import criteria_labels
from partners.scoring.types import Group, Level, Outcome, Rule
from quotes.demo import DEMO_PASSWORD, DEMO_SIGN_INS, ProductionRefused, load_demo
from quotes.demo_projects import PROJECTS
from quotes.evaluation_page import results
from quotes.models import Evaluation, Need, Project, ProjectWeights, ReportSchedule, ShortlistRisk, WeightSet
from quotes.needs import problems
from quotes.ranking import inputs_of, rank_project
from quotes.scenario_page import kept_scenarios

TODAY = dt.date(2027, 3, 15)


@pytest.fixture
def demo(db):
    """The demo without the public register, which has tests of its own."""
    return load_demo(today=TODAY, register=False)


def table_sizes():
    """Rows of every table of this project's apps."""
    with connection.cursor() as cursor:
        tables = [t for t in connection.introspection.table_names(cursor) if not t.startswith("django_")]
        sizes = {}
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608
            sizes[table] = cursor.fetchone()[0]
    return sizes


def ranking(name):
    """The ranking of the demo project whose name starts so, on the day of loading."""
    return rank_project(Project.objects.get(name__startswith=name), as_of=TODAY)


def partner(result, name):
    return next(r for r in result.results if r.name == name)


# -- the command ---------------------------------------------------------------------------------


def test_loading_twice_leaves_every_table_as_it_was(demo):
    before = table_sizes()

    second = load_demo(today=TODAY, register=False)

    assert table_sizes() == before
    assert (second.terms, second.people, second.new_projects) == (0, 0, [])
    followed = ReportSchedule.objects.filter(stopped_at=None).order_by("project__name")
    assert list(followed.values_list("project__name", "rhythm", "kind", "recipient")) == [
        ("AB-220 generic tablets, second source", "weekly", "decision", "Board of directors"),
        ("AB-305 antibody, Phase II to III transfer", "change", "comparison", ""),
    ]


def test_decisions_have_a_day_and_two_projects_have_risks_and_approved_weights(demo):
    assert set(Project.objects.values_list("decide_by", flat=True)) == {TODAY + dt.timedelta(weeks=8)}
    noted = ShortlistRisk.objects.values_list("entry__project__name", "entry__organisation__illustrative")
    assert sorted(noted) == [
        *[("AB-220 generic tablets, second source", True)] * 4,
        *[("AB-305 antibody, Phase II to III transfer", True)] * 2,
    ]
    approved = ProjectWeights.objects.exclude(approved_by=None)
    assert set(approved.values_list("project__name", "approved_by__email")) == {
        ("AB-220 generic tablets, second source", "owner@alder.example"),
        ("AB-305 antibody, Phase II to III transfer", "owner@alder.example"),
    }


def test_loading_again_keeps_what_people_changed(demo):
    project = Project.objects.get(name__startswith="AB-101")
    project.needs.first().delete()
    Membership.objects.filter(user__email="viewer@alder.example").delete()

    load_demo(today=TODAY, register=False)

    assert project.needs.count() == 9
    assert not Membership.objects.filter(user__email="viewer@alder.example").exists()


def test_refresh_moves_need_dates_of_projects_that_are_not_archived(demo):
    archived = Project.objects.get(name__startswith="AB-220")
    archived.archived_at = dt.datetime(2027, 3, 20, tzinfo=dt.UTC)
    archived.save()

    load_demo(today=dt.date(2028, 3, 15), register=False, refresh=True)

    archived.refresh_from_db()
    assert (archived.need_date, archived.decide_by) == (dt.date(2027, 12, 15), dt.date(2027, 5, 10))
    assert Project.objects.get(name__startswith="AB-101").need_date == dt.date(2028, 11, 15)


@pytest.mark.django_db
def test_command_prints_every_sign_in():
    out = StringIO()

    call_command("load_demo", "--without-register", stdout=out)

    lines = out.getvalue().splitlines()
    for role, email, password in DEMO_SIGN_INS:
        assert any(line.split() == [*role.split(), email, password] for line in lines)
    assert not Organisation.objects.filter(illustrative=False).exists()


@pytest.mark.django_db
def test_production_is_refused_with_status_2_and_nothing_is_written(settings):
    settings.PRODUCTION = True

    with pytest.raises(CommandError, match="does not run with CMO_ENV=production") as error:
        call_command("load_demo")
    with pytest.raises(ProductionRefused):
        load_demo(register=False)

    assert error.value.returncode == 2
    assert not User.objects.exists()
    assert not Organisation.objects.exists()


# -- people --------------------------------------------------------------------------------------


def test_everybody_can_sign_in_with_a_confirmed_address_and_has_the_role_shown(demo, rf):
    assert len(DEMO_SIGN_INS) == 7
    for _, email, password in DEMO_SIGN_INS:
        user = authenticate(rf.post("/"), email=email, password=password)
        assert user is not None
        assert user.email == email
        assert EmailAddress.objects.filter(user=user, email=email, verified=True, primary=True).exists()
    roles = {
        (m.user.email, m.sponsor.name): m.role for m in Membership.objects.select_related("user", "sponsor")
    }
    assert roles == {
        ("owner@alder.example", "Alder Bio (illustrative)"): "owner",
        ("manager@alder.example", "Alder Bio (illustrative)"): "manager",
        ("evaluator@alder.example", "Alder Bio (illustrative)"): "evaluator",
        ("viewer@alder.example", "Alder Bio (illustrative)"): "viewer",
        ("manager@birch.example", "Birch Therapeutics (illustrative)"): "manager",
    }
    assert set(Sponsor.objects.values_list("illustrative", flat=True)) == {True}


def test_the_curator_may_change_the_catalogue_and_no_project(demo):
    curator = User.objects.get(email="curator@cmo-selector.example")
    assert curator.is_curator
    assert not curator.is_superuser
    assert curator.has_perm("partners.change_organisation")
    assert not curator.has_perm("quotes.view_project")
    assert User.objects.get(email="admin@cmo-selector.example").is_superuser


def test_a_demo_password_that_was_changed_stays_changed(demo):
    owner = User.objects.get(email="owner@alder.example")
    owner.set_password("something else entirely")
    owner.save()

    load_demo(today=TODAY, register=False)

    owner.refresh_from_db()
    assert not owner.check_password(DEMO_PASSWORD)


# -- projects ------------------------------------------------------------------------------------


def test_each_journey_is_a_project_with_its_needs_and_stage_weights(demo):
    stages = dict(Project.objects.values_list("name", "stage"))
    assert {name.split()[0]: stage for name, stage in stages.items()} == {
        "AB-101": 2,
        "AB-220": 7,
        "AB-305": 4,
        "AB-D12": 6,
        "AB-440": 3,
        "BT-210": 3,
    }
    for demo_project in PROJECTS:
        project = Project.objects.get(name=demo_project.brief["name"])
        assert project.needs.count() == len(demo_project.needs)
        assert project.need_date > TODAY
        weights = ProjectWeights.objects.get(project=project)
        assert sum(weights.as_dict().values()) == 100
        assert weights.from_defaults
    birch = Sponsor.objects.get(name__startswith="Birch")
    assert [p.name.split()[0] for p in Project.objects.for_sponsor(birch)] == ["BT-210"]


def test_every_demo_need_is_one_that_the_form_would_accept(demo):
    columns = [f.name for f in Need._meta.concrete_fields]
    for need in Need.objects.select_related("project"):
        values = {name: getattr(need, name) for name in columns}
        assert problems(need.rule, values, today=TODAY) == {}


def test_aav_journey_puts_the_niche_partner_above_and_knocks_the_global_one_out(demo):
    result = ranking("AB-101")

    ranked = [r.name for r in result.group(Group.RANKED)]
    assert ranked[0] == "Northmere Vector Works"
    assert partner(result, "Northmere Vector Works").unverified == ()
    assert {f.rule for f in partner(result, "Gannister Global Biologics").fails} == {
        Rule.CAPACITY,
        Rule.MINIMUM_PROJECT,
    }
    near_miss = partner(result, "Quillhaven Vectors")
    assert [f.rule for f in near_miss.fails] == [Rule.CAPABILITY]
    assert "100 L" in near_miss.fails[0].reason
    unknown_slot = partner(result, "Isarwald Vektor")
    assert unknown_slot.group is Group.RANKED
    assert {f.rule for f in unknown_slot.unverified} == {Rule.CAPACITY, Rule.MINIMUM_PROJECT}
    no_plasmid = partner(result, "Tarnbrook Genetics Manufacturing")
    missed = [r.need_id for r in no_plasmid.rules if r.level is Level.SHOULD and r.outcome is Outcome.FAIL]
    assert [need.service.code for need in Need.objects.filter(pk__in=missed)] == ["ds-plasmid"]


def test_tablet_journey_knocks_out_the_cheapest_for_its_open_warning_letter(demo):
    result = ranking("AB-220")

    assert {r.name for r in result.group(Group.RANKED)} == {
        "Kaverinadi Generics Works",
        "Castelvero Solidi",
        "Oderhain Pharma Solids",
    }
    cheapest = partner(result, "Sahyora Formulations")
    assert {f.rule for f in cheapest.fails} == {Rule.NO_OPEN_ACTION, Rule.INSPECTION}
    price = {r.name: next(c.point for c in r.criteria if c.code == "C7") for r in result.results}
    assert price["Sahyora Formulations"] == max(price.values()) == 100
    assert [f.rule for f in partner(result, "Tidewater Point Solids").fails] == [Rule.CAPACITY]
    assert [f.rule for f in partner(result, "Ribatejo Formas Sólidas").fails] == [Rule.INSPECTION]


def test_antibody_journey_keeps_the_incumbent_as_an_option(demo):
    result = ranking("AB-305")

    ranked = [r.name for r in result.group(Group.RANKED)]
    assert set(ranked[:2]) == {"Vättermark Biologics", "Songcheon River Biologics"}
    incumbent = partner(result, "Merrowdale Biologics")
    assert incumbent.group is Group.RANKED
    scale = next(c for c in incumbent.criteria if c.code == "C3")
    assert scale.high < next(c for c in result.results[0].criteria if c.code == "C3").low
    near_miss = partner(result, "Yarragum Biologics")  # let pass in the demo, with a reason
    assert [(r.rule, r.outcome) for r in near_miss.overridden] == [(Rule.TRACK_RECORD, Outcome.CONDITIONAL)]


def test_the_antibody_project_shows_what_a_group_decided(demo):
    project = Project.objects.get(name__startswith="AB-305")
    evaluation = Evaluation.objects.get()
    assert evaluation.project == project
    assert evaluation.closed_at
    rows = results(evaluation, project, criteria_labels(project.profile))
    assert [row.rank for row in rows] == [1, 2, 3]
    assert [cell.voices for cell in rows[0].cells] == [3] * 6 + [2] * 2 + [3] * 2
    assert rows[0].cells[5].agreed.points == 60
    given = inputs_of(project)
    kept = kept_scenarios(project.whatif_scenarios.all(), given, given.ranking(), prices=True)
    assert {k.row.name: k.sentence.split(";")[0] for k in kept} == {
        "Money is tight": "5 partners change place",
        "The slot is a must": "3 partners change place",
    }
    assert kept[0].ranking.results[0].name != given.ranking().results[0].name
    assert {s.name for s in WeightSet.objects.for_sponsor(project.sponsor)} == {
        "Quality first",
        "Finance view",
    }


def test_device_journey_rejects_private_label_slow_tools_and_the_wrong_clean_room(demo):
    result = ranking("AB-D12")

    assert [r.name for r in result.group(Group.RANKED)] == [
        "Corribane Mouldings",
        "Lakemark Medical Components",
    ]
    reasons = {
        name: [f.reason for f in partner(result, name).fails]
        for name in ("Clearfold Private Brands", "Steinbronn Kunststofftechnik", "Sierra Rosada Dispositivos")
    }
    assert {name: len(said) for name, said in reasons.items()} == dict.fromkeys(reasons, 1)
    assert "private label" in reasons["Clearfold Private Brands"][0].lower()
    assert "18 weeks" in reasons["Steinbronn Kunststofftechnik"][0]
    assert "8" in reasons["Sierra Rosada Dispositivos"][0]
    no_scope = partner(result, "Bukit Delima Precision")
    assert no_scope.fails == ()
    assert Rule.CERTIFICATE in {f.rule for f in no_scope.unverified}


def test_the_conjugate_needs_a_dedicated_facility_and_an_answer_about_conflicts(demo):
    potent = partner(ranking("BT-210"), "Rhonefels Potent Chemistry")
    said = {r.rule: (r.outcome, r.reason) for r in potent.rules}
    assert said[Rule.DEDICATED][0] is Outcome.PASS
    assert said[Rule.CONFLICT][0] is Outcome.CONDITIONAL
    assert "a separate team and suite are offered" in said[Rule.CONFLICT][1]
    others = [r for r in ranking("BT-210").results if r.name != "Rhonefels Potent Chemistry"]
    assert {x.outcome for r in others for x in r.rules if x.rule is Rule.CONFLICT} == {Outcome.UNKNOWN}


def test_vaccine_journey_knocks_out_the_listed_partner_only_with_federal_money(demo):
    listed = "Ostrovane RNA Foundry"
    funded = ranking("AB-440")
    assert [f.rule for f in partner(funded, listed).fails] == [Rule.RESTRICTED_PARTY]
    assert "Illustrative restricted-party list" in partner(funded, listed).fails[0].reason
    assert funded.results[0].name == "Lipquill Nanoworks"

    Project.objects.filter(name__startswith="AB-440").update(federal_funding=False)

    free = partner(ranking("AB-440"), listed)
    assert (free.group, free.rank) == (Group.RANKED, 1)
    warning = next(r for r in free.rules if r.rule is Rule.RESTRICTED_PARTY)
    assert warning.outcome is Outcome.CONDITIONAL
