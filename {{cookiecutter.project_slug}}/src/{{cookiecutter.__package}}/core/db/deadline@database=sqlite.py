"""How a request that takes too long is ended on SQLite: it is answered, and left to finish.

Cancelling a statement half-way leaves SQLite's write lock held.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine


class Deadline:
    """The time that a request may take."""

    def __init__(self, seconds: float, expire: Callable[[], Coroutine[None, None, bool]]) -> None:
        self._loop = asyncio.get_running_loop()
        self._seconds = seconds
        self._timer = self._loop.call_later(seconds, self._start)
        self._expire = expire
        self._expiring: asyncio.Task[bool] | None = None

    def restart(self) -> None:
        """Give the work all of its time again."""
        self._timer.cancel()
        self._timer = self._loop.call_later(self._seconds, self._start)

    def lift(self) -> None:
        """Let the rest take as long as it takes."""
        self._timer.cancel()

    async def wait_for(self, work: Awaitable[None]) -> None:
        """Wait for `work`; when its time is over call `expire`, and go on waiting."""
        try:
            await work
        finally:
            self.lift()
            if self._expiring:
                await self._expiring

    def _start(self) -> None:
        self._expiring = self._loop.create_task(self._expire())
