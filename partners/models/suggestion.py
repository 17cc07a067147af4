"""What people propose to the curators. A proposal changes nothing in the catalogue until a curator accepts it."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from partners.enums import ProposalKind, SuggestionState

from .facility import Facility
from .organisation import Organisation
from .register import RegisterEstablishment
from .register_records import RegisterAction, RegisterForm483, RegisterInspection, RegisterListing


def _exactly_one(*names: str) -> Q:
    """One of these foreign keys is set, the others are not."""
    condition = Q()
    for name in names:
        condition |= Q(**{f"{other}__isnull": other != name for other in names})
    return condition


class LinkSuggestion(models.Model):
    """Somebody thinks that a row of a register belongs to a site of the catalogue, and says why.

    Exactly one of the rows is set. A drug listing names a labeler and no site, so it belongs to a partner
    (`organisation`); every other row to a site (`facility`).
    Who proposed it is for curators only: it would tell one sponsor what another is looking at.

    `changes` are the entries of the history that accepting made, so that it can be undone; `closed_by` is the
    suggestion whose acceptance answered this one along with it.
    """

    ROWS = ("establishment", "form_483", "action", "inspection", "listing")

    establishment = models.ForeignKey(
        RegisterEstablishment, models.CASCADE, null=True, blank=True, related_name="suggestions"
    )
    form_483 = models.ForeignKey(
        RegisterForm483, models.CASCADE, null=True, blank=True, related_name="suggestions"
    )
    action = models.ForeignKey(
        RegisterAction, models.CASCADE, null=True, blank=True, related_name="suggestions"
    )
    inspection = models.ForeignKey(
        RegisterInspection, models.CASCADE, null=True, blank=True, related_name="suggestions"
    )
    listing = models.ForeignKey(
        RegisterListing, models.CASCADE, null=True, blank=True, related_name="suggestions"
    )
    facility = models.ForeignKey(
        Facility, models.CASCADE, null=True, blank=True, related_name="link_suggestions"
    )
    organisation = models.ForeignKey(
        Organisation, models.CASCADE, null=True, blank=True, related_name="link_suggestions"
    )
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    proposer_name = models.CharField(max_length=200)
    reason = models.TextField(max_length=1000)
    state = models.CharField(max_length=10, choices=SuggestionState, default=SuggestionState.OPEN)
    proposed_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_note = models.CharField(max_length=300, blank=True)
    changes = ArrayField(models.BigIntegerField(), default=list, blank=True)
    closed_by = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="closed")

    class Meta:
        ordering = ["-proposed_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=[
                    *("establishment", "form_483", "action", "inspection", "listing"),
                    *("facility", "organisation"),
                ],
                condition=Q(state=SuggestionState.OPEN),
                nulls_distinct=False,
                name="link_suggestion_open_once",
                violation_error_message="This link is already suggested and waits for a curator.",
            ),
            models.CheckConstraint(
                condition=_exactly_one("establishment", "form_483", "action", "inspection", "listing"),
                name="link_suggestion_of_one_row",
                violation_error_message="A suggestion is about one row of one register.",
            ),
            models.CheckConstraint(
                condition=Q(listing__isnull=False, organisation__isnull=False, facility__isnull=True)
                | Q(listing__isnull=True, organisation__isnull=True, facility__isnull=False),
                name="link_suggestion_fits_row",
                violation_error_message="A drug listing belongs to a partner, every other row to a site.",
            ),
            models.CheckConstraint(
                condition=Q(state=SuggestionState.OPEN, decided_at__isnull=True)
                | (~Q(state=SuggestionState.OPEN) & Q(decided_at__isnull=False)),
                name="link_suggestion_decided_with_date",
                violation_error_message="A decided suggestion has a date, an open one has none.",
            ),
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="link_suggestion_has_reason",
                violation_error_message="Say why the two belong together.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.row} = {self.target}"

    @property
    def row(self) -> models.Model:
        """The row of a register that it is about."""
        name = next(name for name in self.ROWS if getattr(self, f"{name}_id") is not None)
        return getattr(self, name)

    @property
    def target(self) -> Facility | Organisation:
        """The site, or for a drug listing the partner, that the row is said to belong to."""
        return self.facility if self.facility_id else self.organisation


class Proposal(models.Model):
    """A correction of one fact, or a fact or partner the catalogue lacks, with the source it rests on.

    A correction names the fact by table and number, and may name one column and its right value: accepting it then
    writes the value. A missing fact names its partner and its table; `values` is what was typed, field by field, as
    it is for a new partner's types and main site. `told_at` is when the proposer was told by e-mail (after
    `tell_attempts` that failed, the next not before `tell_after`), `read_at` when they saw the answer here. Who
    proposed it is for curators only, as above.
    """

    kind = models.CharField(max_length=12, choices=ProposalKind)
    organisation = models.ForeignKey(
        Organisation, models.CASCADE, null=True, blank=True, related_name="proposals"
    )
    table = models.CharField(max_length=63, db_column="table_name", blank=True)
    object_id = models.BigIntegerField(null=True, blank=True)
    about = models.CharField(max_length=240)
    column = models.CharField(max_length=63, blank=True)
    value_before = models.CharField(max_length=1000, blank=True)
    value = models.CharField(max_length=1000, blank=True)
    values = models.JSONField(default=dict, blank=True)
    website = models.URLField(blank=True)
    country = models.CharField(max_length=2, blank=True)
    statement = models.TextField(max_length=2000, blank=True)
    source_title = models.CharField(max_length=240)
    source_url = models.URLField(blank=True)
    source_dated_on = models.DateField(null=True, blank=True)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="proposals"
    )
    proposer_name = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=SuggestionState, default=SuggestionState.OPEN)
    proposed_at = models.DateTimeField(auto_now_add=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_note = models.CharField(max_length=300, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    tell_attempts = models.PositiveSmallIntegerField(default=0)
    tell_after = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-proposed_at", "-pk"]
        indexes = [
            models.Index(
                fields=["decided_at"],
                condition=~Q(state=SuggestionState.OPEN) & Q(told_at__isnull=True),
                name="proposal_to_tell",
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state=SuggestionState.OPEN, decided_at__isnull=True)
                | (~Q(state=SuggestionState.OPEN) & Q(decided_at__isnull=False)),
                name="proposal_decided_with_date",
                violation_error_message="A decided proposal has a date, an open one has none.",
            ),
            models.CheckConstraint(
                condition=Q(kind=ProposalKind.NEW_PARTNER, object_id__isnull=True)
                | (Q(kind=ProposalKind.CORRECTION, object_id__isnull=False) & ~Q(table=""))
                | (
                    Q(kind=ProposalKind.NEW_FACT, object_id__isnull=True, organisation__isnull=False)
                    & ~Q(table="")
                ),
                name="proposal_correction_names_fact",
                violation_error_message="A correction names the fact it is about, a missing fact its partner and kind.",
            ),
            models.CheckConstraint(
                condition=~Q(source_title=""),
                name="proposal_has_source",
                violation_error_message="Say where it can be read.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.about}"
