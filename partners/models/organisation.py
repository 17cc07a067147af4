"""Partners and what is known about them as a whole."""

import datetime

from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Collate, Lower
from django.urls import reverse

from partners.enums import AliasKind, IdentifierScheme

from .evidence import Evidenced
from .text import SearchCode, SearchKey
from .vocabulary import ContractStructure, Industry, OrganisationType

#: words that stand where a partner's short name would in an address (partners/urls.py)
RESERVED_SLUGS = frozenset({"compare", "suggest"})


class OrganisationQuerySet(models.QuerySet):
    def active(self):
        return self.filter(active=True)


class Organisation(Evidenced):
    """A contract partner. Types, structures and industries are many-valued facts with evidence of their own.

    `illustrative` partners are invented; every page, export and report says so.
    """

    slug = models.SlugField(max_length=120, unique=True)
    name = models.CharField(max_length=200)
    illustrative = models.BooleanField(default=False, db_index=True)
    active = models.BooleanField(default=True)
    merged_into = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    summary = models.TextField(blank=True)
    website = models.URLField(blank=True)
    founded_year = models.PositiveSmallIntegerField(null=True, blank=True)
    employees = models.PositiveIntegerField(null=True, blank=True)
    grouping_note = models.CharField(
        max_length=240,
        blank=True,
        help_text="How sites were grouped under this name, when no register states it.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    types = models.ManyToManyField(
        OrganisationType, through="OrganisationTypeFact", related_name="organisations"
    )
    contract_structures = models.ManyToManyField(
        ContractStructure, through="ContractStructureFact", related_name="organisations"
    )
    industries = models.ManyToManyField(Industry, through="IndustryFact", related_name="organisations")

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        indexes = [
            GinIndex(fields=["name"], opclasses=["gin_trgm_ops"], name="organisation_name_trgm"),
            models.Index(Collate(SearchKey("name"), "C"), name="organisation_name_key"),
            models.Index(fields=["name", "id"], name="organisation_by_name"),
            models.Index(Lower("name"), F("id"), condition=Q(active=True), name="organisation_in_order"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        if self.slug in RESERVED_SLUGS:
            raise ValidationError(
                {"slug": f"“{self.slug}” is the address of a page; choose another short name."}
            )

    def get_absolute_url(self) -> str:
        return reverse("partners:profile", args=[self.slug])


class OrganisationTypeFact(Evidenced):
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="type_facts")
    type = models.ForeignKey(OrganisationType, models.PROTECT, related_name="facts")

    class Meta:
        ordering = ["type__order", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "type"],
                name="organisation_type_once",
                violation_error_message="This partner already has that type.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.organisation}: {self.type}"


class ContractStructureFact(Evidenced):
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="structure_facts")
    structure = models.ForeignKey(ContractStructure, models.PROTECT, related_name="facts")

    class Meta:
        ordering = ["structure__order", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "structure"],
                name="organisation_structure_once",
                violation_error_message="This partner already has that contract structure.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.organisation}: {self.structure}"


class IndustryFact(Evidenced):
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="industry_facts")
    industry = models.ForeignKey(Industry, models.PROTECT, related_name="facts")

    class Meta:
        ordering = ["industry__order", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "industry"],
                name="organisation_industry_once",
                violation_error_message="This partner already serves that industry.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.organisation}: {self.industry}"


