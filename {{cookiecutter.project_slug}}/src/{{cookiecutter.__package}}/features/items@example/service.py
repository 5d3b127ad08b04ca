"""What owners do with their items."""

from typing import Any
from uuid import UUID

from ...core.errors import NotFoundError, PreconditionFailedError
from ...core.pagination import Cursor, Page, page_of
from .models import Item
from .repository import ItemReader, ItemRepository


class ItemReadService:
    """Items of whoever asks. Another's item answers exactly like a missing one."""

    def __init__(self, items: ItemReader) -> None:
        self._items = items

    async def get(self, owner_id: str, item_id: UUID) -> Item:
        """Return an item.

        Raises:
            NotFoundError: there is none, or it is somebody else's.
        """
        item = await self._items.get(item_id, owner_id=owner_id)
        if item is None:
            raise NotFoundError(f"Item {item_id} does not exist.")
        return item

    async def list(self, owner_id: str, *, limit: int, after: Cursor | None) -> Page[Item]:
        """Return a page of items, newest first."""
        found = await self._items.list(owner_id=owner_id, limit=limit + 1, after=after)
        return page_of(found, limit)


class ItemService(ItemReadService):
    """Items of whoever asks, to change them too."""

    def __init__(self, items: ItemRepository) -> None:
        super().__init__(items)
        self._items: ItemRepository = items

    async def create(self, owner_id: str, *, name: str, description: str | None) -> Item:
        """Make an item."""
        item = Item(owner_id=owner_id, name=name, description=description)
        await self._items.add(item)
        return item

    async def update(
        self,
        owner_id: str,
        item_id: UUID,
        changes: dict[str, Any],
        versions: frozenset[int] | None,
    ) -> Item:
        """Change some fields; `versions` are those that the change is for, None for any.

        Raises:
            NotFoundError: there is no such item.
            PreconditionFailedError: the stored version is none of them.
            ConflictError: somebody else was faster.
        """
        item = await self._get_version(owner_id, item_id, versions)
        for field, value in changes.items():
            setattr(item, field, value)
        await self._items.flush()
        return item

    async def delete(self, owner_id: str, item_id: UUID, versions: frozenset[int] | None) -> None:
        """Delete an item; raises what `update` raises."""
        await self._items.remove(await self._get_version(owner_id, item_id, versions))

    async def _get_version(
        self, owner_id: str, item_id: UUID, versions: frozenset[int] | None
    ) -> Item:
        item = await self.get(owner_id, item_id)
        if versions is not None and item.version not in versions:
            raise PreconditionFailedError("The stored version is another one; read it again.")
        return item
