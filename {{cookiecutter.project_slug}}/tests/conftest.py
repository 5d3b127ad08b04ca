"""What tests share: one application for all of them, and a transaction for each that is undone."""

import importlib.util
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from {{ cookiecutter.__package }}.app import create_app
from {{ cookiecutter.__package }}.core.db.database import Database
from {{ cookiecutter.__package }}.core.ratelimit import RateLimiter
from {{ cookiecutter.__package }}.core.settings import (
    AuthSettings,
    DatabaseSettings,
    ServerSettings,
    Settings,
)
from {{ cookiecutter.__package }}.routes import USER_SCOPES

from tests.binding import bound_to_engines, bound_to_transaction
from tests.client import make_client
from tests.database import committed_database, migrated_database

# No setting of the developer's own reaches a test.
for name in [name for name in os.environ if name.startswith("APP_")]:
    del os.environ[name]


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """Run async tests, and fixtures of the session, in one loop of the kind that uvicorn takes."""
    return "asyncio", {"use_uvloop": importlib.util.find_spec("uvloop") is not None}


@pytest.fixture(scope="session")
def database_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabaseSettings]:
    """Give the settings of an empty database at the newest revision."""
    with migrated_database(tmp_path_factory.mktemp("database")) as settings:
        yield settings


@pytest.fixture(scope="session")
def settings(database_settings: DatabaseSettings) -> Settings:
    """Give settings for tests: hashing is cheap, and no limit is in the way."""
    return Settings(
        _env_file=None,
        server=ServerSettings(drain_seconds=0),
        database=database_settings,
        auth=AuthSettings(
            signing_key="a key for tests, of 32 bytes and more",
            argon2_time_cost=1,
            argon2_memory_kib=8,
            login_rate_per_account="1000/second",
            login_rate_per_address="1000/second",
        ),
    )


@pytest.fixture(scope="session")
async def running_app(settings: Settings) -> AsyncIterator[FastAPI]:
    """Give the one application, started."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture(autouse=True)
def fresh_state(request: pytest.FixtureRequest, settings: Settings) -> None:
    """Undo what a test did to the settings, and to the counts of the rate limits."""
    if "running_app" in request.fixturenames:
        state = request.getfixturevalue("running_app").state
        state.settings, state.rate_limiter = settings, RateLimiter()
        state.user_scopes = USER_SCOPES


@pytest.fixture
async def app(running_app: FastAPI) -> AsyncIterator[FastAPI]:
    """Give the application; whatever the test commits is undone after it.

    All sessions share one connection here. A test whose requests run at once takes
    `committed_app` instead.
    """
    async with bound_to_transaction(running_app.state.database):
        yield running_app


@pytest.fixture
async def committed_app(
    running_app: FastAPI, database_settings: DatabaseSettings, tmp_path: Path
) -> AsyncIterator[FastAPI]:
    """Give the application on a database of the test's own, with real commits."""
    async with (
        committed_database(database_settings, tmp_path) as database,
        bound_to_engines(running_app.state.database, database),
    ):
        yield running_app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of `app`."""
    async with make_client(app) as client:
        yield client


@pytest.fixture
async def committed_client(committed_app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of `committed_app`."""
    async with make_client(committed_app) as client:
        yield client


@pytest.fixture
def database(app: FastAPI) -> Database:
    """Give the database of `app`, within the test's transaction."""
    database: Database = app.state.database
    return database
