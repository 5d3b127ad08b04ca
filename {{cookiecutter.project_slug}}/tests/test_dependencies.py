"""Sessions of routes: the client learns how the COMMIT went."""

from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI, HTTPException
from sqlalchemy import event

from {{ cookiecutter.__package }}.core.db.database import Database
from {{ cookiecutter.__package }}.core.events import EventDispatcher
from {{ cookiecutter.__package }}.dependencies import ReadSessionDep, SessionDep

from tests.helpers.client import make_client
from tests.helpers.users import COUNT_USERS, a_user


def fail(_session: Any) -> None:
    raise ConnectionError


@pytest.fixture
def small_app(database: Database) -> FastAPI:
    """Give an application that does no more than use sessions."""
    app = FastAPI()
    app.state.resources = SimpleNamespace(database=database, events=EventDispatcher())

    @app.post("/users")
    async def create_user(session: SessionDep, how: str) -> None:
        session.add(a_user())
        await session.flush()
        if how == "refused":
            raise HTTPException(409)
        if how == "lost":
            event.listen(session.sync_session, "before_commit", fail)

    @app.get("/users")
    async def read_users(session: ReadSessionDep) -> int:
        return await session.scalar(COUNT_USERS) or 0

    return app


@pytest.mark.parametrize(
    ("how", "status", "users"), [("fine", 200, 1), ("refused", 409, 0), ("lost", 500, 0)]
)
async def test_the_answer_tells_what_is_stored(
    small_app: FastAPI, how: str, status: int, users: int
) -> None:
    async with make_client(small_app) as client:
        answer = await client.post("/users", params={"how": how})
        assert answer.status_code == status
        assert (await client.get("/users")).json() == users
