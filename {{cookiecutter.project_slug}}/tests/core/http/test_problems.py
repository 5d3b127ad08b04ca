"""Errors, as clients see them."""

import json

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.requests import ClientDisconnect

from {{ cookiecutter.__package }}.app import create_app
from {{ cookiecutter.__package }}.core import errors
from {{ cookiecutter.__package }}.settings import Settings

from tests.helpers.client import JsonObject, make_client, register
from tests.helpers.logs import collected_logs


class LentError(errors.ConflictError):
    """An error of a feature's own."""


SECRET = "a secret that nobody may see"
USERS = "/api/v1/users"
ERRORS = {
    401: errors.AuthenticationError("Who are you?"),
    403: errors.PermissionDeniedError("things:write"),
    404: errors.NotFoundError("There is no such thing."),
    409: errors.ConflictError("Somebody else was faster."),
    412: errors.PreconditionFailedError("It is another version."),
    422: errors.InvalidInputError("thing", "It is no good."),
    428: errors.PreconditionRequiredError("Which version?"),
    429: errors.TooManyRequestsError("Slowly.", limit=5, remaining=0, retry_after=7),
    503: errors.UnavailableError("It is away.", retry_after=3),
}
RETRY_AFTER = {429: "7", 503: "3"}
UNFORESEEN = {500: ValueError(SECRET), 599: PoolTimeoutError(SECRET)}


@pytest.fixture(scope="module")
def failing(settings: Settings) -> FastAPI:
    """Give an application with a route for each error."""
    app = create_app(settings)

    @app.get("/errors/{status}")
    async def fail(status: int) -> None:
        raise (ERRORS | UNFORESEEN | {410: LentError("The book is lent.")})[status]

    @app.get("/gone")
    async def read_what_does_not_come() -> None:
        raise ClientDisconnect

    return app


def assert_is_problem(answer: Response, status: int) -> JsonObject:
    problem: JsonObject = answer.json()
    assert answer.status_code == problem["status"] == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["X-Request-ID"] == problem["request_id"] != ""
    assert SECRET not in answer.text
    return problem


class TestOurErrors:
    @pytest.mark.parametrize("status", ERRORS)
    async def test_bring_their_sentence_and_headers(self, failing: FastAPI, status: int) -> None:
        answer = await make_client(failing).get(f"/errors/{status}")
        assert assert_is_problem(answer, status)["detail"] == str(ERRORS[status])
        assert answer.headers.get("Retry-After") == RETRY_AFTER.get(status)
        assert ("WWW-Authenticate" in answer.headers) == (status in {401, 403})

    async def test_may_have_kinds_of_their_own(self, failing: FastAPI) -> None:
        answer = await make_client(failing).get("/errors/410")
        assert assert_is_problem(answer, 409)["detail"] == "The book is lent."

    async def test_name_the_field_that_is_wrong(self, failing: FastAPI) -> None:
        answer = await make_client(failing).get("/errors/422")
        assert answer.json()["errors"] == [{"field": "body.thing", "message": "It is no good."}]


class TestUnforeseenErrors:
    async def test_are_one_log_record_and_say_nothing(
        self, failing: FastAPI, settings: Settings
    ) -> None:
        with collected_logs(settings) as records:
            problem = assert_is_problem(await make_client(failing).get("/errors/500"), 500)
        (record,) = [record for record in records if record["level"] == "error"]
        assert record["request_id"] == problem["request_id"]
        assert f"ValueError: {SECRET}" in record["exception"]

    async def test_leave_the_client_as_it_was(self, failing: FastAPI) -> None:
        async with make_client(failing) as client:
            await client.get("/errors/500")
            assert (await client.get("/openapi.json")).status_code == 200

    async def test_a_client_that_leaves_is_none(self, failing: FastAPI, settings: Settings) -> None:
        with collected_logs(settings) as records:
            assert_is_problem(await make_client(failing).get("/gone"), 400)
        assert {record["level"] for record in records} == {"info"}

    async def test_a_full_pool_is_a_busy_service(self, failing: FastAPI) -> None:
        answer = await make_client(failing).get("/errors/599")
        assert_is_problem(answer, 503)
        assert answer.headers["Retry-After"] == "1"


class TestErrorsOfRouting:
    @pytest.mark.parametrize("path", ["/nothing", f"{USERS}/"])
    async def test_an_unknown_address(self, client: AsyncClient, path: str) -> None:
        problem = assert_is_problem(await client.post(path), 404)
        assert problem["detail"] == "There is nothing at this address."

    async def test_a_method_that_the_address_does_not_have(self, client: AsyncClient) -> None:
        answer = await client.put(f"{USERS}/me", json={})
        assert_is_problem(answer, 405)
        assert answer.headers["Allow"] == "DELETE, GET, PATCH"


class TestErrorsOfInput:
    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"email": SECRET, "password": "x" * 20}, "body.email"),
            ({"email": "ann@example.com", "password": [SECRET]}, "body.password"),
            ({"email": "ann@example.com", "password": SECRET * 9}, "body.password"),
            ({"email": "ann@example.com", "password": SECRET, "x": SECRET}, "body.x"),
            ([SECRET], "body"),
        ],
    )
    async def test_name_the_field_and_repeat_nothing(
        self, client: AsyncClient, body: object, field: str
    ) -> None:
        problem = assert_is_problem(await client.post(USERS, json=body), 422)
        assert [error["field"] for error in problem["errors"]] == [field]

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"{",
            b"\xff",
            b'{"email": NaN}',
            b"[" * 10**5,
            b"1" + b"0" * 10**4,
            b'{"email": "\\ud800@example.com", "password": "\\ud800"}',
        ],
    )
    async def test_hostile_json_is_a_problem_too(self, client: AsyncClient, content: bytes) -> None:
        headers = {"Content-Type": "application/json"}
        answer = await client.post(USERS, content=content, headers=headers)
        assert_is_problem(answer, answer.status_code)
        assert answer.status_code in {400, 413, 422}

    @pytest.mark.parametrize("media_type", ["text/plain", "application/xml", ""])
    async def test_another_content_type_is_refused(
        self, client: AsyncClient, media_type: str
    ) -> None:
        headers = {"Content-Type": media_type}
        assert_is_problem(await client.post(USERS, content=b"{}", headers=headers), 415)

    @pytest.mark.parametrize("name", ["a", "\0", "\U0001f600", '"', "\\"])
    async def test_are_twenty_at_most_and_short(self, client: AsyncClient, name: str) -> None:
        body = json.dumps({f"{number}{name * 200}": 1 for number in range(100)})
        headers = {"Content-Type": "application/json"}
        answer = await client.post(USERS, content=body, headers=headers)
        problem = assert_is_problem(answer, 422)
        assert len(problem["errors"]) == 20
        assert problem["detail"] == "The request is not valid; 82 more errors are not listed."
        assert len(answer.content) < 16 * 1024

    @pytest.mark.parametrize(("count", "detail"), [(18, "The request is not valid."), (19, "; 1 ")])
    async def test_say_how_many_more_there_are(
        self, client: AsyncClient, count: int, detail: str
    ) -> None:
        answer = await client.post(USERS, json={str(number): 1 for number in range(count)})
        problem = assert_is_problem(answer, 422)
        assert len(problem["errors"]) == 20
        assert detail in problem["detail"]

    async def test_what_is_stored_already_is_a_conflict(self, client: AsyncClient) -> None:
        await register(client, "ann@example.com")
        body = {"email": "ann@example.com", "password": SECRET}
        assert_is_problem(await client.post(USERS, json=body), 409)
