"""Static files from node_modules, by an allow-list; nothing third-party is committed.

settings.NPM_FILES maps each served name to its file in node_modules. Listing files one by one keeps
the manifest storage whole (whole package folders refer to files that are not there) and the
download small. A listed file that is missing stops `collectstatic` and says what to run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

SOURCE_MAP = re.compile(
    rb"\s*(?://[#@][ \t]*sourceMappingURL=[^\n]*|/\*[#@][ \t]*sourceMappingURL=.*?\*/)\s*\Z"
)


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Names with a hash of their content, kept for ever by browsers, and compressed copies."""


class NpmStorage(FileSystemStorage):
    """node_modules under the names of the allow-list, without the comments that point to source maps.

    The maps are several times as big as the files and would have to be served with them, as the
    manifest storage refuses a comment that leads nowhere.
    """

    prefix = ""

    def __init__(self, files: dict[str, str], root: Path) -> None:
        super().__init__(location=root)
        self.files = files

    def path(self, name: str) -> str:
        if name not in self.files:
            raise FileNotFoundError(f"{name} is not in settings.NPM_FILES")
        return str(Path(self.location) / self.files[name])

    def _open(self, name: str, mode: str = "rb") -> File:
        if not name.endswith((".css", ".js")):
            return super()._open(name, mode)
        return ContentFile(SOURCE_MAP.sub(b"\n", Path(self.path(name)).read_bytes()), name=name)


class NpmFinder(BaseFinder):
    """Finds the files of settings.NPM_FILES in settings.NODE_MODULES_DIR."""

    def __init__(self, app_names: list[str] | None = None, *args: Any, **kwargs: Any) -> None:
        self.storage = NpmStorage(settings.NPM_FILES, settings.NODE_MODULES_DIR)
        super().__init__(*args, **kwargs)

    def missing(self) -> list[str]:
        """Allow-listed files that node_modules does not have."""
        return [name for name in self.storage.files if not self.storage.exists(name)]

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        clashes = sorted(name for name in self.storage.files if not name.startswith("vendor/"))
        if clashes:
            return [Error(f"NPM_FILES must be served under vendor/: {', '.join(clashes)}", id="cmo.E020")]
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> str | list[str]:
        # Django 5.2 renamed `all` to `find_all`, and still passes either.
        found = find_all or kwargs.get("all", False)
        if path not in self.storage.files or not self.storage.exists(path):
            return []
        return [self.storage.path(path)] if found else self.storage.path(path)

    def list(self, ignore_patterns: list[str] | None) -> Iterator[tuple[str, NpmStorage]]:
        if missing := self.missing():
            raise ImproperlyConfigured(
                f"{len(missing)} browser files are missing from {self.storage.location}, "
                f"such as {missing[0]}. Run: make assets"
            )
        for name in self.storage.files:
            yield name, self.storage
