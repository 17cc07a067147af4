"""Register files that curators upload on the desk. The row is the truth about the job that reads one."""

from django.db import models
from django.db.models import Q

from partners.enums import RegisterKind, UploadState

from .register import RegisterImport
from .upload_job import UploadJob


def upload_path(upload: "RegisterUpload", name: str) -> str:
    return f"register-uploads/{upload.kind}/{name}"


class RegisterUpload(UploadJob):
    """One uploaded register file: read for a preview, then applied when a curator says so."""

    kind = models.CharField(max_length=20, choices=RegisterKind)
    file = models.FileField(upload_to=upload_path, blank=True, max_length=300)
    file_date = models.DateField(null=True, blank=True)
    allow_closing = models.BooleanField(default=False)
    run = models.ForeignKey(RegisterImport, models.SET_NULL, null=True, blank=True, related_name="uploads")

    class Meta(UploadJob.Meta):
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
