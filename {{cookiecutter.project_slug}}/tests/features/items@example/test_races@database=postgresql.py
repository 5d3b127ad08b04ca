"""Two who change one item at the same moment: the slower one is told."""

import asyncio
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from {{ cookiecutter.__package }}.core.db.database import Database
from {{ cookiecutter.__package }}.core.errors import ConflictError
from {{ cookiecutter.__package }}.features.items.repository import ItemRepository

from tests.helpers.client import bearer

ITEMS = "/api/v1/items"


@pytest.fixture
def ann(committed_app: FastAPI) -> dict[str, str]:
    return bearer(committed_app, "ann")


@pytest.fixture
async def item_id(committed_client: httpx.AsyncClient, ann: dict[str, str]) -> str:
    made = await committed_client.post(ITEMS, json={"name": "Lamp"}, headers=ann)
    return str(made.json()["id"])


async def test_the_slower_one_changes_nothing(
    committed_app: FastAPI, committed_client: httpx.AsyncClient, ann: dict[str, str], item_id: str
) -> None:
    database: Database = committed_app.state.resources.database
    async with database.transaction() as session:
        items = ItemRepository(session)
        item = await items.get(UUID(item_id), owner_id="ann")
        assert item is not None
        change = {"name": "Sun"}
        await committed_client.patch(f"{ITEMS}/{item_id}", json=change, headers=ann)
        item.name = "Moon"
        with pytest.raises(ConflictError, match="Somebody else has changed the item"):
            await items.flush()
        await session.rollback()
    read = await committed_client.get(f"{ITEMS}/{item_id}", headers=ann)
    assert (read.json()["name"], read.headers["ETag"]) == ("Sun", '"2"')


async def test_of_those_with_one_version_one_wins(
    committed_client: httpx.AsyncClient, ann: dict[str, str], item_id: str
) -> None:
    headers = ann | {"If-Match": '"1"'}
    changes = (
        committed_client.patch(f"{ITEMS}/{item_id}", json={"name": f"Lamp {n}"}, headers=headers)
        for n in range(20)
    )
    statuses = sorted([answer.status_code for answer in await asyncio.gather(*changes)])
    assert statuses[0] == 200
    assert set(statuses[1:]) <= {409, 412}
