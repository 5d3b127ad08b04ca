"""Keyset pagination: a cursor names the last row seen, so that page 50,000 costs what page 1 does.

Rows are ordered by creation time and id, newest first.
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Generic, Self, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel

from .errors import InvalidInputError

T = TypeVar("T")

Limit = Annotated[int, Query(ge=1, le=100, description="Rows of a page.")]
CursorParam = Annotated[
    str | None, Query(max_length=200, description="`next_cursor` of the page before.")
]


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
            InvalidInputError: it is anything else.
        """
        try:
            decoded = base64.b64decode(text, altchars=b"-_", validate=True).decode()
            created_at, _, id_ = decoded.partition("|")
            return cls(datetime.fromisoformat(created_at).astimezone(UTC), UUID(id_))
        except (ValueError, OverflowError):
            raise InvalidInputError("query.cursor", "This is no cursor of ours.") from None


@dataclass(frozen=True, slots=True)
class Slice(Generic[T]):
    """The rows of one page, and the cursor of the next."""

    items: Sequence[T]
    next_cursor: str | None


class Page(BaseModel, Generic[T]):
    """The body of a `Slice`; `next_cursor` is null on the last page."""

    items: list[T]
    next_cursor: str | None


def cut(found: Sequence[T], limit: int, cursor: Callable[[T], Cursor]) -> Slice[T]:
    """Return the page that is in what a query for `limit + 1` rows found."""
    items = found[:limit]
    more = len(found) > limit
    return Slice(items, cursor(items[-1]).encode() if more else None)
