"""What the body of a request may be: looked at before anything reads it."""

import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .errors import ContentTooLargeError, InvalidInputError, UnavailableError
from .middleware import HttpMiddleware
from .problems import problem_response
from .security.dependencies import admit
from .settings import ServerSettings

SMALL_BODY = 16 * 1024  # Bytes that any request may hold; only what is beyond them is counted.
# A string, even one that never ends, or what comes before a value.
JSON_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[,\[{]')


class BodyMiddleware(HttpMiddleware):
    """Refuses a body that is too large or holds too much, and any body of an unknown caller.

    FastAPI reads and parses a body before it asks who is calling. Here a caller whom the route will
    refuse is refused first.
    """

    def __init__(self, app: ASGIApp, *, settings: ServerSettings) -> None:
        super().__init__(app)
        self.max_bytes = settings.max_body_bytes
        self.max_values = settings.max_json_values
        self.room = settings.max_bodies_bytes  # What is left of it.

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with a body that is looked at."""
        if _declared_bytes(scope) > self.max_bytes:
            await problem_response(scope, 413, str(self.too_large()))(scope, receive, send)
            return
        body = _Body(self, scope, receive)
        try:
            await self.app(scope, body.receive, send)
        finally:
            self.room += body.taken

    def too_large(self) -> ContentTooLargeError:
        """Return the error of a body that has too many bytes."""
        return ContentTooLargeError(f"The body is larger than {self.max_bytes} bytes.")


class _Body:
    """The body of one request, while it comes in."""

    def __init__(self, limits: BodyMiddleware, scope: Scope, receive: Receive) -> None:
        self.taken = 0  # Of the room for large bodies.
        self._limits = limits
        self._scope = scope
        self._receive = receive
        self._received = 0
        self._kept = bytearray()

    async def receive(self) -> Message:
        """Return what has come; JSON is returned whole."""
        message = await self._receive()
        if not message.get("body"):
            return message
        try:
            if not self._received:
                await admit(self._scope)
            self._count(len(message["body"]))
            return await self._whole(message) if _is_json(self._scope) else message
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
        if needed > limits.room:
            raise UnavailableError("Too many large bodies at once; try again in a moment.")
        limits.room -= needed
        self.taken += needed


def check_encoding(body: bytes | bytearray) -> None:
    """Check that JSON is in UTF-8 (RFC 8259 section 8.1).

    Raises:
        InvalidInputError: it is in another encoding.
    """
    if not _is_utf_8(body):
        raise InvalidInputError("body", "JSON is encoded as UTF-8.")


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


def _declared_bytes(scope: Scope) -> int:
    return int(Headers(scope=scope).get("content-length", 0))


def _is_json(scope: Scope) -> bool:
    # As FastAPI decides it.
    media_type = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")
