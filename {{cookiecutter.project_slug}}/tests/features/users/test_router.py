"""Accounts over HTTP."""

import httpx

from tests.client import authorized, log_in, register


class TestReadOwnUser:
    async def test_user_reads_himself(self, client: httpx.AsyncClient) -> None:
        user = await register(client, "ann@example.com")
        answer = await client.get("/api/v1/users/me", headers=authorized(await log_in(client)))
        assert answer.status_code == 200
        assert answer.json() == user

    async def test_rolls_back(self, client: httpx.AsyncClient) -> None:
        await register(client, "ann@example.com")


async def test_committed(committed_client: httpx.AsyncClient) -> None:
    await register(committed_client, "ann@example.com")


async def test_committed_again(committed_client: httpx.AsyncClient) -> None:
    await register(committed_client, "ann@example.com")
