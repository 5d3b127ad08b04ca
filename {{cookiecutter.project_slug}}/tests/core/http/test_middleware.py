"""What surrounds every request."""

from collections.abc import AsyncIterator, MutableMapping
from functools import partial
from typing import Any

import anyio
import pytest
from fastapi import BackgroundTasks, FastAPI, Request, Response
from fastapi.responses import StreamingResponse
from httpx import AsyncClient

from {{ cookiecutter.__package }}.app import create_app
from {{ cookiecutter.__package }}.core.http.settings import ServerSettings
from {{ cookiecutter.__package }}.settings import Settings

from tests.helpers.client import make_client
from tests.helpers.logs import collected_logs

SHOP = "https://shop.example"
STRICT = ServerSettings(
    trusted_hosts=["Test", "*.Example.com", "[::1]"],
    cors_origins=[SHOP],
    tls=True,
    request_timeout=0.3,
)


def add_slow_routes(app: FastAPI) -> None:
    """Add routes that take longer than they may, and one that is quick."""

    @app.get("/slow")
    async def wait() -> None:
        await anyio.sleep(0.6)

    @app.get("/poll")
    async def ask_again_and_again(request: Request) -> None:
        for _ in range(30):
            await request.is_disconnected()
            await anyio.sleep(0.02)

    @app.post("/slow")
    async def read_and_wait(_: list[int]) -> None:
        await anyio.sleep(0.6)

    @app.post("/quick")
    async def read(body: list[int]) -> list[int]:
        return body


@pytest.fixture(scope="module")
def strict_app(settings: Settings) -> FastAPI:
    """Give an application with other settings and routes of its own."""
    app = create_app(settings.model_copy(update={"server": STRICT}))
    app.state.finished = False

    @app.get("/private")
    async def read_private(response: Response) -> None:
        response.headers["Cache-Control"] = "private"
        response.headers["Content-Security-Policy"] = "default-src 'self'"

    add_slow_routes(app)

    async def finish() -> None:
        await anyio.sleep(0.6)
        app.state.finished = True

    @app.get("/long")
    async def answer_at_length() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            yield b"a"
            await anyio.sleep(0.6)
            yield b"b"

        return StreamingResponse(parts())

    @app.get("/later")
    async def go_on(background: BackgroundTasks) -> None:
        background.add_task(finish)

    return app


@pytest.fixture
async def strict(strict_app: FastAPI) -> AsyncIterator[AsyncClient]:
    """Give a client of that application."""
    async with make_client(strict_app) as client:
        yield client


async def test_liveness_is_answered_before_anything_else(strict: AsyncClient) -> None:
    answer = await strict.get("/health/live", headers={"Host": "10.0.0.7"})
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert "X-Request-ID" not in answer.headers


class TestRequestId:
    @pytest.mark.parametrize("given", ["a", "A-z_0.9", "x" * 64])
    async def test_the_callers_is_kept(self, client: AsyncClient, given: str) -> None:
        answer = await client.get("/nothing", headers={"X-Request-ID": given})
        assert answer.headers["X-Request-ID"] == answer.json()["request_id"] == given

    @pytest.mark.parametrize("given", [b"", b"x" * 65, b"a b", b"a\r\nX-Evil: 1", b"a\n", b"\xe9"])
    async def test_one_that_is_not_well_formed_is_replaced(
        self, client: AsyncClient, given: bytes
    ) -> None:
        answers = [await client.get("/", headers=[(b"X-Request-ID", given)]) for _ in range(2)]
        assert len({answer.headers["X-Request-ID"] for answer in answers}) == 2
        assert all(len(answer.headers["X-Request-ID"]) == 32 for answer in answers)


