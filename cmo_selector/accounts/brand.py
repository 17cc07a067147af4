"""A sponsor's logo and accent colour: checked and cleaned before they are kept, so that every page may show them.

A raster logo is read by Pillow and written anew as PNG, which drops whatever else the file held. A vector logo goes
through svg-hush's allow-list, which drops scripts, handlers and references to other documents. Nothing is ever
fetched.
"""

from __future__ import annotations

import io
import re
import warnings

from django.db import transaction

from cmo_selector.audit.services import record

from .models import Sponsor, SponsorBrand, User

UPLOAD_BYTES = 1_000_000
KEPT_BYTES = 120_000  # every frozen report carries the logo
MOST_PIXELS = 20_000_000
BOX = (900, 300)  # pixels; on paper at most 60 × 14 mm
RASTER = ("PNG", "JPEG", "WEBP")
WHITE_CONTRAST = 4.5  # WCAG 2.2, headings and small text on white
COLOUR = re.compile(r"^#[0-9a-f]{6}$")


class BrandError(ValueError):
    """A logo or colour that cannot be used; the message names the remedy. `field` is the input it belongs to."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


def clean_accent(text: str) -> str:
    """A colour as "#rrggbb", dark enough to be read on white; empty stays empty. Raises BrandError."""
    colour = text.strip().lower()
    if not colour:
        return ""
    if not COLOUR.match(colour):
        raise BrandError("Give the colour as # and six digits, such as #0b6474.", "accent")
    if (found := contrast_with_white(colour)) < WHITE_CONTRAST:
        raise BrandError(
            f"Text in this colour is hard to read on white: the contrast is {found:.1f} : 1, and {WHITE_CONTRAST} : 1 "
            "is the least. Choose a darker colour.",
            "accent",
        )
    return colour


def contrast_with_white(colour: str) -> float:
    """Contrast ratio of WCAG 2.2 (relative luminance) between a colour and white, 1 to 21."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return 1.05 / (luminance + 0.05)


def clean_logo(content: bytes) -> tuple[bytes, str]:
    """The logo as it is kept and its type, told by its content and never by its name. Raises BrandError."""
    if len(content) > UPLOAD_BYTES:
        raise BrandError("The file is larger than 1 MB. Save the logo smaller, or as SVG.", "logo")
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return _vector(content), SponsorBrand.LogoType.SVG
    return _raster(content), SponsorBrand.LogoType.PNG


def _vector(content: bytes) -> bytes:
    from py_svg_hush import filter_svg

    try:
        cleaned = filter_svg(content, {})
    except ValueError as error:
        raise BrandError(
            "This is not a readable SVG file. Export the logo again, or use PNG.", "logo"
        ) from error
    if not re.search(rb"<svg[^>]*\s(viewBox|width)=", cleaned):
        raise BrandError("The SVG has no size. Export it with width and height or a viewBox.", "logo")
    if b"<image" in cleaned or b"<foreignObject" in cleaned:
        raise BrandError("The SVG contains a picture or a page. Export plain shapes, or use PNG.", "logo")
    if len(cleaned) > KEPT_BYTES:
        raise BrandError("The SVG is larger than 120 kB. Simplify its paths, or use PNG.", "logo")
    return cleaned


def _raster(content: bytes) -> bytes:
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(content), formats=RASTER) as image:
            warnings.simplefilter("ignore")  # Pillow's warning about large pictures; the limit below is ours
            if image.width * image.height > MOST_PIXELS:
                raise BrandError(
                    "The picture has more than 20 million pixels. Save the logo smaller.", "logo"
                )
            picture = image.convert("RGBA")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, BrandError):
            raise
        raise BrandError("This is not a readable PNG, JPEG, WebP or SVG file.", "logo") from error
    box = BOX
    for _ in range(4):
        picture.thumbnail(box)
        target = io.BytesIO()
        picture.save(target, "PNG", optimize=True)
        if target.tell() <= KEPT_BYTES:
            return target.getvalue()
        box = (box[0] * 2 // 3, box[1] * 2 // 3)
    raise BrandError("The picture is too detailed for a logo. Use a simpler one, or SVG.", "logo")


@transaction.atomic
def save_brand(
    *, actor: User, sponsor: Sponsor, accent: str, logo: bytes | None = None, remove_logo: bool = False
) -> SponsorBrand:
    """Keep the look of a sponsor's reports; `logo` None keeps the one there is. Raises BrandError."""
    colour = clean_accent(accent)
    cleaned = clean_logo(logo) if logo else None
    Sponsor.objects.select_for_update(no_key=True).only("pk").get(pk=sponsor.pk)
    brand, _ = SponsorBrand.objects.get_or_create(sponsor=sponsor)
    brand.accent = colour
    if cleaned:
        brand.logo, brand.logo_type = cleaned
    elif remove_logo:
        brand.logo, brand.logo_type = b"", ""
    brand.save()
    record(
        actor=actor,
        verb="sponsor.brand_changed",
        obj=brand,
        sponsor=sponsor,
        data={"accent": colour, "logo": brand.logo_type or "none"},
    )
    return brand
