"""The image of a service, started as production starts it."""

import re
import socket
import time
from pathlib import Path

import httpx

from containers.checks import Checks
from containers.podman import (
    POSTGRESQL_PASSWORD,
    RESTRICTED,
    START_SECONDS,
    address,
    build,
    facts,
    image,
    podman,
    refusal,
    running,
    wait_for,
)

MOST_MB = 250
PORT = 8000
IN_FLIGHT_SECONDS = 5
BODY = b'{"email": "%d@example.com", "password": "a long walk in autumn rain"}'
SETTINGS = {
    "APP_AUTH__SIGNING_KEY": "of a container that lives for a minute",
    "APP_SERVER__TRUSTED_HOSTS": '["service"]',
    "APP_AUTH__LOGIN_RATE_PER_ADDRESS": "1000000/minute",
    "APP_AUTH__LOGIN_RATE_PER_ACCOUNT": "1000000/minute",
}
HEADERS = {"Host": "service"}
TOOLS = ("uv", "gcc", "cc", "make", "git")
IS_COMPILED = """
import importlib.util, pathlib
import fastapi, orders_api
for package in (fastapi, orders_api):
    for source in pathlib.Path(package.__file__).parent.rglob("*.py"):
        assert pathlib.Path(importlib.util.cache_from_source(str(source))).is_file(), source
"""


def settings(database: str) -> dict[str, str]:
    """Return what production needs; `database` is the address of a PostgreSQL, or "" for SQLite."""
    if database:
        url = f"postgresql+asyncpg://app:{POSTGRESQL_PASSWORD}@{database}:5432/app"
        return {**SETTINGS, "APP_DATABASE__URL": url}
    file = {"APP_DATABASE__URL": "sqlite+aiosqlite:////app/var/app.db"}
    return {**SETTINGS, **file, "APP_DATABASE__ALLOW_IN_PRODUCTION": "true"}


def options(variables: dict[str, str]) -> list[str]:
    """Return how podman runs an image in such an environment."""
    return [*RESTRICTED, *(f"--env={name}={value}" for name, value in variables.items())]


def get(host: str, path: str) -> httpx.Response:
    """Ask a container."""
    return httpx.get(f"http://{host}:{PORT}{path}", headers=HEADERS, timeout=5, trust_env=False)


def answers(host: str, path: str, status: int = 200) -> bool:
    """Return whether a container answers with that status."""
    try:
        return get(host, path).status_code == status
    except httpx.TransportError:
        return False


def begin_post(host: str) -> tuple[socket.socket, bytes]:
    """Send the half of a registration; return the connection and the other half."""
    body = BODY % time.time_ns()
    head = (
        f"POST /api/v1/users HTTP/1.1\r\nHost: {HEADERS['Host']}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection = socket.create_connection((host, PORT), timeout=30)
    connection.sendall(head.encode() + body[:10])
    return connection, body[10:]


def end_post(connection: socket.socket, rest: bytes) -> str:
    """Send the other half, and return what came back until the other side closed."""
    answer = b""
    with connection:
        connection.sendall(rest)
        while part := connection.recv(65536):
            answer += part
    return answer.decode()


def check_image(checks: Checks, name: str, project: Path, tag: str, database: str) -> None:
    """Build an image, look at it, run it and end it."""
    with checks(f"{name}: it is built") as figures:
        build(project, tag)
        megabytes = image(tag)["Size"] / 1e6
        figures.append(f"{megabytes:.0f} MB")
        assert megabytes <= MOST_MB, f"{megabytes:.0f} MB are more than {MOST_MB}"
    with checks(f"{name}: it says what it is, and names a user that is a number"):
        config = image(tag)["Config"]
        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", config["User"]), config["User"]
        label = "org.opencontainers.image."
        assert {f"{label}title", f"{label}version", f"{label}revision"} <= config["Labels"].keys()
        assert config["Cmd"] == [project.name, "serve"]
        assert "/health/live" in str(image(tag)["Healthcheck"])
    with checks(f"{name}: it holds no tools, tests or caches"):
        look = f"ls -A /app /root/.cache; for tool in {' '.join(TOOLS)}; do command -v $tool; done"
        found = podman("run", "--rm", "--user=0", tag, "sh", "-c", f"({look}) 2>/dev/null || true")
        assert found.split() == ["/app:", ".venv", "var"], found
        podman("run", "--rm", tag, "python", "-c", IS_COMPILED)
    with checks(f"{name}: without its settings it does not start, and says why"):
        words = refusal("run", "--rm", *RESTRICTED, tag)
        assert "exit 1\n" in words, words
        assert "APP_AUTH__SIGNING_KEY: production needs a signing key." in words, words
        assert "Traceback" not in words, words
    _check_life(checks, name, tag, settings(database))


def _check_life(checks: Checks, name: str, tag: str, given: dict[str, str]) -> None:
    volume = podman("volume", "create")
    run = [*options(given), f"--volume={volume}:/app/var"]
    try:
        with checks(f"{name}: it migrates, twice"):
            for _ in range(2):
                podman("run", "--rm", *run, tag, *_command(tag, "migrate"))
        with running(tag, *run) as container:
            _check_running(checks, name, container)
    finally:
        podman("volume", "rm", "--force", volume)


def _command(tag: str, name: str) -> list[str]:
    return [image(tag)["Config"]["Cmd"][0], name]


def _check_running(checks: Checks, name: str, container: str) -> None:
    with checks(f"{name}: it is ready, without privileges, on a disk that it cannot write") as said:
        started = time.monotonic()
        host = address(container)
        wait_for(lambda: answers(host, "/health/ready"), START_SECONDS)
        said.append(f"ready after {time.monotonic() - started:.1f} s")
        process = facts(container)
        assert process["Uid"].split() == ["10001"] * 4, process["Uid"]
        assert int(process["CapEff"], 16) == 0, process["CapEff"]
        assert process["NoNewPrivs"] == "1"
        said.append(f"{int(process['VmRSS'].split()[0]) // 1024} MiB of memory")
        write = "import pathlib; pathlib.Path('/app/written').touch()"
        assert "Read-only file system" in refusal("exec", container, "python", "-c", write)
    with checks(f"{name}: its HEALTHCHECK is content"):
        podman("healthcheck", "run", container)
    with checks(f"{name}: at SIGTERM it finishes what is in flight, and exits with 0") as said:
        connection, rest = begin_post(host)
        time.sleep(0.3)
        told = time.monotonic()
        podman("kill", "--signal=TERM", container)
        wait_for(lambda: answers(host, "/health/ready", 503), 3)
        assert answers(host, "/health/live")
        time.sleep(IN_FLIGHT_SECONDS - (time.monotonic() - told))
        answer = end_post(connection, rest)
        assert answer.startswith("HTTP/1.1 201"), answer
        assert "connection: close" in answer.lower(), answer
        code = podman("wait", container)
        assert code == "0", code
        said.append(f"a request of {IN_FLIGHT_SECONDS} s was answered {answer[9:12]}")
        said.append(f"ended after {time.monotonic() - told:.1f} s")
