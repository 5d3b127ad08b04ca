"""A database that is away is one error, wherever a statement meets it."""

from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Dialect, ExceptionContext
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from ..errors import UnavailableError

MESSAGE = "The database is not available; try again in a moment."


def report_unavailable(engine: AsyncEngine) -> None:
    """Make `engine` raise UnavailableError when the database cannot be reached or has no time."""
    event.listen(engine.sync_engine, "do_connect", _connect)
    event.listen(engine.sync_engine, "handle_error", _handle_error)


def _connect(dialect: Dialect, _record: object, args: Any, kwargs: Any) -> Any:
    # Errors of connecting come as the driver raises them: ConnectionRefusedError, TimeoutError...
    try:
        return dialect.connect(*args, **kwargs)
    except Exception as error:
        raise UnavailableError(MESSAGE) from error


def _handle_error(context: ExceptionContext) -> None:
    if context.is_disconnect or isinstance(context.sqlalchemy_exception, OperationalError):
        raise UnavailableError(MESSAGE) from context.original_exception
