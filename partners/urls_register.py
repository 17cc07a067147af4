"""Addresses of the public register."""

from django.urls import path

from partners.register import suggest_views, views
from partners.register.books import BOOKS, Book

app_name = "register"


def _name(book: Book) -> str:
    return book.url_name.removeprefix("register:")


urlpatterns = [
    path("", views.register_list, name="list"),
    *(path(f"{book.code}/", views.records, {"book": book}, name=_name(book)) for book in BOOKS),
    *(
        path(f"{book.code}/<int:pk>/", views.record, {"book": book}, name=f"{_name(book)}_record")
        for book in BOOKS
    ),
    *(
        path(
            f"{book.code}/<int:pk>/suggest/",
            suggest_views.suggest_record,
            {"book": book},
            name=f"{_name(book)}_suggest",
        )
        for book in BOOKS
    ),
    path("<slug:duns>/", views.establishment, name="establishment"),
    path("<slug:duns>/suggest/", suggest_views.suggest, name="suggest"),
]
