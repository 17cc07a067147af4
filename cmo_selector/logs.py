"""Logging through structlog: JSON lines in production, readable lines elsewhere.

Records of the standard library (Django, Celery, gunicorn) and of structlog leave through the same
formatter and carry the request id that security.py binds.
"""

from __future__ import annotations

import logging.config
from typing import Any

import structlog

_SHARED = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure(options: dict[str, Any]) -> None:
    """Django's LOGGING_CONFIG: `options` is settings.LOGGING, {"level": str, "json": bool}."""
    renderer: Any = structlog.dev.ConsoleRenderer(colors=False)
    if options["json"]:
        renderer = structlog.processors.JSONRenderer()
    final = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if options["json"]:
        final.append(structlog.processors.format_exc_info)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "structlog": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": _SHARED,
                    "processors": [*final, renderer],
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structlog"}},
            "root": {"handlers": ["stderr"], "level": options["level"]},
            "loggers": {
                "django.server": {"handlers": [], "propagate": True},
                "weasyprint": {"level": "ERROR"},
                "fontTools": {"level": "WARNING"},
            },
        }
    )
