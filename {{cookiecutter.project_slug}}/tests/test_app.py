"""The application as it is put together."""

import pytest
from httpx import AsyncClient

from {{ cookiecutter.__package }}.app import create_app
from {{ cookiecutter.__package }}.core.settings import ServerSettings, Settings

from tests.client import make_client

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
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        await app.state.passwords.hash("a password")
        async with app.state.database.reading() as session:
            await session.connection()
        assert app.state.database.read_engine.pool.checkedin() == 1
    assert app.state.database.read_engine.pool.checkedin() == 0
    with pytest.raises(RuntimeError):
        await app.state.passwords.hash("a password")
