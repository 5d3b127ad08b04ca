"""What becomes of a request that takes too long."""

import asyncio

import pytest
from sqlalchemy import func, select

from {{ cookiecutter.__package }}.core.db.database import Database
from {{ cookiecutter.__package }}.core.db.deadline import within_deadline
from {{ cookiecutter.__package }}.features.users.models import User


async def test_it_is_answered_in_time_and_finishes_its_work(committed: Database) -> None:
    happened = []

    async def work() -> None:
        async with committed.transaction() as session:
            session.add(User(email="ann@example.com", password_hash="none"))
            await session.flush()
            await asyncio.sleep(0.1)
        happened.append("stored")

    async def expire() -> bool:
        happened.append("answered")
        return True

    await within_deadline(work(), 0.02, expire)
    assert happened == ["answered", "stored"]
    assert committed.write_engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    async with committed.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(User)) == 1


async def test_what_is_quick_is_left_alone() -> None:
    async def expire() -> bool:
        raise AssertionError

    await within_deadline(asyncio.sleep(0), 0.02, expire)
    await asyncio.sleep(0.04)


async def test_its_own_error_is_passed_on() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    async def expire() -> bool:
        raise AssertionError

    with pytest.raises(ZeroDivisionError):
        await within_deadline(fail(), 0.02, expire)
