"""Access tokens: JWTs by RFC 9068, signed with HS256 and verified by RFC 8725."""

import hashlib
import time
from functools import lru_cache
from typing import Any
from uuid import uuid4

import jwt

from ..errors import AuthenticationError
from .principal import Principal
from .settings import AuthSettings
from .signing_key import signing_key

ALGORITHM = "HS256"
TYPE = "at+jwt"
CLIENT_ID = "first-party"  # The password grant is for our own clients; there are no others.
REQUIRED_CLAIMS = ["iss", "aud", "sub", "client_id", "exp", "iat", "jti", "scope"]
LEEWAY = 30  # Seconds that two clocks may differ.
REMEMBERED_TOKENS = 10_000  # Less than 500 bytes each.


class TokenIssuer:
    """Issues access tokens."""

    def __init__(self, settings: AuthSettings) -> None:
        self._settings = settings
        self._key = signing_key(settings).get_secret_value()
        self._headers = {"typ": TYPE, "kid": _key_id(self._key)}

    def issue(self, subject: str, scopes: list[str]) -> str:
        """Return a token for `subject` that lasts `settings.access_token_seconds`."""
        now = int(time.time())
        claims = {
            "iss": self._settings.issuer,
            "aud": self._settings.audience,
            "sub": subject,
            "client_id": CLIENT_ID,
            "iat": now,
            "exp": now + self._settings.access_token_seconds,
            "jti": uuid4().hex,
            "scope": " ".join(scopes),
        }
        return jwt.encode(claims, self._key, ALGORITHM, self._headers)


class TokenVerifier:
    """Verifies access tokens that `TokenIssuer` made, here or in another process."""

    def __init__(self, settings: AuthSettings) -> None:
        keys = [signing_key(settings), *settings.previous_signing_keys]
        self._keys = {_key_id(key := secret.get_secret_value()): key for secret in keys}
        self._settings = settings
        self._verified: dict[bytes, tuple[float, Principal]] = {}

    async def verify(self, token: str) -> Principal:
        """Return whom `token` stands for. A verified token is remembered until it expires.

        It may wait: the keys of an identity provider come over the network.

        Raises:
            AuthenticationError: it is not a valid access token.
        """
        # By digest: the tokens themselves are long, and secrets.
        digest = hashlib.sha256(token.encode()).digest()
        expires_at, principal = self._verified.get(digest, (0.0, None))
        if principal is None or expires_at <= time.time():
            self._verified.pop(digest, None)
            expires_at, principal = self._decode(token)
            self._remember(digest, expires_at, principal)
        return principal

    def _decode(self, token: str) -> tuple[float, Principal]:
        try:
            claims = self._claims(token)
        except (jwt.PyJWTError, KeyError, ValueError, RecursionError):
            raise AuthenticationError("The access token is not valid.") from None
        principal = Principal(claims["sub"], _scopes(claims["scope"]))
        return claims["exp"] + LEEWAY, principal

    def _claims(self, token: str) -> dict[str, Any]:
        header = jwt.get_unverified_header(token)
        if str(header.get("typ")).lower() != TYPE:
            raise jwt.InvalidTokenError
        claims = jwt.decode(
            token,
            self._keys[header["kid"]],
            algorithms=[ALGORITHM],
            issuer=self._settings.issuer,
            audience=self._settings.audience,
            leeway=LEEWAY,
            options={"require": REQUIRED_CLAIMS, "strict_aud": True},
        )
        if not isinstance(claims["scope"], str):
            raise jwt.InvalidTokenError
        return claims

    def _remember(self, digest: bytes, expires_at: float, principal: Principal) -> None:
        if len(self._verified) >= REMEMBERED_TOKENS:
            self._verified.clear()  # Rare, and dearer bookkeeping would be paid by every request.
        self._verified[digest] = (expires_at, principal)


@lru_cache(maxsize=1000)
def _scopes(text: str) -> frozenset[str]:
    # One set for all who have the same scopes: ten thousand of their own would be large.
    return frozenset(text.split())


def _key_id(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:16]
