"""How a request gets an AuthService, and what it costs to try a password."""

from typing import Annotated

from fastapi import Depends

from ...core.http.rate_limits import ClientNetworkDep
from ...dependencies import ResourcesDep
from .schemas import OAuthForm, read_form
from .service import AuthService

OAuthFormDep = Annotated[OAuthForm, Depends(read_form)]


async def get_auth_service(resources: ResourcesDep) -> AuthService:
    """Return the service for this request."""
    return AuthService(
        settings=resources.settings.auth,
        user_scopes=resources.user_scopes,
        database=resources.database,
        passwords=resources.passwords,
        token_issuer=resources.token_issuer,
    )


async def limit_logins(
    resources: ResourcesDep, form: OAuthFormDep, network: ClientNetworkDep
) -> None:
    """Count a login for its address and its account, whether that exists or not.

    Raises:
        TooManyRequestsError: too many of either.
    """
    if form.grant_type == "password":
        settings, limiter = resources.settings.auth, resources.rate_limiter
        await limiter.hit(settings.login_rate_per_address, "login", "address", network)
        account = form.username.lower()
        await limiter.hit(settings.login_rate_per_account, "login", "account", account)


AuthServiceDep = Annotated[AuthService, Depends(get_auth_service)]
