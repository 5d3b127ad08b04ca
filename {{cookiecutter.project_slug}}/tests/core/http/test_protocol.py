"""What a client may send, and in what time: over real sockets, but for a kernel that is full."""

import asyncio
import contextlib
import gc
import json
import socket
import time
import weakref
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn import Config
from uvicorn.server import ServerState

from {{ cookiecutter.__package }}.core.http.protocol import (
    LINGER_SECONDS,
    THROTTLE_SECONDS,
    UNSENT_BYTES,
    GuardedProtocol,
    guarded_protocol,
)
from {{ cookiecutter.__package }}.core.http.server import DrainingServer, create_server
from {{ cookiecutter.__package }}.core.http.settings import ServerSettings

from tests.helpers.client import JsonObject
from tests.helpers.serving import PATIENCE, read_all, running, talk

HEAD = b"GET / HTTP/1.1\r\nHost: test\r\n"
LAST = b"GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
BODY = b"POST / HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
CHUNKED = BODY + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
LIMITS = ServerSettings(
    port=0,
    drain_seconds=0,
    header_timeout=0.2,
    body_timeout=0.4,
    keep_alive_timeout=0.3,
    max_head_bytes=4000,
    max_head_fields=10,
    max_unread_bytes=12_001_000,
)
LONG = b"x" * 4000
LARGE_ANSWER = 12_000_000  # Much more than the kernel reads for a client.


def add_slow_routes(app: FastAPI) -> None:
    """Add routes that wait: before they answer, before they read a body, and for its end."""

    @app.get("/nap")
    async def nap() -> str:
        await asyncio.sleep(0.1)
        return "done"

    @app.get("/slow")
    async def wait() -> str:
        await asyncio.sleep(0.8)
        return "done"

    @app.post("/late")
    async def read_late(request: Request) -> int:
        await asyncio.sleep(0.6)
        return len(await request.body())

    @app.post("/wait")
    async def wait_for_the_body(request: Request) -> None:
        try:
            await request.body()
        except ClientDisconnect:
            app.state.disconnected = True


def add_large_answers(app: FastAPI) -> None:
    """Add routes with answers that are larger than what the kernel reads for a client."""

    @app.get("/large")
    async def answer_at_length() -> Response:
        return Response(bytes(LARGE_ANSWER))

    @app.get("/stream")
    async def answer_in_two_parts() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            yield bytes(LARGE_ANSWER // 2)
            await asyncio.sleep(0.6)
            yield b"end"

        return StreamingResponse(parts())

    @app.get("/news")
    async def answer_when_there_is_some() -> StreamingResponse:
        app.state.news = asyncio.Event()

        async def parts() -> AsyncIterator[bytes]:
            await app.state.news.wait()
            yield b"news"

        return StreamingResponse(parts())


@pytest.fixture(scope="module")
def app() -> FastAPI:
    """Give an application that tells of what it got."""
    app = FastAPI()
    app.state.answered = 0
    app.state.disconnected = False

    @app.get("/")
    async def answer() -> str:
        app.state.answered += 1
        return "done"

    @app.post("/")
    async def read(_: JsonObject, request: Request) -> dict[str, str]:
        return dict(request.headers)

    @app.websocket("/socket")
    async def talk_late(socket: WebSocket) -> None:
        await socket.accept()
        await asyncio.sleep(0.6)
        await socket.send_text("late")
        await socket.close()

    add_slow_routes(app)
    add_large_answers(app)
    return app


@pytest.fixture(scope="module")
async def port(app: FastAPI) -> AsyncIterator[int]:
    """Give the port of a server with small limits."""
    async with running(create_server(app, LIMITS)) as port:
        yield port


def status(answer: bytes) -> int:
    """Return the status of the first answer, 0 if there is none."""
    return int(answer.split(b" ", 2)[1]) if answer else 0


def assert_is_refusal(answer: bytes, expected: int) -> None:
    """Check that the only answer is a problem document like any other."""
    head, _, body = answer.partition(b"\r\n\r\n")
    headers = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:])
    problem = json.loads(body)
    assert status(answer) == problem["status"] == expected
    assert headers[b"content-type"] == b"application/problem+json"
    assert headers[b"x-request-id"].decode() == problem["request_id"]
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert headers[b"content-security-policy"].startswith(b"default-src 'none'")
    assert b"date" in headers
    assert headers[b"connection"] == b"close"
    assert int(headers[b"content-length"]) == len(body)


