"""Files as people send them."""

import io
from functools import cache

from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject


@cache
def pdf(title: str = "offer") -> bytes:
    """A PDF of one empty page; another title makes another file."""
    return written(PdfWriter(), title)


def written(writer: PdfWriter, title: str = "offer") -> bytes:
    """What a writer has so far, as a file with at least one page."""
    if not writer.pages:
        writer.add_blank_page(width=200, height=200)
    writer.add_metadata({"/Title": title})
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def dictionary(**entries) -> DictionaryObject:
    """A PDF dictionary; texts that begin with a slash are names."""
    found = DictionaryObject()
    for key, value in entries.items():
        if isinstance(value, str):
            value = NameObject(value) if value.startswith("/") else TextStringObject(value)
        elif isinstance(value, list):
            value = ArrayObject(value)
        found[NameObject(f"/{key}")] = value
    return found
