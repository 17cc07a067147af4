"""Addresses of the public register."""

from django.urls import path

from partners.register import views

app_name = "register"

urlpatterns = [
    path("", views.register_list, name="list"),
    path("<slug:duns>/", views.establishment, name="establishment"),
    path("<slug:duns>/suggest/", views.suggest, name="suggest"),
]
