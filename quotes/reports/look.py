"""The sponsor's look on paper: its accent colour in three strengths, and its logo."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

COLOUR = re.compile(r"^#[0-9a-f]{6}$")
LOGO = re.compile(r"^data:image/(png|svg\+xml);base64,[A-Za-z0-9+/=]+$")
DARKER, PALE = 0.76, 0.12  # shares of the accent colour in the strong and the soft one


def look_of(s: Mapping[str, Any]) -> dict[str, str]:
    """Colours and logo of a snapshot; empty texts mean the product's own look. What is not plain is left out."""
    brand = s.get("brand") or {}
    accent, logo = brand.get("accent", ""), brand.get("logo", "")
    look = {"logo": logo if LOGO.match(logo) else "", "accent": "", "strong": "", "soft": "", "digits": ""}
    if COLOUR.match(accent):
        look |= {
            "accent": accent,
            "digits": accent[1:],
            "strong": _mixed(accent, 0, DARKER),
            "soft": _mixed(accent, 255, PALE),
        }
    return look


def _mixed(colour: str, with_grey: int, share: float) -> str:
    """`share` of a colour, the rest black (0) or white (255)."""
    channels = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(c * share + with_grey * (1 - share)):02x}" for c in channels)
