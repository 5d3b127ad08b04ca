"""Bodies of the items' routes."""

from datetime import datetime
from uuid import UUID

from pydantic import MISSING

from ...core.schemas import Name, RequestModel, ResponseModel, Text


class ItemCreate(RequestModel):
    """A new item."""

    name: Name
    description: Text | None = None


class ItemUpdate(RequestModel):
    """What to change; a field that is left out stays as it is."""

    name: Name | MISSING = MISSING
    description: Text | MISSING | None = MISSING


class ItemRead(ResponseModel):
    """An item as its owner sees it; its version is in the ETag."""

    id: UUID
    name: str
    description: str | None
    created_at: datetime
    updated_at: datetime
