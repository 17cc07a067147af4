"""Addresses of the tools, used alone or from a project."""

from django.urls import path

from quotes.views import tools

urlpatterns = [
    path("", tools.index, name="tools"),
    path("partner-type/", tools.tool, {"kind": "advisor"}, name="tool_advisor"),
    path("outsourcing-readiness/", tools.tool, {"kind": "readiness"}, name="tool_readiness"),
    path("lease-or-buy/", tools.tool, {"kind": "lease"}, name="tool_lease"),
    path("make-or-buy/", tools.tool, {"kind": "make"}, name="tool_make"),
    path("<slug:kind>/export.csv", tools.tool_export, {"ending": "csv"}, name="tool_csv"),
    path("<slug:kind>/export.xlsx", tools.tool_export, {"ending": "xlsx"}, name="tool_xlsx"),
    path("<slug:kind>/keep/", tools.tool_keep, name="tool_keep"),
]
