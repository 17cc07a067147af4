"""Signs and words that go with states and evidence levels, and the shapes of our icons."""

import functools
from pathlib import Path
from xml.etree import ElementTree  # our own file, never an upload

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

SVG = "{http://www.w3.org/2000/svg}"

#: status code → (tone, icon). The word is always written; tone and icon only repeat it.
STATUSES = {
    "pass": ("good", "check"), "fail": ("bad", "x"),
    "unknown": ("neutral", "help"), "conditional": ("warn", "alert-triangle"),
    "queued": ("neutral", "clock"), "running": ("accent", "refresh"),
    "done": ("good", "check"), "failed": ("bad", "x"),
    "open": ("accent", "circle-dashed"), "closed": ("neutral", "lock"), "draft": ("neutral", "pencil"),
    "selected": ("good", "check"), "back_up": ("accent", "bookmark"), "shortlisted": ("accent", "star"),
    "rejected": ("bad", "x"), "on_hold": ("warn", "clock"), "identified": ("neutral", "circle-dashed"),
    "longlist": ("neutral", "list"), "expired": ("warn", "alert-triangle"), "valid": ("good", "check"),
    "must": ("accent", "flag"), "should": ("neutral", "chevron-up"), "could": ("neutral", "minus"),
    "nai": ("good", "check"), "vai": ("warn", "alert-triangle"), "oai": ("bad", "x"),
    "pending": ("neutral", "clock"),
}  # fmt: skip

#: evidence level → (label, icon, how strong it is, 1 to 4)
EVIDENCE_LEVELS = {
    "self_declared": ("Self-declared", "user", 1),
    "document_checked": ("Document checked", "file", 2),
    "public_register": ("Public register", "globe", 3),
    "audited": ("Audited", "shield-check", 4),
}


@functools.cache
def icon_shapes() -> dict[str, SafeString]:
    """Icon name → its SVG shapes, from our own sprite."""
    ElementTree.register_namespace("", SVG.strip("{}"))
    root = ElementTree.parse(Path(settings.BASE_DIR) / "static" / "img" / "icons.svg").getroot()  # noqa: S314
    shapes = {}
    for symbol in root.iter(f"{SVG}symbol"):
        text = "".join(ElementTree.tostring(shape, encoding="unicode").strip() for shape in symbol)
        shapes[symbol.attrib["id"]] = mark_safe(text.replace(f' xmlns="{SVG[1:-1]}"', ""))  # noqa: S308
    return shapes
