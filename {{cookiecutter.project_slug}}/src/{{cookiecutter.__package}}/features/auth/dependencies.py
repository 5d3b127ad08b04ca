"""How a request gets an AuthService, and what it costs to try a password."""

from typing import Annotated

from fastapi import Depends, Request

from ...core.db.dependencies import DatabaseDep
from ...core.db.unit_of_work import UnitOfWork
from ...core.events.events import EventsDep
from ...core.ratelimit import ClientNetworkDep, RateLimiterDep
from .repository import RefreshTokenRepository
from .schemas import OAuthForm, read_form
from .service import AuthService

OAuthFormDep = Annotated[OAuthForm, Depends(read_form)]


async def get_auth_service(
    request: Request, database: DatabaseDep, events: EventsDep
) -> AuthService:
    """Return the service for this request."""
    state = request.app.state
    return AuthService(
        settings=state.settings.auth,
        user_scopes=state.user_scopes,
        unit_of_work=UnitOfWork(database, RefreshTokenRepository),
        passwords=state.passwords,
        access_tokens=state.access_tokens,
        events=events,
    )


async def limit_logins(
    request: Request, form: OAuthFormDep, limiter: RateLimiterDep, network: ClientNetworkDep
) -> None:
    """Count a login for its address and its account, whether that exists or not.

    Raises:
        TooManyRequestsError: too many of either.
    """
    if form.grant_type == "password":
        settings = request.app.state.settings.auth
        await limiter.hit(settings.login_rate_per_address, "login", "address", network)
        account = form.username.lower()
        await limiter.hit(settings.login_rate_per_account, "login", "account", account)


AuthServiceDep = Annotated[AuthService, Depends(get_auth_service)]
