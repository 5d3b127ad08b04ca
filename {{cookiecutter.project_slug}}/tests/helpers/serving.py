"""The production server in the loop of a test, and clients that send what they like."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from {{ cookiecutter.__package }}.core.http.server import DrainingServer

PATIENCE = 5  # Seconds, for what a server should do much sooner.


@contextlib.asynccontextmanager
async def running(server: DrainingServer) -> AsyncIterator[int]:
    """Serve in this loop, give the port, and wait for the end."""
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - it has no event.
        await asyncio.sleep(0.001)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        try:
            await asyncio.wait_for(task, PATIENCE)
        finally:  # A loop does not close while a connection of a failed test is open.
            for connection in list(server.server_state.connections):
                connection.transport.abort()
            await asyncio.sleep(0)


async def talk(port: int, request: bytes) -> tuple[bytes, float]:
    """Send a request, or a part of one; return what came back, and when the server hung up."""
    started_at = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await read_all(reader)
    writer.close()
    return answer, time.monotonic() - started_at


async def read_all(reader: asyncio.StreamReader) -> bytes:
    """Return all that comes until the server hangs up, politely or not."""
    answer = bytearray()
    with contextlib.suppress(ConnectionResetError):
        async with asyncio.timeout(PATIENCE):
            while some := await reader.read(1_000_000):
                answer += some
    return bytes(answer)
