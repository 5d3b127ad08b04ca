"""Five thousand bodies that are almost right."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import httpx
import pytest
from conftest import Report

from campaigns.databases import Databases
from campaigns.mutations import FORM_MUTATIONS, JSON_MUTATIONS, Fields, Mutation
from campaigns.service import PASSWORD, Account, Serve, Tally

pytestmark = [pytest.mark.campaign, pytest.mark.anyio]
BODIES = 5000
AT_ONCE = 16
SEED = 9
ITEM = {"name": "Änderung 💡", "description": "a text"}


@dataclass(frozen=True)
class Target:
    """An operation and a body that it takes."""

    method: str
    path: str
    fields: Fields
    mutations: Sequence[Mutation]


def _targets(account: Account, item_id: str) -> list[Target]:
    login = {"grant_type": "password", "username": account.email, "password": PASSWORD}
    refresh = {"grant_type": "refresh_token", "refresh_token": account.refresh_token}
    user = {"email": "somebody@example.com", "password": PASSWORD}
    change = {"email": account.email, "current_password": PASSWORD}
    passwords = {"current_password": PASSWORD, "new_password": PASSWORD}
    return [
        Target("POST", "/api/v1/items", ITEM, JSON_MUTATIONS),
        Target("PATCH", f"/api/v1/items/{item_id}", ITEM, JSON_MUTATIONS),
        Target("POST", "/api/v1/users", user, JSON_MUTATIONS),
        Target("PATCH", "/api/v1/users/me", change, JSON_MUTATIONS),
        Target("POST", "/api/v1/users/me/password", passwords, JSON_MUTATIONS),
        Target("POST", "/api/v1/auth/token", login, FORM_MUTATIONS),
        Target("POST", "/api/v1/auth/token", refresh, FORM_MUTATIONS),
        Target("POST", "/api/v1/auth/revoke", {"token": "unknown"}, FORM_MUTATIONS),
    ]


async def test_no_body_is_an_error_of_ours(
    serve: Serve, databases: Databases, report: Report
) -> None:
    service = serve()
    account = await service.sign_up()
    tally, failed = Tally(), Counter[str]()
    limit = asyncio.Semaphore(AT_ONCE)
    async with service.client(account) as client:
        item = (await client.post("/api/v1/items", json=ITEM)).raise_for_status().json()
        targets = _targets(account, item["id"])

        async def send(number: int) -> None:
            chance = random.Random(f"{SEED}-{number}")  # noqa: S311 - repeatable on purpose
            target = chance.choice(targets)
            mutation = chance.choice(target.mutations)
            sent = mutation(chance, target.fields)
            headers = [(b"Content-Type", sent.content_type.encode())]
            request = client.build_request(
                target.method, target.path, content=sent.body, headers=httpx.Headers(headers)
            )
            async with limit:
                answer = await tally.add(client.send(request))
            if answer.status_code >= 500:
                failed[f"{target.method} {target.path} {mutation.__name__} (body {number})"] += 1

        await asyncio.gather(*(send(number) for number in range(BODIES)))
        ready = await client.get("/health/ready")
    figures = f"{tally.total} bodies, seed {SEED}: {tally}; slowest {tally.slowest:.0f} ms"
    assert not failed, f"{figures}; {failed.total()} x 5xx: {sorted(failed)[:20]}"
    assert tally.total == BODIES, figures
    assert tally.statuses[201] > 0, f"{figures}: even bodies that are right were refused"
    assert service.is_running(), figures
    assert ready.status_code == 200, figures
    report(f"mutated bodies, {databases.answer}: {figures}")
