"""Lock files: pinned, hashed, complete, and free of addresses and machine paths."""

import json
import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCKS = {"base": [], "embedded": ["embedded"], "dev": ["embedded", "dev"]}


def pins(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE))


@pytest.mark.parametrize("name", [*LOCKS, "node"])
def test_every_pin_has_hashes_and_no_line_has_an_address(name):
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    entries = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]
    assert entries
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert re.findall(r"https?://|file:|--index|--find-links|--trusted", text) == []


@pytest.mark.parametrize(("name", "extras"), LOCKS.items())
def test_lock_satisfies_what_pyproject_declares(name, extras):
    locked = {canonicalize_name(package): version for package, version in pins(name).items()}
    declared = [*PROJECT["dependencies"]]
    for extra in extras:
        declared += PROJECT["optional-dependencies"][extra]
    for requirement in map(Requirement, declared):
        assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)]), requirement


def test_larger_locks_contain_the_smaller_ones_unchanged():
    base, embedded, dev = pins("base"), pins("embedded"), pins("dev")
    assert base.items() <= embedded.items() <= dev.items()


@pytest.mark.parametrize("python", ["3.11.0", "3.11.2", "3.11.14", "3.12.0", "3.13.0", "3.14.0"])
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_lock_is_complete_on_every_supported_python(python, machine):
    """pip-compile leaves out what only another Python needs; --require-hashes would then refuse to install."""
    environment = {
        "python_full_version": python,
        "python_version": python.rpartition(".")[0],
        "platform_machine": machine,
        "platform_system": "Linux",
        "sys_platform": "linux",
        "extra": "",
    }
    locked = {canonicalize_name(name) for name in pins("dev")}
    missing = {
        f"{name} needs {requirement.name}"
        for name in locked
        for requirement in map(Requirement, distribution(name).requires or [])
        if canonicalize_name(requirement.name) not in locked
        and (requirement.marker is None or requirement.marker.evaluate(environment))
    }
    assert missing == set()


def test_production_installs_nothing_of_the_demo_or_the_tests():
    extras = PROJECT["optional-dependencies"]
    names = {canonicalize_name(Requirement(entry).name) for group in extras.values() for entry in group}
    assert names.isdisjoint(map(canonicalize_name, pins("base")))


def test_npm_lock_matches_package_json_and_has_integrity_but_no_addresses():
    package = json.loads((ROOT / "package.json").read_text())
    lock = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert lock.pop("")["dependencies"] == package["dependencies"]
    assert [name for name, entry in lock.items() if not entry.get("integrity")] == []
    assert [name for name, entry in lock.items() if "resolved" in entry] == []
    for name, version in package["dependencies"].items():
        assert lock[f"node_modules/{name}"]["version"] == version
