"""The production server: how it ends."""

import asyncio
import signal

import pytest
from fastapi import FastAPI, Request

from {{ cookiecutter.__package }}.core.http.server import create_server
from {{ cookiecutter.__package }}.core.http.settings import ServerSettings

from tests.helpers.serving import running, talk

REQUEST = b"GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"


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

    @app.get("/address")
    async def tell_address(request: Request) -> str | None:
        return request.client.host if request.client else None

    return app


async def test_a_proxy_is_one_however_its_address_is_written(app: FastAPI) -> None:
    settings = ServerSettings(port=0, drain_seconds=0, trusted_proxies=["127.0.0.0/8"])
    forwarded = b"\r\nX-Forwarded-For: 198.51.100.7, ::ffff:127.0.0.9\r\n"
    request = REQUEST.replace(b"/ ", b"/address ", 1).replace(b"\r\n", forwarded, 1)
    async with running(create_server(app, settings)) as port:
        assert (await talk(port, request))[0].endswith(b'"198.51.100.7"')


async def test_the_drain_lets_late_requests_in_and_waits_for_them(app: FastAPI) -> None:
    server = create_server(app, ServerSettings(port=0, drain_seconds=0.3))
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


async def test_a_second_signal_ends_the_drain(app: FastAPI) -> None:
    server = create_server(app, ServerSettings(port=0, drain_seconds=60, grace_period=90))
    async with asyncio.timeout(5), running(server) as port:
        request = asyncio.create_task(talk(port, REQUEST))
        await asyncio.sleep(0.01)
        server.handle_exit(signal.SIGTERM, None)
        server.handle_exit(signal.SIGTERM, None)
    assert (await request)[0].endswith(b'"done"')
