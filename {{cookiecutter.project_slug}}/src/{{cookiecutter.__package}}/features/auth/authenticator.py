"""Bearer tokens (RFC 6750): what a login gives, and most requests bring along."""

from fastapi import Request
from fastapi.security import OAuth2PasswordBearer

from ...core.errors import AuthenticationError, PermissionDeniedError
from ...core.security.principal import Principal
from ...dependencies import get_resources

LOGIN_PATH = "/api/v1/auth/token"


class BearerAuthenticator:
    """Accepts access tokens in the Authorization header."""

    scheme = OAuth2PasswordBearer(
        tokenUrl=LOGIN_PATH,
        description="Your e-mail address is the username; there is no client id and no secret.",
        auto_error=False,
    )

    async def authenticate(self, request: Request) -> Principal | None:
        """Return whom the access token stands for.

        Raises:
            AuthenticationError: it is not valid.
        """
        token = await self.scheme(request)
        if token is None:
            return None
        resources = await get_resources(request)
        return await resources.token_verifier.verify(token)

    def challenge(self, error: AuthenticationError | PermissionDeniedError | None) -> str:
        """Return the challenge with the code of RFC 6750 section 3.1, if there is one."""
        match error:
            case None:
                return "Bearer"
            case PermissionDeniedError():
                return f'Bearer error="insufficient_scope", scope="{error.scope}"'
            case _:
                return 'Bearer error="invalid_token"'
