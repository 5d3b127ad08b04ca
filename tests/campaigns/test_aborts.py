"""Clients that go away in the middle of a request."""

import asyncio
import json
import random
import socket
import struct
from collections import Counter

import httpx
import pytest
from conftest import Report
from serving import HOST

from campaigns.databases import Databases
from campaigns.service import Account, Serve, Service, Tally

pytestmark = [pytest.mark.campaign, pytest.mark.anyio]
ABORTS = 300
AT_ONCE = 30
LONGEST_WAIT = 0.05
SETTLE_SECONDS = 1.0
NEXT_WRITE_SECONDS = 1.0
WRITERS = 30  # more than there are connections: one that was lost would be missed
SEED = 43
RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time: closing sends RST instead of FIN


def _description(name: str) -> str:
    return f"All of {name}. " * 50


def _request(account: Account, name: str) -> bytes:
    body = json.dumps({"name": name, "description": _description(name)}).encode()
    head = (
        f"POST /api/v1/items HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
        f"Authorization: {account.headers['Authorization']}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _abort(service: Service, request: bytes, moment: random.Random) -> str:
    """Send some or all of a request, wait a little, go away; return how."""
    whole = moment.random() < 0.7
    part = request if whole else request[: moment.randrange(len(request))]
    reset = moment.random() < 0.5
    _, writer = await asyncio.open_connection(HOST, service.port)
    writer.write(part)
    await asyncio.sleep(moment.uniform(0, LONGEST_WAIT))
    if reset:
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()
    return f"{'whole' if whole else 'half'} requests, {'RST' if reset else 'FIN'}"


async def _all_items(client: httpx.AsyncClient) -> list[dict[str, str]]:
    items: list[dict[str, str]] = []
    query: dict[str, str] = {"limit": "100"}
    while True:
        page = (await client.get("/api/v1/items", params=query)).raise_for_status().json()
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        query["cursor"] = page["next_cursor"]


async def _settled(databases: Databases, url: str) -> int:
    """Return how many transactions are left open; what is in flight gets time to end."""
    await asyncio.sleep(SETTLE_SECONDS)
    return await databases.open_transactions(url)


async def test_aborted_creates_leave_nothing_half_done(
    serve: Serve, databases: Databases, report: Report
) -> None:
    service = serve()
    account = await service.sign_up()
    moment = random.Random(SEED)  # noqa: S311 - no secret
    limit = asyncio.Semaphore(AT_ONCE)

    async def abort(number: int) -> str:
        async with limit:
            return await _abort(service, _request(account, f"aborted-{number}"), moment)

    ways = Counter(await asyncio.gather(*(abort(number) for number in range(ABORTS))))
    left = await _settled(databases, service.database_url)
    following, together = Tally(), Tally()
    async with service.client(account) as client:
        await following.add(client.post("/api/v1/items", json={"name": "next"}))
        made = await _all_items(client)
        writes = (client.post("/api/v1/items", json={"name": "next"}) for _ in range(WRITERS))
        await asyncio.gather(*(together.add(write) for write in writes))
    rows = [item for item in made if item["name"] != "next"]
    broken = [item for item in rows if item["description"] != _description(item["name"])]
    twice = len(rows) - len({item["name"] for item in rows})
    figures = (
        f"{ABORTS} aborted ({', '.join(f'{way} x {n}' for way, n in sorted(ways.items()))});"
        f" {left} transactions left open, next write {following} in {following.slowest:.0f} ms,"
        f" {WRITERS} at once {together}; {len(rows)} rows, {len(broken)} broken, {twice} twice"
    )
    assert left == 0, figures
    assert following.only(201), figures
    assert following.slowest < NEXT_WRITE_SECONDS * 1000, figures
    assert together.only(201), figures
    assert not broken, figures
    assert twice == 0, figures
    assert 0 < len(rows) < ABORTS, f"{figures}: the moments were not random"
    report(f"aborts, {databases.answer}: {figures}")
