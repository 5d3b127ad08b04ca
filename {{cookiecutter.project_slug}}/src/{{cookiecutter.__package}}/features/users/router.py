"""Accounts over HTTP."""

from fastapi import APIRouter, Depends, Request

from ...core.problems import problem_responses
from ...core.ratelimit import ClientNetworkDep, RateLimiterDep
from ...core.security.dependencies import CurrentUser
from .dependencies import UserServiceDep
from .models import User
from .schemas import PasswordChange, UserCreate, UserRead, UserUpdate

router = APIRouter(prefix="/users", tags=["users"])


async def limit_registrations(
    request: Request, limiter: RateLimiterDep, network: ClientNetworkDep
) -> None:
    """Bound what one client can make us hash."""
    rate = request.app.state.settings.auth.login_rate_per_address
    await limiter.hit(rate, "registration", network)


@router.post(
    "",
    status_code=201,
    response_model=UserRead,
    responses=problem_responses(409, 429),
    dependencies=[Depends(limit_registrations)],
)
async def create_user(data: UserCreate, users: UserServiceDep) -> User:
    """Register."""
    return await users.register(data.email, data.password.get_secret_value())


@router.get("/me", response_model=UserRead)
async def read_own_user(caller: CurrentUser, users: UserServiceDep) -> User:
    """Read your account."""
    return await users.get(caller.subject)


@router.patch("/me", response_model=UserRead, responses=problem_responses(409))
async def update_own_user(data: UserUpdate, caller: CurrentUser, users: UserServiceDep) -> User:
    """Change your e-mail address."""
    password = data.current_password.get_secret_value()
    return await users.change_email(caller.subject, data.email, password)


@router.delete("/me", status_code=204)
async def delete_own_user(caller: CurrentUser, users: UserServiceDep) -> None:
    """Delete your account; access tokens still out end within their life."""
    await users.delete(caller.subject)


@router.post("/me/password", status_code=204)
async def change_own_password(
    data: PasswordChange, caller: CurrentUser, users: UserServiceDep
) -> None:
    """Change your password; log in again with the new one."""
    current = data.current_password.get_secret_value()
    await users.change_password(caller.subject, current, data.new_password.get_secret_value())