class TestHeaders:
    @pytest.mark.parametrize("path", ["/health/ready", "/nothing", "/api/v1/users/me"])
    async def test_every_answer_is_closed_up(self, client: AsyncClient, path: str) -> None:
        headers = (await client.get(path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert not {"strict-transport-security", "server"} & set(headers)

    async def test_a_routes_own_stand_and_none_is_doubled(self, strict: AsyncClient) -> None:
        answer = await strict.get("/private", headers={"X-Request-ID": "a", "Origin": SHOP})
        assert answer.headers["Cache-Control"] == "private"
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert len(answer.headers.multi_items()) == len(answer.headers)

    async def test_an_application_that_is_mounted_has_them_too(self, settings: Settings) -> None:
        app = create_app(settings)
        app.mount("/other", FastAPI())
        answer = await make_client(app).get("/other/openapi.json")
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")

    async def test_connections_are_closed_while_draining(self, settings: Settings) -> None:
        app = create_app(settings)
        assert "Connection" not in (await make_client(app).get("/nothing")).headers
        app.state.resources.stopping.set()
        assert (await make_client(app).get("/nothing")).headers["Connection"] == "close"


class TestCors:
    async def test_a_trusted_origin_may_read_the_answer(self, strict: AsyncClient) -> None:
        headers = (await strict.get("/nothing", headers={"Origin": SHOP})).headers
        assert headers["Access-Control-Allow-Origin"] == SHOP
        assert "Access-Control-Allow-Credentials" not in headers

    async def test_a_preflight_needs_no_credentials(self, strict: AsyncClient) -> None:
        headers = {
            "Origin": SHOP,
            "Access-Control-Request-Method": "PATCH",
            "Access-Control-Request-Headers": "authorization,content-type,if-match",
        }
        answer = await strict.options("/api/v1/users/me", headers=headers)
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, SHOP)

    @pytest.mark.parametrize(("method", "status"), [("GET", 404), ("OPTIONS", 400)])
    @pytest.mark.parametrize(
        "origin",
        ["null", "http://shop.example", "https://evilshop.example", f"{SHOP}.evil.example"],
    )
    async def test_no_other_may(
        self, strict: AsyncClient, method: str, status: int, origin: str
    ) -> None:
        headers = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        answer = await strict.request(method, "/nothing", headers=headers)
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert answer.status_code == answer.json()["status"] == status
        assert answer.headers["X-Request-ID"] == answer.json()["request_id"]

    async def test_where_nobody_is_trusted_it_is_not_there(self, client: AsyncClient) -> None:
        headers = {"Origin": SHOP, "Access-Control-Request-Method": "GET"}
        answer = await client.options("/api/v1/users/me", headers=headers)
        assert (answer.status_code, answer.json()["title"]) == (405, "Method Not Allowed")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("test", 404),
        ("TEST:8000", 404),
        ("api.example.com:8000", 404),
        ("[::1]:8000", 404),
        ("evil.example", 400),
        ("eviltest", 400),
        ("evilexample.com", 400),
        ("API.Example.COM", 404),
        ("example.com.evil", 400),
        ("", 400),
    ],
)
async def test_only_trusted_hosts_are_answered(strict: AsyncClient, host: str, status: int) -> None:
    answer = await strict.get("/nothing", headers={"Host": host})
    assert answer.status_code == answer.json()["status"] == status
    assert answer.headers["X-Request-ID"] == answer.json()["request_id"]


async def test_one_host_is_answered_and_not_two(strict: AsyncClient) -> None:
    two = [("Host", "test"), ("Host", "test")]
    assert (await strict.get("/nothing", headers=two)).status_code == 400


async def test_the_log_has_the_beginning_of_a_path(client: AsyncClient, settings: Settings) -> None:
    with collected_logs(settings) as records:
        await client.get("/" + "%01" * 1000)
    assert records[0]["path"] == "/" + "\x01" * 199


async def test_a_websocket_too_needs_a_trusted_host(strict_app: FastAPI) -> None:
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/", "headers": [(b"host", b"evil.example")]}
    await strict_app(scope, receive, send)
    assert [message["type"] for message in sent][:1] == ["websocket.http.response.start"]


@pytest.mark.parametrize("path", ["/slow", "/poll"])
async def test_what_takes_too_long_is_answered_504(strict: AsyncClient, path: str) -> None:
    answer = await strict.get(path)
    assert answer.status_code == answer.json()["status"] == 504
    assert answer.headers["X-Request-ID"] == answer.json()["request_id"]


async def test_too_many_that_wait_are_answered_503(settings: Settings) -> None:
    server = ServerSettings(max_requests=2)
    app, go_on = create_app(settings.model_copy(update={"server": server})), anyio.Event()

    @app.get("/wait")
    async def wait() -> None:
        await go_on.wait()

    @app.post("/read")
    async def read(_: list[int]) -> None:
        await go_on.wait()

    async def slowly() -> AsyncIterator[bytes]:
        yield b"[1"
        await body_comes.wait()
        yield b"]"

    statuses: list[int] = []
    body_comes = anyio.Event()
    json = {"Content-Type": "application/json"}
    async with make_client(app) as client, anyio.create_task_group() as group:

        async def ask(method: str, path: str, **options: Any) -> None:
            statuses.append((await client.request(method, path, **options)).status_code)

        group.start_soon(partial(ask, "POST", "/read", content=slowly(), headers=json))
        await anyio.wait_all_tasks_blocked()
        for _ in range(2):  # A body that is still coming takes no place.
            group.start_soon(ask, "GET", "/wait")
        await anyio.wait_all_tasks_blocked()
        answer = await client.get("/nothing")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert (await client.get("/health/live")).status_code == 200
        body_comes.set()
        await anyio.wait_all_tasks_blocked()
        assert statuses == [503]
        go_on.set()
    assert statuses == [503, 200, 200]
    assert (await make_client(app).get("/nothing")).status_code == 404


@pytest.mark.parametrize(("path", "status"), [("/quick", 200), ("/slow", 504)])
async def test_the_time_that_a_body_takes_does_not_count(
    strict: AsyncClient, path: str, status: int
) -> None:
    async def slowly() -> AsyncIterator[bytes]:
        yield b"[1,"
        await anyio.sleep(0.4)
        yield b"2]"

    headers = {"Content-Type": "application/json"}
    answer = await strict.post(path, content=slowly(), headers=headers)
    assert answer.status_code == status


async def test_an_answer_that_has_begun_takes_its_time(strict: AsyncClient) -> None:
    assert (await strict.get("/long")).text == "ab"


async def test_work_in_the_background_takes_its_time_and_is_not_the_requests(
    strict: AsyncClient, strict_app: FastAPI, settings: Settings
) -> None:
    with collected_logs(settings) as records:
        assert (await strict.get("/later")).status_code == 200
    assert strict_app.state.finished
    assert records[0]["duration_ms"] < 600
