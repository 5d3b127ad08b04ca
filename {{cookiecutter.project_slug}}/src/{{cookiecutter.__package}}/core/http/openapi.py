"""The OpenAPI document: FastAPI's own, with what it cannot know: errors, and who may call."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.encoders import jsonable_encoder
from fastapi.routing import iter_route_contexts

from ..security.authenticator import Authenticator
from .problems import Problem, problem_responses

ALWAYS = problem_responses(400, 413, 500, 503, 504)
PROTECTED = problem_responses(401, 403)
WITH_BODY = problem_responses(415)
WITH_INPUT = problem_responses(422)


def install_openapi(
    app: FastAPI,
    authenticators: Sequence[Authenticator],
    needed_scopes: Callable[[Any], Iterable[list[str]]],
) -> None:
    """Make `app.openapi()` tell the truth about errors and callers.

    `needed_scopes` returns the scopes of a route each time that it asks who is calling.
    """
    build = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = build()
            _add_security(document, app, authenticators, needed_scopes)
            _complete(document)
        return build()

    app.openapi = openapi  # type: ignore[method-assign]  # The way that FastAPI documents.


def _add_security(
    document: dict[str, Any],
    app: FastAPI,
    authenticators: Sequence[Authenticator],
    needed_scopes: Callable[[Any], Iterable[list[str]]],
) -> None:
    schemes = {each.scheme.scheme_name: each.scheme.model for each in authenticators}
    described = jsonable_encoder(schemes, by_alias=True, exclude_none=True)
    document.setdefault("components", {}).setdefault("securitySchemes", {}).update(described)
    for route in iter_route_contexts(app.routes):
        path = document["paths"].get(route.path_format, {})  # Routes may be hidden.
        if asked := list(needed_scopes(route)):
            scopes = sorted({scope for scopes in asked for scope in scopes})
            for method in path.keys() & {method.lower() for method in route.methods or ()}:
                path[method]["security"] = [{name: scopes} for name in schemes]


def _complete(document: dict[str, Any]) -> None:
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= schema.pop("$defs") | {"Problem": schema}
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for path in document["paths"].values():
        for operation in path.values():
            _add_errors(operation)


def _add_errors(operation: dict[str, Any]) -> None:
    errors = dict(ALWAYS)
    if "security" in operation:
        errors |= PROTECTED
    if "requestBody" in operation:
        errors |= WITH_BODY
    if operation["responses"].pop("422", None):
        errors |= WITH_INPUT
    for status, answer in errors.items():
        operation["responses"].setdefault(str(status), answer)
