"""Addresses of the tools that need no project."""

from django.urls import path

from quotes.views import tools

urlpatterns = [
    path("", tools.index, name="tools"),
    path("partner-type/", tools.advisor, name="tool_advisor"),
    path("lease-or-buy/", tools.lease, name="tool_lease"),
    path("make-or-buy/", tools.make, name="tool_make"),
]
