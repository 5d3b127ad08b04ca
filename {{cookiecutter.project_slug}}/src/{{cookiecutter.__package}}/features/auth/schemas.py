"""Bodies of the token endpoint. Forms are read by its own rules (RFC 6749 section 3.2).

A parameter that is unknown or empty counts as not sent, one that is sent twice is an error, and
errors are 400 `invalid_request` where FastAPI's own validation would answer 422.
"""

from typing import Annotated, Any, Literal

from fastapi import Request
from pydantic import BaseModel, BeforeValidator, Field, ValidationError
from starlette.datastructures import UploadFile

from ...core.http.media_type import media_type
from ...core.http.schemas import NO_NUL, refuse_nul
from .errors import OAuthError

FORM = "application/x-www-form-urlencoded"
# More than all parameters need, and little to decode for nobody.
FORM_BYTES = 16 * 1024
FORM_PARAMETERS = 50


class TokenRead(BaseModel):
    """A pair of tokens (RFC 6749 section 5.1)."""

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the type of a token.
    expires_in: int
    scope: str


class OAuthProblem(BaseModel):
    """A refusal (RFC 6749 section 5.2)."""

    error: str
    error_description: str


def _only(values: list[UploadFile | str]) -> str:
    if len(values) > 1:
        raise ValueError("sent twice")
    return refuse_nul(str(values[0])) if values else ""


Parameter = Annotated[str, Field(max_length=254), BeforeValidator(_only)]
# A client may well send an access token, which is longer than any of ours that can be revoked.
AnyToken = Annotated[str, Field(max_length=4096), BeforeValidator(_only)]


class OAuthForm(BaseModel):
    """The parameters of a request; what was not sent is empty."""

    grant_type: Parameter = ""
    username: Parameter = ""
    password: Parameter = ""
    scope: Parameter = ""
    refresh_token: Parameter = ""
    token: AnyToken = ""

    def need(self, name: str) -> str:
        """Return a parameter.

        Raises:
            OAuthError: it was not sent.
        """
        value: str = getattr(self, name)
        if not value:
            raise OAuthError("invalid_request", f"The parameter {name} is missing.")
        return value


async def read_form(request: Request) -> OAuthForm:
    """Read the parameters of a token request.

    Raises:
        OAuthError: they are not well formed.
    """
    if media_type(request.headers) != FORM:
        raise OAuthError("invalid_request", f"The body must be {FORM}.")
    body = await request.body()
    if len(body) > FORM_BYTES or body.count(b"&") > FORM_PARAMETERS:
        raise OAuthError("invalid_request", "The body is larger than any form of this service.")
    try:
        form = await request.form()
        values = {name: form.getlist(name) for name in OAuthForm.model_fields}
        return OAuthForm.model_validate(values)
    except ValidationError:
        raise OAuthError("invalid_request", "A parameter is not valid, or sent twice.") from None


def form_openapi(**parameters: bool) -> dict[str, Any]:
    """Return what a route's `openapi_extra=` needs: each parameter, and whether it is required."""
    fields = OAuthForm.model_json_schema()["properties"]
    schema = {
        "type": "object",
        "properties": {
            name: {
                "type": "string",
                "minLength": int(required),  # Empty counts as not sent.
                "maxLength": fields[name]["maxLength"],
                "pattern": NO_NUL,
            }
            for name, required in parameters.items()
        },
        "required": [name for name, required in parameters.items() if required],
    }
    return {"requestBody": {"required": True, "content": {FORM: {"schema": schema}}}}
