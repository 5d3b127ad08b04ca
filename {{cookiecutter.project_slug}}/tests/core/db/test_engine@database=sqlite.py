"""SQLite: many readers, one writer at a time, and nobody is turned away."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from {{ cookiecutter.__package }}.core.db.database import Database
from {{ cookiecutter.__package }}.core.db.engine import create_migration_engine
from {{ cookiecutter.__package }}.core.errors import UnavailableError
from {{ cookiecutter.__package }}.core.settings import DatabaseSettings
from {{ cookiecutter.__package }}.features.users.models import User


def settings_for(path: object, **settings: float) -> DatabaseSettings:
    return DatabaseSettings(url=SecretStr(f"sqlite+aiosqlite:///{path}"), **settings)


@pytest.fixture
async def other(committed: Database) -> AsyncIterator[Database]:
    """Give the same file as another process would open it."""
    other = Database(settings_for(committed.write_engine.url.database, busy_timeout=0.05))
    yield other
    await other.close()


async def add_a_user_more(committed: Database) -> None:
    async with committed.transaction() as session:
        number = await session.scalar(select(func.count()).select_from(User))
        await asyncio.sleep(0.001)
        session.add(User(email=f"user{number}@example.com", password_hash="none"))


class TestConnections:
    @pytest.mark.parametrize(
        ("pragma", "value"), [("journal_mode", "wal"), ("foreign_keys", 1), ("synchronous", 1)]
    )
    async def test_are_prepared(self, committed: Database, pragma: str, value: object) -> None:
        async with committed.transaction() as writing, committed.reading() as reading:
            for session in (writing, reading):
                assert await session.scalar(text(f"PRAGMA {pragma}")) == value

    async def test_of_migrations_ignore_foreign_keys(self, committed: Database) -> None:
        engine = create_migration_engine(settings_for(committed.write_engine.url.database))
        async with engine.connect() as connection:
            assert await connection.scalar(text("PRAGMA foreign_keys")) == 0
        await engine.dispose()

    async def test_make_the_folder_of_the_file(self, tmp_path: Path) -> None:
        database = Database(settings_for(tmp_path / "new" / "app.db"))
        async with database.reading() as session:
            await session.execute(text("SELECT 1"))
        await database.close()


class TestWriters:
    async def test_that_read_first_lose_nothing(self, committed: Database, other: Database) -> None:
        work = [add_a_user_more(each) for each in (committed, other) for _ in range(10)]
        await asyncio.gather(*work)
        async with committed.reading() as session:
            assert await session.scalar(select(func.count()).select_from(User)) == 20

    async def test_wait_for_another_process_only_so_long(
        self, committed: Database, other: Database
    ) -> None:
        async with committed.transaction() as session:
            await session.execute(text("SELECT 1"))
            with pytest.raises(UnavailableError):
                await add_a_user_more(other)

    async def test_are_not_waited_for_by_readers(
        self, committed: Database, other: Database
    ) -> None:
        async with committed.transaction() as session:
            session.add(User(email="ann@example.com", password_hash="none"))
            await session.flush()
            async with other.reading() as reading:
                assert await reading.scalar(select(func.count()).select_from(User)) == 0


async def test_a_file_that_cannot_be_opened_is_a_database_that_is_away(tmp_path: Path) -> None:
    database = Database(settings_for(tmp_path))
    for sessions in (database.transaction, database.reading):
        with pytest.raises(UnavailableError):
            async with sessions() as session:
                await session.execute(text("SELECT 1"))


async def test_errors_do_not_show_what_was_stored(committed: Database) -> None:
    secret = str(uuid4())
    with pytest.raises(OperationalError, match="no such table") as failed:
        async with committed.transaction() as session:
            await session.execute(text("INSERT INTO none VALUES (:secret)"), {"secret": secret})
    assert secret not in str(failed.value)
