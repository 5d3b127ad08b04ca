"""What follows a login, in the background."""

from ...core.db.base import utc_now
from ...core.db.database import Database
from ...core.db.unit_of_work import UnitOfWork
from .events import LoggedIn
from .repository import RefreshTokenRepository


class PurgeExpiredTokens:
    """Deletes refresh tokens that have expired. If one run is lost, the next login's does it."""

    def __init__(self, database: Database) -> None:
        self._unit_of_work = UnitOfWork(database, RefreshTokenRepository)

    async def __call__(self, _event: LoggedIn) -> None:
        """Delete them."""
        async with self._unit_of_work.transaction() as tokens:
            await tokens.remove_expired(utc_now())
