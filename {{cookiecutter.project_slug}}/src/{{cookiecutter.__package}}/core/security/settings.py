"""Settings of tokens, passwords and limits of the login."""

import re
from collections.abc import Iterator
from typing import Annotated

import limits
from pydantic import AfterValidator, Field, SecretStr

from ..setting_types import Group, JsonList

SIGNING_KEY_BYTES = 32  # RFC 7518 section 3.2: an HS256 key is at least as long as its hash.
# The least that OWASP recommends for argon2id.
ARGON2_MEMORY_KIB = 19456
ARGON2_TIME_COST = 2
# What people write where a key belongs, and what no random key of 32 bytes or more is made of.
PLACEHOLDER = re.compile(
    r"change.?me|replace|secret|password|example|insecure|your[-_ ]|todo[-_: ]|\$\{|\{\{",
    re.IGNORECASE,
)
LEAST_CHARACTERS = 8


def _check_rate(value: str) -> str:
    try:
        limits.parse(value)
    except ValueError:
        raise ValueError("a rate is written like 5/minute") from None
    return value


def _check_key(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value().encode()) < SIGNING_KEY_BYTES:
        raise ValueError(f"a signing key needs at least {SIGNING_KEY_BYTES} bytes")
    if value.get_secret_value().startswith(("ssh-", "-----BEGIN")):
        raise ValueError("a signing key is a random text, and no public key")
    return value


Rate = Annotated[str, AfterValidator(_check_rate)]
SigningKey = Annotated[SecretStr, AfterValidator(_check_key)]


class AuthSettings(Group):
    """Tokens, passwords and limits of the login."""

    signing_key: SigningKey | None = None
    """Key of the access tokens, 32 random bytes or more; local makes one in `var/`."""
    previous_signing_keys: JsonList[SigningKey] = []
    """Keys that still verify tokens but sign none: for rotation."""
    issuer: str = "{{ cookiecutter.project_slug }}"
    """The `iss` claim of access tokens."""
    audience: str = "{{ cookiecutter.project_slug }}"
    """The `aud` claim of access tokens."""
    access_token_seconds: Annotated[int, Field(gt=0, le=900)] = 900
    """Life of an access token, and how long a revoked access can last."""
    refresh_token_days: Annotated[float, Field(gt=0, le=365)] = 30
    """Time after the login at which its refresh tokens end, rotated or not."""
    refresh_reuse_grace: Annotated[float, Field(ge=0, le=60)] = 10
    """A refresh token repeated within this time is refused, later its family is revoked."""
    password_min_length: Annotated[int, Field(ge=8, le=64)] = 15
    """Shortest password of a new account."""
    argon2_time_cost: Annotated[int, Field(ge=1)] = ARGON2_TIME_COST
    """Passes of argon2id."""
    argon2_memory_kib: Annotated[int, Field(ge=8)] = ARGON2_MEMORY_KIB
    """Memory of argon2id in KiB."""
    hash_queue: Annotated[int, Field(gt=0)] = 64
    """Logins and registrations that may wait for the hashing thread; above it: 503."""
    login_rate_per_account: Rate = "5/minute"
    """Logins for one e-mail; above it: 429."""
    login_rate_per_address: Rate = "20/minute"
    """Logins, and registrations, from one client address; above it: 429."""

    def production_problems(self) -> Iterator[tuple[str, str]]:
        """Yield what makes tokens or passwords weak."""
        if self.signing_key is None:
            yield "signing_key", "production needs a signing key."
        elif _is_weak(self.signing_key):
            yield "signing_key", "production needs a random key: openssl rand -hex 32."
        if any(map(_is_weak, self.previous_signing_keys)):
            yield "previous_signing_keys", "production needs random keys."
        if self.argon2_memory_kib < ARGON2_MEMORY_KIB:
            yield "argon2_memory_kib", "production hashes no cheaper than by default."
        if self.argon2_time_cost < ARGON2_TIME_COST:
            yield "argon2_time_cost", "production hashes no cheaper than by default."


def _is_weak(key: SecretStr) -> bool:
    # No random one: a placeholder, or the same again and again.
    text = key.get_secret_value()
    repeats = text in (text + text)[1:-1]
    return repeats or len(set(text)) < LEAST_CHARACTERS or PLACEHOLDER.search(text) is not None
