"""The OpenAPI document, and who may call what it describes."""

import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from {{ cookiecutter.__package }}.app import create_app
from {{ cookiecutter.__package }}.authentication import CurrentUser
from {{ cookiecutter.__package }}.settings import Settings

from tests.helpers.client import JsonObject, make_client

# An operation that anybody may call stands here; every other one needs a token.
OAUTH = {"POST /api/v1/auth/revoke", "POST /api/v1/auth/token"}
PUBLIC = {"GET /health/live", "GET /health/ready", "POST /api/v1/users", *OAUTH}


def operations(app: FastAPI) -> Iterator[tuple[str, JsonObject]]:
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


async def test_every_error_is_a_problem(running_app: FastAPI) -> None:
    for name, operation in operations(running_app):
        errors = {status for status in operation["responses"] if int(status) >= 400}
        assert errors >= {"400", "413", "500", "503", "504"}, name
        for status in errors - ({"400"} if name in OAUTH else set()):
            content = operation["responses"][status]["content"]["application/problem+json"]
            assert content["schema"] == {"$ref": "#/components/schemas/Problem"}, (name, status)
            assert content["example"]["status"] == int(status), name


async def test_what_users_need_comes_before_what_machines_ask(running_app: FastAPI) -> None:
    tags = [operation["tags"] for _, operation in operations(running_app)]
    assert tags[-2:] == [["health"], ["health"]]
    assert ["health"] not in tags[:-2]


async def test_every_operation_needs_a_token_or_is_known_to_be_public(running_app: FastAPI) -> None:
    public = {name for name, operation in operations(running_app) if "security" not in operation}
    assert public == PUBLIC


async def test_what_needs_a_token_says_so_and_refuses_a_stranger(running_app: FastAPI) -> None:
    async with make_client(running_app) as client:
        for name, operation in operations(running_app):
            if name not in PUBLIC:
                method, path = name.split()
                answer = await client.request(method, re.sub(r"{\w+}", "1", path), json=[])
                assert answer.status_code == 401, name
                assert operation["responses"].keys() >= {"401", "403"}, name


async def test_a_hidden_route_may_need_a_token(settings: Settings) -> None:
    app = create_app(settings)

    @app.get("/hidden", include_in_schema=False)
    async def read_hidden(_: CurrentUser) -> None:
        pass

    assert "/hidden" not in app.openapi()["paths"]
    assert (await make_client(app).get("/hidden")).status_code == 401


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
async def test_the_pages_come_whole_from_this_service(client: AsyncClient, page: str) -> None:
    answer = await client.get(page)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'; ")
    html = answer.text
    assets = re.findall(r"""(?:src|href)=["']([^"']+)""", html)
    assert len(assets) >= 2
    assert not re.search(r"https?://", html)
    for asset in assets:
        assert (await client.get(asset)).status_code == 200
