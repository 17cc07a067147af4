"""The package of the project's RFQ, frozen: what bidders are sent, without any price of theirs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from quotes.models import Project
from quotes.rfq_enums import RfqState
from quotes.rfq_package import package_cover
from quotes.rfq_selectors import latest_sent
from quotes.services.rfq import content_of


def frozen_package(project: Project) -> dict[str, Any] | None:
    """The newest RFQ that was sent, in its newest version, else the newest draft; None without one."""
    rfq = latest_sent(project)
    if rfq is None:
        rfq = project.rfqs.filter(state=RfqState.DRAFT).order_by("-pk").first()
    if rfq is None:
        return None
    rfq.project = project
    version = rfq.versions.first()
    return {
        "rfq_id": rfq.pk,
        "content": version.content if version else content_of(rfq),
        "cover": asdict(package_cover(rfq, version)),
    }