async def unread(port: int, request: bytes = LAST, *more: bytes) -> socket.socket:
    """Ask for more than one will read, and for more."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 256 * 1024)  # Else it takes megabytes.
    client.setblocking(False)  # noqa: FBT003 - takes no name.
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, ("127.0.0.1", port))
    await loop.sock_sendall(client, request.replace(b"/ ", b"/large ", 1) + b"".join(more))
    return client


def protocol_of(server: DrainingServer) -> type[GuardedProtocol]:
    """Return what all connections of a server share."""
    protocol = server.config.http_protocol_class
    assert issubclass(protocol, GuardedProtocol)
    return protocol


async def until(condition: Callable[[], bool]) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - it has no event.
            await asyncio.sleep(0.01)


async def left_of(client: socket.socket) -> int:
    """Read on, and return how much there was."""
    reader, writer = await asyncio.open_connection(sock=client)
    received = len(await read_all(reader))
    writer.close()
    await asyncio.sleep(0)
    return received


class TestHeads:
    @pytest.mark.parametrize(
        ("request_", "expected"),
        [
            (HEAD + b"a:b\r\n" * 10 + b"\r\n", 431),
            (HEAD + b"a:\r\n" * 100_000, 431),
            (HEAD + b"a: " + LONG + b"\r\n\r\n", 431),
            (HEAD + b"a: " + LONG * 500, 431),
            (HEAD + LONG * 500, 431),
            (HEAD + b"a:" + b" " * 2_000_000, 431),
            (HEAD.replace(b"/ ", b"/" + LONG + b" ", 1) + b"\r\n", 414),
            (b"GET /" + LONG * 500, 414),
            (HEAD.replace(b"/ ", b"/" + b"x" * 1000 + b" ", 1) + b"\r\n", 414),
            (HEAD + b"Cookie: a=" + b"\\" * 101 + b"\r\n\r\n", 431),
            (b"\r\n" * 1_000_000, 431),
        ],
    )
    async def test_are_small(self, app: FastAPI, port: int, request_: bytes, expected: int) -> None:
        answered = app.state.answered
        assert_is_refusal((await talk(port, request_))[0], expected)
        assert app.state.answered == answered

    async def test_may_be_just_as_large(self, port: int) -> None:
        # The address and the fields count, and so do a colon, a space and the end of each line.
        start = LAST.removesuffix(b"\r\n") + b"a: b\r\n" * 7 + b"c: "
        counted = len(start.removeprefix(b"GET ")) - len(" HTTP/1.1\r\n") + len("\r\n")
        value = b"x" * (LIMITS.max_head_bytes - counted)
        assert status((await talk(port, start + value + b"\r\n\r\n"))[0]) == 200
        assert_is_refusal((await talk(port, start + value + b"x\r\n\r\n"))[0], 431)

    @pytest.mark.parametrize("fields", [b"a: " + LONG[:3000] + b"\r\n", b"a:b\r\n" * 9])
    async def test_are_counted_one_by_one(self, port: int, fields: bytes) -> None:
        answer, _ = await talk(port, (HEAD + fields + b"\r\n") * 3 + LAST)
        assert answer.count(b" 200 OK") == 4

    @pytest.mark.parametrize(
        "request_",
        [
            b"\x16\x03\x01",
            b"\x16" * 10_000,
            b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
            BODY + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\n{}",
            BODY + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\nzz\r\n",
            BODY + b"Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        ],
    )
    async def test_that_are_no_http_are_refused_alike(self, port: int, request_: bytes) -> None:
        assert_is_refusal((await talk(port, request_))[0], 400)

    async def test_alone_are_answered_without_a_body(self, port: int) -> None:
        asked = b"HEAD / HTTP/1.1\r\nHost: test\r\n"
        answer, _ = await talk(port, asked + b"\r\n" + asked + b"Connection: close\r\n\r\n")
        assert answer.count(b"HTTP/1.1 405 ") == 2

    async def test_nobody_is_asked_for_a_body_after_a_refusal(
        self, port: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        asks = b"Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"
        head = BODY.replace(b"/ ", b"/wait ", 1) + asks
        assert_is_refusal((await talk(port, head + b"zz\r\n"))[0], 400)
        assert "Exception in ASGI application" not in caplog.text

    async def test_a_refused_client_may_finish_sending(self, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(20):
            writer.write(b"GET /" + LONG * 10)
            await writer.drain()
            await asyncio.sleep(0.01)
        assert_is_refusal(await read_all(reader), 414)
        writer.close()

    async def test_an_application_learns_that_its_client_is_refused(
        self, app: FastAPI, port: int
    ) -> None:
        app.state.disconnected = False
        bad = CHUNKED.replace(b"/ ", b"/wait ", 1).replace(b"0\r\n", b"zz\r\n")
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(bad)
        assert_is_refusal(await read_all(reader), 400)
        assert app.state.disconnected
        writer.close()


class TestTrailers:
    async def test_are_no_headers(self, port: int) -> None:
        answer, _ = await talk(port, CHUNKED + b"X-Forwarded-For: 198.51.100.7\r\n\r\n")
        assert status(answer) == 200
        assert b"x-forwarded-for" not in answer

    async def test_are_none_of_the_next_request_either(self, port: int) -> None:
        keep = CHUNKED.replace(b"Connection: close\r\n", b"") + b"X-Evil: 1\r\n\r\n"
        answer, _ = await talk(port, keep + CHUNKED + b"\r\n")
        assert answer.count(b" 200 OK") == 2
        assert b"x-evil" not in answer

    @pytest.mark.parametrize("trailers", [b"a: b\r\n" * 10, b"a: " + LONG * 500, b"a" * 100_000])
    async def test_count(self, port: int, trailers: bytes) -> None:
        assert_is_refusal((await talk(port, CHUNKED + trailers))[0], 431)

    async def test_a_long_body_of_small_chunks_has_none(self, port: int) -> None:
        start = CHUNKED.removesuffix(b"2\r\n{}\r\n0\r\n")
        body = b'b\r\n{"a":"bcdef\r\n' + b"5\r\nxxxxx\r\n" * 5000 + b'2\r\n"}\r\n0\r\n\r\n'
        assert status((await talk(port, start + body))[0]) == 200

    async def test_a_body_of_hardly_anything_but_chunks_is_refused(self, port: int) -> None:
        start = CHUNKED.removesuffix(b"2\r\n{}\r\n0\r\n")
        assert_is_refusal((await talk(port, start + b"1\r\nx\r\n" * 100_000))[0], 431)


class TestDeadlines:
    async def test_slow_senders_are_cut_off_and_nobody_else_is(self, port: int) -> None:
        half_a_body = BODY + b"Content-Length: 2\r\n\r\n{"
        slow_answer = LAST.replace(b"/ ", b"/slow ", 1)
        parts = (b"", HEAD, half_a_body, slow_answer)
        *slow, whole = await asyncio.gather(*(talk(port, part) for part in parts))
        for (answer, seconds), least in zip(slow, (0.2, 0.2, 0.4), strict=True):
            assert b" 200 " not in answer
            assert least - 0.01 < seconds < least + 2
        assert whole[0].endswith(b'"done"')

    @pytest.mark.parametrize("request_", [HEAD + b"\r\n", BODY + b"Content-Length: 2\r\n\r\n{}"])
    async def test_an_idle_connection_has_one_whatever_it_sends(
        self, port: int, request_: bytes
    ) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request_)
        assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 200")
        started_at = time.monotonic()
        ended = asyncio.create_task(read_all(reader))
        while not ended.done():
            writer.write(b"\r\n")
            await asyncio.sleep(0.05)
        assert 0.25 < time.monotonic() - started_at < 1.5
        writer.close()

    async def test_an_answer_before_the_end_of_a_body_leaves_the_bodys_own(self, port: int) -> None:
        refused = b"POST /nowhere HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\n{"
        answer, seconds = await talk(port, refused)
        assert status(answer) == 404
        assert 0.35 < seconds < 1.5

    @pytest.mark.parametrize(
        ("request_", "status", "most"),
        [
            (BODY.replace(b"/ ", b"/nowhere ", 1) + b"Content-Length: 999999999\r\n\r\n", 404, 1.5),
            (HEAD + b"a: " + LONG * 5, 431, LINGER_SECONDS + 1),
        ],
    )
    async def test_what_comes_after_the_answer_is_read_slowly_and_not_for_long(
        self, port: int, request_: bytes, status: int, most: float
    ) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request_)
        assert (await reader.readline()).startswith(b"HTTP/1.1 %d" % status)
        started_at, sent = time.monotonic(), 0
        with contextlib.suppress(ConnectionError):
            while sent < 100_000_000:
                writer.write(bytes(100_000))
                await writer.drain()
                sent += 100_000
        assert sent < 50_000_000  # Most of it lies in the kernel.
        assert time.monotonic() - started_at < most

    async def test_the_next_head_may_come_in_two_parts(self, app: FastAPI) -> None:
        patient = LIMITS.model_copy(update={"header_timeout": 5, "keep_alive_timeout": 5})
        async with running(create_server(app, patient)) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            seconds = []
            for part in (HEAD, *[HEAD[:20]] * 9):
                writer.write(part)
                await asyncio.sleep(0.01)
                started_at = time.monotonic()
                writer.write((HEAD + b"\r\n").removeprefix(part))
                await reader.readuntil(b'"done"')
                seconds.append(time.monotonic() - started_at)
            writer.close()
        assert min(seconds[1:]) < THROTTLE_SECONDS / 2

    async def test_who_is_told_before_the_body_need_not_send_it(self, port: int) -> None:
        head = b"POST /nowhere HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n"
        answer, _ = await talk(port, head + b"Expect: 100-continue\r\n\r\n")
        assert b"\r\nconnection: close\r\n" in answer

    async def test_who_does_not_read_is_cut_off(self, port: int) -> None:
        client = await unread(port)
        await asyncio.sleep(1.2)  # At first the kernel reads.
        assert await left_of(client) < LARGE_ANSWER

    async def test_who_reads_slowly_is_not(self, port: int) -> None:
        client = await unread(port)
        received = 0
        for _ in range(6):
            await asyncio.sleep(0.1)
            received += len(await asyncio.get_running_loop().sock_recv(client, 1_000_000))
        assert received + await left_of(client) > LARGE_ANSWER

    async def test_too_much_that_nobody_reads_is_thrown_away(self, app: FastAPI) -> None:
        patient = LIMITS.model_copy(update={"body_timeout": 30})
        server = create_server(app, patient)
        async with running(server) as port:
            first = await unread(port)
            await until(lambda: len(protocol_of(server).unread) == 1)
            second = await unread(port)
            await until(lambda: len(server.server_state.connections) == 1)
            assert await left_of(second) > LARGE_ANSWER
            assert await left_of(first) < LARGE_ANSWER

    async def test_nobody_pays_for_another_ones_answer(self, app: FastAPI) -> None:
        small = {"body_timeout": 30, "max_unread_bytes": LARGE_ANSWER * 3 // 4}
        server = create_server(app, LIMITS.model_copy(update=small))
        async with running(server) as port:
            half = await unread(port, LAST.replace(b"/ ", b"/stream ", 1))
            await until(lambda: len(protocol_of(server).unread) == 1)
            too_much = await unread(port)
            assert await left_of(half) > LARGE_ANSWER / 2
            assert await left_of(too_much) < LARGE_ANSWER

    async def test_an_answer_counts_until_its_last_byte_is_read(self, app: FastAPI) -> None:
        patient = {"body_timeout": 30, "max_unread_bytes": LARGE_ANSWER * 3 // 2}
        server = create_server(app, LIMITS.model_copy(update=patient))
        async with running(server) as port:
            first, received = await unread(port), 0
            while received < LARGE_ANSWER - 1_000_000:
                received += len(await asyncio.get_running_loop().sock_recv(first, 100_000))
            second = await unread(port)
            await until(lambda: len(server.server_state.connections) == 1)
            assert received + await left_of(first) < LARGE_ANSWER < await left_of(second)

    async def test_nothing_is_kept_of_a_request_that_is_answered(self, app: FastAPI) -> None:
        server = create_server(app, LIMITS)
        async with running(server) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(HEAD + b"a: " + LONG[:3000] + b"\r\n\r\n")
            await reader.readuntil(b'"done"')
            (connection,) = server.server_state.connections
            assert isinstance(connection, GuardedProtocol)
            kept = (connection.url, connection.headers, connection.scope, connection.cycle.scope)
            assert "xxx" not in repr(kept)
            writer.close()

    async def test_nothing_is_kept_of_a_connection_that_is_closed(self, app: FastAPI) -> None:
        server = create_server(app, LIMITS)
        gc.disable()
        try:
            async with running(server) as port:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(HEAD)
                await until(lambda: bool(server.server_state.connections))
                (connection,) = map(weakref.ref, server.server_state.connections)
                writer.transport.abort()
                await until(lambda: connection() is None)
        finally:
            gc.enable()

    async def test_little_of_an_answer_is_kept_in_buffers(self, app: FastAPI) -> None:
        server = create_server(app, LIMITS)
        async with running(server) as port:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.sleep(0.05)
            (connection,) = server.server_state.connections
            assert isinstance(connection, GuardedProtocol)
            kernel = connection.transport.get_extra_info("socket")
            if option := getattr(socket, "TCP_NOTSENT_LOWAT", None):
                assert kernel.getsockopt(socket.IPPROTO_TCP, option) == UNSENT_BYTES
            assert connection.transport.get_write_buffer_limits() == (0, 0)
            writer.close()

    async def test_who_has_read_all_may_come_again(self, app: FastAPI) -> None:
        patient = {"keep_alive_timeout": 5, "body_timeout": 0.2}
        async with running(create_server(app, LIMITS.model_copy(update=patient))) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(HEAD.replace(b"/ ", b"/large ", 1) + b"\r\n")
            await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(LARGE_ANSWER)
            await asyncio.sleep(0.5)
            writer.write(LAST)
            assert status(await read_all(reader)) == 200
            writer.close()

    async def test_a_connection_has_one_once_its_answer_is_read(self, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD.replace(b"/ ", b"/large ", 1) + b"\r\n")
        started_at = time.monotonic()
        assert len(await read_all(reader)) > LARGE_ANSWER
        assert time.monotonic() - started_at < 3
        writer.close()

    async def test_an_answer_may_rest_on_its_way(self, port: int) -> None:
        answer, _ = await talk(port, LAST.replace(b"/ ", b"/stream ", 1))
        assert answer.endswith(b"end\r\n0\r\n\r\n")

    async def test_the_head_of_a_stream_does_not_wait_for_its_beginning(
        self, app: FastAPI, port: int
    ) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(LAST.replace(b"/ ", b"/news ", 1))
        async with asyncio.timeout(PATIENCE):
            assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
        app.state.news.set()
        assert b"news" in await read_all(reader)
        writer.close()

    async def test_it_does_not_run_while_we_are_slow_to_read(self, port: int) -> None:
        body = bytes(400_000)
        head = b"POST /late HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
        request = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
        assert (await talk(port, request))[0].endswith(b"400000")

    async def test_an_early_answer_and_the_end_of_the_body_leave_one(self, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /nowhere HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\n{")
        await reader.readuntil(b" 404 ")
        writer.write(b"}")
        await read_all(reader)
        writer.close()

    async def test_a_websocket_is_opened_only_by_a_setting(self, port: int) -> None:
        upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\na"
        answer, seconds = await talk(port, HEAD.replace(b"/ ", b"/socket ", 1) + upgrade)
        assert (status(answer), answer.count(b"HTTP/1.1 ")) == (404, 1)
        assert seconds < 1

    async def test_a_websocket_has_its_own(self, app: FastAPI) -> None:
        upgrade = (
            b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        open_to_them = LIMITS.model_copy(update={"websockets": True})
        async with running(create_server(app, open_to_them)) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(HEAD + b"\r\n")
            await reader.readuntil(b'"done"')
            pings = b"\x89\x00" * 10_000
            writer.write(HEAD.replace(b"/ ", b"/socket ", 1) + upgrade + pings)
            assert (await reader.readuntil(b"late")).startswith(b"HTTP/1.1 101 ")
            writer.transport.abort()


class TestManyConnections:
    @pytest.fixture
    async def crowded(self, app: FastAPI) -> AsyncIterator[int]:
        """Give the port of a server that has room for two."""
        settings = LIMITS.model_copy(update={"max_connections": 2, "header_timeout": 30})
        async with running(create_server(app, settings)) as port:
            yield port

    async def test_the_longest_wait_makes_room(self, crowded: int) -> None:
        waiting = []
        for _ in range(2):
            waiting.append(await asyncio.open_connection("127.0.0.1", crowded))
            await asyncio.sleep(0.02)
        (first, _), (second, writer) = waiting
        assert status((await talk(crowded, LAST))[0]) == 200
        assert await read_all(first) == b""
        writer.write(LAST)
        assert status(await read_all(second)) == 200
        for _, writer in waiting:
            writer.close()

    async def test_who_does_not_read_makes_room_where_nobody_else_waits(self, crowded: int) -> None:
        clients = []
        for _ in range(2):
            clients.append(await unread(crowded))
            await asyncio.sleep(0.05)
        assert status((await talk(crowded, LAST))[0]) == 200
        assert await left_of(clients[0]) < LARGE_ANSWER < await left_of(clients[1])

    async def test_those_who_come_at_once_do_not_push_each_other_out(self, crowded: int) -> None:
        clients = [await unread(crowded) for _ in range(2)]
        await asyncio.sleep(0.1)
        answers = await asyncio.gather(*(talk(crowded, LAST) for _ in range(2)))
        assert [status(answer) for answer, _ in answers] == [200, 200]
        for client in clients:
            await left_of(client)

    async def test_who_gets_on_with_a_body_waits_anew(self, crowded: int) -> None:
        _, idle = await asyncio.open_connection("127.0.0.1", crowded)
        reader, writer = await asyncio.open_connection("127.0.0.1", crowded)
        writer.write(BODY + b"Connection: close\r\nContent-Length: 4002\r\n\r\n{}")
        await asyncio.sleep(0.02)
        idle.write(HEAD)
        await asyncio.sleep(0.02)
        writer.write(b" " * 2000)
        await asyncio.sleep(0.02)
        assert status((await talk(crowded, LAST))[0]) == 200
        writer.write(b" " * 2000)
        assert status(await read_all(reader)) == 200
        for one in (idle, writer):
            one.transport.abort()

    async def test_a_body_that_is_thrown_away_gets_nobody_on(self, crowded: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", crowded)
        early = BODY.replace(b"/ ", b"/nowhere ", 1) + b"Content-Length: 9000\r\n\r\n"
        writer.write(early)
        await reader.readuntil(b" 404 ")
        idle_reader, idle = await asyncio.open_connection("127.0.0.1", crowded)
        await asyncio.sleep(0.02)
        writer.write(bytes(2000))
        await asyncio.sleep(0.1)
        assert status((await talk(crowded, LAST))[0]) == 200
        idle.write(LAST)
        assert status(await read_all(idle_reader)) == 200
        for one in (idle, writer):
            one.transport.abort()

    async def test_who_is_being_answered_stays(self, crowded: int) -> None:
        slow = LAST.replace(b"/ ", b"/slow ", 1)
        answers = [asyncio.create_task(talk(crowded, slow)) for _ in range(2)]
        await asyncio.sleep(0.1)
        assert status((await talk(crowded, b""))[0]) == 0
        assert [status((await answer)[0]) for answer in answers] == [200, 200]


class TestLargeBodies:
    async def test_that_the_application_has_not_received_have_a_largest_size(
        self, app: FastAPI
    ) -> None:
        size = 60_000
        more = {"max_kept_bytes": 4 * size - 2000, "body_timeout": 30}
        settings = LIMITS.model_copy(update=more)
        head = b"POST /late HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
        request = head + b"Content-Length: %d\r\n\r\n" % size + bytes(size)
        async with running(create_server(app, settings)) as port:
            # Where another request follows, a refusal could be for that one, and would be taken for
            # the answer to the first. At last, all that was answered has given back its room.
            for refused, behind, refusal in ((2, b"", 503), (2, LAST, 0), (0, b"", 0)):
                all_in_one = request.replace(b"Connection: close\r\n", b"") if behind else request
                asked = [talk(port, all_in_one + behind) for _ in range(3 + refused)]
                answers = await asyncio.gather(*asked)
                statuses = sorted(status(answer) for answer, _ in answers)
                assert statuses == sorted([refusal] * refused + [200] * 3)

    async def test_one_that_is_too_much_is_told_so_and_not_read_for_long(
        self, app: FastAPI
    ) -> None:
        more = {"max_kept_bytes": 50_000, "body_timeout": 30}
        server = create_server(app, LIMITS.model_copy(update=more))
        async with running(server) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(BODY + b"Content-Length: 100000\r\n\r\n" + bytes(60_000))
            answer = await read_all(reader)
            async with asyncio.timeout(PATIENCE):
                while server.server_state.connections:
                    writer.write(bytes(1000))
                    await asyncio.sleep(0.01)
            writer.close()
        assert_is_refusal(answer, 503)
        assert b"\r\nretry-after: 1\r\n" in answer

    async def test_one_alone_that_does_not_fit_is_told_so(self, app: FastAPI) -> None:
        little = LIMITS.model_copy(update={"max_kept_bytes": 50})
        async with running(create_server(app, little)) as port:
            assert_is_refusal((await talk(port, LAST))[0], 503)

    async def test_a_request_counts_although_another_follows_it(self, app: FastAPI) -> None:
        server = create_server(app, LIMITS)
        async with running(server) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            slow = HEAD.replace(b"/ ", b"/slow ", 1) + b"a: " + LONG[:3000] + b"\r\n\r\n"
            writer.write(slow + LAST)
            await until(lambda: bool(protocol_of(server).kept))
            assert sum(protocol_of(server).kept.values()) > 6000
            assert (await read_all(reader)).count(b" 200 OK") == 2
            writer.close()

    async def test_a_head_behind_an_answered_request_counts(self, app: FastAPI) -> None:
        server = create_server(app, LIMITS.model_copy(update={"header_timeout": 30}))
        async with running(server) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(HEAD + b"\r\n" + HEAD + b"a: " + LONG[:3000] + b"\r\nb: c\r\n")
            await reader.readuntil(b'"done"')
            assert sum(protocol_of(server).kept.values()) > 6000
            writer.transport.abort()
            await until(lambda: not protocol_of(server).kept)

    async def test_a_trailer_counts_while_it_comes_in(self, app: FastAPI) -> None:
        server = create_server(app, LIMITS.model_copy(update={"body_timeout": 30}))
        async with running(server) as port:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(CHUNKED)
            await until(lambda: bool(protocol_of(server).kept))
            writer.write(b"a: " + LONG[:3000])
            await until(lambda: sum(protocol_of(server).kept.values()) > 3000)
            writer.transport.abort()
            await until(lambda: not protocol_of(server).kept)

    async def test_large_heads_are_refused_where_there_is_no_room(self, app: FastAPI) -> None:
        more = {"max_kept_bytes": 40_000, "max_head_bytes": 16_000, "body_timeout": 30}
        large = HEAD + b"a: " + LONG[:1000] * 14 + b"\r\nContent-Length: 9\r\n\r\n"
        async with running(create_server(app, LIMITS.model_copy(update=more))) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(large.replace(b"/ ", b"/slow ", 1))
            await asyncio.sleep(0.05)
            app.state.answered = 0
            larger = large.replace(b"a: ", b"a: " + LONG[:100])
            assert_is_refusal((await talk(port, larger))[0], 503)
            assert app.state.answered == 0
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
            writer.close()

    async def test_a_large_one_that_waits_for_its_client_makes_room_for_a_smaller_one(
        self, app: FastAPI
    ) -> None:
        more = {"max_kept_bytes": 40_000, "max_head_bytes": 16_000, "body_timeout": 30}
        body = b'{"a": "' + LONG * 5 + b'"}'
        smaller = BODY + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        async with running(create_server(app, LIMITS.model_copy(update=more))) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(BODY + b"a: " + LONG * 3 + b"\r\nContent-Length: 9\r\n\r\n")
            await asyncio.sleep(0.05)
            assert status((await talk(port, smaller))[0]) == 200
            assert await read_all(reader) == b""
            writer.close()

    async def test_heads_count_while_they_come_and_the_oldest_makes_room(
        self, app: FastAPI
    ) -> None:
        more = {"max_kept_bytes": 14_000, "header_timeout": 30, "body_timeout": 30}
        fields = b"a: " + LONG[:3000] + b"\r\nb: c\r\n"  # The parser tells of one at the next.
        waiting = []
        async with running(create_server(app, LIMITS.model_copy(update=more))) as port:
            for part in (HEAD + fields, BODY + fields + b"Content-Length: 2\r\n\r\n"):
                waiting.append(await asyncio.open_connection("127.0.0.1", port))
                waiting[-1][1].write(part)
                await asyncio.sleep(0.05)
            assert status((await talk(port, LAST))[0]) == 200
            wide = b"/%F0%9F%98%80" + b"x" * 500 + b" "
            assert status((await talk(port, LAST.replace(b"/ ", wide, 1)))[0]) == 404
            assert await read_all(waiting[0][0]) == b""
            waiting[1][1].write(b"{}")
            assert (await waiting[1][0].readline()).startswith(b"HTTP/1.1 200")
            for _, writer in waiting:
                writer.transport.abort()


class TestPipelining:
    async def test_some_requests_may_wait(self, port: int) -> None:
        answer, _ = await talk(port, (HEAD + b"\r\n") * 7 + LAST)
        assert answer.count(b" 200 OK") == 8

    async def test_an_answer_waits_for_the_one_before_it_to_be_read(
        self, app: FastAPI, port: int
    ) -> None:
        app.state.answered = 0
        client = await unread(port, LAST.replace(b"Connection: close\r\n", b""), LAST)
        await asyncio.sleep(0.1)
        assert app.state.answered == 0
        assert await left_of(client) > LARGE_ANSWER
        assert app.state.answered == 1

    @pytest.mark.parametrize(
        "waiting",
        [
            (HEAD + b"a: " + LONG[:3000] + b"\r\n\r\n") * 7,
            BODY + b"Content-Length: 17000\r\n\r\n" + b" " * 17_000,
            HEAD + b"Content-Length: 17000\r\n\r\n" + b" " * 17_000,
            (BODY + b"Content-Length: 6000\r\n\r\n" + b" " * 6000) * 3,
        ],
    )
    async def test_what_waits_counts(self, app: FastAPI, waiting: bytes) -> None:
        app.state.answered = 0
        slow = HEAD.replace(b"/ ", b"/slow ", 1) + b"\r\n"
        little = LIMITS.model_copy(update={"max_kept_bytes": 15_000})
        async with running(create_server(app, little)) as port:
            assert (await talk(port, slow + waiting))[0] == b""
            client = await unread(port, LAST.replace(b"Connection: close\r\n", b""), waiting)
            assert await left_of(client) < LARGE_ANSWER + 2000
        assert app.state.answered == 0

    async def test_a_head_may_come_half_behind_another_request(self, port: int) -> None:
        nap = HEAD.replace(b"/ ", b"/nap ", 1) + b"\r\n"
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(nap + LAST[:20])
        await reader.readuntil(b'"done"')
        writer.write(LAST[20:])
        assert status(await read_all(reader)) == 200
        writer.close()

    async def test_nothing_follows_an_upgrade_to_what_nobody_speaks(
        self, port: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        upgrade = HEAD + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(upgrade.replace(b"/ ", b"/slow ", 1))
        await asyncio.sleep(0.02)
        writer.write(b"no HTTP" + LAST)
        answer = await read_all(reader)
        assert (status(answer), answer.count(b"HTTP/1.1 ")) == (200, 1)
        assert "uvicorn[standard]" not in caplog.text
        writer.close()

    async def test_many_may_not(self, port: int, caplog: pytest.LogCaptureFixture) -> None:
        nap = HEAD.replace(b"/ ", b"/nap ", 1) + b"\r\n"
        assert (await talk(port, nap * 20))[0] == b""
        await asyncio.sleep(0.15)
        assert "Exception in ASGI application" not in caplog.text

    async def test_a_refusal_is_not_taken_for_an_earlier_answer(self, port: int) -> None:
        slow = HEAD.replace(b"/ ", b"/slow ", 1) + b"\r\n"
        for request in (
            b"\x16\x03\x01",
            b"CONNECT a:1 HTTP/1.1\r\nHost: test\r\n\r\n",
            b"\r\n" * 20_000,
            HEAD + b"a:b\r\n" * 10,
        ):
            assert (await talk(port, slow + request))[0] == b""

    @pytest.mark.parametrize("rest", [b"zz\r\n", b"0\r\n" + b"a: b\r\n" * 20])
    async def test_a_request_has_one_answer(self, port: int, rest: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        early = CHUNKED.removesuffix(b"0\r\n").replace(b"Connection: close\r\n", b"")
        writer.write(early.replace(b"/ ", b"/nowhere ", 1))
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(rest)
        assert (head + await read_all(reader)).count(b"HTTP/1.1 ") == 1
        writer.close()


class FullTransport(asyncio.Transport):
    """A connection whose other end takes nothing."""

    def __init__(self, app: ASGIApp, limits: dict[str, int]) -> None:
        super().__init__({"socket": socket.socket()})
        config = Config(app, lifespan="off", log_config=None)
        patient = {"header_timeout": 30, "body_timeout": 30, "keep_alive_timeout": 30}
        protocol = guarded_protocol(LIMITS.model_copy(update=patient | limits))
        self.protocol = protocol(config, ServerState(), {})
        self.protocol.connection_made(self)
        self.is_aborted = False
        self.written = b""

    def write(self, data: bytes) -> None:  # type: ignore[override]
        self.written += data
        self.protocol.pause_writing()

    def get_write_buffer_size(self) -> int:
        return len(self.written)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        assert high == 0

    def get_protocol(self) -> GuardedProtocol:
        return self.protocol

    def is_closing(self) -> bool:
        return self.is_aborted

    def pause_reading(self) -> None:
        pass

    resume_reading = write_eof = pause_reading

    def abort(self) -> None:
        self.is_aborted = True

    close = abort


class TestFullKernel:
    @contextlib.contextmanager
    def connected(self, app: ASGIApp, **limits: int) -> Iterator[FullTransport]:
        """Give the transport of a new connection."""
        transport = FullTransport(app, limits)
        try:
            yield transport
        finally:
            transport.protocol.connection_lost(None)
            transport.get_extra_info("socket").close()

    async def test_an_answer_whose_head_does_not_fit_counts_whole(self, app: FastAPI) -> None:
        with self.connected(app) as transport:
            transport.protocol.data_received(LAST.replace(b"/ ", b"/large ", 1))
            await until(lambda: bool(transport.protocol.unread))
            assert sum(transport.protocol.unread.values()) > LARGE_ANSWER

    async def test_nobody_waits_to_be_asked_for_a_body(self, app: FastAPI) -> None:
        asks = b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        with self.connected(app) as transport:
            transport.protocol.data_received(BODY + asks)
            await until(lambda: transport.is_aborted)
            assert not transport.protocol.unread

    async def test_a_refused_client_that_reads_again_has_no_more_time(
        self, app: FastAPI, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(f"{GuardedProtocol.__module__}.LINGER_SECONDS", 0.1)
        with self.connected(app, max_kept_bytes=3000) as transport:
            transport.protocol.data_received(BODY + b"Content-Length: 4000\r\n\r\n" + LONG)
            assert status(transport.written) == 503
            transport.protocol.resume_writing()
            await until(lambda: transport.is_aborted)

    async def test_a_client_that_is_gone_gets_no_head(self) -> None:
        async def begin(_scope: Scope, _receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await asyncio.sleep(0.01)

        with self.connected(begin) as transport:
            transport.protocol.data_received(LAST)
            await asyncio.sleep(0)
            transport.protocol.connection_lost(ConnectionResetError())
            await asyncio.sleep(0.02)
            assert not transport.written
