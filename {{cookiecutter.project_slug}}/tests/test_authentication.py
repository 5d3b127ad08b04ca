"""Who is calling, over HTTP (RFC 6750)."""

from unittest.mock import Mock

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.security import APIKeyHeader

from {{ cookiecutter.__package }} import app as app_module
from {{ cookiecutter.__package }}.authentication import CurrentUser
from {{ cookiecutter.__package }}.core.errors import (
    AuthenticationError,
    PermissionDeniedError,
)
from {{ cookiecutter.__package }}.core.security.principal import Principal
from {{ cookiecutter.__package }}.settings import Settings

from tests.helpers.client import bearer, make_client

ME = "/api/v1/users/me"


async def test_without_a_token_the_challenge_names_no_error(client: httpx.AsyncClient) -> None:
    answer = await client.get(ME)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Basic YTpi", "Token x", ""])
async def test_another_scheme_is_no_token(client: httpx.AsyncClient, header: str) -> None:
    answer = await client.get(ME, headers={"Authorization": header})
    assert answer.status_code == 401


async def test_a_bad_token_is_called_so(client: httpx.AsyncClient) -> None:
    answer = await client.get(ME, headers={"Authorization": "Bearer x"})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


async def test_a_token_in_the_query_is_none(app: FastAPI, client: httpx.AsyncClient) -> None:
    token = bearer(app, "ann")["Authorization"].removeprefix("Bearer ")
    answer = await client.get(ME, params={"access_token": token})
    assert answer.status_code == 401


async def test_two_credentials_are_refused(app: FastAPI, client: httpx.AsyncClient) -> None:
    twice = [*bearer(app, "ann").items(), ("Authorization", "Bearer x")]
    answer = await client.get(ME, headers=twice)
    assert answer.status_code == 400


class KeyAuthenticator:
    """Another kind of credential, as a service may add one."""

    scheme = APIKeyHeader(name="X-Key", auto_error=False)

    async def authenticate(self, request: Request) -> Principal | None:
        key = await self.scheme(request)
        if key == "broken":
            raise RuntimeError
        if key not in {None, "good"}:
            raise AuthenticationError("The key is not valid.")
        return Principal("robot", frozenset(), "service") if key else None

    def challenge(self, error: AuthenticationError | PermissionDeniedError | None) -> str:
        return 'Key error="wrong"' if error else "Key"


class TestAnotherAuthenticator:
    @pytest.fixture
    def two_ways(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
        """Give an application that accepts tokens and keys."""
        both = (*app_module.AUTHENTICATORS, KeyAuthenticator())
        monkeypatch.setattr(app_module, "AUTHENTICATORS", both)
        app = app_module.create_app(settings)

        @app.get("/who")
        async def tell(caller: CurrentUser) -> str:
            return f"{caller.kind} {caller.subject}"

        @app.post("/who")
        async def echo(body: dict[str, str], _: CurrentUser) -> dict[str, str]:
            return body

        return app

    async def test_is_asked_too(self, two_ways: FastAPI) -> None:
        answer = await make_client(two_ways).get("/who", headers={"X-Key": "good"})
        assert answer.json() == "service robot"

    @pytest.mark.parametrize(
        ("headers", "challenge"),
        [
            ({}, "Bearer, Key"),
            ({"X-Key": "bad"}, 'Bearer, Key error="wrong"'),
            ({"Authorization": "Bearer bad"}, 'Bearer error="invalid_token", Key'),
        ],
    )
    async def test_is_named_to_whom_is_refused(
        self, two_ways: FastAPI, headers: dict[str, str], challenge: str
    ) -> None:
        answer = await make_client(two_ways).get("/who", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == challenge

    async def test_is_asked_once(self, two_ways: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
        asking = Mock(wraps=KeyAuthenticator.scheme)
        monkeypatch.setattr(KeyAuthenticator, "scheme", asking)
        client, headers = make_client(two_ways), {"X-Key": "good"}
        assert (await client.post("/who", json={"a": "b"}, headers=headers)).json() == {"a": "b"}
        asking.assert_called_once()

    async def test_that_fails_is_not_the_bodys_fault(self, two_ways: FastAPI) -> None:
        headers = {"X-Key": "broken"}
        for method, body in (("GET", None), ("POST", {"a": "b"})):
            answer = await make_client(two_ways).request(method, "/who", json=body, headers=headers)
            assert answer.status_code == 500

    async def test_leaves_the_other_as_it_was(self, two_ways: FastAPI) -> None:
        answer = await make_client(two_ways).get("/who", headers=bearer(two_ways, "ann"))
        assert answer.json() == "user ann"

    async def test_is_in_the_document(self, two_ways: FastAPI) -> None:
        document = two_ways.openapi()
        ways = [name for way in document["paths"]["/who"]["get"]["security"] for name in way]
        assert ways == ["OAuth2PasswordBearer", "APIKeyHeader"]
        assert document["components"]["securitySchemes"].keys() == set(ways)
