"""Addresses of the team page; sign-in itself is allauth's, under /accounts/."""

from django.urls import path

from . import views

urlpatterns = [
    path("", views.team, name="team"),
    path("reports-look/", views.brand, name="brand"),
    path("<int:membership_id>/role/", views.change, name="team_change"),
    path("<int:membership_id>/link/", views.send_link, name="team_link"),
    path("<int:membership_id>/remove/", views.remove, name="team_remove"),
]
