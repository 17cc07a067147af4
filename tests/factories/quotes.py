"""Factories of projects and what hangs on them."""

from decimal import Decimal

import factory
from factory.django import DjangoModelFactory

from partners.scoring.weights import default_weights
from quotes import models
from quotes.enums import NeedLevel, NeedRule, ReportState, ReportStep

from .accounts import SponsorFactory, UserFactory
from .partners import ModalityFactory, OrganisationFactory, ServiceFactory


class ProjectFactory(DjangoModelFactory):
    """An IND-enabling drug project of its own sponsor with the stage's default weights; `weights=False` without."""

    class Meta:
        model = models.Project
        skip_postgeneration_save = True

    sponsor = factory.SubFactory(SponsorFactory)
    name = factory.Sequence(lambda n: f"Project {n}")
    modality = factory.SubFactory(ModalityFactory)
    created_by = factory.SubFactory(UserFactory)

    @factory.post_generation
    def weights(self, create, extracted, **kwargs):
        if create and extracted is not False:
            ProjectWeightsFactory(project=self, **kwargs)


class ProjectWeightsFactory(DjangoModelFactory):
    """The default weights of the project's stage; `points={"C1": 40, …}` sets all ten."""

    class Meta:
        model = models.ProjectWeights

    class Params:
        points = factory.LazyAttribute(lambda o: default_weights(o.project.stage, o.project.profile))

    project = factory.SubFactory(ProjectFactory)
    from_defaults = True
    c1 = factory.LazyAttribute(lambda o: Decimal(str(o.points["C1"])))
    c2 = factory.LazyAttribute(lambda o: Decimal(str(o.points["C2"])))
    c3 = factory.LazyAttribute(lambda o: Decimal(str(o.points["C3"])))
    c4 = factory.LazyAttribute(lambda o: Decimal(str(o.points["C4"])))
    c5 = factory.LazyAttribute(lambda o: Decimal(str(o.points["C5"])))
    c6 = factory.LazyAttribute(lambda o: Decimal(str(o.points["C6"])))
    c7 = factory.LazyAttribute(lambda o: Decimal(str(o.points["C7"])))
    c8 = factory.LazyAttribute(lambda o: Decimal(str(o.points["C8"])))
    c9 = factory.LazyAttribute(lambda o: Decimal(str(o.points["C9"])))
    c10 = factory.LazyAttribute(lambda o: Decimal(str(o.points["C10"])))


class WeightSetFactory(DjangoModelFactory):
    """Ten equal weights under a name."""

    class Meta:
        model = models.WeightSet

    sponsor = factory.SubFactory(SponsorFactory)
    name = factory.Sequence(lambda n: f"Set {n}")
    function = "quality"
    created_by = factory.SubFactory(UserFactory)
    c1 = c2 = c3 = c4 = c5 = c6 = c7 = c8 = c9 = c10 = Decimal(10)


class WhatIfScenarioFactory(DjangoModelFactory):
    """More weight on technical fit, kept under a name."""

    class Meta:
        model = models.WhatIfScenario

    project = factory.SubFactory("tests.factories.quotes.ProjectFactory")
    name = factory.Sequence(lambda n: f"Scenario {n}")
    changes = factory.LazyFunction(lambda: {"c1": "40"})
    created_by = factory.SubFactory(UserFactory)


class NeedFactory(DjangoModelFactory):
    """A must: one service at the lead site. Pass `rule=` with `service=None` for another kind."""

    class Meta:
        model = models.Need

    project = factory.SubFactory(ProjectFactory)
    rule = NeedRule.CAPABILITY
    level = NeedLevel.MUST
    service = factory.SubFactory(ServiceFactory)
    order = factory.Sequence(lambda n: n)


class ShortlistEntryFactory(DjangoModelFactory):
    """The next partner on the project's shortlist."""

    class Meta:
        model = models.ShortlistEntry

    project = factory.SubFactory(ProjectFactory)
    organisation = factory.SubFactory(OrganisationFactory)
    position = factory.LazyAttribute(lambda o: o.project.shortlist.count() + 1)
    added_by = factory.SubFactory(UserFactory)


class ReportFactory(DjangoModelFactory):
    """A report that waits for a worker. `done=True` gives it a (nominal) file."""

    class Meta:
        model = models.Report

    class Params:
        done = factory.Trait(
            state=ReportState.DONE,
            step=ReportStep.FINISHED,
            file="reports/test/report.pdf",
            file_sha256="0" * 64,
            pages=4,
        )

    project = factory.SubFactory(ProjectFactory)
    title = factory.LazyAttribute(lambda o: f"Report on {o.project.name}")
    snapshot = factory.LazyFunction(dict)
    snapshot_hash = "0" * 64
    engine_version = "1.0.0"
    requested_by = factory.SubFactory(UserFactory)


class PartnerRelationFactory(DjangoModelFactory):
    """What a sponsor keeps about a partner: nothing but what is given."""

    class Meta:
        model = models.PartnerRelation

    sponsor = factory.SubFactory(SponsorFactory)
    organisation = factory.SubFactory(OrganisationFactory)
    updated_by = factory.SubFactory(UserFactory)
