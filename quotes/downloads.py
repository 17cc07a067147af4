"""Answers that hand a file over: always saved, never shown inside the page, never cached, never guessed at."""

from __future__ import annotations

import io

from django.http import FileResponse, Http404

from quotes.models import Attachment
from quotes.uploads import CONTENT_TYPES

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PDF = "application/pdf"


def file_answer(content: bytes, name: str, content_type: str) -> FileResponse:
    answer = FileResponse(io.BytesIO(content), as_attachment=True, filename=name, content_type=content_type)
    answer["Content-Length"] = len(content)
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "sandbox"
    return answer


def attachment_answer(attachment: Attachment) -> FileResponse:
    """The file itself, from private storage. A file that is gone is a 404 and not an error page."""
    try:
        with attachment.file.open("rb") as stored:
            content = stored.read()
    except (OSError, ValueError) as error:
        raise Http404("The file is no longer there.") from error
    return file_answer(content, attachment.name, CONTENT_TYPES[attachment.kind])
