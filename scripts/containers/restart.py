"""A rolling restart of two instances behind a balancer, under load."""

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from containers.checks import Checks
from containers.images import HEADERS, PORT, answers, begin_post, end_post, options, settings
from containers.podman import START_SECONDS, address, build, podman, running, wait_for

HOST = "127.0.0.1"
CLIENTS = 12
LEAST_REQUESTS = 3000
PROBE_SECONDS = 0.5
IN_FLIGHT_SECONDS = 5
PASSWORD = "a long walk in autumn rain"  # noqa: S105 - of an account that lives for a minute


@dataclass
class Balancer:
    """Sends each new connection to an instance that is ready, as a Service of Kubernetes does."""

    instances: list[str] = field(default_factory=list)
    ready: list[str] = field(default_factory=list)
    turn: int = 0
    connections: int = 0

    async def probe(self) -> None:
        """Ask all instances again and again whether they are ready."""
        while True:
            self.ready = [
                one
                for one in list(self.instances)  # It changes while they are asked.
                if await asyncio.to_thread(answers, one, "/health/ready")
            ]
            await asyncio.sleep(PROBE_SECONDS)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on what one client sends, and what comes back; hang up if nobody is ready."""
        self.connections += 1
        try:
            if self.ready:
                back, forth = await asyncio.open_connection(self._next(), PORT)
                await asyncio.gather(_copy(reader, forth), _copy(back, writer))
        except OSError:
            pass  # The client sees it: we hang up.
        finally:
            self.connections -= 1
            writer.close()

    def _next(self) -> str:
        self.turn += 1
        return self.ready[self.turn % len(self.ready)]


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while part := await reader.read(65536):
            writer.write(part)
            await writer.drain()
    finally:
        writer.close()


@dataclass
class Load:
    """Clients that read and write without a pause, each on a connection that it keeps."""

    url: str
    token: str = ""
    statuses: Counter[str] = field(default_factory=Counter)
    over: bool = False

    async def sign_up(self) -> None:
        """Make the account whose items are read and written."""
        email = f"{uuid.uuid4().hex}@example.com"
        async with self._client() as client:
            account = {"email": email, "password": PASSWORD}
            answer = await client.post("/api/v1/users", json=account)
            form = {"grant_type": "password", "username": email, "password": PASSWORD}
            answer = await client.post("/api/v1/auth/token", data=form)
        self.token = answer.json()["access_token"]

    async def run(self) -> None:
        """Ask until it is over, and count what came back."""
        async with self._client() as client:
            while not self.over:
                await self._count(client.post("/api/v1/items", json={"name": "Rolling"}), 201)
                await self._count(client.get("/api/v1/items?limit=5"), 200)

    async def _count(self, request: Awaitable[httpx.Response], expected: int) -> None:
        try:
            status = (await request).status_code
        except httpx.TransportError as error:
            self.statuses[type(error).__name__] += 1
        else:
            self.statuses["ok" if status == expected else str(status)] += 1

    def _client(self) -> httpx.AsyncClient:
        headers = {**HEADERS, **({"Authorization": f"Bearer {self.token}"} if self.token else {})}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=30, trust_env=False)


def check_restart(checks: Checks, project: Path, tag: str, server: str) -> None:
    """Restart two instances of a service's image, one after the other."""
    build(project, tag)
    run = options(settings(server))
    podman("run", "--rm", *run, tag, "orders-api", "migrate")
    name = "restart: two instances, one after the other, and no request fails"
    with checks(name) as said, ExitStack() as instances:
        asyncio.run(_restart(instances, tag, run, said))


async def _restart(instances: ExitStack, tag: str, run: list[str], said: list[str]) -> None:
    balancer = Balancer()
    old = [await _start(instances, balancer, tag, run) for _ in range(2)]
    probing = asyncio.create_task(balancer.probe())
    listening = await asyncio.start_server(balancer.accept, HOST, 0)
    load = Load(f"http://{HOST}:{listening.sockets[0].getsockname()[1]}")
    await _until(lambda: len(balancer.ready) == len(old))
    await load.sign_up()
    clients = [asyncio.create_task(load.run()) for _ in range(CLIENTS)]
    started = time.monotonic()
    await asyncio.sleep(2)
    for container in old:
        await _start(instances, balancer, tag, run)
        await asyncio.to_thread(_stop, balancer, container)
    await _until(lambda: load.statuses.total() >= LEAST_REQUESTS)
    await asyncio.sleep(1)
    load.over = True
    await asyncio.gather(*clients)
    probing.cancel()
    listening.close()
    await _until(lambda: not balancer.connections)  # Cancelled ones would be told as errors.
    requests = load.statuses.total()
    failed = requests - load.statuses["ok"]
    said.append(f"{failed} of {requests} failed in {time.monotonic() - started:.0f} s")
    said.append(f"2 requests of {IN_FLIGHT_SECONDS} s were finished")
    assert not failed, dict(load.statuses)


async def _until(question: Callable[[], bool]) -> None:
    """Wait for a yes. Raises TimeoutError where it does not come, as when all clients are dead."""
    async with asyncio.timeout(START_SECONDS):
        while not question():
            await asyncio.sleep(0.1)


async def _start(instances: ExitStack, balancer: Balancer, tag: str, run: list[str]) -> str:
    container = await asyncio.to_thread(instances.enter_context, running(tag, *run))
    host = address(container)
    await asyncio.to_thread(wait_for, lambda: answers(host, "/health/ready"))
    balancer.instances.append(host)
    return container


def _stop(balancer: Balancer, container: str) -> None:
    """Stop an instance with a request in flight, as a node does: it is told, and waited for."""
    host = address(container)
    connection, rest = begin_post(host)
    podman("kill", "--signal=TERM", container)
    time.sleep(IN_FLIGHT_SECONDS)
    answer = end_post(connection, rest)
    assert answer.startswith("HTTP/1.1 201"), answer
    assert podman("wait", container) == "0"
    balancer.instances.remove(host)
