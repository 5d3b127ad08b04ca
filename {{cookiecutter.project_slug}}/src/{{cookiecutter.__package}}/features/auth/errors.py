"""Errors of the token endpoint, which speaks RFC 6749 section 5.2 and no problem documents."""

from fastapi import Request, Response
from fastapi.responses import JSONResponse


class OAuthError(Exception):
    """A refusal; `code` is that of the RFC, the message a sentence for the developer."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code = code


class InvalidGrantError(OAuthError):
    """The password or the refresh token is wrong; which part of it is nobody's business."""

    def __init__(self) -> None:
        super().__init__("invalid_grant", "The credentials are not valid.")


async def oauth_error_response(_request: Request, error: OAuthError) -> Response:
    """Answer 400 with the body of the RFC."""
    return JSONResponse({"error": error.code, "error_description": str(error)}, 400)
