"""The token endpoint. The password grant is for our own clients only (RFC 9700 section 2.4)."""

from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from ...core.http.problems import problem_responses
from .dependencies import AuthServiceDep, OAuthFormDep, limit_logins
from .errors import OAuthError
from .schemas import OAuthProblem, TokenRead, form_openapi
from .service import TokenPair

router = APIRouter(prefix="/auth", tags=["auth"])
REFUSAL: dict[int | str, dict[str, Any]] = {
    400: {"model": OAuthProblem, "description": "Refused (RFC 6749 section 5.2)"}
}
TOKEN_FORM = form_openapi(
    grant_type=True, username=False, password=False, scope=False, refresh_token=False
)


async def oauth_error_response(_request: Request, error: OAuthError) -> Response:
    """Answer 400 with the body of the RFC, which is no problem document."""
    return JSONResponse({"error": error.code, "error_description": str(error)}, 400)


@router.post(
    "/token",
    response_model=TokenRead,
    responses=REFUSAL | problem_responses(429),
    openapi_extra=TOKEN_FORM,
    dependencies=[Depends(limit_logins)],
)
async def create_token(form: OAuthFormDep, auth: AuthServiceDep) -> TokenPair:
    """Log in (`grant_type=password`) or stay so (`grant_type=refresh_token`)."""
    match form.need("grant_type"):
        case "password":
            return await auth.log_in(form.need("username"), form.need("password"), form.scope)
        case "refresh_token":
            return await auth.refresh(form.need("refresh_token"))
        case _:
            raise OAuthError("unsupported_grant_type", "Use password or refresh_token.")


@router.post("/revoke", responses=REFUSAL, openapi_extra=form_openapi(token=True))
async def revoke_token(form: OAuthFormDep, auth: AuthServiceDep) -> None:
    """Log out: the refresh token and all that came from the same login end (RFC 7009)."""
    await auth.revoke(form.need("token"))
