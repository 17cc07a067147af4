"""What everything that sends e-mails needs to know about the server that takes them."""

from __future__ import annotations

import smtplib

from django.conf import settings

# The server answered, and what it refuses is this one e-mail.
ABOUT_ONE = (
    smtplib.SMTPRecipientsRefused,
    smtplib.SMTPSenderRefused,
    smtplib.SMTPDataError,
    smtplib.SMTPNotSupportedError,
)


class ServerAway(Exception):
    """The mail server cannot be reached, hangs or lets nobody in: there is no point in trying the next e-mail."""


def server_is_away(error: Exception) -> bool:
    """Whether the fault is the server's (smtplib's exceptions are OSErrors too) and not that of one e-mail."""
    return isinstance(error, OSError) and not isinstance(error, ABOUT_ONE)


def message_id(name: str) -> str:
    """The same for every attempt at an e-mail, so that a mail program shows one that came twice once."""
    host = settings.SITE_URL.split("//", 1)[-1].split("/", 1)[0].split(":", 1)[0]
    return f"<{name}@{host or 'localhost'}>"
