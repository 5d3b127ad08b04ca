"""Access tokens: JWTs by RFC 9068, signed with HS256 and verified by RFC 8725."""

import hashlib
import time
from typing import Any
from uuid import uuid4

import jwt

from ..errors import AuthenticationError
from ..settings import AuthSettings
from .principal import Principal
from .signing_key import signing_key

ALGORITHM = "HS256"
TYPE = "at+jwt"
CLIENT_ID = "first-party"  # The password grant is for our own clients; there are no others.
REQUIRED_CLAIMS = ["iss", "aud", "sub", "client_id", "exp", "iat", "jti", "scope"]
LEEWAY = 30  # Seconds that two clocks may differ.
CACHED_TOKENS = 10_000


class AccessTokens:
    """Issues and verifies access tokens."""

    def __init__(self, settings: AuthSettings) -> None:
        keys = [signing_key(settings), *settings.previous_signing_keys]
        self._keys = {_key_id(key := secret.get_secret_value()): key for secret in keys}
        self._signing_key_id = next(iter(self._keys))
        self._settings = settings
        self._verified: dict[str, tuple[float, Principal]] = {}

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
        headers = {"typ": TYPE, "kid": self._signing_key_id}
        return jwt.encode(claims, self._keys[self._signing_key_id], ALGORITHM, headers)

    def verify(self, token: str) -> Principal:
        """Return whom `token` stands for. A verified token is remembered until it expires.

        Raises:
            AuthenticationError: it is not a valid access token of ours.
        """
        expires_at, principal = self._verified.get(token, (0.0, None))
        if principal is None or expires_at <= time.time():
            self._verified.pop(token, None)
            expires_at, principal = self._decode(token)
            self._remember(token, expires_at, principal)
        return principal

    def _decode(self, token: str) -> tuple[float, Principal]:
        try:
            claims = self._claims(token)
        except (jwt.PyJWTError, KeyError, ValueError, RecursionError):
            raise AuthenticationError(
                "The access token is not valid.", code="invalid_token"
            ) from None
        principal = Principal(claims["sub"], frozenset(claims["scope"].split()))
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

    def _remember(self, token: str, expires_at: float, principal: Principal) -> None:
        if len(self._verified) >= CACHED_TOKENS:
            self._verified.clear()  # Rare, and dearer bookkeeping would be paid by every request.
        self._verified[token] = (expires_at, principal)


def _key_id(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:16]
