"""HTTP/1.1 as the production server speaks it: how much a client may send, and in what time.

ASGI begins when the head of a request is complete. Until then httptools keeps whatever comes, and
uvicorn waits for ever; so this stands below ASGI.
"""

import asyncio
import socket
from collections.abc import Callable
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, NoReturn, cast
from uuid import uuid4

import structlog
from httptools import HttpParserError
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from .body import ANNOUNCES_BODY, SMALL_BODY
from .middleware import API_POLICY, CSP, standard_headers
from .problems import problem_response
from .settings import ServerSettings

PIECE_BYTES = 8192  # What the parser gets at a time, so that little can escape its callbacks.
MAX_PIPELINED = 8  # Requests that may wait behind the one that is being answered.
ADDRESS_PART = 4  # An address is at most this part of a head: it is kept in several forms.
TOO_MUCH = "Too many large requests at once; try again in a moment."
# What a byte of a head takes, of an address more, and of one that may hold wide characters.
HEAD_COPIES, ADDRESS_COPIES, WIDE_COPIES = 2, 4, 12
PROGRESS_BYTES = 1024  # Of a body at a time: whoever sends that much does not keep us waiting.
# Pythons before 3.11.10 and 3.12.6 take quadratic time to unquote a cookie (CVE-2024-7592).
MAX_COOKIE_ESCAPES = 100
LINGER_SECONDS = 2  # How long a refused client may go on sending while it reads why.
THROTTLE_SECONDS = 0.05  # Between two readings of what is only thrown away.
UNSENT_BYTES = 64 * 1024  # Of an answer, in the kernel: more would hide whether the client reads.

NOTHING: Any = MappingProxyType({"method": "", "headers": ()})  # In place of what was answered.

logger = structlog.get_logger()


