"""All addresses of the site."""

from importlib.util import find_spec

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
]
# Until every app has its views.
for _module in ("partners.urls", "quotes.urls"):
    if find_spec(_module):
        urlpatterns.append(path("", include(_module)))
