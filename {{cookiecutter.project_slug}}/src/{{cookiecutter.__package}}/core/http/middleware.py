"""What surrounds every request, as plain ASGI: a BaseHTTPMiddleware costs 2.7 bare requests each.

From the outside in: liveness, request context, hosts, CORS where a setting names origins, deadline,
bodies (in `body.py`).
"""

import asyncio
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable
from http import HTTPStatus
from random import getrandbits

import structlog
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..db.deadline import Deadline
from .problems import error_response, problem_response, too_busy
from .settings import ServerSettings

PORT = re.compile(r":\d*$")
LOGGED_CHARACTERS = 200  # Of a path, whose characters may take six bytes each in the log.
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
LIVE_PATH = "/health/live"
LIVE_BODY = b'{"status":"ok"}'
LIVE_START: Message = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(LIVE_BODY)).encode()),
    ],
}
CSP = b"content-security-policy"
API_POLICY = b"default-src 'none'; frame-ancestors 'none'"
# The pages begin with a script of their own. They ask nobody else: Redoc wants its maker's logo.
DOCS_POLICY = (
    b"default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    b"img-src 'self' data:; worker-src blob:; frame-ancestors 'none'"
)

logger = structlog.get_logger()


def standard_headers(settings: ServerSettings) -> list[tuple[bytes, bytes]]:
    """Return the headers of every answer that does not bring its own."""
    headers = [(b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store")]
    if settings.tls:
        headers.append((b"strict-transport-security", b"max-age=31536000"))
    return headers


class HttpMiddleware(ABC):
    """Base of what concerns requests only; the lifespan passes by.

    What only passes a request on returns what the next one returns: each coroutine in between is
    entered again whenever the request goes on after waiting.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Handle a request, pass anything else on."""
        handle = self.handle if scope["type"] == "http" else self.app
        return handle(scope, receive, send)

    @abstractmethod
    def handle(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Do what the middleware is for."""


class LivenessMiddleware(HttpMiddleware):
    """Answers GET /health/live first of all: no I/O, no log line, no way to be slow."""

    def handle(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer, or pass the request on."""
        if scope["path"] == LIVE_PATH and scope["method"] == "GET":
            return _answer_live(send)
        return self.app(scope, receive, send)


async def _answer_live(send: Send) -> None:
    await send(LIVE_START)
    await send({"type": "http.response.body", "body": LIVE_BODY})


class RequestContextMiddleware(HttpMiddleware):
    """Request id, response headers, access log, and the last catch of unforeseen exceptions."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        settings: ServerSettings,
        docs_paths: tuple[str, ...],
        stopping: asyncio.Event,
    ) -> None:
        super().__init__(app)
        self.docs_paths = docs_paths
        self.stopping = stopping
        self.headers = standard_headers(settings)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with an id, and write one line about it when it is over."""
        status = 0
        started_at = time.perf_counter()
        answered_at: float | None = None
        state = scope.setdefault("state", {})
        state["request_id"] = _request_id(scope)

        async def send_with_headers(message: Message) -> None:
            nonlocal status, answered_at
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(scope, message["headers"])
            await send(message)
            if _is_last(message):
                answered_at = time.perf_counter()  # What follows is work in the background.

        with structlog.contextvars.bound_contextvars(request_id=state["request_id"]):
            try:
                await self.app(scope, receive, send_with_headers)
            except Exception:
                logger.exception("unhandled_error")
                if status:
                    raise  # Half an answer is out: only closing the connection tells the client.
                response = problem_response(scope, 500, "Something went wrong on our side.")
                await response(scope, receive, send_with_headers)
            finally:
                seconds = (answered_at or time.perf_counter()) - started_at
                _log_access(scope, status, round(seconds * 1000, 1))

    def _add_headers(self, scope: Scope, headers: list[tuple[bytes, bytes]]) -> None:
        given = {name for name, _ in headers}
        headers += [header for header in self.headers if header[0] not in given]
        headers.append((b"x-request-id", scope["state"]["request_id"].encode()))
        if CSP not in given:
            is_docs = scope["path"].startswith(self.docs_paths)
            headers.append((CSP, DOCS_POLICY if is_docs else API_POLICY))
        if self.stopping.is_set():
            headers.append((b"connection", b"close"))


def _is_last(message: Message) -> bool:
    return message["type"] == "http.response.body" and not message.get("more_body")


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get("x-request-id", "")
    return given if REQUEST_ID.fullmatch(given) else f"{getrandbits(128):032x}"  # No secret.


def _log_access(scope: Scope, status: int, duration_ms: float) -> None:
    logger.info(
        "request",
        method=scope["method"],
        path=scope["path"][:LOGGED_CHARACTERS],
        status=status,
        duration_ms=duration_ms,
        subject=scope["state"].get("subject"),
    )


class HostMiddleware:
    """Answers 400 to a Host header that is not one of the trusted hosts."""

    def __init__(self, app: ASGIApp, *, hosts: list[str]) -> None:
        self.app = app
        self.any = "*" in hosts
        self.names = {host.lower() for host in hosts if not host.startswith("*")}
        self.suffixes = tuple(host[1:].lower() for host in hosts if host.startswith("*."))

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass on what is for a trusted host, WebSockets included."""
        if self.any or scope["type"] == "lifespan" or self._is_ours(scope):
            return self.app(scope, receive, send)
        response = problem_response(scope, 400, "This service does not answer to that host name.")
        return response(scope, receive, send)

    def _is_ours(self, scope: Scope) -> bool:
        hosts = Headers(scope=scope).getlist("host")
        host = PORT.sub("", hosts[0]).lower() if len(hosts) == 1 else ""  # RFC 9112 section 3.2.
        return host in self.names or host.endswith(self.suffixes)


class CorsMiddleware(CORSMiddleware):
    """Starlette's, but a preflight that is refused is a problem document like every other error."""

    def preflight_response(self, request_headers: Headers) -> Response:
        """Say what a browser may send."""
        response = super().preflight_response(request_headers)
        if response.status_code == HTTPStatus.OK:
            return response
        return _RefusedPreflight(response.body, response.status_code)


class _RefusedPreflight(Response):
    # What Starlette asks for a response is not told of the request, whose id a problem names.

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = problem_response(scope, self.status_code, f"{bytes(self.body).decode()}.")
        await response(scope, receive, send)


class DeadlineMiddleware(HttpMiddleware):
    """Answers 504 when an answer does not begin in time, and 503 where too many are waited for.

    What a client takes to send a body, or to read an answer, is not our time.
    """

    def __init__(self, app: ASGIApp, *, settings: ServerSettings) -> None:
        super().__init__(app)
        self.seconds = settings.request_timeout
        self.most = settings.max_requests
        self.waiting: set[_TimedRequest] = set()

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and wait for it, but not for ever."""
        if len(self.waiting) >= self.most:
            await error_response(scope, too_busy())(scope, receive, send)
            return
        request = _TimedRequest(self, scope, receive, send)
        try:
            await request.deadline.wait_for(self.app(scope, request.receive, request.send))
        finally:
            self.waiting.discard(request)


class _TimedRequest:
    """A request whose answer has to begin in time."""

    def __init__(
        self, middleware: DeadlineMiddleware, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self.deadline = Deadline(middleware.seconds, self._expire)
        self._middleware = middleware
        self._scope = scope
        self._receive = receive
        self._send = send
        self._has_body = self._started = self._expired = False
        middleware.waiting.add(self)

    async def receive(self) -> Message:
        """Wait for the client, for whose pace `protocol.py` has limits."""
        if self._has_body:
            return await self._receive()
        self._stop_waiting()
        try:
            message = await self._receive()
        finally:
            if not (self._started or self._expired):
                self.deadline.restart()
        self._has_body = not message.get("more_body")
        if not (self._started or self._expired):
            self._wait()
        return message

    async def send(self, message: Message) -> None:
        """Send what is in time, and let the rest of an answer take as long as it takes."""
        if self._expired:
            return  # What goes on after the deadline has nobody left to talk to.
        self._started = True
        self._stop_waiting()
        await self._send(message)

    def _stop_waiting(self) -> None:
        self.deadline.lift()
        self._middleware.waiting.discard(self)

    def _wait(self) -> None:
        if len(self._middleware.waiting) >= self._middleware.most:
            raise too_busy()
        self._middleware.waiting.add(self)

    async def _expire(self) -> bool:
        if self._started or self._expired:
            return False
        self._expired = True
        response = problem_response(self._scope, 504, "This took too long; try again later.")
        await response(self._scope, self._receive, self._send)
        return True
