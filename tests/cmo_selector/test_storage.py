"""FILE_STORAGE_URL: a directory without it, a private bucket with it, and a clear refusal of anything else."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from cmo_selector.storage import file_storage
from quotes.services.reports import LEASE

NAMES = ("FILE_STORAGE_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


@pytest.fixture
def ask(monkeypatch):
    def ask(url="", key="", secret=""):
        for name, value in zip(NAMES, (url, key, secret), strict=True):
            monkeypatch.setenv(name, value)
        return file_storage("FILE_STORAGE_URL")

    return ask


def test_files_are_kept_in_a_directory_unless_told_otherwise(ask):
    assert ask() == {"BACKEND": "django.core.files.storage.FileSystemStorage"}


def test_a_bucket_is_named_by_an_address_and_opened_by_keys_of_the_environment(ask):
    described = ask(
        "s3://cmo-files/production/?region=eu-central-1&endpoint=https://s3.example.org", "k", "s"
    )
    options = described["OPTIONS"]
    config = options.pop("client_config")
    assert described["BACKEND"] == "storages.backends.s3.S3Storage"
    assert options == {
        "bucket_name": "cmo-files",
        "location": "production",
        "region_name": "eu-central-1",
        "endpoint_url": "https://s3.example.org",
        "access_key": "k",
        "secret_key": "s",
        "file_overwrite": False,
        "querystring_expire": 60,
    }
    assert (config.signature_version, config.s3) == ("s3v4", {"addressing_style": "path"})


def test_without_keys_the_machine_s_role_is_used(ask):
    options = ask("s3://cmo-files")["OPTIONS"]
    assert {"access_key", "secret_key"} & set(options) == set()
    assert (options["endpoint_url"], options["region_name"], options["location"]) == (None, None, "")


def test_all_tries_of_a_request_end_before_a_report_s_lease(ask):
    config = ask("s3://cmo-files")["OPTIONS"]["client_config"]
    tries = config.retries["total_max_attempts"]
    assert tries * (config.connect_timeout + config.read_timeout) < LEASE.total_seconds()


@pytest.mark.parametrize(
    "url",
    [
        "cmo-files",
        "https://s3.example.org/cmo-files",
        "s3://",
        "s3://Key:secret@cmo-files",
        "s3://cmo-files?public=1",
        "s3://cmo-files?endpoint=s3.example.org",
        "s3://cmo-files?endpoint=",
    ],
)
def test_anything_else_is_refused_by_name(ask, url):
    with pytest.raises(ImproperlyConfigured, match="FILE_STORAGE_URL"):
        ask(url)


@pytest.mark.parametrize(("key", "secret"), [("k", ""), ("", "s")])
def test_half_a_pair_of_keys_is_refused(ask, key, secret):
    with pytest.raises(ImproperlyConfigured, match="go together"):
        ask("s3://cmo-files", key, secret)
