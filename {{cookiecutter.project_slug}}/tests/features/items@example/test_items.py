"""Items over HTTP."""

from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from {{ cookiecutter.__package }}.core.security.principal import SubjectDeleted
from {{ cookiecutter.__package }}.resources import Resources

from tests.helpers.client import JsonObject, bearer, change_settings

ITEMS = "/api/v1/items"


@pytest.fixture
def ann(running_app: FastAPI) -> dict[str, str]:
    return bearer(running_app, "ann")


@pytest.fixture
def bob(running_app: FastAPI) -> dict[str, str]:
    return bearer(running_app, "bob")


async def create(
    client: httpx.AsyncClient, headers: dict[str, str], name: str = "Lamp"
) -> JsonObject:
    answer = await client.post(ITEMS, json={"name": name}, headers=headers)
    assert answer.status_code == 201, answer.text
    body: JsonObject = answer.json()
    return body


class TestCreateItem:
    async def test_answers_with_the_item(
        self, client: httpx.AsyncClient, ann: dict[str, str]
    ) -> None:
        body = {"name": "  Lamp ", "description": "It is bright."}
        answer = await client.post(ITEMS, json=body, headers=ann)
        assert answer.status_code == 201
        assert answer.headers["ETag"] == '"1"'
        item = answer.json()
        assert (item["name"], item["description"]) == ("Lamp", "It is bright.")
        read = await client.get(f"{ITEMS}/{item['id']}", headers=ann)
        assert read.json() == item

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "body.name"),
            ({"name": " "}, "body.name"),
            ({"name": "x" * 101}, "body.name"),
            ({"name": "a\0b"}, "body.name"),
            ({"name": 1}, "body.name"),
            ({"name": "Lamp", "description": "x" * 2001}, "body.description"),
            ({"name": "Lamp", "owner_id": "bob"}, "body.owner_id"),
            ({"name": "Lamp", "version": 7}, "body.version"),
        ],
    )
    async def test_says_which_field_is_wrong(
        self,
        client: httpx.AsyncClient,
        ann: dict[str, str],
        body: JsonObject,
        field: str,
    ) -> None:
        answer = await client.post(ITEMS, json=body, headers=ann)
        assert answer.status_code == 422
        assert [error["field"] for error in answer.json()["errors"]] == [field]


class TestReadItem:
    @pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
    async def test_anothers_item_looks_like_a_missing_one(
        self,
        client: httpx.AsyncClient,
        ann: dict[str, str],
        bob: dict[str, str],
        method: str,
    ) -> None:
        item, missing = await create(client, ann), uuid4()
        body = {"name": "Mine"} if method == "PATCH" else None
        theirs = await client.request(method, f"{ITEMS}/{item['id']}", json=body, headers=bob)
        nobodys = await client.request(method, f"{ITEMS}/{missing}", json=body, headers=bob)
        assert theirs.status_code == nobodys.status_code == 404
        assert theirs.json()["detail"] == f"Item {item['id']} does not exist."
        assert nobodys.json()["detail"] == f"Item {missing} does not exist."
        assert (await client.get(f"{ITEMS}/{item['id']}", headers=ann)).json() == item

    async def test_refuses_what_is_no_id(
        self, client: httpx.AsyncClient, ann: dict[str, str]
    ) -> None:
        answer = await client.get(f"{ITEMS}/1", headers=ann)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "path.item_id"


class TestListItems:
    async def test_walks_through_all_pages_newest_first(
        self, client: httpx.AsyncClient, ann: dict[str, str], bob: dict[str, str]
    ) -> None:
        created = [(await create(client, ann, f"Lamp {n}"))["id"] for n in range(5)]
        await create(client, bob)
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            params = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
            page = (await client.get(ITEMS, params=params, headers=ann)).json()
            assert len(page["items"]) <= 2
            seen += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]
        assert seen == created[::-1]

    @pytest.mark.parametrize("params", [{"limit": "101"}, {"limit": "0"}, {"cursor": "nonsense"}])
    async def test_refuses_a_page_that_it_cannot_give(
        self, client: httpx.AsyncClient, ann: dict[str, str], params: dict[str, str]
    ) -> None:
        answer = await client.get(ITEMS, params=params, headers=ann)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == f"query.{next(iter(params))}"


