"""The command line."""

import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from {{ cookiecutter.__package }}.cli import main
from {{ cookiecutter.__package }}.core import settings as settings_module
from {{ cookiecutter.__package }}.core.settings import DatabaseSettings

from tests.client import PASSWORD
from tests.core.forked import fork, ignore_threads
from tests.database import empty_database

WAITS = "The database waits for its migrations: run the command `migrate`."
Run = Callable[..., object]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, database_settings: DatabaseSettings) -> None:
    """Configure the commands by the environment, and by nothing that lies around."""
    monkeypatch.setattr(settings_module, "ENV_FILE", None)
    monkeypatch.setenv("APP_DATABASE__URL", database_settings.url.get_secret_value())
    monkeypatch.setenv("APP_AUTH__SIGNING_KEY", "a key for tests, of 32 bytes and more")
    monkeypatch.setenv("APP_AUTH__ARGON2_TIME_COST", "1")
    monkeypatch.setenv("APP_AUTH__ARGON2_MEMORY_KIB", "8")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Give a function that runs a command; it returns the exit code or the last words."""

    def run(*arguments: str) -> object:
        monkeypatch.setattr(sys, "argv", ["service", *arguments])
        with pytest.raises(SystemExit) as stopped:
            main()
        return stopped.value.code

    return run


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a database without tables."""
    with empty_database(tmp_path_factory.mktemp("cli")) as settings:
        yield settings.url.get_secret_value()


class TestHelp:
    def test_lists_the_commands(self, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
        assert run("--help") == 0
        shown = capsys.readouterr().out
        for name in ("dev", "serve", "migrate", "create-user", "openapi", "check", "settings"):
            assert f" {name} " in shown


class TestSettings:
    def test_prints_the_table(self, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
        assert run("settings") == 0
        assert "| `APP_DATABASE__URL` |" in capsys.readouterr().out

    @pytest.mark.parametrize("command", ["check", "serve", "dev", "migrate", "openapi"])
    def test_a_wrong_one_is_one_sentence(
        self, run: Run, command: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("APP_SERVER__PORT", "99999")
        message = run(command)
        assert isinstance(message, str)
        assert message.startswith("APP_SERVER__PORT: ")
        assert "\n" not in message


class TestMigrateAndCheck:
    # {% if cookiecutter.database == "postgresql" %}
    def test_a_database_that_is_away_is_one_sentence(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("APP_DATABASE__URL", "postgresql+asyncpg://app:app@127.0.0.1:1/app")
        for command in ("check", "migrate"):
            message = run(command)
            assert isinstance(message, str)
            assert message.startswith("The database is not available")
            assert "\n" not in message

    # {% endif %}
    def test_one_is_in_order_once_it_is_migrated(
        self, run: Run, empty: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("APP_DATABASE__URL", empty)
        assert run("check") == WAITS
        assert run("create-user", "ann@example.com", "--password", PASSWORD) == WAITS
        assert run("migrate") == 0
        assert run("check") == 0


class TestCreateUser:
    def test_makes_an_account_once(
        self, run: Run, empty: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("APP_DATABASE__URL", empty)
        assert run("migrate") == 0
        assert run("create-user", "ann@example.com", "--password", PASSWORD) == 0
        again = run("create-user", "Ann@Example.com", "--password", PASSWORD)
        assert again == "A user with this e-mail address exists."

    @pytest.mark.parametrize(
        ("email", "password", "message"),
        [
            ("nobody", PASSWORD, "nobody is no e-mail address."),
            ("ann@example.com", "short", "The password needs at least 15 characters."),
        ],
    )
    def test_refuses_what_a_registration_would(
        self, run: Run, email: str, password: str, message: str
    ) -> None:
        assert run("create-user", email, "--password", password) == message


class TestOpenapi:
    def test_prints_the_document(self, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
        assert run("openapi") == 0
        document = json.loads(capsys.readouterr().out)
        assert "/api/v1/users" in document["paths"]


class TestDev:
    def test_migrates_and_reloads(
        self, run: Run, empty: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        started: dict[str, Any] = {}
        monkeypatch.setattr(uvicorn, "run", lambda app, **options: started.update(options, app=app))
        monkeypatch.setenv("APP_DATABASE__URL", empty)
        monkeypatch.setenv("APP_SERVER__PORT", "9000")
        assert run("dev") == 0
        assert started["app"] == "{{ cookiecutter.__package }}.main:app"
        assert (started["host"], started["port"]) == ("127.0.0.1", 9000)
        assert started["reload"]
        assert all(Path(folder).is_dir() for folder in started["reload_dirs"])
        assert run("check") == 0


class Client:
    """Talks to a process that serves on this machine."""

    def __init__(self, port: int) -> None:
        self._port = port

    def connect(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self._port, timeout=5)

    def wait_for(self, status: int) -> HTTPResponse:
        """Ask until the readiness is as expected."""
        for _ in range(500):
            try:
                connection = self.connect()
                connection.request("GET", "/health/ready")
                answer = connection.getresponse()
                connection.close()
                if answer.status == status:
                    return answer
            except ConnectionRefusedError:
                pass
            time.sleep(0.01)
        raise AssertionError(status)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Client:
    """Give a client for what will be served, on a port that is free."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("APP_SERVER__PORT", str(port))
    return Client(port)


@ignore_threads
class TestServe:
    def test_ends_well_when_it_is_told_to(
        self, run: Run, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("APP_SERVER__DRAIN_SECONDS", "30")
        monkeypatch.setattr(sys, "argv", ["service", "serve"])
        process = fork(main)
        assert process.pid
        client.wait_for(200)
        in_flight = client.connect()
        in_flight.putrequest("POST", "/api/v1/users")
        in_flight.putheader("Content-Type", "application/json")
        in_flight.putheader("Content-Length", "2")
        in_flight.endheaders(b"{")

        os.kill(process.pid, signal.SIGTERM)
        assert client.wait_for(503).headers["Connection"] == "close"
        in_flight.send(b"}")
        answer = in_flight.getresponse()
        assert (answer.status, answer.headers["Connection"]) == (422, "close")

        os.kill(process.pid, signal.SIGTERM)
        process.join(5)
        assert process.exitcode == 0
