"""docker-compose.yml, Dockerfile and Procfile name only commands, modules and variables that exist."""

from __future__ import annotations

import importlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands, load_command_class
from gunicorn.config import KNOWN_SETTINGS

from cmo_selector import env

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = {name: service for name, service in COMPOSE["services"].items() if "build" in service}
WORKERS = {"render": "render", "worker": "default", "upkeep": "upkeep", "mail": "mail"}  # process: its queue
DOCKERFILE = (ROOT / "Dockerfile").read_text()
GUNICORN_OPTIONS = {option for setting in KNOWN_SETTINGS for option in setting.cli or []}


def known_variables() -> set[str]:
    """Every variable that settings, the probe or their helpers read, in a production process."""
    code = (
        "import cmo_selector.settings, cmo_selector.probe; from cmo_selector import env;"
        "cmo_selector.probe.main(); print(*sorted(env.READ))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "SECRET_KEY": "x",
            "ALLOWED_HOSTS": "x",
            "DATABASE_URL": "postgres://h/d",
            "REDIS_URL": "redis://h/0",
            "PORT": "1",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return set(result.stdout.split()) | env.READ


def assert_command_exists(words: list[str]) -> None:
    program, *rest = words
    if program == "sh":
        assert rest[0] == "-c"
        for command in rest[1].split(" && "):
            assert_command_exists(shlex.split(command))
    elif program == "gunicorn":
        importlib.import_module(rest[0])
        options = {word.split("=")[0] for word in rest if word.startswith("--")}
        assert options <= GUNICORN_OPTIONS
    elif program == "celery":
        rest = [word for word in rest if word != "--quiet"]
        assert rest[:2] == ["-A", "cmo_selector"]
        assert importlib.import_module("cmo_selector.celery").app
        from celery.bin.celery import celery

        command = celery.commands[rest[2]]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word.split("=")[0] for word in rest[3:] if word.startswith("--")} <= known
    elif program == "python" and rest[0] == "manage.py":
        assert rest[1] in get_commands()
        parser = load_command_class(get_commands()[rest[1]], rest[1]).create_parser("manage.py", rest[1])
        parser.parse_args(rest[2:])
    elif program == "python":
        assert rest[0] == "-m"
        importlib.import_module(rest[1])
    else:
        pytest.fail(f"unknown program in a container: {program}")


def test_compose_has_exactly_the_services_that_scaling_out_needs():
    assert set(COMPOSE["services"]) == {"postgres", "redis", "migrate", "web", "beat", *WORKERS}
    assert set(OURS) == {"migrate", "web", "beat", *WORKERS}


@pytest.mark.parametrize("name", sorted(OURS))
def test_command_of_each_service_exists(name):
    assert_command_exists(OURS[name]["command"])


def test_health_checks_ask_programs_that_exist():
    assert_command_exists(OURS["web"]["healthcheck"]["test"][1:])
    for name in WORKERS:
        words = shlex.split(OURS[name]["healthcheck"]["test"][1])
        assert words[:5] == ["celery", "-A", "cmo_selector", "inspect", "ping"]
        assert words[-1] == f"{name}@$$HOSTNAME"
        assert f"--hostname={name}@%h" in OURS[name]["command"]


def test_every_queue_has_a_process_of_its_own_in_the_procfile_and_in_compose():
    lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    for name in WORKERS:
        assert f"--queues {WORKERS[name]} " in lines[name]
        assert f"--queues={WORKERS[name]}" in OURS[name]["command"]
    assert sorted(WORKERS.values()) == sorted(settings.QUEUES)


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_variable_of_a_service_is_read_by_the_code(name):
    assert set(OURS[name]["environment"]) - known_variables() == set()


def test_variables_that_production_requires_are_given_to_every_service():
    for service in OURS.values():
        given = service["environment"]
        assert {"SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL"} <= set(given)
        assert given["CMO_ENV"] == "production"


def test_services_restart_and_are_watched():
    for name, service in COMPOSE["services"].items():
        assert service["restart"] == ("on-failure" if name == "migrate" else "unless-stopped")
        assert "healthcheck" in service


def test_services_can_be_scaled():
    for service in COMPOSE["services"].values():
        assert "container_name" not in service
    for published in OURS["web"]["ports"]:
        host, _, container = published.rpartition(":")
        first, last = map(int, host.split("-"))
        assert (last - first >= 9, container) == (True, "8000")
    assert all("ports" not in OURS[name] for name in (*WORKERS, "beat"))


def test_nothing_starts_before_the_migrations():
    for name in ("web", *WORKERS, "beat"):
        assert OURS[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_image_copies_only_files_that_exist_and_runs_as_an_ordinary_user():
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    sources = {source for line in copied for source in line.split()}
    assert {source for source in sources if not (ROOT / source).exists()} == set()
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert {source.removeprefix("./") for source in sources} == allowed
    assert re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE) == ["cmo"]
    assert "embedded" not in DOCKERFILE


def test_variables_of_the_image_are_read_by_the_code():
    block = re.search(r"^ENV (.+?)\nWORKDIR", DOCKERFILE, re.MULTILINE | re.DOTALL).group(1)
    names = set(re.findall(r"(\w+)=", block)) - {"PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}
    assert names <= known_variables()


def test_procfile_runs_web_worker_and_beat():
    lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    assert set(lines) == {"web", *WORKERS, "beat"}
    for line in lines.values():
        words = shlex.split(line)
        assert words[0] == "env"
        assert re.fullmatch(r"CMO_PROCESS=(web|worker)", words[1])
        assert_command_exists(words[2:])


@pytest.mark.parametrize("name", ["Procfile", "Dockerfile", "docker-compose.yml"])
def test_a_search_of_5000_characters_reaches_the_page_that_says_it_is_too_long(name):
    """gunicorn's own limit of 4,094 bytes would answer with a bare error page."""
    limits = re.findall(r"--limit-request-line\W+([0-9]+)", (ROOT / name).read_text())
    assert limits
    for limit in limits:
        assert int(limit) > len("GET /partners/?country=CH&q=" + "x" * 5000 + " HTTP/1.1")
