"""Files that belong to an RFQ or to a quote. They are stored privately and leave only through a checked download."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from quotes.uploads import FileKind

from .quote import Quote
from .rfq import Rfq
from .tenancy import SponsorOwned


def attachment_path(attachment: "Attachment", filename: str) -> str:
    return f"attachments/{attachment.rfq.project.sponsor_id}/{attachment.rfq_id}/{filename}"


class Attachment(SponsorOwned):
    """A file the sponsor gives to all bidders (no `quote`), or one that goes with a quote.

    `document` is the line of the RFQ's list that it answers. `used` becomes true once a published version or a
    submitted revision names it: from then on removing it only takes it out of the next one, and the file stays.
    """

    sponsor_path = "rfq__project__sponsor"

    rfq = models.ForeignKey(Rfq, models.CASCADE, related_name="attachments")
    quote = models.ForeignKey(Quote, models.CASCADE, null=True, blank=True, related_name="attachments")
    name = models.CharField(max_length=160)
    kind = models.CharField(max_length=4, choices=FileKind)
    size = models.PositiveIntegerField(help_text="Bytes.")
    sha256 = models.CharField(max_length=64)
    document = models.CharField(max_length=400, blank=True)
    file = models.FileField(upload_to=attachment_path, max_length=300)
    used = models.BooleanField(default=False)
    removed_at = models.DateTimeField(null=True, blank=True)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    uploaded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["uploaded_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["rfq", "sha256"],
                condition=Q(quote=None, removed_at=None),
                name="attachment_once_per_rfq",
                violation_error_message="That file is there already.",
            ),
            models.UniqueConstraint(
                fields=["quote", "sha256"],
                condition=Q(quote__isnull=False, removed_at=None),
                name="attachment_once_per_quote",
                violation_error_message="That file is there already.",
            ),
            models.CheckConstraint(
                condition=Q(size__gt=0),
                name="attachment_not_empty",
                violation_error_message="The file is empty.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def project(self):
        """The audit log files what happens to an attachment with its project."""
        return self.rfq.project
