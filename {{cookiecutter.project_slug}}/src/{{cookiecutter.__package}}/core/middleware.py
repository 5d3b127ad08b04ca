"""What surrounds every request, as plain ASGI: a BaseHTTPMiddleware costs 2.7 bare requests each.

From the outside in: liveness, request context, trusted hosts, CORS where a setting names origins,
body limit, deadline.
"""

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable
from random import getrandbits

import structlog
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .db.deadline import Deadline
from .problems import problem_response
from .settings import ServerSettings

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
        self, app: ASGIApp, *, settings: ServerSettings, docs_paths: tuple[str, ...]
    ) -> None:
        super().__init__(app)
        self.docs_paths = docs_paths
        self.headers = [(b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store")]
        if settings.tls:
            self.headers.append((b"strict-transport-security", b"max-age=31536000"))

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
        if scope["app"].state.draining:
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
        path=scope["path"],
        status=status,
        duration_ms=duration_ms,
        subject=scope["state"].get("subject"),
    )


class BodyLimitMiddleware(HttpMiddleware):
    """Refuses with 413 a body that is larger than the limit, once that much of it has arrived."""

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        super().__init__(app)
        self.max_bytes = max_bytes

    def handle(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass the request on, counting what arrives."""
        received = 0

        async def limited_receive() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.max_bytes:
                # Of all exceptions, FastAPI lets only this one through while it reads a body.
                raise HTTPException(413, f"The body is larger than {self.max_bytes} bytes.")
            return message

        return self.app(scope, limited_receive, send)


class DeadlineMiddleware(HttpMiddleware):
    """Answers 504 when a request takes longer than it may; background work is not meant."""

    def __init__(self, app: ASGIApp, *, seconds: float) -> None:
        super().__init__(app)
        self.seconds = seconds

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and wait for it, but not for ever."""
        started = expired = False

        async def send_in_time(message: Message) -> None:
            nonlocal started
            if expired:
                return  # What goes on after the deadline has nobody left to talk to.
            started = True
            await send(message)
            if _is_last(message):
                deadline.lift()

        async def expire() -> bool:
            nonlocal expired
            if started:
                return False
            expired = True
            response = problem_response(scope, 504, "This took too long; try again later.")
            await response(scope, receive, send)
            return True

        deadline = Deadline(self.seconds, expire)
        await deadline.wait_for(self.app(scope, receive, send_in_time))
