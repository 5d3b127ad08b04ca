"""PostgreSQL goes away under load and comes back."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable
from dataclasses import dataclass, field

import httpx
import pytest
from conftest import Report

from campaigns.databases import Databases, PostgresqlDatabases
from campaigns.service import Account, Serve, Service, answered, refresh

pytestmark = [pytest.mark.campaign, pytest.mark.anyio]
CLIENTS = 8
BEFORE = 2.0
AWAY = 3.0
AFTER = 4.0
RECOVERY = 2.0
BAD_REQUEST = 400
UNAVAILABLE = 503


@dataclass
class Load:
    """Requests without an end, and what became of each: when, status, Retry-After."""

    service: Service
    account: Account
    answers: list[tuple[float, int, bool]] = field(default_factory=list)
    over: bool = False
    logged_in_anew: int = 0

    async def run(self) -> None:
        """Write, read and stay logged in until it is over.

        A refresh that was answered with 503 may have been committed all the same, its answer lost
        with the connection. The next one is then taken for a theft, and whoever it is logs in anew.
        """
        refresh_token = (await self.service.sign_up()).refresh_token
        uncertain = False
        async with self.service.client(self.account) as client:
            while not self.over:
                await self._count(client.post("/api/v1/items", json={"name": "Persistent"}))
                await self._count(client.get("/api/v1/items"))
                answer = await answered(refresh(client, refresh_token))
                if uncertain and answer.status_code == BAD_REQUEST:
                    refresh_token = (await self.service.sign_up()).refresh_token
                    self.logged_in_anew += 1
                else:
                    self._note(answer)
                if answer.is_success:
                    refresh_token = answer.json()["refresh_token"]
                uncertain = answer.status_code == UNAVAILABLE
                await asyncio.sleep(0.02)

    async def _count(self, request: Awaitable[httpx.Response]) -> None:
        self._note(await answered(request))

    def _note(self, answer: httpx.Response) -> None:
        told_when = "Retry-After" in answer.headers
        self.answers.append((time.monotonic(), answer.status_code, told_when))

    def wrong(self) -> int:
        """Return how many were neither a success nor a 503 that says when to come again."""
        return sum(
            not (200 <= status < 300 or (status == UNAVAILABLE and told_when))
            for _, status, told_when in self.answers
        )

    def first_success_after(self, moment: float) -> float:
        """Return how long after `moment` the first success came, or infinity."""
        times = [at - moment for at, status, _ in self.answers if 0 < status < 300 and at > moment]
        return min(times, default=float("inf"))

    def statuses(self, *, since: float = 0) -> Counter[int]:
        """Return how many there were of each status."""
        return Counter(status for at, status, _ in self.answers if at >= since)


@pytest.fixture
def databases(postgresql: PostgresqlDatabases) -> Databases:
    """Return the kind of database that is a server."""
    return postgresql


async def _restart(postgresql: PostgresqlDatabases, url: str) -> float:
    """Stop the server, start it a little later, return when it accepted connections."""
    await asyncio.to_thread(postgresql.stop)
    await asyncio.sleep(AWAY)
    starting = asyncio.create_task(asyncio.to_thread(postgresql.start))
    while not await postgresql.accepts_connections(url):
        await asyncio.sleep(0.02)
    back_at = time.monotonic()
    await starting
    return back_at


async def test_a_database_that_restarts_costs_503_and_no_restart_of_ours(
    serve: Serve, postgresql: PostgresqlDatabases, report: Report
) -> None:
    service = serve()
    load = Load(service, await service.sign_up())
    running = [asyncio.create_task(load.run()) for _ in range(CLIENTS)]
    await asyncio.sleep(BEFORE)
    back_at = await _restart(postgresql, service.database_url)
    await asyncio.sleep(AFTER)
    load.over = True
    await asyncio.gather(*running)
    recovery = load.first_success_after(back_at)
    late = load.statuses(since=back_at + RECOVERY)
    figures = (
        f"{dict(load.statuses())}, {load.wrong()} neither 2xx nor 503 with Retry-After;"
        f" {load.logged_in_anew} of {CLIENTS} logged in anew;"
        f" first success {recovery:.2f} s after it was back; from {RECOVERY:.0f} s on {dict(late)}"
    )
    assert load.wrong() == 0, figures
    assert load.statuses()[UNAVAILABLE] > 0, f"{figures}: it was never away"
    assert recovery <= RECOVERY, figures
    assert set(late) <= {200, 201}, figures
    assert service.is_running(), figures
    report(f"restart, postgresql: {figures}")
