"""Errors become answers here, and only here: `application/problem+json` (RFC 9457).

Every problem carries the request id; a 422 names each field and why, never what was sent.
"""

from collections.abc import Mapping, Sequence
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

from .. import errors
from ..security.authenticator import Authenticator
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

# What FastAPI says of whatever goes wrong while it reads a body, and what the body is to blame for.
UNREADABLE = "There was an error parsing the body"
UNREADABLE_BY = (ClientDisconnect, RecursionError, ValueError)

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


def error_response(
    scope: Scope, error: errors.AppError, authenticators: Sequence[Authenticator] = ()
) -> Response:
    """Return the answer for an error of ours; a 401 and a 403 name what is accepted."""
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    fields = None
    if isinstance(error, errors.InvalidInputError):
        place = ".".join(filter(None, ("body", error.field)))
        fields = [FieldProblem(field=place, message=str(error))]
    headers = _error_headers(scope, error, authenticators)
    return problem_response(scope, status, str(error), headers=headers, fields=fields)


def _error_headers(
    scope: Scope, error: errors.AppError, authenticators: Sequence[Authenticator]
) -> dict[str, str]:
    match error:
        case errors.AuthenticationError() | errors.PermissionDeniedError():
            used = scope.get("state", {}).get("authenticator")
            challenges = [
                each.challenge(error if each is used else None) for each in authenticators
            ]
            return {"WWW-Authenticate": ", ".join(challenges)}
        case errors.TooManyRequestsError():
            return {
                "Retry-After": str(error.retry_after),
                "RateLimit-Limit": str(error.limit),
                "RateLimit-Remaining": str(error.remaining),
                "RateLimit-Reset": str(error.retry_after),
            }
        case errors.UnavailableError():
            return {"Retry-After": str(error.retry_after)}
    return {}


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


def add_problem_handlers(app: FastAPI, authenticators: Sequence[Authenticator]) -> None:
    """Make `app` answer every error with a problem document."""
    handlers = _Handlers(authenticators)
    app.exception_handler(errors.AppError)(handlers.app_error)
    app.exception_handler(HTTPException)(handlers.http_error)
    app.exception_handler(PoolTimeoutError)(_pool_timeout)
    app.exception_handler(RequestValidationError)(_validation_error)
    app.exception_handler(ClientDisconnect)(_client_gone)


class _Handlers:
    def __init__(self, authenticators: Sequence[Authenticator]) -> None:
        self._authenticators = authenticators

    async def app_error(self, request: Request, error: errors.AppError) -> Response:
        return error_response(request.scope, error, self._authenticators)

    async def http_error(self, request: Request, error: HTTPException) -> Response:
        if error.detail == UNREADABLE:
            match error.__cause__:
                case errors.AppError() as cause:
                    return await self.app_error(request, cause)
                case PoolTimeoutError() as cause:
                    return await _pool_timeout(request, cause)
                case Exception() as cause if not isinstance(cause, UNREADABLE_BY):
                    raise cause
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
    return error_response(request.scope, too_busy())


async def _client_gone(request: Request, _error: ClientDisconnect) -> Response:
    # Nobody reads this; without it the log would have a traceback.
    return problem_response(request.scope, 400, "The body has not come to its end.")
