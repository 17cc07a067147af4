"""All addresses of the site."""

from django.contrib import admin
from django.urls import include, path

from cmo_selector import api, health, metrics
from cmo_selector.accounts import token_views
from cmo_selector.gallery import gallery

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("components/", gallery, name="component_gallery"),  # 404 in production
    path("team/", include("cmo_selector.accounts.urls")),
    path("tokens/", token_views.api_tokens, name="api_tokens"),
    path("tokens/<int:token_id>/revoke/", token_views.api_token_revoke, name="api_token_revoke"),
    path("api/v1/", api.index, name="api_index"),
    path("api/v1/", api.urls),
    path("api/v1/<path:rest>", api.unknown, name="api_unknown"),
    path("partners/", include("partners.urls")),
    path("register/", include("partners.urls_register")),
    path("proposals/", include("partners.urls_proposals")),
    path("tools/", include("quotes.urls_tools")),
    path("respond/", include("quotes.urls_respond")),
    path("", include("quotes.urls")),
]
