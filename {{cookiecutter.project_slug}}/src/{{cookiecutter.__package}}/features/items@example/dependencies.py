"""How a request gets an ItemService, and who may use it."""

from typing import Annotated

from fastapi import Depends, Request, Security

from ...core.db.dependencies import ReadSessionDep, SessionDep
from ...core.security.dependencies import get_current_user
from ...core.security.principal import Principal
from .repository import ItemRepository
from .service import ItemService


async def get_item_service(request: Request, session: SessionDep) -> ItemService:
    """Return the service, in the transaction of this request."""
    strict = request.app.state.settings.server.require_if_match
    return ItemService(ItemRepository(session), needs_precondition=strict)


async def get_item_reader(session: ReadSessionDep) -> ItemService:
    """Return the service for a request that only reads."""
    return ItemService(ItemRepository(session), needs_precondition=False)


ItemServiceDep = Annotated[ItemService, Depends(get_item_service)]
ItemReaderDep = Annotated[ItemService, Depends(get_item_reader)]
ReadingUser = Annotated[Principal, Security(get_current_user, scopes=["items:read"])]
WritingUser = Annotated[Principal, Security(get_current_user, scopes=["items:write"])]
