"""Register files that curators upload on the desk. The row is the truth about the job that reads one."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from partners.enums import RegisterKind, UploadAim, UploadState

from .register import RegisterImport


def upload_path(upload: "RegisterUpload", name: str) -> str:
    return f"register-uploads/{upload.kind}/{name}"


class RegisterUpload(models.Model):
    """One uploaded file: read for a preview, then applied when a curator says so.

    A worker claims a waiting row by compare-and-swap and holds it until `lease_until`, which it extends while it
    reads; a running row past its lease belongs to a dead worker and waits again. Nothing of a job that ends in
    any other way than `done` is in the catalogue: the import and the end of the job are one transaction.
    `report` is that of the last preview or import. The file is deleted when it has been applied.
    """

    kind = models.CharField(max_length=20, choices=RegisterKind)
    file = models.FileField(upload_to=upload_path, blank=True, max_length=300)
    file_name = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField(help_text="Bytes.")
    file_date = models.DateField(null=True, blank=True)
    allow_closing = models.BooleanField(default=False)
    aim = models.CharField(max_length=8, choices=UploadAim, default=UploadAim.PREVIEW)
    state = models.CharField(max_length=10, choices=UploadState, default=UploadState.WAITING)
    step = models.CharField(max_length=12, blank=True)
    share_read = models.PositiveSmallIntegerField(default=0, help_text="Per cent of the file.")
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    report = models.JSONField(null=True, blank=True)
    error = models.CharField(max_length=600, blank=True)
    run = models.ForeignKey(RegisterImport, models.SET_NULL, null=True, blank=True, related_name="uploads")
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", editable=False
    )
    uploaded_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-uploaded_at", "-pk"]
        indexes = [
            models.Index(
                fields=["state", "lease_until"],
                condition=Q(state__in=["waiting", "running"]),
                name="register_upload_open",
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state=UploadState.FAILED) | ~Q(error=""),
                name="register_upload_failed_has_reason",
                violation_error_message="A failed upload needs a reason.",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[UploadState.READY, UploadState.DONE]) | Q(report__isnull=False),
                name="register_upload_read_has_report",
                violation_error_message="An upload that was read needs its report.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.file_name}"

    @property
    def working(self) -> bool:
        """Whether the job waits for a worker or has one."""
        return self.state in (UploadState.WAITING, UploadState.RUNNING)
