"""HTTP/1.1 as the production server speaks it: how much a client may send, and in what time.

ASGI begins when the head of a request is complete. Until then httptools keeps whatever comes, and
uvicorn waits for ever; so this stands below ASGI.
"""

import asyncio
import socket
from typing import Any
from uuid import uuid4

import structlog
from httptools import HttpParserError
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from .middleware import API_POLICY, CSP, standard_headers
from .problems import problem_response
from .settings import ServerSettings

PIECE_BYTES = 8192  # What the parser gets at a time, so that little can escape its callbacks.
MAX_PIPELINED = 8  # Requests that may wait behind the one that is being answered.
LINGER_SECONDS = 2  # How long a refused client may go on sending while it reads why.
THROTTLE_SECONDS = 0.05  # Between two readings of what is only thrown away.
UNSENT_BYTES = 64 * 1024  # Of an answer, in the kernel: more would hide whether the client reads.
UNREAD_BYTES = 16 * 1024  # Of an answer, from which on its client counts as slow.

logger = structlog.get_logger()


class GuardedProtocol(HttpToolsProtocol):
    """Bounds what one client, and all of them together, can make this process keep.

    A deadline runs whenever it is the client's turn, whatever bytes it sends: for a head, a body,
    the next request, and for reading an answer. Where there are too many connections, the one that
    has waited longest for its client is closed, so that a new request can be served.
    """

    settings: ServerSettings
    waiting: dict["GuardedProtocol", None]  # Connections that wait for their clients, oldest first.
    unread: dict["GuardedProtocol", int]  # Bytes that clients are slow to read, oldest first.

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.url = b""
        self._deadline: asyncio.TimerHandle | None = None
        self._reading_deadline: asyncio.TimerHandle | None = None
        self._throttle: asyncio.TimerHandle | None = None
        self._next_deadline: float | None = None  # Seconds, or none.
        self._has_next_deadline = False
        self._in_head = self._receiving = self._refused = self._is_upgraded = False
        self._head_bytes = self._head_fields = 0
        self._unreported_bytes = 0  # What the parser has taken and not told of.
        self._refusal = (400, "This is not HTTP.")
        self._postponed: tuple[Any, Any] | None = None  # A request whose turn it is.

    # The connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first head. Where it is crowded, close the connection that waits longest."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(UNREAD_BYTES)
        _bound_unsent(transport)
        self._set_deadline(self.settings.header_timeout)
        if len(self.connections) > self.settings.max_connections:
            _cut_off_first(self.waiting, "too_many_connections")

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the deadlines."""
        self._stop_deadlines()
        super().connection_lost(exc)

    def cut_off(self) -> None:
        """Close the connection at once."""
        self._stop_deadlines()
        self.transport.abort()

    # What comes in

    def data_received(self, data: bytes) -> None:
        """Parse what comes, and count what the parser keeps to itself."""
        for start in range(0, len(data), PIECE_BYTES):
            if self._refused or self._is_upgraded or self.transport.get_protocol() is not self:
                break
            piece = data[start : start + PIECE_BYTES]
            self._unreported_bytes += len(piece)
            super().data_received(piece)
            if self._unreported_bytes > self.settings.max_head_bytes and not self._refused:
                self._refuse(*self._too_large())
        if self._has_next_deadline:
            self._set_deadline(self._next_deadline)
        if self._refused or (self._receiving and self._has_answered()):
            self._read_slowly()

    def on_message_begin(self) -> None:
        """Wait for the rest of a head."""
        if len(self.pipeline) >= MAX_PIPELINED:
            raise HttpParserError
        self._in_head = self._receiving = True
        self._head_bytes = self._head_fields = 0
        self._set_deadline_after_parsing(self.settings.header_timeout)
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Count a part of the URL."""
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a field, and drop it if it is a trailer: what ends a body is no header."""
        self._head_fields += 1
        self._count(len(name) + len(value) + len(": \r\n"))
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Wait for the body."""
        super().on_headers_complete()
        self._in_head = False  # Only now: what uvicorn cannot understand is a bad head, too.
        if self.parser.should_upgrade() and not self._should_upgrade():
            self._is_upgraded = True  # To something that nobody speaks here: nothing can follow.
            self.cycle.keep_alive = False
        self._set_deadline_after_parsing(self.settings.body_timeout)

    def on_body(self, body: bytes) -> None:
        """Count what the parser has told of, twice: what is around a body may be as large as it."""
        self._unreported_bytes = max(0, self._unreported_bytes - 2 * len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Stop the deadline, as it is our turn; wait for the next request if we have answered."""
        self._receiving = False
        super().on_message_complete()
        answered = self._has_answered()
        self._set_deadline_after_parsing(self.settings.keep_alive_timeout if answered else None)

    def handle_websocket_upgrade(self) -> None:
        """Stop the deadlines: a WebSocket has its own."""
        self._stop_deadlines()
        super().handle_websocket_upgrade()

    def _count(self, size: int) -> None:
        self._unreported_bytes = 0
        self._head_bytes += size
        if (
            self._head_bytes > self.settings.max_head_bytes
            or self._head_fields > self.settings.max_head_fields
        ):
            self._refusal = self._too_large()
            raise HttpParserError

    def _too_large(self) -> tuple[int, str]:
        if len(self.url) > self.settings.max_head_bytes / 2:
            return 414, "The address is too long."
        return 431, "The request has too many header fields, or too large ones."

    def _read_slowly(self) -> None:
        # What comes now is thrown away. Read at once, it would keep the loop from everybody else.
        self.flow.pause_reading()
        self._throttle = self.loop.call_later(THROTTLE_SECONDS, self.flow.resume_reading)

    # What goes out

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        # Another answer would only wait beside the one that the client does not read.
        if _unread_bytes(self) > UNREAD_BYTES:
            self._postponed = (cycle, app)
        else:
            super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        """Wait for the next request, and keep nothing of this one."""
        super().on_response_complete()
        if self._has_answered():
            self.cycle.body.clear()
            self._wait_if_idle()

    def pause_writing(self) -> None:
        """Wait for the client to read. Where too much is unread, close what waits longest."""
        super().pause_writing()
        self._set_reading_deadline()
        if self.unread[self] > self.settings.max_unread_bytes:
            _cut_off_first({self: None}, "too_much_unread")
        while sum(map(_unread_bytes, self.unread)) > self.settings.max_unread_bytes:
            _cut_off_first(self.unread, "too_much_unread")

    def resume_writing(self) -> None:
        """Stop the deadline for reading."""
        self._stop_reading_deadline()
        super().resume_writing()
        if self._postponed:
            (cycle, app), self._postponed = self._postponed, None
            super()._start_asgi_task(cycle, app)
        self._wait_if_idle()

    def send_400_response(self, msg: str) -> None:
        """Say why the parser has stopped."""
        self._refuse(*self._refusal)

    def _refuse(self, status: int, detail: str) -> None:
        """Answer and hang up; where that would be taken for another answer, only hang up.

        After the answer the client may finish sending: a connection that is closed with bytes
        unread is reset, and the answer lost with it (RFC 9112 section 9.6).
        """
        self._refused = True
        request_id = uuid4().hex
        logger.warning("request_refused", status=status, reason=detail, request_id=request_id)
        if not self._may_answer():
            self.cut_off()
            return
        if self.cycle:  # An application that reads the body learns that no more will come.
            self.cycle.disconnected = True
            self.cycle.waiting_for_100_continue = False
            self.cycle.message_event.set()
        self.transport.write(self._refusal_answer(status, detail, request_id))
        self.transport.write_eof()
        self._set_deadline_after_parsing(LINGER_SECONDS)

    def _may_answer(self) -> bool:
        in_body = self._receiving and not self._in_head
        if self.cycle is None or self._has_answered():
            return not in_body  # Whose body it is has its answer.
        return in_body and not (self.pipeline or self.cycle.response_started)

    def _has_answered(self) -> bool:
        return self.cycle is not None and self.cycle.response_complete

    def _refusal_answer(self, status: int, detail: str, request_id: str) -> bytes:
        scope = {"state": {"request_id": request_id}}
        response = problem_response(scope, status, detail, headers={"Connection": "close"})
        headers = [
            *self.server_state.default_headers,
            *response.raw_headers,
            *standard_headers(self.settings),
            (CSP, API_POLICY),
            (b"x-request-id", request_id.encode()),
        ]
        fields = [b"%s: %s\r\n" % header for header in headers]
        return b"".join([STATUS_LINE[status], *fields, b"\r\n", bytes(response.body)])

    # Deadlines

    def _set_deadline_after_parsing(self, seconds: float | None) -> None:
        # A request that comes in one piece needs no timer for its head, and none for its body.
        self._next_deadline, self._has_next_deadline = seconds, True

    def _wait_if_idle(self) -> None:
        # Not while a part of the next request is here, or of the last answer.
        busy = self._receiving or self._refused or self in self.unread
        if self._has_answered() and not busy and self.transport.get_protocol() is self:
            self._set_deadline(self.settings.keep_alive_timeout)

    def _set_deadline(self, seconds: float | None) -> None:
        self._has_next_deadline = False
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None
        self.waiting.pop(self, None)
        if seconds is not None:
            self._deadline = self.loop.call_later(seconds, self._expire)
            self.waiting[self] = None

    def _expire(self) -> None:
        if self.flow.read_paused and not (self._refused or self._has_answered()):
            # The application is slow to read. Once it reads on, the client has all its time again.
            self._set_deadline(self.settings.body_timeout)
            self._set_deadline_after_parsing(self.settings.body_timeout)
        else:
            self.cut_off()

    def _set_reading_deadline(self) -> None:
        self.unread[self] = _unread_bytes(self)
        self._reading_deadline = self.loop.call_later(
            self.settings.body_timeout, self._check_reading
        )

    def _check_reading(self) -> None:
        if _unread_bytes(self) < self.unread[self]:
            self._set_reading_deadline()
        else:
            self.cut_off()

    def _stop_reading_deadline(self) -> None:
        self.unread.pop(self, None)
        if self._reading_deadline:
            self._reading_deadline.cancel()

    def _stop_deadlines(self) -> None:
        self._set_deadline(None)
        self._stop_reading_deadline()
        if self._throttle:
            self._throttle.cancel()


def guarded_protocol(settings: ServerSettings) -> type[GuardedProtocol]:
    """Return the protocol of one server; uvicorn takes only a class."""
    of_one_server = {"settings": settings, "waiting": {}, "unread": {}}
    return type("GuardedProtocol", (GuardedProtocol,), of_one_server)


def _bound_unsent(transport: asyncio.Transport) -> None:
    if option := getattr(socket, "TCP_NOTSENT_LOWAT", None):  # Not on every system.
        connection: socket.socket = transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, option, UNSENT_BYTES)


def _unread_bytes(connection: GuardedProtocol) -> int:
    return connection.transport.get_write_buffer_size()


def _cut_off_first(connections: dict[GuardedProtocol, Any], reason: str) -> None:
    logger.warning("connection_cut_off", reason=reason)
    next(iter(connections)).cut_off()
