"""What items do when something happens elsewhere."""

from ...core.db.database import Database
from ...core.db.unit_of_work import UnitOfWork
from ..users.events import UserDeleted
from .repository import ItemRepository


class DeleteItemsOfUser:
    """Deletes the items of a user who is gone.

    Run in the background, so it may be lost with the process: then rows stay that nobody can
    reach. Where that matters, delete them in a job that survives.
    """

    def __init__(self, database: Database) -> None:
        self._unit_of_work = UnitOfWork(database, ItemRepository)

    async def __call__(self, event: UserDeleted) -> None:
        """Delete them."""
        async with self._unit_of_work.transaction() as items:
            await items.remove_all(owner_id=event.subject)
