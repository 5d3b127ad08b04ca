"""Logging in, staying logged in, logging out."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select, update

from {{ cookiecutter.__package }}.core.db.base import utc_now
from {{ cookiecutter.__package }}.core.db.database import Database
from {{ cookiecutter.__package }}.features.auth.models import RefreshToken
from {{ cookiecutter.__package }}.features.users.models import User
from {{ cookiecutter.__package }}.resources import Resources

from tests.helpers.client import PASSWORD, change_settings, log_in, register, request_token

TOKEN = "/api/v1/auth/token"


async def refresh(client: httpx.AsyncClient, refresh_token: str) -> httpx.Response:
    return await request_token(client, grant_type="refresh_token", refresh_token=refresh_token)


async def change_tokens(database: Database, **values: Any) -> None:
    async with database.transaction() as session:
        await session.execute(update(RefreshToken).values(**values))


async def stored_hash(database: Database) -> str | None:
    async with database.reading() as session:
        return await session.scalar(select(User.password_hash))


class TestPasswordGrant:
    async def test_answers_with_tokens(self, client: httpx.AsyncClient) -> None:
        await register(client, "ann@example.com")
        answer = await request_token(
            client, grant_type="password", username="Ann@Example.com", password=PASSWORD
        )
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        body = answer.json()
        assert body["token_type"] == "Bearer"
        assert body["expires_in"] == 900
        assert len(body["refresh_token"]) >= 43

    async def test_says_the_same_of_a_wrong_password_and_an_unknown_user(
        self, client: httpx.AsyncClient
    ) -> None:
        await register(client, "ann@example.com")
        form = {"grant_type": "password", "password": "not the right one"}
        wrong = await request_token(client, username="ann@example.com", **form)
        unknown = await request_token(client, username="bob@example.com", **form)
        assert wrong.status_code == unknown.status_code == 400
        assert wrong.json() == unknown.json()
        assert wrong.json()["error"] == "invalid_grant"

    async def test_hashes_for_an_unknown_user_too(
        self, resources: Resources, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        passwords = resources.passwords
        hashing = Mock(wraps=passwords._verify)  # noqa: SLF001 - an attacker sees how long it takes.
        monkeypatch.setattr(passwords, "_verify", hashing)
        await request_token(client, grant_type="password", username="no@one.org", password="x")
        hashing.assert_called_once()

    async def test_grants_fewer_scopes_on_request(
        self, app: FastAPI, client: httpx.AsyncClient
    ) -> None:
        scopes = ("a:read", "a:write")
        app.state.resources = replace(app.state.resources, user_scopes=scopes)
        await register(client)
        form = {"grant_type": "password", "username": "ann@example.com", "password": PASSWORD}
        assert (await request_token(client, **form)).json()["scope"] == "a:read a:write"
        assert (await request_token(client, **form, scope="a:read")).json()["scope"] == "a:read"
        refused = await request_token(client, **form, scope="a:read users:admin")
        assert refused.json()["error"] == "invalid_scope"

    async def test_renews_a_hash_with_old_parameters(
        self, resources: Resources, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await register(client)
        before = await stored_hash(resources.database)
        monkeypatch.setattr(resources.passwords, "needs_rehash", lambda stored: stored == before)
        await log_in(client)
        assert await stored_hash(resources.database) != before
        await log_in(client)

    async def test_renewing_a_hash_undoes_no_change_of_the_password(
        self, resources: Resources, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await register(client)

        async def hash_slowly(_password: str) -> str:
            async with resources.database.transaction() as session:
                await session.execute(update(User).values(password_hash="changed"))
            return "renewed"

        monkeypatch.setattr(resources.passwords, "needs_rehash", lambda _stored: True)
        monkeypatch.setattr(resources.passwords, "hash", hash_slowly)
        await log_in(client)
        assert await stored_hash(resources.database) == "changed"

    async def test_is_limited_per_account_known_or_not(
        self, app: FastAPI, client: httpx.AsyncClient
    ) -> None:
        change_settings(app, "auth", login_rate_per_account="2/minute")
        form = {"grant_type": "password", "password": "x"}
        spellings = ("bob@example.com", "BOB@example.com", "bob@example.com")
        answers = [await request_token(client, username=name, **form) for name in spellings]
        assert [answer.status_code for answer in answers] == [400, 400, 429]
        assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
        assert answers[-1].headers["RateLimit-Remaining"] == "0"
        other = await request_token(client, username="ann@example.com", **form)
        assert other.status_code == 400

    async def test_is_limited_per_address(self, app: FastAPI, client: httpx.AsyncClient) -> None:
        change_settings(app, "auth", login_rate_per_address="2/minute")
        form = {"grant_type": "password", "password": "x"}
        answers = [await request_token(client, username=f"{n}@x.org", **form) for n in range(3)]
        assert [answer.status_code for answer in answers] == [400, 400, 429]

    async def test_holds_no_connection_while_it_hashes(
        self,
        committed_app: FastAPI,
        committed_client: httpx.AsyncClient,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        await register(committed_client)
        resources: Resources = committed_app.state.resources
        sessions = (resources.database.write_sessions, resources.database.read_sessions)
        pools = [factory.kw["bind"].pool for factory in sessions]
        verify, held = resources.passwords.verify, list[int]()

        async def watched_verify(*args: str) -> bool:
            held.extend(pool.checkedout() for pool in pools)
            return bool(await verify(*args))

        monkeypatch.setattr(resources.passwords, "verify", watched_verify)
        await log_in(committed_client)
        assert held == [0, 0]

    async def test_purges_what_has_expired(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        await register(client)
        await log_in(client)
        await change_tokens(database, expires_at=utc_now() - timedelta(seconds=1))
        await log_in(client)
        async with database.reading() as session:
            assert await session.scalar(select(func.count()).select_from(RefreshToken)) == 1


class TestRefreshTokenGrant:
    async def test_rotates(self, client: httpx.AsyncClient) -> None:
        await register(client)
        first = await log_in(client)
        second = (await refresh(client, first["refresh_token"])).json()
        assert second["refresh_token"] != first["refresh_token"]
        assert second["scope"] == first["scope"]
        third = await refresh(client, second["refresh_token"])
        assert third.status_code == 200

    async def test_refuses_a_quick_repeat_and_spares_the_family(
        self, client: httpx.AsyncClient
    ) -> None:
        await register(client)
        first = await log_in(client)
        second = (await refresh(client, first["refresh_token"])).json()
        repeat = await refresh(client, first["refresh_token"])
        assert repeat.json()["error"] == "invalid_grant"
        assert (await refresh(client, second["refresh_token"])).status_code == 200

    async def test_ends_the_family_of_a_stolen_token(
        self, committed_app: FastAPI, committed_client: httpx.AsyncClient
    ) -> None:
        # With real commits: what the refusal rolled back would be alive again here.
        await register(committed_client)
        first = await log_in(committed_client)
        second = (await refresh(committed_client, first["refresh_token"])).json()
        change_settings(committed_app, "auth", refresh_reuse_grace=0)
        assert (await refresh(committed_client, first["refresh_token"])).status_code == 400
        assert (await refresh(committed_client, second["refresh_token"])).status_code == 400

    async def test_of_twenty_at_once_one_wins_and_its_token_lives_on(
        self, committed_client: httpx.AsyncClient
    ) -> None:
        await register(committed_client)
        token = (await log_in(committed_client))["refresh_token"]
        answers = await asyncio.gather(*(refresh(committed_client, token) for _ in range(20)))
        winners = [answer.json() for answer in answers if answer.status_code == 200]
        assert len(winners) == 1
        assert (await refresh(committed_client, winners[0]["refresh_token"])).status_code == 200

    async def test_ends_with_the_login_however_often_rotated(
        self, client: httpx.AsyncClient, database: Database
    ) -> None:
        await register(client)
        second = (await refresh(client, (await log_in(client))["refresh_token"])).json()
        async with database.reading() as session:
            ends = (await session.scalars(select(RefreshToken.expires_at))).all()
        assert len(set(ends)) == 1
        await change_tokens(database, expires_at=utc_now() - timedelta(seconds=1))
        assert (await refresh(client, second["refresh_token"])).status_code == 400

    async def test_refuses_an_access_token(self, client: httpx.AsyncClient) -> None:
        await register(client)
        answer = await refresh(client, (await log_in(client))["access_token"][:200])
        assert answer.json()["error"] == "invalid_grant"

    async def test_stores_no_token(self, client: httpx.AsyncClient, database: Database) -> None:
        await register(client)
        tokens = await log_in(client)
        async with database.reading() as session:
            stored = await session.scalar(select(RefreshToken.token_hash))
        assert stored is not None
        assert tokens["refresh_token"] not in stored


class TestForm:
    @pytest.mark.parametrize(
        ("body", "error"),
        [
            ("", "invalid_request"),
            ("grant_type=", "invalid_request"),
            ("grant_type=client_credentials", "unsupported_grant_type"),
            ("grant_type=password&username=ann%40example.com", "invalid_request"),
            ("grant_type=refresh_token&refresh_token=a&refresh_token=b", "invalid_request"),
            ("grant_type=refresh_token", "invalid_request"),
            ("grant_type=refresh_token&refresh_token=unknown", "invalid_grant"),
            ("grant_type=refresh_token&refresh_token=" + "x" * 5000, "invalid_request"),
            ("grant_type=password&username=a%00b&password=x", "invalid_request"),
            ("grant_type=password&username=a%ff&password=x&unknown=y", "invalid_grant"),
        ],
    )
    async def test_refuses_with_the_code_of_the_rfc(
        self, client: httpx.AsyncClient, body: str, error: str
    ) -> None:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await client.post(TOKEN, content=body, headers=form)
        assert answer.status_code == 400
        assert answer.json()["error"] == error
        assert answer.headers["Cache-Control"] == "no-store"

    async def test_its_limits_are_documented(self, client: httpx.AsyncClient) -> None:
        document = (await client.get("/openapi.json")).json()
        body = document["paths"]["/api/v1/auth/revoke"]["post"]["requestBody"]
        form = body["content"]["application/x-www-form-urlencoded"]["schema"]
        token = form["properties"]["token"]
        assert (token["minLength"], token["maxLength"]) == (1, 4096)
        assert not re.search(token["pattern"], "\0")

    @pytest.mark.parametrize("content", ["a=b&" * 51, "a=" + "%41" * 6000])
    async def test_refuses_more_than_a_form_of_its_own(
        self, client: httpx.AsyncClient, content: str
    ) -> None:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await client.post("/api/v1/auth/token", content=content, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
        assert "larger than any form" in answer.json()["error_description"]

    async def test_refuses_other_content(self, client: httpx.AsyncClient) -> None:
        json = await client.post(TOKEN, json={"grant_type": "password"})
        file = await client.post(TOKEN, files={"grant_type": b"password"})
        assert json.json()["error"] == file.json()["error"] == "invalid_request"


class TestRevoke:
    async def test_ends_every_token_of_the_login(self, client: httpx.AsyncClient) -> None:
        await register(client)
        first = await log_in(client)
        second = (await refresh(client, first["refresh_token"])).json()
        answer = await client.post("/api/v1/auth/revoke", data={"token": first["refresh_token"]})
        assert answer.status_code == 200
        assert (await refresh(client, second["refresh_token"])).status_code == 400

    async def test_spares_other_logins(self, client: httpx.AsyncClient) -> None:
        await register(client)
        here, there = await log_in(client), await log_in(client)
        await client.post("/api/v1/auth/revoke", data={"token": here["refresh_token"]})
        assert (await refresh(client, there["refresh_token"])).status_code == 200

    @pytest.mark.parametrize(("length", "status"), [(7, 200), (4096, 200), (4097, 400)])
    async def test_does_not_mind_an_unknown_token(
        self, client: httpx.AsyncClient, length: int, status: int
    ) -> None:
        answer = await client.post("/api/v1/auth/revoke", data={"token": "x" * length})
        assert answer.status_code == status
