"""Texts as people typed them, made fit for print."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from .wording import FIRST_STRONG_ISOLATE, POP_ISOLATE

# Left-to-right marks, embeddings, overrides and isolates: in a name they could turn the text around them.
BIDI_CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
NOT_PRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")


def clean(value: Any) -> Any:
    """The same structure with every text fit for print; right-to-left text keeps to itself."""
    if isinstance(value, str):
        text = BIDI_CONTROLS.sub("", NOT_PRINTABLE.sub("", value))
        if any(unicodedata.bidirectional(c) in ("R", "AL") for c in text):
            return f"{FIRST_STRONG_ISOLATE}{text}{POP_ISOLATE}"
        return text
    if isinstance(value, Mapping):
        return {key: clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item) for item in value]
    return value
