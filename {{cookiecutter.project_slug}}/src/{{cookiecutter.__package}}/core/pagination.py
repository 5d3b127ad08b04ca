"""Keyset pagination: a cursor names the last row seen, so that page 50,000 costs what page 1 does.

Rows are ordered by creation time and id, newest first.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, Protocol, Self, TypeVar
from uuid import UUID


class Row(Protocol):
    """What a list can be ordered by."""

    id: UUID
    created_at: datetime


T = TypeVar("T")
R = TypeVar("R", bound=Row)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The place of one row in the order of a list."""

    created_at: datetime
    id: UUID

    def encode(self) -> str:
        """Return the cursor as a text that is safe in a URL."""
        text = f"{self.created_at.isoformat()}|{self.id}"
        return base64.urlsafe_b64encode(text.encode()).decode()

    @classmethod
    def decode(cls, text: str) -> Self:
        """Read what `encode` wrote.

        Raises:
            ValueError: it is anything else.
        """
        try:
            decoded = base64.b64decode(text, altchars=b"-_", validate=True).decode()
            created_at, _, id_ = decoded.partition("|")
            return cls(datetime.fromisoformat(created_at).astimezone(UTC), UUID(id_))
        except OverflowError as error:
            raise ValueError(str(error)) from None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list, and the cursor of the next page: null on the last one."""

    items: list[T]
    next_cursor: str | None


def page_of(found: Sequence[R], limit: int) -> Page[R]:
    """Return the page that is in what a query for `limit + 1` rows found."""
    items = list(found[:limit])
    more = len(found) > limit
    return Page(items, Cursor(items[-1].created_at, items[-1].id).encode() if more else None)
