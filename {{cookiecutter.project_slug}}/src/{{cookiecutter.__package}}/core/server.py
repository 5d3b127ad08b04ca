"""The production server: uvicorn with a drain at the end and deadlines for slow senders."""

import asyncio
import signal
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .settings import ServerSettings


def serve(app: FastAPI, settings: ServerSettings) -> None:
    """Serve `app` until SIGTERM or SIGINT, finish what is in flight and return."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=protocol_with_deadlines(settings),
        timeout_keep_alive=settings.keep_alive_timeout,
        timeout_graceful_shutdown=settings.shutdown_timeout,
        forwarded_allow_ips=settings.trusted_proxies,
        server_header=False,
        access_log=False,
        log_config=None,
    )
    DrainingServer(config, app, settings.drain_seconds).run()


class DrainingServer(uvicorn.Server):
    """Reports not ready for a while before it stops listening.

    A load balancer learns only from the readiness probe that it should send nothing more. Until
    then requests are answered, all but the liveness probe's with `Connection: close`. A second
    signal ends the drain.
    """

    def __init__(self, config: uvicorn.Config, app: FastAPI, drain_seconds: float) -> None:
        super().__init__(config)
        self._app = app
        self._drain_seconds = drain_seconds
        self._stop_draining = asyncio.Event()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin the end. Uvicorn's own would raise the signal again later: no exit code 0."""
        if self.should_exit:
            self._stop_draining.set()
            self.force_exit = sig == signal.SIGINT
        self.should_exit = True
        self._app.state.draining = True

    async def shutdown(self, sockets: Any = None) -> None:
        """Drain, then stop."""
        try:
            async with asyncio.timeout(self._drain_seconds):
                await self._stop_draining.wait()
        except TimeoutError:
            pass
        await super().shutdown(sockets)


class DeadlineProtocol(HttpToolsProtocol):
    """Cuts off a client that takes too long to send a request.

    Uvicorn itself waits for ever, and ASGI begins only when the head is complete.
    """

    header_seconds: float
    body_seconds: float
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first head."""
        super().connection_made(transport)
        self._wait(self.header_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing."""
        self._wait(None)
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Wait for the rest of a head; between requests uvicorn's keep-alive timeout waits."""
        self._wait(self.header_seconds)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Wait for the body."""
        self._wait(self.body_seconds)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Wait for nothing: it is our turn."""
        self._wait(None)
        super().on_message_complete()

    def _wait(self, seconds: float | None) -> None:
        if self._deadline:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(seconds, self._cut_off) if seconds else None

    def _cut_off(self) -> None:
        if not self.transport.is_closing():
            self.transport.abort()


def protocol_with_deadlines(settings: ServerSettings) -> type[DeadlineProtocol]:
    """Return the protocol with the deadlines of `settings`; uvicorn takes only a class."""
    deadlines = {
        "header_seconds": settings.header_timeout,
        "body_seconds": settings.body_timeout,
    }
    return type("DeadlineProtocol", (DeadlineProtocol,), deadlines)
