"""How a request that takes too long is ended on a server database: it is cancelled."""

import asyncio
from collections.abc import Awaitable


async def within_deadline(work: Awaitable[None], seconds: float) -> None:
    """Wait for `work`, at most for `seconds`.

    Raises:
        TimeoutError: the time is over; the work was cancelled and its transaction rolled back.
    """
    async with asyncio.timeout(seconds):
        await work
