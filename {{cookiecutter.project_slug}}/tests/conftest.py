"""What tests share: one application for all of them, and a transaction for each that is undone."""

import importlib.util
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from {{ cookiecutter.__package }}.app import create_app
from {{ cookiecutter.__package }}.core.db.database import Database
from {{ cookiecutter.__package }}.core.db.settings import DatabaseSettings
from {{ cookiecutter.__package }}.core.http.rate_limits import RateLimiter
from {{ cookiecutter.__package }}.core.http.settings import ServerSettings
from {{ cookiecutter.__package }}.core.security.settings import AuthSettings
from {{ cookiecutter.__package }}.resources import Resources
from {{ cookiecutter.__package }}.settings import Settings

from tests.helpers.binding import bound_to_engines, bound_to_transaction
from tests.helpers.client import make_client
from tests.helpers.database import committed_database
from tests.helpers.migrations import migrated_database

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


@pytest.fixture
def fresh_app(running_app: FastAPI) -> Iterator[FastAPI]:
    """Give the application with new counts of its limits; what a test replaces is put back."""
    resources = running_app.state.resources
    running_app.state.resources = replace(resources, rate_limiter=RateLimiter())
    yield running_app
    running_app.state.resources = resources


@pytest.fixture
async def app(fresh_app: FastAPI) -> AsyncIterator[FastAPI]:
    """Give the application; whatever the test commits is undone after it.

    All sessions share one connection here. A test whose requests run at once takes
    `committed_app` instead.
    """
    async with bound_to_transaction(fresh_app.state.resources.database):
        yield fresh_app


@pytest.fixture
async def committed_app(
    fresh_app: FastAPI, database_settings: DatabaseSettings, tmp_path: Path
) -> AsyncIterator[FastAPI]:
    """Give the application on a database of the test's own, with real commits."""
    async with (
        committed_database(database_settings, tmp_path) as database,
        bound_to_engines(fresh_app.state.resources.database, database),
    ):
        yield fresh_app


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
def resources(app: FastAPI) -> Resources:
    """Give what `app` works with, within the test's transaction."""
    resources: Resources = app.state.resources
    return resources


@pytest.fixture
def database(resources: Resources) -> Database:
    """Give the database of `app`, within the test's transaction."""
    return resources.database
