"""Events: what happened, for whoever wants to act on it once its transaction is committed.

Handlers run in the background of this process: what is under way when the process dies is lost.
Use them only where that does no harm, and say so where you do.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any, ClassVar

import structlog
from pydantic import BaseModel, ConfigDict

MOST_UNDER_WAY = 1000  # Running or waiting.
CLOSE_SECONDS = 3  # How long the end of the process waits for them.

logger = structlog.get_logger()


class Event(BaseModel):
    """Something that happened. It carries ids, never secrets or personal data.

    `name` is what others know it by, and stays when the class is called or placed otherwise.
    """

    model_config = ConfigDict(frozen=True)

    name: ClassVar[str]

    def __init_subclass__(cls, **options: Any) -> None:
        """Refuse an event that others could not tell from its base."""
        super().__init_subclass__(**options)
        if "name" not in vars(cls):
            raise TypeError(f"The event {cls.__name__} needs a name of its own.")


Handler = Callable[[Any], Awaitable[None]]


class EventDispatcher:
    """Runs the handlers of events, one after the other: they leave the database to requests."""

    def __init__(self) -> None:
        self._handlers: dict[type[Event], list[Handler]] = defaultdict(list)
        self._running: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()

    def subscribe(self, event: type[Event], handler: Handler) -> None:
        """Have `handler` called with each event of this type."""
        self._handlers[event].append(handler)

    def dispatch(self, events: Iterable[Event]) -> None:
        """Begin to handle events; one too many is lost, and the log says so."""
        for event in events:
            for handler in self._handlers.get(type(event), ()):
                if len(self._running) >= MOST_UNDER_WAY:
                    logger.error("event_lost", event_name=event.name)
                    continue
                task = asyncio.create_task(self._handle(handler, event), name=event.name)
                self._running.add(task)  # The loop itself keeps no task alive.
                task.add_done_callback(self._running.discard)

    async def join(self) -> None:
        """Wait until every event is handled, those included that handlers record."""
        while self._running:
            await asyncio.wait(self._running)

    async def close(self) -> None:
        """Wait for what is under way, but not for long; the log says what is lost."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.join()
        for task in self._running:
            logger.error("event_lost", event_name=task.get_name())
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _handle(self, handler: Handler, event: Event) -> None:
        async with self._turn:
            try:
                await handler(event)
            except Exception:
                logger.exception("event_failed", event_name=event.name)
