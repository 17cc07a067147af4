"""Small register files, and the real command in a process of its own."""

import csv
import io
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parents[3]
COLUMNS = [
    "FEI_NUMBER",
    "DUNS_NUMBER",
    "FIRM_NAME",
    "ADDRESS",
    "EXPIRATION_DATE",
    "OPERATIONS",
    "ESTABLISHMENT_CONTACT_NAME",
    "ESTABLISHMENT_CONTACT_EMAIL",
    "AGENT_DETAILS",
    "REGISTRANT_NAME",
    "REGISTRANT_DUNS",
    "REGISTRANT_CONTACT_NAME",
    "REGISTRANT_CONTACT_EMAIL",
    "EXCLUSION_FLAG",
]

MEASURE = """
import pathlib, resource, subprocess, sys
status = subprocess.run(sys.argv[2:]).returncode
pathlib.Path(sys.argv[1]).write_text(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(status)
"""


def drls_row(duns: str, **changes: str) -> dict[str, str]:
    """A good row of the FDA file; `changes` by column, in lower case."""
    row = dict.fromkeys(COLUMNS, "") | {
        "FEI_NUMBER": "0003000001",
        "DUNS_NUMBER": duns,
        "FIRM_NAME": f"Firm {duns}",
        "ADDRESS": "1 Test Street, Bloomington, Indiana (IN) 47403, United States (USA)",
        "EXPIRATION_DATE": "12/31/2025",
        "OPERATIONS": "ANALYSIS; MANUFACTURE",
        "ESTABLISHMENT_CONTACT_NAME": "Contact Person",
        "REGISTRANT_NAME": "Registrant",
        "REGISTRANT_DUNS": "019716729",
        "EXCLUSION_FLAG": "N",
    }
    return row | {name.upper(): value for name, value in changes.items()}


def as_csv(rows: list[dict[str, str]], columns: list[str] | None = None) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns or COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


@pytest.fixture
def drls_file(tmp_path) -> Callable[..., Path]:
    """Writes rows (or any text or bytes) to a file and returns its path."""

    def write(content: list[dict[str, str]] | str | bytes, name: str = "drls_reg.csv") -> Path:
        path = tmp_path / name
        if isinstance(content, list):
            content = as_csv(content)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@dataclass(frozen=True)
class Finished:
    status: int
    stdout: str
    stderr: str
    peak_memory_mb: float


@pytest.fixture
def command_environment() -> dict[str, str]:
    """For a process that works on this process's test database."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "cmo_selector.settings_test",
        "CMO_PROCESS": "command",
        "CMO_WORKER_TEST_DATABASE": connection.settings_dict["NAME"],
    }


@pytest.fixture
def run_command(command_environment, tmp_path) -> Callable[..., Finished]:
    """Runs `manage.py import_register …` to its end: status, output, and its peak memory."""

    def run(*arguments: str | Path) -> Finished:
        # Measured by a small process in between: a fork of this one would count as large as this one is.
        peak = tmp_path / "peak"
        done = subprocess.run(
            [sys.executable, "-c", MEASURE, peak, sys.executable, "manage.py", "import_register", *arguments],
            cwd=ROOT,
            env=command_environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return Finished(done.returncode, done.stdout, done.stderr, int(peak.read_text()) / 1024)

    return run


@dataclass(frozen=True)
class TwoColumns:
    """A layout for tests of the reader alone."""

    columns: tuple[str, ...] = ("ID", "NAME")
    optional: tuple[str, ...] = ("NOTE",)
    aliases: Mapping[str, str] = field(default_factory=lambda: {"TITLE NAME": "NAME"})
    padded: Mapping[str, int] = field(default_factory=lambda: {"ID": 9})
