"""Two hundred changes of one item at once."""

import asyncio
import random
from dataclasses import dataclass

import httpx
import pytest
from conftest import Report

from campaigns.databases import Databases
from campaigns.service import Serve, Tally

pytestmark = [pytest.mark.campaign, pytest.mark.anyio]
CLIENTS = 200
LONGEST_PAUSE = 2.0
SEED = 46


async def _create(client: httpx.AsyncClient, description: str) -> tuple[str, str]:
    item = {"name": "Counter", "description": description}
    answer = await client.post("/api/v1/items", json=item)
    assert answer.status_code == 201, answer.text
    return f"/api/v1/items/{answer.json()['id']}", answer.headers["ETag"]


async def test_of_changes_to_one_version_one_wins(
    serve: Serve, databases: Databases, report: Report
) -> None:
    service = serve()
    tally = Tally()
    async with service.clients(CLIENTS, await service.sign_up()) as clients:
        path, etag = await _create(clients[0], "of nobody")

        async def change(client: httpx.AsyncClient, number: int) -> None:
            body = {"description": f"of {number}"}
            await tally.add(client.patch(path, json=body, headers={"If-Match": etag}))

        await asyncio.gather(*(change(client, n) for n, client in enumerate(clients)))
    assert tally.total == CLIENTS
    assert tally.statuses[200] == 1, f"{tally}: exactly one may win"
    assert tally.only(200, 409, 412), f"{tally}: a loser is told by 409 or 412"
    report(f"updates of one version, {databases.answer}: {tally}")


@dataclass
class Addition:
    """Adds 1 to the number in an item's description, again and again until nobody was faster."""

    client: httpx.AsyncClient
    path: str
    tally: Tally
    chance: random.Random

    async def run(self) -> None:
        """Read, add, write; after a conflict pause for a while, each client for another one."""
        while await self._try() != 200:
            await asyncio.sleep(self.chance.uniform(0, LONGEST_PAUSE))

    async def _try(self) -> int:
        read = await self.client.get(self.path)
        assert read.status_code == 200, read.text
        body = {"description": str(int(read.json()["description"]) + 1)}
        headers = {"If-Match": read.headers["ETag"]}
        answer = await self.tally.add(self.client.patch(self.path, json=body, headers=headers))
        return answer.status_code


async def test_no_addition_is_lost(serve: Serve, databases: Databases, report: Report) -> None:
    service = serve()
    tally = Tally()
    chance = random.Random(SEED)  # noqa: S311 - no secret
    async with service.clients(CLIENTS, await service.sign_up()) as clients:
        path, _ = await _create(clients[0], "0")
        additions = [Addition(client, path, tally, chance) for client in clients]
        await asyncio.gather(*(addition.run() for addition in additions))
        counted = int((await clients[0].get(path)).json()["description"])
    figures = f"{CLIENTS} additions, {CLIENTS - counted} lost; {tally}"
    assert counted == CLIENTS, figures
    assert tally.only(200, 409, 412), figures
    report(f"additions, {databases.answer}: {figures}")
