"""Whether a PDF only shows pages: no script, nothing it starts or sends, no other files inside.

Every object of the file is looked at, also those packed into streams and those no page refers to. Links to web
addresses that a reader clicks on are harmless and stay.
"""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterable, Iterator

from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, PdfObject

MOST_OBJECTS = 200_000
MOST_SECONDS = 20.0  # for one file; an offer of a hundred pages takes a fraction of one

SCRIPT = "a script"
STARTS = "an action that opens other files or programs, or sends data"
FILES = "other files inside"
MEDIA = "embedded media"
FORM = "a dynamic form (XFA)"
KEYS = {"/JS": SCRIPT, "/EF": FILES, "/XFA": FORM}
ACTIONS = {
    "/JavaScript": SCRIPT,
    "/Launch": STARTS,
    "/SubmitForm": STARTS,
    "/ImportData": STARTS,
    "/GoToR": STARTS,
    "/GoToE": FILES,
    "/Rendition": MEDIA,
    "/RichMediaExecute": MEDIA,
}
SUBTYPES = {"/RichMedia": MEDIA, "/Movie": MEDIA, "/Sound": MEDIA, "/Screen": MEDIA, "/3D": MEDIA}
#: parts of earlier versions of the file, which a program that repairs it might take up again
LEFT_BEHIND = {rb"/JavaScript\b": SCRIPT, rb"/Launch\b": STARTS, rb"/EmbeddedFile\b": FILES}
REMEDY = "Print it to a new PDF and send that; send other files on their own."


class UnreadablePdf(ValueError):
    """The PDF cannot be looked into; the message says what to send instead."""


def active_parts(content: bytes) -> list[str]:
    """What the PDF has besides pages, in words, each once. Raises UnreadablePdf."""
    found = {words: None for pattern, words in LEFT_BEHIND.items() if re.search(pattern, content)}
    try:
        for part in _objects(content):
            found |= dict.fromkeys(_words(part))
    except UnreadablePdf:
        raise
    except Exception as error:  # the reader raises whatever its parsers do
        raise UnreadablePdf(
            "The PDF is damaged and cannot be checked. Print it to a new PDF and send that."
        ) from error
    return list(found)


def _objects(content: bytes) -> Iterator[PdfObject]:
    """Every object, with those nested in it."""
    reader = PdfReader(io.BytesIO(content), strict=False)
    if reader.is_encrypted and not reader.decrypt(""):
        raise UnreadablePdf("The PDF has a password. Save it without one and send that.")
    numbers = [(number, generation) for generation, row in reader.xref.items() for number in row]
    numbers += [(number, 0) for number in reader.xref_objStm]
    if not numbers or "/Root" not in reader.trailer:
        raise UnreadablePdf("The PDF is damaged: it has no pages. Print it to a new PDF and send that.")
    until = time.monotonic() + MOST_SECONDS
    yield from _nested([reader.trailer])
    for number, generation in dict.fromkeys(numbers):
        if len(numbers) > MOST_OBJECTS or time.monotonic() > until:
            raise UnreadablePdf(
                "The PDF is too complicated to be checked. Print it to a new PDF and send that."
            )
        yield from _nested([reader.get_object(IndirectObject(number, generation, reader))])


def _nested(waiting: list) -> Iterator[PdfObject]:
    """The objects and what stands directly in them; references are followed by whoever lists all objects."""
    while waiting:
        part = waiting.pop()
        yield part
        if isinstance(part, DictionaryObject):
            waiting += dict.values(part)
        elif isinstance(part, ArrayObject):
            waiting += list.__iter__(part)


def _words(part: PdfObject) -> Iterable[str]:
    """What a single object gives away."""
    if not isinstance(part, DictionaryObject):
        return
    for key, words in KEYS.items():
        if key in part:
            yield words
    for key, known in (("/S", ACTIONS), ("/Subtype", SUBTYPES)):
        value = dict.get(part, key)
        if isinstance(value, str) and value in known:
            yield known[value]
