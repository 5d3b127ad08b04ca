"""Short transactions for services that must not hold one while they do something slow."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from .database import Database

R = TypeVar("R")


class UnitOfWork(Generic[R]):
    """Opens a repository on a session of its own, as often as a service needs one."""

    def __init__(self, database: Database, repository: Callable[[AsyncSession], R]) -> None:
        self._database = database
        self._repository = repository

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[R]:
        """Give a repository whose changes are committed when the block ends without an error."""
        async with self._database.transaction() as session:
            yield self._repository(session)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[R]:
        """Give a repository that can only read."""
        async with self._database.reading() as session:
            yield self._repository(session)
