"""Many who change one item at the same moment: each waits for the one before."""

import asyncio

import httpx
from fastapi import FastAPI

from tests.helpers.client import bearer

ITEMS = "/api/v1/items"


async def change_at_once(
    client: httpx.AsyncClient, app: FastAPI, **headers: str
) -> tuple[list[int], str]:
    """Make an item, change it 20 times at once; return the statuses and its version."""
    ann = bearer(app, "ann")
    made = await client.post(ITEMS, json={"name": "Lamp"}, headers=ann)
    url = f"{ITEMS}/{made.json()['id']}"
    changes = (
        client.patch(url, json={"name": f"Lamp {n}"}, headers=ann | headers) for n in range(20)
    )
    statuses = [answer.status_code for answer in await asyncio.gather(*changes)]
    return sorted(statuses), (await client.get(url, headers=ann)).headers["ETag"]


async def test_each_changes_what_the_one_before_has_left(
    committed_client: httpx.AsyncClient, committed_app: FastAPI
) -> None:
    changed = await change_at_once(committed_client, committed_app)
    assert changed == ([200] * 20, '"21"')


async def test_of_those_with_one_version_one_wins(
    committed_client: httpx.AsyncClient, committed_app: FastAPI
) -> None:
    changed = await change_at_once(committed_client, committed_app, **{"If-Match": '"1"'})
    assert changed == ([200] + [412] * 19, '"2"')
