"""Accounts over HTTP."""

from fastapi import APIRouter, Depends

from ...authentication import CurrentUser
from ...core.http.problems import problem_responses
from .dependencies import UserServiceDep, limit_registrations
from .models import User
from .schemas import PasswordChange, UserCreate, UserRead, UserUpdate

router = APIRouter(prefix="/users", tags=["users"])


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
    current = data.current_password.get_secret_value()
    return await users.change_email(caller.subject, data.email, current_password=current)


@router.delete("/me", status_code=204)
async def delete_own_user(caller: CurrentUser, users: UserServiceDep) -> None:
    """Delete your account; access tokens still out end within their life."""
    await users.delete(caller.subject)


@router.post("/me/password", status_code=204)
async def change_own_password(
    data: PasswordChange, caller: CurrentUser, users: UserServiceDep
) -> None:
    """Change your password; log in again with the new one."""
    await users.change_password(
        caller.subject,
        current_password=data.current_password.get_secret_value(),
        new_password=data.new_password.get_secret_value(),
    )
