"""How a request gets a UserService, and what a registration costs."""

from typing import Annotated

from fastapi import Depends

from ...core.http.rate_limits import ClientNetworkDep
from ...dependencies import ResourcesDep
from .service import UserService


async def get_user_service(resources: ResourcesDep) -> UserService:
    """Return the service for this request."""
    return UserService(
        database=resources.database,
        passwords=resources.passwords,
        policy=resources.password_policy,
    )


async def limit_registrations(resources: ResourcesDep, network: ClientNetworkDep) -> None:
    """Bound what one client can make us hash.

    Raises:
        TooManyRequestsError: too many registrations.
    """
    rate = resources.settings.auth.login_rate_per_address
    await resources.rate_limiter.hit(rate, "registration", network)


UserServiceDep = Annotated[UserService, Depends(get_user_service)]
