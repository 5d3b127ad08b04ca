"""Bodies of the items' routes."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import MISSING, Field

from ...core.http.schemas import Name, RequestModel, ResponseModel, Text

ItemName = Annotated[Name, Field(examples=["Blue mug"])]
ItemText = Annotated[Text, Field(examples=["Holds 300 ml."])]


class ItemCreate(RequestModel):
    """A new item."""

    name: ItemName
    description: ItemText | None = None


class ItemUpdate(RequestModel):
    """What to change; a field that is left out stays as it is."""

    name: ItemName | MISSING = MISSING
    description: ItemText | MISSING | None = MISSING


class ItemRead(ResponseModel):
    """An item as its owner sees it; its version is in the ETag."""

    id: UUID
    name: str
    description: str | None
    created_at: datetime
    updated_at: datetime