class Alias(Evidenced):
    """Another name of a partner; `used_from` and `used_until` when it is a former one. No date means unknown."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="aliases")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=AliasKind, default=AliasKind.ALIAS)
    used_from = models.DateField(null=True, blank=True)
    used_until = models.DateField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "aliases"
        ordering = ["name", "pk"]
        indexes = [
            GinIndex(fields=["name"], opclasses=["gin_trgm_ops"], name="alias_name_trgm"),
            models.Index(Collate(SearchKey("name"), "C"), name="alias_name_key"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "name"],
                name="alias_once_per_organisation",
                violation_error_message="This partner already has that name.",
            ),
            models.CheckConstraint(
                condition=Q(used_from__isnull=True)
                | Q(used_until__isnull=True)
                | Q(used_until__gte=F("used_from")),
                name="alias_ends_after_start",
                violation_error_message="The name was given up before it was taken: check the two dates.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class OwnershipQuerySet(models.QuerySet):
    def current(self, on: datetime.date) -> "OwnershipQuerySet":
        """Owners on a day, as far as is known: one without dates is taken to own still."""
        return self.filter(Q(owned_until=None) | Q(owned_until__gte=on)).exclude(owned_from__gt=on)


class Ownership(Evidenced):
    """Who owned a partner, or the kind of owner where only that is known, and from when to when.

    No `owned_from` means that the start is unknown. No `owned_until` means that no end is known: the owner on the
    day the fact was retrieved. Several at once are joint owners.
    """

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="owners")
    owner = models.CharField(
        max_length=200, help_text="The owner's name, or its kind: listed, family-owned, private equity."
    )
    owned_from = models.DateField(null=True, blank=True)
    owned_until = models.DateField(null=True, blank=True)
    note = models.CharField(
        max_length=200, blank=True, help_text="For example the share, or how it came about."
    )

    objects = OwnershipQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "ownership"
        ordering = [F("owned_from").desc(nulls_last=True), "owner", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "owner", "owned_from"],
                nulls_distinct=False,
                name="ownership_once",
                violation_error_message="This partner already has that owner from that day.",
            ),
            models.CheckConstraint(
                condition=Q(owned_from__isnull=True)
                | Q(owned_until__isnull=True)
                | Q(owned_until__gte=F("owned_from")),
                name="ownership_ends_after_start",
                violation_error_message="The ownership ends before it starts: check the two dates.",
            ),
            models.CheckConstraint(
                condition=~Q(owner=""),
                name="ownership_names_owner",
                violation_error_message="Name the owner, or its kind.",
            ),
        ]

    def __str__(self) -> str:
        return self.owner

    def holds_on(self, on: datetime.date) -> bool:
        """Whether it is the owner on a day; the same rule as `current`."""
        ended = self.owned_until is not None and self.owned_until < on
        return not ended and not (self.owned_from is not None and self.owned_from > on)


class Identifier(Evidenced):
    """A code some register gave to an organisation or to a site (exactly one of them).

    FEI values are stored without leading zeros, because files disagree about them.
    """

    organisation = models.ForeignKey(
        Organisation, models.CASCADE, null=True, blank=True, related_name="identifiers"
    )
    facility = models.ForeignKey(
        "Facility", models.CASCADE, null=True, blank=True, related_name="identifiers"
    )
    scheme = models.CharField(max_length=10, choices=IdentifierScheme)
    value = models.CharField(max_length=40)

    class Meta:
        ordering = ["scheme", "value", "pk"]
        indexes = [
            models.Index(fields=["scheme", "value"], name="identifier_lookup"),
            models.Index(Collate(SearchCode("value"), "C"), name="identifier_code"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(organisation__isnull=True) ^ Q(facility__isnull=True),
                name="identifier_names_one_thing",
                violation_error_message="An identifier belongs to a partner or to a site, not to both.",
            ),
            models.UniqueConstraint(
                fields=["scheme", "value"],
                condition=~Q(scheme=IdentifierScheme.FEI),
                name="identifier_value_once",
                violation_error_message="That identifier is already used by another partner or site.",
            ),
            models.UniqueConstraint(
                fields=["facility", "scheme", "value"],
                name="identifier_once_per_facility",
                violation_error_message="This site already has that identifier.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_scheme_display()} {self.value}"


class RestrictedPartyList(models.Model):
    """A list of parties that public money may not buy from, kept by curators (domain.md 3.11)."""

    code = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=200)
    publisher = models.CharField(max_length=160, blank=True)
    url = models.URLField(blank=True)
    effect = models.TextField(help_text="What being on the list means for a federally funded sponsor.")
    illustrative = models.BooleanField(default=False)

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class RestrictedPartyEntry(Evidenced):
    list = models.ForeignKey(RestrictedPartyList, models.PROTECT, related_name="entries")
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="restrictions")
    name_on_list = models.CharField(max_length=200)
    effective_from = models.DateField()
    effective_until = models.DateField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "restricted party entries"
        ordering = ["effective_from", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["list", "organisation"],
                name="restricted_party_once_per_list",
                violation_error_message="This partner is already on that list.",
            ),
            models.CheckConstraint(
                condition=Q(effective_until__isnull=True) | Q(effective_until__gte=F("effective_from")),
                name="restriction_ends_after_start",
                violation_error_message="The entry ends before it starts.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name_on_list} on {self.list}"

    def standing(self, on: datetime.date) -> str:
        """Whether the listing is "current", "ended" or "coming" on a day; its last day still counts."""
        if self.effective_until is not None and self.effective_until < on:
            return "ended"
        return "coming" if self.effective_from > on else "current"
