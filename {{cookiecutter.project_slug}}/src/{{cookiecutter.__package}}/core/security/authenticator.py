"""A way to prove who is calling: a token, a key, a certificate."""

from typing import Protocol

from fastapi import Request
from fastapi.security.base import SecurityBase

from ..errors import AuthenticationError, PermissionDeniedError
from .principal import Principal


class Authenticator(Protocol):
    """What `app.py` registers for each kind of credential that the service accepts."""

    @property
    def scheme(self) -> SecurityBase:
        """How the OpenAPI document describes it."""

    async def authenticate(self, request: Request) -> Principal | None:
        """Return who is calling, None if the request has no credential of this kind.

        Raises:
            AuthenticationError: it has one that is not valid.
        """

    def challenge(self, error: AuthenticationError | PermissionDeniedError | None) -> str:
        """Return what WWW-Authenticate says to whom was refused (RFC 9110 section 11.6.1).

        `error` is None if the request had no credential of this kind.
        """
