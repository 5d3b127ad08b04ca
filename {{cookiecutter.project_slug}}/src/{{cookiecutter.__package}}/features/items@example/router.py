"""Items over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Response

from ...core.http.etag import etag
from ...core.http.problems import problem_responses
from ...core.pagination import Page
from ...dependencies import CursorDep, ExpectedVersionsDep, Limit
from .dependencies import ItemReadServiceDep, ItemServiceDep, ReadingUser, WritingUser
from .models import Item
from .schemas import ItemCreate, ItemRead, ItemUpdate

router = APIRouter(prefix="/items", tags=["items"])
CHANGE_RESPONSES = problem_responses(404, 409, 412, 428)


@router.post("", status_code=201, response_model=ItemRead)
async def create_item(
    data: ItemCreate, items: ItemServiceDep, user: WritingUser, response: Response
) -> Item:
    """Make an item."""
    item = await items.create(user.subject, name=data.name, description=data.description)
    response.headers["ETag"] = etag(item.version)
    return item


@router.get("", response_model=Page[ItemRead])
async def list_items(
    items: ItemReadServiceDep, user: ReadingUser, after: CursorDep, limit: Limit = 20
) -> Page[Item]:
    """List your items, newest first."""
    return await items.list(user.subject, limit=limit, after=after)


@router.get("/{item_id}", response_model=ItemRead, responses=problem_responses(404))
async def read_item(
    item_id: UUID, items: ItemReadServiceDep, user: ReadingUser, response: Response
) -> Item:
    """Read one of your items."""
    item = await items.get(user.subject, item_id)
    response.headers["ETag"] = etag(item.version)
    return item


@router.patch("/{item_id}", response_model=ItemRead, responses=CHANGE_RESPONSES)
async def update_item(
    item_id: UUID,
    data: ItemUpdate,
    items: ItemServiceDep,
    user: WritingUser,
    versions: ExpectedVersionsDep,
    response: Response,
) -> Item:
    """Change an item; with If-Match only the version that you have seen."""
    item = await items.update(user.subject, item_id, data.model_dump(), versions)
    response.headers["ETag"] = etag(item.version)
    return item


@router.delete("/{item_id}", status_code=204, responses=CHANGE_RESPONSES)
async def delete_item(
    item_id: UUID, items: ItemServiceDep, user: WritingUser, versions: ExpectedVersionsDep
) -> None:
    """Delete an item; with If-Match only the version that you have seen."""
    await items.delete(user.subject, item_id, versions)
