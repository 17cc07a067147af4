"""The audit log, to be read and searched."""

from django.contrib import admin
from unfold.contrib.filters.admin import RangeDateTimeFilter

from .desk import ReadOnlyAdmin
from .models import AuditEvent


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ("at", "actor_name", "verb", "object_type", "object_name", "sponsor")
    list_select_related = ("sponsor",)
    list_filter = (("at", RangeDateTimeFilter),)
    list_filter_submit = True
    search_fields = ("actor_name", "verb", "object_name", "=object_id", "=request_id")
