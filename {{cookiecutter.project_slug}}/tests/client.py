"""Clients of the application, and what they do in many tests."""

from typing import Any

import httpx
from fastapi import FastAPI
from httpx import ASGITransport

from {{ cookiecutter.__package }}.core.security.tokens import AccessTokens

PASSWORD = "a long walk in autumn rain"
JsonObject = dict[str, Any]


def make_client(app: FastAPI, address: str = "192.0.2.1") -> httpx.AsyncClient:
    """Return a client that talks to `app` without a socket, from an address."""
    transport = ASGITransport(app, raise_app_exceptions=False, client=(address, 40000))
    return httpx.AsyncClient(transport=transport, base_url="http://test")


def bearer(app: FastAPI, subject: str, scopes: list[str] | None = None) -> dict[str, str]:
    """Return the header of a caller; without `scopes` he has all that users have."""
    access_tokens: AccessTokens = app.state.access_tokens
    granted = list(app.state.user_scopes) if scopes is None else scopes
    return {"Authorization": f"Bearer {access_tokens.issue(subject, granted)}"}


async def register(client: httpx.AsyncClient, email: str = "ann@example.com") -> JsonObject:
    """Register a user whose password is PASSWORD and return what the service says of him."""
    answer = await client.post("/api/v1/users", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    body: JsonObject = answer.json()
    return body


async def request_token(client: httpx.AsyncClient, **form: str) -> httpx.Response:
    """Send a form to the token endpoint."""
    return await client.post("/api/v1/auth/token", data=form)


async def log_in(
    client: httpx.AsyncClient, email: str = "ann@example.com", password: str = PASSWORD
) -> JsonObject:
    """Log in and return the tokens."""
    answer = await request_token(client, grant_type="password", username=email, password=password)
    assert answer.status_code == 200, answer.text
    body: JsonObject = answer.json()
    return body


def authorized(tokens: JsonObject) -> dict[str, str]:
    """Return the header for what `log_in` returned."""
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def change_auth(app: FastAPI, **changes: Any) -> None:
    """Change settings of `app.state.settings.auth` until the test ends."""
    settings = app.state.settings
    auth = settings.auth.model_copy(update=changes)
    app.state.settings = settings.model_copy(update={"auth": auth})
