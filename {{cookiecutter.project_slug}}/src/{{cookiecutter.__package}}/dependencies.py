"""What routes ask for: resources of the service, sessions of its database, shared parameters."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Header, Query, Request
from fastapi.exceptions import RequestValidationError

from .core.db.sessions import ReadSession, WriteSession
from .core.http.etag import expected_versions
from .core.pagination import Cursor
from .resources import Resources


async def get_resources(request: Request) -> Resources:
    """Return what the application works with."""
    resources: Resources = request.app.state.resources
    return resources


async def get_session(request: Request) -> AsyncIterator[WriteSession]:
    """Give a request one transaction: committed before the answer, rolled back on any error."""
    resources = await get_resources(request)  # Called and not declared, which would cost more.
    async with resources.database.transaction() as session:
        yield session


async def get_read_session(request: Request) -> AsyncIterator[ReadSession]:
    """Give a request a session that cannot write.

    Where several SELECTs must see one state, take `SessionDep`.
    """
    resources = await get_resources(request)
    async with resources.database.reading() as session:
        yield session


async def get_expected_versions(
    request: Request,
    if_match: Annotated[
        str | None, Header(max_length=200, description="The ETag of the version to change.")
    ] = None,
) -> frozenset[int] | None:
    """Return the versions that a change is for, None if it is for any.

    Raises:
        PreconditionRequiredError: the request does not say, and the settings ask for it.
    """
    resources = await get_resources(request)
    return expected_versions(if_match, required=resources.settings.server.require_if_match)


async def get_cursor(
    cursor: Annotated[
        str | None, Query(max_length=200, description="`next_cursor` of the page before.")
    ] = None,
) -> Cursor | None:
    """Return where a page begins, None for the first one.

    Raises:
        RequestValidationError: this is no cursor of ours.
    """
    try:
        return Cursor.decode(cursor) if cursor else None
    except ValueError:
        problem = {"loc": ("query", "cursor"), "msg": "This is no cursor of ours."}
        raise RequestValidationError([problem]) from None


Limit = Annotated[int, Query(ge=1, le=100, description="Rows of a page.")]
CursorDep = Annotated[Cursor | None, Depends(get_cursor)]
ResourcesDep = Annotated[Resources, Depends(get_resources)]
ExpectedVersionsDep = Annotated[frozenset[int] | None, Depends(get_expected_versions)]
# They end with the route's function, before the answer is sent: a COMMIT that fails is an error
# for the client.
SessionDep = Annotated[WriteSession, Depends(get_session, scope="function")]
ReadSessionDep = Annotated[ReadSession, Depends(get_read_session, scope="function")]
