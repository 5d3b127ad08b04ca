"""Engines for PostgreSQL: a pool for transactions and one for reading."""

from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, NullPool

from .driver_errors import is_temporary
from .settings import DatabaseSettings
from .unavailable import report_unavailable

RENDER_AS_BATCH = False
# No BEGIN before a SELECT, and no ROLLBACK after it.
AUTOCOMMIT: dict[str, Any] = {"isolation_level": "AUTOCOMMIT", "skip_autocommit_rollback": True}
MIGRATION_LOCK = 7_463_001  # Any number, as long as it stays the same.


def create_write_engine(settings: DatabaseSettings) -> AsyncEngine:
    """Return the engine for transactions."""
    pool = _pool(settings, settings.write_pool_size)
    return _create(settings, _timeouts(settings), **pool)


def create_read_engine(settings: DatabaseSettings) -> AsyncEngine:
    """Return the engine for reading: no transaction around a SELECT, and no way to write."""
    read_only = {"default_transaction_read_only": "on"}
    pool = _pool(settings, settings.read_pool_size)
    return _create(settings, _timeouts(settings) | read_only, **AUTOCOMMIT, **pool)


def create_probe_engine(settings: DatabaseSettings) -> AsyncEngine:
    """Return an engine that opens a connection each time, so that no full pool is in its way."""
    return _create(settings, _timeouts(settings), **AUTOCOMMIT, poolclass=NullPool)


def create_migration_engine(settings: DatabaseSettings) -> AsyncEngine:
    """Return the engine for migrations, whose statements may take their time."""
    return _create(settings, {}, poolclass=NullPool)


def lock_migrations(connection: Connection) -> None:
    """Let one process migrate at a time; the others wait until its transaction ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})


def _pool(settings: DatabaseSettings, size: int) -> dict[str, Any]:
    return {
        "poolclass": AsyncAdaptedQueuePool,
        "pool_size": size,
        "max_overflow": 0,
        "pool_timeout": settings.pool_timeout,
    }


def _timeouts(settings: DatabaseSettings) -> dict[str, str]:
    milliseconds = str(int(settings.statement_timeout * 1000))
    return {
        "statement_timeout": milliseconds,
        "idle_in_transaction_session_timeout": milliseconds,
    }


def _create(
    settings: DatabaseSettings, server_settings: dict[str, str], **options: Any
) -> AsyncEngine:
    engine = create_async_engine(
        settings.url.get_secret_value(),
        connect_args={"timeout": settings.connect_timeout, "server_settings": server_settings},
        hide_parameters=True,  # They hold personal data, and errors are logged.
        **options,
    )
    report_unavailable(engine, is_temporary)
    return engine
