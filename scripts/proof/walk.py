"""The whole way of a service's owners: make it, check it, and run it as its image would."""

import hashlib
import json
import signal
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from baking import contents, cookiecutter
from databases import empty_database
from rendering import Answers, Files
from serving import HOST, OK, STOP_SECONDS, answer, free_port, wait_until_ready

from .covering import Python
from .model import Stage
from .processes import TIMEOUT, measured, start, tail, wait
from .variants import differences, word

CREATED = 201
UNAUTHORIZED = 401
NOT_FOUND = 404
EMAIL = "ada@example.com"
PASSWORD = "a long walk in autumn rain"  # noqa: S105 - of an account that lives for a second
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}


def until_one_fails(stages: Generator[Stage]) -> list[Stage]:
    """Return the stages up to the first that fails: the next ones build on it."""
    done = []
    with closing(stages):
        for stage in stages:
            done.append(stage)
            if stage.error:
                break
    return done


@dataclass(frozen=True)
class Walk:
    """The way of one service, whose every stage needs those before it."""

    answers: Answers
    files: Files
    python: Python
    folder: Path

    @property
    def service(self) -> Path:
        """The service's own folder."""
        return next((self.folder / "made").iterdir())

    def stages(self) -> Generator[Stage]:
        """Yield all of them, each as soon as it is done."""
        yield self.make()
        yield self.install()
        yield self.check()
        yield self.list_settings()
        yield from self.run_in_production()

    def make(self) -> Stage:
        """Make it by Cookiecutter; fail if that makes anything else than is proven elsewhere."""
        folder = self.folder / "made"
        folder.mkdir()
        given = {name: word(value) for name, value in self.answers.items()}
        stage = measured("cookiecutter", cookiecutter(folder, **given), self.folder)
        return stage if stage.error else replace(stage, error=self._differences())

    def install(self) -> Stage:
        """Install what its lock names, in an environment of its own."""
        return self._run("install", "uv", "sync", "--locked")

    def check(self) -> Stage:
        """Do what its README tells to do before each commit."""
        return self._run("make check", "make", "check")

    def list_settings(self) -> Stage:
        """Let it list its settings; fail if that is not the table of its documentation."""
        listing = self.folder / "listing"
        command = f'uv run --quiet {self.service.name} settings >"$0"'
        stage = self._run("settings", "sh", "-c", command, listing)
        documented = (self.service / "docs" / "settings.md").read_text(encoding="utf-8")
        listed = listing.read_text(encoding="utf-8").strip()
        if stage.error or (listed and listed in documented):
            return stage
        return replace(stage, error="docs/settings.md does not hold what `settings` prints.")

    def run_in_production(self) -> Generator[Stage]:
        """Yield what its image does: install without tools for development, migrate and serve."""
        image = self.folder / "image"
        (image / "var").mkdir(parents=True)
        environment = {"UV_PROJECT_ENVIRONMENT": str(image / ".venv")}
        # As in the Dockerfile, but for a cache: uv would not see that only the code has changed.
        sync = ("uv", "sync", "--locked", "--no-dev", "--no-editable")
        fresh = ("--refresh-package", self.service.name)
        yield self._run("install for production", *sync, *fresh, **environment)
        program = image / ".venv" / "bin" / self.service.name
        try:
            with empty_database(self.service, image / "var", **self._variables) as url:
                settings = self._production(url)
                yield measured("migrate", [program, "migrate"], image, TIMEOUT, **settings)
                yield serve([program, "serve"], image, settings)
        except RuntimeError as error:
            yield Stage("database", 0, 0, str(error))

    @property
    def _variables(self) -> dict[str, str]:
        """The variables that make uv use this walk's Python, whichever others it finds."""
        return {"UV_PYTHON": str(self.python.path), "UV_PYTHON_DOWNLOADS": "never"}

    def _run(self, name: str, *command: str | Path, **variables: str) -> Stage:
        return measured(name, command, self.service, TIMEOUT, **self._variables, **variables)

    def _differences(self) -> str:
        different = differences(contents(self.service), self.files)
        return f"Rendered in memory, these differ: {', '.join(different)}." if different else ""

    def _production(self, url: str) -> dict[str, str]:
        """Return what production requires, beside what the image sets."""
        settings = {
            "APP_ENVIRONMENT": "production",
            "APP_AUTH__SIGNING_KEY": hashlib.sha256(url.encode()).hexdigest(),
            "APP_DATABASE__URL": url,
            "APP_SERVER__TRUSTED_HOSTS": json.dumps([HOST]),
            "APP_SERVER__DRAIN_SECONDS": "0",  # No load balancer has to be told.
        }
        if self.answers["database"] == "sqlite":
            settings["APP_DATABASE__ALLOW_IN_PRODUCTION"] = "true"
        return settings


def serve(command: Sequence[str | Path], folder: Path, settings: dict[str, str]) -> Stage:
    """Let a service serve one user; fail if it does not, or does not end well after SIGTERM."""
    port, started, log = free_port(), time.monotonic(), folder / "log"
    variables = {**settings, "APP_SERVER__PORT": str(port)}
    with log.open("w", encoding="utf-8") as output:
        server = start(command, folder, output, **variables)
    error = ""
    try:
        wait_until_ready(server, port)
        round_trip(port)
    except RuntimeError as failure:
        error = str(failure)
    finally:  # Whatever happens, no server is left behind.
        if server.poll() is None:
            server.send_signal(signal.SIGTERM)
        code, cpu_seconds = wait(server, STOP_SECONDS)
    error = error or _ended(code)
    if error:
        error += "\n" + tail(log.read_text(encoding="utf-8", errors="replace"))
    return Stage("serve", time.monotonic() - started, cpu_seconds, error)


def round_trip(port: int) -> None:
    """Register, log in, and ask for the account, once without the token.

    That there is no documentation shows that this is production. Raises RuntimeError if
    an answer is not what it should be.
    """
    _expect(NOT_FOUND, port, "GET /openapi.json")
    registration = json.dumps({"email": EMAIL, "password": PASSWORD})
    _expect(CREATED, port, "POST /api/v1/users", registration, JSON)
    form = urlencode({"grant_type": "password", "username": EMAIL, "password": PASSWORD})
    tokens = _expect(OK, port, "POST /api/v1/auth/token", form, FORM)
    _expect(UNAUTHORIZED, port, "GET /api/v1/users/me")
    bearer = {"Authorization": f"Bearer {tokens.get('access_token')}"}
    me = _expect(OK, port, "GET /api/v1/users/me", "", bearer)
    if me.get("email") != EMAIL:
        raise RuntimeError(f"GET /api/v1/users/me answered with {me}, not with {EMAIL}.")


def _expect(
    status: int, port: int, request: str, body: str = "", headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Send a request and return what is in its answer, which has to have a status."""
    method, path = request.split()
    try:
        found, content = answer(port, method, path, body, headers)
    except (OSError, HTTPException) as error:
        raise RuntimeError(f"{request} was not answered: {error!r}.") from error
    text = content.decode(errors="replace")
    if found != status:
        raise RuntimeError(f"{request} answered {found} instead of {status}: {text}")
    try:
        return dict(json.loads(text))
    except (ValueError, TypeError):
        raise RuntimeError(f"{request} answered with no JSON object: {text}") from None


def _ended(code: int) -> str:
    """Return what is wrong with the end of a server that was asked to end."""
    if code == -signal.SIGKILL:
        return f"The service did not end within {STOP_SECONDS} s of SIGTERM."
    return f"The service ended with {code} after SIGTERM, not with 0." if code else ""
