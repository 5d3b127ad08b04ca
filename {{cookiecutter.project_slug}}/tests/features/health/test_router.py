"""Readiness."""

import asyncio
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
from {{ cookiecutter.__package }}.features.health import readiness
from {{ cookiecutter.__package }}.features.health.readiness import Readiness

from tests.client import make_client

READY = "/health/ready"
PROBE_SECONDS = readiness.PROBE_SECONDS
SHARED_SECONDS = readiness.SHARED_SECONDS


class Silent(Revisions):
    """As if the database did not answer."""

    async def is_current(self, database: Database) -> bool:
        await anyio.sleep_forever()
        return True


class Counted(Revisions):
    """Counts how often, and how many at a time, the database is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.times = self.asking = self.most_asking = 0

    async def is_current(self, database: Database) -> bool:
        self.times += 1
        self.asking += 1
        self.most_asking = max(self.asking, self.most_asking)
        try:
            return await super().is_current(database)
        finally:
            self.asking -= 1


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
    monkeypatch.setattr(readiness, "PROBE_SECONDS", 10)


class TestReadReadiness:
    async def test_says_no_while_draining(self, app: FastAPI, client: AsyncClient) -> None:
        assert (await client.get(READY)).json() == {"status": "ok"}
        app.state.draining = True
        assert await refusal(client) == "The service is stopping."

    async def test_says_no_while_the_database_is_behind(
        self, app: FastAPI, client: AsyncClient
    ) -> None:
        revisions = Revisions()
        revisions.known.add("newer")
        revisions.head = "newer"
        app.state.readiness = Readiness(app.state.database, revisions)
        assert await refusal(client) == "The database waits for its migrations."

    async def test_says_yes_while_the_database_is_ahead(
        self, app: FastAPI, client: AsyncClient
    ) -> None:
        revisions = Revisions()
        revisions.known = {"older"}
        revisions.head = "older"
        app.state.readiness = Readiness(app.state.database, revisions)
        assert (await client.get(READY)).status_code == 200

    async def test_says_no_without_a_database(
        self, app: FastAPI, client: AsyncClient, settings: Settings
    ) -> None:
        url = make_url(settings.database.url.get_secret_value()).set(database="/")
        nowhere = SecretStr(url.render_as_string(hide_password=False))
        away = Database(settings.database.model_copy(update={"url": nowhere}))
        app.state.readiness = Readiness(away, Revisions())
        for _ in range(2):
            assert "database is not available" in await refusal(client)
        await anyio.sleep(0.05)  # A driver with a thread takes leave of this loop.

    async def test_does_not_wait_for_a_database_that_is_silent(
        self, app: FastAPI, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert PROBE_SECONDS <= 1
        monkeypatch.setattr(readiness, "PROBE_SECONDS", 0.05)
        app.state.readiness = Readiness(app.state.database, Silent())
        with anyio.fail_after(1):
            assert await refusal(client) == "The database does not answer."

    async def test_a_full_pool_is_not_in_its_way(
        self, app: FastAPI, client: AsyncClient, settings: Settings
    ) -> None:
        small = {"read_pool_size": 1, "pool_timeout": 0.05}
        database = Database(settings.database.model_copy(update=small))
        app.state.readiness = Readiness(database, Revisions())
        async with database.reading() as session:
            await session.execute(text("SELECT 1"))
            assert (await client.get(READY)).status_code == 200
        await database.close()

    async def test_asks_once_for_all(
        self, app: FastAPI, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        revisions = Counted()
        app.state.readiness = Readiness(app.state.database, revisions)

        async def ask() -> None:
            assert (await client.get(READY)).status_code == 200

        monkeypatch.setattr(readiness, "SHARED_SECONDS", 60)
        await asyncio.gather(*(ask() for _ in range(50)))
        assert revisions.times == 1
        monkeypatch.setattr(readiness, "SHARED_SECONDS", 0)
        app.state.readiness = Readiness(app.state.database, revisions)
        await asyncio.gather(*(ask() for _ in range(5)))
        assert (revisions.times, revisions.most_asking) == (6, 1)
        assert 0 < SHARED_SECONDS <= 1

    async def test_a_refusal_is_shared_too(self, app: FastAPI, client: AsyncClient) -> None:
        revisions = Counted()
        revisions.known.add("newer")
        revisions.head = "newer"
        app.state.readiness = Readiness(app.state.database, revisions)
        assert await refusal(client) == await refusal(client)
        assert revisions.times == 1
