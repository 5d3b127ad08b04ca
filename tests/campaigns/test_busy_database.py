"""Every connection for writing is taken, by writers that wait for somebody's lock."""

import asyncio

import httpx
import pytest
from conftest import Report

from campaigns.databases import Databases
from campaigns.service import Serve, Tally, repeat

pytestmark = [pytest.mark.campaign, pytest.mark.anyio]
WRITERS = 30
CONNECTIONS = {"sqlite": 1, "postgresql": 10}
POOL_SECONDS = 2.0
MARGIN = 1.0
LOCKED_SECONDS = POOL_SECONDS + MARGIN + 0.5
LIVE_P95 = 100
READY_SECONDS = 1.0
ITEM = {"name": "Patient"}


async def test_a_full_pool_answers_503_in_time_and_reads_go_on(
    serve: Serve, databases: Databases, report: Report
) -> None:
    service = serve(APP_DATABASE__POOL_TIMEOUT=str(POOL_SECONDS))
    writes, reads, live, ready, after = Tally(), Tally(), Tally(), Tally(), Tally()
    async with service.client(await service.sign_up()) as client, service.client() as probe:

        async def write(tally: Tally) -> tuple[httpx.Response, float]:
            answer = await tally.add(client.post("/api/v1/items", json=ITEM))
            return answer, tally.seconds[-1]

        async def read() -> None:
            await reads.add(client.get("/api/v1/items"))

        async def poll_live() -> None:
            await live.add(probe.get("/health/live"))

        async def poll_ready() -> None:
            await ready.add(probe.get("/health/ready"))

        # What the login left to do in the background writes too, and must not be in this queue.
        await write(after)
        async with databases.writes_blocked(service.database_url):
            writing = [asyncio.create_task(write(writes)) for _ in range(WRITERS)]
            await asyncio.gather(
                repeat(read, LOCKED_SECONDS, pause=0.02),
                repeat(poll_live, LOCKED_SECONDS, pause=0.02),
                repeat(poll_ready, LOCKED_SECONDS, pause=0.1),
            )
        answers = await asyncio.gather(*writing)
        await asyncio.gather(*(write(after) for _ in range(WRITERS)))
    refused = [(answer, seconds) for answer, seconds in answers if answer.status_code == 503]
    slowest = max((seconds for _, seconds in refused), default=0)
    figures = (
        f"writes {writes} (slowest 503 {slowest:.1f} s), reads {reads} (p95 {reads.p95:.0f} ms),"
        f" /health/live {live} (p95 {live.p95:.1f} ms),"
        f" /health/ready {ready} (slowest {ready.slowest:.0f} ms), writes afterwards {after}"
    )
    assert len(refused) == WRITERS - CONNECTIONS[databases.answer], figures
    assert writes.only(201, 503), figures
    assert all("Retry-After" in answer.headers for answer, _ in refused), figures
    assert slowest < POOL_SECONDS + MARGIN, figures
    assert reads.only(200), figures
    assert live.only(200), figures
    assert live.p95 < LIVE_P95, figures
    assert ready.only(200), figures
    assert ready.slowest < READY_SECONDS * 1000, figures
    assert after.only(201), figures
    report(f"full pool, {databases.answer}: {figures}")
