"""Logging in and staying logged in: RFC 6749 grants, RFC 9700 rotation, RFC 7009 revocation."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

import structlog

from ...core.db.base import utc_now
from ...core.db.database import Database
from ...core.security.passwords import Passwords
from ...core.security.settings import AuthSettings
from ...core.security.tokens import TokenIssuer
from ..users.models import User
from ..users.repository import UserReader, UserRepository
from .errors import InvalidGrantError, OAuthError
from .events import LoggedIn
from .models import RefreshToken
from .repository import RefreshTokenRepository

logger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a client gets; both are secrets and neither is stored."""

    access_token: str
    refresh_token: str
    expires_in: int
    scope: str


class AuthService:
    """Grants tokens. Transactions are short: none is open while a password is hashed."""

    def __init__(
        self,
        *,
        settings: AuthSettings,
        user_scopes: Sequence[str],
        database: Database,
        passwords: Passwords,
        token_issuer: TokenIssuer,
    ) -> None:
        self._settings = settings
        self._user_scopes = user_scopes
        self._database = database
        self._passwords = passwords
        self._token_issuer = token_issuer

    async def log_in(self, email: str, password: str, scope: str) -> TokenPair:
        """Return tokens for a user's password; `scope` may ask for less than the user has.

        Raises:
            InvalidGrantError: there is no such user, or the password is wrong.
            OAuthError: invalid_scope, the user does not have one.
        """
        granted = self._granted_scope(scope)
        user = await self._authenticate(email, password)
        login = RefreshToken(
            family_id=uuid4(),
            user_id=user.id,
            credentials_version=user.credentials_version,
            scope=granted,
            expires_at=utc_now() + timedelta(days=self._settings.refresh_token_days),
        )
        async with self._database.transaction() as session:
            pair = await self._issue(RefreshTokenRepository(session), login)
            session.record(LoggedIn(subject=str(user.id)))
        logger.info("login_succeeded", subject=str(user.id))
        return pair

    async def refresh(self, refresh_token: str) -> TokenPair:
        """Return new tokens for a refresh token, which is thereby used up.

        Raises:
            InvalidGrantError: it is unknown, expired, revoked or used. One that is used again
                later than `refresh_reuse_grace` was stolen from somebody: its family ends.
        """
        now = utc_now()
        token_hash = _hash(refresh_token)
        async with self._database.transaction() as session:
            tokens = RefreshTokenRepository(session)
            used = await tokens.use(token_hash, now)
            if used and await _is_current(UserReader(session), used):
                return await self._issue(tokens, _successor(used))
        # Committed before the refusal: a rollback would undo it.
        async with self._database.transaction() as session:
            await self._punish_reuse(RefreshTokenRepository(session), token_hash, now)
        raise InvalidGrantError

    async def revoke(self, refresh_token: str) -> None:
        """Log out: end the family of a refresh token; an unknown one is fine (RFC 7009)."""
        async with self._database.transaction() as session:
            tokens = RefreshTokenRepository(session)
            if token := await tokens.get_by_hash(_hash(refresh_token)):
                await tokens.revoke_family(token.family_id, utc_now())
                logger.info("logged_out", subject=str(token.user_id))

    def _granted_scope(self, wanted: str) -> str:
        if not set(wanted.split()) <= set(self._user_scopes):
            raise OAuthError("invalid_scope", "A scope is not one that you have.")
        return wanted or " ".join(self._user_scopes)

    async def _authenticate(self, email: str, password: str) -> User:
        async with self._database.reading() as session:
            user = await UserReader(session).get_by_email(email.lower())
        stored = user.password_hash if user else None
        if not await self._passwords.verify(stored, password) or user is None:
            logger.warning("login_failed", subject=str(user.id) if user else None)
            raise InvalidGrantError
        if self._passwords.needs_rehash(user.password_hash):
            await self._rehash(user, password)
        return user

    async def _rehash(self, user: User, password: str) -> None:
        password_hash = await self._passwords.hash(password)
        async with self._database.transaction() as session:
            stored = await UserRepository(session).get(user.id)
            # While the hash was made, somebody may have changed the password.
            if stored and stored.password_hash == user.password_hash:
                stored.password_hash = password_hash

    async def _issue(self, tokens: RefreshTokenRepository, token: RefreshToken) -> TokenPair:
        refresh_token = secrets.token_urlsafe(32)
        token.token_hash = _hash(refresh_token)
        await tokens.add(token)
        return TokenPair(
            access_token=self._token_issuer.issue(str(token.user_id), token.scope.split()),
            refresh_token=refresh_token,
            expires_in=self._settings.access_token_seconds,
            scope=token.scope,
        )

    async def _punish_reuse(
        self, tokens: RefreshTokenRepository, token_hash: str, now: datetime
    ) -> None:
        token = await tokens.get_by_hash(token_hash)
        if token is None or token.used_at is None or token.revoked_at is not None:
            return
        if now - token.used_at > timedelta(seconds=self._settings.refresh_reuse_grace):
            await tokens.revoke_family(token.family_id, now)
            logger.warning("refresh_token_reused", subject=str(token.user_id))


def _successor(used: RefreshToken) -> RefreshToken:
    return RefreshToken(
        family_id=used.family_id,
        user_id=used.user_id,
        credentials_version=used.credentials_version,
        scope=used.scope,
        expires_at=used.expires_at,
    )


async def _is_current(users: UserReader, token: RefreshToken) -> bool:
    user = await users.get(token.user_id)
    return user is not None and user.credentials_version == token.credentials_version


def _hash(token: str) -> str:
    # 256 random bits need no slow hash.
    return hashlib.sha256(token.encode()).hexdigest()
