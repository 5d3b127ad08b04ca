"""How a request gets a service for items, and who may use it."""

from typing import Annotated

from fastapi import Depends, Security

from ...authentication import get_current_user
from ...core.security.principal import Principal
from ...dependencies import ReadSessionDep, SessionDep
from .repository import ItemReader, ItemRepository
from .service import ItemReadService, ItemService


async def get_item_read_service(session: ReadSessionDep) -> ItemReadService:
    """Return the service for a request that only reads."""
    return ItemReadService(ItemReader(session))


async def get_item_service(session: SessionDep) -> ItemService:
    """Return the service, in the transaction of this request."""
    return ItemService(ItemRepository(session))


ItemReadServiceDep = Annotated[ItemReadService, Depends(get_item_read_service)]
ItemServiceDep = Annotated[ItemService, Depends(get_item_service)]
ReadingUser = Annotated[Principal, Security(get_current_user, scopes=["items:read"])]
WritingUser = Annotated[Principal, Security(get_current_user, scopes=["items:write"])]
