"""Liveness and readiness over HTTP."""

from dataclasses import replace

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from {{ cookiecutter.__package }}.app import create_app
from {{ cookiecutter.__package }}.core.db.readiness import Readiness
from {{ cookiecutter.__package }}.core.errors import UnavailableError
from {{ cookiecutter.__package }}.settings import Settings

from tests.helpers.client import make_client

READY = "/health/ready"


class NotReady(Readiness):
    """As if the database were away."""

    def __init__(self) -> None:
        """Ask nobody."""

    async def check(self) -> None:
        raise UnavailableError("The database is not available.")


@pytest.fixture
def own_app(settings: Settings) -> FastAPI:
    """Give an application of the test's own, whose resources it changes."""
    return create_app(settings)


async def refusal(app: FastAPI) -> str:
    answer = await make_client(app).get(READY)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    return str(answer.json()["detail"])


async def test_says_yes_when_all_is_well(client: AsyncClient) -> None:
    answer = await client.get(READY)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_says_no_while_stopping(own_app: FastAPI) -> None:
    own_app.state.resources.stopping.set()
    assert await refusal(own_app) == "The service is stopping."


async def test_says_no_and_why_without_its_database(own_app: FastAPI) -> None:
    own_app.state.resources = replace(own_app.state.resources, readiness=NotReady())
    assert await refusal(own_app) == "The database is not available."
