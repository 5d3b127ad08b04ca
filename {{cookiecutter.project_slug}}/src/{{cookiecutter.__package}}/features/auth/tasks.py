"""What follows a login, in the background."""

from ...core.db.base import utc_now
from ...resources import Resources
from .events import LoggedIn
from .repository import RefreshTokenRepository


async def purge_expired_tokens(_event: LoggedIn, resources: Resources) -> None:
    """Delete refresh tokens that have expired. If one run is lost, the next login's does it."""
    async with resources.database.transaction() as session:
        await RefreshTokenRepository(session).remove_expired(utc_now())