class TestUpdateItem:
    async def test_changes_only_what_is_sent(
        self, client: httpx.AsyncClient, ann: dict[str, str]
    ) -> None:
        body = {"name": "Lamp", "description": "It is bright."}
        item = (await client.post(ITEMS, json=body, headers=ann)).json()
        answer = await client.patch(f"{ITEMS}/{item['id']}", json={"name": "Sun"}, headers=ann)
        assert answer.json() == item | {"name": "Sun", "updated_at": answer.json()["updated_at"]}
        assert answer.headers["ETag"] == '"2"'
        answer = await client.patch(
            f"{ITEMS}/{item['id']}", json={"description": None}, headers=ann
        )
        assert (answer.json()["name"], answer.json()["description"]) == ("Sun", None)

    async def test_refuses_to_unset_the_name(
        self, client: httpx.AsyncClient, ann: dict[str, str]
    ) -> None:
        item = await create(client, ann)
        answer = await client.patch(f"{ITEMS}/{item['id']}", json={"name": None}, headers=ann)
        assert answer.status_code == 422

    @pytest.mark.parametrize(
        ("if_match", "status"),
        [('"1"', 200), ("*", 200), ('"7", "1"', 200), ('"2"', 412), ("nonsense", 412)],
    )
    async def test_compares_the_version(
        self, client: httpx.AsyncClient, ann: dict[str, str], if_match: str, status: int
    ) -> None:
        item = await create(client, ann)
        headers = ann | {"If-Match": if_match}
        answer = await client.patch(f"{ITEMS}/{item['id']}", json={"name": "Sun"}, headers=headers)
        assert answer.status_code == status

    async def test_needs_a_version_where_the_settings_say_so(
        self, app: FastAPI, client: httpx.AsyncClient, ann: dict[str, str]
    ) -> None:
        change_settings(app, "server", require_if_match=True)
        item = await create(client, ann)
        answer = await client.patch(f"{ITEMS}/{item['id']}", json={"name": "Sun"}, headers=ann)
        assert answer.status_code == 428


class TestDeleteItem:
    async def test_deletes(self, client: httpx.AsyncClient, ann: dict[str, str]) -> None:
        url = f"{ITEMS}/{(await create(client, ann))['id']}"
        assert (await client.delete(url, headers=ann)).status_code == 204
        assert (await client.get(url, headers=ann)).status_code == 404

    async def test_compares_the_version(
        self, client: httpx.AsyncClient, ann: dict[str, str]
    ) -> None:
        url = f"{ITEMS}/{(await create(client, ann))['id']}"
        answer = await client.delete(url, headers=ann | {"If-Match": '"2"'})
        assert answer.status_code == 412


class TestScopes:
    async def test_reading_needs_one(self, app: FastAPI, client: httpx.AsyncClient) -> None:
        answer = await client.get(ITEMS, headers=bearer(app, "ann", ["items:write"]))
        assert answer.status_code == 403
        challenge = answer.headers["WWW-Authenticate"]
        assert challenge == 'Bearer error="insufficient_scope", scope="items:read"'

    @pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
    async def test_changing_needs_another(
        self, app: FastAPI, client: httpx.AsyncClient, method: str
    ) -> None:
        url = ITEMS if method == "POST" else f"{ITEMS}/{uuid4()}"
        body = None if method == "DELETE" else {"name": "Lamp"}
        headers = bearer(app, "ann", ["items:read"])
        answer = await client.request(method, url, json=body, headers=headers)
        assert answer.status_code == 403


async def test_items_go_with_their_owner(
    client: httpx.AsyncClient, resources: Resources, ann: dict[str, str], bob: dict[str, str]
) -> None:
    await create(client, ann)
    await create(client, bob)
    async with resources.database.transaction() as session:
        session.record(SubjectDeleted(subject="ann"))
    await resources.events.join()
    assert (await client.get(ITEMS, headers=ann)).json()["items"] == []
    assert len((await client.get(ITEMS, headers=bob)).json()["items"]) == 1
