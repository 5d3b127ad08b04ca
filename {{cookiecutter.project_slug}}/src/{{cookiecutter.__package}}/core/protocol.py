"""HTTP/1.1 as the production server speaks it: how much a client may send, and in what time.

ASGI begins when the head of a request is complete. Until then httptools keeps whatever comes, and
uvicorn waits for ever; so this stands below ASGI.
"""

import asyncio
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

logger = structlog.get_logger()


class GuardedProtocol(HttpToolsProtocol):
    """Bounds what one client, and all of them together, can make this process keep.

    A deadline runs whenever it is the client's turn, whatever bytes it sends: for a head, a body,
    the next request, and for reading an answer. Where there are too many connections, the one that
    has waited longest for its client makes room: who comes with a request finds a place.
    """

    settings: ServerSettings
    waiting: dict["GuardedProtocol", None]  # Those whose clients have the turn, longest first.
    unread: dict["GuardedProtocol", int]  # Bytes that clients do not read, longest first.

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.url = b""
        self._deadline: asyncio.TimerHandle | None = None
        self._reading_deadline: asyncio.TimerHandle | None = None
        self._throttle: asyncio.TimerHandle | None = None
        self._next_deadline: float | None = None  # Seconds.
        self._has_next_deadline = False
        self._in_head = self._receiving = self._refused = False
        self._head_bytes = self._head_fields = 0
        self._silent_bytes = 0  # What the parser has taken and not told of.
        self._refusal = (400, "This is not HTTP.")

    # The connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first head. Where it is crowded, the longest wait ends."""
        super().connection_made(transport)
        self._wait(self.settings.header_timeout)
        if len(self.connections) > self.settings.max_connections:
            _cut_off_first(self.waiting, "too_many_connections")

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing."""
        self._forget()
        super().connection_lost(exc)

    def cut_off(self) -> None:
        """Close the connection at once."""
        self._forget()
        self.transport.abort()

    # What comes in

    def data_received(self, data: bytes) -> None:
        """Parse what comes, and count what the parser keeps to itself."""
        for start in range(0, len(data), PIECE_BYTES):
            if self._refused or self.transport.is_closing():
                break
            piece = data[start : start + PIECE_BYTES]
            self._silent_bytes += len(piece)
            super().data_received(piece)
            if self.transport.get_protocol() is not self:
                return  # A WebSocket has taken over.
            if self._silent_bytes > self.settings.max_head_bytes and not self._refused:
                self._refuse(*self._too_large())
        if self._has_next_deadline:
            self._wait(self._next_deadline)
        if self._refused or (self._receiving and self._has_answered()):
            self._read_slowly()

    def _read_slowly(self) -> None:
        # What comes now is thrown away. Read at once, it would keep the loop from everybody else.
        self.flow.pause_reading()
        self._throttle = self.loop.call_later(THROTTLE_SECONDS, self.flow.resume_reading)

    def on_message_begin(self) -> None:
        """Wait for the rest of a head."""
        if len(self.pipeline) >= MAX_PIPELINED:
            raise HttpParserError
        self._in_head = self._receiving = True
        self._head_bytes = self._head_fields = self._silent_bytes = 0
        self._wait_after_parsing(self.settings.header_timeout)
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
        self._in_head = False
        self._wait_after_parsing(self.settings.body_timeout)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Know that the parser has kept nothing."""
        self._silent_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Wait for nothing, as it is our turn; or for the next request, if we have answered."""
        self._receiving = False
        super().on_message_complete()
        self._wait_after_parsing(self.settings.keep_alive_timeout if self._has_answered() else None)

    def handle_websocket_upgrade(self) -> None:
        """Wait for nothing: a WebSocket has deadlines of its own."""
        self._forget()
        super().handle_websocket_upgrade()

    def _count(self, size: int) -> None:
        self._silent_bytes = 0
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

    # What goes out

    def on_response_complete(self) -> None:
        """Wait for the next request, and keep nothing of this one."""
        super().on_response_complete()
        if self._has_answered():
            self.cycle.body.clear()
            self._wait_if_idle()

    def pause_writing(self) -> None:
        """Wait for the client to read. Where too much lies unread, the longest wait ends."""
        super().pause_writing()
        self._wait_for_reading()
        while sum(self.unread.values()) > self.settings.max_unread_bytes:
            _cut_off_first(self.unread, "too_much_unread")

    def resume_writing(self) -> None:
        """Know that the client has read."""
        self._stop_reading_deadline()
        super().resume_writing()
        self._wait_if_idle()

    def send_400_response(self, msg: str) -> None:
        """Say why the parser has stopped."""
        self._refuse(*self._refusal)

    def _refuse(self, status: int, detail: str) -> None:
        """Answer and hang up; where an earlier request awaits its answer, only hang up.

        After the answer the client may finish sending: a connection that is closed with bytes
        unread is reset, and the answer lost with it (RFC 9112 section 9.6).
        """
        self._refused = True
        request_id = uuid4().hex
        logger.warning("request_refused", status=status, request_id=request_id)
        if not self._may_answer():
            self.cut_off()
            return
        if self.cycle:  # An application that reads the body learns that no more will come.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.write(_refusal(status, detail, request_id, self.settings))
        self.transport.write_eof()
        self._wait_after_parsing(LINGER_SECONDS)

    def _may_answer(self) -> bool:
        if self.cycle is None or self._has_answered():
            return True
        return not (self._in_head or self.pipeline or self.cycle.response_started)

    def _has_answered(self) -> bool:
        return self.cycle is not None and self.cycle.response_complete

    # Deadlines

    def _wait_after_parsing(self, seconds: float | None) -> None:
        # A request that comes in one piece needs no timer for its head, and none for its body.
        self._next_deadline, self._has_next_deadline = seconds, True

    def _wait_if_idle(self) -> None:
        # Not while a part of the next request is here, or of the last answer.
        if self._has_answered() and not (self._receiving or self in self.unread):
            self._wait(self.settings.keep_alive_timeout)

    def _wait(self, seconds: float | None) -> None:
        self._has_next_deadline = False
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None
        self.waiting.pop(self, None)
        if seconds is not None:
            self._deadline = self.loop.call_later(seconds, self.cut_off)
            self.waiting[self] = None

    def _wait_for_reading(self) -> None:
        self.unread[self] = self.transport.get_write_buffer_size()
        self._reading_deadline = self.loop.call_later(
            self.settings.body_timeout, self._look_at_reading
        )

    def _look_at_reading(self) -> None:
        if self.transport.get_write_buffer_size() < self.unread[self]:
            self._wait_for_reading()
        else:
            self.cut_off()

    def _stop_reading_deadline(self) -> None:
        self.unread.pop(self, None)
        if self._reading_deadline:
            self._reading_deadline.cancel()

    def _forget(self) -> None:
        self._wait(None)
        self._stop_reading_deadline()
        if self._throttle:
            self._throttle.cancel()


def guarded_protocol(settings: ServerSettings) -> type[GuardedProtocol]:
    """Return the protocol of one server; uvicorn takes only a class."""
    of_one_server = {"settings": settings, "waiting": {}, "unread": {}}
    return type("GuardedProtocol", (GuardedProtocol,), of_one_server)


def _cut_off_first(connections: dict[GuardedProtocol, Any], reason: str) -> None:
    logger.warning("connection_cut_off", reason=reason)
    next(iter(connections)).cut_off()


def _refusal(status: int, detail: str, request_id: str, settings: ServerSettings) -> bytes:
    scope = {"state": {"request_id": request_id}}
    response = problem_response(scope, status, detail, headers={"Connection": "close"})
    headers = [
        *response.raw_headers,
        *standard_headers(settings),
        (CSP, API_POLICY),
        (b"x-request-id", request_id.encode()),
    ]
    fields = [b"%s: %s\r\n" % header for header in headers]
    return b"".join([STATUS_LINE[status], *fields, b"\r\n", bytes(response.body)])
