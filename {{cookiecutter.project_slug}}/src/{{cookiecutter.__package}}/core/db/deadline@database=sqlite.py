"""How a request that takes too long is ended on SQLite: it is left alone, and not waited for.

Cancelling a statement half-way leaves SQLite's write lock held, so the unit of work finishes.
"""

import asyncio
from collections.abc import Awaitable

import structlog

logger = structlog.get_logger(__name__)
_late: set[asyncio.Task[None]] = set()  # The event loop itself keeps only weak references.


async def within_deadline(work: Awaitable[None], seconds: float) -> None:
    """Wait for `work`, at most for `seconds`.

    Raises:
        TimeoutError: the time is over; the work goes on, and its failure is only logged.
    """
    task = asyncio.ensure_future(work)
    _late.add(task)
    task.add_done_callback(_late.discard)
    done, _ = await asyncio.wait({task}, timeout=seconds)
    if not done:
        task.add_done_callback(_log_failure)
        raise TimeoutError
    task.result()


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        logger.error("late_request_failed", exc_info=error)
