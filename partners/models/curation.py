"""What curators plan and keep for themselves: facts to verify again, and the lists they come back to."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from partners.enums import TaskState, VerifyOutcome

from .organisation import Organisation


class VerificationTask(models.Model):
    """A fact somebody shall verify again. The fact is named by its table and number, because any kind can be."""

    table = models.CharField(max_length=63, db_column="table_name")
    object_id = models.BigIntegerField()
    title = models.CharField(max_length=240)
    organisation = models.ForeignKey(Organisation, models.CASCADE, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=300)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="verification_tasks"
    )
    due_on = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=TaskState, default=TaskState.OPEN)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    outcome = models.CharField(max_length=10, choices=VerifyOutcome, blank=True)
    note = models.CharField(max_length=300, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["due_on", "created_at", "pk"]
        indexes = [
            models.Index(fields=["due_on"], condition=Q(state=TaskState.OPEN), name="task_open_by_due_date")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["table", "object_id"],
                condition=Q(state=TaskState.OPEN),
                name="task_open_once_per_fact",
                violation_error_message="There is already an open task to verify that fact.",
            ),
            models.CheckConstraint(
                condition=Q(state=TaskState.OPEN, done_at__isnull=True, outcome="")
                | (~Q(state=TaskState.OPEN) & Q(done_at__isnull=False) & ~Q(outcome="")),
                name="task_done_with_outcome",
                violation_error_message="A finished task has an outcome and a date, an open one has neither.",
            ),
        ]

    def __str__(self) -> str:
        return f"Verify {self.title}"


class SavedFilter(models.Model):
    """A list of the desk with its search, filters and order, under a name of one curator's choosing."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_filters")
    page = models.CharField(max_length=80)  # "app_model", as in the list's address
    name = models.CharField(max_length=80)
    query = models.CharField(max_length=2000)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["page", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "page", "name"],
                name="saved_filter_name_once",
                violation_error_message="You already have a saved filter of that name for this list.",
            )
        ]

    def __str__(self) -> str:
        return self.name
