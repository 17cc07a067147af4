"""Spreadsheets of catalogue lists that curators upload, and what each of their rows would do."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from partners.enums import ConflictChoice, RowOutcome, UploadState

from .upload_job import UploadJob


def sheet_path(job: "SheetImport", name: str) -> str:
    return f"sheet-imports/{job.sheet}/{name}"


class SheetImport(UploadJob):
    """One uploaded spreadsheet of the list `sheet` (a model's name, see partners.sheets).

    The preview keeps what every row would do as a SheetRow, batch by batch, so that a preview that was cancelled
    or lost its worker goes on where it stopped. `leave_out` and `conflicts` are what the curator chose when
    applying: whether the good rows are written without the rejected ones, and what happens to the cells that
    nobody decided of rows that changed in the catalogue since they were exported. `note` says why there is another
    preview.
    """

    sheet = models.CharField(max_length=60)
    file = models.FileField(upload_to=sheet_path, blank=True, max_length=300)
    leave_out = models.BooleanField(default=False)
    conflicts = models.CharField(max_length=10, choices=ConflictChoice, blank=True)
    note = models.CharField(max_length=600, blank=True)

    class Meta(UploadJob.Meta):
        verbose_name = "spreadsheet import"
        indexes = [
            models.Index(
                fields=["state", "lease_until"],
                condition=Q(state__in=["waiting", "running"]),
                name="sheet_import_open",
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state=UploadState.FAILED) | ~Q(error=""),
                name="sheet_import_failed_has_reason",
                violation_error_message="A failed import needs a reason.",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[UploadState.READY, UploadState.DONE]) | Q(report__isnull=False),
                name="sheet_import_read_has_report",
                violation_error_message="A spreadsheet that was read needs its report.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.sheet_title})"

    @property
    def sheet_title(self) -> str:
        """What the list is called on the desk."""
        from partners.sheets.registry import SHEETS

        return SHEETS[self.sheet].title if self.sheet in SHEETS else self.sheet


class SheetRow(models.Model):
    """What one row of a spreadsheet would do, or did.

    `cells` are the cells that differ, each {"column", "before", "after"} as texts, and "moved" where the catalogue
    changed since the export. `faults` are {"cell", "column", "text"}. `raw` is the row as it stood in the file, by
    column. `claims` say what the row is about; two rows of a file with one claim contradict each other.

    `decided` says for cells of a row in conflict, by heading, what the curator chose (a ConflictChoice); of the cells
    that differ `cells_open` are not decided and `cells_written` are to be written. `taken` says of a row that wants
    unique values which other rows have: its `outcome` were they free, and `from`, each {"row", "columns"}. `swaps`:
    such values are exchanged between this row and others of the file, which are written together.
    """

    job = models.ForeignKey(SheetImport, models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField()
    outcome = models.CharField(max_length=10, choices=RowOutcome)
    name = models.CharField(max_length=300, blank=True)
    object_id = models.BigIntegerField(null=True, blank=True)
    cells = models.JSONField(default=list, blank=True)
    faults = models.JSONField(default=list, blank=True)
    raw = models.JSONField(default=dict, blank=True)
    claims = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    decided = models.JSONField(default=dict, blank=True)
    cells_open = models.PositiveSmallIntegerField(default=0)
    cells_written = models.PositiveSmallIntegerField(default=0)
    taken = models.JSONField(default=dict, blank=True)
    swaps = models.BooleanField(default=False)

    class Meta:
        ordering = ["line"]
        indexes = [models.Index(fields=["job", "outcome", "line"], name="sheet_row_by_outcome")]
        constraints = [
            models.UniqueConstraint(
                fields=["job", "line"],
                name="sheet_row_once",
                violation_error_message="This row of the file has been read already.",
            ),
            models.CheckConstraint(
                condition=~Q(outcome=RowOutcome.REJECTED) | ~Q(faults=[]),
                name="sheet_row_rejected_has_reason",
                violation_error_message="A rejected row needs a reason.",
            ),
        ]

    def __str__(self) -> str:
        return f"Row {self.line}: {self.get_outcome_display().lower()}"
