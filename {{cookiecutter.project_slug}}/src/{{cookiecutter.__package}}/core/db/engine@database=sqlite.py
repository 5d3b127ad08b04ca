"""Engines for SQLite: one writer, many readers, in one file."""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, NullPool

from ..errors import SettingsError
from .driver_errors import is_temporary
from .settings import DatabaseSettings
from .unavailable import report_unavailable, unavailable

RENDER_AS_BATCH = True  # SQLite changes a table by copying it.
# No BEGIN before a SELECT, and no ROLLBACK after it.
AUTOCOMMIT: dict[str, Any] = {"isolation_level": "AUTOCOMMIT", "skip_autocommit_rollback": True}


def create_write_engine(settings: DatabaseSettings) -> AsyncEngine:
    """Return the engine for transactions; each takes the write lock when it begins.

    SQLite has one writer at a time. One connection makes writers queue here, in order, and not
    inside SQLite, where they poll. A transaction that began by reading could not become a writer
    once another one has written ("database is locked"), hence BEGIN IMMEDIATE.
    """
    engine = _create(settings, **_pool(settings, 1))
    event.listen(engine.sync_engine, "begin", _begin_immediate)
    return engine


def create_read_engine(settings: DatabaseSettings) -> AsyncEngine:
    """Return the engine for reading: no transaction around a SELECT, and no way to write."""
    pool = _pool(settings, settings.read_pool_size)
    engine = _create(settings, **AUTOCOMMIT, **pool)
    event.listen(engine.sync_engine, "connect", _refuse_writes)
    return engine


def create_probe_engine(settings: DatabaseSettings) -> AsyncEngine:
    """Return an engine that opens a connection each time, so that no full pool is in its way."""
    return _create(settings, poolclass=NullPool, **AUTOCOMMIT)


def create_migration_engine(settings: DatabaseSettings) -> AsyncEngine:
    """Return the engine for migrations.

    Changing a table means copying and dropping it; with foreign keys on, that would delete the
    rows that refer to it.
    """
    engine = _create(settings, poolclass=NullPool)
    event.listen(engine.sync_engine, "connect", _ignore_foreign_keys)
    event.listen(engine.sync_engine, "begin", _begin_immediate)
    return engine


def lock_migrations(connection: Connection) -> None:
    """Let one process migrate at a time: here BEGIN IMMEDIATE has already seen to that."""


def _pool(settings: DatabaseSettings, size: int) -> dict[str, Any]:
    return {
        "poolclass": AsyncAdaptedQueuePool,
        "pool_size": size,
        "max_overflow": 0,
        "pool_timeout": settings.pool_timeout,
    }


def _create(settings: DatabaseSettings, **options: Any) -> AsyncEngine:
    url = make_url(settings.url.get_secret_value())
    _make_file(url)
    engine = create_async_engine(
        url,
        connect_args={"timeout": settings.busy_timeout, "isolation_level": None},
        hide_parameters=True,  # They hold personal data, and errors are logged.
        **options,
    )
    event.listen(engine.sync_engine, "connect", _prepare)
    report_unavailable(engine, is_temporary)
    return engine


def _make_file(url: URL) -> None:
    """Make the file before SQLite does, for its owner only; the files beside it become like it."""
    path = Path(str(url.database))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600)
    except (OSError, ValueError) as error:
        raise SettingsError(f"APP_DATABASE__URL: the file cannot be made: {error}.") from None


def _prepare(connection: Any, _record: object) -> None:
    _run(connection, "PRAGMA journal_mode=WAL")  # Readers do not wait for the writer.
    _run(connection, "PRAGMA synchronous=NORMAL")  # Safe with WAL, and one fsync less a commit.
    _run(connection, "PRAGMA foreign_keys=ON")


def _refuse_writes(connection: Any, _record: object) -> None:
    _run(connection, "PRAGMA query_only=ON")


def _ignore_foreign_keys(connection: Any, _record: object) -> None:
    _run(connection, "PRAGMA foreign_keys=OFF")


def _run(connection: Any, pragma: str) -> None:
    cursor = connection.cursor()
    cursor.execute(pragma)
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    # By the driver itself: through a cursor it would be three trips to the driver's thread.
    adapter: Any = connection.connection.dbapi_connection
    try:
        adapter.run_async(lambda driver: driver.execute("BEGIN IMMEDIATE"))
    except sqlite3.OperationalError as error:
        if is_temporary(error):
            raise unavailable(error) from error
        raise
