"""How a request that takes too long is ended on a server database: it is cancelled."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine


async def within_deadline(
    work: Awaitable[None], seconds: float, expire: Callable[[], Coroutine[None, None, bool]]
) -> None:
    """Wait for `work`; after `seconds` cancel it, which rolls back, and call `expire`.

    Raises:
        TimeoutError: `expire` could not answer any more.
    """
    try:
        async with asyncio.timeout(seconds):
            await work
    except TimeoutError:
        if not await expire():
            raise
