"""Transactions and reads, on a real database with real commits."""

from uuid import uuid4

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncSession

from {{ cookiecutter.__package }}.core.db.base import utc_now
from {{ cookiecutter.__package }}.core.db.database import Database
from {{ cookiecutter.__package }}.core.db.unit_of_work import UnitOfWork
from {{ cookiecutter.__package }}.core.settings import DatabaseSettings
from {{ cookiecutter.__package }}.features.auth.models import RefreshToken
from {{ cookiecutter.__package }}.features.users.models import User
from {{ cookiecutter.__package }}.features.users.repository import UserRepository


def add_user(session: AsyncSession) -> None:
    session.add(User(email="ann@example.com", password_hash="none"))


async def count_users(committed: Database) -> int:
    async with committed.reading() as session:
        return await session.scalar(select(func.count()).select_from(User)) or 0


class TestTransaction:
    async def test_commits_at_its_end(self, committed: Database) -> None:
        async with committed.transaction() as session:
            add_user(session)
            await session.flush()
            assert await count_users(committed) == 0
        assert await count_users(committed) == 1

    async def test_rolls_back_on_an_error(self, committed: Database) -> None:
        with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the block is the transaction.
            async with committed.transaction() as session:
                add_user(session)
                await session.flush()
                raise ZeroDivisionError
        assert await count_users(committed) == 0
        assert committed.write_engine.pool.checkedout() == 0  # type: ignore[attr-defined]

    async def test_what_it_returns_can_be_read_afterwards(self, committed: Database) -> None:
        async with UnitOfWork(committed, UserRepository).transaction() as users:
            await users.add(user := User(email="ann@example.com", password_hash="none"))
        async with UnitOfWork(committed, UserRepository).reading() as users:
            assert await users.get(user.id)
        assert user.email == "ann@example.com"

    async def test_foreign_keys_are_checked(self, committed: Database) -> None:
        token = RefreshToken(
            token_hash="none",
            family_id=uuid4(),
            user_id=uuid4(),
            scope="",
            credentials_version=1,
            expires_at=utc_now(),
        )
        with pytest.raises(IntegrityError):
            async with committed.transaction() as session:
                session.add(token)


class TestReading:
    async def test_cannot_write(self, committed: Database) -> None:
        async with committed.reading() as session:
            add_user(session)
            with pytest.raises(DBAPIError, match=r"(?i)read.?only"):
                await session.flush()
        assert await count_users(committed) == 0

    async def test_sees_what_others_commit_meanwhile(self, committed: Database) -> None:
        async with committed.reading() as session:
            users = select(func.count()).select_from(User)
            assert await session.scalar(users) == 0
            async with committed.transaction() as other:
                add_user(other)
            assert await session.scalar(users) == 1


async def test_a_full_pool_is_not_waited_for_long(database_settings: DatabaseSettings) -> None:
    small = {"read_pool_size": 1, "pool_timeout": 0.05}
    database = Database(database_settings.model_copy(update=small))
    async with database.reading() as session, database.reading() as other:
        await session.execute(text("SELECT 1"))
        with pytest.raises(PoolTimeoutError):
            await other.execute(text("SELECT 1"))
    await database.close()
