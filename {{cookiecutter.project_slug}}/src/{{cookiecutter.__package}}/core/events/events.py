"""Events: what happened, for whoever wants to act on it after the answer is sent.

They run as background tasks of this process: one that is under way when the process dies is
lost. Use them only where that does no harm, and say so where you do.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any

import structlog
from fastapi import BackgroundTasks, Depends, Request
from pydantic import BaseModel, ConfigDict

from ..db.database import Database

logger = structlog.get_logger()


class Event(BaseModel):
    """Something that happened. It carries ids, never secrets or personal data."""

    model_config = ConfigDict(frozen=True)


Handler = Callable[[Any], Awaitable[None]]
Handlers = Mapping[type[Event], Sequence[Handler]]
# An event, and what makes its handler when the application starts.
Subscription = tuple[type[Event], Callable[[Database], Handler]]


class Events:
    """The events of one request."""

    def __init__(self, handlers: Handlers, background: BackgroundTasks | None = None) -> None:
        self._handlers = handlers
        self._background = background or BackgroundTasks()

    def record(self, event: Event) -> None:
        """Have `event` handled once the answer is sent; a request that fails records nothing."""
        for handler in self._handlers.get(type(event), ()):
            self._background.add_task(_handle, handler, event)


async def _handle(handler: Handler, event: Event) -> None:
    try:
        await handler(event)
    except Exception:
        logger.exception("event_failed", event_type=type(event).__name__)


async def get_events(request: Request, background: BackgroundTasks) -> Events:
    """Return the recorder of this request's events."""
    return Events(request.app.state.event_handlers, background)


EventsDep = Annotated[Events, Depends(get_events)]
