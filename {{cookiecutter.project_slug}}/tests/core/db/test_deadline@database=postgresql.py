"""What becomes of a request that takes too long."""

import asyncio

import pytest
from sqlalchemy import func, select

from {{ cookiecutter.__package }}.core.db.database import Database
from {{ cookiecutter.__package }}.core.db.deadline import within_deadline
from {{ cookiecutter.__package }}.features.users.models import User


async def test_it_is_cancelled_rolled_back_and_answered(committed: Database) -> None:
    happened = []

    async def work() -> None:
        async with committed.transaction() as session:
            session.add(User(email="ann@example.com", password_hash="none"))
            await session.execute(select(func.pg_sleep(5)))
        happened.append("stored")

    async def expire() -> bool:
        happened.append("answered")
        return True

    await within_deadline(work(), 0.05, expire)
    assert happened == ["answered"]
    assert committed.write_engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    async with committed.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(User)) == 0


async def test_without_an_answer_the_client_is_cut_off() -> None:
    async def expire() -> bool:
        return False

    with pytest.raises(TimeoutError):
        await within_deadline(asyncio.sleep(5), 0.02, expire)


async def test_what_is_quick_is_left_alone() -> None:
    async def expire() -> bool:
        raise AssertionError

    await within_deadline(asyncio.sleep(0), 0.02, expire)
