"""Questions worth asking go from the ranking into a draft RFQ, which is made when there is none."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from cmo_selector.accounts.models import User
from quotes.models import Project, Rfq
from quotes.rfq_enums import RfqState, free_name
from quotes.rfq_templates import best_template
from quotes.services.rfq import create_rfq, lock_project, save_rfq


@transaction.atomic
def ask_in_rfq(*, actor: User, project: Project, texts: Iterable[str]) -> tuple[Rfq, int, bool]:
    """Add questions to the project's newest draft RFQ, or to a new one from the template that fits best.

    Returns the RFQ, how many questions were new to it, and whether it was made just now. Raises ProjectArchived, and
    RfqError when a question is too long for the form.
    """
    lock_project(project)
    rfq = project.rfqs.filter(state=RfqState.DRAFT).order_by("-pk").first()
    made = rfq is None
    if rfq is None:
        rfq = create_rfq(actor=actor, project=project, template=best_template(project))
    rfq.project = project
    rows = list(rfq.questions)
    known, taken = {row["text"] for row in rows}, {row["id"] for row in rows}
    added = 0
    for text in dict.fromkeys(" ".join(text.split()) for text in texts):
        if not text or text in known:
            continue
        identifier = free_name("q1", taken)
        taken.add(identifier)
        rows.append({"id": identifier, "text": text})
        added += 1
    if added:
        rfq = save_rfq(actor=actor, rfq=rfq, values={"questions": rows}, edition=rfq.edition)
    return rfq, added, made
