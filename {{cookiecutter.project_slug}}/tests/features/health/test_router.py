"""Readiness."""

from collections.abc import AsyncIterator

import anyio
import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from pydantic import SecretStr
from sqlalchemy import make_url, text

from {{ cookiecutter.__package }}.app import create_app
from {{ cookiecutter.__package }}.core.db.database import Database
from {{ cookiecutter.__package }}.core.db.migrations import Revisions
from {{ cookiecutter.__package }}.core.settings import Settings
from {{ cookiecutter.__package }}.features.health import router

from tests.client import make_client

READY = "/health/ready"
PROBE_SECONDS = router.PROBE_SECONDS


class Silent(Revisions):
    """As if the database did not answer."""

    async def is_current(self, database: Database) -> bool:
        await anyio.sleep_forever()
        return True


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    """Give an application of the test's own, whose state it changes."""
    return create_app(settings)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[AsyncClient]:
    async with app.router.lifespan_context(app), make_client(app) as client:
        yield client


async def refusal(client: AsyncClient) -> str:
    answer = await client.get(READY)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    return str(answer.json()["detail"])


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait longer: a busy machine may need a second to connect."""
    monkeypatch.setattr(router, "PROBE_SECONDS", 10)


class TestReadReadiness:
    async def test_says_no_while_draining(self, app: FastAPI, client: AsyncClient) -> None:
        assert (await client.get(READY)).json() == {"status": "ok"}
        app.state.draining = True
        assert await refusal(client) == "The service is stopping."

    async def test_says_no_while_the_database_is_behind(
        self, app: FastAPI, client: AsyncClient
    ) -> None:
        app.state.revisions.known.add("newer")
        app.state.revisions.head = "newer"
        assert await refusal(client) == "The database waits for its migrations."

    async def test_says_yes_while_the_database_is_ahead(
        self, app: FastAPI, client: AsyncClient
    ) -> None:
        app.state.revisions.known = {"older"}
        app.state.revisions.head = "older"
        assert (await client.get(READY)).status_code == 200

    async def test_says_no_without_a_database(
        self, app: FastAPI, client: AsyncClient, settings: Settings
    ) -> None:
        url = make_url(settings.database.url.get_secret_value()).set(database="/")
        nowhere = SecretStr(url.render_as_string(hide_password=False))
        app.state.database = Database(settings.database.model_copy(update={"url": nowhere}))
        assert "database is not available" in await refusal(client)
        await anyio.sleep(0.05)  # A driver with a thread takes leave of this loop.

    async def test_does_not_wait_for_a_database_that_is_silent(
        self, app: FastAPI, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert PROBE_SECONDS <= 1
        monkeypatch.setattr(router, "PROBE_SECONDS", 0.05)
        app.state.revisions = Silent()
        with anyio.fail_after(1):
            assert await refusal(client) == "The database does not answer."

    async def test_a_full_pool_is_not_in_its_way(
        self, app: FastAPI, client: AsyncClient, settings: Settings
    ) -> None:
        small = {"read_pool_size": 1, "pool_timeout": 0.05}
        app.state.database = Database(settings.database.model_copy(update=small))
        async with app.state.database.reading() as session:
            await session.execute(text("SELECT 1"))
            assert (await client.get(READY)).status_code == 200
