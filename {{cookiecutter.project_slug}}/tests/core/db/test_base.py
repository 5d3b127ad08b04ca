"""What every table shares."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import StatementError

from {{ cookiecutter.__package }}.core.db.base import Base
from {{ cookiecutter.__package }}.core.db.database import Database
from {{ cookiecutter.__package }}.features.users.models import User

PACIFIC = datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=timezone(timedelta(hours=-8)))


def a_user(**columns: datetime) -> User:
    return User(email="ann@example.com", password_hash="none", **columns)


class TestUtcDateTime:
    async def test_comes_back_in_utc(self, database: Database) -> None:
        async with database.transaction() as session:
            session.add(a_user(created_at=PACIFIC))
        async with database.reading() as session:
            stored = await session.scalar(select(User.created_at))
        assert stored == PACIFIC
        assert stored.tzinfo is UTC or stored.utcoffset() == timedelta(0)

    async def test_is_compared_as_a_time(self, database: Database) -> None:
        async with database.transaction() as session:
            session.add(a_user(created_at=PACIFIC))
        earlier = select(User).where(User.created_at < PACIFIC.astimezone(UTC))
        async with database.reading() as session:
            assert await session.scalar(earlier) is None

    async def test_a_naive_time_is_refused(self, database: Database) -> None:
        with pytest.raises(StatementError, match="a time needs a time zone"):
            async with database.transaction() as session:
                session.add(a_user(created_at=PACIFIC.replace(tzinfo=None)))


class TestTimes:
    async def test_a_change_is_noted(self, database: Database) -> None:
        async with database.transaction() as session:
            session.add(user := a_user(updated_at=PACIFIC))
        async with database.transaction() as session:
            await session.execute(update(User).values(email="bob@example.com"))
        async with database.reading() as session:
            changed = (await session.scalars(select(User))).one()
        assert changed.updated_at > PACIFIC
        assert changed.created_at == user.created_at


def test_every_constraint_has_a_name() -> None:
    constraints = [
        constraint for table in Base.metadata.tables.values() for constraint in table.constraints
    ]
    assert all(constraint.name for constraint in constraints)
