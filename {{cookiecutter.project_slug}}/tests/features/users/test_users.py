"""Accounts over HTTP."""

import json
from unittest.mock import Mock

import httpx
import pytest
from fastapi import FastAPI

from {{ cookiecutter.__package }}.core.security.principal import SubjectDeleted
from {{ cookiecutter.__package }}.resources import Resources

from tests.helpers.client import (
    PASSWORD,
    authorized,
    bearer,
    change_settings,
    log_in,
    register,
    request_token,
)

NEW_PASSWORD = "two long walks in spring"
ME = "/api/v1/users/me"


class TestCreateUser:
    async def test_answers_with_the_user_and_no_secret(self, client: httpx.AsyncClient) -> None:
        user = await register(client, "Ann@Example.com")
        assert user["email"] == "ann@example.com"
        assert set(user) == {"id", "email", "created_at", "updated_at"}

    @pytest.mark.parametrize("email", ["ann@example.com", "ANN@example.COM"])
    async def test_refuses_a_known_address(self, client: httpx.AsyncClient, email: str) -> None:
        await register(client, "ann@example.com")
        answer = await client.post("/api/v1/users", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 409
        assert answer.json()["detail"] == "A user with this e-mail address exists."

    @pytest.mark.parametrize(
        "password",
        ["fourteen chars", "1234567890qwerty", "ann.somebody 2026!", "ann.somebody" * 2, "x" * 129],
    )
    async def test_refuses_a_weak_password(self, client: httpx.AsyncClient, password: str) -> None:
        body = {"email": "ann.somebody@example.com", "password": password}
        answer = await client.post("/api/v1/users", json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "body.password"
        assert password not in answer.text

    @pytest.mark.parametrize("end", ["\0", "\ud800", "\udfff\ud800"])
    async def test_refuses_a_password_that_is_no_text(
        self, client: httpx.AsyncClient, end: str
    ) -> None:
        body = json.dumps({"email": "ann@example.com", "password": PASSWORD + end})
        headers = {"Content-Type": "application/json"}
        answer = await client.post("/api/v1/users", content=body, headers=headers)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "body.password"

    @pytest.mark.parametrize("field", ["id", "password_hash", "credentials_version", "role"])
    async def test_refuses_fields_that_are_not_the_callers(
        self, client: httpx.AsyncClient, field: str
    ) -> None:
        body = {"email": "ann@example.com", "password": PASSWORD, field: "1"}
        answer = await client.post("/api/v1/users", json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == f"body.{field}"

    async def test_is_limited_per_address(self, app: FastAPI, client: httpx.AsyncClient) -> None:
        change_settings(app, "auth", login_rate_per_address="1/minute")
        await register(client, "ann@example.com")
        body = {"email": "bob@example.com", "password": PASSWORD}
        answer = await client.post("/api/v1/users", json=body)
        assert answer.status_code == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 60


class TestReadOwnUser:
    async def test_answers_with_the_caller(self, client: httpx.AsyncClient) -> None:
        user = await register(client)
        answer = await client.get(ME, headers=authorized(await log_in(client)))
        assert answer.json() == user

    @pytest.mark.parametrize("subject", ["4d1b1a4e-5a0c-4a7b-9b1f-0f3f8f0f7c11", "no uuid"])
    async def test_refuses_the_token_of_somebody_who_is_gone(
        self, app: FastAPI, client: httpx.AsyncClient, subject: str
    ) -> None:
        answer = await client.get(ME, headers=bearer(app, subject))
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


class TestUpdateOwnUser:
    async def test_changes_the_address_to_log_in_with(self, client: httpx.AsyncClient) -> None:
        await register(client)
        body = {"email": "New@example.com", "current_password": PASSWORD}
        answer = await client.patch(ME, json=body, headers=authorized(await log_in(client)))
        assert answer.json()["email"] == "new@example.com"
        await log_in(client, "new@example.com")

    async def test_needs_the_password(self, client: httpx.AsyncClient) -> None:
        await register(client)
        body = {"email": "new@example.com", "current_password": NEW_PASSWORD}
        answer = await client.patch(ME, json=body, headers=authorized(await log_in(client)))
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "body.current_password"

    async def test_refuses_an_address_that_is_taken(self, client: httpx.AsyncClient) -> None:
        await register(client)
        await register(client, "bob@example.com")
        body = {"email": "bob@example.com", "current_password": PASSWORD}
        answer = await client.patch(ME, json=body, headers=authorized(await log_in(client)))
        assert answer.status_code == 409


class TestChangeOwnPassword:
    async def test_ends_every_login(self, client: httpx.AsyncClient) -> None:
        await register(client)
        tokens = await log_in(client)
        body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
        answer = await client.post(f"{ME}/password", json=body, headers=authorized(tokens))
        assert answer.status_code == 204
        refused = await request_token(
            client, grant_type="refresh_token", refresh_token=tokens["refresh_token"]
        )
        assert refused.status_code == 400
        await log_in(client, password=NEW_PASSWORD)

    async def test_needs_the_password(self, client: httpx.AsyncClient) -> None:
        await register(client)
        body = {"current_password": NEW_PASSWORD, "new_password": NEW_PASSWORD}
        headers = authorized(await log_in(client))
        answer = await client.post(f"{ME}/password", json=body, headers=headers)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "body.current_password"

    async def test_refuses_a_weak_one(self, client: httpx.AsyncClient) -> None:
        await register(client)
        body = {"current_password": PASSWORD, "new_password": "fourteen chars"}
        headers = authorized(await log_in(client))
        answer = await client.post(f"{ME}/password", json=body, headers=headers)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "body.new_password"


class TestDeleteOwnUser:
    async def test_ends_the_account_and_its_logins(self, client: httpx.AsyncClient) -> None:
        await register(client)
        tokens = await log_in(client)
        assert (await client.delete(ME, headers=authorized(tokens))).status_code == 204
        assert (await client.get(ME, headers=authorized(tokens))).status_code == 401
        refused = await request_token(
            client, grant_type="refresh_token", refresh_token=tokens["refresh_token"]
        )
        assert refused.json()["error"] == "invalid_grant"

    async def test_tells_whoever_keeps_something_for_it(
        self, client: httpx.AsyncClient, resources: Resources, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        user = await register(client)
        tokens = await log_in(client)
        dispatch = Mock()
        monkeypatch.setattr(resources.events, "dispatch", dispatch)
        await client.delete(ME, headers=authorized(tokens))
        dispatch.assert_called_once_with([SubjectDeleted(subject=user["id"])])
