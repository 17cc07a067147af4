"""All addresses of the site."""

from django.contrib import admin
from django.urls import include, path

from cmo_selector import health

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("team/", include("cmo_selector.accounts.urls")),
    path("partners/", include("partners.urls")),
    path("", include("quotes.urls")),
]
