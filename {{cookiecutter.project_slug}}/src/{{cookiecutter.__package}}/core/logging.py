"""Logs: one event a line, UTC, JSON in production. What uvicorn and libraries log joins them."""

import logging
import sys

import structlog
from structlog.types import Processor

from .settings import Settings


def configure_logging(settings: Settings) -> None:
    """Set up structlog and the standard library's logging for this process."""
    json = settings.log.format == "json" or (settings.log.format is None and settings.production)
    processors = [*_context(), *_renderers(json=json)]
    # Our own events do not pass through the standard library, which costs more than a route.
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(settings.log.level),
        logger_factory=structlog.WriteLoggerFactory(),
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *processors],
            foreign_pre_chain=[structlog.stdlib.add_logger_name],
        )
    )
    logging.basicConfig(handlers=[handler], level=settings.log.level, force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)  # It tells of each readiness probe.


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
