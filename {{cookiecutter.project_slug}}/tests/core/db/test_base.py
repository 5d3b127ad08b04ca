"""What every table shares."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import StatementError

from {{ cookiecutter.__package }}.core.db.base import Base
from {{ cookiecutter.__package }}.core.db.database import Database
from {{ cookiecutter.__package }}.features.users.models import User

from tests.helpers.users import a_user

PACIFIC = datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=timezone(timedelta(hours=-8)))


async def test_times_come_back_in_utc_and_changes_are_noted(database: Database) -> None:
    async with database.transaction() as session:
        session.add(a_user(created_at=PACIFIC, updated_at=PACIFIC))
    async with database.transaction() as session:
        await session.execute(update(User).values(email="bob@example.com"))
    async with database.reading() as session:
        changed = (await session.scalars(select(User))).one()
        earlier = select(User).where(User.created_at < PACIFIC.astimezone(UTC))
        assert await session.scalar(earlier) is None
    assert changed.created_at == PACIFIC < changed.updated_at
    assert changed.created_at.utcoffset() == timedelta(0)


def test_an_object_has_its_id_and_times_before_it_is_stored() -> None:
    ann, bob = a_user(), a_user(created_at=PACIFIC)
    assert ann.id != bob.id
    assert ann.created_at == ann.updated_at
    assert bob.created_at == PACIFIC


async def test_a_naive_time_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="a time needs a time zone"):
        async with database.transaction() as session:
            session.add(a_user(created_at=PACIFIC.replace(tzinfo=None)))


def test_every_constraint_has_a_name() -> None:
    for table in Base.metadata.tables.values():
        assert all(constraint.name for constraint in table.constraints)
