"""Two kinds of sessions: one that writes, and one that mypy and the database keep from it."""

from collections.abc import Awaitable, Mapping
from typing import Any, TypeVar, TypeVarTuple

from sqlalchemy import Result, ScalarResult, Select
from sqlalchemy.ext.asyncio import AsyncSession

from ..events import Event

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
Values = Mapping[str, object]


class WriteSession(AsyncSession):
    """One transaction: its changes, and what they mean to others."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.events: list[Event] = []

    def record(self, event: Event) -> None:
        """Have `event` handled once this is committed, and not at all if the block raises."""
        self.events.append(event)


class ReadSession:
    """SELECTs, and nothing else."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def get(self, entity: type[T], key: object) -> Awaitable[T | None]:
        """Return the row with this primary key."""
        return self._session.get(entity, key)

    def scalar(
        self, query: Select[T, *tuple[Any, ...]], values: Values | None = None
    ) -> Awaitable[T | None]:
        """Return the first column of the first row."""
        return self._session.scalar(query, values)

    def scalars(
        self, query: Select[T, *tuple[Any, ...]], values: Values | None = None
    ) -> Awaitable[ScalarResult[T]]:
        """Return the first column of every row."""
        return self._session.scalars(query, values)

    def execute(self, query: Select[*Ts], values: Values | None = None) -> Awaitable[Result[*Ts]]:
        """Return every row."""
        return self._session.execute(query, values)
