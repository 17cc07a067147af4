"""GET never writes: a page that is only looked at may not change the database.

Sessions and sign-in are the framework's own business and are let through, as is the admin.
"""

import re
from collections.abc import Callable

from django.db import connection
from django.http import HttpRequest, HttpResponse

WRITES = re.compile(r"^\s*(INSERT|UPDATE|DELETE|TRUNCATE|MERGE|COPY)\b", re.IGNORECASE)
ALLOWED_TABLES = ('"django_session"', '"account_', '"mfa_', '"accounts_user" SET "last_login"')
EXEMPT_PATHS = ("/admin/", "/accounts/")


class WriteOnGet(RuntimeError):
    """A view tried to change data while answering a GET or HEAD request."""


def refuse_writes(execute, sql, params, many, context):
    if WRITES.match(sql) and not any(table in sql for table in ALLOWED_TABLES):
        raise WriteOnGet(f"a GET request tried to write: {sql[:80]}")
    return execute(sql, params, many, context)


class ReadOnlyGetMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in ("GET", "HEAD") or request.path.startswith(EXEMPT_PATHS):
            return self.get_response(request)
        with connection.execute_wrapper(refuse_writes):
            return self.get_response(request)
