"""The register files that come with the project, for the demonstration (`partners/data/register/README.md`)."""

import datetime
from dataclasses import dataclass
from pathlib import Path

from partners.models import RegisterImport

from .actions import COMPLIANCE_ACTIONS, WARNING_LETTERS
from .core import run_import
from .drls import DRLS
from .evidence import refresh_evidence
from .forms483 import FORM_483S
from .ndc import NDC
from .spec import ImportReport, Register

FOLDER = Path(__file__).resolve().parent.parent / "data" / "register"


@dataclass(frozen=True)
class Snapshot:
    """One file, the day it stands for, and which list of its register it is."""

    register: Register
    file: str
    date: datetime.date
    list_name: str = ""

    @property
    def path(self) -> Path:
        return FOLDER / self.file


ESTABLISHMENTS = Snapshot(DRLS, "fda_drls_reg.csv", datetime.date(2025, 8, 29))
#: To be applied when the sites of the establishments are in the catalogue.
RECORDS = (
    Snapshot(FORM_483S, "fda_published_483s_2025-07.xlsx", datetime.date(2025, 7, 22)),
    Snapshot(
        COMPLIANCE_ACTIONS,
        "fda_compliance_actions_2024-06.csv",
        datetime.date(2024, 6, 27),
        COMPLIANCE_ACTIONS.lists[0].list_name,
    ),
    Snapshot(
        WARNING_LETTERS,
        "fda_warning_letters_fei_2025-07.csv",
        datetime.date(2025, 7, 18),
        WARNING_LETTERS.lists[0].list_name,
    ),
    Snapshot(
        WARNING_LETTERS,
        "fda_warning_letters_posted_2021_2025H1.csv",
        datetime.date(2026, 3, 24),
        WARNING_LETTERS.lists[1].list_name,
    ),
    Snapshot(NDC, "fda_ndc_unfinished_product_2018-06.txt", datetime.date(2018, 6, 25)),
)


def apply_snapshot(snapshot: Snapshot) -> ImportReport | None:
    """Bring a snapshot into its register; None when it was the last file there, or a newer one is.

    Sites that came into the catalogue since are linked all the same.
    """
    imports = RegisterImport.objects.filter(kind=snapshot.register.kind, layout=snapshot.list_name)
    newest = imports.order_by("-file_date", "-pk").first()
    if newest and (newest.file_date > snapshot.date or newest.file_name == snapshot.file):
        spec = next(spec for spec in snapshot.register.lists if spec.list_name == snapshot.list_name)
        if snapshot is not ESTABLISHMENTS and spec.link():  # the demo links those itself
            refresh_evidence(register=snapshot.register.kind)
        return None
    return run_import(
        register=snapshot.register,
        path=snapshot.path,
        apply=True,
        file_date=snapshot.date,
        applied_by="demo data",
        sample=0,
    )
