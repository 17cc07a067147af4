"""Measures the curation desk on one synthetic database and prints JSON: `python -m tests.bench._desk PARTNERS`.

The databases are those of `_browse`, made on first use and kept.
"""

from __future__ import annotations

import json
import os
import sys
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cmo_selector.settings")

import django

from tests.bench import best_ms
from tests.bench._browse import prepare

REPEAT = 5
PAGES = {
    "first page": ("index", ""),
    "stale facts": ("partners_stale", ""),
    "contradictions": ("partners_conflicts", ""),
    "duplicates": ("partners_duplicates", ""),
    "list of partners": ("partners_organisation_changelist", ""),
    "list of sites": ("partners_facility_changelist", ""),
    "list of capabilities": ("partners_capability_changelist", ""),
    "capabilities by day of retrieval": ("partners_capability_changelist", "o=-10"),
    "stale capabilities": ("partners_capability_changelist", "freshness=stale"),
    "partners, search “nordale”": ("partners_organisation_changelist", "q=nordale"),
    "sites, search “nordale”": ("partners_facility_changelist", "q=nordale"),
    "capabilities, search “nordale aav”": ("partners_capability_changelist", "q=nordale+aav"),
    "certificates, search “zzzz” (none)": ("partners_certificate_changelist", "q=zzzz"),
    "terms of a vocabulary with their use": ("partners_modality_changelist", ""),
    "autocomplete of sites": (
        "autocomplete", "app_label=partners&model_name=capability&field_name=facility&term=nordale",
    ),
}  # fmt: skip


def main(partners: int) -> None:
    django.setup()
    prepare(partners)
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext
    from django.urls import reverse

    from cmo_selector.accounts.models import User
    from partners.curation import remembered
    from partners.models import Facility

    settings.ALLOWED_HOSTS.append("testserver")
    user, _ = User.objects.get_or_create(
        email="bench-desk@example.org", defaults={"name": "Bench", "is_staff": True, "is_superuser": True}
    )
    client = Client()
    client.force_login(user)
    found = {}
    for name in remembered.FINDERS:
        began = time.perf_counter()
        remembered.find(name)
        found[name] = (time.perf_counter() - began) * 1000
    site = Facility.objects.order_by("-pk").first()
    addresses = {name: f"{reverse(f'admin:{page}')}?{query}" for name, (page, query) in PAGES.items()}
    addresses["page of a partner"] = reverse(
        "admin:partners_organisation_change", args=[site.organisation_id]
    )
    addresses["page of a site"] = reverse("admin:partners_facility_change", args=[site.pk])
    pages = {}
    for name, address in addresses.items():

        def get(address: str = address) -> None:
            response = client.get(address)
            if response.status_code != 200:
                raise AssertionError(f"{address}: {response.status_code}")

        get()
        with CaptureQueriesContext(connection) as queries:
            get()
        asked = len(queries)  # read now: the next request throws the log away
        pages[name] = {"ms": best_ms(get, repeat=REPEAT), "queries": asked}
    print(json.dumps({"found": found, "pages": pages}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
