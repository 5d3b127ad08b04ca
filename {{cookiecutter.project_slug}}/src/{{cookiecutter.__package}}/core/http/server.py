"""The production server: uvicorn with a drain at its end, and a protocol that has limits."""

import asyncio
import math
import signal
from collections.abc import Iterator
from ipaddress import IPv4Network, ip_network
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from .protocol import guarded_protocol
from .settings import ServerSettings


def serve(app: ASGIApp, settings: ServerSettings, stopping: asyncio.Event) -> None:
    """Serve `app` until SIGTERM or SIGINT, finish what is in flight and return.

    `stopping` is set at the signal, so that `app` can tell it to load balancers.
    """
    create_server(app, settings, stopping).run()


def create_server(
    app: ASGIApp, settings: ServerSettings, stopping: asyncio.Event | None = None
) -> "DrainingServer":
    """Return the server, which listens on nothing yet."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=guarded_protocol(settings),
        ws="auto" if settings.websockets else "none",
        timeout_keep_alive=math.ceil(settings.keep_alive_timeout),  # The protocol has its own.
        timeout_graceful_shutdown=settings.shutdown_timeout,
        forwarded_allow_ips=[*settings.trusted_proxies, *_mapped(settings.trusted_proxies)],
        server_header=False,
        access_log=False,
        log_config=None,
    )
    return DrainingServer(config, settings.drain_seconds, stopping or asyncio.Event())


def _mapped(networks: list[str]) -> Iterator[str]:
    """Yield what an IPv4 network is called where addresses are written as IPv6 ones."""
    for text in networks:
        if text != "*" and isinstance(network := ip_network(text), IPv4Network):
            yield f"::ffff:{network.network_address}/{96 + network.prefixlen}"


class DrainingServer(uvicorn.Server):
    """Reports not ready for a while before it stops listening.

    A load balancer learns only from the readiness probe that it should send nothing more. Until
    then requests are answered, all but the liveness probe's with `Connection: close`. A second
    signal ends the drain.
    """

    def __init__(
        self, config: uvicorn.Config, drain_seconds: float, stopping: asyncio.Event
    ) -> None:
        super().__init__(config)
        self._stopping = stopping
        self._drain_seconds = drain_seconds
        self._stop_draining = asyncio.Event()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin the end. Uvicorn's own would raise the signal again later: no exit code 0."""
        if self.should_exit:
            self._stop_draining.set()
            self.force_exit = sig == signal.SIGINT
        self.should_exit = True
        self._stopping.set()

    async def shutdown(self, sockets: Any = None) -> None:
        """Drain, then stop."""
        try:
            async with asyncio.timeout(self._drain_seconds):
                await self._stop_draining.wait()
        except TimeoutError:
            pass
        await super().shutdown(sockets)
