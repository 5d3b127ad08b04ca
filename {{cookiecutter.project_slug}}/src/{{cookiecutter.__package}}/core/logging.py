"""Logs: one event a line, UTC, JSON in production. What uvicorn and libraries log joins them."""

import logging
import sys
from typing import Literal

import structlog
from structlog.types import Processor

from .setting_types import Group


class LogSettings(Group):
    """What is logged, and how."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Least level that is written."""
    format: Literal["console", "json"] | None = None
    """`console` for people, `json` for machines; unset: json in production only."""


def configure_logging(settings: LogSettings, *, production: bool) -> None:
    """Set up structlog and the standard library's logging for this process."""
    json = settings.format == "json" or (settings.format is None and production)
    processors = [*_context(), *_renderers(json=json)]
    # Our own events do not pass through the standard library, which costs more than a route.
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(settings.level),
        logger_factory=structlog.WriteLoggerFactory(),
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *processors],
            foreign_pre_chain=[structlog.stdlib.add_logger_name],
        )
    )
    logging.basicConfig(handlers=[handler], level=settings.level, force=True)


def _context() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _renderers(*, json: bool) -> list[Processor]:
    # Tracebacks without the locals of their frames, which hold secrets.
    if json:
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), exception_formatter=plain)]
