"""What items do when something happens elsewhere."""

from ...core.security.principal import SubjectDeleted
from ...resources import Resources
from .repository import ItemRepository


async def delete_items_of_subject(event: SubjectDeleted, resources: Resources) -> None:
    """Delete what somebody owned who is gone.

    Run in the background, so it may be lost with the process: then rows stay that nobody can
    reach. Where that matters, delete them in a job that survives.
    """
    async with resources.database.transaction() as session:
        await ItemRepository(session).remove_all(owner_id=event.subject)
