"""Jobs of the catalogue. Tasks take ids, fetch again, and leave the outcome on the row."""

from __future__ import annotations

from typing import Any

import structlog
from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError

from cmo_selector.db import only_one
from partners.curation.remembered import find
from partners.enums import ChangeHow
from partners.history import recording
from partners.importers import jobs, uploads
from partners.importers.errors import ImportBusyError, ImportFileError
from partners.importers.evidence import refresh_evidence
from partners.importers.jobs import Stopped
from partners.matching.proposals import propose
from partners.models import RegisterUpload, SheetImport
from partners.proposing import services
from partners.sheets import imports

logger = structlog.get_logger(__name__)
MATCHING_LOCK = "match-proposals"
LOOK_AGAIN = 30  # seconds

SOFT_LIMIT, HARD_LIMIT = 840, 870  # seconds; below the lease of the writing step
TOO_SLOW = (
    f"Reading the file took longer than {SOFT_LIMIT // 60} minutes and was stopped; nothing was written."
)
BROKEN = "The file could not be read because of a fault in this program. The operator's log says more."


@shared_task(
    name="partners.tasks.read_register_upload",
    soft_time_limit=SOFT_LIMIT,
    time_limit=HARD_LIMIT,
    acks_late=True,
)
def read_register_upload(upload_id: int) -> None:
    """Preview or apply one waiting upload. A row that somebody else has, or that is done, is left alone."""
    _work_on(uploads, "register_upload", upload_id)


@shared_task(
    name="partners.tasks.read_sheet_import",
    soft_time_limit=SOFT_LIMIT,
    time_limit=HARD_LIMIT,
    acks_late=True,
)
def read_sheet_import(job_id: int) -> None:
    """Preview or apply one waiting spreadsheet. A row that somebody else has, or that is done, is left alone."""
    _work_on(imports, "sheet_import", job_id)


def _work_on(kind: Any, name: str, job_id: int) -> None:
    """Claim the row and work on it; `kind` is the module of the job. However it ends, the row says so."""
    job = kind.claim(job_id)
    if job is None:
        return
    log = logger.bind(upload=job_id, attempt=job.attempts)
    try:
        kind.work(job)
    except Stopped:
        log.info(f"{name}_stopped")
    except (ImportFileError, ImportBusyError) as error:
        kind.fail(job, str(error))
    except SoftTimeLimitExceeded:
        log.error(f"{name}_too_slow")
        kind.fail(job, TOO_SLOW)
    except OperationalError:
        # No database: the row cannot be changed now. Its lease runs out and beat takes it back.
        log.exception(f"{name}_database_lost")
    except Exception:
        log.exception(f"{name}_broken")
        kind.fail(job, BROKEN)


@shared_task(name="partners.tasks.sweep_sheet_imports", ignore_result=True)
def sweep_sheet_imports() -> None:
    """Every half minute, as for register uploads."""
    done = imports.sweep()
    if any(vars(done).values()):
        logger.info("sheet_imports_swept", **vars(done))


@shared_task(name="partners.tasks.sweep_register_uploads", ignore_result=True)
def sweep_register_uploads() -> None:
    """Every half minute: re-dispatch lost messages, take rows back from dead workers."""
    done = uploads.sweep()
    if any(vars(done).values()):
        logger.info("register_uploads_swept", **vars(done))


@shared_task(name="partners.tasks.delete_uploaded_files", ignore_result=True)
def delete_uploaded_files() -> None:
    """Every hour: delete the files of old uploads, of registers and of spreadsheets."""
    if deleted := sum(jobs.delete_old_files(model) for model in (RegisterUpload, SheetImport)):
        logger.info("uploaded_files_deleted", count=deleted)


@shared_task(name="partners.tasks.propose_matches", soft_time_limit=840, time_limit=900)
def propose_matches() -> None:
    """Bring the proposals of all partners up to date, one run at a time."""
    with only_one(MATCHING_LOCK) as alone:
        if alone:
            logger.info("matches proposed", open=propose())
        else:
            # the one under way may have passed the new rows
            propose_matches.apply_async(countdown=LOOK_AGAIN)


@shared_task(name="partners.tasks.refresh_register_facts", soft_time_limit=840, time_limit=900)
def refresh_register_facts() -> None:
    """Make the facts that rest on registers equal to what their rows and the cross-walk say."""
    with recording(how=ChangeHow.JOB, why="The cross-walk of registers was changed"):
        logger.info("register_facts_refreshed", **vars(refresh_evidence()))


@shared_task(name="partners.tasks.find_for_the_desk", soft_time_limit=600, time_limit=630, ignore_result=True)
def find_for_the_desk(name: str) -> None:
    """Count or look for something of the whole catalogue that the desk's pages show."""
    find(name)


@shared_task(name="partners.tasks.tell_proposers")
def tell_proposers() -> None:
    """E-mail the people whose proposals were decided; the rows say who is owed one."""
    services.tell_proposers()
