"""Bodies that are refused before anything reads them."""

import asyncio
import contextlib
import gc
import json
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable
from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, Security
from httpx import AsyncClient

from {{ cookiecutter.__package }}.app import create_app
from {{ cookiecutter.__package }}.authentication import (
    CurrentUser,
    get_current_user,
)
from {{ cookiecutter.__package }}.core.errors import (
    ContentTooLargeError,
    InvalidInputError,
)
from {{ cookiecutter.__package }}.core.http.body import (
    SMALL_BODY,
    check_encoding,
    check_values,
)
from {{ cookiecutter.__package }}.core.http.settings import ServerSettings
from {{ cookiecutter.__package }}.core.security.principal import Principal
from {{ cookiecutter.__package }}.settings import Settings

from tests.helpers.client import JsonObject, bearer, make_client

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
LARGE = 1024 * 1024
SMALL_LIMITS = ServerSettings(max_body_bytes=1000, max_json_values=20)


Writer = Annotated[Principal, Security(get_current_user, scopes=["things:write"])]


async def get_subject(user: CurrentUser) -> str:
    return user.subject


def with_routes(app: FastAPI) -> FastAPI:
    """Add routes that read a body, whole, in part, or if one is known."""
    app.state.read = 0

    @app.post("/echo")
    async def echo(body: JsonObject) -> JsonObject:
        app.state.read += 1
        return body

    @app.post("/private")
    async def echo_to_users(body: JsonObject, _: CurrentUser) -> JsonObject:
        return body

    @app.post("/things")
    async def echo_to_writers(body: JsonObject, _: Writer) -> JsonObject:
        return body

    @app.post("/subject")
    async def tell_subject(_: JsonObject, subject: Annotated[str, Depends(get_subject)]) -> str:
        return subject

    @app.post("/subjects")
    async def tell_writer(
        _: JsonObject, subject: Annotated[str, Security(get_subject, scopes=["things:write"])]
    ) -> str:
        return subject

    @app.post("/stream")
    async def read(request: Request) -> int:
        return sum([len(chunk) async for chunk in request.stream()])

    return app


@pytest.fixture(scope="module")
def strict_app(settings: Settings) -> FastAPI:
    """Give an application with small limits."""
    return with_routes(create_app(settings.model_copy(update={"server": SMALL_LIMITS})))


@pytest.fixture
async def strict(strict_app: FastAPI) -> AsyncIterator[AsyncClient]:
    """Give a client of that application."""
    async with make_client(strict_app) as client:
        yield client


async def chunks(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 100):
        yield b" " * 100


async def never() -> AsyncIterator[bytes]:
    await asyncio.Event().wait()
    yield b""


