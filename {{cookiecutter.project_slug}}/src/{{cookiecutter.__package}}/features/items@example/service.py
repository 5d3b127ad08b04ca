"""What owners do with their items."""

from typing import Any
from uuid import UUID

from ...core.errors import NotFoundError
from ...core.etag import check_if_match
from ...core.pagination import Cursor, Slice, cut
from .models import Item
from .repository import ItemRepository


class ItemService:
    """Items of whoever asks. Another's item answers exactly like a missing one."""

    def __init__(self, items: ItemRepository, *, needs_precondition: bool) -> None:
        self._items = items
        self._needs_precondition = needs_precondition

    async def create(self, owner_id: str, *, name: str, description: str | None) -> Item:
        """Make an item."""
        item = Item(owner_id=owner_id, name=name, description=description)
        await self._items.add(item)
        return item

    async def get(self, owner_id: str, item_id: UUID) -> Item:
        """Return an item.

        Raises:
            NotFoundError: there is none, or it is somebody else's.
        """
        item = await self._items.get(item_id, owner_id=owner_id)
        if item is None:
            raise NotFoundError(f"Item {item_id} does not exist.")
        return item

    async def list(self, owner_id: str, *, limit: int, cursor: str | None) -> Slice[Item]:
        """Return a page of items, newest first.

        Raises:
            InvalidInputError: `cursor` is none of ours.
        """
        after = Cursor.decode(cursor) if cursor else None
        found = await self._items.list(owner_id=owner_id, limit=limit + 1, after=after)
        return cut(found, limit, lambda item: Cursor(item.created_at, item.id))

    async def update(
        self, owner_id: str, item_id: UUID, changes: dict[str, Any], if_match: str | None
    ) -> Item:
        """Change some fields; `if_match` is the caller's If-Match header.

        Raises:
            NotFoundError: there is no such item.
            PreconditionFailedError: the caller's version is not the stored one.
            PreconditionRequiredError: there is none, and the settings ask for it.
            ConflictError: somebody else was faster.
        """
        item = await self._get_to_change(owner_id, item_id, if_match)
        for field, value in changes.items():
            setattr(item, field, value)
        await self._items.flush()
        return item

    async def delete(self, owner_id: str, item_id: UUID, if_match: str | None) -> None:
        """Delete an item; raises what `update` raises."""
        await self._items.remove(await self._get_to_change(owner_id, item_id, if_match))

    async def _get_to_change(self, owner_id: str, item_id: UUID, if_match: str | None) -> Item:
        item = await self.get(owner_id, item_id)
        check_if_match(if_match, item.version, required=self._needs_precondition)
        return item
