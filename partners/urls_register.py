"""Addresses of the public register."""

from django.urls import path

from partners.register import views
from partners.register.books import BOOKS

app_name = "register"

urlpatterns = [
    path("", views.register_list, name="list"),
    *(
        path(f"{book.code}/", views.records, {"book": book}, name=book.url_name.removeprefix("register:"))
        for book in BOOKS
    ),
    path("<slug:duns>/", views.establishment, name="establishment"),
    path("<slug:duns>/suggest/", views.suggest, name="suggest"),
]
