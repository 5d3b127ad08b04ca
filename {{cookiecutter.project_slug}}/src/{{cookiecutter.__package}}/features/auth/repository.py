"""All queries on refresh tokens."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update

from ...core.db.sessions import WriteSession
from .models import RefreshToken


class RefreshTokenRepository:
    """Refresh tokens of one session."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session

    async def add(self, token: RefreshToken) -> None:
        """Insert `token`."""
        self._session.add(token)
        await self._session.flush()

    async def get_by_hash(self, token_hash: str) -> RefreshToken | None:
        """Return the token with this hash, used or not."""
        return await self._session.scalar(
            select(RefreshToken).where(RefreshToken.token_hash == token_hash)
        )

    async def use(self, token_hash: str, now: datetime) -> RefreshToken | None:
        """Mark a token that is still good as used and return it; of many at once, one gets it."""
        return await self._session.scalar(
            update(RefreshToken)
            .where(
                RefreshToken.token_hash == token_hash,
                RefreshToken.used_at.is_(None),
                RefreshToken.revoked_at.is_(None),
                RefreshToken.expires_at > now,
            )
            .values(used_at=now)
            .returning(RefreshToken)
        )

    async def revoke_family(self, family_id: UUID, now: datetime) -> None:
        """End every token that came from the same login."""
        await self._session.execute(
            update(RefreshToken)
            .where(RefreshToken.family_id == family_id, RefreshToken.revoked_at.is_(None))
            .values(revoked_at=now)
        )

    async def remove_expired(self, now: datetime) -> None:
        """Delete tokens that nothing can be learned from any more."""
        await self._session.execute(delete(RefreshToken).where(RefreshToken.expires_at <= now))
