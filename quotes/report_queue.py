"""How many reports come before one that waits for a worker."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q

from quotes.enums import ReportState
from quotes.models import Report


def queue_position(report: Report) -> int:
    """How many reports were asked for earlier and still wait for a worker."""
    earlier = Q(requested_at__lt=report.requested_at) | Q(requested_at=report.requested_at, pk__lt=report.pk)
    return Report.objects.filter(earlier, state=ReportState.QUEUED).count()


def queue_positions(reports: Collection[Report]) -> dict[int, int]:
    """The same for all that wait of many, by id. One query, none when nobody waits."""
    if not any(report.state == ReportState.QUEUED for report in reports):
        return {}
    waiting = Report.objects.filter(state=ReportState.QUEUED).order_by("requested_at", "pk")
    return {pk: before for before, pk in enumerate(waiting.values_list("pk", flat=True))}