class GuardedProtocol(HttpToolsProtocol):
    """Bounds what one client, and all of them together, can make this process keep.

    A deadline runs whenever it is the client's turn, whatever bytes it sends: for a head, a body,
    the next request, and for reading an answer. Where there are too many connections, the one that
    has waited longest for its client is closed, so that a new one can be served.
    """

    settings: ServerSettings
    waiting: dict["GuardedProtocol", None]  # Connections that wait for their clients, oldest first.
    unread: dict["GuardedProtocol", int]  # Bytes of answers that clients do not read at once.
    kept: dict["GuardedProtocol", int]  # About how many bytes the requests in progress take.

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
        self._unanswered: dict[Any, int] = {}  # Requests in their order, and what their heads take.
        self._postponed: tuple[Any, Any] | None = None  # The first of them, if it has not begun.
        self._answering: Any = None  # The last one whose answer has begun.

    # The connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first head."""
        self._answers = _JoiningTransport(transport, self._begins_answer)
        super().connection_made(cast("asyncio.Transport", self._answers))
        transport.set_write_buffer_limits(0)  # What the kernel does not take counts as unread.
        _bound_unsent(transport)
        self._set_deadline(self.settings.header_timeout)
        if len(self.connections) > self.settings.max_connections:
            next(iter(self.waiting)).cut_off("too_many_connections")

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the deadlines, and tell the application."""
        self._leave()
        self._answers.forget()
        super().connection_lost(exc)

    def cut_off(self, reason: str) -> None:
        """Close the connection at once, and say why in the log."""
        logger.warning("connection_cut_off", reason=reason)
        self._abort()

    def _abort(self) -> None:
        self._leave()
        self.transport.abort()

    def _leave(self) -> None:
        self._stop_deadlines()
        self._disconnect()

    def _disconnect(self) -> None:
        # Uvicorn tells only the newest request that its client is gone.
        self.kept.pop(self, None)
        for cycle in self._unanswered:
            cycle.disconnected = True
            cycle.waiting_for_100_continue = False
            cycle.body.clear()
            cycle.message_event.set()

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
        if not self._refused and not self._has_room():
            self._refuse(503, TOO_MUCH)
        if self._has_next_deadline:
            self._set_deadline(self._next_deadline)
        if self._refused or (self._is_in_body() and not self._unanswered):
            self._read_slowly()

    def on_message_begin(self) -> None:
        """Wait for the rest of a head."""
        if len(self._unanswered) > MAX_PIPELINED:
            self._stop_parsing(429, "Too many requests wait on this connection.")
        self._in_head = self._receiving = True
        self._head_bytes = self._head_fields = 0
        self._set_deadline_after_parsing(self.settings.header_timeout)
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Count a part of the address."""
        super().on_url(url)
        self._count(len(url))
        if len(self.url) > self.settings.max_head_bytes / ADDRESS_PART:
            self._stop_parsing(*self._too_large())

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a field, and drop it if it is a trailer: what ends a body is no header."""
        self._head_fields += 1
        self._count(len(name) + len(value) + len(": \r\n"))
        if value.count(b"\\") > MAX_COOKIE_ESCAPES and name.lower() == b"cookie":
            self._stop_parsing(431, "A cookie has too many backslashes.")
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Wait for the body."""
        upgrades = self.parser.should_upgrade()
        is_websocket = upgrades and self._should_upgrade()
        self._is_upgraded = upgrades and not is_websocket  # To what nobody speaks here.
        if self._is_upgraded and _announces_body(self.headers):
            self._stop_parsing(400, "Send a body without Upgrade: this is HTTP/1.1 only.")
        if not self._has_room():
            self._stop_parsing(503, TOO_MUCH)
        memory = self._head_memory()
        super().on_headers_complete()
        self._in_head = False  # Only now: what uvicorn cannot understand is a bad head, too.
        self._set_deadline_after_parsing(self.settings.body_timeout)
        if is_websocket:
            return
        self._unanswered[self.cycle] = memory
        if self._is_upgraded or self.expect_100_continue:
            # After an early answer nobody knows whether what follows is a body or a request.
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """Count what the parser has told of, twice: what is around a body may be as large as it."""
        self._unreported_bytes = max(0, self._unreported_bytes - 2 * len(body))
        super().on_body(body)
        if len(body) > PROGRESS_BYTES and self._unanswered and self in self.waiting:
            self.waiting[self] = self.waiting.pop(self)  # Whoever gets on waits anew.

    def on_message_complete(self) -> None:
        """Stop the deadline, as it is our turn; wait for the next request if we have answered."""
        self._receiving = False
        super().on_message_complete()
        is_idle = not self._unanswered
        self._set_deadline_after_parsing(self.settings.keep_alive_timeout if is_idle else None)

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: uvicorn would ask for a library, but a setting keeps WebSockets out."""

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
            self._stop_parsing(*self._too_large())

    def _has_room(self) -> bool:
        """Count what this connection keeps; return whether that is too much for all together.

        Whoever has kept us waiting longest makes room, but for what is large only if it is larger.
        """
        size = self._count_kept()
        while sum(self.kept.values()) > self.settings.max_kept_bytes:
            less = size if size > SMALL_BODY else 0
            others = (one for one in self.waiting if self.kept.get(one, 0) > less)
            other = next((one for one in others if one is not self), None)
            if other is None:
                return False
            other.cut_off("too_many_large_requests")
        return True

    def _count_kept(self) -> int:
        size = self._memory()
        if size:
            self.kept[self] = size
        else:
            self.kept.pop(self, None)
        return size

    def _memory(self) -> int:
        # Large bodies are counted here until the application receives them, in `body.py` then.
        requests = sum(head + len(cycle.body) for cycle, head in self._unanswered.items())
        unreported = self._unreported_bytes if self._receiving else 0
        return requests + unreported + (self._head_memory() if self._in_head else 0)

    def _head_memory(self) -> int:
        of_address = WIDE_COPIES if b"%" in self.url else ADDRESS_COPIES
        return self._head_bytes * HEAD_COPIES + len(self.url) * of_address

    def _stop_parsing(self, status: int, detail: str) -> NoReturn:
        self._refusal = (status, detail)
        raise HttpParserError

    def _too_large(self) -> tuple[int, str]:
        if len(self.url) > self.settings.max_head_bytes / ADDRESS_PART:
            return 414, "The address is too long."
        return 431, "The header fields, or what surrounds the body, are too many or too large."

    def _read_slowly(self) -> None:
        # What comes now is thrown away. Read at once, it would keep the loop from everybody else.
        self.flow.pause_reading()
        self._throttle = self.loop.call_later(THROTTLE_SECONDS, self.flow.resume_reading)

    # What goes out

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        # Another answer would only wait beside the one that the client does not read.
        if self.flow.write_paused:
            self._postponed = (cycle, app)
        else:
            super()._start_asgi_task(cycle, app)

    def _begins_answer(self) -> bool:
        # Uvicorn writes the head of an answer right after it has noted that it begins.
        first = self._first()
        if first is None or first is self._answering or not first.response_started:
            return False
        self._answering = first
        return True

    def _first(self) -> Any:
        return next(iter(self._unanswered), None)

    def on_response_complete(self) -> None:
        """Wait for the next request, and keep nothing of this one."""
        super().on_response_complete()
        answered = self._first()
        del self._unanswered[answered]
        answered.body.clear()
        answered.scope = NOTHING
        self._count_kept()
        if not (self._unanswered or self._in_head):  # Else these are the next one's.
            self.scope, self.headers, self.url = NOTHING, [], b""
        self._wait_if_idle()

    def pause_writing(self) -> None:
        """Wait for the client to read. Where too much is unread, close what waits longest."""
        super().pause_writing()
        if (first := self._first()) and not first.response_started:
            self.cut_off("does_not_read")  # "100 Continue": the answer would wait uncounted.
            return
        self.unread[self] = self._answers.last_bytes
        self.waiting.setdefault(self)
        self._set_reading_deadline()
        if self.unread[self] > self.settings.max_unread_bytes:
            self.cut_off("too_much_unread")  # And nobody else for its sake.
        while sum(self.unread.values()) > self.settings.max_unread_bytes:
            next(iter(self.unread)).cut_off("too_much_unread")

    def resume_writing(self) -> None:
        """Stop the deadline for reading."""
        self._stop_reading_deadline()
        super().resume_writing()
        if self._postponed:
            (cycle, app), self._postponed = self._postponed, None
            self._start_asgi_task(cycle, app)
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
        self._postponed = None
        request_id = uuid4().hex
        logger.warning("request_refused", status=status, reason=detail, request_id=request_id)
        if not self._may_answer(status):
            self._abort()
            return
        self._disconnect()
        self._unanswered.clear()  # Nobody answers them any more.
        self.transport.write(self._refusal_answer(status, detail, request_id))
        self.transport.write_eof()
        self._set_deadline_after_parsing(LINGER_SECONDS)

    def _may_answer(self, status: int) -> bool:
        if not self._unanswered:
            return not self._is_in_body()  # Whose body it is has its answer.
        # A request may be too large once it is here, but nothing else is wrong with it then.
        is_too_large = status == HTTPStatus.SERVICE_UNAVAILABLE and not self._in_head
        is_its = self._is_in_body() or is_too_large
        return is_its and len(self._unanswered) == 1 and not self.cycle.response_started

    def _is_in_body(self) -> bool:
        return self._receiving and not self._in_head

    def _refusal_answer(self, status: int, detail: str, request_id: str) -> bytes:
        scope = {"state": {"request_id": request_id}}
        more = {"Retry-After": "1"} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
        response = problem_response(scope, status, detail, headers={"Connection": "close", **more})
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
        # It is not while a part of the next request is here, or the client still reads.
        if not (self._unanswered or self._receiving or self._refused or self in self.unread):
            self._set_deadline(self.settings.keep_alive_timeout)

    def _set_deadline(self, seconds: float | None) -> None:
        self._has_next_deadline = False
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None
        if self not in self.unread:
            self.waiting.pop(self, None)
        if seconds is not None:
            self._deadline = self.loop.call_later(seconds, self._expire)
            self.waiting.setdefault(self)

    def _expire(self) -> None:
        if self.flow.read_paused and self._unanswered:
            self._set_deadline(self.settings.body_timeout)  # The application is slow to read.
        elif self._receiving and not self._refused:
            self.cut_off("sends_too_slowly")
        else:
            self._abort()

    def _set_reading_deadline(self) -> None:
        left = self.transport.get_write_buffer_size()
        self._reading_deadline = self.loop.call_later(
            self.settings.body_timeout, self._check_reading, left
        )

    def _check_reading(self, left: int) -> None:
        if self.transport.get_write_buffer_size() < left:
            self._set_reading_deadline()
        else:
            self.cut_off("does_not_read")

    def _stop_reading_deadline(self) -> None:
        if self.unread.pop(self, None) is not None and not self._deadline:
            self.waiting.pop(self, None)
        if self._reading_deadline:
            self._reading_deadline.cancel()

    def _stop_deadlines(self) -> None:
        self._set_deadline(None)
        self._stop_reading_deadline()
        if self._throttle:
            self._throttle.cancel()


class _JoiningTransport:
    """Writes the head of an answer together with the beginning of its body.

    Were the head alone too much for the kernel, writing would pause, and the body would wait in the
    application, where nothing counts it. Together they count whole, as a transport keeps all that
    it was given until the last byte is sent. It is one system call less, too.
    """

    def __init__(self, transport: asyncio.Transport, begins_answer: Callable[[], bool]) -> None:
        self.last_bytes = 0
        self._transport = transport
        self._begins_answer = begins_answer
        self._head = b""

    def write(self, data: bytes) -> None:
        if self._begins_answer():
            self._head = data
            asyncio.get_running_loop().call_soon(self.flush)  # Some bodies begin later.
        else:
            self._write(data)

    def flush(self) -> None:
        if self._head:
            self._write(b"")

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def forget(self) -> None:
        # A protocol and its transport that hold each other would stay until the next collection.
        self._head = b""
        self._begins_answer = lambda: False

    def _write(self, data: bytes) -> None:
        head, self._head = self._head, b""
        self.last_bytes = len(head) + len(data)
        self._transport.writelines([head, data])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


def guarded_protocol(settings: ServerSettings) -> type[GuardedProtocol]:
    """Return the protocol of one server; uvicorn takes only a class."""
    of_one_server = {"settings": settings, "waiting": {}, "unread": {}, "kept": {}}
    return type("GuardedProtocol", (GuardedProtocol,), of_one_server)


def _bound_unsent(transport: asyncio.Transport) -> None:
    if option := getattr(socket, "TCP_NOTSENT_LOWAT", None):  # Not on every system.
        connection: socket.socket = transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, option, UNSENT_BYTES)


def _announces_body(headers: list[tuple[bytes, bytes]]) -> bool:
    return any(name in ANNOUNCES_BODY and value != b"0" for name, value in headers)
