"""What users do with their accounts."""

from uuid import UUID

from ...core.db.database import Database
from ...core.errors import AuthenticationError, InvalidInputError
from ...core.security.password_policy import PasswordPolicy
from ...core.security.passwords import Passwords
from ...core.security.principal import SubjectDeleted
from .models import User
from .repository import UserReader, UserRepository


class UserService:
    """Accounts. Transactions are short: none is open while a password is hashed."""

    def __init__(self, *, database: Database, passwords: Passwords, policy: PasswordPolicy) -> None:
        self._database = database
        self._passwords = passwords
        self._policy = policy

    async def register(self, email: str, password: str) -> User:
        """Make an account.

        Raises:
            InvalidInputError: the password is not good enough.
            ConflictError: the e-mail address is taken.
        """
        self._policy.check(password, email=email, field="password")
        user = User(email=email, password_hash=await self._passwords.hash(password))
        async with self._database.transaction() as session:
            await UserRepository(session).add(user)
        return user

    async def get(self, subject: str) -> User:
        """Return the account of an access token's subject.

        Raises:
            AuthenticationError: it was deleted since the token was issued.
        """
        async with self._database.reading() as session:
            return await _get(UserReader(session), subject)

    async def change_email(self, subject: str, email: str, *, current_password: str) -> User:
        """Change the address by which the user logs in.

        Raises:
            AuthenticationError: the account is gone.
            InvalidInputError: this is not the current password.
            ConflictError: the address is taken.
        """
        await self._verify(subject, current_password)
        async with self._database.transaction() as session:
            users = UserRepository(session)
            user = await _get(users, subject)
            user.email = email
            await users.flush()
        return user

    async def change_password(
        self, subject: str, *, current_password: str, new_password: str
    ) -> None:
        """Change the password and end every login made with the old one.

        Raises:
            AuthenticationError: the account is gone.
            InvalidInputError: the current one is another, or the new one is not good enough.
        """
        user = await self._verify(subject, current_password)
        self._policy.check(new_password, email=user.email, field="new_password")
        password_hash = await self._passwords.hash(new_password)
        async with self._database.transaction() as session:
            user = await _get(UserRepository(session), subject)
            user.password_hash = password_hash
            user.credentials_version += 1

    async def delete(self, subject: str) -> None:
        """Delete the account.

        Raises:
            AuthenticationError: it is gone already.
        """
        async with self._database.transaction() as session:
            users = UserRepository(session)
            await users.remove(await _get(users, subject))
            session.record(SubjectDeleted(subject=subject))

    async def _verify(self, subject: str, current_password: str) -> User:
        user = await self.get(subject)
        if not await self._passwords.verify(user.password_hash, current_password):
            raise InvalidInputError("current_password", "This is not the current password.")
        return user


async def _get(users: UserReader, subject: str) -> User:
    try:
        user = await users.get(UUID(subject))
    except ValueError:
        user = None
    if user is None:
        raise AuthenticationError("The account no longer exists.")
    return user
