"""Clients that send a byte now and then, and never an end."""

import asyncio
import contextlib
import time

import pytest
from conftest import Report
from serving import HOST

from campaigns.databases import Databases
from campaigns.service import Account, Serve, Service, Tally, repeat

pytestmark = [pytest.mark.campaign, pytest.mark.anyio]
SENDERS = 250
HEADER_SECONDS = 3.0
BODY_SECONDS = 5.0
MARGIN = 1.0
READ_P95 = 500
HEAD = "POST /api/v1/items HTTP/1.1\r\nHost: 127.0.0.1\r\n"


def _half_a_head() -> bytes:
    return f"{HEAD}X-Slow: ".encode()


def _half_a_body(account: Account) -> bytes:
    head = "Content-Type: application/json\r\nContent-Length: 1000\r\n"
    authorization = f"Authorization: {account.headers['Authorization']}\r\n"
    return f'{HEAD}{head}{authorization}\r\n{{"name": "'.encode()


async def _held_for(service: Service, start: bytes, limit: float) -> float:
    """Return for how long the service bears a sender, at most `limit` seconds."""
    reader, writer = await asyncio.open_connection(HOST, service.port)
    began = time.monotonic()
    writer.write(start)
    dripping = asyncio.create_task(_drip(writer))
    with contextlib.suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(limit):
            await reader.read()
    seconds = time.monotonic() - began
    dripping.cancel()
    writer.transport.abort()
    return seconds


async def _drip(writer: asyncio.StreamWriter) -> None:
    while not writer.is_closing():
        await asyncio.sleep(0.5)
        writer.write(b"a")


async def test_slow_senders_are_cut_off_and_nobody_else_notices(
    serve: Serve, databases: Databases, report: Report
) -> None:
    service = serve(
        APP_SERVER__HEADER_TIMEOUT=str(HEADER_SECONDS), APP_SERVER__BODY_TIMEOUT=str(BODY_SECONDS)
    )
    account = await service.sign_up()
    reads = Tally()
    async with service.client(account) as client:

        async def read() -> None:
            await reads.add(client.get("/api/v1/items"))

        count = SENDERS // 2
        header_limit, body_limit = HEADER_SECONDS + MARGIN, BODY_SECONDS + MARGIN
        holding = asyncio.gather(
            *(_held_for(service, _half_a_head(), header_limit) for _ in range(count)),
            *(_held_for(service, _half_a_body(account), body_limit) for _ in range(count)),
        )
        await repeat(read, body_limit, pause=0.05)
        held = await holding
    heads, bodies = held[:count], held[count:]
    open_heads = sum(seconds >= header_limit for seconds in heads)
    open_bodies = sum(seconds >= body_limit for seconds in bodies)
    figures = (
        f"{count} heads held for {min(heads):.1f} to {max(heads):.1f} s ({open_heads} still open),"
        f" {count} bodies {min(bodies):.1f} to {max(bodies):.1f} s ({open_bodies} still open),"
        f" reads beside them {reads} (p95 {reads.p95:.0f} ms)"
    )
    assert open_heads == open_bodies == 0, figures
    assert min(heads) >= HEADER_SECONDS - 0.1, figures
    assert min(bodies) >= BODY_SECONDS - 0.1, figures
    assert reads.only(200), figures
    assert reads.p95 < READ_P95, figures
    report(f"slow senders, {databases.answer}: {figures}")
