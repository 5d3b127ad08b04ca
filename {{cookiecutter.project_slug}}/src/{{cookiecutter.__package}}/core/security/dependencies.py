"""The caller, for routes. A scope is asked for by `Security(get_current_user, scopes=[...])`."""

from collections.abc import Container, Iterator
from typing import Annotated

from fastapi import Depends, HTTPException, Request, Security
from fastapi.dependencies.models import Dependant
from fastapi.security import OAuth2PasswordBearer, SecurityScopes
from starlette.types import Scope

from ..errors import AuthenticationError, PermissionDeniedError
from .principal import Principal
from .tokens import AccessTokens

LOGIN_PATH = "/api/v1/auth/token"

oauth2_scheme = OAuth2PasswordBearer(
    tokenUrl=LOGIN_PATH,
    description="Your e-mail address is the username; there is no client id and no secret.",
    auto_error=False,
)


async def get_current_user(
    request: Request,
    needed: SecurityScopes,
    token: Annotated[str | None, Depends(oauth2_scheme)],
) -> Principal:
    """Return whom the access token stands for.

    Raises:
        AuthenticationError: there is no token, or no valid one (RFC 6750 section 3).
        PermissionDeniedError: it lacks a scope of the route.
        HTTPException: 400, two credentials at once.
    """
    if len(request.headers.getlist("authorization")) > 1:
        raise HTTPException(400, "Send one Authorization header.")
    if token is None:
        raise AuthenticationError("This needs an access token.")
    access_tokens: AccessTokens = request.app.state.access_tokens
    principal = access_tokens.verify(token)
    request.state.subject = principal.subject  # For the access log.
    for scope in needed.scopes:
        if scope not in principal.scopes:
            raise PermissionDeniedError(scope)
    return principal


async def admit(scope: Scope) -> bool:
    """Refuse whom the route of a request will refuse, before FastAPI reads and parses the body.

    Returns whether the caller is known, because the route asks who is calling.

    Raises:
        AuthenticationError, PermissionDeniedError, HTTPException: as `get_current_user`.
    """
    # What FastAPI will use: of a router that is included, with the dependencies added there.
    route = scope.get("fastapi", {}).get("effective_route_context") or scope.get("route")
    needed: Dependant | None = getattr(route, "dependant", None)
    if needed is None:
        return False
    request, is_known = Request(scope), False
    for dependant in _dependants(needed, scope["app"].dependency_overrides):
        if dependant.call is get_current_user:
            scopes = [*(dependant.parent_oauth_scopes or ()), *(dependant.own_oauth_scopes or ())]
            await get_current_user(request, SecurityScopes(scopes), await oauth2_scheme(request))
            is_known = True
    return is_known


def _dependants(dependant: Dependant, overrides: Container[object]) -> Iterator[Dependant]:
    yield dependant
    for child in dependant.dependencies:
        if child.call not in overrides:  # A test says what that one returns.
            yield from _dependants(child, overrides)


CurrentUser = Annotated[Principal, Security(get_current_user)]
