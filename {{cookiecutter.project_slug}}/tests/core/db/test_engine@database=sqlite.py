"""SQLite: many readers, one writer at a time, and nobody is turned away."""

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from {{ cookiecutter.__package }}.core.db.database import Database
from {{ cookiecutter.__package }}.core.db.engine import create_migration_engine
from {{ cookiecutter.__package }}.core.db.settings import DatabaseSettings
from {{ cookiecutter.__package }}.core.errors import SettingsError, UnavailableError

from tests.helpers.binding import open_database
from tests.helpers.users import COUNT_USERS, a_user, count_users


def settings_for(path: object, busy_timeout: float = 5) -> DatabaseSettings:
    url = SecretStr(f"sqlite+aiosqlite:///{path}")
    return DatabaseSettings(url=url, busy_timeout=busy_timeout)


def opened_again(database: Database, busy_timeout: float = 5) -> Database:
    """Return the same file as another process would open it."""
    return open_database(settings_for(database.write_engine.url.database, busy_timeout))


async def add_one_more(database: Database) -> None:
    async with database.transaction() as session:
        number = await session.scalar(COUNT_USERS)
        await asyncio.sleep(0.001)
        session.add(a_user(f"user{number}@example.com"))


def modes(folder: Path) -> set[int]:
    """Return who may do what with the files of a folder."""
    return {file.stat().st_mode & 0o777 for file in folder.iterdir()}


class TestConnections:
    @pytest.mark.parametrize(
        ("pragma", "value"), [("journal_mode", "wal"), ("foreign_keys", 1), ("synchronous", 1)]
    )
    async def test_are_prepared(self, committed: Database, pragma: str, value: object) -> None:
        for engine in (committed.write_engine, committed.read_engine):
            async with engine.connect() as connection:
                assert await connection.scalar(text(f"PRAGMA {pragma}")) == value

    async def test_of_migrations_ignore_foreign_keys(self, committed: Database) -> None:
        engine = create_migration_engine(settings_for(committed.write_engine.url.database))
        async with engine.connect() as connection:
            assert await connection.scalar(text("PRAGMA foreign_keys")) == 0
        await engine.dispose()

    async def test_make_the_file_and_its_folder(self, tmp_path: Path) -> None:
        path = tmp_path / "new" / "app.db"
        database = open_database(settings_for(path))
        async with database.transaction() as session:
            await session.execute(text("CREATE TABLE a (b)"))
            files = list(path.parent.iterdir())
        await database.close()
        assert {file.name for file in files} == {"app.db", "app.db-shm", "app.db-wal"}

    async def test_let_nobody_else_read_the_file(self, tmp_path: Path) -> None:
        database = open_database(settings_for(tmp_path / "app.db"))
        async with database.transaction() as session:
            await session.execute(text("CREATE TABLE a (b)"))
            assert modes(tmp_path) == {0o600}
        await database.close()

    async def test_without_a_file_there_is_no_database(self, tmp_path: Path) -> None:
        with pytest.raises(UnavailableError):
            await add_one_more(open_database(settings_for(tmp_path)))
        await asyncio.sleep(0.05)  # The driver's thread takes leave of this loop.

    async def test_need_a_folder_that_can_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(SettingsError, match=r"^APP_DATABASE__URL: "):
            open_database(settings_for(tmp_path / "file" / "app.db"))


class TestWriters:
    async def test_that_read_first_lose_nothing(self, committed: Database) -> None:
        other = opened_again(committed)
        await asyncio.gather(*(add_one_more(each) for each in [committed, other] * 10))
        await other.close()
        assert await count_users(committed) == 20

    async def test_do_not_wait_for_ever_and_readers_not_at_all(self, committed: Database) -> None:
        other = opened_again(committed, busy_timeout=0.05)
        async with committed.transaction() as session, asyncio.timeout(1):
            session.add(a_user())
            await session.flush()
            assert await count_users(other) == 0
            with pytest.raises(UnavailableError):
                await add_one_more(other)
        await other.close()

    async def test_that_were_cancelled_while_they_waited_are_in_nobodys_way(
        self, committed: Database
    ) -> None:
        other = opened_again(committed, busy_timeout=0.2)
        async with committed.transaction() as session:
            session.add(a_user())
            await session.flush()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await add_one_more(other)
        await add_one_more(other)
        await other.close()
        assert await count_users(committed) == 2


async def test_errors_do_not_show_what_was_stored(committed: Database) -> None:
    with pytest.raises(OperationalError, match="no such table") as failed:
        async with committed.transaction() as session:
            await session.execute(text("INSERT INTO none VALUES (:secret)"), {"secret": "hush"})
    assert "hush" not in str(failed.value)
