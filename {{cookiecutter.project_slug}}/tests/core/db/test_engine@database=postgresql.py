"""PostgreSQL: every wait has an end."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select, text
from sqlalchemy.exc import ProgrammingError

from {{ cookiecutter.__package }}.core.db.database import Database
from {{ cookiecutter.__package }}.core.db.engine import create_migration_engine
from {{ cookiecutter.__package }}.core.db.settings import DatabaseSettings
from {{ cookiecutter.__package }}.core.errors import UnavailableError

from tests.helpers.binding import open_database
from tests.helpers.users import count_users


@pytest.fixture
async def hasty(database_settings: DatabaseSettings) -> AsyncIterator[Database]:
    """Give a database that waits for nothing longer than a moment."""
    database = open_database(database_settings.model_copy(update={"statement_timeout": 0.05}))
    yield database
    await database.close()


class TestStatements:
    async def test_that_take_too_long_are_cancelled(self, hasty: Database) -> None:
        for sessions in (hasty.transaction, hasty.reading):
            with pytest.raises(UnavailableError):
                async with sessions() as session:
                    await session.execute(select(func.pg_sleep(5)))

    async def test_that_never_come_end_the_transaction(self, hasty: Database) -> None:
        with pytest.raises(UnavailableError):  # noqa: PT012 - the block is the transaction.
            async with hasty.transaction() as session:
                await session.connection()
                await session.execute(text("SELECT 1"))
                await asyncio.sleep(0.15)
                await session.execute(text("SELECT 1"))

    async def test_of_migrations_may_take_their_time(
        self, database_settings: DatabaseSettings
    ) -> None:
        engine = create_migration_engine(database_settings)
        async with engine.connect() as connection:
            assert await connection.scalar(text("SHOW statement_timeout")) == "0"
        await engine.dispose()


class TestAway:
    async def test_neither_a_closed_port_nor_a_silent_one_is_waited_for(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            for port in (1, server.getsockname()[1]):
                url = SecretStr(f"postgresql+asyncpg://app:app@127.0.0.1:{port}/app")
                database = open_database(DatabaseSettings(url=url, connect_timeout=0.05))
                async with asyncio.timeout(1):
                    with pytest.raises(UnavailableError):
                        await count_users(database)

    async def test_a_connection_that_was_cut_is_replaced(self, hasty: Database) -> None:
        with pytest.raises(UnavailableError):
            async with hasty.reading() as session:
                await session.execute(select(func.pg_terminate_backend(func.pg_backend_pid())))
        assert await count_users(hasty) == 0


async def test_errors_do_not_show_what_was_stored(hasty: Database) -> None:
    with pytest.raises(ProgrammingError) as failed:
        async with hasty.transaction() as session:
            await session.execute(text("INSERT INTO none VALUES (:secret)"), {"secret": "hush"})
    assert "hush" not in str(failed.value)
