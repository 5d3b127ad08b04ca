"""All queries on users."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from ...core.errors import ConflictError
from .models import User


class UserRepository:
    """Users of one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, user: User) -> None:
        """Insert `user`.

        Raises:
            ConflictError: the e-mail address is taken.
        """
        self._session.add(user)
        await self.flush()

    async def get(self, user_id: UUID) -> User | None:
        """Return the user with this id."""
        return await self._session.get(User, user_id)

    async def get_by_email(self, email: str) -> User | None:
        """Return the user with this address, which is in lower case."""
        return await self._session.scalar(select(User).where(User.email == email))

    async def flush(self) -> None:
        """Send changes to the database now, while a broken constraint still has a name.

        Raises:
            ConflictError: the e-mail address is taken.
        """
        try:
            await self._session.flush()
        except IntegrityError:
            raise ConflictError("A user with this e-mail address exists.") from None

    async def remove(self, user: User) -> None:
        """Delete `user`, and with it what the database hangs on it."""
        await self._session.delete(user)
        await self._session.flush()
