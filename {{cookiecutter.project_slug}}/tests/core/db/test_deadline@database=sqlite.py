"""What becomes of a request that takes too long."""

import asyncio

from {{ cookiecutter.__package }}.core.db.database import Database
from {{ cookiecutter.__package }}.core.db.deadline import Deadline

from tests.helpers.users import a_user, count_users


async def test_it_is_answered_in_time_and_finishes_its_work(committed: Database) -> None:
    happened = []

    async def work() -> None:
        async with committed.transaction() as session:
            session.add(a_user())
            await session.flush()
            await asyncio.sleep(0.1)
        happened.append("stored")

    async def expire() -> bool:
        happened.append("answered")
        return True

    await Deadline(0.02, expire).wait_for(work())
    assert happened == ["answered", "stored"]
    assert await count_users(committed) == 1


async def test_what_is_quick_is_left_alone() -> None:
    async def expire() -> bool:
        raise AssertionError

    await Deadline(0.02, expire).wait_for(asyncio.sleep(0))
    await asyncio.sleep(0.04)
