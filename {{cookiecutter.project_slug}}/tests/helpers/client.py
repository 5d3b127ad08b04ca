"""Clients of the application, and what they do in many tests."""

from dataclasses import replace
from typing import Any

import httpx
from fastapi import FastAPI
from httpx import ASGITransport

from {{ cookiecutter.__package }}.resources import Resources

PASSWORD = "a long walk in autumn rain"
JsonObject = dict[str, Any]


class PatientTransport(ASGITransport):
    """Talks to an application without a socket, and waits until its events are handled."""

    def __init__(self, app: FastAPI, address: str) -> None:
        super().__init__(app, raise_app_exceptions=False, client=(address, 40000))
        self._state = app.state

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await super().handle_async_request(request)
        await self._state.resources.events.join()
        return answer


def make_client(app: FastAPI, address: str = "192.0.2.1") -> httpx.AsyncClient:
    """Return a client of `app` that asks from an address."""
    transport = PatientTransport(app, address)
    return httpx.AsyncClient(transport=transport, base_url="http://test")


def bearer(app: FastAPI, subject: str, scopes: list[str] | None = None) -> dict[str, str]:
    """Return the header of a caller; without `scopes` he has all that users have."""
    resources: Resources = app.state.resources
    granted = list(resources.user_scopes) if scopes is None else scopes
    return {"Authorization": f"Bearer {resources.token_issuer.issue(subject, granted)}"}


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


def change_settings(app: FastAPI, group: str, **changes: Any) -> None:
    """Change settings of a group, `auth` or `server`, until the test ends."""
    resources: Resources = app.state.resources
    changed = getattr(resources.settings, group).model_copy(update=changes)
    settings = resources.settings.model_copy(update={group: changed})
    app.state.resources = replace(resources, settings=settings)
