"""Addresses of the catalogue. Fixed words come before the slug; no partner may be called like one of them."""

from django.urls import path

from partners import compare_views, export_views, history_views, suggest_views, views

app_name = "partners"

urlpatterns = [
    path("", views.partner_list, name="list"),
    path("suggest/", suggest_views.suggest, name="suggest"),
    path("export.csv", export_views.partners_csv, name="csv"),
    path("export.xlsx", export_views.partners_xlsx, name="xlsx"),
    path("compare/", compare_views.compare, name="compare"),
    path("compare/export.xlsx", compare_views.compare_xlsx, name="compare_xlsx"),
    path("compare/tray/", compare_views.change_tray, name="compare_tray"),
    path("<slug:slug>/", views.partner_profile, name="profile"),
    path("<slug:slug>/history/", history_views.partner_history, name="history"),
]
