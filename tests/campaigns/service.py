"""A service that runs: its process, its address, its log, and the people who use it."""

import asyncio
import re
import signal
import subprocess
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

import httpx
from baking import environment
from serving import HOST, free_port, wait_until_ready

Serve = Callable[..., "Service"]

PASSWORD = "a long walk in autumn rain"  # noqa: S105 - of accounts that live for a minute
SIGNING_KEY = "of a service that lives for a minute"
STOP_SECONDS = 40
UNLIMITED = "1000000/minute"

SETTINGS = {
    "APP_AUTH__SIGNING_KEY": SIGNING_KEY,
    "APP_AUTH__LOGIN_RATE_PER_ACCOUNT": UNLIMITED,
    "APP_AUTH__LOGIN_RATE_PER_ADDRESS": UNLIMITED,
    "APP_LOG__FORMAT": "json",
    "APP_SERVER__DRAIN_SECONDS": "0",
}
# Where hashing is not the subject.
CHEAP_HASHES = {"APP_AUTH__ARGON2_TIME_COST": "1", "APP_AUTH__ARGON2_MEMORY_KIB": "8"}


@dataclass(frozen=True)
class Account:
    """Somebody who has logged in."""

    email: str
    access_token: str
    refresh_token: str

    @property
    def headers(self) -> dict[str, str]:
        """What his requests carry."""
        return {"Authorization": f"Bearer {self.access_token}"}


@dataclass
class Service:
    """A running service."""

    port: int
    database_url: str
    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{HOST}:{self.port}"

    def client(self, account: Account | None = None) -> httpx.AsyncClient:
        """Return a client, of `account` if there is one, with as many connections as it takes."""
        return httpx.AsyncClient(
            base_url=self.url,
            headers=account.headers if account else None,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=None),
            timeout=30,
            trust_env=False,
            verify=False,  # noqa: S501 - there is no TLS, and reading certificates takes time
        )

    @asynccontextmanager
    async def clients(self, count: int, account: Account) -> AsyncIterator[list[httpx.AsyncClient]]:
        """Give many clients: of a single one, each request would look at all its connections."""
        async with AsyncExitStack() as stack:
            clients = [self.client(account) for _ in range(count)]
            yield [await stack.enter_async_context(client) for client in clients]

    async def sign_up(self) -> Account:
        """Register and log in."""
        email = f"{uuid.uuid4().hex}@example.com"
        async with self.client() as client:
            registration = {"email": email, "password": PASSWORD}
            answer = await client.post("/api/v1/users", json=registration)
            assert answer.status_code == 201, answer.text
            answer = await log_in(client, email)
            assert answer.status_code == 200, answer.text
        tokens = answer.json()
        return Account(email, tokens["access_token"], tokens["refresh_token"])

    def forget_peak(self) -> float:
        """Forget how much memory it once had; return the MiB that it has now (on Linux)."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5", encoding="utf-8")
        return self._memory("VmRSS")

    def peak_memory(self) -> float:
        """Return the most MiB that it had since `forget_peak`."""
        return self._memory("VmHWM")

    def _memory(self, field: str) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        (kib,) = re.findall(rf"(?m)^{field}:\s+(\d+) kB$", status)
        return int(kib) / 1024

    def open_files(self) -> int:
        """Return how many files, connections included, it has open."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def is_running(self) -> bool:
        """Return whether its process, the one that was started, still runs."""
        return self.process.poll() is None


async def log_in(client: httpx.AsyncClient, email: str) -> httpx.Response:
    """Ask for tokens for a password."""
    form = {"grant_type": "password", "username": email, "password": PASSWORD}
    return await client.post("/api/v1/auth/token", data=form)


async def refresh(client: httpx.AsyncClient, refresh_token: str) -> httpx.Response:
    """Ask for tokens for a refresh token."""
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return await client.post("/api/v1/auth/token", data=form)


async def answered(request: Awaitable[httpx.Response]) -> httpx.Response:
    """Wait for a request; a connection that fails counts as an answer with status 0."""
    try:
        return await request
    except httpx.TransportError:
        return httpx.Response(0)


@contextmanager
def running(
    command: Path, folder: Path, database_url: str, log: Path, **settings: str
) -> Iterator[Service]:
    """Give the service that `command serve` runs in `folder`."""
    port = free_port()
    variables = environment(
        APP_DATABASE__URL=database_url, APP_SERVER__PORT=str(port), **(SETTINGS | settings)
    )
    with log.open("ab") as output:
        process = subprocess.Popen(
            [command, "serve"], cwd=folder, env=variables, stdout=output, stderr=output
        )
    service = Service(port, database_url, process, log)
    try:
        wait_until_ready(process, port)
        yield service
    finally:
        _stop(process)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


@dataclass
class Tally:
    """What became of many requests: their status codes and how long they took."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    async def add(self, request: Awaitable[httpx.Response]) -> httpx.Response:
        """Wait for a request and count it."""
        start = time.monotonic()
        response = await answered(request)
        self.seconds.append(time.monotonic() - start)
        self.statuses[response.status_code] += 1
        return response

    @property
    def total(self) -> int:
        """How many there were."""
        return self.statuses.total()

    @property
    def p95(self) -> float:
        """Within how many milliseconds 95 of 100 were answered."""
        return quantiles(self.seconds, n=20)[-1] * 1000

    @property
    def slowest(self) -> float:
        """How many milliseconds the slowest took."""
        return max(self.seconds) * 1000

    def only(self, *statuses: int) -> bool:
        """Return whether there was at least one, and none with another status."""
        return bool(self.statuses) and set(self.statuses) <= set(statuses)

    def __str__(self) -> str:
        """Return the counts, e.g. `201 x 12, 503 x 3`."""
        return ", ".join(f"{status} x {count}" for status, count in sorted(self.statuses.items()))


async def repeat(work: Callable[[], Awaitable[object]], seconds: float, pause: float = 0) -> None:
    """Do `work` again and again, `pause` seconds apart, for some seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        await work()
        await asyncio.sleep(pause)


async def arrive(work: Callable[[], Coroutine[None, None, object]], seconds: float) -> None:
    """Start `work` every 20 ms for some seconds, whether or not the one before is done.

    Who waits for an answer before he asks again sees a stall once; a crowd sees all of it.
    """
    end = time.monotonic() + seconds
    async with asyncio.TaskGroup() as group:
        while time.monotonic() < end:
            group.create_task(work())
            await asyncio.sleep(0.02)
