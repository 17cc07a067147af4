"""Addresses of the catalogue."""

app_name = "partners"
urlpatterns = []
