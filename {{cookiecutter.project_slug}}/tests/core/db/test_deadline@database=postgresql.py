"""What becomes of a request that takes too long."""

import asyncio

import pytest
from sqlalchemy import text

from {{ cookiecutter.__package }}.core.db.database import Database
from {{ cookiecutter.__package }}.core.db.deadline import Deadline

from tests.helpers.users import a_user, count_users


async def test_it_is_cancelled_rolled_back_and_answered(committed: Database) -> None:
    answered = []

    async def work() -> None:
        async with committed.transaction() as session:
            session.add(a_user())
            await session.flush()
            await session.execute(text("SELECT pg_sleep(5)"))

    async def expire() -> bool:
        answered.append(True)
        return True

    async with asyncio.timeout(1):
        await Deadline(0.05, expire).wait_for(work())
    assert answered == [True]
    assert await count_users(committed) == 0


async def test_without_an_answer_the_client_is_cut_off() -> None:
    async def expire() -> bool:
        return False

    with pytest.raises(TimeoutError):
        await Deadline(0.02, expire).wait_for(asyncio.sleep(5))


async def test_lifting_it_too_late_changes_nothing() -> None:
    async def work() -> None:
        try:
            await asyncio.sleep(5)
        finally:
            deadline.lift()

    async def expire() -> bool:
        return True

    deadline = Deadline(0.02, expire)
    await deadline.wait_for(work())
