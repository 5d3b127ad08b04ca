"""Migrations, on a database of their own."""

import asyncio
import multiprocessing
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from {{ cookiecutter.__package }}.core.db.base import Base
from {{ cookiecutter.__package }}.core.db.engine import create_probe_engine
from {{ cookiecutter.__package }}.core.db.migrations import migrate
from {{ cookiecutter.__package }}.core.db.revisions import (
    FOLDER,
    Revisions,
    read_migration,
)
from {{ cookiecutter.__package }}.core.db.settings import DatabaseSettings
from {{ cookiecutter.__package }}.core.errors import SettingsError

from tests.helpers.binding import open_database
from tests.helpers.database import empty_database
from tests.helpers.forked import fork, ignore_threads
from tests.helpers.migrations import emptied


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabaseSettings]:
    with empty_database(tmp_path_factory.mktemp("migrations")) as settings:
        yield settings


@pytest.fixture
def config(settings: DatabaseSettings) -> Config:
    return emptied(settings)


def table_names(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


def is_migrated(settings: DatabaseSettings) -> bool:
    """Return whether the tables are there; either all are or none is."""

    async def look() -> tuple[set[str], bool]:
        engine = create_probe_engine(settings)
        async with engine.connect() as connection:
            names = await connection.run_sync(table_names)
        return names, await Revisions().is_current(engine)

    names, current = asyncio.run(look())
    assert names == (set(Base.metadata.tables) if current else set())
    return current


def test_go_up_and_down_and_up_again(config: Config, settings: DatabaseSettings) -> None:
    for _ in range(2):
        assert not is_migrated(settings)
        asyncio.run(migrate(settings))
        assert is_migrated(settings)
        command.downgrade(config, "base")


def test_leave_a_database_alone_that_is_ahead(config: Config, settings: DatabaseSettings) -> None:
    """A newer release has been here; an older one that starts again must not stumble over it."""
    asyncio.run(migrate(settings))
    move(settings, "to_the_future")
    assert asyncio.run(migrate(settings)) == "to_the_future"
    assert is_migrated(settings)
    move(settings, str(ScriptDirectory.from_config(config).get_current_head()))


def test_tell_where_the_database_is_and_not_what_was_asked_for(
    config: Config, settings: DatabaseSettings
) -> None:
    head = str(ScriptDirectory.from_config(config).get_current_head())
    assert asyncio.run(migrate(settings)) == head
    assert asyncio.run(migrate(settings, "base")) == head  # It never goes back.


def move(settings: DatabaseSettings, revision: str) -> None:
    """Say that the database is at a revision."""

    async def write() -> None:
        database = open_database(settings)
        async with database.transaction() as session:
            statement = text("UPDATE alembic_version SET version_num = :revision")
            await session.execute(statement, {"revision": revision})
        await database.close()

    asyncio.run(write())


def test_make_what_the_models_describe(config: Config, settings: DatabaseSettings) -> None:
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1
    asyncio.run(migrate(settings))
    command.check(config)


def test_all_of_them_or_none(config: Config, settings: DatabaseSettings, tmp_path: Path) -> None:
    head = ScriptDirectory.from_config(config).get_current_head()
    (tmp_path / "broken.py").write_text(
        f"revision = 'broken'\ndown_revision = {head!r}\ndef upgrade(): raise ZeroDivisionError\n"
    )
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", f"{FOLDER}/versions{os.pathsep}{tmp_path}")
    with pytest.raises(ZeroDivisionError):
        command.upgrade(config, "head")
    assert not is_migrated(settings)


@ignore_threads
@pytest.mark.usefixtures("config")
def test_many_processes_may_migrate_at_once(settings: DatabaseSettings) -> None:
    start = multiprocessing.Barrier(10)

    def migrate_with_the_others() -> None:
        start.wait(20)
        asyncio.run(migrate(settings))

    processes = [fork(migrate_with_the_others) for _ in range(10)]
    for process in processes:
        process.join(20)
    assert [process.exitcode for process in processes] == [0] * 10
    assert is_migrated(settings)


def test_serving_knows_the_same_revisions_without_alembic(config: Config) -> None:
    script = ScriptDirectory.from_config(config)
    revisions = Revisions()
    assert revisions.known == {revision.revision for revision in script.walk_revisions()}
    assert revisions.head == script.get_current_head()


@pytest.mark.parametrize(
    ("lines", "before"),
    [
        ("revision: str = '2'\ndown_revision: str | None = None\n", set()),
        ("revision = '2'\ndown_revision = '1'\n", {"1"}),
        ("revision: str = '2'\ndown_revision: str | None = ('0', '1')\n", {"0", "1"}),
        ("revision: str = '2'\ndown_revision = (\n    '0',\n    '1',\n)\n", {"0", "1"}),
    ],
)
def test_the_revisions_of_a_migration_are_read_as_alembic_writes_them(
    lines: str, before: set[str], tmp_path: Path
) -> None:
    (tmp_path / "two.py").write_text(f'"""Two.\n\nrevision = none.\n"""\n\n{lines}')
    assert read_migration(tmp_path / "two.py") == ("2", before)


def test_two_last_ones_are_refused(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").touch()
    for name in ("1", "2", "3"):
        before = "1" if name > "1" else None
        (tmp_path / f"{name}.py").write_text(f"revision = {name!r}\ndown_revision = {before!r}\n")
    with pytest.raises(SettingsError, match=r"^There are several last migrations: 2, 3\."):
        Revisions(tmp_path)


def test_are_found_from_any_folder(
    settings: DatabaseSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    asyncio.run(migrate(settings))
    assert is_migrated(settings)
