"""The caller, for routes. A scope is asked for by `Security(get_current_user, scopes=[...])`."""

from collections.abc import Container, Iterator
from typing import Annotated, Any

from fastapi import HTTPException, Request, Security
from fastapi.dependencies.models import Dependant
from fastapi.security import SecurityScopes
from starlette.types import Scope

from .core.errors import AuthenticationError, PermissionDeniedError
from .core.security.principal import Principal
from .dependencies import get_resources


async def get_current_user(request: Request, needed: SecurityScopes) -> Principal:
    """Return whom the credential of a request stands for.

    Raises:
        AuthenticationError: there is none, or it is not valid.
        PermissionDeniedError: it lacks a scope of the route.
        HTTPException: 400, two Authorization headers.
    """
    if len(request.headers.getlist("authorization")) > 1:
        raise HTTPException(400, "Send one Authorization header.")
    principal: Principal | None = getattr(request.state, "principal", None)
    if principal is None:  # Where there is a body, `admit` has asked before.
        principal = request.state.principal = await _authenticate(request)
    request.state.subject = principal.subject  # For the access log.
    for scope in needed.scopes:
        if scope not in principal.scopes:
            raise PermissionDeniedError(scope)
    return principal


async def _authenticate(request: Request) -> Principal:
    resources = await get_resources(request)
    for authenticator in resources.authenticators:
        request.state.authenticator = authenticator  # Whose challenge says what is wrong.
        if principal := await authenticator.authenticate(request):
            return principal
    request.state.authenticator = None
    raise AuthenticationError("This needs a credential.")


CurrentUser = Annotated[Principal, Security(get_current_user)]


async def admit(scope: Scope) -> bool:
    """Refuse whom the route of a request will refuse, before FastAPI reads and parses the body.

    Returns whether the caller is known, because the route asks who is calling.

    Raises:
        AuthenticationError, PermissionDeniedError, HTTPException: as `get_current_user`.
    """
    # What FastAPI will use: of a router that is included, with the dependencies added there.
    route = scope.get("fastapi", {}).get("effective_route_context") or scope.get("route")
    request, is_known = Request(scope), False
    for scopes in needed_scopes(route, scope["app"].dependency_overrides):
        await get_current_user(request, SecurityScopes(scopes))
        is_known = True
    return is_known


def needed_scopes(route: Any, overrides: Container[object] = ()) -> Iterator[list[str]]:
    """Yield the scopes of a route each time that it asks who is calling.

    What stands in `overrides` does not ask: a test says what it returns.
    """
    dependant: Dependant | None = getattr(route, "dependant", None)
    for needed in _dependants(dependant, overrides) if dependant else ():
        if needed.call is get_current_user:
            yield [*(needed.parent_oauth_scopes or ()), *(needed.own_oauth_scopes or ())]


def _dependants(dependant: Dependant, overrides: Container[object]) -> Iterator[Dependant]:
    yield dependant
    for child in dependant.dependencies:
        if child.call not in overrides:
            yield from _dependants(child, overrides)
