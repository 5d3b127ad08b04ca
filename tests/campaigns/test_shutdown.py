"""SIGTERM while requests are in flight."""

import asyncio
import signal
from collections import Counter

import httpx
import pytest
from conftest import Report
from serving import HOST

from campaigns.databases import Databases
from campaigns.service import Account, Serve, Service, Tally, answered, repeat

pytestmark = [pytest.mark.campaign, pytest.mark.anyio]
WAITING = 10  # for a lock that the test holds
SENDING = 10  # a body, slowly
DRAIN_SECONDS = 2.0
REQUEST_SECONDS = 4.0
EXIT_SECONDS = 10.0
PIECES = 40
BODY = b'{"name": "%s"}' % (b"x" * PIECES)
PATIENT = {
    "APP_SERVER__DRAIN_SECONDS": str(DRAIN_SECONDS),
    "APP_DATABASE__POOL_TIMEOUT": "15",
}
BUSY_TIMEOUT = {"APP_DATABASE__BUSY_TIMEOUT": "15"}


async def _send_slowly(service: Service, account: Account) -> tuple[int, str]:
    """Create an item over several seconds; return the status and the Connection header."""
    reader, writer = await asyncio.open_connection(HOST, service.port)
    head = (
        f"POST /api/v1/items HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
        f"Authorization: {account.headers['Authorization']}\r\nContent-Length: {len(BODY)}\r\n\r\n"
    )
    writer.write(head.encode())
    for start in range(len(BODY)):
        writer.write(BODY[start : start + 1])
        await asyncio.sleep(REQUEST_SECONDS / len(BODY))
    try:
        answer = (await reader.read()).decode()
    except ConnectionError:
        answer = ""
    writer.close()
    status = int(answer.split(" ", 2)[1]) if answer else 0
    return status, "close" if "connection: close" in answer.lower() else ""


async def _create(client: httpx.AsyncClient) -> tuple[int, str]:
    """Create an item; return the status and the Connection header."""
    answer = await answered(client.post("/api/v1/items", json={"name": "Waiting"}))
    return answer.status_code, answer.headers.get("Connection", "")


async def _readiness(service: Service) -> httpx.Response:
    """Ask on a connection of its own, as a load balancer does."""
    async with service.client() as client:
        return await client.get("/health/ready")


async def test_what_is_in_flight_at_sigterm_is_finished(
    serve: Serve, databases: Databases, report: Report
) -> None:
    service = serve(**PATIENT, **(BUSY_TIMEOUT if databases.answer == "sqlite" else {}))
    account = await service.sign_up()
    ready = Tally()
    staying = Counter[str | None]()

    async def poll() -> None:
        answer = await ready.add(_readiness(service))
        staying[answer.headers.get("Connection")] += 1

    async with service.client(account) as client:
        async with databases.writes_blocked(service.database_url):
            waiting = [asyncio.create_task(_create(client)) for _ in range(WAITING)]
            sending = [asyncio.create_task(_send_slowly(service, account)) for _ in range(SENDING)]
            await asyncio.sleep(0.5)
            service.process.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.1)
            await repeat(poll, DRAIN_SECONDS - 0.5, pause=0.1)
            await asyncio.sleep(REQUEST_SECONDS - DRAIN_SECONDS)
        answers = await asyncio.gather(*waiting, *sending)
    async with asyncio.timeout(EXIT_SECONDS):
        code = await asyncio.to_thread(service.process.wait)
    done = sum(status == 201 for status, _ in answers)
    closed = sum(connection == "close" for _, connection in answers)
    figures = (
        f"{done} of {WAITING + SENDING} in flight done, {closed} told to close;"
        f" readiness during the drain {ready}, Connection {dict(staying)}; exit code {code}"
    )
    assert done == closed == WAITING + SENDING, figures
    assert ready.only(503), figures
    assert set(staying) == {"close"}, figures
    assert code == 0, figures
    report(f"SIGTERM, {databases.answer}: {figures}")
