"""A database that is away is one error, wherever a statement meets it."""

import asyncio
from typing import Any

import structlog
from sqlalchemy import event
from sqlalchemy.engine import Dialect, ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine

from ..errors import UnavailableError
from .engine import is_temporary

logger = structlog.get_logger()


def report_unavailable(engine: AsyncEngine) -> None:
    """Make `engine` raise UnavailableError when the database cannot be reached or has no time."""
    event.listen(engine.sync_engine, "do_connect", _connect)
    event.listen(engine.sync_engine, "handle_error", _handle_error)


def _connect(dialect: Dialect, _record: object, args: Any, kwargs: Any) -> Any:
    # Errors of connecting come as the driver raises them: ConnectionRefusedError, TimeoutError...
    try:
        return dialect.connect(*args, **kwargs)
    except Exception as error:
        raise _unavailable(error) from error


def _handle_error(context: ExceptionContext) -> None:
    error = context.original_exception
    if isinstance(error, asyncio.CancelledError):
        return  # The deadline of the request ended the statement; the database is well.
    if context.is_disconnect or is_temporary(error):
        raise _unavailable(error) from error


def _unavailable(reason: BaseException) -> UnavailableError:
    logger.warning("database_unavailable", reason=repr(reason))
    return UnavailableError("The database is not available; try again in a moment.")
