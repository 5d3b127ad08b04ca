"""All queries on users."""

from uuid import UUID

from sqlalchemy import select

from ...core.db.constraints import conflicts
from ...core.db.sessions import ReadSession, WriteSession
from .models import User

CONFLICTS = {"uq_users_email": "A user with this e-mail address exists."}


class UserReader:
    """Users of one session, to read."""

    def __init__(self, session: ReadSession | WriteSession) -> None:
        self._session = session

    async def get(self, user_id: UUID) -> User | None:
        """Return the user with this id."""
        return await self._session.get(User, user_id)

    async def get_by_email(self, email: str) -> User | None:
        """Return the user with this address, which is in lower case."""
        return await self._session.scalar(select(User).where(User.email == email))


class UserRepository(UserReader):
    """Users of one session, to read and to change."""

    def __init__(self, session: WriteSession) -> None:
        super().__init__(session)
        self._session: WriteSession = session

    async def add(self, user: User) -> None:
        """Insert `user`.

        Raises:
            ConflictError: the e-mail address is taken.
        """
        self._session.add(user)
        await self.flush()

    async def flush(self) -> None:
        """Send changes to the database now, while a broken constraint can still be told.

        Raises:
            ConflictError: the e-mail address is taken.
        """
        with conflicts(CONFLICTS):
            await self._session.flush()

    async def remove(self, user: User) -> None:
        """Delete `user`, and with it what the database hangs on it."""
        await self._session.delete(user)
        await self._session.flush()
