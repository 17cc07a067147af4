"""All addresses of the site."""

from django.contrib import admin
from django.urls import include, path

from cmo_selector import health
from cmo_selector.gallery import gallery

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("components/", gallery, name="component_gallery"),  # 404 in production
    path("team/", include("cmo_selector.accounts.urls")),
    path("partners/", include("partners.urls")),
    path("register/", include("partners.urls_register")),
    path("proposals/", include("partners.urls_proposals")),
    path("respond/", include("quotes.urls_respond")),
    path("", include("quotes.urls")),
]
