"""How a request that takes too long is ended on SQLite: it is answered, and left to finish.

Cancelling a statement half-way leaves SQLite's write lock held.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine


async def within_deadline(
    work: Awaitable[None], seconds: float, expire: Callable[[], Coroutine[None, None, bool]]
) -> None:
    """Wait for `work`; after `seconds` call `expire`, and go on waiting."""
    loop = asyncio.get_running_loop()
    expiring: list[asyncio.Task[bool]] = []
    timer = loop.call_later(seconds, lambda: expiring.append(loop.create_task(expire())))
    try:
        await work
    finally:
        timer.cancel()
        await asyncio.gather(*expiring)
