"""Errors become answers here, and only here: `application/problem+json` (RFC 9457).

Every problem carries the request id; a 422 names each field and why, never what was sent.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match
from starlette.types import Scope

from . import errors
from .media_type import is_json

MEDIA_TYPE = "application/problem+json"
MAX_FIELDS = 20  # Entries of `errors`; with the two lengths, a document has less than 16 KiB.
MAX_FIELD_BYTES = 120
MAX_MESSAGE_BYTES = 240
STATUS: dict[type[errors.AppError], int] = {
    errors.NotFoundError: 404,
    errors.ConflictError: 409,
    errors.PreconditionFailedError: 412,
    errors.PreconditionRequiredError: 428,
    errors.ContentTooLargeError: 413,
    errors.InvalidInputError: 422,
    errors.AuthenticationError: 401,
    errors.PermissionDeniedError: 403,
    errors.TooManyRequestsError: 429,
    errors.UnavailableError: 503,
}
ROUTING_DETAILS = {  # What the router says of a path or method that it does not know.
    "Not Found": "There is nothing at this address.",
    "Method Not Allowed": "This address does not answer that method.",
}

logger = structlog.get_logger()


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    field: str
    message: str


class Problem(BaseModel):
    """The body of every error but the token endpoint's own."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[FieldProblem] = []


def problem_response(
    scope: Scope,
    status: int,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    fields: list[FieldProblem] | None = None,
) -> Response:
    """Return the answer for an error; `scope` is the ASGI scope, which holds the request id."""
    problem = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        request_id=scope.get("state", {}).get("request_id", ""),
        errors=fields or [],
    )
    content = problem.model_dump()
    return JSONResponse(content, status, headers=headers, media_type=MEDIA_TYPE)


def problem_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what a route's `responses=` needs so that OpenAPI names these errors."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "example": _example(status).model_dump(),
                }
            },
        }
        for status in statuses
    }


def _example(status: int) -> Problem:
    return Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail="What went wrong, in one sentence.",
        request_id="5f2c8d1e9a7b4c6080f3e2d1c4b5a697",
    )


def too_busy() -> errors.UnavailableError:
    """Return the error of one request too many."""
    return errors.UnavailableError("The service is busy; try again in a moment.")


def add_problem_handlers(app: FastAPI) -> None:
    """Make `app` answer every error with a problem document."""
    app.exception_handler(errors.AppError)(_app_error)
    app.exception_handler(HTTPException)(_http_error)
    app.exception_handler(RequestValidationError)(_validation_error)
    app.exception_handler(PoolTimeoutError)(_pool_timeout)
    app.exception_handler(ClientDisconnect)(_client_gone)


async def _app_error(request: Request, error: errors.AppError) -> Response:
    fields = None
    if isinstance(error, errors.InvalidInputError):
        fields = [FieldProblem(field=error.field, message=str(error))]
    return problem_response(
        request.scope, STATUS[type(error)], str(error), headers=error.headers, fields=fields
    )


async def _http_error(request: Request, error: HTTPException) -> Response:
    if isinstance(error.__cause__, errors.AppError):  # What went wrong while FastAPI read a body.
        return await _app_error(request, error.__cause__)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_allowed_methods(request))
    detail = ROUTING_DETAILS.get(error.detail, error.detail)
    return problem_response(request.scope, error.status_code, detail, headers=headers)


def _allowed_methods(request: Request) -> list[str]:
    # Starlette names only the methods of the first route that has the path.
    methods: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        match, _ = route.matches(request.scope)
        if match is not Match.NONE:
            methods |= route.methods or set()
    return sorted(methods)


async def _validation_error(request: Request, error: RequestValidationError) -> Response:
    if _is_wrong_content_type(request, error):
        return problem_response(request.scope, 415, "The body must be application/json.")
    problems = error.errors()
    detail = "The request is not valid."
    if (more := len(problems) - MAX_FIELDS) > 0:
        detail = f"The request is not valid; {more} more errors are not listed."
    fields = [_field_problem(problem) for problem in problems[:MAX_FIELDS]]
    return problem_response(request.scope, 422, detail, fields=fields)


def _field_problem(problem: Mapping[str, Any]) -> FieldProblem:
    return FieldProblem(
        field=_shortened(".".join(map(str, problem["loc"])), MAX_FIELD_BYTES),
        message=_shortened(problem["msg"], MAX_MESSAGE_BYTES),
    )


def _shortened(text: str, most: int) -> str:
    # A name may be whatever a caller sent. What JSON writes as six characters is left out.
    printable = "".join(filter(str.isprintable, text[:most]))
    return printable.encode()[:most].decode(errors="ignore")


def _is_wrong_content_type(request: Request, error: RequestValidationError) -> bool:
    # FastAPI hands a body of another type to the model as bytes, which no model accepts.
    return isinstance(error.body, bytes) and not is_json(request.headers)


async def _pool_timeout(request: Request, error: PoolTimeoutError) -> Response:
    logger.warning("database_pool_exhausted", error=str(error))
    return await _app_error(request, too_busy())


async def _client_gone(request: Request, _error: ClientDisconnect) -> Response:
    # Nobody reads this; without it the log would have a traceback.
    return problem_response(request.scope, 400, "The body has not come to its end.")
