"""All queries on items."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Uuid, bindparam, delete, select, tuple_
from sqlalchemy.orm.exc import StaleDataError

from ...core.db.base import UtcDateTime
from ...core.db.sessions import ReadSession, WriteSession
from ...core.errors import ConflictError
from ...core.pagination import Cursor
from .models import Item

# Built once: building them for each request would be an eighth of what a read costs.
_OWNED = select(Item).where(Item.owner_id == bindparam("owner_id"))
_BY_ID = _OWNED.where(Item.id == bindparam("id"))
_NEWEST = _OWNED.order_by(Item.created_at.desc(), Item.id.desc()).limit(bindparam("limit"))
_AFTER = _NEWEST.where(
    tuple_(Item.created_at, Item.id)
    < tuple_(bindparam("created_at", type_=UtcDateTime()), bindparam("last_id", type_=Uuid()))
)


class ItemReader:
    """Items of one session, to read; what an owner does not own does not exist for him."""

    def __init__(self, session: ReadSession | WriteSession) -> None:
        self._session = session

    async def get(self, item_id: UUID, *, owner_id: str) -> Item | None:
        """Return the item with this id."""
        return await self._session.scalar(_BY_ID, {"id": item_id, "owner_id": owner_id})

    async def list(self, *, owner_id: str, limit: int, after: Cursor | None) -> Sequence[Item]:
        """Return at most `limit` items, newest first, from behind the cursor on."""
        values: dict[str, object] = {"owner_id": owner_id, "limit": limit}
        if after:
            values |= {"created_at": after.created_at, "last_id": after.id}
        query = _AFTER if after else _NEWEST
        return (await self._session.scalars(query, values)).all()


class ItemRepository(ItemReader):
    """Items of one session, to read and to change."""

    def __init__(self, session: WriteSession) -> None:
        super().__init__(session)
        self._session: WriteSession = session

    async def add(self, item: Item) -> None:
        """Insert `item`."""
        self._session.add(item)
        await self._session.flush()

    async def flush(self) -> None:
        """Send changes to the database.

        Raises:
            ConflictError: somebody else has changed the item since it was read.
        """
        try:
            await self._session.flush()
        except StaleDataError:
            raise ConflictError("Somebody else has changed the item; read it again.") from None

    async def remove(self, item: Item) -> None:
        """Delete `item`.

        Raises:
            ConflictError: somebody else has changed it since it was read.
        """
        await self._session.delete(item)
        await self.flush()

    async def remove_all(self, *, owner_id: str) -> None:
        """Delete everything that an owner owns."""
        await self._session.execute(delete(Item).where(Item.owner_id == owner_id))
