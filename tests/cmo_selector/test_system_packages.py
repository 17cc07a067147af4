"""`.ci/system-packages`: what is missing is installed where that is permitted, else the exact command is printed."""

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT

SCRIPT = ROOT / ".ci" / "system-packages"
TOOLS = ("sh", "env", "cat")


@pytest.fixture
def machine(tmp_path):
    """A machine without Pango: its commands are only those put into its `bin`; returns how to run the script."""
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    for tool in TOOLS:
        path = next(p for d in ("/usr/bin", "/bin") if os.path.exists(p := f"{d}/{tool}"))
        (bin_ / tool).symlink_to(path)

    def command(name: str, text: str) -> None:
        (bin_ / name).write_text(f"#!/bin/sh\n{text}\n")
        (bin_ / name).chmod(0o755)

    def run(*parts: str, python: str = "python") -> subprocess.CompletedProcess:
        return subprocess.run(
            ["/bin/sh", str(SCRIPT), *parts],
            env={"PATH": str(bin_), "PYTHON": python},
            capture_output=True,
            text=True,
            check=False,
        )

    command("python", "exit 1")  # finds no library
    run.command, run.log = command, tmp_path / "apt.log"
    return run


PANGO = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"


def test_nothing_missing_is_silent(machine):
    machine.command("python", "exit 0")
    done = machine("pango")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_without_the_right_to_install_the_exact_command_is_printed_and_the_run_stops(machine):
    machine.command("apt-get", f"echo called >> {machine.log}")
    machine.command("id", "echo 1000")
    machine.command("sudo", "exit 1")  # asks for a password
    done = machine("pango")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "System packages are missing. Run this, then the same make command again:\n"
        f"    sudo apt-get update && sudo apt-get install --yes --no-install-recommends {PANGO}\n"
    )
    assert not machine.log.exists(), "nothing was tried"


def test_where_it_is_permitted_apt_installs_what_is_missing(machine):
    machine.command("apt-get", f'echo "$@" >> {machine.log}')
    machine.command("id", "echo 0")
    done = machine("pango")
    assert (done.returncode, done.stdout) == (0, f"Installing with apt: {PANGO}\n")
    assert machine.log.read_text() == (f"update -qq\ninstall --yes -qq --no-install-recommends {PANGO}\n")


def test_a_system_without_apt_says_so(machine):
    done = machine("pango")
    assert (done.returncode, done.stderr) == (
        1,
        f"Missing on this system, and there is no apt to install it with: {PANGO}\n",
    )


def test_a_real_python_finds_the_libraries_that_the_pdf_needs(machine):
    """`make test` installed them before it came here."""
    done = machine("pango", python=sys.executable)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
