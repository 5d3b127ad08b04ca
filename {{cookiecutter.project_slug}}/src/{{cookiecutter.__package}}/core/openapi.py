"""The OpenAPI document: FastAPI's own, with the errors that every operation can answer."""

from typing import Any

from fastapi import FastAPI

from .problems import Problem, problem_responses

ALWAYS = problem_responses(400, 413, 500, 503, 504)
PROTECTED = problem_responses(401, 403)
WITH_BODY = problem_responses(415)
WITH_INPUT = problem_responses(422)


def install_openapi(app: FastAPI) -> None:
    """Make `app.openapi()` tell the truth about errors."""
    build = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            _complete(build())
        document: dict[str, Any] = build()
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # The way that FastAPI documents.


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
