"""Browser files come from node_modules by an allow-list, and survive the manifest storage."""

import json
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.test import override_settings

from cmo_selector.staticfinder import NpmFinder

FILES = {"vendor/kit/kit.min.css": "kit/dist/kit.min.css", "vendor/kit/kit.min.js": "kit/dist/kit.min.js"}


@pytest.fixture
def node_modules(tmp_path: Path):
    dist = tmp_path / "node_modules" / "kit" / "dist"
    dist.mkdir(parents=True)
    (dist / "kit.min.css").write_text("a{color:red}\n/*# sourceMappingURL=kit.min.css.map */")
    (dist / "kit.min.js").write_text('x("//# sourceMappingURL=no");\n//# sourceMappingURL=kit.min.js.map\n')
    (dist / "secret.js").write_text("not listed")
    with override_settings(NPM_FILES=FILES, NODE_MODULES_DIR=tmp_path / "node_modules"):
        yield tmp_path / "node_modules"


def test_listed_files_are_found_and_no_others(node_modules: Path):
    finder = NpmFinder()
    assert finder.find("vendor/kit/kit.min.css") == str(node_modules / "kit/dist/kit.min.css")
    assert finder.find("vendor/kit/kit.min.css", find_all=True) == [
        str(node_modules / "kit/dist/kit.min.css")
    ]
    assert finder.find("vendor/kit/secret.js") == []
    assert [name for name, _ in finder.list(None)] == list(FILES)


def test_comments_that_point_to_source_maps_are_left_out(node_modules: Path):
    contents = {name: storage.open(name).read() for name, storage in NpmFinder().list(None)}
    assert contents == {
        "vendor/kit/kit.min.css": b"a{color:red}\n",
        "vendor/kit/kit.min.js": b'x("//# sourceMappingURL=no");\n',
    }


def test_missing_file_names_the_remedy(node_modules: Path):
    (node_modules / "kit/dist/kit.min.js").unlink()
    with pytest.raises(ImproperlyConfigured, match=r"vendor/kit/kit\.min\.js\. Run: make assets"):
        list(NpmFinder().list(None))


def test_whole_site_passes_the_manifest_storage(tmp_path: Path):
    """A style sheet that refers to a file that is not there would fail here."""
    # The site's own storage adds compressed copies to this one, which takes long and finds nothing more.
    manifest = {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"}
    with override_settings(STATIC_ROOT=tmp_path, STORAGES={**settings.STORAGES, "staticfiles": manifest}):
        call_command("collectstatic", interactive=False, verbosity=0)
    paths = json.loads((tmp_path / "staticfiles.json").read_text())["paths"]
    assert set(settings.NPM_FILES) <= set(paths)
    assert not list((tmp_path / "vendor").rglob("*.map"))


@pytest.mark.parametrize("name", sorted(settings.NPM_FILES))
def test_every_listed_browser_file_is_installed(name):
    assert finders.find(name), f"{name} is missing: make assets"
