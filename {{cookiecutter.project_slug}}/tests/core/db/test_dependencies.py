"""Sessions of routes: the client learns how the COMMIT went."""

from typing import Any

import pytest
from fastapi import BackgroundTasks, FastAPI, HTTPException
from sqlalchemy import event

from {{ cookiecutter.__package }}.core.db.database import Database
from {{ cookiecutter.__package }}.core.db.dependencies import ReadSessionDep, SessionDep

from tests.client import make_client
from tests.core.db.users import COUNT_USERS, a_user, count_users


def fail(_session: Any) -> None:
    raise ConnectionError


@pytest.fixture
def small_app(database: Database) -> FastAPI:
    """Give an application that does no more than use sessions."""
    app = FastAPI()
    app.state.database = database
    app.state.seen_by_task = 0

    async def look() -> None:
        app.state.seen_by_task = await count_users(database)

    @app.post("/users")
    async def create_user(session: SessionDep, background: BackgroundTasks, how: str) -> None:
        background.add_task(look)
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
        assert (await client.get("/users")).json() == small_app.state.seen_by_task == users
