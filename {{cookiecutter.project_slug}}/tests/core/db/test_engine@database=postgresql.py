"""PostgreSQL: every wait has an end."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from {{ cookiecutter.__package }}.core.db.database import Database
from {{ cookiecutter.__package }}.core.db.engine import create_migration_engine
from {{ cookiecutter.__package }}.core.errors import UnavailableError
from {{ cookiecutter.__package }}.core.settings import DatabaseSettings


@pytest.fixture
async def hasty(database_settings: DatabaseSettings) -> AsyncIterator[Database]:
    """Give a database that waits for nothing longer than a moment."""
    settings = database_settings.model_copy(update={"statement_timeout": 0.05})
    database = Database(settings)
    yield database
    await database.close()


@pytest.fixture
def port() -> Iterator[int]:
    """Give a port where somebody listens and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


async def ask(port: int) -> None:
    url = SecretStr(f"postgresql+asyncpg://app:app@127.0.0.1:{port}/app")
    database = Database(DatabaseSettings(url=url, connect_timeout=0.05))
    async with database.transaction() as session:
        await session.execute(text("SELECT 1"))


class TestStatements:
    async def test_that_take_too_long_are_cancelled(self, hasty: Database) -> None:
        for sessions in (hasty.transaction, hasty.reading):
            with pytest.raises(UnavailableError):
                async with sessions() as session:
                    await session.execute(text("SELECT pg_sleep(5)"))

    async def test_that_never_come_end_the_transaction(self, hasty: Database) -> None:
        with pytest.raises(UnavailableError):  # noqa: PT012 - the block is the transaction.
            async with hasty.transaction() as session:
                await session.execute(text("SELECT 1"))
                await asyncio.sleep(0.15)
                await session.execute(text("SELECT 1"))
        async with hasty.transaction() as session:
            assert await session.scalar(text("SELECT 1")) == 1

    async def test_of_migrations_may_take_their_time(
        self, database_settings: DatabaseSettings
    ) -> None:
        engine = create_migration_engine(database_settings)
        async with engine.connect() as connection:
            assert await connection.scalar(text("SHOW statement_timeout")) == "0"
        await engine.dispose()


class TestAway:
    async def test_a_closed_port(self) -> None:
        with pytest.raises(UnavailableError):
            await ask(1)

    async def test_a_server_that_does_not_answer(self, port: int) -> None:
        with pytest.raises(UnavailableError):
            await ask(port)

    async def test_connections_that_were_cut_are_replaced(self, hasty: Database) -> None:
        cut = text("SELECT pg_terminate_backend(pg_backend_pid())")
        with pytest.raises(UnavailableError):
            async with hasty.transaction() as session:
                await session.execute(cut)
        async with hasty.transaction() as session:
            assert await session.scalar(text("SELECT 1")) == 1


async def test_errors_do_not_show_what_was_stored(hasty: Database) -> None:
    secret = str(uuid4())
    with pytest.raises(ProgrammingError) as failed:
        async with hasty.transaction() as session:
            await session.execute(text("INSERT INTO none VALUES (:secret)"), {"secret": secret})
    assert secret not in str(failed.value)
