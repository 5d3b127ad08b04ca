"""Who is calling, over HTTP (RFC 6750)."""

import httpx
import pytest
from fastapi import FastAPI

from tests.client import bearer

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
