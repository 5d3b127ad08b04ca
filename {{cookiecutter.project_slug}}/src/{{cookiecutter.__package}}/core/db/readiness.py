"""Whether the database is there and migrated, asked once for all who want to know."""

import asyncio
import time

from sqlalchemy.ext.asyncio import AsyncEngine

from ..errors import UnavailableError
from .revisions import Revisions

PROBE_SECONDS = 1
SHARED_SECONDS = 1  # How long an answer holds.


class Readiness:
    """Asks the database on a connection of its own: at most one at a time, and once a second."""

    def __init__(self, probe_engine: AsyncEngine, revisions: Revisions) -> None:
        self._engine = probe_engine
        self._revisions = revisions
        self._asking = asyncio.Lock()
        self._known_until = 0.0
        self._problem: str | None = None

    async def check(self) -> None:
        """Do nothing while the database is there and migrated.

        Raises:
            UnavailableError: it is not.
        """
        async with self._asking:
            if time.monotonic() >= self._known_until:
                self._problem = await self._ask()
                self._known_until = time.monotonic() + SHARED_SECONDS
        if self._problem:
            raise UnavailableError(self._problem)

    async def _ask(self) -> str | None:
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                current = await self._revisions.is_current(self._engine)
        except TimeoutError:
            return "The database does not answer."
        except UnavailableError as error:
            return str(error)
        return None if current else "The database waits for its migrations."
