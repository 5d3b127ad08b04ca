"""How a request gets a UserService."""

from typing import Annotated

from fastapi import Depends, Request

from ...core.db.dependencies import DatabaseDep
from ...core.db.unit_of_work import UnitOfWork
from ...core.events.events import EventsDep
from .repository import UserRepository
from .service import UserService


async def get_user_service(
    request: Request, database: DatabaseDep, events: EventsDep
) -> UserService:
    """Return the service for this request."""
    return UserService(
        unit_of_work=UnitOfWork(database, UserRepository),
        passwords=request.app.state.passwords,
        policy=request.app.state.password_policy,
        events=events,
    )


UserServiceDep = Annotated[UserService, Depends(get_user_service)]
