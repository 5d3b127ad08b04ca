"""Measures the CPU of a request in process: the service beside what one would write by hand.

    uv run python .../benchmarks/measure.py PACKAGE    (in the folder of a service with items)

No socket, no client library: each contender is called as an ASGI application. Batches take turns,
and the turns rotate; the figure of a contender is its cheapest batch. The process's CPU time holds
all its threads, and not the database server's. Prints one JSON object.
"""

import asyncio
import gc
import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from minimum import bare_app, items_app

ROUNDS = 200
LISTED = 20
Application = Callable[..., Any]


@dataclass
class Contender:
    """One application answering one kind of request."""

    app: Application
    scope: dict[str, Any]
    body: bytes
    expected: int
    batch: int
    seconds: list[float] = field(default_factory=list)

    async def request(self) -> bytes:
        """Answer one request and return the body."""
        chunks: list[bytes] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": self.body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start" and message["status"] != self.expected:
                raise RuntimeError(f"{self.scope['path']} answered {message['status']}")
            chunks.append(message.get("body", b""))

        await self.app({**self.scope, "state": {}}, receive, send)
        return b"".join(chunks)

    async def run_batch(self) -> None:
        """Answer a batch and note what one request of it cost."""
        start = time.process_time()
        for _ in range(self.batch):
            await self.request()
        self.seconds.append((time.process_time() - start) / self.batch)


def scope(method: str, path: str, headers: Mapping[str, str], query: str = "") -> dict[str, Any]:
    """Return the ASGI scope of a request, with the headers that a browser's request has at least."""
    given = {"host": "localhost", "accept": "*/*", **headers}
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


async def measure(races: Mapping[str, Mapping[str, Contender]]) -> dict[str, dict[str, float]]:
    """Run all batches of all races and return the cheapest request of each contender in us."""
    for race in races.values():
        entrants = list(race.values())
        for entrant in entrants:
            await entrant.run_batch()
            entrant.seconds.clear()
        gc.collect()
        gc.freeze()
        for turn in range(ROUNDS):
            shift = turn % len(entrants)
            for entrant in entrants[shift:] + entrants[:shift]:
                await entrant.run_batch()
    return {
        name: {label: min(entrant.seconds) * 1e6 for label, entrant in race.items()}
        for name, race in races.items()
    }


async def run(package: str) -> dict[str, dict[str, float]]:
    """Build the contenders on the service's database and let them race."""
    settings = importlib.import_module(f"{package}.core.settings").load_settings()
    service = importlib.import_module(f"{package}.app").create_app(settings)
    key = settings.auth.signing_key.get_secret_value()
    url = settings.database.url.get_secret_value()
    by_hand = [items_app(url, key, settings.auth.issuer) for _ in range(2)]
    token = service.state.access_tokens.issue(str(uuid4()), ["items:read", "items:write"])
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    body = json.dumps({"name": "a thing", "description": "what it is for"}).encode()
    new = scope("POST", "/api/v1/items", {**headers, "content-length": str(len(body))})

    def race(request: dict[str, Any], body: bytes, expected: int, batch: int) -> dict[str, Contender]:
        apps = {"service": service, "minimum": by_hand[0], "same": by_hand[1]}
        return {name: Contender(app, request, body, expected, batch) for name, app in apps.items()}

    async with service.router.lifespan_context(service):
        creating = race(new, body, 201, 10)
        for _ in range(LISTED + 5):
            made = json.loads(await creating["service"].request())
        live = scope("GET", "/health/live", {})
        bare = {"minimum": bare_app(), "same": bare_app(), "service": service}
        return await measure(
            {
                "GET /health/live": {n: Contender(a, live, b"", 200, 100) for n, a in bare.items()},
                "GET an item": race(
                    scope("GET", f"/api/v1/items/{made['id']}", headers), b"", 200, 20
                ),
                f"GET a list of {LISTED}": race(
                    scope("GET", "/api/v1/items", headers, f"limit={LISTED}"), b"", 200, 10
                ),
                "POST an item": creating,
            }
        )


if __name__ == "__main__":
    results = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # The access log is written, and not looked at.
    figures = asyncio.run(run(sys.argv[1]))
    os.write(results, json.dumps(figures).encode())
