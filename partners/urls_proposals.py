"""Addresses of proposals to the curators."""

from django.urls import path

from partners.proposing import views

app_name = "proposals"

urlpatterns = [
    path("", views.own, name="own"),
    path("read/", views.read, name="read"),
    path("new-partner/", views.new_partner, name="new_partner"),
    path("new-fact/<slug:slug>/<slug:kind>/", views.new_fact, name="new_fact"),
    path("correct/<slug:kind>/<int:pk>/", views.correct, name="correct"),
]
