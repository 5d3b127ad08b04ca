"""Sessions for routes. `scope="function"` ends them before the answer is sent.

So a COMMIT that fails is an error for the client, and no background task shares a session.
"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from .database import Database


async def get_database(request: Request) -> Database:
    """Return the application's database."""
    database: Database = request.app.state.database
    return database


DatabaseDep = Annotated[Database, Depends(get_database)]


async def get_session(request: Request) -> AsyncIterator[AsyncSession]:
    """Give a request one transaction: committed before the answer, rolled back on any error."""
    database = await get_database(request)  # Called and not declared, which would cost more.
    async with database.transaction() as session:
        yield session


async def get_read_session(request: Request) -> AsyncIterator[AsyncSession]:
    """Give a request a session that the database itself holds to reading.

    Where several SELECTs must see one state, take `SessionDep`.
    """
    database = await get_database(request)
    async with database.reading() as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(get_session, scope="function")]
ReadSessionDep = Annotated[AsyncSession, Depends(get_read_session, scope="function")]
