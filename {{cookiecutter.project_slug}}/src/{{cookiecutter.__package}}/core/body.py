"""What the body of a request may be: looked at before anything reads it."""

import re

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .errors import ContentTooLargeError, InvalidInputError, UnavailableError
from .middleware import HttpMiddleware
from .problems import problem_response
from .security.dependencies import admit
from .settings import ServerSettings

SMALL_BODY = 64 * 1024  # Bytes that any request may hold.
LARGE_BODIES = 16 * 1024 * 1024  # Bytes beyond that, of all requests together.
# A string, even one that never ends, or what comes before a value.
JSON_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[,\[{]', re.DOTALL)


class BodyMiddleware(HttpMiddleware):
    """Refuses a body that is too large or holds too much, and any body of an unknown caller.

    FastAPI reads and parses a body before it asks who is calling. Here a caller whom the route will
    refuse is refused first.
    """

    def __init__(self, app: ASGIApp, *, settings: ServerSettings) -> None:
        super().__init__(app)
        self.max_bytes = settings.max_body_bytes
        self.max_values = settings.max_json_values
        self.room = max(LARGE_BODIES, settings.max_body_bytes)

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

    async def receive(self) -> Message:
        """Return what has come; JSON is returned whole."""
        message = await self._receive()
        if not message.get("body"):
            return message
        if not self._received:
            await admit(self._scope)
        self._count(message["body"])
        return await self._whole(message) if _is_json(self._scope) else message

    async def _whole(self, message: Message) -> Message:
        body = bytearray(message["body"])
        while message.get("more_body"):
            message = await self._receive()
            body += message.get("body", b"")
            self._count(message.get("body", b""))
        check_json(body, self._limits.max_values)
        return message if message["type"] == "http.disconnect" else {**message, "body": bytes(body)}

    def _count(self, body: bytes) -> None:
        limits = self._limits
        self._received += len(body)
        if self._received > limits.max_bytes:
            raise limits.too_large()
        taken = max(0, self._received - SMALL_BODY)
        limits.room -= taken - self.taken
        self.taken = taken
        if limits.room < 0:
            raise UnavailableError("Too many large bodies at once; try again in a moment.")


def check_json(body: bytes | bytearray, max_values: int) -> None:
    """Do nothing about JSON that may be parsed; whether it is well-formed is not looked at.

    Raises:
        InvalidInputError: it is not UTF-8 (RFC 8259 section 8.1).
        ContentTooLargeError: it holds more than `max_values` values.
    """
    if not _is_utf_8(body):
        raise InvalidInputError("body", "JSON is encoded as UTF-8.")
    if _holds_more_values(body, max_values):
        raise ContentTooLargeError(f"The body holds more than {max_values} values.")


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
    declared = Headers(scope=scope).get("content-length", "")
    return int(declared[:20]) if declared.isdecimal() else 0


def _is_json(scope: Scope) -> bool:
    # As FastAPI decides it.
    media_type = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
    return media_type == "application/json" or media_type.endswith("+json")
