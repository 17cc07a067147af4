"""Logo and accent colour: what is kept of an upload, what is refused and how, and who may change them."""

import base64
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image, ImageFile

from cmo_selector.accounts.brand import BrandError, clean_accent, clean_logo, contrast_with_white
from cmo_selector.accounts.models import SponsorBrand
from tests.factories.accounts import MembershipFactory

SHAPE = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 10"><circle r="3" fill="#c00"/></svg>'
HOSTILE = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 10" onload="steal()"><script>steal()</script>'
    b'<a href="javascript:steal()"><circle r="3" onclick="steal()"/></a>'
    b"<style>circle { fill: url(http://evil.example/x) }</style></svg>"
)


@pytest.fixture(autouse=True)
def _as_in_a_web_process(monkeypatch):
    """WeasyPrint, which only the processes that print load, tells Pillow to read broken pictures."""
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", False)


def picture(form: str = "PNG", size: tuple[int, int] = (1200, 300), **options) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, "#0b6474").save(target, form, **options)
    return target.getvalue()


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_a_raster_logo_is_written_anew_without_what_else_its_file_held(form):
    content = picture(form) + b"<?php steal() ?>"
    kept, kind = clean_logo(content)
    assert kind == "image/png"
    assert b"steal" not in kept
    with Image.open(io.BytesIO(kept)) as image:
        assert (image.format, image.size) == ("PNG", (900, 225))


def test_a_vector_logo_keeps_its_shapes_and_nothing_that_runs_or_reaches_out():
    kept, kind = clean_logo(HOSTILE)
    assert kind == "image/svg+xml"
    assert b"<circle" in kept
    for part in (b"script", b"steal", b"onload", b"onclick", b"evil.example"):
        assert part not in kept


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"GIF89a not one of ours", "not a readable PNG"),
        (picture()[:60], "not a readable PNG"),
        (b"", "not a readable PNG"),
        (b"<html><body>hello</body></html>", "not a readable SVG"),
        (b"<svg", "SVG"),
        (SHAPE.replace(b' viewBox="0 0 40 10"', b""), "no size"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><image href="x.png"/></svg>', "picture"),
        (SHAPE.replace(b"/></svg>", b"/>" + b"<circle r='3'/>" * 9000 + b"</svg>"), "120 kB"),
        (b"x" * 1_000_001, "1 MB"),
        (picture(size=(5000, 4001)), "million pixels"),
    ],
)
def test_what_is_no_logo_is_refused_with_a_remedy(content, words):
    with pytest.raises(BrandError, match=words) as refused:
        clean_logo(content)
    assert refused.value.field == "logo"


def test_an_accent_is_a_colour_that_can_be_read_on_white():
    assert clean_accent(" #0B6474 ") == "#0b6474"
    assert clean_accent("") == ""
    assert (contrast_with_white("#ffffff"), round(contrast_with_white("#000000"), 1)) == (1.0, 21.0)
    for wrong in ("teal", "#12345", "#1234567", "#0b6474;}", "#ffcc00"):
        with pytest.raises(BrandError):
            clean_accent(wrong)


@pytest.mark.django_db
def test_an_owner_sets_and_takes_away_the_look_and_a_mistake_changes_nothing(client):
    owner = MembershipFactory(role="owner")
    client.force_login(owner.user)
    address = reverse("brand")
    upload = SimpleUploadedFile("anything.exe", SHAPE)
    page = client.post(address, {"accent": "#5c4a88", "logo": upload}, follow=True)
    assert "New reports look like this" in page.content.decode()
    brand = SponsorBrand.objects.get(sponsor=owner.sponsor)
    assert (brand.accent, brand.logo_type) == ("#5c4a88", "image/svg+xml")
    assert b"<circle" in base64.b64decode(brand.logo_uri.partition(",")[2])
    wrong = client.post(address, {"accent": "#ffff00", "logo": SimpleUploadedFile("x.png", b"nothing")})
    assert (wrong.status_code, wrong.context["form"]["accent"].value()) == (422, "#ffff00")
    assert list(wrong.context["form"].errors) == ["accent"]
    brand.refresh_from_db()
    assert brand.accent == "#5c4a88"
    client.post(address, {"accent": "", "remove_logo": "on"})
    brand.refresh_from_db()
    assert (brand.accent, bytes(brand.logo), brand.logo_uri) == ("", b"", "")
