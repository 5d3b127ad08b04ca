"""What the body of a request may be: looked at before anything reads it."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import ContentTooLargeError, InvalidInputError, UnavailableError
from .media_type import is_json
from .middleware import HttpMiddleware
from .problems import problem_response
from .settings import ServerSettings

ANNOUNCES_BODY = {b"content-length", b"transfer-encoding"}
SMALL_BODY = 16 * 1024  # Bytes that any request may hold; only what is beyond them is counted.
# A string, even one that never ends, or what comes before a value.
JSON_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[,\[{]')


@dataclass
class Room:
    """How many bytes of large bodies may be held at once."""

    left: int


class BodyMiddleware(HttpMiddleware):
    """Refuses a body that is too large or holds too much, before anything reads it.

    FastAPI reads and parses a body before it asks who is calling. Here a caller whom the route will
    refuse is refused first, by `admit`. Large bodies of unknown callers leave room for those of
    known ones.
    """

    def __init__(
        self, app: ASGIApp, *, settings: ServerSettings, admit: Callable[[Scope], Awaitable[bool]]
    ) -> None:
        super().__init__(app)
        self.admit = admit
        self.max_bytes = settings.max_body_bytes
        self.max_values = settings.max_json_values
        self.room_for_unknown = Room(settings.max_bodies_bytes // 2)
        self.room_for_known = Room(settings.max_bodies_bytes // 2)

    def handle(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass the request on, with a body that is looked at if there may be one."""
        if not _may_have_body(scope):
            return self.app(scope, receive, send)
        if _declared_bytes(scope) > self.max_bytes:
            return problem_response(scope, 413, str(self.too_large()))(scope, receive, send)
        return self._handle_body(scope, receive, send)

    async def _handle_body(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = _Body(self, scope, receive)
        try:
            await self.app(scope, body.receive, send)
        finally:
            body.room.left += body.taken

    def too_large(self) -> ContentTooLargeError:
        """Return the error of a body that has too many bytes."""
        return ContentTooLargeError(f"The body is larger than {self.max_bytes} bytes.")


class _Body:
    """The body of one request, while it comes in."""

    def __init__(self, limits: BodyMiddleware, scope: Scope, receive: Receive) -> None:
        self.room = limits.room_for_unknown
        self.taken = 0  # Of that room.
        self._limits = limits
        self._scope = scope
        self._receive = receive
        self._is_json = is_json(Headers(scope=scope))
        self._is_admitted = False
        self._received = 0
        self._kept = bytearray()

    async def receive(self) -> Message:
        """Return what has come; JSON is returned whole."""
        if not self._is_admitted:
            if await self._limits.admit(self._scope):
                self.room = self._limits.room_for_known
            self._is_admitted = True
        message = await self._receive()
        if not message.get("body"):
            return message
        try:
            self._count(len(message["body"]))
            return await self._whole(message) if self._is_json else message
        except Exception:
            # Tracebacks keep what functions hold until the garbage collector finds them.
            message.clear()
            self._kept.clear()
            raise

    async def _whole(self, message: Message) -> Message:
        most = self._limits.max_values
        self._kept += message.pop("body")
        look_at = SMALL_BODY  # What holds too much should not be waited for.
        while message.get("more_body"):
            if len(self._kept) >= look_at:
                check_values(self._kept, most)
                look_at *= 2
            message = await self._receive()
            size = len(message.get("body", b""))
            self._kept += message.pop("body", b"")
            self._count(size)
        check_encoding(self._kept)
        check_values(self._kept, most)
        whole = bytes(self._kept)
        self._kept.clear()
        return {**message, "body": whole}

    def _count(self, size: int) -> None:
        limits = self._limits
        self._received += size
        if self._received > limits.max_bytes:
            raise limits.too_large()
        needed = max(0, self._received - SMALL_BODY) - self.taken
        if needed > self.room.left:
            raise UnavailableError("Too many large bodies at once; try again in a moment.")
        self.room.left -= needed
        self.taken += needed


def check_encoding(body: bytes | bytearray) -> None:
    """Check that JSON is in UTF-8 (RFC 8259 section 8.1).

    Raises:
        InvalidInputError: it is in another encoding.
    """
    if not _is_utf_8(body):
        raise InvalidInputError("", "JSON is encoded as UTF-8.")


def check_values(body: bytes | bytearray, most: int) -> None:
    """Check how many values there are in JSON, or in the beginning of some.

    Raises:
        ContentTooLargeError: there are more than `most`. It need not be well-formed.
    """
    if _holds_more_values(body, most):
        raise ContentTooLargeError(f"The body holds more than {most} values.")


def _is_utf_8(body: bytes | bytearray) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in body  # As it is in UTF-16, which Python would guess and parse.


def _holds_more_values(body: bytes | bytearray, most: int) -> bool:
    # Before each value there is a comma or a bracket, or it is an object's first. A cheap look,
    # which takes what stands in strings for it too, settles nearly every case.
    if sum(map(body.count, (b",", b"[", b"{"))) < most:
        return False
    values, strings = 1, 0
    for token in JSON_TOKEN.finditer(body):
        is_string = token[0].startswith(b'"')
        values += not is_string
        strings += is_string
        if values > most or strings > 2 * most:  # A value has at most one name.
            return True
    return False


def _may_have_body(scope: Scope) -> bool:
    # In HTTP/1 one of these announces a body; later versions need none.
    is_http_1 = scope["http_version"].startswith("1")
    return not is_http_1 or any(name in ANNOUNCES_BODY for name, _ in scope["headers"])


def _declared_bytes(scope: Scope) -> int:
    digits = Headers(scope=scope).get("content-length", "").lstrip("0")
    return int(digits[:20] or 0)  # Python refuses to read thousands of them.
