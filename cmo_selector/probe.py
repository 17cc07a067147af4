"""`python -m cmo_selector.probe [PATH]`: asks the web process on this machine, for container health checks.

Exit status 0 when it answers 200, 1 otherwise. PATH is /healthz unless given. Reads PORT and
ALLOWED_HOSTS, because Django answers no host name it does not know.
"""

import http.client
import sys

from cmo_selector import env


def main(path: str = "/healthz") -> int:
    port = env.integer("PORT", 8000, minimum=1)
    host = next((name for name in env.items("ALLOWED_HOSTS") if name != "*"), "localhost").lstrip(".")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=8)
    try:
        connection.request("GET", path, headers={"Host": host})
        response = connection.getresponse()
        print(response.status, response.read(2000).decode("utf-8", "replace"))
    except OSError as error:
        print(f"no answer on port {port}: {error}", file=sys.stderr)
        return 1
    return 0 if response.status == 200 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
