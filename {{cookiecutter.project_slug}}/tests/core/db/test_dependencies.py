"""Sessions of routes: what the client learns of the COMMIT."""

from typing import Any

import pytest
from fastapi import BackgroundTasks, FastAPI, HTTPException
from sqlalchemy import event, func, select

from {{ cookiecutter.__package }}.core.db.database import Database
from {{ cookiecutter.__package }}.core.db.dependencies import ReadSessionDep, SessionDep
from {{ cookiecutter.__package }}.features.users.models import User

from tests.client import make_client


def fail(_session: Any) -> None:
    raise ConnectionError


@pytest.fixture
def small_app(database: Database) -> FastAPI:
    """Give an application that does no more than use sessions."""
    app = FastAPI()
    app.state.database = database
    app.state.seen_by_task = None

    async def count_users() -> None:
        async with database.reading() as session:
            app.state.seen_by_task = await session.scalar(select(func.count(User.id)))

    @app.post("/users", status_code=201)
    async def create_user(session: SessionDep, background: BackgroundTasks, how: str) -> None:
        background.add_task(count_users)
        session.add(User(email="ann@example.com", password_hash="none"))
        await session.flush()
        if how == "refused":
            raise HTTPException(409)
        if how == "lost":
            event.listen(session.sync_session, "before_commit", fail)

    @app.get("/users")
    async def read_users(session: ReadSessionDep) -> int:
        return await session.scalar(select(func.count(User.id))) or 0

    return app


@pytest.mark.parametrize(
    ("how", "status", "users"), [("fine", 201, 1), ("refused", 409, 0), ("lost", 500, 0)]
)
async def test_the_answer_tells_what_is_stored(
    small_app: FastAPI, how: str, status: int, users: int
) -> None:
    async with make_client(small_app) as client:
        answer = await client.post("/users", params={"how": how})
        assert answer.status_code == status
        assert (await client.get("/users")).json() == users


async def test_a_background_task_finds_what_the_request_stored(small_app: FastAPI) -> None:
    await make_client(small_app).post("/users", params={"how": "fine"})
    assert small_app.state.seen_by_task == 1
