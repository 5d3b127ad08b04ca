"""Measures the CPU of a request in process: the service beside what one would write by hand.

    uv run python .../measure.py PACKAGE ROUNDS    (in the folder of a service with items)

No socket, no client library: each contender is called as an ASGI application. Batches take turns,
and the turns rotate; the figure of a contender is its cheapest batch. It is the CPU time of the
whole process, all threads, without the database server. Prints one JSON object, in microseconds.
"""

import asyncio
import gc
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid4

from fastapi import FastAPI
from minimum import bare_app, items_app

LISTED = 20
KEY = "a key for benchmarks, of 32 bytes and more"
OK, CREATED = 200, 201

Figures = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Request:
    """One kind of request, and how many of them make a batch."""

    scope: dict[str, Any]
    batch: int
    body: bytes = b""
    expected: int = OK


@dataclass
class Contender:
    """An application answering one kind of request."""

    app: FastAPI
    request: Request
    seconds: list[float] = field(default_factory=list)

    async def answer(self) -> bytes:
        """Answer one request and return the body. Raises RuntimeError for an unexpected status."""
        chunks: list[bytes] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": self.request.body, "more_body": False}

        async def send(message: Any) -> None:
            if message.get("status", self.request.expected) != self.request.expected:
                raise RuntimeError(f"{self.request.scope['path']} answered {message['status']}")
            chunks.append(message.get("body", b""))

        await self.app({**self.request.scope, "state": {}}, receive, send)
        return b"".join(chunks)

    async def run_batch(self) -> None:
        """Answer a batch and note what one request of it cost."""
        start = time.process_time()
        for _ in range(self.request.batch):
            await self.answer()
        self.seconds.append((time.process_time() - start) / self.request.batch)


def scope(method: str, path: str, query: str = "", **headers: str) -> dict[str, Any]:
    """Return the ASGI scope of a request."""
    given = {"host": "localhost", "accept": "*/*", "content-type": "application/json", **headers}
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        "client": ("127.0.0.1", 40000),
        "server": ("127.0.0.1", 8000),
    }


async def race(contenders: Mapping[str, Contender], rounds: int) -> dict[str, float]:
    """Let the contenders take turns and return the cheapest request of each."""
    entrants = list(contenders.values())
    for entrant in entrants:
        await entrant.run_batch()  # Caches fill.
        entrant.seconds.clear()
    gc.collect()
    for turn in range(rounds):
        shift = turn % len(entrants)
        for entrant in entrants[shift:] + entrants[:shift]:
            await entrant.run_batch()
    return {name: min(entrant.seconds) * 1e6 for name, entrant in contenders.items()}


def service_app(package: str, database: Any) -> FastAPI:
    """Return the service, set up as in production where that costs CPU."""
    app: FastAPI = import_module(f"{package}.app").create_app(
        import_module(f"{package}.settings").Settings(
            _env_file=None,
            server={"trusted_hosts": ["localhost"], "docs": False},
            database=database,
            auth={"signing_key": KEY},
            log={"format": "json"},
        )
    )
    return app


async def run(package: str, database: Any, rounds: int) -> Figures:
    """Race the service against the minimum, which is there twice to show the noise."""
    service = service_app(package, database)
    resources = service.state.resources
    auth = resources.settings.auth
    url = database.url.get_secret_value()
    by_hand = {name: items_app(url, KEY, auth.issuer) for name in ("minimum", "same")}
    bare = {name: bare_app() for name in ("minimum", "same")}
    token = resources.token_issuer.issue(str(uuid4()), ["items:read", "items:write"])
    caller = {"authorization": f"Bearer {token}"}
    body = json.dumps({"name": "a thing", "description": "what it is for"}).encode()
    creating = Request(
        scope("POST", "/api/v1/items", **caller, **{"content-length": str(len(body))}),
        batch=10,
        body=body,
        expected=CREATED,
    )

    async def compare(others: dict[str, FastAPI], request: Request) -> dict[str, float]:
        apps = {"service": service, **others}
        return await race({name: Contender(app, request) for name, app in apps.items()}, rounds)

    async with service.router.lifespan_context(service):
        for _ in range(LISTED + 1):
            item = json.loads(await Contender(service, creating).answer())
        path = f"/api/v1/items/{item['id']}"
        listing = scope("GET", "/api/v1/items", f"limit={LISTED}", **caller)
        return {
            "GET /health/live": await compare(bare, Request(scope("GET", "/health/live"), 100)),
            "GET an item": await compare(by_hand, Request(scope("GET", path, **caller), 20)),
            f"GET a list of {LISTED}": await compare(by_hand, Request(listing, 10)),
            "POST an item": await compare(by_hand, creating),
        }


def main(package: str, rounds: int) -> Figures:
    """Measure on an empty database of the service's own kind, as its tests make one."""
    sys.path.insert(0, str(Path.cwd()))
    with (
        tempfile.TemporaryDirectory() as folder,
        import_module("tests.helpers.migrations").migrated_database(Path(folder)) as database,
    ):
        return asyncio.run(run(package, database, rounds))


if __name__ == "__main__":
    results = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Log lines are written, and not looked at.
    os.write(results, json.dumps(main(sys.argv[1], int(sys.argv[2]))).encode())
