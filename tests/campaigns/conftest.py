"""The fixtures of campaigns: services of the covering set, installed, migrated and started."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest
from baking import bake
from postgresql import postgresql_server
from project import BakedProject
from proof.covering import on_python, service_on
from proof.variants import word

from campaigns.databases import Databases, PostgresqlDatabases, SqliteDatabases
from campaigns.service import CHEAP_HASHES, Serve, Service, running

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
LOG_LINES = 20


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio."""
    return "asyncio"


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], BakedProject]:
    """Return `project(database)`, the covering service with it, made and installed once."""

    @cache
    def project(database: str) -> BakedProject:
        folder = tmp_path_factory.mktemp(database)
        answers = on_python(service_on(database), HERE)
        words = {name: word(value) for name, value in answers.items()}
        made = BakedProject(bake(folder, **words), {})
        made.must_run("uv", "sync", "--locked", "--no-dev")
        return made

    return project


def _command(project: BakedProject) -> Path:
    return project.path / ".venv" / "bin" / project.path.name


@pytest.fixture(scope="session")
def sqlite(
    project: Callable[[str], BakedProject], tmp_path_factory: pytest.TempPathFactory
) -> SqliteDatabases:
    """Return where SQLite databases come from."""
    migrate = _migrate(project("sqlite"))
    return SqliteDatabases(migrate, tmp_path_factory.mktemp("databases"))


@pytest.fixture(scope="session")
def postgresql(project: Callable[[str], BakedProject]) -> Iterator[PostgresqlDatabases]:
    """Return where PostgreSQL databases come from: a server of our own, out of a package."""
    migrate = _migrate(project("postgresql"))
    with postgresql_server() as server:
        yield PostgresqlDatabases(migrate, server)


def _migrate(project: BakedProject) -> Callable[[str], None]:
    def migrate(url: str) -> None:
        project.must_run(str(_command(project)), "migrate", APP_DATABASE__URL=url)

    return migrate


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest) -> Databases:
    """Return each kind of database in turn."""
    found: Databases = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def serve(
    databases: Databases, project: Callable[[str], BakedProject], tmp_path: Path
) -> Iterator[Serve]:
    """Return `serve(**settings)`, which starts a service on an empty database.

    If the test fails, the end of the services' log is shown. No request may leave an unhandled
    exception in it, whatever the test was about.
    """
    made = project(databases.answer)
    log = tmp_path / "log"
    log.touch()

    with ExitStack() as stack:
        stack.callback(_show_end, log)

        def serve(**settings: str) -> Service:
            url = databases.create()
            service = running(_command(made), made.path, url, log, **(CHEAP_HASHES | settings))
            return stack.enter_context(service)

        yield serve
        stack.pop_all().close()  # A service may fail while it stops, too.
        unforeseen = log.read_text(encoding="utf-8").count('"unhandled_error"')
        assert not unforeseen, f"{unforeseen} exceptions that nobody had foreseen"


def _show_end(log: Path) -> None:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    telling = [line for line in lines if '"event": "request"' not in line]
    print(*telling[-LOG_LINES:], sep="\n")
