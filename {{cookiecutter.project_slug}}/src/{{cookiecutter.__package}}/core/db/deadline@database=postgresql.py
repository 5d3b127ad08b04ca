"""How a request that takes too long is ended on a server database: it is cancelled."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine


class Deadline:
    """The time that a request may take."""

    def __init__(self, seconds: float, expire: Callable[[], Coroutine[None, None, bool]]) -> None:
        self._seconds = seconds
        self._timeout = asyncio.timeout(seconds)
        self._expire = expire

    def restart(self) -> None:
        """Give the work all of its time again."""
        self._reschedule(asyncio.get_running_loop().time() + self._seconds)

    def lift(self) -> None:
        """Let the rest take as long as it takes."""
        self._reschedule(None)

    def _reschedule(self, when: float | None) -> None:
        if not self._timeout.expired():
            self._timeout.reschedule(when)

    async def wait_for(self, work: Awaitable[None]) -> None:
        """Wait for `work`; when its time is over cancel it, which rolls back, and call `expire`.

        Raises:
            TimeoutError: `expire` could not answer any more.
        """
        try:
            async with self._timeout:
                await work
        except TimeoutError:
            if not await self._expire():
                raise
