"""The application as it is put together."""

import asyncio

import pytest
from httpx import AsyncClient
from sqlalchemy import select

from {{ cookiecutter.__package }}.app import create_app
from {{ cookiecutter.__package }}.core.events import Event
from {{ cookiecutter.__package }}.core.http.settings import ServerSettings
from {{ cookiecutter.__package }}.resources import Resources
from {{ cookiecutter.__package }}.settings import Settings

from tests.helpers.client import make_client


class Ended(Event):
    name = "test.ended"


DOCS = ("/docs", "/redoc", "/openapi.json", "/static-offline-docs/swagger-ui.css")


async def test_documentation_is_served(client: AsyncClient) -> None:
    for path in DOCS:
        assert (await client.get(path)).status_code == 200


async def test_documentation_can_be_off(settings: Settings) -> None:
    off = settings.model_copy(update={"server": ServerSettings(docs=False)})
    async with make_client(create_app(off)) as client:
        for path in DOCS:
            assert (await client.get(path)).status_code == 404


async def test_its_end_closes_what_it_opened(settings: Settings) -> None:
    handled = []

    async def handle(event: Ended) -> None:
        await asyncio.sleep(0.01)
        handled.append(event.name)

    app = create_app(settings)
    resources: Resources = app.state.resources
    async with app.router.lifespan_context(app):
        await resources.passwords.hash("a password")
        resources.events.subscribe(Ended, handle)
        resources.events.dispatch([Ended()])
        async with resources.database.reading() as session:
            await session.scalar(select(1))
        assert "Connections in pool: 1" in resources.database.read_engine.pool.status()
    assert "Connections in pool: 0" in resources.database.read_engine.pool.status()
    assert handled == ["test.ended"]
    with pytest.raises(RuntimeError):
        await resources.passwords.hash("a password")
