"""Settings of the test suite: the same file, with what makes tests fast and strict on top."""

import atexit
import os
import shutil
import sys
import tempfile
import zlib

os.environ["CMO_ENV"] = "test"
os.environ.setdefault("CMO_PROCESS", "command")  # creating a test database may take a while

from cmo_selector import env
from cmo_selector.settings import *  # noqa: F403
from cmo_selector.settings import (
    DATABASES,
    EMBEDDED,
    LOGGING,
    MIDDLEWARE,
    REDIS_URL,
    STORAGES,
    TEMPLATES,
)

# A crash may lose test data; waiting for the disk at every commit would only cost time.
# Transactional tests empty the database behind them, history too.
DATABASES["default"]["OPTIONS"]["options"] += (
    " -c synchronous_commit=off -c partners.history_may_be_emptied=on -c audit.may_be_emptied=on"
)
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
if not (MEDIA_ROOT := os.environ.get("MEDIA_ROOT", "")):
    MEDIA_ROOT = tempfile.mkdtemp(prefix="cmo-test-media-")
    atexit.register(shutil.rmtree, MEDIA_ROOT, ignore_errors=True)

# Static files come straight from the finders; the manifest has tests of its own.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
MIDDLEWARE.remove("whitenoise.middleware.WhiteNoiseMiddleware")


class UndefinedTemplateVariable(Exception):
    """One of our own templates prints a variable that its view did not provide."""


class _RaiseWhenInvalid(str):
    """A `string_if_invalid` that raises in our own templates and stays silent in third parties'."""

    __slots__ = ()

    def __bool__(self) -> bool:
        """In third parties' templates: an empty text, to which Django goes on to apply their filters."""
        return "site-packages" not in self._origin()

    def __contains__(self, item: object) -> bool:
        return item == "%s" or super().__contains__(item)  # type: ignore[operator]

    def __mod__(self, variable: object) -> str:
        raise UndefinedTemplateVariable(f"{variable} in {self._origin()}")

    @staticmethod
    def _origin() -> str:
        """The template that is being rendered."""
        frame = sys._getframe(1)
        while frame is not None:
            if frame.f_code.co_name == "render_annotated":
                return str(getattr(frame.f_locals["self"], "origin", ""))
            frame = frame.f_back
        return ""


TEMPLATES[0]["OPTIONS"]["string_if_invalid"] = _RaiseWhenInvalid()

# Every pytest process has a database of its own, and so its own numbered database of the broker.
# (A key prefix would be simpler, but Celery's control messages do not arrive with one.)
_process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
if EMBEDDED is not None:
    _suite = zlib.crc32(DATABASES["default"]["TEST"]["NAME"].encode()) % 6
    REDIS_URL = env.redis_database(REDIS_URL, offset=2 + 10 * _suite + _process % 10)
else:
    REDIS_URL = env.redis_database(REDIS_URL, offset=2 + _process % 12)
CELERY_BROKER_URL = env.celery_broker_url(REDIS_URL)
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# A real worker, started by a test, works on that test process's database.
if _database := os.environ.get("CMO_WORKER_TEST_DATABASE"):
    DATABASES["default"]["NAME"] = _database

LOGGING["level"] = "WARNING"
