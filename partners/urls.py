"""Addresses of the catalogue. Fixed words come before the slug; no partner may be called like one of them."""

from django.urls import path

from partners import views

app_name = "partners"

urlpatterns = [
    path("", views.partner_list, name="list"),
    path("<slug:slug>/", views.partner_profile, name="profile"),
]
