"""`manage.py seed_scale`: a synthetic catalogue, the same for the same seed, marked as such, and found by searching."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from partners import finding, models
from partners.browse import browse
from partners.synthetic import SOURCE

pytestmark = pytest.mark.django_db
FACTS = (
    *(models.Organisation, models.OrganisationTypeFact, models.ContractStructureFact, models.IndustryFact),
    *(models.Facility, models.Capability, models.CapacitySlot, models.Certificate, models.Inspection),
    *(models.RegulatoryAction, models.CommercialTerms, models.MetricValue),
)


def seed(**options):
    output = StringIO()
    call_command("seed_scale", stdout=output, **{"partners": "40", "seed": "3", **options})
    return output.getvalue()


def contents():
    """What the catalogue says, without keys."""
    processes = models.Capability.objects.order_by("facility__organisation__name", "facility__pk", "pk")
    return list(
        processes.values_list(
            "facility__organisation__name",
            "facility__city",
            "service__code",
            "modality__code",
            "scale_max",
            "gmp",
        )
    )


def test_catalogue_has_about_three_sites_and_ten_processes_per_partner_all_marked_synthetic():
    line = seed()
    assert line.startswith("40 synthetic partners, ")
    assert models.Organisation.objects.filter(illustrative=True, name__endswith="(synthetic)").count() == 40
    assert 80 < models.Facility.objects.count() < 160
    assert 250 < models.Capability.objects.count() < 600
    for model in FACTS:
        assert model.objects.count() > 0, model
        assert set(model.objects.values_list("source__code", flat=True)) == {SOURCE}
    for partner in models.Organisation.objects.all():
        partner.full_clean()
    for process in models.Capability.objects.all():
        process.full_clean()


def test_registers_have_a_row_per_partner_in_each_all_marked_synthetic():
    seed()
    for model in (
        models.RegisterEstablishment,
        models.RegisterForm483,
        models.RegisterAction,
        models.RegisterInspection,
        models.RegisterListing,
    ):
        assert model.objects.count() == 40, model
        assert set(model.objects.values_list("source__code", flat=True)) == {SOURCE}
        for row in model.objects.all():
            row.full_clean()
            assert "(synthetic)" in (row.labeler if hasattr(row, "labeler") else row.firm_name)
    assert models.RegisterEstablishment.objects.filter(facility__isnull=False).count() == 20


def test_seeded_partners_are_found_by_text_and_facets():
    seed()
    partner = models.Organisation.objects.order_by("name").first()
    assert partner.pk in finding.matches(partner.name)
    result = browse({"gmp": "yes"})
    assert 0 < result.count <= 40
    assert sum(entry.count for entry in result.panel[0].facets[0].entries) > 0


def test_history_says_how_many_rows_came_and_not_which():
    before = models.Change.objects.count()
    seed()
    rows = [change.after for change in models.Change.objects.filter(table="partners_capability")]
    assert sum(row["rows"] for row in rows) == models.Capability.objects.count()
    assert models.Change.objects.count() - before < 2_000


def test_same_seed_draws_the_same_catalogue_and_another_seed_another():
    drawn = []
    for number in ("3", "3", "4"):
        with transaction.atomic():
            seed(seed=number, partners="10")
            drawn.append(contents())
            transaction.set_rollback(True)
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"partners": "0"}, "--partners must be a whole number from 1 to 1,000,000, not '0'."),
        ({"partners": "-5"}, "--partners must be a whole number from 1 to 1,000,000, not '-5'."),
        ({"partners": "many"}, "--partners must be a whole number from 1 to 1,000,000, not 'many'."),
        ({"partners": None}, "Say --partners: a whole number from 1 to 1,000,000."),
        ({"partners": "9" * 5000}, "--partners must be a whole number from 1 to 1,000,000, not "),
        ({"seed": "1.5"}, "--seed must be a whole number from 0 to 9,223,372,036,854,775,807, not '1.5'."),
    ],
)
def test_bad_arguments_are_refused_in_one_line(options, words):
    with pytest.raises(CommandError) as refused:
        seed(**options)
    assert str(refused.value).startswith(words)
    assert "\n" not in str(refused.value)
    assert refused.value.returncode == 2
    assert not models.Organisation.objects.exists()


def test_second_catalogue_in_one_database_is_refused():
    seed()
    with pytest.raises(CommandError, match="holds a synthetic catalogue already") as refused:
        seed(seed="9")
    assert refused.value.returncode == 2


def test_production_is_refused(settings):
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="refused in production"):
        seed()
