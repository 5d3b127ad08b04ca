"""The production server, over real sockets."""

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from {{ cookiecutter.__package }}.core.server import DrainingServer, serve
from {{ cookiecutter.__package }}.core.settings import ServerSettings

from tests.client import JsonObject

HEAD = b"GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
REQUEST = HEAD + b"\r\n"
HALF_A_BODY = b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\n{"


@pytest.fixture
def app() -> FastAPI:
    """Give an application with a slow route, which counts what it has answered."""
    app = FastAPI()
    app.state.answered = 0

    @app.get("/")
    async def wait() -> str:
        await asyncio.sleep(0.4)
        app.state.answered += 1
        return "done"

    @app.post("/")
    async def read(body: JsonObject) -> JsonObject:
        return body

    return app


@contextlib.asynccontextmanager
async def running(server: DrainingServer) -> AsyncIterator[int]:
    """Serve in this loop, give the port, and wait for the end."""
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - it has no event.
        await asyncio.sleep(0.001)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await asyncio.wait_for(task, 5)


async def talk(port: int, request: bytes) -> tuple[bytes, float]:
    """Send a request, or a part of one; return what came back, and when the server hung up."""
    started_at = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = b""
    with contextlib.suppress(ConnectionResetError):
        answer = await asyncio.wait_for(reader.read(), 2)
    writer.close()
    return answer, time.monotonic() - started_at


@pytest.fixture
def server(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> DrainingServer:
    """Give the server that `serve` would run."""
    servers: list[DrainingServer] = []

    def run(server: DrainingServer) -> None:
        servers.append(server)

    monkeypatch.setattr(DrainingServer, "run", run)
    serve(app, ServerSettings(port=0, drain_seconds=0.3, header_timeout=0.1, body_timeout=0.2))
    return servers[0]


async def test_slow_senders_are_cut_off_and_nobody_else_is(server: DrainingServer) -> None:
    async with running(server) as port:
        parts = (b"", HEAD, HALF_A_BODY, REQUEST)
        *slow, whole = await asyncio.gather(*(talk(port, part) for part in parts))
        server.handle_exit(signal.SIGTERM, None)
        server.handle_exit(signal.SIGTERM, None)
    for (answer, seconds), least in zip(slow, (0.1, 0.1, 0.2), strict=True):
        assert b" 200 " not in answer
        assert least - 0.01 < seconds < least + 0.5
    assert whole[0].endswith(b'"done"')


async def test_the_drain_lets_late_requests_in_and_waits_for_them(
    app: FastAPI, server: DrainingServer
) -> None:
    async with running(server) as port:
        early = asyncio.create_task(talk(port, REQUEST))
        await asyncio.sleep(0.01)
        server.handle_exit(signal.SIGTERM, None)
        await asyncio.sleep(0.2)
        late = asyncio.create_task(talk(port, REQUEST))
    assert app.state.answered == 2
    assert [(await request)[0][-6:] for request in (early, late)] == [b'"done"'] * 2
    with pytest.raises(ConnectionRefusedError):
        await talk(port, REQUEST)
