"""Transactions and reads, on a real database with real commits."""

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from {{ cookiecutter.__package }}.core.db.base import utc_now
from {{ cookiecutter.__package }}.core.db.database import Database
from {{ cookiecutter.__package }}.core.db.settings import DatabaseSettings
from {{ cookiecutter.__package }}.features.auth.models import RefreshToken
from {{ cookiecutter.__package }}.features.users.models import User
from {{ cookiecutter.__package }}.features.users.repository import UserRepository

from tests.helpers.binding import open_database
from tests.helpers.users import COUNT_USERS, a_user, count_users

WRITE = insert(User).values(email="ann@example.com", password_hash="none")


class TestTransaction:
    async def test_commits_at_its_end(self, committed: Database) -> None:
        async with committed.transaction() as session:
            session.add(a_user())
            await session.flush()
            assert await count_users(committed) == 0
        assert await count_users(committed) == 1

    async def test_rolls_back_on_an_error(self, committed: Database) -> None:
        with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the block is the transaction.
            async with committed.transaction() as session:
                session.add(a_user())
                await session.flush()
                raise ZeroDivisionError
        assert await count_users(committed) == 0

    async def test_what_it_returns_can_be_read_afterwards(self, committed: Database) -> None:
        async with committed.transaction() as session:
            session.add(user := a_user())
        async with committed.reading() as reading:
            assert await reading.get(User, user.id)
        assert user.email == "ann@example.com"

    async def test_foreign_keys_are_checked(self, committed: Database) -> None:
        columns = {"scope": "", "credentials_version": 1, "expires_at": utc_now()}
        token = RefreshToken(token_hash="", family_id=uuid4(), user_id=uuid4(), **columns)
        with pytest.raises(IntegrityError):
            async with committed.transaction() as session:
                session.add(token)


class TestReading:
    async def test_cannot_write(self, committed: Database) -> None:
        async with committed.reading() as session:
            assert not hasattr(session, "add")
            UserRepository(session)  # type: ignore[arg-type]  # What mypy is for.
            with pytest.raises(DBAPIError, match=r"(?i)read.?only"):
                await session.execute(WRITE)  # type: ignore[arg-type]  # What mypy is for.

    async def test_sees_what_others_commit_meanwhile(self, committed: Database) -> None:
        async with committed.reading() as session:
            assert await session.scalar(COUNT_USERS) == 0
            async with committed.transaction() as other:
                other.add(a_user())
            assert await session.scalar(COUNT_USERS) == 1


async def test_every_session_gives_its_connection_back(committed: Database) -> None:
    async with committed.transaction() as written, committed.reading() as read:
        written.add(a_user())
        await read.scalar(COUNT_USERS)
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the block is the transaction.
        async with committed.transaction() as failed:
            await failed.scalar(COUNT_USERS)
            raise ZeroDivisionError
    still_referred_to = [written, read, failed]
    for engine in (committed.write_engine, committed.read_engine):
        assert "Checked out connections: 0" in engine.pool.status(), still_referred_to


async def test_a_full_pool_is_not_waited_for_long(database_settings: DatabaseSettings) -> None:
    small = {"read_pool_size": 1, "pool_timeout": 0.05}
    database = open_database(database_settings.model_copy(update=small))
    async with database.reading() as session, asyncio.timeout(1):
        await session.scalar(COUNT_USERS)
        with pytest.raises(PoolTimeoutError):
            await count_users(database)
    await database.close()
