"""What users do with their accounts."""

from uuid import UUID

from ...core.db.unit_of_work import UnitOfWork
from ...core.errors import AuthenticationError, InvalidInputError
from ...core.events.events import Events
from ...core.security.password_policy import PasswordPolicy
from ...core.security.passwords import Passwords
from .events import UserDeleted
from .models import User
from .repository import UserRepository


class UserService:
    """Accounts. Transactions are short: none is open while a password is hashed."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWork[UserRepository],
        passwords: Passwords,
        policy: PasswordPolicy,
        events: Events,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._passwords = passwords
        self._policy = policy
        self._events = events

    async def register(self, email: str, password: str) -> User:
        """Make an account.

        Raises:
            InvalidInputError: the password is not good enough.
            ConflictError: the e-mail address is taken.
        """
        self._policy.check(password, email=email, field="body.password")
        user = User(email=email, password_hash=await self._passwords.hash(password))
        async with self._unit_of_work.transaction() as users:
            await users.add(user)
        return user

    async def get(self, subject: str) -> User:
        """Return the account of an access token's subject.

        Raises:
            AuthenticationError: it was deleted since the token was issued.
        """
        async with self._unit_of_work.reading() as users:
            return await _get(users, subject)

    async def change_email(self, subject: str, email: str, password: str) -> User:
        """Change the address by which the user logs in.

        Raises:
            AuthenticationError: the account is gone.
            InvalidInputError: `password` is not the current one.
            ConflictError: the address is taken.
        """
        await self._verify(subject, password)
        async with self._unit_of_work.transaction() as users:
            user = await _get(users, subject)
            user.email = email
            await users.flush()
        return user

    async def change_password(self, subject: str, current: str, new: str) -> None:
        """Change the password and end every login made with the old one.

        Raises:
            AuthenticationError: the account is gone.
            InvalidInputError: `current` is not the current one, or `new` is not good enough.
        """
        user = await self._verify(subject, current)
        self._policy.check(new, email=user.email, field="body.new_password")
        password_hash = await self._passwords.hash(new)
        async with self._unit_of_work.transaction() as users:
            user = await _get(users, subject)
            user.password_hash = password_hash
            user.credentials_version += 1

    async def delete(self, subject: str) -> None:
        """Delete the account.

        Raises:
            AuthenticationError: it is gone already.
        """
        async with self._unit_of_work.transaction() as users:
            await users.remove(await _get(users, subject))
        self._events.record(UserDeleted(subject=subject))

    async def _verify(self, subject: str, password: str) -> User:
        user = await self.get(subject)
        if not await self._passwords.verify(user.password_hash, password):
            raise InvalidInputError("body.current_password", "This is not the current password.")
        return user


async def _get(users: UserRepository, subject: str) -> User:
    try:
        user = await users.get(UUID(subject))
    except ValueError:
        user = None
    if user is None:
        raise AuthenticationError("The account no longer exists.", code="invalid_token")
    return user
