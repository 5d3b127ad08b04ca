"""The command line."""

import contextlib
import json
import socket
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from sqlalchemy.exc import DBAPIError

from {{ cookiecutter.__package }} import settings as settings_module
from {{ cookiecutter.__package }}.cli import main
from {{ cookiecutter.__package }}.core.db import migrations
from {{ cookiecutter.__package }}.core.db.revisions import Revisions
from {{ cookiecutter.__package }}.core.db.settings import DatabaseSettings

from tests.helpers.client import PASSWORD
from tests.helpers.database import empty_database
from tests.helpers.forked import fork, ignore_threads
from tests.helpers.migrations import emptied

WAITS = "The database waits for its migrations: run the command `migrate`."
POST = b"""POST /api/v1/users HTTP/1.1\r
Host: test\r
Content-Type: application/json\r
Content-Length: 2\r
\r
{"""
Run = Callable[..., object]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabaseSettings]:
    with empty_database(tmp_path_factory.mktemp("cli")) as settings:
        yield settings


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, scratch: DatabaseSettings) -> Run:
    """Give a function that runs a command; it returns the exit code or the last words.

    Commands are configured by the environment, and by nothing that lies around.
    """
    monkeypatch.setattr(settings_module, "ENV_FILE", None)
    monkeypatch.setenv("APP_DATABASE__URL", scratch.url.get_secret_value())
    monkeypatch.setenv("APP_AUTH__SIGNING_KEY", "a key for tests, of 32 bytes and more")
    monkeypatch.setenv("APP_AUTH__ARGON2_TIME_COST", "1")
    monkeypatch.setenv("APP_AUTH__ARGON2_MEMORY_KIB", "8")

    def run(*arguments: str) -> object:
        monkeypatch.setattr(sys, "argv", ["service", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
        return stopped.value.code

    return run


def test_help_lists_the_commands(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    shown = capsys.readouterr().out
    for name in ("dev", "serve", "migrate", "create-user", "openapi", "check", "settings"):
        assert f" {name} " in shown


@pytest.mark.parametrize("command", ["check", "serve", "dev", "migrate", "openapi"])
def test_a_wrong_setting_is_one_sentence(
    run: Run, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APP_SERVER__PORT", "99999")
    message = str(run(command))
    assert message.startswith("APP_SERVER__PORT: ")
    assert "\n" not in message


# {% if cookiecutter.database == "postgresql" %}
def test_a_database_that_is_away_is_one_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_DATABASE__URL", "postgresql+asyncpg://app:app@127.0.0.1:1/app")
    for command in ("check", "migrate"):
        assert str(run(command)).startswith("The database is not available")


# {% endif %}
def test_a_database_is_in_order_once_it_is_migrated(
    run: Run, scratch: DatabaseSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    emptied(scratch)
    assert run("check") == WAITS
    assert run("create-user", "ann@example.com", "--password", PASSWORD) == WAITS
    assert run("migrate") == 0
    assert f"The database is at revision {Revisions().head}." in capsys.readouterr().out
    assert run("check") == 0


def test_a_migration_that_fails_is_one_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_arguments: object) -> None:
        raise DBAPIError("ALTER TABLE users ADD age", None, ValueError("a row has no age"))

    assert str(run("migrate", "nonsense")) == "Can't locate revision identified by 'nonsense'."
    monkeypatch.setattr(migrations, "migrate", fail)
    assert run("migrate") == "The database refuses a statement: a row has no age"


def test_create_user_makes_an_account_as_a_registration_would(
    run: Run, scratch: DatabaseSettings
) -> None:
    emptied(scratch)
    assert run("migrate") == 0
    assert run("create-user", "ann@example.com", "--password", PASSWORD) == 0
    for email, password, message in (
        ("Ann@Example.com", PASSWORD, "A user with this e-mail address exists."),
        ("nobody", PASSWORD, "nobody is no e-mail address."),
        ("bob@example.com", "short", "The password needs at least 15 characters."),
    ):
        assert run("create-user", email, "--password", password) == message


def test_openapi_and_settings_are_printed(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("openapi") == 0
    assert "/api/v1/users" in json.loads(capsys.readouterr().out)["paths"]
    assert run("settings") == 0
    assert "| `APP_DATABASE__URL` |" in capsys.readouterr().out


def test_dev_migrates_and_reloads(
    run: Run, scratch: DatabaseSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: dict[str, Any] = {}
    monkeypatch.setattr(uvicorn, "run", lambda app, **options: started.update(options, app=app))
    monkeypatch.setenv("APP_SERVER__PORT", "9000")
    emptied(scratch)
    assert run("dev") == 0
    assert started["app"] == "{{ cookiecutter.__package }}.main:app"
    assert (started["host"], started["port"], started["reload"]) == ("127.0.0.1", 9000, True)
    [folder] = map(Path, started["reload_dirs"])
    assert folder.is_absolute()  # It may be started from any folder.
    assert (folder / "cli.py").is_file()
    assert run("check") == 0


@pytest.fixture
def client(run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    """Give a client for what will be served."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("APP_SERVER__PORT", str(port))
    monkeypatch.setenv("APP_SERVER__DRAIN_SECONDS", "30")
    monkeypatch.setenv("APP_SERVER__GRACE_PERIOD", "60")
    assert run("migrate") == 0
    no_authorities = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # Reading them takes a while.
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", verify=no_authorities) as client:
        yield client


def wait_for_readiness(client: httpx.Client, status: int) -> httpx.Response:
    for _ in range(500):
        with contextlib.suppress(httpx.ConnectError):
            if (answer := client.get("/health/ready")).status_code == status:
                return answer
        time.sleep(0.01)
    raise AssertionError(status)


@ignore_threads
def test_serve_completes_what_it_began_when_it_is_told_to_stop(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["service", "serve"])
    process = fork(main)
    wait_for_readiness(client, 200)
    with socket.create_connection((client.base_url.host, client.base_url.port or 0)) as in_flight:
        in_flight.sendall(POST)
        process.terminate()
        assert wait_for_readiness(client, 503).headers["Connection"] == "close"
        in_flight.sendall(b"}")
        answer = in_flight.recv(1000)
    assert answer.startswith(b"HTTP/1.1 422")
    assert b"\r\nconnection: close\r\n" in answer
    process.terminate()
    process.join(5)
    assert process.exitcode == 0
