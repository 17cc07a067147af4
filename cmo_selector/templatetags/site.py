"""What the frame of every page shows: navigation, version, demo sign-ins."""

import functools
import tomllib
from pathlib import Path

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

register = template.Library()

#: label, path, icon; the paths are the product's public addresses
ENTRIES = (
    ("Home", "/", "home"),
    ("Partners", "/partners/", "building"),
    ("Projects", "/projects/", "clipboard"),
    ("Register", "/register/", "globe"),
    ("Tools", "/tools/", "sliders"),
)


@register.simple_tag
def navigation(request: HttpRequest | None) -> list[dict]:
    """The entries of the main navigation for whoever is signed in; the current one is marked."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return []
    entries = list(ENTRIES)
    if user.is_staff:
        entries.append(("Curation desk", reverse("admin:index"), "database"))
    here = request.path
    return [
        {
            "label": label,
            "href": path,
            "icon": icon,
            "current": here == path if path == "/" else here.startswith(path),
        }
        for label, path, icon in entries
    ]


@register.simple_tag
@functools.cache
def app_version() -> str:
    """The version in pyproject.toml; empty when the file is not shipped."""
    file = Path(settings.BASE_DIR) / "pyproject.toml"
    return tomllib.loads(file.read_text())["project"]["version"] if file.exists() else ""


@register.simple_tag
def demo_sign_ins() -> list[dict]:
    """(role, e-mail, password) of the demo's people, as far as the settings name any. Never in production."""
    rows = getattr(settings, "DEMO_SIGN_INS", ())
    if settings.PRODUCTION:
        return []
    return [dict(zip(("role", "email", "password"), row, strict=True)) for row in rows]
