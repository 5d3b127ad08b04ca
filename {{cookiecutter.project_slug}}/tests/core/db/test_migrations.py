"""Migrations, on a database of their own."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from {{ cookiecutter.__package }}.core.db.base import Base
from {{ cookiecutter.__package }}.core.db.database import Database
from {{ cookiecutter.__package }}.core.db.migrations import Revisions, migrate
from {{ cookiecutter.__package }}.core.errors import SettingsError
from {{ cookiecutter.__package }}.core.settings import DatabaseSettings

from tests.core.forked import fork, ignore_threads
from tests.database import empty_database


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabaseSettings]:
    with empty_database(tmp_path_factory.mktemp("migrations")) as settings:
        yield settings


@pytest.fixture
def config(settings: DatabaseSettings) -> Config:
    """Give what Alembic needs, and a database without tables."""
    config = Config(attributes={"database": settings})
    config.set_main_option("script_location", "migrations")
    command.downgrade(config, "base")
    return config


async def table_names(database: Database) -> set[str]:
    async with database.probe_engine.connect() as connection:
        names = await connection.run_sync(lambda connection: inspect(connection).get_table_names())
    return set(names) - {"alembic_version"}


def look(settings: DatabaseSettings) -> tuple[set[str], bool]:
    """Return the names of the tables, and whether they are those that the code needs."""

    async def ask() -> tuple[set[str], bool]:
        database = Database(settings)
        return await table_names(database), await Revisions().is_current(database)

    return asyncio.run(ask())


def test_there_is_one_newest_revision(config: Config) -> None:
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1


def test_go_up_and_down_and_up_again(config: Config, settings: DatabaseSettings) -> None:
    assert look(settings) == (set(), False)
    for _ in range(2):
        asyncio.run(migrate(settings))
        assert look(settings) == (set(Base.metadata.tables), True)
        command.downgrade(config, "base")
        assert look(settings) == (set(), False)


def test_make_what_the_models_describe(config: Config, settings: DatabaseSettings) -> None:
    asyncio.run(migrate(settings))
    command.check(config)


@ignore_threads
@pytest.mark.usefixtures("config")
def test_many_processes_may_migrate_at_once(settings: DatabaseSettings) -> None:
    processes = [fork(lambda: asyncio.run(migrate(settings))) for _ in range(5)]
    for process in processes:
        process.join(20)
    assert [process.exitcode for process in processes] == [0] * 5
    assert look(settings) == (set(Base.metadata.tables), True)


def test_elsewhere_there_are_none(
    settings: DatabaseSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match="no folder migrations/"):
        asyncio.run(migrate(settings))