async def parts(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), LARGE // 4):
        yield content[start : start + LARGE // 4]


class TestSize:
    @pytest.mark.parametrize(("path", "kind"), [("/echo", JSON), ("/api/v1/auth/token", FORM)])
    async def test_a_body_that_is_too_large_is_refused(
        self, strict: AsyncClient, path: str, kind: str
    ) -> None:
        for content in (b" " * 1001, chunks(1100)):
            answer = await strict.post(path, content=content, headers={"Content-Type": kind})
            assert answer.status_code == answer.json()["status"] == 413
            assert answer.headers["X-Request-ID"] == answer.json()["request_id"]

    async def test_one_of_the_largest_size_is_taken(self, strict: AsyncClient) -> None:
        content = b"{}" + b" " * 998
        answer = await strict.post("/echo", content=content, headers={"Content-Type": JSON})
        assert answer.json() == {}

    async def test_one_that_says_so_is_refused_before_it_is_read(self, strict: AsyncClient) -> None:
        headers = {"Content-Type": JSON, "Content-Length": "1001"}
        async with asyncio.timeout(5):
            answer = await strict.post("/echo", content=never(), headers=headers)
        assert answer.status_code == 413

    @pytest.mark.parametrize("path", ["/echo", "/stream"])
    async def test_many_large_ones_at_once_are_too_much(
        self, settings: Settings, path: str
    ) -> None:
        app = with_routes(create_app(settings))
        released = asyncio.Event()

        async def endless(size: int) -> AsyncIterator[bytes]:
            for _ in range(size // SMALL_BODY):
                yield b" " * SMALL_BODY
            await released.wait()
            yield b"{}"

        async with asyncio.timeout(5), make_client(app) as client:

            async def send(size: int) -> int:
                headers = {"Content-Type": JSON}
                answer = await client.post(path, content=endless(size), headers=headers)
                return answer.status_code

            room = settings.server.max_bodies_bytes // 2  # Of routes that ask for no token.
            fitting = room // (LARGE - 2 * SMALL_BODY)
            held = [asyncio.create_task(send(LARGE - SMALL_BODY)) for _ in range(fitting)]
            await asyncio.sleep(0.1)
            assert await send(LARGE - SMALL_BODY) == 503
            small = asyncio.create_task(send(SMALL_BODY // 2))
            released.set()
            assert await small == 200
            assert await asyncio.gather(*held) == [200] * fitting
            assert await send(LARGE - SMALL_BODY) == 200

    async def test_unknown_callers_leave_room_for_known_ones(self, settings: Settings) -> None:
        app = with_routes(create_app(settings))
        released = asyncio.Event()

        async def half() -> AsyncIterator[bytes]:
            yield b'"' + b"x" * (LARGE - 2 * SMALL_BODY)
            await released.wait()
            yield b'"'

        async with asyncio.timeout(5), make_client(app) as client:
            headers = {"Content-Type": JSON}
            held = [
                asyncio.create_task(client.post("/echo", content=half(), headers=headers))
                for _ in range(settings.server.max_bodies_bytes // 2 // LARGE)
            ]
            await asyncio.sleep(0.1)
            large = {"text": "x" * 9 * SMALL_BODY}
            assert (await client.post("/echo", json=large)).status_code == 503
            known = bearer(app, "ann")
            assert (await client.post("/private", json=large, headers=known)).status_code == 200
            released.set()
            await asyncio.gather(*held)

    async def test_is_a_number_however_long_it_is_written(self, strict: AsyncClient) -> None:
        for size, status in (("0" * 5000 + "2", 200), ("9" * 5000, 413)):
            headers = {"Content-Type": JSON, "Content-Length": size}
            answer = await strict.post("/echo", content=b"{}", headers=headers)
            assert answer.status_code == status

    async def test_what_is_refused_is_not_kept(self, settings: Settings) -> None:
        app = with_routes(create_app(settings))
        content = b'"' + b"x" * (LARGE - 100) + b'",' + b"1," * 2000
        headers = {"Content-Type": JSON}
        async with make_client(app) as client:
            assert (await client.post("/echo", content=b"{", headers=headers)).status_code == 422
            gc.disable()  # Tracebacks are circles.
            tracemalloc.start()
            for _ in range(20):
                answer = await client.post("/echo", content=parts(content), headers=headers)
                assert answer.status_code == 413
            traces = tracemalloc.take_snapshot().traces
            tracemalloc.stop()
            gc.enable()
        # Of bodies: a quarter of each would be too much. What else is allocated meanwhile is small.
        assert sum(trace.size for trace in traces if trace.size > SMALL_BODY) < 4 * LARGE


class TestJson:
    @pytest.mark.parametrize(
        "body",
        [
            {str(number): 1 for number in range(20)},
            {"list": [0] * 20},
            {"lists": [[], []] * 10},
            {"deep": json.loads("[" * 20 + "]" * 20)},
            {"texts": ["a"] * 19 + [""]},
        ],
    )
    async def test_that_holds_too_much_is_refused(
        self, strict: AsyncClient, strict_app: FastAPI, body: JsonObject
    ) -> None:
        strict_app.state.read = 0
        answer = await strict.post("/echo", json=body)
        assert answer.status_code == answer.json()["status"] == 413
        assert strict_app.state.read == 0

    @pytest.mark.parametrize(
        "body",
        [
            {f",{number}": "a" for number in range(19)},
            {"text": ",[{" * 100},
            {"text": '\\",[' * 60},
            {"text": "\\" * 100 + "," * 20},
        ],
    )
    async def test_is_not_judged_by_what_stands_in_a_text(
        self, strict: AsyncClient, body: JsonObject
    ) -> None:
        assert (await strict.post("/echo", json=body)).json() == body

    @pytest.mark.parametrize("unit", [b'\\"', b'""', b"\\\\", b'"\\'])
    def test_is_looked_at_in_a_time_that_grows_with_its_size(self, unit: bytes) -> None:
        def seconds(count: int) -> float:
            content = b'"' + unit * count + b"," * 1000
            started_at = time.process_time()
            with contextlib.suppress(ContentTooLargeError):
                check_values(content, 1000)
            return time.process_time() - started_at

        small, large = (min(seconds(count) for _ in range(5)) for count in (5_000, 20_000))
        assert large < max(10 * small, 0.01)  # 16 times, if it grew with the square.

    @pytest.mark.parametrize("text", ['{"name": "coffee"}', '{"name": "caf\u00e9"}'])
    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le", "utf-32-le"])
    async def test_in_another_encoding_is_refused(
        self, strict: AsyncClient, text: str, encoding: str
    ) -> None:
        content = text.encode(encoding)
        answer = await strict.post("/echo", content=content, headers={"Content-Type": JSON})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body")

    async def test_may_be_called_something_plus_json(self, strict: AsyncClient) -> None:
        for kind in ("Application/Problem+JSON ; charset=utf-8", "application/json ;a=b"):
            for content, status in ((b"[" * 30, 413), (b'{"a": 1}', 200)):
                answer = await strict.post("/echo", content=content, headers={"Content-Type": kind})
                assert answer.status_code == status

    async def test_is_all_that_is_looked_at(self, strict: AsyncClient) -> None:
        content = b"\xff\0" + b",[" * 50
        for kind in ("application/octet-stream", "application/json-seq", ""):
            answer = await strict.post("/stream", content=content, headers={"Content-Type": kind})
            assert answer.json() == len(content)

    async def test_that_begins_with_too_much_is_not_waited_for(self, settings: Settings) -> None:
        async def stalling() -> AsyncIterator[bytes]:
            yield b"[" + b"1," * SMALL_BODY
            await anext(never())

        async with asyncio.timeout(5), make_client(with_routes(create_app(settings))) as client:
            headers = {"Content-Type": JSON}
            answer = await client.post("/echo", content=stalling(), headers=headers)
        assert answer.status_code == 413

    def test_that_is_full_of_texts_is_full_of_values(self) -> None:
        with pytest.raises(ContentTooLargeError):
            check_values(b'","' * 300, 100)

    def test_that_is_not_well_formed_is_none_of_its_business(self) -> None:
        check_values(b'{"a": ', 10)

    def test_is_utf_8(self) -> None:
        with pytest.raises(InvalidInputError):
            check_encoding(b"\xff")


class TestUnknownCallers:
    @pytest.mark.parametrize("content", [b"{", b"\xff", b"[" * 100, b'{"a": 1}'])
    async def test_are_refused_before_their_body_is_read(
        self, strict: AsyncClient, content: bytes
    ) -> None:
        answer = await strict.post("/private", content=content, headers={"Content-Type": JSON})
        assert answer.status_code == answer.json()["status"] == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"

    async def test_are_not_asked_for_it(self, strict: AsyncClient) -> None:
        async with asyncio.timeout(5):
            headers = {"Content-Type": JSON, "Content-Length": "10"}
            answer = await strict.post("/private", content=never(), headers=headers)
        assert answer.status_code == 401

    async def test_who_lack_a_scope_are_refused_too(
        self, strict: AsyncClient, strict_app: FastAPI
    ) -> None:
        for path in ("/things", "/subjects"):
            for scopes, status in (([], 403), (["things:write"], 422)):
                headers = bearer(strict_app, "ann", scopes) | {"Content-Type": JSON}
                answer = await strict.post(path, content=b"{", headers=headers)
                assert answer.status_code == status

    async def test_of_a_router_that_is_closed_as_a_whole(self, settings: Settings) -> None:
        app, router = create_app(settings), APIRouter()

        @router.post("/closed")
        async def echo(body: JsonObject) -> JsonObject:
            return body

        app.include_router(router, dependencies=[Depends(get_current_user)])
        async with make_client(app) as client:
            headers = {"Content-Type": JSON}
            assert (await client.post("/closed", content=b"{", headers=headers)).status_code == 401

    @pytest.mark.parametrize("dependency", [get_current_user, get_subject])
    async def test_are_known_where_a_test_says_so(
        self, settings: Settings, dependency: Callable[..., object]
    ) -> None:
        app = with_routes(create_app(settings))
        app.dependency_overrides[dependency] = lambda: "ann"
        if dependency is get_current_user:
            app.dependency_overrides[dependency] = lambda: Principal("ann", frozenset())
        async with make_client(app) as client:
            assert (await client.post("/subject", json={"a": 1})).json() == "ann"
