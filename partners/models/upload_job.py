"""What the jobs of uploaded files have in common: who has the row, how far it is, how it ended."""

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import models

from partners.enums import UploadAim, UploadState


class UploadJob(models.Model):
    """A file that a worker reads for a preview, and applies when a curator says so.

    A worker claims a waiting row by compare-and-swap and holds it until `lease_until`, which it extends while it
    reads; a running row past its lease belongs to a dead worker and waits again. `claim_token` is new with every
    claim: a worker that lost the row writes nothing more, however often the row was tried again since. Nothing of
    a job that ends in any other way than `done` is in the catalogue: what it writes and the end of the job are one
    transaction. `report` is that of the last preview or import, and `applied_by` who asked for the import, perhaps
    somebody else than who uploaded the file. The file is deleted when it has been applied. A concrete job has a `file`
    of its own.
    """

    file_name = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField(help_text="Bytes.")
    aim = models.CharField(max_length=8, choices=UploadAim, default=UploadAim.PREVIEW)
    state = models.CharField(max_length=10, choices=UploadState, default=UploadState.WAITING)
    step = models.CharField(max_length=12, blank=True)
    share_read = models.PositiveSmallIntegerField(default=0, help_text="Per cent of the file.")
    attempts = models.PositiveSmallIntegerField(default=0)
    claim_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True)
    report = models.JSONField(null=True, blank=True)
    error = models.CharField(max_length=600, blank=True)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", editable=False
    )
    applied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", editable=False
    )
    uploaded_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
        ordering = ["-uploaded_at", "-pk"]

    @property
    def writes_as(self) -> AbstractBaseUser | None:
        """Whose import it is in the history."""
        return self.applied_by or self.uploaded_by

    @property
    def working(self) -> bool:
        """Whether the job waits for a worker or has one."""
        return self.state in (UploadState.WAITING, UploadState.RUNNING)
