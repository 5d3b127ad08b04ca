"""A database that is away is one error, wherever a statement meets it."""

import asyncio
from collections.abc import Callable
from typing import Any

import structlog
from sqlalchemy import event
from sqlalchemy.engine import Dialect, ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine

from ..errors import UnavailableError

logger = structlog.get_logger()


def report_unavailable(engine: AsyncEngine, is_temporary: Callable[[BaseException], bool]) -> None:
    """Make `engine` raise UnavailableError when the database cannot be reached or has no time.

    `is_temporary` tells which of the driver's errors say nothing about the statement.
    """

    def handle_error(context: ExceptionContext) -> None:
        error = context.original_exception
        if isinstance(error, asyncio.CancelledError):
            return  # The deadline of the request ended the statement; the database is well.
        if context.is_disconnect or is_temporary(error):
            raise unavailable(error) from error

    event.listen(engine.sync_engine, "do_connect", _connect)
    event.listen(engine.sync_engine, "handle_error", handle_error)


def unavailable(reason: BaseException) -> UnavailableError:
    """Return what a client is told, and log the reason."""
    logger.warning("database_unavailable", reason=repr(reason))
    return UnavailableError("The database is not available; try again in a moment.")


def _connect(dialect: Dialect, _record: object, args: Any, kwargs: Any) -> Any:
    # Errors of connecting come as the driver raises them: ConnectionRefusedError, TimeoutError...
    try:
        return dialect.connect(*args, **kwargs)
    except Exception as error:
        raise unavailable(error) from error
