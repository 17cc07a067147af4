"""Programs and processes of the embedded services: run as another user, find, ask, end.

Nothing here knows PostgreSQL or Valkey; embedded.py does.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Owner:
    """The operating-system user the servers run as."""

    uid: int
    gid: int
    drop: bool  # True when this process is root and has to give up its rights for the servers

    @property
    def popen_options(self) -> dict[str, Any]:
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.drop else {}


def server_owner(var: Path) -> Owner:
    if os.geteuid() != 0:
        return Owner(os.geteuid(), os.getegid(), drop=False)
    ancestor = next(path for path in (var, *var.parents) if path.exists())
    if uid := ancestor.stat().st_uid:  # root in somebody's checkout: that person owns the data
        with contextlib.suppress(KeyError):
            return Owner(uid, pwd.getpwuid(uid).pw_gid, drop=True)
    nobody = pwd.getpwnam("nobody")
    return Owner(nobody.pw_uid, nobody.pw_gid, drop=True)


def run_as(owner: Owner, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run to the end as `owner`, in a session of its own, with hardly any environment.

    Output goes to a file and not to a pipe, which a daemon left behind would keep open.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        code = subprocess.run(  # noqa: S603  our own programs, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            start_new_session=True,
            check=False,
            **owner.popen_options,
        ).returncode
        output.seek(0)
        return subprocess.CompletedProcess(command, code, output.read())


def reachable(directory: Path, owner: Owner) -> bool:
    """Whether `owner` may enter `directory`, or the nearest parent that exists."""
    ancestor = next(path for path in (directory, *directory.parents) if path.exists())
    return run_as(owner, ["test", "-x", str(ancestor)]).returncode == 0


def executable(program: Path, owner: Owner) -> bool:
    return run_as(owner, ["test", "-r", str(program), "-a", "-x", str(program)]).returncode == 0


def ask(path: Path, request: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(2)
        client.connect(str(path))
        client.sendall(request)
        return client.recv(64)


def answers(path: Path, request: bytes, expected: bytes) -> bool:
    try:
        return ask(path, request).startswith(expected)
    except OSError:
        return False


def server_pid(pid_file: Path, name: str, data: Path) -> int | None:
    """The process id in `pid_file` if that process is this server in this directory, else None."""
    import psutil

    try:
        pid = int(pid_file.read_text().split(maxsplit=1)[0])
        process = psutil.Process(pid)
        ours = process.name() == name and Path(process.cwd()) == data.resolve()
        return pid if ours and process.status() != psutil.STATUS_ZOMBIE else None
    except (OSError, ValueError, IndexError, psutil.Error):
        return None


def end_children(name: str, data: Path, *, hard: bool = False) -> bool:
    """Signal every process `name` that works in `data`: QUIT, or KILL when `hard`. True when there were any."""
    import psutil

    found = False
    for process in psutil.process_iter(["name"]):
        if process.info["name"] != name:
            continue
        with contextlib.suppress(OSError, psutil.Error):
            if Path(process.cwd()) == data.resolve() and process.status() != psutil.STATUS_ZOMBIE:
                process.send_signal(signal.SIGKILL if hard else signal.SIGQUIT)
                found = True
    return found


def tail(output: str, lines: int = 8) -> str:
    return "\n".join(output.strip().splitlines()[-lines:])


def tail_file(path: Path) -> str:
    try:
        return tail(path.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return ""
