"""Where files are kept: a directory, or a bucket of an S3-compatible service named by FILE_STORAGE_URL.

`s3://bucket/prefix?region=eu-central-1&endpoint=https://s3.example.org`; prefix, region and endpoint may be left out.
Keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or, without them, from the machine's role. The bucket is
private: nobody is given an address in it, files go out through views that check who asks.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.core.exceptions import ImproperlyConfigured

from cmo_selector import env

BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
# All tries together stay well below what a report may take, so that a store that does not answer is told as such.
CONNECT_SECONDS, READ_SECONDS, TRIES = 5, 15, 2
ADDRESS_SECONDS = 60  # nothing hands out addresses; one that did would end after this


def file_storage(name: str) -> dict[str, Any]:
    """Django's description of the storage for uploads and reports. Raises ImproperlyConfigured."""
    url = env.text(name)
    key, secret = env.text("AWS_ACCESS_KEY_ID"), env.text("AWS_SECRET_ACCESS_KEY")
    if not url:
        return {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    endpoint, region = options.pop("endpoint", None), options.pop("region", None)
    if parts.scheme != "s3" or not BUCKET.fullmatch(parts.netloc) or options:
        raise ImproperlyConfigured(
            f"{name} must be s3://bucket/prefix?region=…&endpoint=https://…, without keys and with nothing else."
        )
    if endpoint is not None and urlsplit(endpoint).scheme not in {"http", "https"}:
        raise ImproperlyConfigured(f"{name}: the endpoint must be an http:// or https:// address.")
    if bool(key) != bool(secret):
        raise ImproperlyConfigured("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go together.")

    from botocore.config import Config

    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": parts.netloc,
            "location": parts.path.strip("/"),
            "region_name": region,
            "endpoint_url": endpoint,
            **({"access_key": key, "secret_key": secret} if key else {}),
            "file_overwrite": False,
            "querystring_expire": ADDRESS_SECONDS,
            "client_config": Config(
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retries={"total_max_attempts": TRIES},
                signature_version="s3v4",
                # A service of one's own rarely has a host name for every bucket.
                s3={"addressing_style": "path" if endpoint else "auto"},
            ),
        },
    }
