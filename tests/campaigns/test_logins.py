"""A storm of logins, with the hashes of production."""

import asyncio
from functools import partial

import httpx
import pytest
from conftest import Report

from campaigns.databases import Databases
from campaigns.service import Serve, Tally, arrive, log_in, repeat

pytestmark = [pytest.mark.campaign, pytest.mark.anyio]
CLIENTS = 50
SECONDS = 8.0
LIVE_P95 = 100
PRODUCTION = {
    "APP_ENVIRONMENT": "production",
    "APP_SERVER__TRUSTED_HOSTS": '["127.0.0.1"]',
    "APP_AUTH__ARGON2_TIME_COST": "2",
    "APP_AUTH__ARGON2_MEMORY_KIB": "19456",
}
ONE_PROCESS = {"APP_DATABASE__ALLOW_IN_PRODUCTION": "true"}


async def test_a_login_storm_leaves_everybody_else_alone(
    serve: Serve, databases: Databases, report: Report
) -> None:
    service = serve(**PRODUCTION, **(ONE_PROCESS if databases.answer == "sqlite" else {}))
    account = await service.sign_up()
    logins, reads, live = Tally(), Tally(), Tally()
    async with (
        service.clients(CLIENTS, account) as clients,
        service.client(account) as client,
        service.client() as probe,
    ):

        async def login(client: httpx.AsyncClient) -> None:
            await logins.add(log_in(client, account.email))

        async def read() -> None:
            await reads.add(client.get("/api/v1/items"))

        async def poll() -> None:
            await live.add(probe.get("/health/live"))

        await asyncio.gather(
            *(repeat(partial(login, client), SECONDS) for client in clients),
            arrive(read, SECONDS),
            arrive(poll, SECONDS),
        )
    figures = (
        f"logins {logins}, reads {reads} (p95 {reads.p95:.0f} ms),"
        f" /health/live {live} (p95 {live.p95:.1f} ms)"
    )
    assert reads.only(200), figures
    assert live.only(200), figures
    assert live.p95 < LIVE_P95, figures
    assert logins.statuses[200] >= CLIENTS, figures
    assert logins.only(200, 503), figures
    report(f"login storm, {databases.answer}: {figures}")
